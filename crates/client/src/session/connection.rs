//! One socket: greeting, frames in, commands out, and the ways in which it ends.

mod sideline;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use graphy_model::{OperationId, RejectCode, Rejection};
use graphy_protocol::{ApiError, ClientFrame, ErrorCode, Hello, ServerFrame, Sync, close};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tracing::warn;

use super::backoff::Backoff;
use super::ledger::Ending;
use super::outlet::{Delivery, Outlet};
use super::position::{Lack, Move, Position, Step};
use super::socket::{End, Socket, Writer, lost, open};
use super::{Received, SessionConfig, SessionStatus, Shared, SyncWish, Timing};
use crate::replica::reject_code;

/// A hello may weigh 4 KiB; an id in it takes 39 bytes. Commands that it does not name are safe
/// all the same: they are sent again, and the server knows them by their ids.
const HELLO_BYTES_MAX: usize = 4 * 1024;
const HELLO_ID_BYTES: usize = 39;
/// Syncs in a row that do not join what the reader holds.
const FRUITLESS_SYNCS_MAX: u32 = 5;

/// A socket and what it serves.
pub(super) struct Connection<'a> {
    pub(super) config: &'a SessionConfig,
    pub(super) timing: &'a Timing,
    pub(super) tokens: &'a mut watch::Receiver<String>,
    pub(super) shared: &'a Shared,
    pub(super) outlet: &'a mut Outlet,
    pub(super) position: &'a mut Position,
    pub(super) reached_online: bool,
    /// Since when there is no socket although there was one.
    pub(super) lost_at: Option<Instant>,
}

/// The state of a connection that has a socket.
struct Live<'a, 'b> {
    on: &'b mut Connection<'a>,
    writer: Writer,
    heard: Instant,
    sync_due: Option<Instant>,
    fruitless_syncs: u32,
    retry: Backoff,
    retry_at: Option<Instant>,
    going_away: Option<Duration>,
    /// Whether the server knows this client's presence, and when it may be told again.
    presence_told: bool,
    presence_due: Option<Instant>,
    presence_at: Instant,
    /// Whether the token may still be replaced.
    tokens_end: bool,
}

