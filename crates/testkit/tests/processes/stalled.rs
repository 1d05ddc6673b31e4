//! Jobs of a killed worker come back, whichever queue they are of, and have one effect.
//!
//! The worker is a real process. A proxy keeps it from ever saying that a job has ended: its jobs
//! take effect and stay its own until it is killed. That is the worst moment to die at.

use std::time::Duration;

use graphy_engine::{
    AnalyticsJob, EngineConfig, JobEnd, QueueKind, Queues, SettleConflict, SyncJob, TakeSnapshot,
};
use graphy_model::{Choice, Envelope, GraphId, OperationId, Outcome, Role, UserId};
use graphy_store::History;
use graphy_store::testing::until;
use graphy_testkit::cluster::{Cluster, NodeKind, PATIENCE};
use graphy_testkit::http::HttpCaller;
use graphy_testkit::proxy::{Command, Fault, Harm, Proxy};
use serde_json::{Value, json};
use uuid::Uuid;

/// Says whether a command is the script that ends a job of one of the two queues.
fn ends_a_job(command: &Command<'_>) -> bool {
    let names = |queue: &str| {
        let key = format!("bull:{queue}:completed");
        command
            .arguments()
            .any(|argument| argument == key.as_bytes())
    };
    command.is_script() && (names("sync-operations") || names("analytics"))
}

fn envelope(kind: &str, payload: &Value, base_version: Option<u64>) -> Envelope {
    let mut command = json!({ "operationId": Uuid::now_v7(), "type": kind, "payload": payload });
    if let Some(version) = base_version {
        command["baseVersion"] = version.into();
    }
    Envelope::from_value(command).unwrap()
}

/// Makes a graph with one conflict that waits for a person.
async fn conflict(cluster: &Cluster, api: usize, graph: &GraphId) -> String {
    let api = cluster.node(api).url();
    let mut last = None;
    for (user, command) in [
        (
            "ada",
            envelope("CREATE_NODE", &json!({ "id": "n", "title": "n" }), None),
        ),
        ("bea", rename("mine")),
        ("cid", rename("theirs")),
    ] {
        let user: UserId = user.parse().unwrap();
        let caller = HttpCaller::new(cluster.token(&user, Role::Admin).await);
        if last.is_none() {
            caller.create_graph(&api, graph).await.unwrap();
        }
        let id = command.operation_id;
        caller.send(&api, graph, &[command]).await.unwrap();
        let progress = caller.progress(&api, id, PATIENCE / 2).await.unwrap();
        last = progress.outcome;
    }
    match last {
        Some(Outcome::Conflict { conflict_id, .. }) => conflict_id.to_string(),
        other => panic!("{other:?}"),
    }
}

fn rename(title: &str) -> Envelope {
    let payload = json!({ "id": "n", "patch": { "title": title }, "base": { "title": "n" } });
    envelope("UPDATE_NODE", &payload, Some(1))
}

async fn started(cluster: &Cluster, kind: QueueKind, job: &str) -> u64 {
    let key = format!("bull:{}:{job}", kind.name());
    redis::cmd("HGET")
        .arg(&[key.as_str(), "ats"])
        .query_async(&mut cluster.link().query())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one story of a few processes")]
async fn a_killed_worker_s_jobs_come_back_and_have_one_effect() {
    let mut cluster = Cluster::start().await;
    let proxy = Proxy::start(&cluster.redis().tcp_url(), 1).await;
    let worker = cluster.add_through(NodeKind::Worker, proxy.url()).await;
    let api = cluster.add(NodeKind::Api, 1).await;
    let graph: GraphId = "g".parse().unwrap();
    let conflict_id = conflict(&cluster, api, &graph).await;
    let store = cluster.store();
    let queues = Queues::open(cluster.link(), &EngineConfig::default())
        .await
        .unwrap();

    proxy.inflict(Fault::sometimes(Harm::LoseRequest, 1.0, ends_a_job));
    let settle = SyncJob::ResolveConflict(SettleConflict {
        graph_id: graph.clone(),
        conflict_id: conflict_id.parse().unwrap(),
        choice: Choice::Mine,
        value: None,
        user_id: "ada".parse().unwrap(),
        role: Role::Admin,
    });
    let take = AnalyticsJob::GenerateSnapshot(TakeSnapshot {
        graph_id: Some(graph.clone()),
        user_id: Some("ada".parse().unwrap()),
    });
    let settle = (
        QueueKind::SyncOperations,
        queues.sync(&settle).await.unwrap(),
    );
    let take = (QueueKind::Analytics, queues.analyse(&take).await.unwrap());
    until("both jobs take effect", async || {
        let head = store.head(&graph).await.unwrap().unwrap();
        head.open_conflicts == 0 && store.snapshots(&graph).await.unwrap().len() == 1
    })
    .await;
    until("the worker tried to say so", async || {
        proxy.counts().requests_lost >= 2
    })
    .await;
    cluster.node_mut(worker).kill();
    for (kind, job) in [&settle, &take] {
        let end = queues.ended(*kind, job, Duration::ZERO).await.unwrap();
        assert_eq!(end, JobEnd::Unended, "{kind:?} is still the dead worker's");
    }

    cluster.add(NodeKind::Worker, 1).await;
    let mut returned = Vec::new();
    for (kind, job) in [&settle, &take] {
        match queues.ended(*kind, job, PATIENCE).await.unwrap() {
            JobEnd::Completed(value) => returned.push(value),
            other => panic!("{kind:?}: {other:?}"),
        }
        assert!(
            started(&cluster, *kind, job).await >= 2,
            "{kind:?} ran again"
        );
    }
    let snapshots = store.snapshots(&graph).await.unwrap();
    assert_eq!(snapshots.len(), 1);
    assert_eq!(returned[1]["snapshotId"], snapshots[0].snapshot_id.as_str());
    let operation: OperationId =
        serde_json::from_value(returned[0]["operationId"].clone()).unwrap();
    until("the command that ran again is over", async || {
        queues
            .counts(QueueKind::GraphCommands)
            .await
            .unwrap()
            .unfinished()
            == 0
    })
    .await;
    let History::Operations(history) = store.operations_since(&graph, 0, 100).await.unwrap() else {
        panic!("the history is there")
    };
    let effects = history.iter().filter(|one| one.operation_id == operation);
    assert_eq!((effects.count(), history.len()), (1, 4));
    let found = store.verify(&graph).await.unwrap().unwrap();
    assert_eq!(found.stored, found.computed);
}
