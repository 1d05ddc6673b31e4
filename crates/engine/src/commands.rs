//! Jobs of `graph-commands`: batches of commands.

use std::time::Duration;

use bullmq::Job;
use futures_util::future::BoxFuture;
use graphy_telemetry::traces::{self, Moment, OpenSpan, Step};
use serde_json::{Value, json};

use crate::definition::GRAPH_COMMANDS;
use crate::job::{self, JobData};
use crate::process::{Failure, Processor, Report};
use crate::progress_requests::{ProgressRequests, touches_progress};
use crate::queue::CommandQueue;
use crate::worker::{Handler, JobFault};

/// How long a job is tried again in place while Redis cannot carry it out.
const STORE_PATIENCE: Duration = Duration::from_secs(20);
/// How long commands wait for their predecessors before they are looked at again.
const HOLD_STEP: Duration = Duration::from_millis(50);

/// Carries batches out.
pub(crate) struct CommandJobs {
    pub(crate) processor: Processor,
    pub(crate) queue: CommandQueue,
    pub(crate) progress: ProgressRequests,
}

impl Handler for CommandJobs {
    fn handle<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Value, JobFault>> {
        Box::pin(self.run(job))
    }
}

impl CommandJobs {
    async fn run(&self, job: &Job) -> Result<Value, JobFault> {
        let now_ms = self.processor.replicas.store().now_ms();
        let mut data = job::read(job.data(), now_ms).map_err(JobFault::Never)?;
        if let Some(reason) = &data.dead_letter {
            return Err(JobFault::Never(reason.clone()));
        }
        let mut span = trace_job(job, &data);
        data.span = span.as_ref().map(OpenSpan::parent);
        let result = self.settle(job, data, now_ms).await;
        if let (Some(span), Err(fault)) = (&mut span, &result) {
            span.fail(fault.to_string());
        }
        result
    }

    async fn settle(&self, job: &Job, data: JobData, now_ms: u64) -> Result<Value, JobFault> {
        let held_since = data.held_since.unwrap_or(now_ms);
        let graph = data.graph_id.clone();
        let touches_progress = data.commands.iter().any(touches_progress);
        let report = match self.carry_out(job, data).await {
            Ok(report) => report,
            Err(Failure::Store(error)) => return Err(JobFault::Later(error.to_string())),
            Err(Failure::Fault(reason)) => return Err(JobFault::Fault(reason)),
        };
        if !report.held.is_empty() {
            self.queue
                .hold(&graph, &report.held, held_since, HOLD_STEP)
                .await?;
        }
        for (command, reason) in &report.poisoned {
            self.queue.bury(&graph, command, reason).await?;
        }
        if touches_progress {
            // Before the job ends: should this worker die here, the job's next run asks.
            self.progress.ask(&graph).await;
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
