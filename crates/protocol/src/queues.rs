//! Payloads of the queues page and of `graphy queues`: every BullMQ queue of the deployment's Redis.

mod bulk;
mod jobs;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use bulk::*;
pub use jobs::*;

use crate::series::Series;

/// Names one queue, ours or a foreign one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueueRef {
    /// What the keys of the queue begin with; `bull` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub prefix: Option<String>,
    /// The queue's name.
    pub queue: String,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Waiting for a worker.
    Waiting,
    /// At a worker.
    Active,
    /// Waiting for its time.
    Delayed,
    /// Waiting with a priority.
    Prioritized,
    /// Waiting for its children.
    WaitingChildren,
    /// Done, and still kept.
    Completed,
    /// Failed, and still kept.
    Failed,
}

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobCounts {
    /// Waiting for a worker.
    #[ts(type = "number")]
    pub waiting: u64,
    /// At a worker.
    #[ts(type = "number")]
    pub active: u64,
    /// Waiting for their time.
    #[ts(type = "number")]
    pub delayed: u64,
    /// Waiting with a priority.
    #[ts(type = "number")]
    pub prioritized: u64,
    /// Waiting for their children.
    #[ts(type = "number")]
    pub waiting_children: u64,
    /// Done, and still kept.
    #[ts(type = "number")]
    pub completed: u64,
    /// Failed, and still kept.
    #[ts(type = "number")]
    pub failed: u64,
}

/// What may be wrong with a queue, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum QueueTrouble {
    /// A program with BullMQ 5 or older shares the queue; together they can lose jobs.
    OldPeer,
    /// Jobs wait, workers are connected, and nothing was fetched.
    DeafWorker,
    /// Jobs wait and there is no worker.
    NoWorker,
    /// More jobs fail than a tenth.
    Failing,
    /// A scheduler's next run lies in the past or is missing.
    BrokenScheduler,
    /// Jobs wait while the queue is paused.
    PausedWithJobs,
}

/// One queue in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QueueSummary {
    /// What the keys of the queue begin with.
    pub prefix: String,
    /// The queue's name.
    pub queue: String,
    /// Whether it is one of Graphy's own.
    pub own: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// Jobs by state.
    pub counts: JobCounts,
    /// What is wrong with it; empty if nothing is known to be.
    pub troubles: Vec<QueueTrouble>,
    /// Jobs that ended well per second, over the last minute; none if too little was seen.
    pub completed_per_second: Option<f64>,
    /// Jobs that failed per second, over the last minute.
    pub failed_per_second: Option<f64>,
    /// The part of the ended jobs of the last five minutes that failed, 0 to 1; none without any.
    pub failed_share: Option<f64>,
    /// How long the oldest waiting job has been waiting, in milliseconds.
    #[ts(type = "number | null")]
    pub oldest_waiting_ms: Option<u64>,
    /// 95 % of the jobs of the last minute waited less, in milliseconds; from a sample.
    pub latency_p95_ms: Option<f64>,
    /// How long it takes until the queue is empty at the present pace, in milliseconds; none if it
    /// does not get shorter.
    #[ts(type = "number | null")]
    pub drain_eta_ms: Option<u64>,
    /// How many workers are connected; none if that is not known yet.
    pub workers: Option<u32>,
    /// The version that its last writer said of itself, as `bullmq:6.7.0`.
    pub version: Option<String>,
    /// Unfinished jobs over the last minutes.
    pub depth: Series,
    /// Milliseconds that jobs waited, over the last minutes.
    pub latency: Series,
}

/// All queues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QueueList {
    /// When it was read, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// Since when rates are measured, in milliseconds since 1970.
    #[ts(type = "number")]
    pub since: u64,
    /// The queues, trouble first, then by name.
    pub queues: Vec<QueueSummary>,
    /// How the search for foreign queues went.
    pub search: QueueSearch,
}

/// How the search for queues in the key space went. It is done in small steps, on a budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QueueSearch {
    /// When the last whole pass ended, in milliseconds since 1970; none before the first.
    #[ts(type = "number | null")]
    pub completed_at: Option<u64>,
    /// How many keys the running pass has seen.
    #[ts(type = "number")]
    pub keys_seen: u64,
    /// How many keys there are.
    #[ts(type = "number")]
    pub keys_total: u64,
    /// Whether more queues were found than are kept in sight.
    pub cut: bool,
}

