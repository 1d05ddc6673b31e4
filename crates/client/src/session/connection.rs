//! One socket: greeting, frames in, commands out, and the ways in which it ends.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use graphy_model::OperationId;
use graphy_protocol::{ClientFrame, ErrorCode, Hello, Landed, ServerFrame, Sync, close};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tracing::warn;

use super::backoff::Backoff;
use super::outlet::{Delivery, Outlet};
use super::position::{Lack, Move, Position, Step};
use super::{Received, SessionConfig, SessionStatus, Shared, SyncWish, Timing};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The library would keep 128 KiB for each socket.
const READ_BUFFER_BYTES: usize = 8 * 1024;
/// Small frames that follow each other go out together.
const WRITE_BUFFER_BYTES: usize = 8 * 1024;
/// Frames beyond this wait in the pending queue.
const WRITE_BUFFER_BYTES_MAX: usize = 256 * 1024;
/// The largest frame that is taken from a server.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// A hello may weigh 4 KiB; an id in it takes 39 bytes. Commands that it does not name are safe
/// all the same: they are sent again, and the server knows them by their ids.
const HELLO_BYTES_MAX: usize = 4 * 1024;
const HELLO_ID_BYTES: usize = 39;
/// Syncs in a row that do not join what the reader holds.
const FRUITLESS_SYNCS_MAX: u32 = 5;

/// How a socket ended.
#[derive(Debug)]
pub(super) enum End {
    /// The owner wished it.
    Owner,
    /// The server will not have this session again.
    Final { code: u16, reason: String },
    /// The server asked to come back later.
    GoingAway { retry_after: Duration },
    /// Anything else: try again.
    Lost { reason: String },
}

fn lost(reason: impl Into<String>) -> End {
    End::Lost {
        reason: reason.into(),
    }
}

/// A socket and what it serves.
pub(super) struct Connection<'a> {
    pub(super) config: &'a SessionConfig,
    pub(super) timing: &'a Timing,
    pub(super) shared: &'a Shared,
    pub(super) outlet: &'a mut Outlet,
    pub(super) position: &'a mut Position,
    pub(super) reached_online: bool,
}

/// The state of a connection that has a socket.
struct Live<'a, 'b> {
    on: &'b mut Connection<'a>,
    sink: SplitSink<Socket, Message>,
    heard: Instant,
    spoke: Instant,
    sync_due: Option<Instant>,
    fruitless_syncs: u32,
    retry: Backoff,
    retry_at: Option<Instant>,
    going_away: Option<Duration>,
}

impl Connection<'_> {
    /// Opens a socket and serves it to its end; says also whether the reader got the present.
    pub(super) async fn live(mut self) -> (End, bool) {
        let opened = tokio::select! {
            opened = timeout(self.timing.step, self.open()) => {
                opened.unwrap_or_else(|_| Err(lost("connecting took too long")))
            }
            () = self.shared.token.cancelled() => Err(End::Owner),
        };
        let end = match opened {
            Ok(socket) => Box::pin(self.serve(socket)).await,
            Err(end) => end,
        };
        (end, self.reached_online)
    }

    async fn open(&self) -> Result<Socket, End> {
        let settings = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let address = self.config.url.subscribe(&self.config.graph_id);
        match connect_async_with_config(address, Some(settings), true).await {
            Ok((socket, _)) => Ok(socket),
            Err(SocketError::Http(response)) => Err(refused(response.status().as_u16())),
            Err(error) => Err(lost(error.to_string())),
        }
    }

    async fn serve(&mut self, socket: Socket) -> End {
        let (sink, mut stream) = socket.split();
        let now = Instant::now();
        let timing = *self.timing;
        let mut live = Live {
            on: self,
            sink,
            heard: now,
            spoke: now,
            sync_due: Some(now + timing.step),
            fruitless_syncs: 0,
            retry: Backoff::new(timing.reconnect_first, timing.reconnect_longest),
            retry_at: None,
            going_away: None,
        };
        let end = match live.greet().await {
            ControlFlow::Continue(()) => live.turn(&mut stream).await,
            ControlFlow::Break(end) => end,
        };
        if matches!(end, End::Owner) {
            // Whether the server hears it makes no difference.
            drop(timeout(Duration::from_secs(1), live.sink.close()).await);
        }
        end
    }
}

