//! The queues `sync-operations` and `analytics`, their schedulers and the probes.

use std::time::Duration;

use graphy_engine::{
    AnalyticsJob, EngineConfig, JobEnd, OfClient, OfGraph, Probed, QueueKind, QueueSettings,
    Queues, SettleConflict, SyncJob, TakeSnapshot, read_progress, read_snapshot,
};
use graphy_model::{Choice, ClientId, Command, Outcome, Role};
use graphy_store::graph::SnapshotRoom;
use graphy_store::testing::until;
use graphy_store::{BusEvent, History};
use serde_json::{Value, json};

use crate::fixture::{Fixture, PATIENCE, applied, command, create};

async fn end(fixture: &Fixture, kind: QueueKind, id: &str) -> JobEnd {
    let queues = fixture.intake.queues();
    queues.ended(kind, id, PATIENCE).await.unwrap()
}

async fn sync(fixture: &Fixture, job: SyncJob) -> JobEnd {
    let id = fixture.intake.queues().sync(&job).await.unwrap();
    end(fixture, QueueKind::SyncOperations, &id).await
}

async fn analyse(fixture: &Fixture, job: AnalyticsJob) -> Value {
    let id = fixture.intake.queues().analyse(&job).await.unwrap();
    match end(fixture, QueueKind::Analytics, &id).await {
        JobEnd::Completed(value) => value,
        other => panic!("{job:?} ended as {other:?}"),
    }
}

fn of_graph(fixture: &Fixture) -> OfGraph {
    OfGraph {
        graph_id: fixture.graph.clone(),
    }
}

fn snapshot_of(fixture: &Fixture) -> AnalyticsJob {
    AnalyticsJob::GenerateSnapshot(TakeSnapshot {
        graph_id: Some(fixture.graph.clone()),
        user_id: Some("ada".parse().unwrap()),
    })
}

