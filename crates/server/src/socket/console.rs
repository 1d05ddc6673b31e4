//! The console's live data over a WebSocket.

use axum::extract::ws::{Message, WebSocket};
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use graphy_operations::overview::LiveFrames;
use graphy_protocol::close;
use graphy_store::tokens::Principal;
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::handshake::admit;
use super::reader;
use super::upgrade::Upgrade;
use super::{
    CLOSE_WAIT, HELLO_WAIT, PING_INTERVAL, PONG_WAIT, Sink, Stream, WRITE_WAIT, say_close,
};
use crate::http::auth::Caller;
use crate::http::failure::{new_trace_id, traced};
use crate::http::listener::Peer;
use crate::openapi::answers::HandshakeFailures;
use crate::routes::console::operator;
use crate::state::App;

/// The most that the first frame may weigh, in bytes.
const HELLO_BYTES_MAX: usize = 4 * 1024;

/// The first frame.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    token: String,
}

type Closing = (u16, &'static str);

/// Opens the stream of the console's live frames. The first frame is `{"token":…}`.
#[utoipa::path(
    get,
    path = "/api/v2/console/live",
    tag = "console",
    responses((status = 101, description = "The socket is open"), HandshakeFailures)
)]
pub(crate) async fn live(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    upgrade: Upgrade,
) -> Response {
    match admit(&app, peer, upgrade) {
        Ok(upgrade) => {
            let sockets = app.sockets.clone();
            upgrade.on_upgrade(move |socket| sockets.track_future(Box::pin(run(app, socket))))
        }
        Err(failure) => failure.into_response(),
    }
}

async fn run(app: App, mut socket: WebSocket) {
    let greeted = traced(new_trace_id(), greet(&app, &mut socket)).await;
    let (mut sink, mut stream) = socket.split();
    let (code, reason) = match greeted {
        Ok((frames, principal)) => {
            let watched = app.revocations.watch(&principal);
            tokio::select! {
                closing = send(&mut sink, frames) => closing,
                closing = listen(&mut stream) => closing,
                () = watched.ended() => (close::UNAUTHORIZED, "the token is not valid any more"),
                () = app.stopping.cancelled() => (close::GOING_AWAY, "the node stops"),
            }
        }
        Err(closing) => closing,
    };
    let said = async {
        say_close(&mut sink, code, reason).await?;
        while let Some(Ok(_)) = stream.next().await {}
        Ok::<_, axum::Error>(())
    };
    // If it cannot be said, the other end is gone already.
    let _ = tokio::time::timeout(CLOSE_WAIT, said).await;
}

async fn greet(app: &App, socket: &mut WebSocket) -> Result<(LiveFrames, Principal), Closing> {
    let first = async {
        loop {
            match socket.recv().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => return Err(reader::NOT_TEXT),
                Some(Err(error)) => return Err(reader::fault(&error)),
                Some(Ok(Message::Close(_))) | None => {
                    return Err((close::PROTOCOL, "closed before the first frame"));
                }
            }
        }
    };
    let text = tokio::select! {
        first = tokio::time::timeout(HELLO_WAIT, first) => {
            first.unwrap_or(Err((close::IDLE, "no token came in time")))?
        }
        () = app.stopping.cancelled() => return Err((close::GOING_AWAY, "the node is stopping")),
    };
    if text.len() > HELLO_BYTES_MAX {
        return Err((close::PROTOCOL, "the first frame is too large"));
    }
    let hello: Hello = serde_json::from_str(&text)
        .map_err(|_| (close::PROTOCOL, "the first frame is not {\"token\": …}"))?;
    let verified = app.tokens.verify(&hello.token).await;
    let principal = verified.map_err(|error| match error {
        graphy_store::tokens::TokenError::Store(_) => {
            (close::GOING_AWAY, "the store does not answer now")
        }
        _ => (close::UNAUTHORIZED, "the token is not valid"),
    })?;
    let caller = operator(&Caller(principal.clone()));
    let frames = app.operations.live_frames(&caller);
    let frames = frames.map_err(|_| {
        (
            close::FORBIDDEN,
            "the token does not allow to watch the node",
        )
    })?;
    Ok((frames, principal))
}

/// Sends frames until the reader is gone or too slow. A frame is made only when the one before it
/// is written, so a slow reader gets fewer, never old ones.
async fn send(sink: &mut Sink, mut frames: LiveFrames) -> Closing {
    let mut pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            frame = frames.next() => match serde_json::to_string(&frame) {
                Ok(text) => Message::Text(text.into()),
                Err(_) => return (close::GOING_AWAY, "a frame cannot be written"),
            },
            _ = pings.tick() => Message::Ping(bytes::Bytes::new()),
        };
        match tokio::time::timeout(WRITE_WAIT, sink.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return (close::GOING_AWAY, "the connection is gone"),
            Err(_) => return (close::SLOW_CONSUMER, "a write took too long"),
        }
    }
}

/// Takes pongs, and nothing else of interest.
async fn listen(stream: &mut Stream) -> Closing {
    loop {
        match tokio::time::timeout(PING_INTERVAL + PONG_WAIT, stream.next()).await {
            Ok(Some(Ok(Message::Close(_))) | None) => return (close::GOING_AWAY, "closed"),
            Ok(Some(Ok(Message::Binary(_)))) => return reader::NOT_TEXT,
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => return reader::fault(&error),
            Err(_) => return (close::IDLE, "nothing was heard, not even a pong"),
        }
    }
}