impl Live<'_, '_> {
    async fn greet(&mut self) -> ControlFlow<End> {
        self.on.position.expect_sync();
        let at = self.on.position.at().cloned();
        let mut hello = Hello {
            token: self.on.config.token.clone(),
            client_id: self.on.config.client_id.clone(),
            graph_id: None,
            epoch: at.as_ref().map(|(epoch, _)| epoch.clone()),
            version: at.map(|(_, version)| version),
            pending: Vec::new(),
        };
        let room =
            HELLO_BYTES_MAX.saturating_sub(ClientFrame::Hello(hello.clone()).to_text().len());
        hello.pending = self.on.shared.lock().pending.oldest(room / HELLO_ID_BYTES);
        self.write(&ClientFrame::Hello(hello)).await
    }

    /// Turns until the socket ends.
    async fn turn(&mut self, stream: &mut SplitStream<Socket>) -> End {
        loop {
            if let ControlFlow::Break(end) = self.speak().await {
                return end;
            }
            let timing = self.on.timing;
            let flow = tokio::select! {
                message = stream.next() => self.hear(message).await,
                () = self.on.shared.wake.notified() => ControlFlow::Continue(()),
                () = self.on.shared.token.cancelled() => ControlFlow::Break(End::Owner),
                () = self.on.outlet.has_room() => self.recover().await,
                () = sleep_until(self.spoke + timing.heartbeat) => {
                    self.write(&ClientFrame::Heartbeat).await
                }
                () = sleep_until(self.heard + timing.silence) => {
                    ControlFlow::Break(lost("the server fell silent"))
                }
                () = at(self.sync_due) => ControlFlow::Break(lost("the server sent no sync")),
                () = at(self.retry_at) => {
                    self.retry_at = None;
                    ControlFlow::Continue(())
                }
            };
            if let ControlFlow::Break(end) = flow {
                return end;
            }
        }
    }

    /// Sends what the owner asked for: syncs and, unless something stands against it, commands.
    async fn speak(&mut self) -> ControlFlow<End> {
        if self.on.position.awaits_sync() {
            return ControlFlow::Continue(());
        }
        let wish = self.on.shared.lock().wish.take();
        match wish {
            Some(SyncWish::Delta) => return self.ask(Lack::Delta).await,
            Some(SyncWish::Full) => return self.ask(Lack::All).await,
            None => {}
        }
        if self.on.outlet.is_lagging() || self.retry_at.is_some() || self.going_away.is_some() {
            return ControlFlow::Continue(());
        }
        loop {
            let epoch = self.on.position.at().map(|(epoch, _)| epoch);
            let Some(envelope) = self.on.shared.lock().pending.next_to_send(epoch) else {
                break;
            };
            self.feed(&ClientFrame::Command(Box::new(envelope))).await?;
        }
        self.flush().await
    }

