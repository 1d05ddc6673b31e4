//! The socket itself: how it is opened, written to, and what its end means.

use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::SinkExt as _;
use futures_util::stream::SplitSink;
use graphy_protocol::{ClientFrame, close};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::SessionConfig;

/// A socket to a node.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The library would keep 128 KiB for each socket.
const READ_BUFFER_BYTES: usize = 8 * 1024;
/// Small frames that follow each other go out together.
const WRITE_BUFFER_BYTES: usize = 8 * 1024;
/// Frames beyond this wait in the pending queue.
const WRITE_BUFFER_BYTES_MAX: usize = 256 * 1024;
/// The largest frame that is taken from a server.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// How a socket ended.
#[derive(Debug)]
pub(super) enum End {
    /// The owner wished it.
    Owner,
    /// The server will not have this session again.
    Final { code: u16, reason: String },
    /// The count of commands begins anew, under a name that needs a new socket.
    Renewed,
    /// The server asked to come back later.
    GoingAway { retry_after: Duration },
    /// Anything else: try again.
    Lost { reason: String },
}

/// The end of a socket that is worth another try.
pub(super) fn lost(reason: impl Into<String>) -> End {
    let reason = reason.into();
    End::Lost { reason }
}

/// Opens a socket to the session's graph.
pub(super) async fn open(config: &SessionConfig) -> Result<Socket, End> {
    match connect(config.url.subscribe(&config.graph_id)).await {
        Ok(socket) => Ok(socket),
        Err(SocketError::Http(response)) => Err(refused(response.status().as_u16())),
        Err(error) => Err(lost(error.to_string())),
    }
}

/// Opens a socket with bounded buffers and without the delay that gathers small packets.
pub(crate) async fn connect(address: String) -> Result<Socket, SocketError> {
    let settings = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let (socket, _) = connect_async_with_config(address, Some(settings), true).await?;
    Ok(socket)
}

/// What an answer other than a socket means: who asks wrongly need not ask again.
fn refused(status: u16) -> End {
    let reason = format!("the server answered with HTTP status {status}");
    let code = match status {
        401 => close::UNAUTHORIZED,
        403 => close::FORBIDDEN,
        404 => close::NOT_FOUND,
        _ => return lost(reason),
    };
    End::Final { code, reason }
}

/// The writing half of a socket.
pub(super) struct Writer {
    sink: SplitSink<Socket, Message>,
    patience: Duration,
    spoke: Instant,
}

impl Writer {
    pub(super) fn new(sink: SplitSink<Socket, Message>, patience: Duration) -> Self {
        let spoke = Instant::now();
        Self {
            sink,
            patience,
            spoke,
        }
    }

    /// Returns when something was last said.
    pub(super) fn spoke(&self) -> Instant {
        self.spoke
    }

    /// Writes a frame and sends it off.
    pub(super) async fn write(&mut self, frame: &ClientFrame) -> ControlFlow<End> {
        self.feed(frame).await?;
        self.flush().await
    }

    /// Writes a frame, which may stay in the buffer.
    pub(super) async fn feed(&mut self, frame: &ClientFrame) -> ControlFlow<End> {
        self.spoke = Instant::now();
        let sending = self.sink.feed(Message::text(frame.to_text()));
        written(timeout(self.patience, sending).await)
    }

    /// Sends off what is in the buffer.
    pub(super) async fn flush(&mut self) -> ControlFlow<End> {
        written(timeout(self.patience, self.sink.flush()).await)
    }

    /// Says goodbye. Whether the server hears it makes no difference.
    pub(super) async fn close(&mut self) {
        drop(timeout(Duration::from_secs(1), self.sink.close()).await);
    }
}

fn written(
    result: Result<Result<(), SocketError>, tokio::time::error::Elapsed>,
) -> ControlFlow<End> {
    match result {
        Ok(Ok(())) => ControlFlow::Continue(()),
        Ok(Err(error)) => ControlFlow::Break(lost(error.to_string())),
        Err(_) => ControlFlow::Break(lost("the server does not read")),
    }
}
