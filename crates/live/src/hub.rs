//! All rooms of this node, and how a socket gets into one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use graphy_model::{ClientId, Epoch, GraphId, GraphRole, Limits, OperationId, Role, UserId};
use graphy_protocol::{PartialState, ServerFrame, close};
use graphy_store::{
    EventBus, GraphStore, NodeRegistry, PresenceBus, Replicas, ServerId, Sessions, StoreError,
};
use graphy_telemetry::TaskRegistry;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::member::{Departure, Member, Who, display_name};
use crate::outbox::{Bounds, Closing, Outbox};
use crate::registrar::Registrar;
use crate::resume::{Reader, synchronise};
use crate::room::{Room, RoomSignal, Standing};
use crate::session::Session;
use crate::snapshot::Snapshots;
use crate::upkeep;

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
    /// How often grants are read again, should the news of a change be lost.
    pub review: Duration,
    /// Presence is told at most this often.
    pub presence_tick: Duration,
    /// How long somebody is shown as away whose connection was lost.
    pub grace: Duration,
    /// Above this many queued bytes a socket's updates are dropped for a resync.
    pub updates_bytes_max: usize,
    /// Above this many queued bytes a socket is closed.
    pub queue_bytes_max: usize,
    /// How long the text of a whole graph is kept that nobody asks for.
    pub texts_idle: Duration,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            heartbeat: Duration::from_secs(10),
            merge: Duration::from_millis(2),
            audit: Duration::from_secs(8),
            silence: Duration::from_secs(1),
            linger: Duration::from_secs(10),
            review: Duration::from_millis(700),
            presence_tick: Duration::from_millis(50),
            grace: Duration::from_secs(300),
            updates_bytes_max: 256 * 1024,
            queue_bytes_max: 1024 * 1024,
            texts_idle: crate::snapshot::CACHE_IDLE,
        }
    }
}

/// Says why a socket cannot watch a graph.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such graph.
    #[error("there is no graph {0}")]
    NotFound(GraphId),
    /// The bearer has no access to it.
    #[error("user {user} has no access to graph {graph}")]
    Forbidden {
        /// Which graph.
        graph: GraphId,
        /// Who.
        user: UserId,
    },
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
    /// What to call them.
    pub name: Option<String>,
    /// What the client holds.
    pub from: Option<(Epoch, u64)>,
    /// The piece of a full state that the client holds.
    pub partial: Option<PartialState>,
    /// The commands of which the client does not know how they ended.
    pub pending: Vec<OperationId>,
}

/// What a hub works with.
pub struct HubParts {
    /// The graphs in memory.
    pub replicas: Replicas,
    /// What is applied.
    pub bus: EventBus,
    /// What nodes tell each other of who is there.
    pub presence: PresenceBus,
    /// The list of connected sessions.
    pub sessions: Sessions,
    /// The list of nodes.
    pub nodes: NodeRegistry,
    /// This node.
    pub node: ServerId,
    /// Where rooms run as tasks.
    pub tasks: TaskRegistry,
    /// Stops what the hub runs.
    pub token: CancellationToken,
}