    async fn hear(&mut self, message: Option<Result<Message, SocketError>>) -> ControlFlow<End> {
        self.heard = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(frame) => {
                    let text = Arc::from(text.as_str());
                    self.take(Box::new(Received { text, frame })).await
                }
                Err(error) => {
                    warn!(%error, "the server sent a frame that this client cannot read");
                    ControlFlow::Break(lost("the server sent a frame that cannot be read"))
                }
            },
            Some(Ok(Message::Close(frame))) => ControlFlow::Break(self.closed(frame)),
            Some(Ok(_)) => ControlFlow::Continue(()),
            Some(Err(error)) => ControlFlow::Break(lost(error.to_string())),
            None => ControlFlow::Break(self.closed(None)),
        }
    }

    fn closed(&self, frame: Option<CloseFrame>) -> End {
        let (code, reason) = frame.map_or((1006, String::new()), |frame| {
            (u16::from(frame.code), frame.reason.as_str().to_owned())
        });
        if !close::reconnects(code) {
            return End::Final { code, reason };
        }
        match self.going_away {
            Some(retry_after) => End::GoingAway { retry_after },
            None => lost(format!("the server closed the socket (code {code}) {reason}").trim_end()),
        }
    }

    async fn take(&mut self, received: Box<Received>) -> ControlFlow<End> {
        match self.on.position.judge(&received.frame) {
            Step::Skip => ControlFlow::Continue(()),
            // A reader that lags asks once it has room.
            Step::Ask(_) if self.on.outlet.is_lagging() => ControlFlow::Continue(()),
            Step::Ask(lack) => self.ask(lack).await,
            Step::Deliver(to) => {
                self.deliver(received, to).await;
                ControlFlow::Continue(())
            }
        }
    }

    async fn deliver(&mut self, received: Box<Received>, to: Move) {
        let landed = self.note(&received.frame);
        let is_sync = matches!(received.frame, ServerFrame::Sync(_));
        let delivery = if is_sync && !self.on.outlet.is_lagging() {
            let (patience, token) = (self.on.timing.silence, &self.on.shared.token);
            self.on.outlet.give(received, patience, token).await
        } else {
            self.on.outlet.offer(received)
        };
        if delivery == Delivery::Withheld {
            return;
        }
        if is_sync {
            let mut inner = self.on.shared.lock();
            for id in landed {
                inner.pending.settle(id);
            }
            drop(inner);
            self.sync_due = Some(Instant::now() + self.on.timing.step);
        }
        let arrives = matches!(to, Move::Arrive(..));
        self.on.position.advance(to);
        self.on.shared.lock().base = self.on.position.at().cloned();
        if arrives {
            self.arrive();
        }
    }

    /// Notes what a frame says of this session's commands, and returns those that a sync names.
    ///
    /// A sync that the reader does not get will be asked for again, so its commands stay pending
    /// until then; other frames about commands are kept for the reader.
    fn note(&mut self, frame: &ServerFrame) -> Vec<OperationId> {
        match frame {
            ServerFrame::CommandResult { operation_id, .. }
            | ServerFrame::Revert { operation_id, .. } => {
                self.retry.reset();
                self.on.shared.lock().pending.settle(*operation_id);
            }
            ServerFrame::Error {
                error,
                operation_id: Some(id),
            } if error.retryable => {
                if self.on.shared.lock().pending.take_back(*id) && self.retry_at.is_none() {
                    self.retry_at = Some(Instant::now() + self.retry.next_wait());
                }
                if error.code == ErrorCode::StaleEpoch {
                    self.on.shared.lock().wish.get_or_insert(SyncWish::Delta);
                }
            }
            ServerFrame::Error {
                operation_id: Some(id),
                ..
            } => {
                self.on.shared.lock().pending.settle(*id);
            }
            ServerFrame::Sync(
                Sync::InSync { landed, .. }
                | Sync::Behind { landed, .. }
                | Sync::Full { landed, .. },
            ) => {
                return landed
                    .iter()
                    .map(|landed: &Landed| landed.operation_id)
                    .collect();
            }
            ServerFrame::GoingAway { retry_after_ms } => {
                self.going_away = Some(Duration::from_millis(*retry_after_ms));
            }
            ServerFrame::Welcome { .. }
            | ServerFrame::StateUpdate { .. }
            | ServerFrame::Heartbeat { .. }
            | ServerFrame::Presence {}
            | ServerFrame::Error {
                operation_id: None, ..
            } => {}
        }
        Vec::new()
    }

    /// The reader has the present.
    fn arrive(&mut self) {
        self.sync_due = None;
        self.fruitless_syncs = 0;
        self.on.outlet.flush_owed();
        if !self.on.reached_online {
            self.on.reached_online = true;
            self.on.outlet.tell(SessionStatus::Online);
        }
    }

    /// The reader has room again.
    async fn recover(&mut self) -> ControlFlow<End> {
        self.on.outlet.recover();
        self.ask(Lack::Delta).await
    }

    async fn ask(&mut self, lack: Lack) -> ControlFlow<End> {
        self.fruitless_syncs += 1;
        if self.fruitless_syncs > FRUITLESS_SYNCS_MAX {
            return ControlFlow::Break(lost("the server's syncs do not join"));
        }
        if lack == Lack::All {
            self.on.position.forget();
        }
        self.on.position.expect_sync();
        self.sync_due = Some(Instant::now() + self.on.timing.step);
        let (epoch, version) = self.on.position.at().cloned().unzip();
        self.write(&ClientFrame::RequestSync { epoch, version })
            .await
    }

    async fn write(&mut self, frame: &ClientFrame) -> ControlFlow<End> {
        self.feed(frame).await?;
        self.flush().await
    }

    async fn feed(&mut self, frame: &ClientFrame) -> ControlFlow<End> {
        self.spoke = Instant::now();
        let sending = self.sink.feed(Message::text(frame.to_text()));
        written(timeout(self.on.timing.step, sending).await)
    }

    async fn flush(&mut self) -> ControlFlow<End> {
        written(timeout(self.on.timing.step, self.sink.flush()).await)
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

/// Resolves at an instant; never, if there is none.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// What an answer other than a socket means: who asks wrongly need not ask again.
fn refused(status: u16) -> End {
    let code = match status {
        401 => close::UNAUTHORIZED,
        403 => close::FORBIDDEN,
        404 => close::NOT_FOUND,
        _ => return lost(format!("the server answered with HTTP status {status}")),
    };
    End::Final {
        code,
        reason: format!("the server answered with HTTP status {status}"),
    }
}
