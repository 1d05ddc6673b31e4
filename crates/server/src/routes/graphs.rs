//! Graphs: made, listed, deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use graphy_model::command::NoPayload;
use graphy_model::limits::NAME_CHARS_MAX;
use graphy_model::{Action, Command, Envelope, GraphId, GraphMeta, GraphRole, OperationId};
use graphy_protocol::ErrorCode;
use graphy_protocol::http::{Accepted, CreateGraph, GraphList, GraphSummary};
use graphy_store::graph::{GraphRow, Visibility};

use crate::http::auth::Caller;
use crate::http::body::{Body, GraphPath};
use crate::http::failure::Failure;
use crate::openapi::answers::{ReadFailures, WriteFailures};
use crate::openapi::schema;
use crate::routes::commands::accept_one;
use crate::routes::console::operator;
use crate::state::App;

/// Makes an empty graph.
#[utoipa::path(
    post,
    path = "/api/v2/graphs",
    tag = "graphs",
    request_body = schema::NewGraph,
    responses(
        (status = 201, description = "The graph was made", body = schema::GraphMeta),
        WriteFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(request): Body<CreateGraph>,
) -> Result<(StatusCode, Json<GraphMeta>), Failure> {
    caller.may(Action::CreateGraph)?;
    let name = request.name.trim();
    if !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        let message = format!("a graph's name has 1 to {NAME_CHARS_MAX} printable characters");
        return Err(Failure::new(ErrorCode::Invalid, message).on("name"));
    }
    let id = request.graph_id.unwrap_or_else(new_graph_id);
    let now_ms = app.store.now_ms();
    let meta = app
        .store
        .create(&id, name, caller.user_id(), now_ms, Visibility::Listed)
        .await?;
    Ok((StatusCode::CREATED, Json(meta)))
}

fn new_graph_id() -> GraphId {
    GraphId::new(&uuid::Uuid::now_v7().to_string()).expect("a UUID has the form of an id")
}

/// Lists the graphs, the newest first.
#[utoipa::path(
    get,
    path = "/api/v2/graphs",
    tag = "graphs",
    responses(
        (status = 200, description = "The graphs", body = schema::GraphList),
        ReadFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<GraphList>, Failure> {
    caller.may(Action::ReadGraph)?;
    let rows = app.store.list_for(caller.user_id(), caller.0.role).await?;
    let summary = |row: GraphRow| GraphSummary {
        meta: row.meta,
        version: row.version,
        nodes: row.nodes,
        edges: row.edges,
    };
    Ok(Json(GraphList {
        graphs: rows.into_iter().map(summary).collect(),
    }))
}

/// Deletes a graph with everything in it: a command like any other.
#[utoipa::path(
    delete,
    path = "/api/v2/graphs/{graphId}",
    tag = "graphs",
    params(("graphId" = schema::Id, Path, description = "Which graph")),
    responses(
        (status = 202, description = "The deletion is in the queue", body = Accepted),
        WriteFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
) -> Result<(StatusCode, Json<Accepted>), Failure> {
    caller.may(Action::DeleteGraph)?;
    let found = app
        .store
        .access(&id, caller.user_id(), caller.0.role)
        .await?;
    if found.is_some_and(|(_, access)| access < GraphRole::Admin) {
        let message = "a graph is deleted by its owner, its admins and operators";
        return Err(Failure::new(ErrorCode::Forbidden, message));
    }
    let envelope = Envelope {
        operation_id: OperationId(uuid::Uuid::now_v7()),
        graph_id: Some(id.clone()),
        client_id: None,
        seq: None,
        command: Command::DeleteGraph(NoPayload {}),
        base_version: None,
        epoch: None,
        timestamp: None,
        replay_of: None,
    };
    let payload = serde_json::json!({ "graphId": id, "operationId": envelope.operation_id });
    let begun = app
        .operations
        .audit_begin(&operator(&caller), "graphs.delete", &payload)
        .await?;
    let accepted = accept_one(&app, &caller, &id, envelope).await;
    match &accepted {
        Ok(_) => begun.end(Ok(&payload)).await,
        Err(failure) => begun.end(Err(failure.error())).await,
    }
    accepted
}
