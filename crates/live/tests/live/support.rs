//! A graph on a real Redis, with one or two hubs on it as on as many nodes, and a writer that
//! applies what it is told as a worker would.

use std::sync::Arc;
use std::time::Duration;

use graphy_live::{Hub, HubParts, HubSettings, OpenRequest, Outgoing, Session};
use graphy_model::checksum::node_text;
use graphy_model::record::{Marks, present};
use graphy_model::{
    AppliedOperation, Change, ClientId, CommandType, EntityHash, Grantee, Graph, GraphId,
    GraphRole, Node, OperationId, Outcome, Role, UserId,
};
use graphy_protocol::presence::Peer;
use graphy_protocol::{ServerFrame, Sync};
use graphy_store::graph::{Applied, BatchWrite, Fate, SettingsWrite, Visibility};
use graphy_store::node_registry::RENEW_INTERVAL;
use graphy_store::testing::TestRedis;
use graphy_store::{
    BatchEvent, CommandOutcome, EventBus, GraphStore, NodeRegistry, PresenceBus, Replicas,
    ServerId, ServerNode, SessionSettings, Sessions,
};
use graphy_telemetry::{SystemClock, TaskRegistry};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long anything may take that should happen at once.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the news of a batch arrives.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum News {
    Arrive,
    AreLost,
}

impl News {
    /// News of nothing stand for news that never came.
    fn of(self, event: BatchEvent) -> BatchEvent {
        match self {
            Self::Arrive => event,
            Self::AreLost => BatchEvent {
                from_version: 0,
                to_version: 0,
                operations: vec![],
                outcomes: vec![],
                ..event
            },
        }
    }
}

/// One node's part.
pub(crate) struct TestNode {
    pub(crate) hub: Hub,
    pub(crate) id: ServerId,
    pub(crate) sessions: Sessions,
    token: CancellationToken,
    announcing: tokio::task::AbortHandle,
}

impl TestNode {
    async fn start(redis: &TestRedis, settings: HubSettings) -> Self {
        let (tasks, token) = (TaskRegistry::default(), CancellationToken::new());
        let link = redis.link().await;
        let clock = SystemClock::shared();
        let store = GraphStore::new(link.clone(), Arc::clone(&clock));
        let bus = EventBus::start(link.clone(), &tasks, token.clone());
        let nodes = NodeRegistry::new(link.clone(), clock);
        let id = ServerId::random();
        let server = ServerNode {
            id: id.clone(),
            role: "all".to_owned(),
            host: "test".to_owned(),
            pid: 1,
            version: "0".to_owned(),
            started_at: 1,
        };
        nodes.announce(&server).await.expect("announced");
        let registry = nodes.clone();
        let announcing = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(RENEW_INTERVAL);
            loop {
                ticks.tick().await;
                let _ = registry.announce(&server).await;
            }
        });
        let sessions = Sessions::new(link.clone(), nodes.clone(), SessionSettings::default());
        let parts = HubParts {
            replicas: Replicas::new(store, 8),
            bus,
            presence: PresenceBus::start(link, &tasks, token.clone()),
            sessions: sessions.clone(),
            nodes,
            node: id.clone(),
            tasks,
            token: token.clone(),
        };
        Self {
            hub: Hub::new(parts, settings),
            id,
            sessions,
            token,
            announcing: announcing.abort_handle(),
        }
    }
}

/// Without a word, as a kill does: the entry in the list of nodes runs out by itself.
impl Drop for TestNode {
    fn drop(&mut self) {
        self.token.cancel();
        self.announcing.abort();
    }
}