impl Connection<'_> {
    /// Opens a socket and serves it to its end; says also whether the reader got the present.
    pub(super) async fn live(mut self) -> (End, bool) {
        let opened = tokio::select! {
            opened = timeout(self.timing.step, open(self.config)) => {
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

    async fn serve(&mut self, socket: Socket) -> End {
        let (sink, mut stream) = socket.split();
        let now = Instant::now();
        let timing = *self.timing;
        let mut live = Live {
            on: self,
            writer: Writer::new(sink, timing.step),
            heard: now,
            sync_due: Some(now + timing.step),
            fruitless_syncs: 0,
            retry: Backoff::new(timing.reconnect_first, timing.reconnect_longest),
            retry_at: None,
            going_away: None,
            presence_told: false,
            presence_due: None,
            presence_at: now,
            tokens_end: false,
        };
        let end = match live.greet().await {
            ControlFlow::Continue(()) => live.turn(&mut stream).await,
            ControlFlow::Break(end) => end,
        };
        if matches!(end, End::Owner) {
            live.writer.close().await;
        }
        end
    }
}

fn millis_since(moment: Instant) -> u64 {
    u64::try_from(moment.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Live<'_, '_> {
    async fn greet(&mut self) -> ControlFlow<End> {
        self.on.position.expect_sync();
        let at = self.on.position.at().cloned();
        let token = self.on.tokens.borrow_and_update().clone();
        let client_id = {
            let mut inner = self.on.shared.lock();
            inner.renamed = false;
            inner.ledger.client_id().clone()
        };
        let mut hello = Hello {
            token,
            client_id,
            graph_id: None,
            epoch: at.as_ref().map(|(epoch, _)| epoch.clone()),
            version: at.map(|(_, version)| version),
            pending: Vec::new(),
            name: None,
            partial: self.on.position.partial().cloned(),
            away_ms: self.on.lost_at.map(millis_since),
        };
        let room =
            HELLO_BYTES_MAX.saturating_sub(ClientFrame::Hello(hello.clone()).to_text().len());
        hello.pending = self.on.shared.lock().ledger.oldest(room / HELLO_ID_BYTES);
        self.writer.write(&ClientFrame::Hello(hello)).await
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
                () = sleep_until(self.writer.spoke() + timing.heartbeat) => {
                    self.writer.write(&ClientFrame::Heartbeat).await
                }
                () = sleep_until(self.heard + timing.silence) => {
                    ControlFlow::Break(lost("the server fell silent"))
                }
                () = at(self.sync_due) => ControlFlow::Break(lost("the server sent no sync")),
                () = at(self.retry_at) => {
                    self.retry_at = None;
                    ControlFlow::Continue(())
                }
                () = at(self.presence_due) => ControlFlow::Continue(()),
                changed = self.on.tokens.changed(), if !self.tokens_end => match changed {
                    Ok(()) => self.renew_token().await,
                    Err(_) => {
                        self.tokens_end = true;
                        ControlFlow::Continue(())
                    }
                },
            };
            if let ControlFlow::Break(end) = flow {
                return end;
            }
        }
    }

    /// Sends what the owner asked for: syncs and, unless something stands against it, commands.
    async fn speak(&mut self) -> ControlFlow<End> {
        if self.on.shared.lock().renamed {
            return ControlFlow::Break(End::Renewed);
        }
        if self.on.position.awaits_sync() {
            return ControlFlow::Continue(());
        }
        let (wish, repair) = {
            let mut inner = self.on.shared.lock();
            (inner.wish.take(), inner.repair.take())
        };
        match wish {
            Some(SyncWish::Delta) => return self.ask(Lack::Delta).await,
            Some(SyncWish::Full) => return self.ask(Lack::All).await,
            None => {}
        }
        if let Some(repair) = repair {
            self.ask_repair(repair).await?;
        }
        self.tell_presence().await?;
        if self.on.outlet.is_lagging() || self.retry_at.is_some() || self.going_away.is_some() {
            return ControlFlow::Continue(());
        }
        self.on.shared.lock().ledger.mark();
        loop {
            let epoch = self.on.position.at().map(|(epoch, _)| epoch);
            let Some(envelope) = self.on.shared.lock().ledger.next_to_send(epoch) else {
                break;
            };
            self.writer
                .feed(&ClientFrame::Command(Box::new(envelope)))
                .await?;
        }
        self.writer.flush().await
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
            Step::Deliver(_) if self.is_for_another_life(&received.frame) => {
                ControlFlow::Continue(())
            }
            Step::Deliver(to) => self.deliver(received, to).await,
        }
    }

    async fn deliver(&mut self, received: Box<Received>, to: Move) -> ControlFlow<End> {
        let noted = self.note(&received.frame);
        let is_sync = matches!(received.frame, ServerFrame::Sync(_));
        let delivery = if is_sync && !self.on.outlet.is_lagging() {
            let (patience, token) = (self.on.timing.silence, &self.on.shared.token);
            self.on.outlet.give(received, patience, token).await
        } else {
            self.on.outlet.offer(received)
        };
        let mut count_is_over = noted.leaves_hole;
        if delivery == Delivery::Given {
            let arrives = matches!(to, Move::Arrive(..));
            self.on.position.advance(to);
            let mut inner = self.on.shared.lock();
            for (id, ending) in noted.landed {
                inner.ledger.settle(id, ending);
            }
            inner.base = self.on.position.at().cloned();
            if arrives && let Some((epoch, _)) = inner.base.clone() {
                count_is_over |= inner.ledger.counted_in(epoch);
            }
            drop(inner);
            if is_sync && self.on.position.awaits_sync() {
                self.sync_due = Some(Instant::now() + self.on.timing.step);
            }
            if arrives {
                self.arrive();
            }
        }
        if count_is_over && self.on.shared.lock().ledger.roll() {
            return ControlFlow::Break(End::Renewed);
        }
        ControlFlow::Continue(())
    }

    /// Says whether the frame refuses a command only because it was made in another life of the
    /// graph; then it will go out again after a sync, and the reader need not know.
    fn is_for_another_life(&mut self, frame: &ServerFrame) -> bool {
        let ServerFrame::Revert {
            operation_id,
            code: RejectCode::StaleEpoch,
            ..
        } = frame
        else {
            return false;
        };
        self.send_again(*operation_id);
        self.on.shared.lock().wish.get_or_insert(SyncWish::Delta);
        true
    }

    fn send_again(&mut self, id: OperationId) {
        if self.on.shared.lock().ledger.take_back(id) && self.retry_at.is_none() {
            self.retry_at = Some(Instant::now() + self.retry.next_wait());
        }
    }

    /// Notes what a frame says of this session's commands.
    ///
    /// A sync that the reader does not get will be asked for again, so its commands stay pending
    /// until then; other frames about commands are kept for the reader.
    fn note(&mut self, frame: &ServerFrame) -> Noted {
        let mut noted = Noted::default();
        match frame {
            ServerFrame::CommandResult {
                operation_id,
                outcome,
            } => {
                self.retry.reset();
                let ledger = &mut self.on.shared.lock().ledger;
                ledger.settle(*operation_id, Ending::of(outcome));
                ledger.widen();
            }
            ServerFrame::Revert {
                operation_id,
                code,
                message,
                field,
            } => {
                let ending = refused(Rejection {
                    code: *code,
                    message: message.clone(),
                    field: field.clone(),
                });
                let ledger = &mut self.on.shared.lock().ledger;
                noted.leaves_hole = ledger.settle(*operation_id, ending);
            }
            ServerFrame::Error {
                error,
                operation_id: Some(id),
            } => noted.leaves_hole = self.note_error(*id, error),
            ServerFrame::Sync(
                Sync::InSync { landed, .. }
                | Sync::Behind { landed, .. }
                | Sync::Full { landed, .. },
            ) => {
                noted.landed = landed
                    .iter()
                    .map(|one| (one.operation_id, Ending::of(&one.outcome)))
                    .collect();
            }
            ServerFrame::GoingAway { retry_after_ms } => {
                self.going_away = Some(Duration::from_millis(*retry_after_ms));
            }
            ServerFrame::Access { access } => {
                self.on.shared.lock().access = Some(*access);
            }
            ServerFrame::Welcome {
                role,
                access,
                limits,
                ..
            } => {
                let mut inner = self.on.shared.lock();
                inner.role = Some(*role);
                inner.access = Some(*access);
                inner.limits = limits.clone();
            }
            ServerFrame::StateUpdate { .. }
            | ServerFrame::Heartbeat { .. }
            | ServerFrame::Presence { .. }
            | ServerFrame::Conflict { .. }
            | ServerFrame::Token { .. }
            | ServerFrame::Digests { .. }
            | ServerFrame::Sync(Sync::Repair { .. })
            | ServerFrame::Error {
                operation_id: None, ..
            } => {}
        }
        noted
    }

    /// Notes that a command was refused on its way; says whether others are counted after it.
    fn note_error(&mut self, id: OperationId, error: &ApiError) -> bool {
        if error.retryable {
            // What was refused together with others was not sent after them.
            if error.code == ErrorCode::RateLimited && self.retry_at.is_none() {
                self.on.shared.lock().ledger.narrow();
            }
            self.send_again(id);
            return false;
        }
        let mut rejection = Rejection::new(reject_code(error.code), error.message.clone());
        rejection.field.clone_from(&error.field);
        let ledger = &mut self.on.shared.lock().ledger;
        ledger.settle(id, Ending::TurnedAway(rejection))
    }

    /// The reader has the present.
    fn arrive(&mut self) {
        self.sync_due = None;
        self.fruitless_syncs = 0;
        self.on.shared.lock().speaks = true;
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
        self.writer
            .write(&ClientFrame::RequestSync {
                epoch,
                version,
                buckets: None,
            })
            .await
    }
}

/// What a frame said of this session's commands.
#[derive(Default)]
struct Noted {
    /// Those that a sync names.
    landed: Vec<(OperationId, Ending)>,
    /// Whether a command was refused that others are counted after.
    leaves_hole: bool,
}

/// Returns how a command ended that was refused.
fn refused(rejection: Rejection) -> Ending {
    if refused_at_the_door(rejection.code) {
        Ending::TurnedAway(rejection)
    } else {
        Ending::Refused(rejection)
    }
}

/// Says whether a server gives this reason only before it has counted a command.
fn refused_at_the_door(code: RejectCode) -> bool {
    matches!(code, RejectCode::Forbidden | RejectCode::Expired)
}

/// Resolves at an instant; never, if there is none.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
