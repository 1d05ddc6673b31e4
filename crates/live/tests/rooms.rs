//! Rooms on a real Redis: what is lost on the way is found in the store.

use std::time::Duration;

use graphy_live::{Hub, HubSettings, OpenError, OpenRequest, Outgoing, Session};
use graphy_model::checksum::node_text;
use graphy_model::record::{Marks, present};
use graphy_model::{
    AppliedOperation, Change, ClientId, CommandType, EntityHash, Graph, GraphId, Node, OperationId,
    Outcome, Role, UserId,
};
use graphy_protocol::{ServerFrame, Sync};
use graphy_store::graph::{Applied, BatchWrite, Fate, Visibility};
use graphy_store::testing::TestRedis;
use graphy_store::{BatchEvent, CommandOutcome, EventBus, GraphStore, Replicas};
use graphy_telemetry::{SystemClock, TaskRegistry};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(15);

/// Whether the news of a batch arrives.
#[derive(Clone, Copy, PartialEq)]
enum News {
    Arrive,
    AreLost,
}

struct World {
    _redis: TestRedis,
    store: GraphStore,
    hub: Hub,
    id: GraphId,
    graph: Graph,
    token: CancellationToken,
}

impl World {
    async fn new() -> Self {
        let redis = TestRedis::start().await;
        let (tasks, token) = (TaskRegistry::default(), CancellationToken::new());
        let link = redis.link().await;
        let store = GraphStore::new(link.clone(), SystemClock::shared());
        let bus = EventBus::start(link, &tasks, token.clone());
        let settings = HubSettings {
            audit: Duration::from_secs(2),
            silence: Duration::from_millis(200),
            ..HubSettings::default()
        };
        let replicas = Replicas::new(store.clone(), 8);
        let hub = Hub::new(&replicas, bus, tasks, token.child_token(), settings);
        let id = GraphId::new("g").expect("an id");
        let owner = UserId::new("ann").expect("an id");
        store
            .create(&id, "g", &owner, 1, Visibility::Listed)
            .await
            .expect("made");
        let epoch = store.head(&id).await.expect("read").expect("there").epoch;
        Self {
            _redis: redis,
            store,
            hub,
            id,
            graph: Graph::new(epoch, 0),
            token,
        }
    }

    async fn open(&self, client: &str, pending: &[OperationId]) -> Session {
        let session = self.hub.open(self.request(client, pending)).await;
        session.unwrap_or_else(|error| panic!("{error}"))
    }

    fn request(&self, client: &str, pending: &[OperationId]) -> OpenRequest {
        OpenRequest {
            graph_id: self.id.clone(),
            session_id: "s".to_owned(),
            client_id: ClientId::new(client).expect("an id"),
            user_id: UserId::new("ann").expect("an id"),
            role: Role::Editor,
            from: None,
            pending: pending.to_vec(),
        }
    }

    /// Applies one command as a worker would.
    async fn write(&mut self, operation_id: OperationId, client: &str, news: News) {
        let node = serde_json::json!({"id": format!("n{}", self.graph.version() + 1)});
        self.write_node(operation_id, client, news, node).await;
    }

    async fn write_node(
        &mut self,
        operation_id: OperationId,
        client: &str,
        news: News,
        node: serde_json::Value,
    ) {
        let version = self.graph.version() + 1;
        let node: Node = serde_json::from_value(node).expect("a node");
        let text = node_text(&node);
        let hash = EntityHash::of_node_text(node.id.as_str(), &text);
        let stored = (node.id.to_string(), present(version, &Marks::new(), &text));
        let client_id = ClientId::new(client).expect("an id");
        let operation = AppliedOperation {
            version,
            operation_id,
            client_id: Some(client_id.clone()),
            user_id: UserId::new("ann").expect("an id"),
            seq: None,
            command_type: CommandType::CreateNode,
            timestamp: version,
            changes: vec![Change::PutNode { node, hash }],
            inverse: vec![],
        };
        let _undo = self.graph.apply(&operation);
        let outcome = Outcome::Applied { version };
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
            }],
        };
        // News of nothing stand for news that never came.
        let told = match news {
            News::Arrive => event,
            News::AreLost => BatchEvent {
                from_version: 0,
                to_version: 0,
                operations: vec![],
                outcomes: vec![],
                ..event
            },
        };
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
            nodes: vec![stored],
            edges: vec![],
            viewports: vec![],
            seqs: vec![],
            entries: vec![(version, json(&operation))],
            tombstones: vec![],
        };
        let applied = self.store.apply(&self.id, &batch).await.expect("written");
        assert!(matches!(applied, Applied::Written), "{applied:?}");
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}

async fn frame(session: &mut Session) -> ServerFrame {
    match tokio::time::timeout(PATIENCE, session.next())
        .await
        .expect("in time")
    {
        Outgoing::Frame(text) => serde_json::from_slice(&text).expect("a frame"),
        Outgoing::Close(closing) => panic!("{closing:?}"),
    }
}

async fn opened(session: &mut Session) -> u64 {
    assert!(matches!(frame(session).await, ServerFrame::Welcome { .. }));
    match frame(session).await {
        ServerFrame::Sync(Sync::Full { version, .. }) => version,
        other => panic!("{other:?}"),
    }
}

fn new_id() -> OperationId {
    OperationId(Uuid::now_v7())
}

