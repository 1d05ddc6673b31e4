//! Batches over HTTP: several commands in one request, as one version or one after the other.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use graphy_engine::Submission;
use graphy_model::{Action, Envelope, OperationId, RejectCode, Rejection};
use graphy_protocol::http::AcceptedBatch;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::http::auth::Caller;
use crate::http::body::{Body, GraphPath};
use crate::http::failure::Failure;
use crate::openapi::answers::WriteFailures;
use crate::openapi::schema;
use crate::routes::commands::{accept, check_command};
use crate::state::App;

/// What a batch looks like before its members are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Batch {
    operations: Vec<Value>,
    #[serde(default = "yes")]
    atomic: bool,
    #[serde(default)]
    operation_id: Option<OperationId>,
}

fn yes() -> bool {
    true
}

/// Sends several commands.
///
/// An atomic batch is one command, `BATCH_UPDATE`, and all or nothing: its identity is the
/// batch's `operationId`, else that of its first member. A batch that is not atomic is its
/// members, each with an outcome of its own, in their order.
#[utoipa::path(
    post,
    path = "/api/v2/graphs/{graphId}/batch",
    tag = "commands",
    params(("graphId" = schema::Id, Path, description = "Which graph")),
    request_body = schema::Batch,
    responses(
        (status = 202, description = "The commands are durable in the queue", body = AcceptedBatch),
        WriteFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn batch(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
    Body(batch): Body<Batch>,
) -> Result<(StatusCode, Json<AcceptedBatch>), Failure> {
    caller.may(Action::EditGraph)?;
    let count = batch.operations.len();
    let limit = app.limits.batch_commands_max;
    if count == 0 {
        let message = "a batch holds at least one command";
        return Err(Rejection::new(RejectCode::Invalid, message)
            .on("operations")
            .into());
    }
    if count > limit {
        let message = format!("a batch holds at most {limit} commands, this one has {count}");
        return Err(Rejection::new(RejectCode::TooLarge, message)
            .on("operations")
            .into());
    }
    let atomic = batch.atomic;
    let envelopes = if atomic {
        vec![as_one(batch)?]
    } else {
        one_by_one(batch)?
    };
    for (index, envelope) in envelopes.iter().enumerate() {
        check_command(&app, &id, envelope, caller.0.role).map_err(|rejection| {
            if atomic {
                outside(rejection)
            } else {
                inside(rejection, index)
            }
        })?;
    }
    let operation_ids = envelopes
        .iter()
        .map(|envelope| envelope.operation_id)
        .collect();
    let submission = |envelope: Envelope| Submission {
        origin: graphy_engine::Origin::Request,
        content: envelope.into(),
        user_id: caller.user_id().clone(),
        role: caller.0.role,
    };
    let submissions = envelopes.into_iter().map(submission).collect();
    let estimated_processing_time_ms = accept(&app, &caller, &id, submissions).await?;
    let accepted = AcceptedBatch {
        accepted: true,
        operation_ids,
        estimated_processing_time_ms,
    };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// Makes one command of the members.
fn as_one(batch: Batch) -> Result<Envelope, Rejection> {
    let mut whole = Map::new();
    whole.insert("type".to_owned(), "BATCH_UPDATE".into());
    if let Some(id) = batch.operation_id {
        whole.insert("operationId".to_owned(), json!(id));
    }
    let mut members = Vec::with_capacity(batch.operations.len());
    for (index, member) in batch.operations.into_iter().enumerate() {
        let Value::Object(mut member) = member else {
            let message = "a member of a batch is an object";
            return Err(inside(Rejection::new(RejectCode::Invalid, message), index));
        };
        let kind = member.remove("type").unwrap_or_default();
        let payload = member.remove("payload").unwrap_or_else(|| json!({}));
        members.push(json!({ "type": kind, "payload": payload }));
        if index == 0 {
            // The first member speaks for all.
            for (name, value) in member {
                whole.entry(name).or_insert(value);
            }
        } else if let Some(unknown) = member
            .keys()
            .find(|name| !ENVELOPE_FIELDS.contains(&name.as_str()))
        {
            let message = format!("unknown field `{}`", graphy_model::envelope::clip(unknown));
            return Err(inside(Rejection::new(RejectCode::Invalid, message), index));
        }
    }
    whole.insert(
        "payload".to_owned(),
        json!({ "operations": members, "atomic": true }),
    );
    Envelope::from_value(Value::Object(whole)).map_err(outside)
}

/// What else than type and payload may stand in a member; only the first one's is used.
const ENVELOPE_FIELDS: [&str; 8] = [
    "operationId",
    "graphId",
    "clientId",
    "seq",
    "baseVersion",
    "clientVersion",
    "epoch",
    "timestamp",
];

fn one_by_one(batch: Batch) -> Result<Vec<Envelope>, Rejection> {
    if batch.operation_id.is_some() {
        let message = "each member of a batch that is not atomic has an operationId of its own";
        return Err(Rejection::new(RejectCode::Invalid, message).on("operationId"));
    }
    let read = |(index, member)| Envelope::from_value(member).map_err(|error| inside(error, index));
    batch.operations.into_iter().enumerate().map(read).collect()
}

/// Names a field of a member from outside of the batch.
fn inside(rejection: Rejection, index: usize) -> Rejection {
    let field = match &rejection.field {
        Some(field) => format!("operations[{index}].{field}"),
        None => format!("operations[{index}]"),
    };
    rejection.on(field)
}

/// Names a field of the one command as it stands in the batch.
fn outside(rejection: Rejection) -> Rejection {
    match rejection
        .field
        .as_deref()
        .and_then(|field| field.strip_prefix("payload."))
    {
        Some(field) => {
            let field = field.to_owned();
            rejection.on(field)
        }
        None => rejection,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a";
    const OTHER: &str = "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6b";

    fn read(value: Value) -> Result<Envelope, Rejection> {
        as_one(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn the_identity_is_the_batchs_else_that_of_the_first_member() {
        let member = json!({"type": "DELETE_NODE", "payload": {"id": "a"}});
        let full = json!({"operationId": ID, "clientId": "c", "seq": 4,
            "type": "DELETE_NODE", "payload": {"id": "a"}});
        let named = read(json!({"operationId": OTHER, "operations": [full, member]})).unwrap();
        assert_eq!(named.operation_id.to_string(), OTHER);
        let first = read(json!({"operations": [full, member]})).unwrap();
        assert_eq!(first.operation_id.to_string(), ID);
        assert_eq!(first.seq, Some(4));
        let error = read(json!({"operations": [member]})).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("operationId"));
    }

    #[test]
    fn faults_of_members_are_named_with_their_place() {
        let good = json!({"type": "DELETE_NODE", "payload": {"id": "a"}});
        for (bad, field) in [
            (
                json!({"type": "DELETE_NODE", "payload": {"id": "a b"}}),
                "operations[1].payload.id",
            ),
            (json!(7), "operations[1]"),
            (
                json!({"type": "DELETE_NODE", "payload": {"id": "a"}, "wat": 1}),
                "operations[1]",
            ),
        ] {
            let batch = json!({"operationId": ID, "operations": [good, bad]});
            assert_eq!(
                read(batch).unwrap_err().field.as_deref(),
                Some(field),
                "{bad}"
            );
        }
    }
}
