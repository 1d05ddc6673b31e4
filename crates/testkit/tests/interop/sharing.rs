//! One queue with a producer and a worker of each library.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bullmq::JobOptions;
use bullmq::job_scheduler::RepeatOptions;
use bullmq::types::BackoffStrategy;
use graphy_store::testing::TestRedis;
use graphy_testkit::cluster::PATIENCE;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::LOOK_INTERVAL;
use crate::node_queue::{Asked, NodeQueue};
use crate::rust_end::{self, Run, RustWorker};

/// The queue that both share.
const QUEUE: &str = "shared";
/// How far off a delayed job is, in milliseconds.
const DELAY_MS: u64 = 400;

/// A Redis and both ends of its queue.
pub(crate) struct Shared {
    redis: TestRedis,
    pub(crate) node: NodeQueue,
    pub(crate) url: String,
}

impl Shared {
    pub(crate) async fn start() -> Self {
        let redis = TestRedis::start().await;
        let url = redis.tcp_url();
        Self {
            node: NodeQueue::new(&url),
            url: url.expose().to_owned(),
            redis,
        }
    }

    async fn add_from_node(&self, jobs: Value) -> Vec<String> {
        let argument = json!({ "queue": QUEUE, "jobs": jobs });
        serde_json::from_value(self.node.peer("add", &argument).await).unwrap()
    }

    async fn node_worker(&self) -> Asked {
        let options = json!({ "queue": QUEUE, "name": "node-end", "drainDelay": 1 });
        self.node.start_peer("work", &options).await
    }

    async fn job(&self, id: &str) -> Value {
        self.node
            .peer("job", &json!({ "queue": QUEUE, "id": id }))
            .await
    }

    /// Waits until a job is in a state, as Node sees it.
    async fn until_state(&self, id: &str, state: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let job = self.job(id).await;
            if job["state"] == state {
                return job;
            }
            assert!(Instant::now() < deadline, "{id} is not {state}: {job}");
            sleep(LOOK_INTERVAL).await;
        }
    }
}

/// Jobs of which each side is a good witness: two urgencies, a delay, failures.
fn mixed_jobs() -> Vec<(&'static str, Value, JobOptions)> {
    let plain = || JobOptions::new().attempts(3);
    let again = plain().backoff(BackoffStrategy::Fixed(50));
    vec![
        ("low", json!({}), plain().priority(9)),
        ("high", json!({}), plain().priority(1)),
        ("plain", json!({}), plain()),
        (
            "later",
            json!({}),
            plain().delay(Duration::from_millis(DELAY_MS)),
        ),
        (
            "recovers",
            json!({ "fails": 2 }),
            again.clone().priority(20),
        ),
        ("fails", json!({ "fails": 9 }), again.priority(21)),
    ]
}

fn mixed_jobs_of_node() -> Value {
    let again = json!({ "attempts": 3, "backoff": { "type": "fixed", "delay": 50 } });
    let with = |mut opts: Value, priority: u32| {
        opts["priority"] = json!(priority);
        opts
    };
    json!([
        { "name": "low", "opts": { "attempts": 3, "priority": 9 } },
        { "name": "high", "opts": { "attempts": 3, "priority": 1 } },
        { "name": "plain", "opts": { "attempts": 3 } },
        { "name": "later", "opts": { "attempts": 3, "delay": DELAY_MS } },
        { "name": "recovers", "data": { "fails": 2 }, "opts": with(again.clone(), 20) },
        { "name": "fails", "data": { "fails": 9 }, "opts": with(again, 21) },
    ])
}

