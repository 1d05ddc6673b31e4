//! The queue as the engine uses it: the Rust library with the engine's options.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bullmq::options::RedisConnectionOptions;
use bullmq::types::{BackoffStrategy, KeepJobs, RemoveOnFinish};
use bullmq::worker::CancellationToken;
use bullmq::{BulkJob, Job, JobOptions, Queue, QueueOptions, Worker, WorkerOptions};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::results::{Latency, Run};
use super::{QUEUE, job_data};
use crate::bench::meter::cpu_seconds;

/// Jobs of which the engine's queue keeps so many when they are done.
const COMPLETED_KEPT: usize = 1000;
/// The longest wait that is told apart, ten minutes.
const LATE_MAX_US: u64 = 600_000_000;
/// How often jobs that are due are added; the same in `bullmq.mjs`.
const TICK: Duration = Duration::from_millis(1);

fn connection(url: &str) -> RedisConnectionOptions {
    RedisConnectionOptions::new().url(url)
}

/// Opens the queue.
pub(super) async fn open(url: &str, name: &str) -> anyhow::Result<Queue> {
    let options = QueueOptions::new().connection(connection(url));
    Ok(Queue::with_options(name, options).await?)
}

fn job_options() -> JobOptions {
    JobOptions::new()
        .attempts(3)
        .backoff(BackoffStrategy::Exponential(200))
        .remove_on_complete(RemoveOnFinish::Options(KeepJobs {
            age: None,
            count: Some(COMPLETED_KEPT),
            limit: None,
        }))
}

/// Measures an action from its beginning to its end. It runs as a task, on a thread of the runtime
/// beside the tasks of its connections, as everything of the engine does; in the main thread it
/// would wake another thread for each command and be woken by one for each answer.
async fn measured<T: Send + 'static>(
    jobs: u64,
    action: impl Future<Output = anyhow::Result<T>> + Send + 'static,
) -> anyhow::Result<(Run, T)> {
    let pid = std::process::id();
    let (cpu, began) = (cpu_seconds(pid)?, Instant::now());
    let outcome = tokio::spawn(action).await??;
    let run = Run {
        jobs,
        seconds: began.elapsed().as_secs_f64(),
        client_cpu_s: cpu_seconds(pid)? - cpu,
    };
    Ok((run, outcome))
}

