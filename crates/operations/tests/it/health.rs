//! Readiness: what is not proved end to end is not ready, and says which way is closed.

use std::collections::BTreeMap;

use graphy_protocol::console::HealthReport;
use graphy_store::testing::TestRedis;
use graphy_telemetry::board::{PartStatus, WorkerState, WorkerStatus};

use crate::support::{DEADLINE, Node, until};

/// The checks that failed, and what they say.
fn failed(report: &HealthReport) -> BTreeMap<&str, &str> {
    let failed = report.checks.iter().filter(|check| !check.ok);
    let failed: BTreeMap<&str, &str> = failed
        .map(|check| (check.name.as_str(), check.detail.as_str()))
        .collect();
    assert_eq!(report.ready, failed.is_empty());
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_workers_that_stopped_are_named() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let workers = node.workers().await;
    until("the node to be ready", || async {
        node.operations.readiness().await.ready
    })
    .await;
    let probes = node.operations.board().read().probes;
    let names: Vec<&str> = probes.iter().map(|probe| probe.name.as_str()).collect();
    let all = [
        "queue graph-commands",
        "queue sync-operations",
        "queue analytics",
        "broadcast",
    ];
    assert_eq!(names, all);
    assert!(
        probes
            .iter()
            .all(|probe| probe.ok && probe.took_ms.is_some())
    );

    workers.stop(DEADLINE).await.unwrap();
    until("the node to be unready", || async {
        !node.operations.readiness().await.ready
    })
    .await;
    let report = node.operations.readiness().await;
    let failed = failed(&report);
    let names: Vec<&str> = failed.keys().copied().collect();
    assert_eq!(
        names,
        ["command", "queue analytics", "queue sync-operations"]
    );
    for (check, queue) in [
        ("command", "graph-commands"),
        ("queue analytics", "analytics"),
        ("queue sync-operations", "sync-operations"),
    ] {
        let detail = failed[check];
        assert!(
            detail.contains(&format!("no worker of {queue} ")),
            "{detail}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_hears_nothing_is_found() {
    let redis = TestRedis::start().await;
    let elsewhere = TestRedis::start().await;
    let node = Node::start_hearing(&redis.url(), &elsewhere.url()).await;
    let _workers = node.workers().await;
    let report = node.operations.readiness().await;
    let failed = failed(&report);
    // Commands come through: their outcomes are looked up when nobody tells them.
    assert_eq!(failed.keys().copied().collect::<Vec<_>>(), ["broadcast"]);
    let detail = failed["broadcast"];
    assert!(detail.contains("this node's subscription"), "{detail}");
    let probes = node.operations.board().read().probes;
    let broken: Vec<&str> = probes
        .iter()
        .filter(|probe| !probe.ok)
        .map(|probe| probe.name.as_str())
        .collect();
    assert_eq!(broken, ["broadcast"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_made_anew_is_not_ready() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    node.operations.board().add(|| PartStatus {
        workers: vec![WorkerStatus {
            queue: "graph-commands".to_owned(),
            name: "graphy-test-1".to_owned(),
            state: WorkerState::Rebuilding,
            concurrency: 16,
            active: 0,
            fetched: 0,
            last_fetch_ms: None,
            rebuilds: 1,
        }],
        ..PartStatus::default()
    });
    let report = node.operations.readiness().await;
    let failed = failed(&report);
    assert_eq!(failed.keys().copied().collect::<Vec<_>>(), ["workers"]);
    assert!(failed["workers"].contains("graph-commands"));
}
