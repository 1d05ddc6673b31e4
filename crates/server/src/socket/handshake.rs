//! From an HTTP request to a socket.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use graphy_model::GraphId;
use graphy_protocol::ErrorCode;

use super::greet;
use super::upgrade::Upgrade;
use crate::http::body::GraphPath;
use crate::http::failure::Failure;
use crate::http::listener::Peer;
use crate::openapi::answers::HandshakeFailures;
use crate::openapi::schema;
use crate::state::App;

/// The read buffer of a socket, in bytes; it grows for a larger message and no further.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// What a socket gathers before it writes, in bytes.
const WRITE_BUFFER_BYTES: usize = 4 * 1024;
/// The most that may wait inside of the socket to be written, in bytes: one frame of the largest
/// operation that a batch can make, and what was gathered.
const WRITE_BUFFER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most sockets of one node.
/// A graph's socket counts twice: itself and the task that hands its commands in.
const SOCKETS_MAX: usize = 22_000;

/// Opens a socket on one graph. The first frame says `hello`.
#[utoipa::path(
    get,
    path = "/api/v2/graphs/{graphId}/subscribe",
    tag = "live",
    params(("graphId" = schema::Id, Path, description = "Which graph")),
    responses((status = 101, description = "The socket is open"), HandshakeFailures)
)]
pub(crate) async fn subscribe(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    GraphPath(graph): GraphPath,
    upgrade: Upgrade,
) -> Response {
    answer(app, peer, Some(graph), upgrade)
}

/// Opens a socket on the graph that its `hello` names.
#[utoipa::path(
    get,
    path = "/ws",
    tag = "live",
    responses((status = 101, description = "The socket is open"), HandshakeFailures)
)]
pub(crate) async fn subscribe_by_hello(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    upgrade: Upgrade,
) -> Response {
    answer(app, peer, None, upgrade)
}

fn answer(app: App, peer: Peer, graph: Option<GraphId>, upgrade: Upgrade) -> Response {
    match admit(&app, peer, upgrade) {
        Ok(upgrade) => {
            let sockets = app.sockets.clone();
            upgrade.on_upgrade(move |socket| {
                sockets.track_future(Box::pin(greet::run(app, socket, graph)))
            })
        }
        Err(failure) => failure.into_response(),
    }
}

/// Takes a handshake if there is room, and sets the socket's bounds.
pub(crate) fn admit(
    app: &App,
    peer: Peer,
    Upgrade(upgrade): Upgrade,
) -> Result<WebSocketUpgrade, Failure> {
    if app.stopping.is_cancelled() {
        return Err(Failure::new(ErrorCode::Unavailable, "the node is stopping"));
    }
    if app.sockets.len() >= SOCKETS_MAX {
        return Err(Failure::new(
            ErrorCode::Unavailable,
            "the node has as many sockets as it takes",
        ));
    }
    app.limiters.take_handshake(peer.0.ip()).map_err(|wait| {
        let message = "too many sockets are opened from this address";
        Failure::new(ErrorCode::RateLimited, message).retry_after(wait)
    })?;
    let message_bytes_max = app.limits.message_bytes_max;
    Ok(upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(message_bytes_max)
        .max_frame_size(message_bytes_max))
}
