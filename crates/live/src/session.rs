//! One socket's side of the hub: what to send next, in the right order.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use graphy_model::{Epoch, GraphRole, OperationId, Role};
use graphy_protocol::bucket::BUCKETS;
use graphy_protocol::presence::PresenceState;
use graphy_protocol::{ApiError, ServerFrame, close};
use graphy_store::StoreError;
use graphy_telemetry::traces::OpenSpan;
use tokio::time::{Instant, sleep_until};

use crate::encode::Update;
use crate::hub::{Membership, Shared};
use crate::member::{Departure, Member};
use crate::outbox::{Closing, Item};
use crate::repair::{Answer, Question, answer};
use crate::resume::{Reader, Synced, synchronise};
use crate::room::Room;

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
    epoch: Epoch,
    version: u64,
    ready: VecDeque<Bytes>,
    heartbeat_at: Instant,
    closed: Option<Closing>,
    /// What is to be read from the store before anything else.
    wanted: Option<Wanted>,
    /// The outcome of a traced command that was handed out last; it is on its way when the next
    /// thing is asked for.
    delivery: Option<Box<OpenSpan>>,
}

/// Something that a session reads from the store.
#[derive(Debug, Clone)]
enum Wanted {
    /// The difference: from where, if the reader holds anything.
    Sync(Option<(Epoch, u64)>),
    /// The present, as it was asked for.
    Answer(Question),
}