pub(crate) struct World {
    pub(crate) redis: TestRedis,
    pub(crate) store: GraphStore,
    pub(crate) nodes: Vec<TestNode>,
    pub(crate) id: GraphId,
    pub(crate) graph: Graph,
    settings: HubSettings,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut HubSettings)) -> Self {
        let redis = TestRedis::start().await;
        let store = GraphStore::new(redis.link().await, SystemClock::shared());
        let mut settings = HubSettings {
            audit: Duration::from_secs(2),
            silence: Duration::from_millis(200),
            ..HubSettings::default()
        };
        change(&mut settings);
        let node = TestNode::start(&redis, settings.clone()).await;
        let id = GraphId::new("g").expect("an id");
        let owner = UserId::new("ann").expect("an id");
        store
            .create(&id, "g", &owner, 1, Visibility::Listed)
            .await
            .expect("made");
        let epoch = store.head(&id).await.expect("read").expect("there").epoch;
        Self {
            redis,
            store,
            nodes: vec![node],
            id,
            graph: Graph::new(epoch, 0),
            settings,
        }
    }

    /// Starts one more node.
    pub(crate) async fn join_node(&mut self) {
        let node = TestNode::start(&self.redis, self.settings.clone()).await;
        self.nodes.push(node);
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.nodes[0].hub
    }

    pub(crate) fn stop(self) {
        drop(self);
    }

    pub(crate) async fn open(&self, client: &str, pending: &[OperationId]) -> Session {
        let session = self.hub().open(self.request(client, pending)).await;
        session.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Lets a user in on a node, as client `<user>-client`.
    pub(crate) async fn enter(&self, node: usize, user: &str) -> Session {
        let request = self.request_of(user);
        let session = self.nodes[node].hub.open(request).await;
        session.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn request_of(&self, user: &str) -> OpenRequest {
        OpenRequest {
            user_id: UserId::new(user).expect("an id"),
            ..self.request(&format!("{user}-client"), &[])
        }
    }

    pub(crate) fn request(&self, client: &str, pending: &[OperationId]) -> OpenRequest {
        OpenRequest {
            graph_id: self.id.clone(),
            session_id: Uuid::now_v7().to_string(),
            client_id: ClientId::new(client).expect("an id"),
            user_id: UserId::new("ann").expect("an id"),
            role: Role::Editor,
            name: None,
            from: None,
            partial: None,
            pending: pending.to_vec(),
            away: None,
        }
    }

    /// Applies one command as a worker would.
    pub(crate) async fn write(&mut self, operation_id: OperationId, client: &str, news: News) {
        let node = serde_json::json!({"id": format!("n{}", self.graph.version() + 1)});
        self.write_node(operation_id, client, news, node).await;
    }

    pub(crate) async fn write_node(
        &mut self,
        operation_id: OperationId,
        client: &str,
        news: News,
        node: serde_json::Value,
    ) {
        let node: Node = serde_json::from_value(node).expect("a node");
        let hash = EntityHash::of_node_text(node.id.as_str(), &node_text(&node));
        let changes = vec![Change::PutNode { node, hash }];
        let outcome = Outcome::Applied {
            version: self.graph.version() + 1,
        };
        self.apply(operation_id, client, news, changes, outcome)
            .await;
    }

    /// Gives somebody a role, or takes it away.
    pub(crate) async fn grant(&mut self, grantee: &str, role: Option<GraphRole>, news: News) {
        let grantee = match grantee {
            "*" => Grantee::Everyone,
            user => Grantee::User(UserId::new(user).expect("an id")),
        };
        let outcome = Outcome::Applied {
            version: self.graph.version() + 1,
        };
        let changes = vec![Change::SetGrant { grantee, role }];
        self.apply(new_id(), "ann-client", news, changes, outcome)
            .await;
    }

    pub(crate) async fn apply(
        &mut self,
        operation_id: OperationId,
        client: &str,
        news: News,
        changes: Vec<Change>,
        outcome: Outcome,
    ) {
        let version = self.graph.version() + 1;
        let client_id = ClientId::new(client).expect("an id");
        let (nodes, settings) = written(version, &changes);
        let operation = AppliedOperation {
            version,
            operation_id,
            replay_of: None,
            client_id: Some(client_id.clone()),
            user_id: UserId::new("ann").expect("an id"),
            seq: None,
            command_type: CommandType::CreateNode,
            timestamp: version,
            changes,
            conflicts: vec![],
            target: None,
            skipped: vec![],
            inverse: vec![],
        };
        let _undo = self.graph.apply(&operation);
        let event = BatchEvent {
            graph_id: self.id.clone(),
            job_id: "j".to_owned(),
            epoch: self.graph.epoch().clone(),
            from_version: version - 1,
            to_version: version,
            checksum: self.graph.checksum(),
            operations: vec![operation.clone()],
            outcomes: vec![CommandOutcome {
                operation_id,
                client_id: Some(client_id),
                outcome: outcome.clone(),
                traceparent: None,
            }],
            resync: Vec::new(),
        };
        let told = news.of(event);
        let batch = BatchWrite {
            epoch: self.graph.epoch().clone(),
            expected_version: version - 1,
            version,
            checksum: self.graph.checksum(),
            node_count: self.graph.nodes().len(),
            edge_count: 0,
            now_ms: version,
            message: json(&told),
            fate: Fate::Keep,
            outcomes: vec![(operation_id, json(&outcome))],
            nodes,
            edges: vec![],
            viewports: vec![],
            seqs: vec![],
            entries: vec![(version, json(&operation))],
            tombstones: vec![],
            settings,
        };
        let applied = self.store.apply(&self.id, &batch).await.expect("written");
        assert!(matches!(applied, Applied::Written), "{applied:?}");
    }
}

/// Returns what the store is told to write for changes.
fn written(version: u64, changes: &[Change]) -> (Vec<(String, String)>, SettingsWrite) {
    let (mut nodes, mut settings) = (Vec::new(), SettingsWrite::default());
    for change in changes {
        match change {
            Change::PutNode { node, .. } => {
                let record = present(version, &Marks::new(), &node_text(node));
                nodes.push((node.id.to_string(), record));
            }
            Change::SetGrant { grantee, role } => {
                settings.grants.push((grantee.to_string(), *role));
            }
            Change::OpenConflict { conflict } => {
                let id = conflict.conflict_id.clone();
                settings.opened.push((id, json(conflict)));
            }
            other => panic!("the test writes no {other:?}"),
        }
    }
    (nodes, settings)
}

pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}

