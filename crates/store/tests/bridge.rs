//! What old consumers hear and read, on a real Redis.

use std::time::Duration;

use futures_util::StreamExt;
use graphy_model::{
    AppliedOperation, Change, Checksum, CommandType, Epoch, GraphId, NodeId, OperationId, UserId,
};
use graphy_store::bridge;
use graphy_store::testing::TestRedis;
use graphy_store::{BatchEvent, BridgeSettings, GraphStore, PresenceBus, RedisLink};
use graphy_telemetry::{SystemClock, TaskRegistry};
use redis::AsyncCommands as _;
use redis::streams::StreamRangeReply;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

struct World {
    _redis: TestRedis,
    link: RedisLink,
    heard: redis::aio::PubSub,
    presence: PresenceBus,
    tasks: TaskRegistry,
    token: CancellationToken,
}

impl World {
    async fn new(prefix: Option<&str>) -> Self {
        let redis = TestRedis::start().await;
        let (tasks, token) = (TaskRegistry::default(), CancellationToken::new());
        let link = redis.link().await;
        let mut heard = link.pubsub().await.expect("connected");
        heard.psubscribe("*").await.expect("subscribed");
        let world = Self {
            presence: PresenceBus::start(link.clone(), &tasks, token.clone()),
            _redis: redis,
            link,
            heard,
            tasks,
            token,
        };
        world.bridge(prefix);
        // It leads once it listens: then there are two listeners.
        let mut again = tokio::time::interval(Duration::from_millis(20));
        loop {
            again.tick().await;
            let listening: usize = world
                .link
                .query()
                .publish("graph:{nobody}:events", "{}")
                .await
                .expect("published");
            if listening == 2 {
                return world;
            }
        }
    }

    fn bridge(&self, prefix: Option<&str>) {
        let store = GraphStore::new(self.link.clone(), SystemClock::shared());
        let settings = BridgeSettings {
            prefix: prefix.map(str::to_owned),
            stream_length_max: 1000,
        };
        bridge::start(
            &self.link,
            &store,
            &settings,
            &self.tasks,
            self.token.clone(),
        );
    }

    async fn apply(&self, epoch: &str, from: u64, to: u64) {
        let operation = |version: u64| AppliedOperation {
            version,
            operation_id: OperationId(uuid::Uuid::from_u128(version.into())),
            replay_of: None,
            client_id: None,
            user_id: UserId::new("ann").expect("an id"),
            seq: None,
            command_type: CommandType::DeleteNode,
            timestamp: 5,
            changes: vec![Change::DeleteNode {
                id: NodeId::new("n").expect("an id"),
            }],
            conflicts: vec![],
            target: None,
            skipped: vec![],
            inverse: vec![],
        };
        let event = BatchEvent {
            graph_id: GraphId::new("g").expect("an id"),
            job_id: "j".to_owned(),
            epoch: Epoch::new(epoch).expect("an id"),
            from_version: from,
            to_version: to,
            checksum: Checksum(0),
            operations: (from + 1..=to).map(operation).collect(),
            outcomes: vec![],
            resync: vec![],
        };
        let text = serde_json::to_string(&event).expect("JSON");
        let _: usize = self
            .link
            .query()
            .publish("graph:{g}:events", text)
            .await
            .expect("published");
    }

    /// Waits for the next message that is not one of ours.
    async fn next(&mut self) -> (String, Value) {
        let mut messages = self.heard.on_message();
        loop {
            let message = tokio::time::timeout(PATIENCE, messages.next()).await;
            let message = message.expect("in time").expect("the connection lives");
            let channel = message.get_channel_name().to_owned();
            if !channel.starts_with("graph:") {
                let body = serde_json::from_slice(message.get_payload_bytes()).expect("JSON");
                return (channel, body);
            }
        }
    }

    async fn stream(&self) -> Vec<String> {
        let reply: StreamRangeReply = self
            .link
            .query()
            .xrange_all("operations:g")
            .await
            .expect("read");
        reply.ids.into_iter().map(|entry| entry.id).collect()
    }

    fn stop(self) {
        self.token.cancel();
    }
}

#[tokio::test]
async fn operations_are_told_and_kept_in_order_once() {
    let mut world = World::new(None).await;
    world.apply("e", 4, 6).await;
    for version in [5, 6] {
        let (channel, body) = world.next().await;
        assert_eq!(channel, "project:g");
        assert_eq!(body["type"], "OPERATION_BROADCAST");
        let payload = &body["payload"];
        assert_eq!(
            (&payload["version"], &payload["type"]),
            (&json!(version), &json!("DELETE_NODE"))
        );
        assert_eq!(payload["id"], uuid::Uuid::from_u128(version).to_string());
        assert_eq!(payload["projectId"], "g");
    }
    // A second bridge, the same batch again, and one that overlaps.
    world.bridge(None);
    world.apply("e", 4, 6).await;
    world.apply("e", 5, 7).await;
    assert_eq!(world.next().await.1["payload"]["version"], 7);
    assert_eq!(world.stream().await, ["5-0", "6-0", "7-0"]);
    // The consumer group of the plan reads it.
    let options = redis::streams::StreamReadOptions::default()
        .group("processors", "c1")
        .count(10);
    let read: redis::streams::StreamReadReply = world
        .link
        .query()
        .xread_options(&["operations:g"], &[">"], &options)
        .await
        .expect("the group is there");
    let entry = &read.keys[0].ids[0];
    let operation: String = redis::from_redis_value(entry.map["operation"].clone()).expect("text");
    let operation: Value = serde_json::from_str(&operation).expect("JSON");
    assert_eq!(operation["version"], 5);
    // Another life of the graph begins anew.
    world.apply("f", 0, 1).await;
    assert_eq!(world.next().await.1["payload"]["version"], 1);
    assert_eq!(world.stream().await, ["1-0"]);
    world.stop();
}

#[tokio::test]
async fn people_are_told_under_the_names_of_the_plan() {
    let mut world = World::new(Some("flow:events")).await;
    let graph = GraphId::new("g").expect("an id");
    let peer = json!({
        "sessionId": "s1", "clientId": "c", "userId": "ann", "name": "Ann", "color": 1,
        "node": "n1", "joinedAt": 1, "state": {"cursor": {"x": 1, "y": 2}},
    });
    let tell = async |message: Value, world: &World| {
        let text = message.to_string();
        world.presence.publish(&graph, &text).await.expect("told");
    };
    tell(json!({"node": "n1", "peers": [peer]}), &world).await;
    for channel in ["flow:events:user:ann", "flow:events:project:g"] {
        let (on, body) = world.next().await;
        assert_eq!((on.as_str(), &body["type"]), (channel, &json!("USER_JOIN")));
        assert_eq!(body["payload"]["userName"], "Ann");
    }
    let (on, body) = world.next().await;
    assert_eq!(
        (on.as_str(), &body["type"]),
        ("flow:events:global:awareness", &json!("AWARENESS_UPDATE"))
    );
    assert_eq!(
        body["payload"]["awareness"]["cursor"],
        json!({"x": 1, "y": 2})
    );
    tell(json!({"node": "n1", "all": [], "peers": []}), &world).await;
    for channel in ["flow:events:user:ann", "flow:events:project:g"] {
        let (on, body) = world.next().await;
        assert_eq!(
            (on.as_str(), &body["type"]),
            (channel, &json!("USER_LEAVE"))
        );
    }
    world.stop();
}
