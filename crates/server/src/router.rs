//! The table of routes, and what every request passes on its way.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use graphy_operations::settings::NodeRole;
use graphy_protocol::ErrorCode;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::http::failure::Failure;
use crate::http::{guard, observe, read_only};
use crate::routes::{
    batch, changes, collaboration, commands, console, graphs, health, operations, session, state,
    ui,
};
use crate::socket;
use crate::state::App;

/// The largest body of a console operation: a file to import, in bytes.
const IMPORT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The largest body of a command, in bytes: the command and its envelope.
const COMMAND_BYTES_MAX: usize = 64 * 1024;
/// How long a body may stand still.
const BODY_IDLE: std::time::Duration = std::time::Duration::from_secs(10);

/// Makes the router of a node.
pub(crate) fn router(app: &App, role: NodeRole) -> Router {
    let mut router = Router::new()
        .route("/metrics", get(health::metrics))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/api/v2/openapi.json", get(crate::openapi::document));
    router = if role.serves_api() {
        router.merge(api(app)).fallback(ui::serve)
    } else {
        router.fallback(nothing_here)
    };
    router
        .method_not_allowed_fallback(wrong_method)
        .layer(RequestBodyTimeoutLayer::new(BODY_IDLE))
        .layer(from_fn_with_state(app.clone(), read_only::check))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .layer(from_fn(observe::observe))
        .with_state(app.clone())
}

fn api(app: &App) -> Router<App> {
    let body = |bytes| DefaultBodyLimit::max(bytes);
    let imports = Router::new()
        .route("/api/v2/console/{operation}", post(console::call))
        .layer(body(IMPORT_BYTES_MAX));
    let single = Router::new()
        .route("/api/v2/graphs/{graph}/command", post(commands::command))
        .layer(body(
            COMMAND_BYTES_MAX.max(2 * app.limits.command_bytes_max),
        ));
    Router::new()
        .route("/api/v2/graphs", get(graphs::list).post(graphs::create))
        .route(
            "/api/v2/graphs/{graph}",
            axum::routing::delete(graphs::delete),
        )
        .route("/api/v2/graphs/{graph}/batch", post(batch::batch))
        .route("/api/v2/graphs/{graph}/state", get(state::state))
        .route("/api/v2/graphs/{graph}/changes", get(changes::changes))
        .merge(collaboration())
        .route(
            "/api/v2/graphs/{graph}/subscribe",
            get(socket::handshake::subscribe),
        )
        .route("/api/v2/operations/{operation}", get(operations::progress))
        .route("/api/v2/session", post(session::open))
        .route("/api/v2/session/renew", post(session::renew))
        .route("/api/v2/console/live", get(socket::console::live))
        .route("/ws", get(socket::handshake::subscribe_by_hello))
        .layer(body(app.limits.batch_body_bytes_max))
        .merge(single)
        .merge(imports)
}

fn collaboration() -> Router<App> {
    let resolve = "/api/v2/graphs/{graph}/conflicts/{conflict}/resolve";
    Router::new()
        .route("/api/v2/graphs/{graph}/undo", post(collaboration::undo))
        .route("/api/v2/graphs/{graph}/redo", post(collaboration::redo))
        .route(
            "/api/v2/graphs/{graph}/restore",
            post(collaboration::restore),
        )
        .route(
            "/api/v2/graphs/{graph}/history",
            get(collaboration::history),
        )
        .route(
            "/api/v2/graphs/{graph}/conflicts",
            get(collaboration::conflicts),
        )
        .route(resolve, post(collaboration::resolve))
        .route(
            "/api/v2/graphs/{graph}/permissions",
            get(collaboration::permissions).put(collaboration::permit),
        )
}

async fn wrong_method() -> Response {
    Failure::new(
        ErrorCode::MethodNotAllowed,
        "this route does not know the method",
    )
    .into_response()
}

async fn nothing_here() -> Response {
    Failure::new(ErrorCode::NotFound, "this node only applies commands").into_response()
}
