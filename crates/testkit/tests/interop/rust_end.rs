//! One end of a queue, as the Rust library is: the twin of `tests/interop/peer.mjs`.

use std::sync::Arc;
use std::time::Duration;

use bullmq::options::RedisConnectionOptions;
use bullmq::worker::CancellationToken;
use bullmq::{Job, JobOptions, Queue, QueueOptions, Worker, WorkerOptions};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// How long a worker keeps a job without a sign of life.
const LOCK: Duration = Duration::from_secs(1);

/// A run of a job at our worker.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) attempt: u32,
    pub(crate) at_ms: u64,
}

/// Our worker, which fails jobs as often as their data says and holds those that say so.
pub(crate) struct RustWorker {
    worker: Arc<Worker>,
    runs: mpsc::UnboundedReceiver<Run>,
}

fn connection(url: &str) -> RedisConnectionOptions {
    RedisConnectionOptions::new().url(url)
}

/// Opens the queue.
pub(crate) async fn queue(url: &str, name: &str) -> Queue {
    let options = QueueOptions::new().connection(connection(url));
    Queue::with_options(name, options).await.unwrap()
}

/// Adds jobs in their order; returns their ids.
pub(crate) async fn add(
    url: &str,
    name: &str,
    jobs: Vec<(&str, Value, JobOptions)>,
) -> Vec<String> {
    let queue = queue(url, name).await;
    let mut ids = Vec::new();
    for (name, data, options) in jobs {
        let job = queue.add(name, data).options(options).await.unwrap();
        ids.push(job.id().to_owned());
    }
    queue.close().await;
    ids
}

impl RustWorker {
    pub(crate) async fn start(url: &str, queue: &str) -> Self {
        let (told, runs) = mpsc::unbounded_channel();
        let options = WorkerOptions::new()
            .connection(connection(url))
            .name("rust-end")
            .concurrency(1)
            .lock_duration(LOCK)
            .stalled_interval(LOCK)
            .max_stalled_count(u32::MAX - 1)
            .drain_delay(Duration::from_secs(1));
        let work = move |job: Job, _: CancellationToken| {
            let told = told.clone();
            async move { carry_out(&job, &told).await }
        };
        let worker = Worker::with_options(queue, work, options).await.unwrap();
        Self {
            worker: Arc::new(worker),
            runs,
        }
    }

    /// Waits for the next run of a job.
    pub(crate) async fn run(&mut self) -> Run {
        let run = tokio::time::timeout(graphy_testkit::cluster::PATIENCE, self.runs.recv());
        run.await.expect("a job runs in time").unwrap()
    }

    /// Returns the runs that were told and not asked for.
    pub(crate) fn rest(&mut self) -> Vec<Run> {
        std::iter::from_fn(|| self.runs.try_recv().ok()).collect()
    }

    pub(crate) async fn stop(self) {
        self.worker.close(5_000).await.unwrap();
    }
}

async fn carry_out(job: &Job, told: &mpsc::UnboundedSender<Run>) -> Result<Value, bullmq::Error> {
    let attempt = job.attempts_made() + 1;
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let run = Run {
        id: job.id().to_owned(),
        name: job.name().to_owned(),
        attempt,
        at_ms: u64::try_from(at.unwrap().as_millis()).unwrap(),
    };
    let _ = told.send(run);
    let data = job.data();
    if data["holds"] == true {
        std::future::pending::<()>().await;
    }
    if u64::from(attempt) <= data["fails"].as_u64().unwrap_or(0) {
        return Err(bullmq::Error::ProcessingError(format!("failure {attempt}")));
    }
    tokio::time::sleep(Duration::from_millis(data["takesMs"].as_u64().unwrap_or(0))).await;
    Ok(json!({ "by": "rust" }))
}
