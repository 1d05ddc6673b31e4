//! The operator's operations by name.

use axum::Json;
use axum::extract::{Path, State};
use graphy_operations::dispatch::looks_at_the_system;
use graphy_protocol::{ApiError, ErrorCode};
use serde_json::Value;

use crate::http::auth::{Caller, Presented};
use crate::http::body::RawBody;
use crate::http::failure::{Failure, trace_id};
use crate::openapi::answers::WriteFailures;
use crate::openapi::schema;
use crate::state::App;

/// Carries an operation of the console out, `area.verb`; the payload and the result are those of
/// the operation.
#[utoipa::path(
    post,
    path = "/api/v2/console/{operation}",
    tag = "console",
    params(("operation" = schema::OperationName, Path, description = "Which operation")),
    request_body = schema::Payload,
    responses(
        (status = 200, description = "The operation's result", body = schema::Anything),
        WriteFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn call(
    State(app): State<App>,
    presented: Presented,
    operation: Result<Path<String>, axum::extract::rejection::PathRejection>,
    RawBody(payload): RawBody,
) -> Result<Json<Value>, Failure> {
    let Path(operation) = operation.map_err(|_| {
        Failure::new(ErrorCode::Invalid, "the path is not readable").on("operation")
    })?;
    let caller = match presented {
        Presented::Verified(caller) => caller,
        // What the node knows of itself is wanted most while the store does not answer.
        Presented::Recalled(caller, _) if looks_at_the_system(&operation) => caller,
        Presented::Recalled(_, failure) => return Err(failure),
    };
    let result = app
        .operations
        .dispatch(&operator(&caller), &operation, payload)
        .await;
    result.map(Json).map_err(|error: ApiError| error.into())
}

/// Says who calls, in the words of the operations.
pub(crate) fn operator(caller: &Caller) -> graphy_operations::Caller {
    graphy_operations::Caller {
        user_id: caller.0.user_id.clone(),
        role: caller.0.role,
        trace_id: trace_id().to_string(),
    }
}
