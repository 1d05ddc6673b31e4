//! WebSockets: from the handshake to the close code.
//!
//! A socket has three tasks: the reader turns frames into submissions and requests, the submitter
//! puts commands into the queue in their order, the writer sends what the hub's session hands out.
//! None of them waits for another except through a bounded queue.

pub(crate) mod console;
pub(crate) mod greet;
pub(crate) mod handshake;
pub(crate) mod reader;
pub(crate) mod revocation;
pub(crate) mod submit;
mod token;
pub(crate) mod upgrade;
pub(crate) mod writer;

use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt;
use futures_util::stream::{SplitSink, SplitStream};

/// How often a socket is pinged.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(25);
/// How soon the answer must be there.
pub(crate) const PONG_WAIT: Duration = Duration::from_secs(8);
/// How long a write may take before the reader counts as too slow.
pub(crate) const WRITE_WAIT: Duration = Duration::from_secs(5);
/// How soon the first frame must be there.
pub(crate) const HELLO_WAIT: Duration = Duration::from_secs(10);
/// How long to wait for the other end's half of a close.
pub(crate) const CLOSE_WAIT: Duration = Duration::from_secs(2);

pub(crate) type Sink = SplitSink<WebSocket, Message>;
pub(crate) type Stream = SplitStream<WebSocket>;

/// Says that the socket closes and why; if the other end has said so first, answers that.
pub(crate) async fn say_close<S>(sink: &mut S, code: u16, reason: &'static str) -> Result<(), Error>
where
    S: SinkExt<Message, Error = Error> + Unpin,
{
    let reason = Utf8Bytes::from_static(reason);
    let message = Message::Close(Some(CloseFrame { code, reason }));
    if sink.send(message).await.is_err() {
        // After the other end's close nothing can be sent but the answer to it, which waits.
        sink.close().await?;
    }
    Ok(())
}