impl Session {
    pub(crate) fn new(
        shared: Arc<Shared>,
        membership: Membership,
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
            epoch,
            version,
            ready,
            heartbeat_at,
            closed: None,
            wanted: None,
            delivery: None,
        }
    }

    /// Returns what the rest of the socket needs while this is waited on.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        SessionHandle {
            member: Arc::clone(&self.membership.member),
            room: Arc::clone(&self.membership.room),
            signal: self.membership.room_signal(),
        }
    }

    /// Waits for what the socket has to do next. After a close it says close again.
    ///
    /// Cancel-safe: a sync that is interrupted is made anew by the next call.
    pub async fn next(&mut self) -> Outgoing {
        self.delivery = None;
        loop {
            if self.membership.member.access() == GraphRole::None {
                self.ready.clear();
                self.wanted = None;
            }
            if let Some(frame) = self.ready.pop_front() {
                return self.speak(frame);
            }
            if let Some(closing) = &self.closed {
                return Outgoing::Close(closing.clone());
            }
            if let Some(wanted) = self.wanted.clone() {
                self.fetch(wanted).await;
                self.wanted = None;
                continue;
            }
            let item = tokio::select! {
                biased;
                item = self.membership.member.outbox.next() => item,
                () = sleep_until(self.heartbeat_at) => {
                    let (epoch, version) = (self.epoch.clone(), self.version);
                    let frame = ServerFrame::Heartbeat { epoch, version }.to_text();
                    return self.speak(frame.into());
                }
            };
            if let Some(frame) = self.take(item) {
                return self.speak(frame);
            }
        }
    }

    /// Takes an item; returns the frame that it is, if it is one.
    fn take(&mut self, item: Item) -> Option<Bytes> {
        match item {
            Item::Text(text) | Item::Presence(text) => return Some(text),
            Item::Outcome(text, delivery) => {
                self.delivery = Some(delivery);
                return Some(text);
            }
            Item::Update(update) => match self.place(&update) {
                Place::Next(text) => {
                    self.go_to(update.to);
                    return Some(text);
                }
                Place::Known => {}
                Place::Gap => self.wanted = Some(Wanted::Sync(Some(self.position()))),
            },
            Item::Resync => self.wanted = Some(Wanted::Sync(Some(self.position()))),
            Item::SyncFrom(from) => self.wanted = Some(Wanted::Sync(from)),
            Item::Digests => self.wanted = Some(Wanted::Answer(Question::Digests)),
            Item::Repair(buckets) => {
                self.wanted = Some(Wanted::Answer(Question::Buckets(buckets)));
            }
            Item::FullPresence => {
                let full = self.membership.room.board().full();
                self.ready.extend(full.iter().cloned());
            }
            Item::Close(closing) => self.closed = Some(closing),
        }
        None
    }

    fn position(&self) -> (Epoch, u64) {
        (self.epoch.clone(), self.version)
    }

    fn go_to(&mut self, version: u64) {
        self.version = version;
        self.membership.member.set_version(version);
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

    /// Reads from the store until it answers, or for too long.
    async fn fetch(&mut self, mut wanted: Wanted) {
        let deadline = Instant::now() + RESYNC_PATIENCE;
        loop {
            let fetched = match &wanted {
                Wanted::Sync(from) => self.resync(from.clone()).await,
                Wanted::Answer(question) => self.answer(question).await,
            };
            match fetched {
                Ok(Fetched::Done) => return,
                Ok(Fetched::Everything) => wanted = Wanted::Sync(None),
                Ok(Fetched::Gone) => {
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

    /// Reads from the history what the socket lacks.
    async fn resync(&mut self, from: Option<(Epoch, u64)>) -> Result<Fetched, Arc<StoreError>> {
        let member = &self.membership.member;
        let pending = member.outbox.awaited_ids();
        let reader = Reader {
            graph: &self.membership.graph_id,
            user: &member.who.user_id,
            from,
            partial: None,
            pending: &pending,
        };
        let (store, snapshots) = (&self.shared.store, &self.shared.snapshots);
        let Some(synced) = synchronise(store, snapshots, reader).await? else {
            return Ok(Fetched::Gone);
        };
        for operation in synced.landed {
            member.outbox.settle(operation);
        }
        self.epoch = synced.epoch;
        self.ready.extend(synced.frames);
        self.go_to(synced.version);
        Ok(Fetched::Done)
    }

    /// Reads what the client asked of the present.
    async fn answer(&mut self, question: &Question) -> Result<Fetched, Arc<StoreError>> {
        let (replicas, graph) = (self.shared.snapshots.replicas(), &self.membership.graph_id);
        match answer(replicas, graph, &self.position(), question).await? {
            Answer::Frames {
                epoch,
                version,
                frames,
            } => {
                self.epoch = epoch;
                self.ready.extend(frames);
                self.go_to(version);
                Ok(Fetched::Done)
            }
            Answer::Everything => Ok(Fetched::Everything),
            Answer::Gone => Ok(Fetched::Gone),
        }
    }
}

enum Fetched {
    Done,
    /// Only the whole state helps.
    Everything,
    Gone,
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
    member: Arc<Member>,
    room: Arc<Room>,
    signal: crate::room::RoomSignal,
}

impl SessionHandle {
    /// Returns the graph that the socket watches.
    #[must_use]
    pub fn graph_id(&self) -> &graphy_model::GraphId {
        &self.room.graph_id
    }

    /// Returns what the bearer may do in the graph now.
    #[must_use]
    pub fn access(&self) -> GraphRole {
        self.member.access()
    }

    /// Notes that the client was heard.
    pub fn touch(&self, now_ms: u64) {
        self.member.touch(now_ms);
    }

    /// Keeps what the client told of itself; the latest counts.
    pub fn present(&self, state: PresenceState) {
        if self.member.tell(state) {
            self.room.moved(&self.member);
        }
    }

    /// Takes over what a new token of the same user allows.
    pub fn change_role(&self, role: Role) {
        self.member.set_role(role);
        self.room.review_one(&self.member);
    }

    /// Notes how the socket ends. Without a note it counts as lost.
    pub fn depart(&self, departure: Departure) {
        self.member.depart(departure);
    }

    /// Notes that the client waits for an outcome; false if it waits for too many.
    #[must_use]
    pub fn expect(&self, operation: OperationId) -> bool {
        let noted = self.member.outbox.expect(operation);
        self.signal.notify();
        noted
    }

    /// Asks for the difference from where the client says it is; none asks for everything.
    pub fn request_sync(&self, from: Option<(Epoch, u64)>) {
        self.member.outbox.request_sync(from);
    }

    /// Asks for the digests of all buckets.
    pub fn request_digests(&self) {
        self.member.outbox.request_digests();
    }

    /// Asks for the entities of some buckets; numbers that name none are left out.
    pub fn request_repair(&self, buckets: &[u16]) {
        let buckets: BTreeSet<u16> = buckets.iter().copied().filter(|n| *n < BUCKETS).collect();
        self.member.outbox.request_repair(buckets);
    }

    /// Sends a frame to this socket alone, after what is queued.
    pub fn send(&self, frame: &ServerFrame) {
        self.member.outbox.push_text(frame.to_text().into());
    }

    /// Says that a command will have no outcome: refused for good, or worth another try.
    pub fn refuse(
        &self,
        operation: OperationId,
        error: ApiError,
        rejection: &graphy_model::Rejection,
    ) {
        self.member.outbox.settle(operation);
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
        // A connection that was cut looks like a broken protocol; its client may come back.
        if matches!(
            code,
            close::UNAUTHORIZED | close::FORBIDDEN | close::NOT_FOUND
        ) {
            self.member.depart(Departure::Goodbye);
        }
        self.member.outbox.close(Closing { code, reason });
    }
}
