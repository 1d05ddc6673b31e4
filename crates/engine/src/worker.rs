//! The worker: fetches jobs from BullMQ and has them carried out.

use std::sync::Arc;
use std::time::Duration;

use bullmq::worker::{CancellationToken as JobToken, WorkerEvent};
use bullmq::{Job, Worker, WorkerOptions};
use graphy_store::{RedisLink, Replicas};
use graphy_telemetry::names::{self, label};
use graphy_telemetry::tasks::{RestartPolicy, TaskRegistry};
use graphy_telemetry::traces::{self, Moment, OpenSpan, Step};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::config::{EngineConfig, GRAPH_COMMANDS};
use crate::dead_letters;
use crate::error::EngineError;
use crate::job::{self, JobData};
use crate::process::{Failure, Processor, Report};
use crate::queue::{CommandQueue, connection};

/// How long a job is tried again in place while Redis cannot carry it out.
const STORE_PATIENCE: Duration = Duration::from_secs(20);
/// How long commands wait for their predecessors before they are looked at again.
const HOLD_STEP: Duration = Duration::from_millis(50);

/// The workers of one process.
pub struct Workers {
    worker: Arc<Worker>,
    queue: CommandQueue,
    token: CancellationToken,
}

impl Workers {
    /// Starts fetching jobs.
    ///
    /// # Errors
    /// When the queue cannot be reached.
    pub async fn start(
        config: EngineConfig,
        link: &RedisLink,
        replicas: Replicas,
        tasks: &TaskRegistry,
        token: CancellationToken,
    ) -> Result<Self, EngineError> {
        let queue = CommandQueue::open(link, &config).await?;
        let options = WorkerOptions::new()
            .connection(connection(link))
            .name(format!("graphy-{}", std::process::id()))
            .concurrency(config.concurrency)
            .lock_duration(config.lock)
            .stalled_interval(config.stalled_interval)
            .max_stalled_count(u32::MAX - 1)
            .run_retry_delay(Duration::from_millis(200))
            // An idle worker notices only between two blocking reads that it is to close.
            .drain_delay(Duration::from_secs(1));
        let processor = Processor {
            replicas,
            config: Arc::new(config),
        };
        let handler = Handler {
            processor: processor.clone(),
            queue: queue.clone(),
        };
        let worker = Worker::with_options(
            GRAPH_COMMANDS,
            move |job: Job, _: JobToken| {
                let handler = handler.clone();
                async move { handler.handle(job).await }
            },
            options,
        )
        .await
        .map_err(EngineError::queue("start a worker"))?;
        let worker = Arc::new(worker);
        let watched = Arc::clone(&worker);
        tasks.spawn(
            "worker-events",
            RestartPolicy::ALWAYS,
            token.clone(),
            move |context| {
                let worker = Arc::clone(&watched);
                async move {
                    loop {
                        let event = tokio::select! {
                            event = worker.next_event() => event,
                            () = context.token.cancelled() => return Ok(()),
                        };
                        context.tick();
                        match event {
                            Some(WorkerEvent::Error(error)) => tracing::warn!(%error, "worker"),
                            Some(WorkerEvent::Stalled { job_id }) => {
                                tracing::warn!(job_id, "a job of a dead worker was taken back");
                            }
                            Some(_) => {}
                            None => return Ok(()),
                        }
                    }
                }
            },
        );
        let reconciler = (queue.clone(), processor);
        tasks.spawn(
            "dead-letters",
            RestartPolicy::ALWAYS,
            token.clone(),
            move |context| dead_letters::run(reconciler.0.clone(), reconciler.1.clone(), context),
        );
        Ok(Self {
            worker,
            queue,
            token,
        })
    }

    /// Says whether jobs are being fetched.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.worker.is_running()
    }

    /// Stops fetching, lets running jobs end, and closes.
    ///
    /// # Errors
    /// When running jobs did not end in time; others will take them back.
    pub async fn stop(&self, wait: Duration) -> Result<(), EngineError> {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let result = self
            .worker
            .close(wait_ms)
            .await
            .map_err(EngineError::queue("close the worker"));
        self.token.cancel();
        self.queue.close().await;
        result
    }
}

