//! Workers that are killed in the middle of a job: the other library's workers take it back.

use std::process::Stdio;

use bullmq::JobOptions;
use graphy_model::Outcome;
use graphy_testkit::cluster::NodeKind;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::rust_end::{self, RustWorker};
use crate::sharing::Shared;
use crate::{Fixture, create};

/// Tells the process of a worker where its Redis is.
const REDIS_VARIABLE: &str = "GRAPHY_TEST_INTEROP_REDIS";
/// The queue of the worker that is killed.
const QUEUE: &str = "held";

/// A Node worker takes a job with commands and dies; a worker of ours carries it out, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_at_a_killed_node_worker_are_applied_by_ours() {
    let mut fixture = Fixture::start().await;
    // Whoever looked for dead workers last says when that is done again; Node's usual 30 s would
    // hold for our worker too.
    let hold = json!({
        "queue": "graph-commands", "lockDuration": 1000, "stalledInterval": 500,
        "holdsAll": true, "drainDelay": 1,
    });
    let mut foreign = fixture.node.start_peer("work", &hold).await;
    let command = create("survives");
    fixture.send(std::slice::from_ref(&command)).await;
    foreign.until(|line| line["runs"].is_string()).await;
    assert_eq!(fixture.version().await, 0);
    foreign.kill().await;
    fixture.cluster.add(NodeKind::Worker, 1).await;
    assert_eq!(
        fixture.outcome(command.operation_id).await,
        Outcome::Applied { version: 1 }
    );
    let counts = fixture.completed(1).await;
    assert_eq!((counts.completed, counts.failed, counts.active), (1, 0, 0));
    assert_eq!(fixture.version().await, 1);
}

/// A worker of ours takes a job and dies; a Node worker runs it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_at_a_killed_worker_of_ours_is_run_by_node() {
    let shared = Shared::start().await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--ignored",
            "--nocapture",
            "recovery::a_worker_that_holds",
        ])
        .env(REDIS_VARIABLE, &shared.url)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let jobs = vec![("held", json!({ "holds": true }), JobOptions::new())];
    let id = rust_end::add(&shared.url, QUEUE, jobs).await.remove(0);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = format!("holds {id}");
    let held = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(&told) {
                return;
            }
        }
        panic!("the worker ended before it held the job");
    };
    tokio::time::timeout(graphy_testkit::cluster::PATIENCE, held)
        .await
        .unwrap();
    child.kill().await.unwrap();
    let options = json!({ "queue": QUEUE, "stalledInterval": 500, "lockDuration": 1000 });
    let mut node = shared.node.start_peer("work", &options).await;
    let run = node.until(|line| line["runs"].is_string()).await;
    assert_eq!(run["runs"], json!(id));
}

/// Not a test of its own: the process that is killed.
#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn a_worker_that_holds() {
    let Ok(url) = std::env::var(REDIS_VARIABLE) else {
        return;
    };
    let mut worker = RustWorker::start(&url, QUEUE).await;
    let run = worker.run().await;
    println!("holds {}", run.id);
    std::future::pending::<()>().await;
}
