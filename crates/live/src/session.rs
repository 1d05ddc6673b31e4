//! One socket's side of the hub: what to send next, in the right order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use graphy_model::{Epoch, OperationId, UserId};
use graphy_protocol::{ApiError, ServerFrame, close};
use tokio::time::{Instant, sleep_until};

use crate::encode::Update;
use crate::hub::{Membership, Shared};
use crate::outbox::{Closing, Item, Outbox};
use crate::resume::{Reader, Synced, synchronise};

/// How long a resync is tried while the store does not answer.
const RESYNC_PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait between two tries.
const RESYNC_RETRY: Duration = Duration::from_millis(500);

/// What a socket has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// Send this text.
    Frame(Bytes),
    /// Close; nothing comes after it.
    Close(Closing),
}

/// One open socket. Dropping it leaves the hub.
pub struct Session {
    shared: Arc<Shared>,
    membership: Membership,
    user_id: UserId,
    epoch: Epoch,
    version: u64,
    ready: VecDeque<Bytes>,
    heartbeat_at: Instant,
    closed: Option<Closing>,
    /// A sync that is to be made before anything else: from where, if the reader holds anything.
    wanted: Option<Option<(Epoch, u64)>>,
}

impl Session {
    pub(crate) fn new(
        shared: Arc<Shared>,
        membership: Membership,
        user_id: UserId,
        welcome: Bytes,
        synced: Synced,
    ) -> Self {
        metrics::gauge!(graphy_telemetry::names::WEBSOCKET_CONNECTIONS).increment(1);
        let heartbeat_at = Instant::now() + shared.settings.heartbeat;
        let mut ready = VecDeque::with_capacity(synced.frames.len() + 1);
        ready.push_back(welcome);
        ready.extend(synced.frames);
        let (epoch, version) = (synced.epoch, synced.version);
        Self {
            shared,
            membership,
            user_id,
            epoch,
            version,
            ready,
            heartbeat_at,
            closed: None,
            wanted: None,
        }
    }

    /// Returns what the rest of the socket needs while this is waited on.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        SessionHandle {
            graph_id: self.membership.graph_id.clone(),
            outbox: Arc::clone(&self.membership.outbox),
            room: self.membership.room_signal(),
        }
    }

    /// Waits for what the socket has to do next. After a close it says close again.
    ///
    /// Cancel-safe: a sync that is interrupted is made anew by the next call.
    pub async fn next(&mut self) -> Outgoing {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return self.speak(frame);
            }
            if let Some(closing) = &self.closed {
                return Outgoing::Close(closing.clone());
            }
            if let Some(from) = self.wanted.clone() {
                self.resync(from).await;
                self.wanted = None;
                continue;
            }
            let item = tokio::select! {
                biased;
                item = self.membership.outbox.next() => item,
                () = sleep_until(self.heartbeat_at) => {
                    let (epoch, version) = (self.epoch.clone(), self.version);
                    let frame = ServerFrame::Heartbeat { epoch, version }.to_text();
                    return self.speak(frame.into());
                }
            };
            match item {
                Item::Text(text) => return self.speak(text),
                Item::Update(update) => match self.place(&update) {
                    Place::Next(text) => {
                        self.version = update.to;
                        return self.speak(text);
                    }
                    Place::Known => {}
                    Place::Gap => self.wanted = Some(Some((self.epoch.clone(), self.version))),
                },
                Item::Resync => self.wanted = Some(Some((self.epoch.clone(), self.version))),
                Item::SyncFrom(from) => self.wanted = Some(from),
                Item::Close(closing) => self.closed = Some(closing),
            }
        }
    }

    fn speak(&mut self, frame: Bytes) -> Outgoing {
        self.heartbeat_at = Instant::now() + self.shared.settings.heartbeat;
        Outgoing::Frame(frame)
    }

    fn place(&self, update: &Update) -> Place {
        if update.epoch != self.epoch || update.from > self.version {
            Place::Gap
        } else if update.to <= self.version {
            Place::Known
        } else if update.from == self.version {
            Place::Next(update.text.clone())
        } else {
            Place::Next(update.after(self.version))
        }
    }

    /// Reads from the history what the socket lacks.
    async fn resync(&mut self, from: Option<(Epoch, u64)>) {
        let deadline = Instant::now() + RESYNC_PATIENCE;
        loop {
            let pending = self.membership.outbox.awaited_ids();
            let reader = Reader {
                graph: &self.membership.graph_id,
                user: &self.user_id,
                from: from.clone(),
                pending: &pending,
            };
            match synchronise(&self.shared.store, &self.shared.snapshots, reader).await {
                Ok(Some(synced)) => {
                    for operation in synced.landed {
                        self.membership.outbox.settle(operation);
                    }
                    (self.epoch, self.version) = (synced.epoch, synced.version);
                    self.ready.extend(synced.frames);
                    return;
                }
                Ok(None) => {
                    let reason = "the graph does not exist any more";
                    self.closed = Some(Closing {
                        code: close::NOT_FOUND,
                        reason,
                    });
                    return;
                }
                Err(error) if Instant::now() >= deadline => {
                    tracing::warn!(%error, "a socket is closed, its graph cannot be read");
                    let reason = "the graph cannot be read now";
                    self.closed = Some(Closing {
                        code: close::GOING_AWAY,
                        reason,
                    });
                    return;
                }
                Err(_) => tokio::time::sleep(RESYNC_RETRY).await,
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        metrics::gauge!(graphy_telemetry::names::WEBSOCKET_CONNECTIONS).decrement(1);
    }
}

enum Place {
    Next(Bytes),
    Known,
    Gap,
}

/// The side of a socket that does not wait: what the reader puts in.
#[derive(Clone)]
pub struct SessionHandle {
    graph_id: graphy_model::GraphId,
    outbox: Arc<Outbox>,
    room: crate::room::RoomSignal,
}

impl SessionHandle {
    /// Returns the graph that the socket watches.
    #[must_use]
    pub fn graph_id(&self) -> &graphy_model::GraphId {
        &self.graph_id
    }

    /// Notes that the client waits for an outcome; false if it waits for too many.
    #[must_use]
    pub fn expect(&self, operation: OperationId) -> bool {
        let noted = self.outbox.expect(operation);
        self.room.notify();
        noted
    }

    /// Asks for the difference from where the client says it is; none asks for everything.
    pub fn request_sync(&self, from: Option<(Epoch, u64)>) {
        self.outbox.request_sync(from);
    }

    /// Sends a frame to this socket alone, after what is queued.
    pub fn send(&self, frame: &ServerFrame) {
        self.outbox.push_text(frame.to_text().into());
    }

    /// Says that a command will have no outcome: refused for good, or worth another try.
    pub fn refuse(
        &self,
        operation: OperationId,
        error: ApiError,
        rejection: &graphy_model::Rejection,
    ) {
        self.outbox.settle(operation);
        let transient = matches!(
            rejection.code,
            graphy_model::RejectCode::Unavailable
                | graphy_model::RejectCode::RateLimited
                | graphy_model::RejectCode::StorageFull
                | graphy_model::RejectCode::Internal
        );
        if transient {
            self.send(&ServerFrame::Error {
                error,
                operation_id: Some(operation),
            });
        } else {
            self.send(&ServerFrame::Revert {
                operation_id: operation,
                code: rejection.code,
                message: rejection.message.clone(),
                field: rejection.field.clone(),
            });
        }
    }

    /// Closes the socket after what is queued.
    pub fn close(&self, code: u16, reason: &'static str) {
        self.outbox.close(Closing { code, reason });
    }
}
