//! The one kind of worker of all queues: it fetches jobs through the vendor's library and hands
//! them to a handler; it counts, describes itself, and can be made anew while jobs go on.

mod fault;
pub(crate) mod watchdog;
mod work;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bullmq::options::RateLimiterOptions;
use bullmq::worker::{CancellationToken as JobToken, WorkerEvent};
use bullmq::{Job, Worker, WorkerOptions};
use futures_util::future::BoxFuture;
use graphy_store::StoreError;
use graphy_telemetry::board::{WorkerState, WorkerStatus};
use graphy_telemetry::clock::SharedClock;
use graphy_telemetry::names::{self, label};
use graphy_telemetry::tasks::{TaskContext, TaskFailure};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::definition::{QueueDefinition, QueueKind};
use crate::error::EngineError;
use crate::queues::{Queues, connection};
pub(crate) use fault::JobFault;
use work::Work;

/// How long an idle worker waits for jobs before it looks again whether it is to close.
pub(crate) const BLOCK: Duration = Duration::from_secs(1);
/// How long making a worker may take.
const BUILD_WAIT: Duration = Duration::from_secs(5);

/// What does the jobs of a queue.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Does one job; returns what is kept of it.
    fn handle<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Value, JobFault>>;
}

/// A worker of one queue; cheap to clone.
#[derive(Clone)]
pub(crate) struct QueueWorker {
    inner: Arc<Inner>,
}

struct Inner {
    kind: QueueKind,
    name: String,
    queues: Queues,
    work: Arc<Work>,
    /// The library's worker; replaced when it turns out to be deaf.
    current: watch::Sender<Arc<Worker>>,
    condition: Mutex<WorkerState>,
    rebuilds: AtomicU32,
}

