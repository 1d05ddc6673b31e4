//! Queues that Node's BullMQ made, of version 6 and of version 5.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;

use graphy_store::testing::TestRedis;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::queue_support::{Foreign, ask, ended, ids};
use crate::support::{DEADLINE, Node, until};

const SHOP: Foreign = Foreign {
    prefix: "{shop}",
    queue: "shop-6",
};
const OLD: Foreign = Foreign {
    prefix: "{shop}",
    queue: "shop-5",
};

/// The folder of the Node programs, with their packages installed.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop");
    if !folder.join("node_modules/bullmq5").is_dir() {
        let installed = std::process::Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .output()
            .expect("npm can be run");
        let errors = String::from_utf8_lossy(&installed.stderr);
        assert!(
            installed.status.success(),
            "tests/interop cannot be installed:\n{errors}"
        );
    }
    folder
});

fn program(redis: &TestRedis, version: &str, word: &str) -> Command {
    let mut command = Command::new("node");
    command
        .args(["foreign.mjs", version, word])
        .current_dir(&*FOLDER)
        .env("REDIS_URL", redis.tcp_url().expose())
        .kill_on_drop(true);
    command
}

/// Lets a foreign program make its jobs.
async fn leave(redis: &TestRedis, version: &str) {
    let output = timeout(DEADLINE, program(redis, version, "leave").output());
    let output = output
        .await
        .expect("node ends in time")
        .expect("node can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "node fails: {errors}");
}

/// Starts a foreign worker.
async fn work(redis: &TestRedis, version: &str) -> Child {
    let mut child = program(redis, version, "work")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node can be run");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(DEADLINE, lines.next_line())
        .await
        .expect("node is ready in time");
    assert_eq!(line.unwrap().as_deref(), Some("ready"));
    child
}

async fn queue(node: &Node, foreign: &Foreign) -> Value {
    ask(node, "queues.get", foreign.reference()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_of_node_is_shown_retried_and_worked_on_beside_its_worker() {
    let redis = TestRedis::start().await;
    leave(&redis, "6").await;
    let node = Node::start(&redis.url()).await;
    let shown = queue(&node, &SHOP).await;
    let counts = &shown["summary"]["counts"];
    let expected = json!([1, 10, 10, 2, 1]);
    let states = ["waiting", "completed", "failed", "delayed", "prioritized"];
    let found: Vec<Value> = states.iter().map(|state| counts[*state].clone()).collect();
    assert_eq!(json!(found), expected);
    assert_eq!(shown["summary"]["version"], "bullmq:6.7.0");
    assert_eq!(shown["summary"]["troubles"], json!(["no_worker"]));
    let names = ["fail", "first", "later", "next", "nightly", "send"];
    assert_eq!(shown["jobNames"], json!(names));
    let letters = ask(
        &node,
        "queues.dead_letters",
        json!({"queue": SHOP.reference()}),
    )
    .await;
    assert_eq!(letters["groups"].as_array().unwrap().len(), 1, "{letters}");
    let failed = ids(&node, &SHOP, "failed").await;
    let job = json!({"queue": SHOP.reference(), "jobId": failed[0]});
    let shown = ask(&node, "queues.job", job).await;
    assert!(
        shown["attempts"][0]["error"]
            .as_str()
            .unwrap()
            .contains("no address for user")
    );
    assert_eq!(shown["logs"].as_array().unwrap().len(), 1);
    assert_eq!(shown["row"]["worker"], "shop-worker");
    let moments = shown["timeline"].as_array().unwrap().iter();
    let moments: Vec<_> = moments.map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(&moments[..3], ["added", "started", "failed"], "{shown}");
    let schedulers = ask(&node, "queues.schedulers", SHOP.reference()).await;
    let nightly = &schedulers["schedulers"][0];
    assert_eq!(nightly["words"], "at 02:00, every day (Europe/Berlin)");
    assert_eq!(
        (
            &nightly["fault"],
            nightly["nextRuns"].as_array().unwrap().len()
        ),
        (&Value::Null, 5)
    );

    let request = json!({"queue": SHOP.reference(), "action": "retry", "state": "failed"});
    let preview = ask(&node, "queues.preview", request).await;
    let run = ask(
        &node,
        "queues.run",
        json!({"confirmation": preview["confirmation"]}),
    )
    .await;
    assert_eq!(ended(&node, &run).await["done"], 10);
    let worker = work(&redis, "6").await;
    until("node to have worked on what was retried", async || {
        queue(&node, &SHOP).await["summary"]["counts"]["completed"] == 22
    })
    .await;
    until("its worker to be seen", async || {
        let shown = queue(&node, &SHOP).await;
        shown["workers"][0]["name"] == "shop-worker" && shown["summary"]["troubles"] == json!([])
    })
    .await;
    drop(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_version_5_is_detected() {
    let redis = TestRedis::start().await;
    leave(&redis, "5").await;
    let node = Node::start(&redis.url()).await;
    let shown = queue(&node, &OLD).await;
    assert_eq!(shown["summary"]["version"], "bullmq:5.81.5");
    assert_eq!(shown["summary"]["troubles"][0], "old_peer");
    assert_eq!(shown["summary"]["counts"]["failed"], 10);
}
