//! What people do with each other in a graph: undo, conflicts, history, permissions.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use graphy_model::{Action, Envelope, Field, GraphId, ResolutionType, UserId};
use graphy_protocol::collaboration::{
    ConflictPage, ConflictStatus, ConflictsRequest, GraphSettingsView, HistoryPage, HistoryRequest,
};
use graphy_protocol::console::GraphRef;
use graphy_protocol::http::Accepted;
use graphy_protocol::{ApiError, ErrorCode};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::console::operator;
use crate::http::auth::Caller;
use crate::http::body::{GraphPath, Query, RawBody};
use crate::http::failure::Failure;
use crate::openapi::answers::{ReadFailures, WriteFailures};
use crate::openapi::schema;
use crate::routes::commands::{accept_one, check_command};
use crate::state::App;

/// Takes the caller's last operation in the graph, or the named one, back; `GET
/// /api/v2/operations/{operationId}` says what came of it.
#[utoipa::path(
    post,
    path = "/api/v2/graphs/{graphId}/undo",
    tag = "collaboration",
    params(("graphId" = schema::Id, Path, description = "Which graph")),
    request_body = schema::UndoTarget,
    responses(
        (status = 202, description = "The command is durable in the queue", body = Accepted),
        WriteFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn undo(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
    RawBody(payload): RawBody,
) -> Result<(StatusCode, Json<Accepted>), Failure> {
    send(&app, &caller, &id, "UNDO", payload).await
}

/// Brings back what the caller's last undo in the graph, or the named one, took back.
#[utoipa::path(
    post,
    path = "/api/v2/graphs/{graphId}/redo",
    tag = "collaboration",
    params(("graphId" = schema::Id, Path, description = "Which graph")),
    request_body = schema::UndoTarget,
    responses(
        (status = 202, description = "The command is durable in the queue", body = Accepted),
        WriteFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn redo(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
    RawBody(payload): RawBody,
) -> Result<(StatusCode, Json<Accepted>), Failure> {
    send(&app, &caller, &id, "REDO", payload).await
}

/// Brings the graph's nodes and edges back to an earlier version, as a new one.
#[utoipa::path(
    post,
    path = "/api/v2/graphs/{graphId}/restore",
    tag = "collaboration",
    params(("graphId" = schema::Id, Path, description = "Which graph")),
    request_body = schema::RestoreVersion,
    responses(
        (status = 202, description = "The command is durable in the queue", body = Accepted),
        WriteFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn restore(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
    RawBody(payload): RawBody,
) -> Result<(StatusCode, Json<Accepted>), Failure> {
    send(&app, &caller, &id, "RESTORE_VERSION", payload).await
}

/// Settles a conflict that waits for a person.
#[utoipa::path(
    post,
    path = "/api/v2/graphs/{graphId}/conflicts/{conflictId}/resolve",
    tag = "collaboration",
    params(
        ("graphId" = schema::Id, Path, description = "Which graph"),
        ("conflictId" = schema::Id, Path, description = "Which conflict"),
    ),
    request_body = schema::Choice,
    responses(
        (status = 202, description = "The command is durable in the queue", body = Accepted),
        WriteFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn resolve(
    State(app): State<App>,
    caller: Caller,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
    RawBody(payload): RawBody,
) -> Result<(StatusCode, Json<Accepted>), Failure> {
    let Path((graph, conflict)) = path
        .map_err(|_| Failure::new(ErrorCode::Invalid, "the path is not readable").on("graphId"))?;
    let id = GraphId::new(&graph)
        .map_err(|error| Failure::new(ErrorCode::Invalid, error.to_string()).on("graphId"))?;
    let Value::Object(mut payload) = payload else {
        return Err(Failure::new(
            ErrorCode::Invalid,
            "the body is a JSON object",
        ));
    };
    if payload.contains_key("conflictId") {
        let message = "the path names the conflict";
        return Err(Failure::new(ErrorCode::Invalid, message).on("conflictId"));
    }
    payload.insert("conflictId".to_owned(), Value::String(conflict));
    send(&app, &caller, &id, "RESOLVE_CONFLICT", payload.into()).await
}

/// Gives somebody a role in the graph, or takes it away.
#[utoipa::path(
    put,
    path = "/api/v2/graphs/{graphId}/permissions",
    tag = "collaboration",
    params(("graphId" = schema::Id, Path, description = "Which graph")),
    request_body = schema::Permission,
    responses(
        (status = 202, description = "The command is durable in the queue", body = Accepted),
        WriteFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn permit(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
    RawBody(payload): RawBody,
) -> Result<(StatusCode, Json<Accepted>), Failure> {
    send(&app, &caller, &id, "UPDATE_PERMISSIONS", payload).await
}

/// Says who may do what in the graph, and how its conflicts are settled.
#[utoipa::path(
    get,
    path = "/api/v2/graphs/{graphId}/permissions",
    tag = "collaboration",
    params(("graphId" = schema::Id, Path, description = "Which graph")),
    responses(
        (status = 200, description = "Permissions and policy", body = schema::GraphSettings),
        ReadFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn permissions(
    State(app): State<App>,
    caller: Caller,
    GraphPath(graph_id): GraphPath,
) -> Result<Json<GraphSettingsView>, Failure> {
    let caller = operator(&caller);
    let request = GraphRef { graph_id };
    answer(app.operations.graph_settings(&caller, request).await)
}

/// Which conflicts are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Conflicts {
    /// `open` (the default), `resolved` or `all`.
    #[serde(default)]
    #[param(value_type = Option<schema::ConflictStatus>)]
    status: Option<ConflictStatus>,
    /// Only those about this field.
    #[serde(default)]
    #[param(value_type = Option<schema::Text>)]
    field: Option<Field>,
    /// Only those that this user's commands met.
    #[serde(default)]
    #[param(value_type = Option<schema::Id>)]
    user_id: Option<UserId>,
    /// Only those settled in this way.
    #[serde(default)]
    #[param(value_type = Option<schema::ResolutionType>)]
    resolution: Option<ResolutionType>,
    /// Only those before this moment, in milliseconds since 1970.
    #[serde(default)]
    #[param(minimum = 0)]
    before: Option<u64>,
    /// How many at most, 1..=200.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists the graph's conflicts, the newest first.
#[utoipa::path(
    get,
    path = "/api/v2/graphs/{graphId}/conflicts",
    tag = "collaboration",
    params(("graphId" = schema::Id, Path, description = "Which graph"), Conflicts),
    responses(
        (status = 200, description = "The conflicts", body = schema::ConflictPage),
        ReadFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn conflicts(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
    Query(wanted): Query<Conflicts>,
) -> Result<Json<ConflictPage>, Failure> {
    let request = ConflictsRequest {
        graph_id: Some(id),
        status: wanted.status,
        field: wanted.field,
        user_id: wanted.user_id,
        resolution: wanted.resolution,
        search: None,
        before: wanted.before,
        limit: wanted.limit,
    };
    answer(
        app.operations
            .conflicts_list(&operator(&caller), request)
            .await,
    )
}

/// Which part of the history is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Past {
    /// Only versions before this one.
    #[serde(default)]
    #[param(minimum = 0)]
    before: Option<u64>,
    /// How many entries at most, 1..=200.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Only what this user did.
    #[serde(default)]
    #[param(value_type = Option<schema::Id>)]
    user_id: Option<UserId>,
    /// Only what concerns this node or edge.
    #[serde(default)]
    #[param(value_type = Option<schema::Id>)]
    entity_id: Option<String>,
}

/// Lists what was done to the graph, the newest first, before and after.
#[utoipa::path(
    get,
    path = "/api/v2/graphs/{graphId}/history",
    tag = "collaboration",
    params(("graphId" = schema::Id, Path, description = "Which graph"), Past),
    responses(
        (status = 200, description = "The history", body = schema::HistoryPage),
        ReadFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn history(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
    Query(wanted): Query<Past>,
) -> Result<Json<HistoryPage>, Failure> {
    let request = HistoryRequest {
        graph_id: Some(id),
        before: wanted.before,
        limit: wanted.limit,
        user_id: wanted.user_id,
        entity_id: wanted.entity_id,
    };
    answer(
        app.operations
            .history_list(&operator(&caller), request)
            .await,
    )
}

fn answer<T>(result: Result<T, ApiError>) -> Result<Json<T>, Failure> {
    result.map(Json).map_err(Failure::from)
}

/// Sends a command that the body is the payload of.
async fn send(
    app: &App,
    caller: &Caller,
    graph: &GraphId,
    kind: &str,
    payload: Value,
) -> Result<(StatusCode, Json<Accepted>), Failure> {
    caller.may(Action::EditGraph)?;
    let envelope = Envelope::from_value(json!({
        "operationId": uuid::Uuid::now_v7(), "type": kind, "payload": payload,
    }))?;
    check_command(app, graph, &envelope, caller.0.role)?;
    accept_one(app, caller, graph, envelope).await
}
