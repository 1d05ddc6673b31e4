//! Graphs in a real Redis: their life, their one write, and what listeners hear.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use graphy_model::{Checksum, Epoch, GraphId, OperationId, Outcome, UserId};
use graphy_store::graph::{Applied, BatchWrite, Fate, HIDDEN_LEASE, SettingsWrite, Visibility};
use graphy_store::testing::TestRedis;
use graphy_store::{BusEvent, EventBus, GraphStore, History, StoreError};
use graphy_telemetry::TaskRegistry;
use graphy_telemetry::clock::ManualClock;
use redis::AsyncCommands;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

struct Fixture {
    redis: TestRedis,
    clock: ManualClock,
    store: GraphStore,
    graph: GraphId,
    owner: UserId,
}

impl Fixture {
    async fn start() -> Self {
        let redis = TestRedis::start().await;
        let clock = ManualClock::at(1_000_000);
        let store = GraphStore::new(redis.link().await, clock.shared());
        let graph = GraphId::new("g").unwrap();
        Self {
            redis,
            clock,
            store,
            graph,
            owner: UserId::new("ada").unwrap(),
        }
    }

    async fn create(&self, visibility: Visibility) -> Epoch {
        let (id, owner) = (&self.graph, &self.owner);
        self.store
            .create(id, "Name", owner, 1_000_000, visibility)
            .await
            .unwrap();
        self.store.head(id).await.unwrap().unwrap().epoch
    }

    async fn keys(&self) -> Vec<String> {
        redis::cmd("KEYS")
            .arg("*")
            .query_async(&mut self.store.link().query())
            .await
            .unwrap()
    }
}

fn write(epoch: &Epoch, version: u64) -> BatchWrite {
    let operation = format!(
        r#"{{"version":{version},"operationId":"{}","userId":"ada","type":"CREATE_NODE","timestamp":1,"changes":[]}}"#,
        Uuid::now_v7()
    );
    BatchWrite {
        settings: SettingsWrite::default(),
        epoch: epoch.clone(),
        expected_version: version - 1,
        version,
        checksum: Checksum(version),
        node_count: 1,
        edge_count: 0,
        now_ms: 1_000_000,
        message: "{}".to_owned(),
        fate: Fate::Keep,
        outcomes: vec![(
            OperationId(Uuid::now_v7()),
            serde_json::to_string(&Outcome::Applied { version }).unwrap(),
        )],
        nodes: vec![],
        edges: vec![],
        viewports: vec![],
        seqs: vec![],
        entries: vec![(version, operation)],
        tombstones: vec![],
    }
}

#[tokio::test]
async fn a_hidden_graph_is_seen_only_when_revealed() {
    let fixture = Fixture::start().await;
    fixture.create(Visibility::Hidden).await;
    assert_eq!(fixture.store.list().await.unwrap(), []);
    fixture.store.reveal(&fixture.graph).await.unwrap();
    assert_eq!(fixture.store.list().await.unwrap()[0].meta.name, "Name");
    fixture
        .clock
        .advance_ms(10 * u64::try_from(HIDDEN_LEASE.as_millis()).unwrap());
    assert_eq!(
        fixture.store.discard_expired().await.unwrap(),
        0,
        "a listed graph stays"
    );
}

#[tokio::test]
async fn an_abandoned_hidden_graph_leaves_nothing() {
    let fixture = Fixture::start().await;
    let epoch = fixture.create(Visibility::Hidden).await;
    fixture
        .store
        .apply(&fixture.graph, &write(&epoch, 1))
        .await
        .unwrap();
    fixture
        .clock
        .advance_ms(u64::try_from(HIDDEN_LEASE.as_millis()).unwrap() - 1);
    assert_eq!(fixture.store.discard_expired().await.unwrap(), 0);
    fixture.store.renew_lease(&fixture.graph).await.unwrap();
    fixture
        .clock
        .advance_ms(u64::try_from(HIDDEN_LEASE.as_millis()).unwrap() - 1);
    assert_eq!(
        fixture.store.discard_expired().await.unwrap(),
        0,
        "the lease was renewed"
    );
    fixture.clock.advance_ms(2);
    assert_eq!(fixture.store.discard_expired().await.unwrap(), 1);
    assert_eq!(fixture.keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_id_is_taken_once() {
    let fixture = Fixture::start().await;
    let epoch = fixture.create(Visibility::Listed).await;
    let again = fixture
        .store
        .create(
            &fixture.graph,
            "Other",
            &fixture.owner,
            1,
            Visibility::Hidden,
        )
        .await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { .. })));
    fixture
        .clock
        .advance_ms(10 * u64::try_from(HIDDEN_LEASE.as_millis()).unwrap());
    assert_eq!(fixture.store.discard_expired().await.unwrap(), 0);
    let head = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    assert_eq!((head.epoch, head.meta.name.as_str()), (epoch, "Name"));
}

#[tokio::test]
async fn a_write_against_an_old_version_writes_nothing_and_brings_what_was_missed() {
    let fixture = Fixture::start().await;
    let epoch = fixture.create(Visibility::Listed).await;
    let first = write(&epoch, 1);
    assert!(matches!(
        fixture.store.apply(&fixture.graph, &first).await,
        Ok(Applied::Written)
    ));
    let late = write(&epoch, 1);
    let Applied::Behind { version, missed } =
        fixture.store.apply(&fixture.graph, &late).await.unwrap()
    else {
        panic!("the version was taken");
    };
    assert_eq!((version, missed.len(), missed[0].version), (1, 1, 1));
    let outcomes = fixture
        .store
        .outcomes_of(&fixture.graph, &[late.outcomes[0].0])
        .await
        .unwrap();
    assert_eq!(outcomes, [None]);
}

