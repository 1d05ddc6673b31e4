//! Graphs in memory: how often they were there, and how long they stay.

use std::time::Duration;

use graphy_model::{GraphId, UserId};
use graphy_store::graph::Visibility;
use graphy_store::testing::TestRedis;
use graphy_store::{GraphStore, ReplicaSettings, Replicas};
use graphy_telemetry::SystemClock;

#[tokio::test]
async fn graphs_that_nobody_uses_are_forgotten_and_counted_as_misses() {
    let redis = TestRedis::start().await;
    let store = GraphStore::new(redis.link().await, SystemClock::shared());
    let (id, user) = (GraphId::new("plan").unwrap(), UserId::new("ann").unwrap());
    store
        .create(&id, "Plan", &user, store.now_ms(), Visibility::Listed)
        .await
        .unwrap();
    let settings = ReplicaSettings {
        replicas_max: 4,
        idle_max: Some(Duration::from_millis(1)),
    };
    let replicas = Replicas::with(store.clone(), settings);
    for _ in 0..3 {
        let version = replicas
            .read(&id, graphy_model::Graph::version)
            .await
            .unwrap();
        assert!(version.is_some());
    }
    let status = replicas.cache_status();
    assert_eq!((status.hits, status.misses, status.entries), (2, 1, 1));
    assert_eq!((status.entries_max, status.ttl_ms), (4, Some(1)));

    let held = replicas.lane(&id).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let keeps = Replicas::with(store, ReplicaSettings::default());
    keeps.read(&id, |_| ()).await.unwrap();
    // Long enough for an unused one, which the second set's reading took anyway.
    let began = tokio::time::Instant::now();
    while began.elapsed() <= Duration::from_millis(2) {
        tokio::task::yield_now().await;
    }
    replicas.forget_idle();
    assert_eq!(replicas.cache_status().entries, 1, "somebody holds it");
    drop(held);
    while replicas.cache_status().entries > 0 {
        assert!(tokio::time::Instant::now() < deadline, "it stays");
        replicas.forget_idle();
        tokio::task::yield_now().await;
    }
    keeps.forget_idle();
    assert_eq!(keeps.cache_status().entries, 1, "this set keeps graphs");
    replicas.read(&id, |_| ()).await.unwrap();
    assert_eq!(replicas.cache_status().misses, 2);
}
