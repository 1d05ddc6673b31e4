//! Connected sessions under the keys of the plans, with their lives.

use std::time::Duration;

use graphy_model::{ClientId, GraphId, OperationId, UserId};
use graphy_store::sessions::{SessionEnd, SessionScope};
use graphy_store::testing::TestRedis;
use graphy_store::{
    NodeRegistry, RedisLink, ServerId, ServerNode, SessionRecord, SessionSettings, Sessions,
};
use graphy_telemetry::SystemClock;
use redis::AsyncCommands as _;

struct World {
    _redis: TestRedis,
    link: RedisLink,
    sessions: Sessions,
    node: ServerId,
}

impl World {
    async fn new(settings: SessionSettings) -> Self {
        let redis = TestRedis::start().await;
        let link = redis.link().await;
        let nodes = NodeRegistry::new(link.clone(), SystemClock::shared());
        let node = ServerId::random();
        let server = ServerNode {
            id: node.clone(),
            role: "all".to_owned(),
            host: "h".to_owned(),
            pid: 1,
            version: "0".to_owned(),
            started_at: 1,
        };
        nodes.announce(&server).await.expect("announced");
        Self {
            _redis: redis,
            sessions: Sessions::new(link.clone(), nodes, settings),
            link,
            node,
        }
    }

    fn record(&self, session: &str, user: &str, joined_at: u64) -> SessionRecord {
        SessionRecord {
            session_id: session.to_owned(),
            graph_id: GraphId::new("g").expect("an id"),
            client_id: ClientId::new(&format!("{user}-c")).expect("an id"),
            user_id: UserId::new(user).expect("an id"),
            name: user.to_uppercase(),
            node: self.node.as_str().to_owned(),
            joined_at,
            last_activity: joined_at + 5,
            client_version: 7,
        }
    }

    async fn life(&self, key: &str) -> i64 {
        self.link.query().ttl(key).await.expect("read")
    }

    async fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.link.query().keys("*").await.expect("read");
        keys.retain(|key| !key.starts_with("node:") && key != "nodes");
        keys.sort();
        keys
    }
}

#[tokio::test]
async fn a_session_has_the_keys_and_lives_of_the_plans() {
    let world = World::new(SessionSettings::default()).await;
    let record = world.record("s1", "ann", 10);
    world
        .sessions
        .keep(std::slice::from_ref(&record))
        .await
        .expect("kept");
    let indexes = [
        "graph:{g}:sessions".to_owned(),
        format!("node_sessions:{}", world.node),
        "project_sessions:g".to_owned(),
        "user_sessions:ann".to_owned(),
    ];
    for index in &indexes {
        let members: Vec<String> = world.link.query().smembers(index).await.expect("read");
        assert_eq!(members, ["s1"], "{index}");
    }
    for key in ["sessions:s1", "user:ann:session"]
        .into_iter()
        .chain(indexes.iter().map(|s| &**s))
    {
        let life = world.life(key).await;
        assert!((3590..=3600).contains(&life), "{key}: {life}");
    }
    let field = async |key: &'static str, field: &'static str| -> String {
        world.link.query().hget(key, field).await.expect("there")
    };
    assert_eq!(field("sessions:s1", "userId").await, "ann");
    assert_eq!(field("sessions:s1", "projectId").await, "g");
    assert_eq!(field("sessions:s1", "socketId").await, "s1");
    assert_eq!(
        field("sessions:s1", "awareness").await,
        r#"{"lastSeen":15,"userName":"ANN"}"#
    );
    assert_eq!(field("sessions:s1", "joinedAt").await, "10");
    assert_eq!(field("sessions:s1", "lastActivity").await, "15");
    assert_eq!(field("user:ann:session", "graphId").await, "g");
    assert_eq!(field("user:ann:session", "connectionId").await, "s1");
    assert_eq!(field("user:ann:session", "clientVersion").await, "7");
    let listed = world
        .sessions
        .list(&SessionScope::All)
        .await
        .expect("listed");
    assert_eq!(listed, [record]);
}

#[tokio::test]
async fn a_goodbye_leaves_nothing_and_a_cut_is_remembered() {
    let world = World::new(SessionSettings::default()).await;
    let pending = [
        OperationId(uuid::Uuid::now_v7()),
        OperationId(uuid::Uuid::now_v7()),
    ];
    let (ann, bea) = (world.record("s1", "ann", 10), world.record("s2", "bea", 11));
    world
        .sessions
        .keep(&[ann.clone(), bea.clone()])
        .await
        .expect("kept");
    world
        .sessions
        .arrived(&ann.client_id, &pending)
        .await
        .expect("noted");
    let noted: Vec<String> = world
        .link
        .query()
        .lrange("client:ann-c:pending", 0, -1)
        .await
        .expect("read");
    assert_eq!(noted, pending.map(|id| id.to_string()));
    world
        .sessions
        .ended(&ann, SessionEnd::Left, &[])
        .await
        .expect("ended");
    world
        .sessions
        .ended(&bea, SessionEnd::Lost, &pending[..1])
        .await
        .expect("ended");
    assert_eq!(
        world.keys().await,
        ["client:bea-c:disconnected", "client:bea-c:pending"]
    );
    for key in ["client:bea-c:disconnected", "client:bea-c:pending"] {
        let life = world.life(key).await;
        assert!((290..=300).contains(&life), "{key}: {life}");
    }
    world
        .sessions
        .arrived(&bea.client_id, &[])
        .await
        .expect("noted");
    assert!(world.keys().await.is_empty());
}

#[tokio::test]
async fn an_older_connection_does_not_take_the_newer_one_off() {
    let world = World::new(SessionSettings::default()).await;
    let (old, new) = (world.record("s1", "ann", 10), world.record("s2", "ann", 11));
    world
        .sessions
        .keep(std::slice::from_ref(&old))
        .await
        .expect("kept");
    world
        .sessions
        .keep(std::slice::from_ref(&new))
        .await
        .expect("kept");
    world
        .sessions
        .ended(&old, SessionEnd::Left, &[])
        .await
        .expect("ended");
    let held: String = world
        .link
        .query()
        .hget("user:ann:session", "connectionId")
        .await
        .expect("there");
    assert_eq!(held, "s2");
}

#[tokio::test]
async fn prefix_and_life_are_settings_and_a_dead_node_is_forgotten() {
    let settings = SessionSettings {
        life: Duration::from_secs(100),
        prefix: "flow:sessions".to_owned(),
    };
    let world = World::new(settings).await;
    let mut ghost = world.record("s1", "ann", 10);
    ghost.node = "dead".to_owned();
    let here = world.record("s2", "bea", 11);
    world
        .sessions
        .keep(&[ghost, here.clone()])
        .await
        .expect("kept");
    let life = world.life("flow:sessions:s1").await;
    assert!((90..=100).contains(&life), "{life}");
    let graph = SessionScope::Graph(GraphId::new("g").expect("an id"));
    let listed = world.sessions.list(&graph).await.expect("listed");
    assert_eq!(
        listed,
        [here],
        "a session of a node that is gone is not shown"
    );
    world
        .sessions
        .forget_node(&ServerId::named("dead"))
        .await
        .expect("forgotten");
    let keys = world.keys().await;
    assert!(
        !keys
            .iter()
            .any(|key| key.contains("s1") || key.contains("dead")),
        "{keys:?}"
    );
    assert!(keys.contains(&"client:ann-c:disconnected".to_owned()));
}
