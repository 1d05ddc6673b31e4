//! The failures that routes have in common.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use graphy_protocol::ApiError;

type Answers = BTreeMap<String, RefOr<Response>>;

const PLAIN: &[(&str, &str)] = &[
    ("400", "The request breaks a rule of form"),
    (
        "403",
        "The host or origin is not ours, or the token does not allow it",
    ),
    ("500", "A fault of ours"),
    ("504", "The answer took too long"),
];
const READ: &[(&str, &str)] = &[
    ("401", "There is no valid token"),
    ("404", "What the request names does not exist"),
    (
        "429",
        "Too much in too short a time; `Retry-After` says how long to wait",
    ),
    ("503", "The store does not answer now"),
];
const HANDSHAKE: &[(&str, &str)] = &[(
    "426",
    "Another version of the WebSocket protocol; `Sec-WebSocket-Version` says which is spoken",
)];
const WRITE: &[(&str, &str)] = &[
    (
        "409",
        "It exists already, or does not fit the graph's state",
    ),
    ("410", "The operation id is too old"),
    ("413", "It is over a limit"),
    ("507", "The store is full"),
];

fn answers(lists: &[&[(&str, &str)]]) -> Answers {
    let error = RefOr::<utoipa::openapi::Schema>::Ref(Ref::from_schema_name(ApiError::name()));
    lists
        .iter()
        .flat_map(|list| list.iter())
        .map(|(status, description)| {
            let content = ContentBuilder::new().schema(Some(error.clone())).build();
            let answer = ResponseBuilder::new()
                .description(*description)
                .content("application/json", content)
                .build();
            ((*status).to_owned(), RefOr::T(answer))
        })
        .collect()
}

/// What can go wrong without a token.
pub(crate) struct PlainFailures;

impl IntoResponses for PlainFailures {
    fn responses() -> Answers {
        answers(&[PLAIN])
    }
}

/// What can go wrong when something is read.
pub(crate) struct ReadFailures;

impl IntoResponses for ReadFailures {
    fn responses() -> Answers {
        answers(&[PLAIN, READ])
    }
}

/// What can go wrong when something is changed.
pub(crate) struct WriteFailures;

impl IntoResponses for WriteFailures {
    fn responses() -> Answers {
        answers(&[PLAIN, READ, WRITE])
    }
}

/// What can go wrong when a ticket is exchanged.
pub(crate) struct SessionFailures;

impl IntoResponses for SessionFailures {
    fn responses() -> Answers {
        let mut answers = answers(&[PLAIN, READ, WRITE]);
        for never in ["404", "409", "410"] {
            answers.remove(never);
        }
        answers
    }
}

/// What can go wrong in a handshake.
pub(crate) struct HandshakeFailures;

impl IntoResponses for HandshakeFailures {
    fn responses() -> Answers {
        let mut answers = answers(&[PLAIN, READ, HANDSHAKE]);
        for never in ["401", "404"] {
            answers.remove(never);
        }
        answers
    }
}

/// Names `ApiError` so that its schema is in the description.
#[expect(dead_code, reason = "only its schema is used")]
fn error_schema() -> RefOr<utoipa::openapi::Schema> {
    ApiError::schema()
}
