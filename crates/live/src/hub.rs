//! All rooms of this node, and how a socket gets into one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use graphy_model::{ClientId, Epoch, GraphId, Limits, OperationId, Role, UserId};
use graphy_protocol::{ServerFrame, close};
use graphy_store::{EventBus, GraphStore, Replicas, StoreError};
use graphy_telemetry::TaskRegistry;
use tokio_util::sync::CancellationToken;

use crate::outbox::{Bounds, Closing, Outbox};
use crate::resume::{Reader, synchronise};
use crate::room::{Room, RoomSignal, Standing};
use crate::session::Session;
use crate::snapshot::Snapshots;

/// How long a socket waits for its room to come up.
const ROOM_WAIT: Duration = Duration::from_secs(10);

/// How the hub treats its sockets.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// What commands may weigh; told to clients.
    pub limits: Limits,
    /// A socket to which nothing was sent for this long is sent a heartbeat.
    pub heartbeat: Duration,
    /// Updates of a graph are merged for this long after one was sent.
    pub merge: Duration,
    /// How often a room compares its position with the store.
    pub audit: Duration,
    /// After this long without an event a room looks up what its members wait for.
    pub silence: Duration,
    /// How long a room without members stays.
    pub linger: Duration,
    /// Above this many queued bytes a socket's updates are dropped for a resync.
    pub updates_bytes_max: usize,
    /// Above this many queued bytes a socket is closed.
    pub queue_bytes_max: usize,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            heartbeat: Duration::from_secs(10),
            merge: Duration::from_millis(10),
            audit: Duration::from_secs(8),
            silence: Duration::from_secs(1),
            linger: Duration::from_secs(10),
            updates_bytes_max: 256 * 1024,
            queue_bytes_max: 1024 * 1024,
        }
    }
}

/// Says why a socket cannot watch a graph.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such graph.
    #[error("there is no graph {0}")]
    NotFound(GraphId),
    /// The hub is going away.
    #[error("the node is going away")]
    GoingAway,
    /// The store did not answer.
    #[error("cannot read graph {graph}")]
    Unavailable {
        /// Which graph.
        graph: GraphId,
        /// What went wrong, if the store said so.
        #[source]
        source: Option<Arc<StoreError>>,
    },
}

/// A socket that wants to watch a graph.
#[derive(Debug, Clone)]
pub struct OpenRequest {
    /// Which graph.
    pub graph_id: GraphId,
    /// Names the socket in logs.
    pub session_id: String,
    /// The client's name for itself.
    pub client_id: ClientId,
    /// Whose token it came with.
    pub user_id: UserId,
    /// What the token allows.
    pub role: Role,
    /// What the client holds.
    pub from: Option<(Epoch, u64)>,
    /// The commands of which the client does not know how they ended.
    pub pending: Vec<OperationId>,
}

pub(crate) struct Shared {
    pub(crate) store: GraphStore,
    pub(crate) snapshots: Snapshots,
    pub(crate) bus: EventBus,
    pub(crate) settings: HubSettings,
    tasks: TaskRegistry,
    token: CancellationToken,
    rooms: Mutex<HashMap<GraphId, Arc<Room>>>,
}

/// All rooms of this node; cheap to clone.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

impl Hub {
    /// Makes a hub without rooms; rooms run as tasks of `tasks` until `token` is cancelled.
    #[must_use]
    pub fn new(
        replicas: &Replicas,
        bus: EventBus,
        tasks: TaskRegistry,
        token: CancellationToken,
        settings: HubSettings,
    ) -> Self {
        let store = replicas.store().clone();
        let snapshots = Snapshots::new(replicas.clone());
        let rooms = Mutex::default();
        Self {
            shared: Arc::new(Shared {
                store,
                snapshots,
                bus,
                settings,
                tasks,
                token,
                rooms,
            }),
        }
    }

    /// Returns the graphs as text that sockets and HTTP readers share.
    #[must_use]
    pub fn snapshots(&self) -> &Snapshots {
        &self.shared.snapshots
    }