#[tokio::test]
async fn a_gap_is_filled_from_the_history() {
    let mut world = World::new().await;
    world.write(new_id(), "bob", News::Arrive).await;
    let mut ann = world.open("ann", &[]).await;
    assert_eq!(opened(&mut ann).await, 1);
    world.write(new_id(), "bob", News::AreLost).await;
    world.write(new_id(), "bob", News::AreLost).await;
    world.write(new_id(), "bob", News::Arrive).await;
    let mut version = 1;
    while version < 4 {
        let ServerFrame::StateUpdate {
            from_version,
            to_version,
            checksum,
            ..
        } = frame(&mut ann).await
        else {
            panic!("an update")
        };
        assert_eq!(from_version, version);
        version = to_version;
        if version == 4 {
            assert_eq!(checksum, world.graph.checksum());
        }
    }
    world.token.cancel();
}

#[tokio::test]
async fn lost_news_come_with_the_audit() {
    let mut world = World::new().await;
    let mut ann = world.open("ann", &[]).await;
    assert_eq!(opened(&mut ann).await, 0);
    world.write(new_id(), "bob", News::AreLost).await;
    let update = frame(&mut ann).await;
    assert!(
        matches!(update, ServerFrame::StateUpdate { to_version: 1, .. }),
        "{update:?}"
    );
    world.token.cancel();
}

#[tokio::test]
async fn an_outcome_whose_news_were_lost_still_arrives_after_its_update() {
    let mut world = World::new().await;
    let id = new_id();
    let mut ann = world.open("ann", &[id]).await;
    opened(&mut ann).await;
    world.write(id, "ann", News::AreLost).await;
    assert!(matches!(
        frame(&mut ann).await,
        ServerFrame::StateUpdate { to_version: 1, .. }
    ));
    let result = frame(&mut ann).await;
    let ServerFrame::CommandResult {
        operation_id,
        outcome,
    } = result
    else {
        panic!("{result:?}")
    };
    assert_eq!(
        (operation_id, outcome),
        (id, Outcome::Applied { version: 1 })
    );
    world.token.cancel();
}

#[tokio::test]
async fn what_landed_is_said_at_once() {
    let mut world = World::new().await;
    let (landed, open) = (new_id(), new_id());
    world.write(landed, "ann", News::Arrive).await;
    let mut ann = world.open("ann", &[open, landed]).await;
    assert!(matches!(
        frame(&mut ann).await,
        ServerFrame::Welcome { version: 1, .. }
    ));
    let ServerFrame::Sync(Sync::Full { landed: said, .. }) = frame(&mut ann).await else {
        panic!("full")
    };
    assert_eq!(
        said.iter().map(|one| one.operation_id).collect::<Vec<_>>(),
        [landed]
    );
    world.token.cancel();
}

#[tokio::test]
async fn joining_in_the_middle_of_traffic_misses_and_repeats_nothing() {
    let mut world = World::new().await;
    let first = world.open("first", &[]).await;
    for round in 0..20 {
        world.write(new_id(), "bob", News::Arrive).await;
        // Somebody joins while the worker writes.
        let (hub, request) = (world.hub.clone(), world.request(&format!("c{round}"), &[]));
        let joining = tokio::spawn(async move { hub.open(request).await });
        world.write(new_id(), "bob", News::Arrive).await;
        let mut late = joining
            .await
            .expect("no panic")
            .unwrap_or_else(|error| panic!("{error}"));
        world.write(new_id(), "bob", News::Arrive).await;
        let mut version = opened(&mut late).await;
        while version < world.graph.version() {
            let ServerFrame::StateUpdate {
                from_version,
                to_version,
                ..
            } = frame(&mut late).await
            else {
                panic!("an update")
            };
            assert_eq!(from_version, version);
            version = to_version;
        }
    }
    drop(first);
    world.token.cancel();
}

#[tokio::test]
async fn a_graph_that_is_not_there_cannot_be_watched() {
    let world = World::new().await;
    let mut request = world.request("ann", &[]);
    request.graph_id = GraphId::new("nope").expect("an id");
    assert!(matches!(
        world.hub.open(request).await,
        Err(OpenError::NotFound(_))
    ));
    world.token.cancel();
}

#[tokio::test]
async fn a_stop_is_said_before_it_closes() {
    let world = World::new().await;
    let mut ann = world.open("ann", &[]).await;
    opened(&mut ann).await;
    world.hub.shutdown(Duration::from_secs(2));
    assert_eq!(
        frame(&mut ann).await,
        ServerFrame::GoingAway {
            retry_after_ms: 2000
        }
    );
    let Outgoing::Close(closing) = ann.next().await else {
        panic!("closed")
    };
    assert_eq!(closing.code, 4000);
    assert!(matches!(
        world.hub.open(world.request("b", &[])).await,
        Err(OpenError::GoingAway)
    ));
    world.token.cancel();
}

#[tokio::test]
async fn an_operation_too_large_for_a_frame_is_told_as_part_of_the_whole_state() {
    let mut world = World::new().await;
    world.write(new_id(), "ann", News::Arrive).await;
    // As large as the deletion of a node with many thousands of edges.
    let large = serde_json::json!({"id": "large", "title": "x".repeat(600 * 1024)});
    world.write_node(new_id(), "ann", News::Arrive, large).await;
    let mut request = world.request("bob", &[]);
    request.from = Some((world.graph.epoch().clone(), 1));
    let mut session = world.hub.open(request).await.expect("open");
    let ServerFrame::Welcome { version: 2, .. } = frame(&mut session).await else {
        panic!("a welcome comes first");
    };
    let sync = frame(&mut session).await;
    assert!(
        matches!(sync, ServerFrame::Sync(Sync::Full { version: 2, .. })),
        "not the operation, which clients would refuse to read"
    );
    world.token.cancel();
}