#[tokio::test]
async fn a_known_operation_is_told_apart_before_anything_is_written() {
    let fixture = Fixture::start().await;
    let epoch = fixture.create(Visibility::Listed).await;
    let first = write(&epoch, 1);
    fixture.store.apply(&fixture.graph, &first).await.unwrap();
    let mut again = write(&epoch, 2);
    again.outcomes.push(first.outcomes[0].clone());
    let Applied::Known(known) = fixture.store.apply(&fixture.graph, &again).await.unwrap() else {
        panic!("one of the two was known");
    };
    assert_eq!(known, first.outcomes);
    assert_eq!(
        fixture
            .store
            .head(&fixture.graph)
            .await
            .unwrap()
            .unwrap()
            .version,
        1
    );
}

#[tokio::test]
async fn another_life_and_another_owner_are_noticed() {
    let fixture = Fixture::start().await;
    let epoch = fixture.create(Visibility::Listed).await;
    let other = write(&Epoch::new("other").unwrap(), 1);
    let answer = fixture.store.apply(&fixture.graph, &other).await;
    assert!(matches!(answer, Ok(Applied::OtherEpoch)));
    let mut redis = fixture.store.link().write();
    let () = redis
        .hset("graph:{g}:state", "authority", "v1")
        .await
        .unwrap();
    let answer = fixture.store.apply(&fixture.graph, &write(&epoch, 1)).await;
    assert!(matches!(answer, Ok(Applied::NotOurs)));
    let () = redis.del("graph:{g}:state").await.unwrap();
    let answer = fixture.store.apply(&fixture.graph, &write(&epoch, 1)).await;
    assert!(matches!(answer, Ok(Applied::Gone)));
}

#[tokio::test]
async fn a_history_that_is_not_kept_says_so() {
    let fixture = Fixture::start().await;
    let epoch = fixture.create(Visibility::Listed).await;
    for version in 1..=5 {
        fixture
            .store
            .apply(&fixture.graph, &write(&epoch, version))
            .await
            .unwrap();
    }
    let mut redis = fixture.store.link().write();
    let _: usize = redis::cmd("XTRIM")
        .arg("graph:{g}:operations")
        .arg("MINID")
        .arg("4-0")
        .query_async(&mut redis)
        .await
        .unwrap();
    let since = |version| fixture.store.operations_since(&fixture.graph, version, 10);
    assert_eq!(since(2).await.unwrap(), History::TooOld);
    let versions = |history| match history {
        History::Operations(operations) => operations
            .iter()
            .map(|operation| operation.version)
            .collect::<Vec<_>>(),
        History::TooOld => panic!("these are kept"),
    };
    assert_eq!(versions(since(3).await.unwrap()), [4, 5]);
    assert_eq!(versions(since(5).await.unwrap()), Vec::<u64>::new());
    let () = redis.del("graph:{g}:operations").await.unwrap();
    assert_eq!(since(4).await.unwrap(), History::TooOld);
    assert_eq!(versions(since(5).await.unwrap()), Vec::<u64>::new());
}

#[tokio::test]
async fn a_listener_hears_every_batch_or_a_gap() {
    let fixture = Fixture::start().await;
    let epoch = fixture.create(Visibility::Listed).await;
    let (tasks, token) = (TaskRegistry::default(), CancellationToken::new());
    let bus = EventBus::start(fixture.redis.link().await, &tasks, token);
    let mut events = bus.subscribe(&fixture.graph).await.unwrap();
    let mut batch = write(&epoch, 1);
    batch.message = format!(
        r#"{{"graphId":"g","jobId":"j","epoch":"{epoch}","fromVersion":0,"toVersion":1,
            "checksum":"0000000000000001","operations":[],"outcomes":[]}}"#
    );
    fixture.store.apply(&fixture.graph, &batch).await.unwrap();
    let patience = Duration::from_secs(20);
    let event = loop {
        // A bus that has just connected may say first that it does not know what was before.
        match tokio::time::timeout(patience, events.next()).await.unwrap() {
            BusEvent::Batch(event) => break event,
            BusEvent::Gap => {}
        }
    };
    assert_eq!((event.from_version, event.to_version), (0, 1));
    let _: u64 = redis::cmd("CLIENT")
        .arg(&["KILL", "TYPE", "pubsub"])
        .query_async(&mut fixture.store.link().query())
        .await
        .unwrap();
    let event = tokio::time::timeout(patience, events.next()).await.unwrap();
    assert!(
        matches!(event, BusEvent::Gap),
        "a lost connection is told: {event:?}"
    );
    batch.expected_version = 1;
    batch.version = 2;
    batch.entries[0].0 = 2;
    batch.outcomes[0].0 = OperationId(Uuid::now_v7());
    fixture.store.apply(&fixture.graph, &batch).await.unwrap();
    let event = tokio::time::timeout(patience, events.next()).await.unwrap();
    assert!(
        matches!(event, BusEvent::Batch(_)),
        "and the bus listens again: {event:?}"
    );
}
