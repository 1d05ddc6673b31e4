//! A live connection to one graph that outlives its sockets.

mod backoff;
mod connection;
mod door;
mod ledger;
mod minder;
mod outlet;
mod pending;
mod position;
mod run;
pub(crate) mod socket;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use graphy_model::{
    ClientId, Command, Envelope, Epoch, GraphId, GraphRole, Limits, OperationId, Rejection, Role,
};
use graphy_protocol::ServerFrame;
use graphy_protocol::presence::PresenceState;
use graphy_telemetry::clock::{Clock as _, SystemClock};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use pending::PENDING_MAX;

use crate::journal::{JournalFull, Kept, Sent};
use crate::replica::Ask;
use crate::url::NodeUrl;
use ledger::Ledger;

/// What a session needs to know.
#[derive(Clone)]
pub struct SessionConfig {
    /// The node.
    pub url: NodeUrl,
    /// A bearer token.
    pub token: String,
    /// The graph.
    pub graph_id: GraphId,
    /// The session's name for itself. Commands are counted per client and graph from 1, so each
    /// session needs a name that was not used for this graph before. A session that has to begin
    /// its count anew adds a dot and a number.
    pub client_id: ClientId,
}

impl std::fmt::Debug for SessionConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionConfig")
            .field("url", &self.url)
            .field("graph_id", &self.graph_id)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// The waits of a session; the defaults are those that the protocol names.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// The wait before the first reconnect.
    pub reconnect_first: Duration,
    /// The longest wait before a reconnect or before a refused command goes out again.
    pub reconnect_longest: Duration,
    /// How long connecting, greeting, one write, or one sync may take.
    pub step: Duration,
    /// How long the server may be silent.
    pub silence: Duration,
    /// How often the session says that it is alive.
    pub heartbeat: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            reconnect_first: Duration::from_millis(250),
            reconnect_longest: Duration::from_secs(10),
            step: Duration::from_secs(10),
            silence: Duration::from_secs(20),
            heartbeat: Duration::from_secs(10),
        }
    }
}

/// How the connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionStatus {
    /// A socket is being opened.
    Connecting {
        /// Which try this is since the last success, from 1.
        attempt: u32,
    },
    /// The reader has the present, and commands go out.
    Online,
    /// There is no socket.
    Offline {
        /// When the next try begins, in milliseconds.
        retry_in_ms: u64,
        /// What happened.
        reason: String,
    },
    /// The session is over; no event follows.
    Closed {
        /// The code of the socket's end; 1000 if the owner ended it.
        code: u16,
        /// What happened.
        reason: String,
    },
}

/// A frame of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// Its text, exactly as it came, for readers that pass it on.
    pub text: Arc<str>,
    /// What it says.
    pub frame: ServerFrame,
}

/// What a session tells its reader, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// The server said something. Updates and syncs always join what the reader was given before.
    Frame(Box<Received>),
    /// The connection changed.
    Status(SessionStatus),
    /// Whether new commands can be kept on disk has changed. At first they can, if there is a
    /// journal. A command that cannot be kept comes back as a `revert` frame.
    Durable(bool),
}

/// Why a command was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Too many commands wait for their end.
    #[error("{PENDING_MAX} commands wait for the server; no more can be taken until it answers")]
    QueueFull,
    /// The journal holds as much as it may.
    #[error(transparent)]
    JournalFull(#[from] JournalFull),
    /// The session is over.
    #[error("the session is closed")]
    Closed,
    /// The command would be refused for its form, so it was not sent.
    #[error(transparent)]
    Rejected(#[from] Rejection),
}

/// What the handle and the task share.
pub(crate) struct Shared {
    inner: Mutex<Inner>,
    wake: Notify,
    token: CancellationToken,
    /// Cancelled when the tasks are over and the journal's line is free.
    ended: CancellationToken,
}

struct Inner {
    ledger: Ledger,
    wish: Option<SyncWish>,
    /// The buckets that the owner wants to compare or to get.
    repair: Option<RepairWish>,
    /// What the owner told of itself last.
    presence: Option<PresenceState>,
    presence_is_news: bool,
    /// Where the reader stands; what new commands are made against.
    base: Option<(Epoch, u64)>,
    /// What the token allows, the bearer may do here, and commands may weigh, once the server has
    /// said so.
    role: Option<Role>,
    access: Option<GraphRole>,
    limits: Limits,
    /// Whether commands go out at present.
    speaks: bool,
    /// Whether the count was begun anew, so that the socket has the wrong name.
    renamed: bool,
    over: bool,
}

/// Which sync the owner asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SyncWish {
    Delta,
    Full,
}