/// A worker of a queue, as it shows itself to Redis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QueueWorker {
    /// Redis' number of its connection.
    pub client_id: String,
    /// The name it gave itself; empty if none.
    pub name: String,
    /// Where it connects from, without a port.
    pub host: String,
    /// How long it has been connected, in milliseconds.
    #[ts(type = "number")]
    pub age_ms: u64,
    /// How long its connection has been silent, in milliseconds.
    #[ts(type = "number")]
    pub idle_ms: u64,
    /// Whether jobs wait that it should have fetched.
    pub deaf: bool,
    /// Jobs at it now, as far as it signs them with its name.
    pub running: Vec<RunningJob>,
}

/// A job at a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RunningJob {
    /// Which job.
    pub job_id: String,
    /// Its name.
    pub name: String,
    /// Since when, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub since: Option<u64>,
    /// How much longer its lock holds, in milliseconds; none if it has no lock any more.
    #[ts(type = "number | null")]
    pub lock_left_ms: Option<u64>,
}

/// How many jobs may start in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// How many jobs, 1..=1 000 000.
    #[ts(type = "number")]
    pub max: u64,
    /// In how many milliseconds, 1..=3 600 000.
    #[ts(type = "number")]
    pub duration_ms: u64,
}

/// One queue, closely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QueueDetail {
    /// When it was read, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// What the list says of it.
    pub summary: QueueSummary,
    /// Its workers, the longest connected first.
    pub workers: Vec<QueueWorker>,
    /// The most jobs that may run at once over all workers; none without a limit.
    #[ts(type = "number | null")]
    pub concurrency: Option<u64>,
    /// The rate limit over all workers; none without one.
    pub rate_limit: Option<RateLimit>,
    /// How much longer the rate limit holds jobs back, in milliseconds; none if it does not.
    #[ts(type = "number | null")]
    pub rate_limited_ms: Option<u64>,
    /// How many jobs one of our worker processes handles at once; none for foreign queues.
    #[ts(type = "number | null")]
    pub worker_concurrency: Option<u64>,
    /// About how much memory the queue takes, in bytes; from a sample of its keys.
    #[ts(type = "number | null")]
    pub memory_bytes: Option<u64>,
    /// How many events its stream keeps.
    #[ts(type = "number")]
    pub events: u64,
    /// The names of jobs that were seen lately, for filters.
    pub job_names: Vec<String>,
}

/// Changes how a queue runs, at once and for all its workers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigureQueue {
    /// Which queue.
    pub queue: QueueRef,
    /// The most jobs that may run at once over all workers, 1..=100 000; null lifts the limit.
    #[serde(deserialize_with = "Option::deserialize")]
    #[ts(type = "number | null")]
    pub concurrency: Option<u64>,
    /// The rate limit over all workers; null lifts it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub rate_limit: Option<RateLimit>,
}

/// One scheduler of a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SchedulerRow {
    /// Which scheduler.
    pub scheduler_id: String,
    /// The name of the jobs that it makes.
    pub job_name: String,
    /// When it runs, in words, as "every 30 s" or "at 02:00, every day (UTC)".
    pub words: String,
    /// Its cron pattern, if it has one.
    pub pattern: Option<String>,
    /// Its interval in milliseconds, if it has one.
    #[ts(type = "number | null")]
    pub every_ms: Option<u64>,
    /// The time zone of the pattern.
    pub time_zone: Option<String>,
    /// Its next runs, in milliseconds since 1970, at most 5.
    #[ts(type = "number[]")]
    pub next_runs: Vec<u64>,
    /// How often it has run.
    #[ts(type = "number | null")]
    pub runs: Option<u64>,
    /// What is wrong with it, in words; none if nothing is.
    pub fault: Option<String>,
}

/// The schedulers of a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SchedulerList {
    /// The schedulers, those with faults first.
    pub schedulers: Vec<SchedulerRow>,
}

/// Names one scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchedulerRef {
    /// Which queue.
    pub queue: QueueRef,
    /// Which scheduler.
    pub scheduler_id: String,
}