fn config(change: impl FnOnce(&mut QueueSettings)) -> EngineConfig {
    let mut config = EngineConfig::default();
    change(&mut config.queues);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_told_where_a_graph_stands_and_which_client_to_bring_to_the_present() {
    let fixture = Fixture::start().await;
    fixture.run(create("a")).await;
    let mut heard = fixture
        .intake
        .events()
        .subscribe(&fixture.graph)
        .await
        .unwrap();
    let told = sync(&fixture, SyncJob::BroadcastUpdate(of_graph(&fixture))).await;
    let JobEnd::Completed(told) = told else {
        panic!("{told:?}")
    };
    assert_eq!(told["version"], 1);
    let client: ClientId = "c".parse().unwrap();
    let job = SyncJob::SyncClient(OfClient {
        graph_id: fixture.graph.clone(),
        client_id: client.clone(),
    });
    sync(&fixture, job).await;
    let mut events = Vec::new();
    while events.len() < 2 {
        if let BusEvent::Batch(event) = heard.next().await {
            events.push(event);
        }
    }
    for event in &events {
        assert_eq!((event.from_version, event.to_version), (1, 1));
    }
    assert!(events[0].resync.is_empty());
    assert_eq!(events[1].resync, [client]);
    let gone = SyncJob::BroadcastUpdate(OfGraph {
        graph_id: "nowhere".parse().unwrap(),
    });
    let JobEnd::Failed(reason) = sync(&fixture, gone).await else {
        panic!("there is no such graph")
    };
    assert!(reason.contains("nowhere"), "{reason}");
}

async fn conflict(fixture: &Fixture) -> String {
    fixture.run(create("n")).await;
    let rename = |title: &str| {
        let payload = json!({ "id": "n", "patch": { "title": title }, "base": { "title": "n" } });
        let mut envelope = command("UPDATE_NODE", payload);
        envelope.base_version = Some(1);
        envelope
    };
    fixture.run_as("bea", rename("mine")).await;
    match fixture.run_as("cid", rename("theirs")).await {
        Outcome::Conflict { conflict_id, .. } => conflict_id.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_settled_once_however_often_its_job_runs() {
    let fixture = Fixture::start().await;
    let conflict_id = conflict(&fixture).await;
    let job = |role| {
        SyncJob::ResolveConflict(SettleConflict {
            graph_id: fixture.graph.clone(),
            conflict_id: conflict_id.parse().unwrap(),
            choice: Choice::Mine,
            value: None,
            user_id: "ada".parse().unwrap(),
            role,
        })
    };
    let JobEnd::Failed(reason) = sync(&fixture, job(Role::Viewer)).await else {
        panic!("a viewer may not settle conflicts")
    };
    assert!(reason.contains("viewer"), "{reason}");
    let queues = fixture.intake.queues();
    let id = queues.sync(&job(Role::Admin)).await.unwrap();
    let JobEnd::Completed(issued) = end(&fixture, QueueKind::SyncOperations, &id).await else {
        panic!("the command is issued")
    };
    let operation = serde_json::from_value(issued["operationId"].clone()).unwrap();
    assert_eq!(fixture.outcome(operation).await, applied(4));
    // The job once more, as after the death of its worker: the same job, run again.
    let library = library(&fixture, "sync-operations").await;
    let mut again = library.get_job(&id).await.unwrap().unwrap();
    again.retry("completed", None).await.unwrap();
    until("the job runs again", async || {
        let job = library.get_job(&id).await.unwrap().unwrap();
        job.attempts_started() >= 2 && job.is_completed().await.unwrap()
    })
    .await;
    // Even if its first command was forgotten by the queue, the graph remembers.
    let commands = self::library(&fixture, "graph-commands").await;
    let command_job = issued["jobId"].as_str().unwrap();
    assert!(commands.remove(command_job).await.unwrap());
    let mut again = library.get_job(&id).await.unwrap().unwrap();
    again.retry("completed", None).await.unwrap();
    let end = queues.ended(QueueKind::GraphCommands, command_job, PATIENCE);
    until("the command runs again", async || {
        matches!(
            queues
                .ended(QueueKind::GraphCommands, command_job, Duration::ZERO)
                .await
                .unwrap(),
            JobEnd::Completed(_)
        )
    })
    .await;
    assert!(matches!(end.await.unwrap(), JobEnd::Completed(_)));
    let History::Operations(history) = fixture
        .store
        .operations_since(&fixture.graph, 0, 100)
        .await
        .unwrap()
    else {
        panic!("the history is there")
    };
    let settled = history.iter().filter(|one| one.operation_id == operation);
    assert_eq!((settled.count(), history.len()), (1, 4));
    fixture.check_graph().await;
}

async fn library(fixture: &Fixture, queue: &str) -> bullmq::Queue {
    let url = fixture.redis.url();
    let connection = bullmq::options::RedisConnectionOptions::new().url(url.expose());
    let options = bullmq::QueueOptions::new().connection(connection);
    bullmq::Queue::with_options(queue, options).await.unwrap()
}

fn edge(id: &str, source: &str, target: &str, weight: f64) -> graphy_model::Envelope {
    let payload = json!({ "id": id, "source": source, "target": target, "weight": weight });
    command("CREATE_EDGE", payload)
}

fn progress(id: &str, progress: f64) -> graphy_model::Envelope {
    let payload = json!({ "id": id, "patch": { "progress": progress } });
    command("UPDATE_NODE", payload)
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_rolled_up_after_edits_beside_the_history() {
    let config = config(|queues| queues.progress_delay = Duration::from_millis(50));
    let mut fixture = Fixture::without_workers(config).await;
    fixture.start_workers().await;
    for id in ["whole", "a", "b"] {
        fixture.run(create(id)).await;
    }
    fixture.run(edge("e", "whole", "a", 3.0)).await;
    fixture.run(edge("f", "whole", "b", 1.0)).await;
    fixture.run(progress("a", 1.0)).await;
    let head = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    let read = async || {
        read_progress(&fixture.store, &fixture.graph, &head.epoch)
            .await
            .unwrap()
    };
    until("the last edit is rolled up", async || {
        read().await.is_some_and(|report| report.version == 6)
    })
    .await;
    let report = read().await.unwrap();
    let rolled: Vec<_> = report
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node.progress, node.parts))
        .collect();
    assert_eq!(rolled, [("whole", 0.75, 2)]);
    // Nobody's edit: the history has only what people did.
    let head = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    assert_eq!(head.version, 6);
    // A burst of edits asks for few jobs.
    for step in 0..30_u32 {
        fixture.run(progress("b", f64::from(step) / 100.0)).await;
    }
    until("the last of the burst is rolled up", async || {
        read().await.is_some_and(|report| report.version == 36)
    })
    .await;
    fixture.check_graph().await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story of a graph")]
async fn a_snapshot_is_the_graph_at_its_version_while_edits_go_on() {
    let config = config(|queues| {
        queues.snapshot_room = SnapshotRoom {
            count_max: 3,
            bytes_max: 1 << 20,
        };
    });
    let mut fixture = Fixture::without_workers(config).await;
    fixture.start_workers().await;
    let fixture = fixture;
    for round in 0..5_u32 {
        let editing = async {
            for step in 0..20_u32 {
                fixture.run(create(&format!("n-{round}-{step}"))).await;
            }
        };
        let (made, ()) = tokio::join!(analyse(&fixture, snapshot_of(&fixture)), editing);
        let version = made["version"].as_u64().unwrap();
        let kept = fixture
            .store
            .snapshot(&fixture.graph, made["snapshotId"].as_str().unwrap())
            .await
            .unwrap()
            .expect("it was just made");
        let content = read_snapshot(&kept.data).unwrap();
        // Every edit made one node, so the version tells what the graph held.
        let mut expected: Vec<String> = (0..version)
            .map(|place| format!("n-{}-{}", place / 20, place % 20))
            .collect();
        expected.sort();
        let held: Vec<&str> = content.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(held, expected);
        assert_eq!(kept.snapshot.bytes, kept.data.len() as u64);
        let mut sum = graphy_model::Checksum::default();
        for node in &content.nodes {
            let text = graphy_model::checksum::node_text(node);
            sum.add(graphy_model::EntityHash::of_node_text(
                node.id.as_str(),
                &text,
            ));
        }
        assert_eq!(sum, kept.snapshot.checksum);
    }
    let kept = fixture.store.snapshots(&fixture.graph).await.unwrap();
    assert_eq!(kept.len(), 3, "the oldest made room");
    assert!(kept.is_sorted_by(|a, b| a.version >= b.version));
    fixture.run(progress("n-0-0", 0.5)).await;
    analyse(
        &fixture,
        AnalyticsJob::CalculateProgress(of_graph(&fixture)),
    )
    .await;
    assert_eq!(
        keys_of_graph(&fixture).await,
        3,
        "progress, snapshots and their copies"
    );
    fixture.run(command("DELETE_GRAPH", json!({}))).await;
    assert_eq!(
        keys_of_graph(&fixture).await,
        0,
        "nothing is left of a deleted graph"
    );
    // Nor does a job that comes late bring anything back.
    let id = fixture
        .intake
        .queues()
        .analyse(&snapshot_of(&fixture))
        .await
        .unwrap();
    let JobEnd::Failed(reason) = end(&fixture, QueueKind::Analytics, &id).await else {
        panic!("there is no graph")
    };
    assert!(reason.contains("does not exist"), "{reason}");
    assert_eq!(keys_of_graph(&fixture).await, 0);
}

/// Counts what lies beside a graph.
async fn keys_of_graph(fixture: &Fixture) -> u64 {
    let mut exists = redis::cmd("EXISTS");
    for part in ["progress", "snapshots", "snapshots:data"] {
        exists.arg(format!("graph:{{{}}}:{part}", fixture.graph));
    }
    exists.query_async(&mut fixture.link.query()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn graphs_that_changed_get_a_snapshot_and_those_that_did_not_get_none() {
    let fixture = Fixture::start().await;
    fixture.run(create("a")).await;
    let pass = AnalyticsJob::GenerateSnapshot(TakeSnapshot::default());
    let snapshots = async || fixture.store.snapshots(&fixture.graph).await.unwrap().len();
    assert_eq!(analyse(&fixture, pass.clone()).await["asked"], 1);
    until("the first snapshot", async || snapshots().await == 1).await;
    assert_eq!(analyse(&fixture, pass.clone()).await["asked"], 0);
    // Its job once more, as after the death of its worker: it finds what it made.
    let library = library(&fixture, "analytics").await;
    let done = library.get_completed(0, -1).await.unwrap();
    let made = |job: &bullmq::Job| job.name() == "GENERATE_SNAPSHOT" && job.data() != &json!({});
    let mut again = done.into_iter().find(made).unwrap();
    again.retry("completed", None).await.unwrap();
    until("the job runs again", async || {
        let job = library.get_job(again.id()).await.unwrap().unwrap();
        job.attempts_started() >= 2 && job.is_completed().await.unwrap()
    })
    .await;
    assert_eq!(snapshots().await, 1);
    fixture.run(create("b")).await;
    assert_eq!(analyse(&fixture, pass).await["asked"], 1);
    until("the second snapshot", async || snapshots().await == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphs_are_counted_and_what_does_not_add_up_is_found() {
    let config = config(|queues| queues.totals_interval = Duration::ZERO);
    let mut fixture = Fixture::without_workers(config).await;
    fixture.start_workers().await;
    for id in ["a", "b", "c"] {
        fixture.run(create(id)).await;
    }
    fixture.run(edge("e", "a", "b", 1.0)).await;
    analyse(&fixture, AnalyticsJob::UpdateMetrics).await;
    let state = fixture.store.totals().await.unwrap();
    let totals = state.totals.expect("one pass counts everything");
    assert_eq!((totals.graphs, totals.nodes, totals.edges), (1, 3, 1));
    assert_eq!((totals.history_entries, totals.open_conflicts), (4, 0));
    assert_eq!((state.verified, state.mismatched.len()), (1, 0));
    // Somebody writes past the apply script.
    let key = format!("graph:{{{}}}:nodes", fixture.graph);
    let record: String = redis::cmd("HGET")
        .arg(&[key.as_str(), "a"])
        .query_async(&mut fixture.link.query())
        .await
        .unwrap();
    let bent = record.replace("\"title\":\"a\"", "\"title\":\"z\"");
    assert_ne!(bent, record);
    let () = redis::cmd("HSET")
        .arg(&[key.as_str(), "a", bent.as_str()])
        .query_async(&mut fixture.link.write())
        .await
        .unwrap();
    let found = analyse(&fixture, AnalyticsJob::UpdateMetrics).await;
    assert_eq!(found["mismatched"], json!([fixture.graph.as_str()]));
    let () = redis::cmd("HSET")
        .arg(&[key.as_str(), "a", record.as_str()])
        .query_async(&mut fixture.link.write())
        .await
        .unwrap();
    let found = analyse(&fixture, AnalyticsJob::UpdateMetrics).await;
    assert_eq!(found["mismatched"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn schedulers_are_not_doubled_survive_and_are_repaired() {
    let config = config(|queues| queues.snapshot_interval = Duration::from_secs(7200));
    let mut fixture = Fixture::without_workers(config).await;
    // Three nodes start, one after the other, and one of them twice.
    for _ in 0..4 {
        fixture.start_workers().await;
    }
    let queue = library(&fixture, "analytics").await;
    until("both are planned", async || {
        queue.get_job_schedulers_count().await.unwrap() == 2
    })
    .await;
    until("the count has run and is planned again", async || {
        let totals = fixture.store.totals().await.unwrap();
        let schedulers = queue.get_job_schedulers(0, -1, true).await.unwrap();
        totals.totals.is_some() && schedulers.iter().all(|one| one.next.is_some())
    })
    .await;
    let planned = async || {
        let delayed = queue.get_delayed(0, -1).await.unwrap();
        let mut names: Vec<String> = delayed.iter().map(|job| job.name().to_owned()).collect();
        names.sort();
        names
    };
    until("each has one next run", async || {
        planned().await == ["GENERATE_SNAPSHOT", "UPDATE_METRICS"]
    })
    .await;
    // A node that starts finds the chain broken: somebody removed the next run.
    for job in queue.get_delayed(0, -1).await.unwrap() {
        // The library itself refuses to do this.
        let () = redis::pipe()
            .cmd("ZREM")
            .arg(&["bull:analytics:delayed", job.id()])
            .cmd("DEL")
            .arg(format!("bull:analytics:{}", job.id()))
            .exec_async(&mut fixture.link.write())
            .await
            .unwrap();
    }
    assert!(planned().await.is_empty());
    fixture.start_workers().await;
    until("both have a next run again", async || {
        planned().await == ["GENERATE_SNAPSHOT", "UPDATE_METRICS"]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_says_which_queue_nobody_works_on() {
    let mut fixture = Fixture::without_workers(EngineConfig::default()).await;
    let wait = Duration::from_millis(300);
    let queues = fixture.intake.queues().clone();
    for kind in [QueueKind::SyncOperations, QueueKind::Analytics] {
        assert_eq!(queues.probe(kind, wait).await.unwrap(), Probed::Silent);
    }
    fixture.start_workers().await;
    for kind in [QueueKind::SyncOperations, QueueKind::Analytics] {
        let found = queues.probe(kind, PATIENCE).await.unwrap();
        assert!(matches!(found, Probed::Answered(_)), "{kind:?}: {found:?}");
        let counts = queues.counts(kind).await.unwrap();
        // A scheduler's job may be there, a probe is not.
        let names = library(&fixture, kind.name()).await;
        let completed = names.get_completed(0, -1).await.unwrap();
        assert!(
            completed.iter().all(|job| job.name() != "PROBE"),
            "{counts:?}"
        );
    }
    let library = library(&fixture, "analytics").await;
    library.pause().await.unwrap();
    let found = queues.probe(QueueKind::Analytics, wait).await.unwrap();
    assert_eq!(found, Probed::HeldBack);
    library.resume().await.unwrap();
    fixture
        .workers
        .take()
        .unwrap()
        .stop(PATIENCE)
        .await
        .unwrap();
    let found = queues.probe(QueueKind::Analytics, wait).await.unwrap();
    assert_eq!(found, Probed::Silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_prefix_is_another_set_of_queues() {
    let config = config(|queues| queues.prefix = "{other}".to_owned());
    let mut fixture = Fixture::without_workers(config).await;
    fixture.start_workers().await;
    assert_eq!(fixture.run(create("a")).await, applied(1));
    let usual = Queues::open(&fixture.link, &EngineConfig::default())
        .await
        .unwrap();
    for kind in QueueKind::ALL {
        assert_eq!(usual.counts(kind).await.unwrap().unfinished(), 0);
    }
    let ended = fixture.intake.queue().counts().await.unwrap().completed;
    assert_eq!(ended, 1);
    assert!(matches!(create("x").command, Command::CreateNode(_)));
}