/// Which step of a repair the owner asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RepairWish {
    Digests,
    Buckets(Vec<u16>),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves the queue whole: each change of it is one call.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The handle of a session; dropping it ends the session at once.
pub struct GraphSession {
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

impl GraphSession {
    /// Opens a session and returns its handle and its events.
    ///
    /// Events are bounded: a reader that falls more than a few hundred events behind misses
    /// updates and is then brought up to date by a sync.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn open(config: SessionConfig) -> (Self, mpsc::Receiver<SessionEvent>) {
        Self::open_with(config, Timing::default())
    }

    /// Opens a session with waits of its own.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn open_with(
        config: SessionConfig,
        timing: Timing,
    ) -> (Self, mpsc::Receiver<SessionEvent>) {
        // Its sender goes, which says that there will be no other token.
        let tokens = watch::Sender::new(config.token.clone()).subscribe();
        let ledger = Ledger::in_memory(config.client_id.clone());
        let (shared, outlet, events) = prepare(ledger);
        let run = run::run(config, timing, tokens, Arc::clone(&shared), outlet);
        let ending = shared.ended.clone();
        let task = tokio::spawn(async move {
            run.await;
            ending.cancel();
        });
        let task = Some(task);
        (Self { shared, task }, events)
    }

    /// Opens a session that may last for days. `tokens` brings the tokens that replace the first
    /// one in time. With `kept` its queue outlives it: it goes on with what that holds, under its
    /// name.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn open_lasting(
        config: SessionConfig,
        timing: Timing,
        kept: Option<Kept>,
        tokens: watch::Receiver<String>,
    ) -> (Self, mpsc::Receiver<SessionEvent>) {
        let (ledger, notices) = match kept {
            Some(kept) => (
                Ledger::kept(kept.line, kept.count, kept.commands),
                kept.notices,
            ),
            // Nobody has anything to say of a queue in memory.
            None => (
                Ledger::in_memory(config.client_id.clone()),
                mpsc::unbounded_channel().1,
            ),
        };
        let (shared, outlet, events) = prepare(ledger);
        let minder = minder::Minder::new(notices, Arc::clone(&shared), outlet.sender());
        let run = run::run(config, timing, tokens, Arc::clone(&shared), outlet);
        let ending = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let over = CancellationToken::new();
            let guard = over.clone().drop_guard();
            let running = async {
                run.await;
                drop(guard);
            };
            tokio::join!(running, minder.mind(over));
            ending.lock().ledger.let_go();
            ending.ended.cancel();
        });
        let task = Some(task);
        (Self { shared, task }, events)
    }

    /// Takes a command, to be sent in order and until its end is known.
    ///
    /// # Errors
    /// When the command is malformed, too many wait already, or the session is over.
    pub fn send(&self, command: Command) -> Result<OperationId, SendError> {
        let operation_id = new_operation_id();
        self.send_as(operation_id, command)?;
        Ok(operation_id)
    }

    /// Like [`send`](Self::send), with an id that the caller made, for instance because the
    /// command is on the screen under that id already.
    ///
    /// # Errors
    /// As `send`.
    pub fn send_as(&self, operation_id: OperationId, command: Command) -> Result<(), SendError> {
        self.send_envelope(Envelope {
            operation_id,
            graph_id: None,
            client_id: None,
            seq: None,
            command,
            base_version: None,
            epoch: None,
            timestamp: None,
            replay_of: None,
        })
    }

    /// Like [`send_as`](Self::send_as), with what else the caller knows of the command. The
    /// session sets `clientId` and `seq`, and what is missing of version, epoch and timestamp.
    ///
    /// # Errors
    /// As `send`.
    pub fn send_envelope(&self, mut envelope: Envelope) -> Result<(), SendError> {
        envelope
            .timestamp
            .get_or_insert_with(|| SystemClock.now_ms());
        let mut inner = self.shared.lock();
        if inner.over {
            return Err(SendError::Closed);
        }
        // What the server would refuse at its door is refused here, before it is counted.
        inner.limits.check(&envelope.command)?;
        door::check_role(&envelope.command, inner.role)?;
        door::check_access(&envelope.command, inner.access)?;
        if envelope.epoch.is_none()
            && let Some((epoch, version)) = &inner.base
        {
            envelope.epoch = Some(epoch.clone());
            envelope.base_version = envelope.base_version.or(Some(*version));
        }
        door::check_weight(&envelope, &inner.limits)?;
        let sent = if inner.speaks { Sent::Maybe } else { Sent::No };
        inner.ledger.push(envelope, sent)?;
        drop(inner);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Asks for what the reader lacks.
    pub fn request_sync(&self) {
        self.wish(SyncWish::Delta);
    }

    /// Asks for the whole state, because what the reader holds is wrong.
    pub fn request_full_sync(&self) {
        self.wish(SyncWish::Full);
    }

    /// Asks for what a replica needs next.
    pub fn ask(&self, ask: Ask) {
        match ask {
            Ask::Digests => self.request_digests(),
            Ask::Buckets(buckets) => self.request_buckets(buckets),
            Ask::All => self.request_full_sync(),
        }
    }

    /// Asks for the digests of all buckets, to find out where the reader's copy differs.
    pub fn request_digests(&self) {
        self.wish_repair(RepairWish::Digests);
    }

    /// Asks for everything in some buckets.
    pub fn request_buckets(&self, buckets: Vec<u16>) {
        self.wish_repair(RepairWish::Buckets(buckets));
    }

    /// Tells the others where this client is; only the latest state counts, and it is told again
    /// after a reconnect.
    pub fn set_presence(&self, state: PresenceState) {
        let mut inner = self.shared.lock();
        inner.presence = Some(state);
        inner.presence_is_news = true;
        drop(inner);
        self.shared.wake.notify_one();
    }

    /// Forgets a refused command that the journal keeps for a person.
    pub fn discard(&self, operation_id: OperationId) {
        self.shared.lock().ledger.discard(operation_id);
    }

    /// Says whether the session has ended, by whomever.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.shared.lock().over
    }

    /// Returns how many commands have no known end.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared.lock().ledger.len()
    }

    /// Says goodbye to the server and ends the session. Pending commands that the server has will
    /// happen; those that it has not will happen only if a journal keeps them for a next session.
    pub async fn close(mut self) {
        self.shared.token.cancel();
        if let Some(task) = self.task.take() {
            // The task ends by itself within one step; its failure would be a panic, logged there.
            drop(task.await);
        }
    }

    /// Like [`close`](Self::close), for a session that others hold too. Once it returns, the
    /// journal gives the queue to the next session.
    pub async fn end(&self) {
        self.shared.token.cancel();
        self.shared.ended.cancelled().await;
    }

    fn wish(&self, wish: SyncWish) {
        let mut inner = self.shared.lock();
        if inner.wish != Some(SyncWish::Full) {
            inner.wish = Some(wish);
        }
        drop(inner);
        self.shared.wake.notify_one();
    }

    fn wish_repair(&self, wish: RepairWish) {
        self.shared.lock().repair = Some(wish);
        self.shared.wake.notify_one();
    }
}

/// What a session and its tasks share, and the way to its reader.
fn prepare(ledger: Ledger) -> (Arc<Shared>, outlet::Outlet, mpsc::Receiver<SessionEvent>) {
    let shared = Arc::new(Shared {
        inner: Mutex::new(Inner {
            ledger,
            wish: None,
            repair: None,
            presence: None,
            presence_is_news: false,
            base: None,
            role: None,
            access: None,
            limits: Limits::default(),
            speaks: false,
            renamed: false,
            over: false,
        }),
        wake: Notify::new(),
        token: CancellationToken::new(),
        ended: CancellationToken::new(),
    });
    let (outlet, events) = outlet::Outlet::new();
    (shared, outlet, events)
}

impl Drop for GraphSession {
    fn drop(&mut self) {
        self.shared.token.cancel();
    }
}

/// Makes the id of a new command.
#[must_use]
pub fn new_operation_id() -> OperationId {
    OperationId(uuid::Uuid::now_v7())
}