/// Adds jobs through one connection; each caller waits for one before it adds the next.
pub(super) async fn add(url: &str, jobs: u64, callers: u64) -> anyhow::Result<Run> {
    let queue = Arc::new(open(url, QUEUE).await?);
    let shared = Arc::clone(&queue);
    let run = measured(jobs, async move {
        let mut adding = tokio::task::JoinSet::new();
        for _ in 0..callers {
            let queue = Arc::clone(&shared);
            adding.spawn(async move {
                let data = job_data();
                for _ in 0..jobs / callers {
                    queue.add("COMMANDS", &data).options(job_options()).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(added) = adding.join_next().await {
            added??;
        }
        Ok(())
    })
    .await;
    queue.close().await;
    Ok(run?.0)
}

/// Adds jobs in batches, one batch after the other.
pub(super) async fn bulk(url: &str, name: &str, jobs: u64, batch: u64) -> anyhow::Result<Run> {
    let queue = Arc::new(open(url, name).await?);
    let shared = Arc::clone(&queue);
    let run = measured(jobs, async move {
        let data = job_data();
        for _ in 0..jobs.div_ceil(batch) {
            let batch = (0..batch)
                .map(|_| BulkJob::new("COMMANDS", &data).options(job_options()))
                .collect();
            shared.add_bulk(batch).await?;
        }
        Ok(())
    })
    .await;
    queue.close().await;
    Ok(run?.0)
}

/// A worker that counts its jobs and how long after their time they began.
pub(super) struct Serving {
    worker: Worker,
    tally: Arc<Tally>,
}

struct Tally {
    jobs: AtomicU64,
    wanted: u64,
    reached: Notify,
    /// From when on jobs count, by [`now_us`].
    from_us: u64,
    late_us: Mutex<Histogram<u64>>,
}

impl Serving {
    pub(super) async fn start(
        url: &str,
        concurrency: usize,
        wanted: u64,
        warm_up: Duration,
    ) -> anyhow::Result<Self> {
        let tally = Arc::new(Tally {
            jobs: AtomicU64::new(0),
            wanted,
            reached: Notify::new(),
            from_us: now_us() + u64::try_from(warm_up.as_micros())?,
            // A saturating value does not make a histogram grow: the bounds are set.
            late_us: Mutex::new(Histogram::new_with_bounds(1, LATE_MAX_US, 3)?),
        });
        let options = WorkerOptions::new()
            .connection(connection(url))
            .name("bench")
            .concurrency(concurrency)
            .lock_duration(Duration::from_secs(5))
            .stalled_interval(Duration::from_secs(1))
            .max_stalled_count(u32::MAX - 1)
            .run_retry_delay(Duration::from_millis(200))
            .drain_delay(Duration::from_secs(1));
        let counted = Arc::clone(&tally);
        let work = move |job: Job, _: CancellationToken| {
            let tally = Arc::clone(&counted);
            async move {
                tally.note(job.data());
                Ok::<Value, bullmq::Error>(Value::Null)
            }
        };
        let worker = Worker::with_options(QUEUE, work, options).await?;
        Ok(Self { worker, tally })
    }

    /// Waits until the wanted number of jobs has run.
    pub(super) async fn reached(&self) {
        self.tally.reached.notified().await;
    }

    pub(super) async fn stop(self) -> anyhow::Result<Latency> {
        self.worker.close(10_000).await?;
        let late = self
            .tally
            .late_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(Latency::of(&late))
    }
}

impl Tally {
    fn note(&self, data: &Value) {
        if let Some(due) = data["due"].as_u64()
            && due >= self.from_us
        {
            let late = now_us().saturating_sub(due);
            let mut all = self.late_us.lock().unwrap_or_else(PoisonError::into_inner);
            all.saturating_record(late);
        }
        if self.jobs.fetch_add(1, Ordering::Relaxed) + 1 == self.wanted {
            self.reached.notify_one();
        }
    }
}

/// Runs the jobs that wait.
pub(super) async fn process(url: &str, jobs: u64, concurrency: usize) -> anyhow::Result<Run> {
    let url = url.to_owned();
    let (run, serving) = measured(jobs, async move {
        let started = Serving::start(&url, concurrency, jobs, Duration::ZERO).await?;
        started.reached().await;
        Ok(started)
    })
    .await?;
    serving.stop().await?;
    Ok(run)
}

/// Adds jobs when they are due, whatever became of the ones before; returns after how many seconds
/// all were added.
pub(super) async fn feed(url: &str, rate: f64, seconds: f64) -> anyhow::Result<f64> {
    let queue = Arc::new(open(url, QUEUE).await?);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of jobs"
    )]
    let total = (rate * seconds) as u64;
    let began = now_us();
    let mut adds = tokio::task::JoinSet::new();
    let mut next = 0;
    while next < total {
        while next < total {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "microseconds of a short run"
            )]
            let due = began + (next as f64 * 1e6 / rate) as u64;
            if due > now_us() {
                break;
            }
            let queue = Arc::clone(&queue);
            adds.spawn(async move { add_due(&queue, due).await });
            next += 1;
        }
        tokio::task::spawn_blocking(rest).await?;
    }
    while let Some(added) = adds.join_next().await {
        added??;
    }
    let seconds = Duration::from_micros(now_us() - began).as_secs_f64();
    queue.close().await;
    Ok(seconds)
}

/// Adds jobs for a time, with so many under way.
pub(super) async fn flood(url: &str, in_flight: usize, time: Duration) -> anyhow::Result<()> {
    let queue = Arc::new(open(url, QUEUE).await?);
    let until = Instant::now() + time;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        let queue = Arc::clone(&queue);
        callers.spawn(async move {
            while Instant::now() < until {
                add_due(&queue, now_us()).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(added) = callers.join_next().await {
        added??;
    }
    queue.close().await;
    Ok(())
}

async fn add_due(queue: &Queue, due: u64) -> anyhow::Result<()> {
    let mut data = job_data();
    data["due"] = json!(due);
    queue.add("COMMANDS", data).options(job_options()).await?;
    Ok(())
}

/// When this process began to count; jobs carry times only from this process to itself.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Returns the time of the monotonic clock, which nobody sets.
fn now_us() -> u64 {
    u64::try_from(ORIGIN.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Waits on a thread of its own: a timer of the runtime would be up to a millisecond later than
/// Node's.
#[expect(
    clippy::disallowed_methods,
    reason = "it runs where blocking is allowed"
)]
fn rest() {
    std::thread::sleep(TICK);
}
