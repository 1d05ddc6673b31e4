//! What happened to a graph since a version.

use axum::Json;
use axum::extract::State;
use graphy_model::{Action, AppliedOperation, Epoch};
use graphy_protocol::ErrorCode;
use graphy_store::History;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::http::auth::Caller;
use crate::http::body::{GraphPath, Query};
use crate::http::failure::Failure;
use crate::openapi::answers::ReadFailures;
use crate::openapi::schema;
use crate::routes::state::readable;
use crate::state::App;

/// The most operations of one answer.
const OPERATIONS_MAX: u64 = 10_000;

/// From where to read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Since {
    /// The version that the caller holds.
    #[param(minimum = 0)]
    since: u64,
    /// The epoch that the caller holds.
    #[serde(default)]
    #[param(value_type = Option<schema::Id>)]
    epoch: Option<String>,
}

/// Operations in order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Changes {
    epoch: Epoch,
    from_version: u64,
    to_version: u64,
    current_version: u64,
    changes: Vec<AppliedOperation>,
}

/// Reads what happened since a version; at most 10 000 operations, ask again from `toVersion`
/// until it is `currentVersion`.
#[utoipa::path(
    get,
    path = "/api/v2/graphs/{graphId}/changes",
    tag = "graphs",
    params(("graphId" = schema::Id, Path, description = "Which graph"), Since),
    responses(
        (status = 200, description = "The operations", body = schema::Changes),
        (status = 409, description = "The caller's version is of another epoch: `stale_epoch`",
            body = graphy_protocol::ApiError),
        (status = 410, description = "The history since then is not kept any more: `too_old`",
            body = graphy_protocol::ApiError),
        ReadFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn changes(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
    Query(Since { since, epoch }): Query<Since>,
) -> Result<Json<Changes>, Failure> {
    caller.may(Action::ReadGraph)?;
    if let Some(epoch) = &epoch {
        Epoch::new(epoch)
            .map_err(|error| Failure::new(ErrorCode::Invalid, error.to_string()).on("epoch"))?;
    }
    let head = readable(&app, &caller, &id).await?;
    let current_version = head.version;
    let foreign = epoch.is_some_and(|epoch| epoch != head.epoch.as_str());
    if foreign || since > current_version {
        let message = "the version is not of this life of the graph; read its state";
        return Err(Failure::new(ErrorCode::StaleEpoch, message));
    }
    let count = (current_version - since).min(OPERATIONS_MAX);
    let mut changes = match count {
        0 => Vec::new(),
        count => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            match app.store.operations_since(&id, since, count).await? {
                History::Operations(operations) => operations,
                History::TooOld => {
                    let message = "the history since then is not kept any more; read the state";
                    return Err(Failure::new(ErrorCode::TooOld, message));
                }
            }
        }
    };
    for operation in &mut changes {
        operation.inverse.clear();
    }
    let to_version = changes.last().map_or(since, |last| last.version);
    let epoch = head.epoch;
    Ok(Json(Changes {
        epoch,
        from_version: since,
        to_version,
        current_version,
        changes,
    }))
}
