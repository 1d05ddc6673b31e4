//! Bulk actions whose node is killed in the middle: no job is lost, none is done twice.
//!
//! The node is a real process. A proxy holds one command of it back at the moment that matters, or
//! the answer to it; the node is killed there. Another node then says what became of the run, takes
//! it back, and finishes what is left.

mod dying;

use std::collections::BTreeSet;

use graphy_model::{Envelope, GraphId, Role};
use graphy_store::testing::until;
use graphy_store::{FsyncPolicy, History};
use graphy_testkit::cluster::{Cluster, NodeKind};
use graphy_testkit::http::HttpCaller;
use serde_json::json;
use uuid::Uuid;

use dying::{Doomed, JOBS, Moment, copied, die_in_the_middle};

/// The dead letters of ours: a replay takes longer than a move between lists.
const DEAD_LETTERS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_that_died_has_lost_no_job_and_is_taken_back() {
    let mut cluster = Cluster::start_with(FsyncPolicy::EverySecond).await;
    let queues = [Moment::Copying, Moment::Changing, Moment::Changed].map(Doomed::foreign);
    let mut before = Vec::new();
    for queue in &queues {
        queue
            .fill(&cluster, |number| json!({ "number": number }))
            .await;
        before.push(queue.list(&cluster, "failed").await);
    }
    let (runs, operator) = die_in_the_middle(&mut cluster, &queues, "remove").await;
    for ((queue, run), before) in queues.iter().zip(&runs).zip(before) {
        let (left, copied) = (
            queue.failed(&cluster).await,
            copied(&cluster, queue, run).await,
        );
        assert!(!left.is_empty() && !copied.is_empty(), "{queue:?}");
        assert_eq!(
            &left | &copied,
            queue.all(),
            "a job is lost: {:?}",
            queue.moment
        );
        let undone = operator
            .ask("queues.run_undo", &json!({ "runId": run["runId"] }))
            .await;
        assert_eq!(undone["state"], "undone", "{undone}");
        assert_eq!(
            queue.list(&cluster, "failed").await,
            before,
            "{:?}",
            queue.moment
        );
        for id in [0, JOBS / 2, JOBS - 1].map(|place| &queue.jobs[place]) {
            let data = cluster.redis().ask(&["HGET", &queue.key(id), "data"]).await;
            assert_eq!(
                data,
                [json!({ "number": id[1..].parse::<u64>().unwrap() }).to_string()]
            );
        }
        // The queue is free for the next one.
        let again = operator.begin(queue, "remove").await;
        let again = operator.ended(&again).await;
        assert_eq!(
            (&again["state"], &again["done"]),
            (&json!("done"), &json!(JOBS))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_died_is_finished_by_another_one_and_no_job_runs_twice() {
    let mut cluster = Cluster::start_with(FsyncPolicy::EverySecond).await;
    let queues = [Moment::Changing, Moment::Changed].map(Doomed::foreign);
    for queue in &queues {
        queue
            .fill(&cluster, |number| json!({ "number": number }))
            .await;
    }
    let (_, operator) = die_in_the_middle(&mut cluster, &queues, "retry").await;
    for queue in &queues {
        let (left, waiting) = (
            queue.failed(&cluster).await,
            queue.list(&cluster, "wait").await,
        );
        let retried: BTreeSet<String> = waiting.iter().cloned().collect();
        assert_eq!(
            (&left | &retried, &left & &retried),
            (queue.all(), BTreeSet::new())
        );
        let again = operator.begin(queue, "retry").await;
        let again = operator.ended(&again).await;
        assert_eq!(again["done"], left.len(), "{again}");
        let mut waiting = queue.list(&cluster, "wait").await;
        waiting.sort();
        assert_eq!(waiting, Vec::from_iter(queue.all()), "each waits once");
        let events = cluster
            .redis()
            .ask(&["XRANGE", &queue.key("events"), "-", "+"])
            .await;
        let woken = events.iter().filter(|text| *text == "waiting").count();
        assert_eq!(woken, JOBS, "each was told to wait once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_whose_replay_died_have_one_effect_each() {
    let mut cluster = Cluster::start_with(FsyncPolicy::EverySecond).await;
    let graph: GraphId = "g".parse().unwrap();
    let worker = cluster.add(NodeKind::All, 1).await;
    let caller = HttpCaller::new(cluster.token(&"ada".parse().unwrap(), Role::Admin).await);
    let node = cluster.node(worker).url();
    caller.create_graph(&node, &graph).await.unwrap();
    let create = json!({ "operationId": Uuid::now_v7(), "type": "CREATE_NODE",
        "payload": { "id": "n", "title": "n" } });
    let create = Envelope::from_value(create).unwrap();
    caller.send(&node, &graph, &[create]).await.unwrap();

    // The commands of the job were replayed, and its removal did not happen: it is still there.
    let queue = Doomed {
        prefix: "bull",
        queue: "graph-commands".to_owned(),
        jobs: (0..DEAD_LETTERS)
            .map(|number| format!("dead-{number}"))
            .collect(),
        moment: Moment::Changing,
    };
    let ids: Vec<String> = (0..DEAD_LETTERS)
        .map(|_| Uuid::now_v7().to_string())
        .collect();
    let dead_letter = |number: usize| {
        json!({ "graphId": "g", "commands": [{
            "operationId": ids[number], "type": "UPDATE_NODE", "userId": "ada",
            "payload": { "id": "n", "patch": { "title": format!("title {number}") } },
        }] })
    };
    queue.fill(&cluster, dead_letter).await;
    let (_, operator) =
        die_in_the_middle(&mut cluster, std::slice::from_ref(&queue), "retry").await;
    assert!(
        queue
            .failed(&cluster)
            .await
            .contains(&queue.jobs[DEAD_LETTERS / 2])
    );
    let again = operator.begin(&queue, "retry").await;
    let again = operator.ended(&again).await;
    assert_eq!(
        (&again["state"], &again["skipped"]),
        (&json!("done"), &json!(0))
    );
    assert_eq!(queue.failed(&cluster).await, BTreeSet::new());

    let titles = async || {
        let history = cluster
            .store()
            .operations_since(&graph, 1, 2 * DEAD_LETTERS)
            .await
            .unwrap();
        let History::Operations(history) = history else {
            panic!("the history is there")
        };
        history.len()
    };
    until("all are replayed", async || titles().await >= DEAD_LETTERS).await;
    crate::support::idle(&cluster).await;
    assert_eq!(titles().await, DEAD_LETTERS, "each has one effect");
    let state = caller.state(&node, &graph).await.unwrap();
    assert_eq!(state.version, 1 + DEAD_LETTERS as u64);
}