    /// Lets a socket in and prepares what brings it to the present.
    ///
    /// The socket is in its room before the state is read, so nothing is missed in between, and
    /// versions that the state holds already are skipped later, so nothing comes twice.
    ///
    /// # Errors
    /// [`OpenError`] says why not.
    pub async fn open(&self, request: OpenRequest) -> Result<Session, OpenError> {
        let OpenRequest {
            graph_id,
            session_id,
            client_id,
            user_id,
            role,
            from,
            pending,
        } = request;
        let unavailable = |source| OpenError::Unavailable {
            graph: graph_id.clone(),
            source,
        };
        let head = self.shared.store.head(&graph_id).await;
        if head
            .map_err(|error| unavailable(Some(Arc::new(error))))?
            .is_none()
        {
            return Err(OpenError::NotFound(graph_id));
        }
        let membership = self.join(&graph_id, client_id).await?;
        for operation in &pending {
            membership.outbox.expect(*operation);
        }
        let reader = Reader {
            graph: &graph_id,
            user: &user_id,
            from,
            pending: &pending,
        };
        let synced = synchronise(&self.shared.store, &self.shared.snapshots, reader)
            .await
            .map_err(|error| unavailable(Some(error)))?
            .ok_or_else(|| OpenError::NotFound(graph_id.clone()))?;
        for operation in &synced.landed {
            membership.outbox.settle(*operation);
        }
        membership.room_signal().notify();
        let welcome = ServerFrame::Welcome {
            session_id,
            user_id: user_id.clone(),
            role,
            epoch: synced.epoch.clone(),
            version: synced.version,
            graph: synced.head.meta.clone(),
            limits: self.shared.settings.limits.clone(),
            heartbeat_ms: u64::try_from(self.shared.settings.heartbeat.as_millis())
                .unwrap_or(u64::MAX),
        };
        let welcome = welcome.to_text().into();
        Ok(Session::new(
            Arc::clone(&self.shared),
            membership,
            user_id,
            welcome,
            synced,
        ))
    }

    /// Tells every socket to come back later and closes it; rooms end.
    pub fn shutdown(&self, retry_after: Duration) {
        self.shared.token.cancel();
        let retry_after_ms = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
        let frame: bytes::Bytes = ServerFrame::GoingAway { retry_after_ms }.to_text().into();
        let rooms: Vec<Arc<Room>> = self.shared.rooms().values().cloned().collect();
        for room in rooms {
            room.each(|outbox| {
                outbox.push_text(frame.clone());
                outbox.close(Closing {
                    code: close::GOING_AWAY,
                    reason: "the node stops",
                });
            });
        }
    }

    async fn join(&self, graph: &GraphId, client: ClientId) -> Result<Membership, OpenError> {
        let settings = &self.shared.settings;
        let bounds = Bounds {
            updates_bytes_max: settings.updates_bytes_max,
            total_bytes_max: settings.queue_bytes_max,
        };
        let outbox = Arc::new(Outbox::new(client, bounds));
        let room = {
            let mut rooms = self.shared.rooms();
            if self.shared.token.is_cancelled() {
                return Err(OpenError::GoingAway);
            }
            let room = rooms
                .entry(graph.clone())
                .or_insert_with(|| self.start_room(graph));
            let room = Arc::clone(room);
            room.add(&outbox);
            room
        };
        let membership = Membership {
            graph_id: graph.clone(),
            outbox,
            room,
        };
        match tokio::time::timeout(ROOM_WAIT, membership.room.opened()).await {
            Ok(Standing::Live) => Ok(membership),
            Ok(Standing::Gone) => Err(OpenError::NotFound(graph.clone())),
            Ok(Standing::Opening) | Err(_) => Err(OpenError::Unavailable {
                graph: graph.clone(),
                source: None,
            }),
        }
    }

    fn start_room(&self, graph: &GraphId) -> Arc<Room> {
        let room = Arc::new(Room::new(graph.clone()));
        let (shared, started) = (Arc::clone(&self.shared), Arc::clone(&room));
        let policy = graphy_telemetry::RestartPolicy::ALWAYS;
        let token = self.shared.token.child_token();
        self.shared.tasks.spawn(
            format!("live-room {graph}"),
            policy,
            token,
            move |context| crate::room::run(Arc::clone(&shared), Arc::clone(&started), context),
        );
        room
    }
}

impl Shared {
    fn rooms(&self) -> MutexGuard<'_, HashMap<GraphId, Arc<Room>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a room off the list if nobody is in it; true if it is off.
    pub(crate) fn close_if_empty(&self, room: &Arc<Room>) -> bool {
        let mut rooms = self.rooms();
        let empty = room.is_empty();
        if empty {
            rooms.remove(&room.graph_id);
        }
        empty
    }

    /// Takes a room off the list; who comes next starts a new one.
    pub(crate) fn forget(&self, room: &Arc<Room>) {
        let mut rooms = self.rooms();
        if rooms
            .get(&room.graph_id)
            .is_some_and(|listed| Arc::ptr_eq(listed, room))
        {
            rooms.remove(&room.graph_id);
        }
    }
}

/// A socket's place in a room; dropping it leaves the room.
pub(crate) struct Membership {
    pub(crate) graph_id: GraphId,
    pub(crate) outbox: Arc<Outbox>,
    room: Arc<Room>,
}

impl Membership {
    pub(crate) fn room_signal(&self) -> RoomSignal {
        self.room.signal()
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.room.remove(&self.outbox);
    }
}
