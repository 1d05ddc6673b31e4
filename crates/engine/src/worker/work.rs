//! One job after another: handed to its handler, counted, and ended as it deserves.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bullmq::Job;
use futures_util::FutureExt;
use graphy_telemetry::clock::SharedClock;
use graphy_telemetry::names::{self, label};
use graphy_telemetry::tasks::panic_text;
use serde_json::Value;

use super::{Handler, JobFault};
use crate::definition::{PROBE, QueueKind};

/// How long a job that Redis cannot carry out now is put back.
const PUT_BACK_MS: u64 = 1000;

/// What the library's workers, old and new, share.
pub(super) struct Work {
    kind: QueueKind,
    handler: Arc<dyn Handler>,
    clock: SharedClock,
    active: AtomicUsize,
    fetched: AtomicU64,
    last_fetch_ms: AtomicU64,
}

/// What has been done so far.
pub(super) struct Tally {
    /// Jobs that are being done.
    pub(super) active: usize,
    /// Jobs that were ever fetched.
    pub(super) fetched: u64,
    /// When the last one was, in milliseconds since 1970.
    pub(super) last_fetch_ms: Option<u64>,
}

impl Work {
    pub(super) fn new(kind: QueueKind, handler: Arc<dyn Handler>, clock: SharedClock) -> Self {
        Self {
            kind,
            handler,
            clock,
            active: AtomicUsize::new(0),
            fetched: AtomicU64::new(0),
            last_fetch_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn tally(&self) -> Tally {
        let last_fetch_ms = self.last_fetch_ms.load(Ordering::Relaxed);
        Tally {
            active: self.active.load(Ordering::Relaxed),
            fetched: self.fetched.load(Ordering::Relaxed),
            last_fetch_ms: (last_fetch_ms > 0).then_some(last_fetch_ms),
        }
    }

    /// Does a job.
    pub(super) async fn run(&self, job: Job) -> Result<Value, bullmq::Error> {
        let queue = self.kind.name();
        let now_ms = self.clock.now_ms();
        let due_ms = job.timestamp() + job.opts().delay.unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "a short time in milliseconds")]
        let waited = now_ms.saturating_sub(due_ms) as f64 / 1000.0;
        metrics::histogram!(names::QUEUE_LATENCY, label::QUEUE_NAME => queue).record(waited);
        self.last_fetch_ms.store(now_ms, Ordering::Relaxed);
        self.fetched.fetch_add(1, Ordering::Relaxed);
        self.active.fetch_add(1, Ordering::Relaxed);
        let started = tokio::time::Instant::now();
        // A panic would leave the job at this worker for ever, its lock renewed.
        let handled = if job.name() == PROBE {
            Ok(Ok(Value::Null))
        } else {
            AssertUnwindSafe(self.handler.handle(&job))
                .catch_unwind()
                .await
        };
        self.active.fetch_sub(1, Ordering::Relaxed);
        metrics::histogram!(names::JOB_DURATION, label::QUEUE_NAME => queue)
            .record(started.elapsed().as_secs_f64());
        let result = handled.unwrap_or_else(|panic| {
            metrics::counter!(names::TASK_PANICS, label::TASK => "job").increment(1);
            Err(JobFault::Fault(panic_text(&*panic).to_owned()))
        });
        let status = match &result {
            Ok(_) => "completed",
            Err(JobFault::Later(_) | JobFault::NotBefore(_)) => "postponed",
            Err(_) => "failed",
        };
        let name = self.kind.metric_name(job.name());
        metrics::counter!(
            names::JOBS_PROCESSED,
            label::QUEUE_NAME => queue, label::JOB_NAME => name, label::STATUS => status
        )
        .increment(1);
        match result {
            Ok(value) => Ok(value),
            Err(JobFault::Later(reason)) => self.put_back(&job, &reason).await,
            Err(JobFault::NotBefore(at_ms)) => {
                job.move_to_delayed(at_ms).await?;
                Err(bullmq::Error::Delayed)
            }
            Err(JobFault::Fault(reason)) => Err(bullmq::Error::ProcessingError(reason)),
            Err(JobFault::Never(reason)) => Err(bullmq::Error::Unrecoverable(reason)),
            Err(JobFault::Library(error)) => Err(error),
        }
    }

    /// Gives the job back without using up one of its attempts.
    async fn put_back(&self, job: &Job, reason: &str) -> Result<Value, bullmq::Error> {
        let (queue, id) = (self.kind.name(), job.id());
        tracing::warn!(
            queue,
            job = id,
            reason,
            "a job is put back until redis can do it"
        );
        job.move_to_delayed(self.clock.now_ms() + PUT_BACK_MS)
            .await?;
        Err(bullmq::Error::Delayed)
    }
}