/// Collects runs until all attempts of the mixed jobs are made, and checks them.
async fn check_mixed(shared: &Shared, ids: &[String], due_ms: u64, runs: Vec<Run>, by: &str) {
    let of = |name: &str| {
        runs.iter()
            .filter(|run| run.name == name)
            .collect::<Vec<_>>()
    };
    let first = |name: &str| runs.iter().position(|run| run.name == name).unwrap();
    assert!(
        first("plain") < first("high") && first("high") < first("low"),
        "{runs:?}"
    );
    let attempts = |name: &str| of(name).iter().map(|run| run.attempt).collect::<Vec<_>>();
    assert_eq!(attempts("recovers"), [1, 2, 3]);
    assert_eq!(attempts("fails"), [1, 2, 3]);
    assert_eq!(attempts("low"), [1]);
    let later = of("later")[0].at_ms;
    assert!(later >= due_ms, "{later} is before {due_ms}");
    for id in &ids[..5] {
        let job = shared.until_state(id, "completed").await;
        assert_eq!(job["returnvalue"], json!({ "by": by }), "{job}");
    }
    let failed = shared.until_state(&ids[5], "failed").await;
    assert!(
        failed["reason"].as_str().unwrap().contains("failure 3"),
        "{failed}"
    );
    assert_eq!(failed["attemptsMade"], 3);
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(now.unwrap().as_millis()).unwrap()
}

fn node_run(line: &Value) -> Run {
    Run {
        id: line["runs"].as_str().unwrap().to_owned(),
        name: line["name"].as_str().unwrap().to_owned(),
        attempt: u32::try_from(line["attempt"].as_u64().unwrap()).unwrap(),
        at_ms: line["at"].as_u64().unwrap(),
    }
}