pub(crate) fn new_id() -> OperationId {
    OperationId(Uuid::now_v7())
}

/// Waits for the next frame that is not of presence.
pub(crate) async fn frame(session: &mut Session) -> ServerFrame {
    loop {
        match any_frame(session).await {
            ServerFrame::Presence { .. } => {}
            frame => return frame,
        }
    }
}

/// Waits for the next frame.
pub(crate) async fn any_frame(session: &mut Session) -> ServerFrame {
    match next(session).await {
        Outgoing::Frame(text) => serde_json::from_slice(&text).expect("a frame"),
        Outgoing::Close(closing) => panic!("{closing:?}"),
    }
}

pub(crate) async fn next(session: &mut Session) -> Outgoing {
    let next = tokio::time::timeout(PATIENCE, session.next());
    next.await.expect("in time")
}

/// Waits until the session is closed and returns the code.
pub(crate) async fn closed(session: &mut Session) -> u16 {
    loop {
        if let Outgoing::Close(closing) = next(session).await {
            return closing.code;
        }
    }
}

/// Takes the welcome and the full state; returns its version.
pub(crate) async fn opened(session: &mut Session) -> u64 {
    assert!(matches!(frame(session).await, ServerFrame::Welcome { .. }));
    match frame(session).await {
        ServerFrame::Sync(Sync::Full { version, .. }) => version,
        other => panic!("{other:?}"),
    }
}

/// Who a client knows to be there.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) peers: Vec<Peer>,
}

impl Seen {
    /// Takes frames until what is known satisfies.
    pub(crate) async fn until(&mut self, session: &mut Session, enough: impl Fn(&[Peer]) -> bool) {
        // Heartbeats do not extend it.
        let seen = tokio::time::timeout(PATIENCE, self.follow(session, enough)).await;
        assert!(seen.is_ok(), "who is there: {:?}", self.peers);
    }

    async fn follow(&mut self, session: &mut Session, enough: impl Fn(&[Peer]) -> bool) {
        while !enough(&self.peers) {
            let ServerFrame::Presence { full, peers, left } = any_frame(session).await else {
                continue;
            };
            if full {
                self.peers.clear();
            }
            self.peers.retain(|known| {
                !left.contains(&known.session_id)
                    && peers.iter().all(|peer| peer.session_id != known.session_id)
            });
            self.peers.extend(peers);
        }
    }

    /// The users that are there, in their order.
    pub(crate) fn users(peers: &[Peer]) -> Vec<&str> {
        let mut users: Vec<&str> = peers.iter().map(|peer| peer.user_id.as_str()).collect();
        users.sort_unstable();
        users
    }
}