impl QueueWorker {
    /// Starts fetching jobs.
    ///
    /// # Errors
    /// When the queue cannot be reached.
    pub(crate) async fn start(
        kind: QueueKind,
        name: &str,
        queues: &Queues,
        handler: Arc<dyn Handler>,
        clock: SharedClock,
    ) -> Result<Self, EngineError> {
        let work = Arc::new(Work::new(kind, handler, clock));
        let worker = build(kind, name, queues, &work).await?;
        let inner = Inner {
            kind,
            name: name.to_owned(),
            queues: queues.clone(),
            work,
            current: watch::Sender::new(worker),
            condition: Mutex::new(WorkerState::Running),
            rebuilds: AtomicU32::new(0),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Returns which queue it works on.
    pub(crate) fn kind(&self) -> QueueKind {
        self.inner.kind
    }

    /// Says whether jobs are being fetched.
    pub(crate) fn is_running(&self) -> bool {
        self.inner.current.borrow().is_running()
    }

    /// Describes the worker.
    pub(crate) fn status(&self) -> WorkerStatus {
        let inner = &self.inner;
        let worker = Arc::clone(&inner.current.borrow());
        let state = match *inner.condition() {
            WorkerState::Running if worker.is_paused() => WorkerState::Paused,
            WorkerState::Running if !worker.is_running() => WorkerState::Stopped,
            state => state,
        };
        let tally = inner.work.tally();
        WorkerStatus {
            queue: inner.kind.name().to_owned(),
            name: inner.name.clone(),
            state,
            concurrency: self.definition().concurrency,
            active: tally.active,
            fetched: tally.fetched,
            last_fetch_ms: tally.last_fetch_ms,
            rebuilds: inner.rebuilds.load(Ordering::Relaxed),
        }
    }

    fn definition(&self) -> &QueueDefinition {
        self.inner.queues.definition(self.inner.kind)
    }

    /// Stops fetching, lets running jobs end, and closes.
    ///
    /// # Errors
    /// When running jobs did not end in time; others will take them back.
    pub(crate) async fn stop(&self, wait: Duration) -> Result<(), EngineError> {
        *self.inner.condition() = WorkerState::Stopped;
        let worker = Arc::clone(&self.inner.current.borrow());
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        worker
            .close(wait_ms)
            .await
            .map_err(EngineError::queue("close a worker"))
    }

    /// Makes the library's worker anew, over new connections. Jobs at the old one go on.
    ///
    /// # Errors
    /// When no new one can be made now; the old one stays.
    async fn rebuild(&self) -> Result<(), EngineError> {
        let inner = &self.inner;
        let worker = build(inner.kind, &inner.name, &inner.queues, &inner.work).await?;
        if *inner.condition() == WorkerState::Stopped {
            // It was stopped meanwhile, and nobody would stop the new one.
            return worker
                .close(0)
                .await
                .map_err(EngineError::queue("close a worker"));
        }
        let old = inner.current.send_replace(worker);
        inner.rebuilds.fetch_add(1, Ordering::Relaxed);
        let queue = inner.kind.name();
        metrics::counter!(names::WORKER_REBUILDS, label::QUEUE_NAME => queue).increment(1);
        let lock_ms = u64::try_from(self.definition().lock.as_millis()).unwrap_or(u64::MAX);
        // Its last jobs keep their locks meanwhile; it fetches no more.
        tokio::spawn(async move {
            let _ = old.close(lock_ms).await;
        });
        Ok(())
    }

    /// Tells what the library's worker says, until stopped.
    pub(crate) async fn listen(self, context: TaskContext) -> Result<(), TaskFailure> {
        let mut current = self.inner.current.subscribe();
        let queue = self.inner.kind.name();
        loop {
            let worker = Arc::clone(&current.borrow_and_update());
            let mut ended = false;
            loop {
                let event = tokio::select! {
                    event = worker.next_event(), if !ended => event,
                    changed = current.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return Ok(()),
                    },
                    () = context.token.cancelled() => return Ok(()),
                };
                context.tick();
                match event {
                    Some(WorkerEvent::Error(error)) => tracing::warn!(queue, %error, "worker"),
                    Some(WorkerEvent::Stalled { job_id }) => {
                        metrics::counter!(names::JOBS_STALLED, label::QUEUE_NAME => queue)
                            .increment(1);
                        tracing::warn!(queue, job_id, "a job of a dead worker was taken back");
                    }
                    Some(_) => {}
                    // Another worker may take its place.
                    None => ended = true,
                }
            }
        }
    }
}

impl Inner {
    fn condition(&self) -> std::sync::MutexGuard<'_, WorkerState> {
        self.condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a worker of the library.
async fn build(
    kind: QueueKind,
    name: &str,
    queues: &Queues,
    work: &Arc<Work>,
) -> Result<Arc<Worker>, EngineError> {
    let definition = queues.definition(kind);
    let settings = &queues.config().queues;
    let url = settings
        .worker_redis
        .as_ref()
        .unwrap_or_else(|| queues.link().url());
    let mut options = WorkerOptions::new()
        .connection(connection(url))
        .prefix(settings.prefix.clone())
        .name(name)
        .concurrency(definition.concurrency)
        .lock_duration(definition.lock)
        .stalled_interval(definition.stalled_interval)
        .max_stalled_count(u32::MAX - 1)
        .run_retry_delay(Duration::from_millis(200))
        // An idle worker notices only between two blocking reads that it is to close.
        .drain_delay(BLOCK);
    if let (QueueKind::GraphCommands, Some(limit)) = (kind, settings.commands_limit) {
        options = options.limiter(RateLimiterOptions::new(limit.jobs, limit.per));
    }
    let work = Arc::clone(work);
    let process = move |job: Job, _: JobToken| {
        let work = Arc::clone(&work);
        async move { work.run(job).await }
    };
    let worker = timeout(
        BUILD_WAIT,
        Worker::with_options(kind.name(), process, options),
    );
    match worker.await {
        Ok(worker) => worker
            .map(Arc::new)
            .map_err(EngineError::queue("start a worker")),
        Err(_) => Err(EngineError::Store(StoreError::Unanswered {
            action: "start a worker",
        })),
    }
}