#[derive(Clone)]
struct Handler {
    processor: Processor,
    queue: CommandQueue,
}

impl Handler {
    async fn handle(&self, job: Job) -> Result<Value, bullmq::Error> {
        let now_ms = self.processor.replicas.store().now_ms();
        #[expect(clippy::cast_precision_loss, reason = "a short time in milliseconds")]
        let waited = now_ms.saturating_sub(job.timestamp()) as f64 / 1000.0;
        metrics::histogram!(names::QUEUE_LATENCY, label::QUEUE_NAME => GRAPH_COMMANDS)
            .record(waited);
        let mut data = job::read(job.data(), now_ms).map_err(bullmq::Error::Unrecoverable)?;
        if let Some(reason) = &data.dead_letter {
            return Err(bullmq::Error::Unrecoverable(reason.clone()));
        }
        let mut span = trace_job(&job, &data);
        data.span = span.as_ref().map(OpenSpan::parent);
        let result = self.settle(&job, data, now_ms).await;
        if let (Some(span), Err(error)) = (&mut span, &result) {
            span.fail(error.to_string());
        }
        result
    }

    async fn settle(&self, job: &Job, data: JobData, now_ms: u64) -> Result<Value, bullmq::Error> {
        let held_since = data.held_since.unwrap_or(now_ms);
        let graph = data.graph_id.clone();
        let report = match self.carry_out(job, data).await {
            Ok(report) => report,
            Err(Failure::Store(error)) => return self.put_back(job, &error.to_string()).await,
            Err(Failure::Fault(reason)) => return Err(bullmq::Error::ProcessingError(reason)),
        };
        if !report.held.is_empty() {
            self.queue
                .hold(&graph, &report.held, held_since, HOLD_STEP)
                .await?;
        }
        for (command, reason) in &report.poisoned {
            self.queue.bury(&graph, command, reason).await?;
        }
        Ok(json!({
            "settled": report.settled.len(),
            "held": report.held.len(),
            "poisoned": report.poisoned.len(),
        }))
    }

    /// Carries the job out, trying again in place while Redis cannot do it.
    async fn carry_out(&self, job: &Job, data: JobData) -> Result<Report, Failure> {
        let deadline = tokio::time::Instant::now() + STORE_PATIENCE;
        let mut wait = Duration::from_millis(20);
        loop {
            match self.processor.run(job.id(), data.clone()).await {
                Err(Failure::Store(error)) if tokio::time::Instant::now() < deadline => {
                    tracing::debug!(job = job.id(), %error, "a job waits for redis");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(1));
                }
                result => return result,
            }
        }
    }

    /// Gives the job back without using up one of its attempts.
    async fn put_back(&self, job: &Job, reason: &str) -> Result<Value, bullmq::Error> {
        tracing::warn!(
            job = job.id(),
            reason,
            "a job is put back until redis can carry it out"
        );
        let now_ms = self.processor.replicas.store().now_ms();
        job.move_to_delayed(now_ms + 1000).await?;
        Err(bullmq::Error::Delayed)
    }
}

/// Writes down how long the traced commands of a job waited in the queue, and begins its span.
fn trace_job(job: &Job, data: &JobData) -> Option<OpenSpan> {
    if !traces::enabled() {
        return None;
    }
    let parents = data.traces();
    let mut span = traces::begin_job(&parents)?;
    span.note("messaging.system", "bullmq");
    span.note("messaging.destination.name", GRAPH_COMMANDS);
    span.note("messaging.message.id", job.id().to_owned());
    span.note("graphy.graph_id", data.graph_id.as_str().to_owned());
    let count = i64::try_from(data.commands.len()).unwrap_or(i64::MAX);
    span.note("messaging.batch.message_count", count);
    let waited = (Moment::of_ms(job.timestamp()), Moment::now());
    let held = ("graphy.held", data.held_since.is_some().into());
    traces::record(&parents, Step::Queue, waited, Some(span.parent()), &[held]);
    Some(span)
}