/// How many runs the mixed jobs take.
const MIXED_RUNS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_node_adds_we_run_with_its_delays_priorities_and_retries() {
    let shared = Shared::start().await;
    let mut events = shared
        .node
        .start_peer("watch", &json!({ "queue": QUEUE }))
        .await;
    let before = now_ms();
    let ids = shared.add_from_node(mixed_jobs_of_node()).await;
    let mut worker = RustWorker::start(&shared.url, QUEUE).await;
    let mut runs = Vec::new();
    while runs.len() < MIXED_RUNS {
        runs.push(worker.run().await);
    }
    check_mixed(&shared, &ids, before + DELAY_MS, runs, "rust").await;
    // Node's listener parses what completed jobs returned; a broken text ends it for good.
    let mut open: HashSet<String> = ids[..5].iter().cloned().collect();
    while !open.is_empty() {
        let done = events.until(|line| line["event"] == "completed").await;
        assert_eq!(done["returnvalue"], json!({ "by": "rust" }), "{done}");
        open.remove(done["jobId"].as_str().unwrap());
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_we_add_node_runs_with_its_delays_priorities_and_retries() {
    let shared = Shared::start().await;
    let before = now_ms();
    let ids = rust_end::add(&shared.url, QUEUE, mixed_jobs()).await;
    let mut worker = shared.node_worker().await;
    let mut runs = Vec::new();
    while runs.len() < MIXED_RUNS {
        runs.push(node_run(
            &worker.until(|line| line["runs"].is_string()).await,
        ));
    }
    check_mixed(&shared, &ids, before + DELAY_MS, runs, "node").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_the_jobs_and_run_each_once() {
    const JOBS: usize = 60;
    let shared = Shared::start().await;
    let mut events = shared
        .node
        .start_peer("watch", &json!({ "queue": QUEUE }))
        .await;
    let mut ours = RustWorker::start(&shared.url, QUEUE).await;
    let mut theirs = shared.node_worker().await;
    let jobs: Vec<Value> = (0..JOBS / 2)
        .map(|index| json!({ "name": format!("node-{index}"), "data": { "takesMs": 10 } }))
        .collect();
    let mut ids = shared.add_from_node(json!(jobs)).await;
    let data = json!({ "takesMs": 10 });
    let jobs = (0..JOBS / 2).map(|_| ("rust", data.clone(), JobOptions::new()));
    ids.extend(rust_end::add(&shared.url, QUEUE, jobs.collect()).await);

    let mut by: HashMap<String, String> = HashMap::new();
    while by.len() < JOBS {
        let done = events.until(|line| line["event"] == "completed").await;
        let id = done["jobId"].as_str().unwrap().to_owned();
        let who = done["returnvalue"]["by"].as_str().unwrap().to_owned();
        assert_eq!(by.insert(id.clone(), who), None, "{id} was completed twice");
    }
    let all: HashSet<&String> = ids.iter().collect();
    assert_eq!(by.keys().collect::<HashSet<_>>(), all);
    let count = |who: &str| by.values().filter(|one| *one == who).count();
    assert!(count("rust") > 0 && count("node") > 0, "{by:?}");
    // What each of them began is what it completed.
    let begun: HashSet<String> = ours.rest().into_iter().map(|run| run.id).collect();
    assert_eq!(begun.len(), count("rust"));
    for _ in 0..count("node") {
        let run = theirs.until(|line| line["runs"].is_string()).await;
        assert!(!begun.contains(run["runs"].as_str().unwrap()), "{run}");
    }
    ours.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_of_one_side_run_at_the_other() {
    let shared = Shared::start().await;
    let schedule = json!({
        "queue": QUEUE, "id": "of-node", "repeat": { "every": 150, "limit": 3 },
        "template": { "name": "tick", "data": {} },
    });
    assert_eq!(
        shared.node.peer("schedule", &schedule).await,
        json!(["of-node"])
    );
    let mut ours = RustWorker::start(&shared.url, QUEUE).await;
    let mut ids = HashSet::new();
    for _ in 0..3 {
        let run = ours.run().await;
        assert_eq!(run.name, "tick");
        ids.insert(run.id);
    }
    assert_eq!(ids.len(), 3, "{ids:?}");
    ours.stop().await;

    let queue = rust_end::queue(&shared.url, QUEUE).await;
    let repeat = RepeatOptions {
        every: Some(150),
        limit: Some(3),
        ..RepeatOptions::default()
    };
    queue
        .upsert_job_scheduler("of-rust", repeat, Some("tock"), Some(json!({})), None)
        .await
        .unwrap();
    let mut theirs = shared.node_worker().await;
    let mut ids = HashSet::new();
    for _ in 0..3 {
        let line = theirs.until(|line| line["name"] == "tock").await;
        ids.insert(line["runs"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 3, "{ids:?}");
    queue.close().await;
}

/// A worker that is busy when the queue is paused takes the next job together with ending its own;
/// if it does not know of the pause, the job is gone from the list at that moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_of_one_side_holds_the_other() {
    let shared = Shared::start().await;
    let mut events = shared
        .node
        .start_peer("watch", &json!({ "queue": QUEUE }))
        .await;
    let queue = rust_end::queue(&shared.url, QUEUE).await;

    // Node pauses, ours holds.
    let mut ours = RustWorker::start(&shared.url, QUEUE).await;
    let busy = json!({ "takesMs": 1500 });
    let first = rust_end::add(
        &shared.url,
        QUEUE,
        vec![("busy", busy.clone(), JobOptions::new())],
    );
    let first = first.await.remove(0);
    assert_eq!(ours.run().await.id, first);
    assert_eq!(
        shared.node.peer("pause", &json!({ "queue": QUEUE })).await,
        true
    );
    let waits = rust_end::add(
        &shared.url,
        QUEUE,
        vec![("waits", json!({}), JobOptions::new())],
    );
    let waits = waits.await.remove(0);
    events.until(|line| line["event"] == "completed").await;
    assert_eq!(shared.job(&waits).await["state"], "waiting");
    assert!(queue.is_paused().await.unwrap());
    assert_eq!(ours.rest(), []);
    assert_eq!(
        shared.node.peer("resume", &json!({ "queue": QUEUE })).await,
        false
    );
    assert_eq!(ours.run().await.id, waits);
    ours.stop().await;

    // Ours pauses, Node holds.
    let mut theirs = shared.node_worker().await;
    let jobs = json!([{ "name": "busy", "data": busy }]);
    let first = shared.add_from_node(jobs).await.remove(0);
    theirs.until(|line| line["runs"] == json!(first)).await;
    queue.pause().await.unwrap();
    let waits = shared
        .add_from_node(json!([{ "name": "waits" }]))
        .await
        .remove(0);
    let over = |line: &Value| line["event"] == "completed" && line["jobId"] == json!(first);
    events.until(over).await;
    assert_eq!(shared.job(&waits).await["state"], "waiting");
    queue.resume().await.unwrap();
    theirs.until(|line| line["runs"] == json!(waits)).await;
    queue.close().await;
    drop(shared.redis);
}