pub(crate) struct Shared {
    pub(crate) store: GraphStore,
    pub(crate) snapshots: Snapshots,
    pub(crate) bus: EventBus,
    pub(crate) presence: PresenceBus,
    pub(crate) registrar: Registrar,
    pub(crate) nodes: NodeRegistry,
    pub(crate) node: String,
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
    /// Makes a hub without rooms; rooms run as tasks until the hub is shut down or the token of
    /// its parts is cancelled.
    #[must_use]
    pub fn new(parts: HubParts, settings: HubSettings) -> Self {
        let HubParts {
            replicas,
            bus,
            presence,
            sessions,
            nodes,
            node,
            tasks,
            token,
        } = parts;
        let shared = Arc::new(Shared {
            store: replicas.store().clone(),
            snapshots: Snapshots::new(replicas, settings.texts_idle),
            bus,
            presence,
            registrar: Registrar::new(sessions.clone()),
            nodes,
            node: node.as_str().to_owned(),
            settings,
            tasks: tasks.clone(),
            token: token.child_token(),
            rooms: Mutex::default(),
        });
        upkeep::start(&shared, sessions, &tasks, &token);
        Self { shared }
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
        let graph_id = request.graph_id.clone();
        let unavailable = |source| OpenError::Unavailable {
            graph: graph_id.clone(),
            source,
        };
        let mut membership = self.admit(&request).await?;
        let member = Arc::clone(&membership.member);
        for operation in &request.pending {
            member.outbox.expect(*operation);
        }
        let reader = Reader {
            graph: &graph_id,
            user: &request.user_id,
            from: request.from,
            partial: request.partial,
            pending: &request.pending,
        };
        let synced = synchronise(&self.shared.store, &self.shared.snapshots, reader)
            .await
            .map_err(|error| unavailable(Some(error)))?
            .ok_or_else(|| OpenError::NotFound(graph_id.clone()))?;
        for operation in &synced.landed {
            member.outbox.settle(*operation);
        }
        membership.room_signal().notify();
        member.set_version(synced.version);
        membership.enter(&request.pending);
        let welcome = ServerFrame::Welcome {
            session_id: request.session_id,
            user_id: request.user_id.clone(),
            role: request.role,
            access: member.access(),
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
            welcome,
            synced,
        ))
    }

    /// Lets a socket into its room, if its bearer may know the graph at all.
    async fn admit(&self, request: &OpenRequest) -> Result<Membership, OpenError> {
        let graph = &request.graph_id;
        let unavailable = |error| OpenError::Unavailable {
            graph: graph.clone(),
            source: Some(Arc::new(error)),
        };
        let forbidden = || OpenError::Forbidden {
            graph: graph.clone(),
            user: request.user_id.clone(),
        };
        let store = &self.shared.store;
        let found = store.access(graph, &request.user_id, request.role).await;
        let Some((_, may)) = found.map_err(unavailable)? else {
            return Err(OpenError::NotFound(graph.clone()));
        };
        if may == GraphRole::None {
            return Err(forbidden());
        }
        let membership = self.join(request, may).await?;
        if membership.member.access() != may {
            // The room has not heard of a change yet, or has heard of one since.
            let reviewed = membership.room.review(store).await;
            reviewed.map_err(unavailable)?;
        }
        match membership.member.access() {
            GraphRole::None => Err(forbidden()),
            _ => Ok(membership),
        }
    }

    /// Tells every socket to come back later and closes it; rooms end.
    pub fn shutdown(&self, retry_after: Duration) {
        self.shared.token.cancel();
        let retry_after_ms = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
        let frame: bytes::Bytes = ServerFrame::GoingAway { retry_after_ms }.to_text().into();
        let rooms: Vec<Arc<Room>> = self.shared.rooms().values().cloned().collect();
        for room in rooms {
            room.each(|member| {
                member.outbox.push_text(frame.clone());
                member.outbox.close(Closing {
                    code: close::GOING_AWAY,
                    reason: "the node stops",
                });
            });
        }
    }

    async fn join(&self, request: &OpenRequest, may: GraphRole) -> Result<Membership, OpenError> {
        let graph = &request.graph_id;
        let settings = &self.shared.settings;
        let bounds = Bounds {
            updates_bytes_max: settings.updates_bytes_max,
            total_bytes_max: settings.queue_bytes_max,
        };
        let who = Who {
            session_id: request.session_id.clone(),
            client_id: request.client_id.clone(),
            user_id: request.user_id.clone(),
            name: display_name(request.name.as_deref(), &request.user_id),
            node: self.shared.node.clone(),
            joined_at: self.shared.store.now_ms(),
        };
        let member = Arc::new(Member::new(who, Outbox::new(bounds), request.role, may));
        let room = {
            let mut rooms = self.shared.rooms();
            if self.shared.token.is_cancelled() {
                return Err(OpenError::GoingAway);
            }
            let room = rooms
                .entry(graph.clone())
                .or_insert_with(|| self.start_room(graph));
            let room = Arc::clone(room);
            room.add(&member);
            room
        };
        let membership = Membership {
            graph_id: graph.clone(),
            member,
            room,
            shared: Arc::clone(&self.shared),
            entered: false,
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
        let room = Arc::new(Room::new(graph.clone(), &self.shared.node));
        let policy = graphy_telemetry::RestartPolicy::ALWAYS;
        let (shared, started) = (Arc::clone(&self.shared), Arc::clone(&room));
        self.shared.tasks.spawn(
            format!("live-room {graph}"),
            policy,
            self.shared.token.child_token(),
            move |context| crate::follower::run(Arc::clone(&shared), Arc::clone(&started), context),
        );
        let (shared, started) = (Arc::clone(&self.shared), Arc::clone(&room));
        self.shared.tasks.spawn(
            format!("live-presence {graph}"),
            policy,
            self.shared.token.child_token(),
            move |context| {
                crate::presence::teller::run(Arc::clone(&shared), Arc::clone(&started), context)
            },
        );
        room
    }
}

impl Shared {
    fn rooms(&self) -> MutexGuard<'_, HashMap<GraphId, Arc<Room>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the rooms at this moment.
    pub(crate) fn all_rooms(&self) -> Vec<Arc<Room>> {
        self.rooms().values().cloned().collect()
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
    pub(crate) member: Arc<Member>,
    pub(crate) room: Arc<Room>,
    shared: Arc<Shared>,
    /// Whether others know of the socket.
    entered: bool,
}

impl Membership {
    pub(crate) fn room_signal(&self) -> RoomSignal {
        self.room.signal()
    }

    /// Makes the socket known to others.
    fn enter(&mut self, pending: &[OperationId]) {
        self.entered = true;
        self.shared.registrar.arrived(self, pending);
        self.room.show(&self.member);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let grace = self.shared.settings.grace;
        if grace.is_zero() {
            self.member.depart(Departure::Goodbye);
        }
        self.room.remove(&self.member, Instant::now() + grace);
        // After it left the room, so that no renewal brings it back.
        if self.entered {
            self.shared.registrar.ended(self);
        }
    }
}
