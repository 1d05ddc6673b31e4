//! What became of a command.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use graphy_model::{Action, GraphId, GraphRole, OperationId, Outcome};
use graphy_protocol::http::OperationStatus;
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::graph::OperationState;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::http::auth::Caller;
use crate::http::body::{OperationPath, Query};
use crate::http::failure::{Failure, trace_id};
use crate::openapi::answers::ReadFailures;
use crate::openapi::schema;
use crate::state::App;

/// The longest wait of a long poll.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// How to ask.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Ask {
    /// How long to wait for the outcome, in milliseconds, 0..=30000.
    #[serde(default)]
    #[param(maximum = 30000, required = false)]
    wait: u32,
}

/// Where a command stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Progress {
    operation_id: OperationId,
    graph_id: GraphId,
    status: OperationStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ApiError>,
}

/// Says where a command stands; with `wait`, once it has ended or the time is over.
#[utoipa::path(
    get,
    path = "/api/v2/operations/{operationId}",
    tag = "commands",
    params(("operationId" = uuid::Uuid, Path, description = "Which command"), Ask),
    responses(
        (status = 200, description = "Where it stands", body = schema::Progress),
        ReadFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn progress(
    State(app): State<App>,
    caller: Caller,
    OperationPath(id): OperationPath,
    Query(ask): Query<Ask>,
) -> Result<Json<Progress>, Failure> {
    caller.may(Action::ReadGraph)?;
    let wait = Duration::from_millis(ask.wait.into());
    if wait > WAIT_MAX {
        let message = "the longest wait is 30000 ms";
        return Err(Failure::new(ErrorCode::Invalid, message).on("wait"));
    }
    let view = app.store.operation(id).await?.ok_or_else(|| {
        let message = "no such operation was seen in the last minutes";
        Failure::new(ErrorCode::NotFound, message).on("operationId")
    })?;
    let graph = &view.graph_id;
    let access = app.store.access(graph, caller.user_id(), caller.0.role);
    // Of a graph that is gone everybody who knows the operation's id may hear how it ended.
    if let Some((_, GraphRole::None)) = access.await? {
        let message = format!("there is no access to graph {graph}");
        return Err(Failure::new(ErrorCode::Forbidden, message));
    }
    let (mut state, mut outcome) = (view.state, view.outcome);
    if outcome.is_none() && !wait.is_zero() {
        outcome = tokio::select! {
            outcome = app.intake.outcome(&view.graph_id, id, wait) => outcome?,
            () = app.stopping.cancelled() => None,
        };
        if let Some(outcome) = &outcome {
            state = OperationState::of(outcome);
        }
    }
    let error = match &outcome {
        Some(Outcome::Rejected(rejection)) => {
            Some(ApiError::from(rejection.clone()).traced(&*trace_id()))
        }
        _ => None,
    };
    let status = match state {
        OperationState::Pending => OperationStatus::Pending,
        OperationState::Processing => OperationStatus::Processing,
        OperationState::Completed => OperationStatus::Completed,
        OperationState::Failed => OperationStatus::Failed,
    };
    Ok(Json(Progress {
        operation_id: id,
        graph_id: view.graph_id,
        status,
        outcome,
        error,
    }))
}
