//! Commands over HTTP: accepted means durable in the queue.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use graphy_engine::Submission;
use graphy_model::{Action, CommandType, Envelope, GraphId, RejectCode, Rejection, Role};
use graphy_operations::READ_ONLY;
use graphy_protocol::ErrorCode;
use graphy_protocol::http::Accepted;

use crate::http::auth::Caller;
use crate::http::body::{GraphPath, RawBody};
use crate::http::failure::Failure;
use crate::openapi::answers::WriteFailures;
use crate::openapi::schema;
use crate::state::App;

/// Sends one command.
#[utoipa::path(
    post,
    path = "/api/v2/graphs/{graphId}/command",
    tag = "commands",
    params(("graphId" = schema::Id, Path, description = "Which graph")),
    request_body = schema::Envelope,
    responses(
        (status = 202, description = "The command is durable in the queue", body = Accepted),
        WriteFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn command(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
    RawBody(value): RawBody,
) -> Result<(StatusCode, Json<Accepted>), Failure> {
    caller.may(Action::ReadGraph)?;
    let envelope = Envelope::from_value(value)?;
    check_command(&app, &id, &envelope, caller.0.role)?;
    accept_one(&app, &caller, &id, envelope).await
}

/// Hands one command in and answers that it is durable.
pub(crate) async fn accept_one(
    app: &App,
    caller: &Caller,
    graph: &GraphId,
    envelope: Envelope,
) -> Result<(StatusCode, Json<Accepted>), Failure> {
    let operation_id = envelope.operation_id;
    let submission = Submission {
        origin: graphy_engine::Origin::Request,
        content: envelope.into(),
        user_id: caller.user_id().clone(),
        role: caller.0.role,
    };
    let estimated_processing_time_ms = accept(app, caller, graph, vec![submission]).await?;
    let accepted = Accepted {
        accepted: true,
        operation_id,
        estimated_processing_time_ms,
    };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// Checks what can be said of a command without its graph.
pub(crate) fn check_command(
    app: &App,
    graph: &GraphId,
    envelope: &Envelope,
    role: Role,
) -> Result<(), Rejection> {
    if app.read_only {
        return Err(Rejection::new(RejectCode::Forbidden, READ_ONLY));
    }
    if envelope
        .graph_id
        .as_ref()
        .is_some_and(|named| named != graph)
    {
        let message = "the command is for another graph than the one it was sent to";
        return Err(Rejection::new(RejectCode::Invalid, message).on("graphId"));
    }
    let action = match envelope.command.command_type() {
        // Where somebody looks is theirs to say.
        CommandType::UpdateViewport => Action::ReadGraph,
        _ => Action::EditGraph,
    };
    if !role.allows(action) {
        let message = format!(
            "a token of role {} does not allow {}; it needs {}",
            role.as_str(),
            envelope.command.command_type().as_str(),
            action.least_role().as_str()
        );
        return Err(Rejection::new(RejectCode::Forbidden, message));
    }
    app.limits.check(&envelope.command).map_err(|rejection| {
        let field = rejection
            .field
            .as_deref()
            .map(|field| format!("payload.{field}"));
        match field {
            Some(field) => rejection.on(field),
            None => rejection,
        }
    })
}

/// Puts commands into the queue of a graph that exists; returns how long commands take at present.
pub(crate) async fn accept(
    app: &App,
    caller: &Caller,
    graph: &GraphId,
    submissions: Vec<Submission>,
) -> Result<u64, Failure> {
    if let Err(wait) = app
        .limiters
        .take_commands(&caller.0.token_id, submissions.len())
    {
        let message = "this token sends commands too fast";
        return Err(Failure::new(ErrorCode::RateLimited, message).retry_after(wait));
    }
    if app.store.head(graph).await?.is_none() {
        return Err(no_such_graph(graph));
    }
    app.intake.submit(graph, submissions).await?;
    Ok(app.intake.estimated_processing_ms())
}

pub(crate) fn no_such_graph(graph: &GraphId) -> Failure {
    Failure::new(ErrorCode::NotFound, format!("there is no graph {graph}")).on("graphId")
}
