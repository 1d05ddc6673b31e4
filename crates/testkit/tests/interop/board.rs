//! bull-board, the board that many deployments have, on a Redis of ours.

use bullmq::JobOptions;
use graphy_store::testing::until;
use graphy_testkit::cluster::NodeKind;
use serde_json::json;

use crate::rust_end::{self, RustWorker};
use crate::{Fixture, create};

/// A queue beside that of commands.
const QUEUE: &str = "beside";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_shows_the_right_counts_and_its_retry_button_works() {
    let mut fixture = Fixture::start().await;
    let url = fixture.cluster.redis().tcp_url().expose().to_owned();
    let worker = fixture.cluster.add(NodeKind::Worker, 1).await;
    for index in 0..3 {
        let command = create(&format!("node-{index}"));
        fixture.send(std::slice::from_ref(&command)).await;
        fixture.outcome(command.operation_id).await;
    }
    let nonsense = json!({ "nonsense": true });
    fixture.node.ask_failing("produce", &nonsense).await;
    fixture.completed(3).await;
    fixture.cluster.node(worker).freeze();
    fixture.send(&[create("waits")]).await;

    let mut ours = RustWorker::start(&url, QUEUE).await;
    let once = json!({ "fails": 1 });
    let jobs = vec![
        ("fails", once, JobOptions::new().attempts(1)),
        ("fine", json!({}), JobOptions::new()),
        (
            "later",
            json!({}),
            JobOptions::new().delay(std::time::Duration::from_secs(3600)),
        ),
    ];
    let ids = rust_end::add(&url, QUEUE, jobs).await;
    let ran = [ours.run().await.id, ours.run().await.id];
    assert_eq!(ran, ids[..2]);
    let queue = rust_end::queue(&url, QUEUE).await;
    let settled = async || {
        let counts = queue.get_job_counts().await.unwrap();
        (counts.completed, counts.failed)
    };
    until("the jobs are laid aside", async || {
        settled().await == (1, 1)
    })
    .await;

    let mut board = fixture.node.open_board(&json!({
        "queues": ["graph-commands", QUEUE], "retry": { "queue": QUEUE, "jobId": ids[0] },
    }));
    let shown = board.line().await;
    let none = json!({
        "active": 0, "waiting": 0, "waiting-children": 0, "prioritized": 0,
        "completed": 0, "failed": 0, "delayed": 0,
    });
    let with = |counts: &[(&str, u64)]| {
        let mut shown = none.clone();
        for (state, count) in counts {
            shown[*state] = json!(count);
        }
        shown
    };
    let of_commands = with(&[("waiting", 1), ("completed", 3), ("failed", 1)]);
    assert_eq!(shown["graph-commands"], of_commands);
    let beside = with(&[("completed", 1), ("failed", 1), ("delayed", 1)]);
    assert_eq!(shown[QUEUE], beside);
    assert_eq!(board.answer().await, "retried");

    // The second attempt does not fail.
    let again = ours.run().await;
    assert_eq!((again.id, again.attempt), (ids[0].clone(), 2));
    until("the job is completed", async || settled().await == (2, 0)).await;
    ours.stop().await;
    queue.close().await;
}
