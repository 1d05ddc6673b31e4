//! Payloads of the queues page and of `graphy queues`: every BullMQ queue of the deployment's Redis.

use graphy_model::{GraphId, OperationId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

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
    /// How many workers are connected.
    pub workers: u32,
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

/// Lets jobs of a state through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobFilter {
    /// Only jobs whose id, name or data contain this text, at most 200 characters; upper and lower
    /// case are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<String>,
    /// Only jobs of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// Only failed jobs of this group of dead letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub fingerprint: Option<String>,
}

/// Asks for a piece of a state's jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobsRequest {
    /// Which queue.
    pub queue: QueueRef,
    /// Which state.
    pub state: JobState,
    /// Which of them; all if absent.
    #[serde(default)]
    #[ts(optional, as = "Option<JobFilter>")]
    pub filter: JobFilter,
    /// Where to go on, from the page before; the first page if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub offset: Option<u64>,
    /// How many jobs at most, 1..=200; 50 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// A job in a list. Its data are not part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobRow {
    /// Which job.
    pub job_id: String,
    /// Its name.
    pub name: String,
    /// When it was added, in milliseconds since 1970.
    #[ts(type = "number")]
    pub added_at: u64,
    /// When a worker last took it.
    #[ts(type = "number | null")]
    pub started_at: Option<u64>,
    /// When it ended.
    #[ts(type = "number | null")]
    pub ended_at: Option<u64>,
    /// When it is due, if it is delayed.
    #[ts(type = "number | null")]
    pub due_at: Option<u64>,
    /// Its priority; 0 is none.
    pub priority: u32,
    /// How often it was tried.
    pub attempts_made: u32,
    /// How often it may be tried.
    pub attempts_max: u32,
    /// Why it failed last, at most 300 characters.
    pub failed_reason: Option<String>,
    /// Which worker took it, as it calls itself.
    pub worker: Option<String>,
    /// How large its data are, in bytes.
    #[ts(type = "number")]
    pub data_bytes: u64,
    /// Which graph its commands change, if they are ours.
    pub graph_id: Option<GraphId>,
}

/// A piece of a state's jobs: waiting ones in the order in which they will run, ended ones newest
/// first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobPage {
    /// When it was read, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// How many jobs are in this state, filter or not.
    #[ts(type = "number")]
    pub total: u64,
    /// The jobs that the filter lets through.
    pub jobs: Vec<JobRow>,
    /// Where the next page begins; none at the end.
    #[ts(type = "number | null")]
    pub next: Option<u64>,
    /// How many jobs were looked at for this page. A search looks at a bounded number at once; if
    /// there are more, `next` is there even if nothing was found.
    #[ts(type = "number")]
    pub looked_at: u64,
}

/// Names one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobRef {
    /// Which queue.
    pub queue: QueueRef,
    /// Which job.
    pub job_id: String,
}

/// A value of a job that may be large.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobText {
    /// Its first 64 KiB at most.
    pub text: String,
    /// How large it is, in bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Whether `text` is not all of it.
    pub cut: bool,
}

/// Which value of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum JobPart {
    /// What it is to do.
    Data,
    /// How it is to be treated.
    Options,
    /// What came of it.
    ReturnValue,
    /// Why its attempts failed.
    Stacktrace,
}

/// Asks for a piece of a value that is too large to be shown at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobTextRequest {
    /// Which queue.
    pub queue: QueueRef,
    /// Which job.
    pub job_id: String,
    /// Which value.
    pub part: JobPart,
    /// From which byte on.
    #[ts(type = "number")]
    pub offset: u64,
}

/// A moment in a job's life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobMoment {
    /// When, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// What: `added`, `due`, `started`, `progress`, `retried`, `stalled`, `completed`, `failed`, …
    pub what: String,
    /// More about it.
    pub detail: Option<String>,
}

/// A failed attempt of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobAttempt {
    /// Which attempt, from 1.
    pub number: u32,
    /// What went wrong.
    pub error: String,
}

/// A command inside a job of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobCommand {
    /// Which operation.
    pub operation_id: OperationId,
    /// Its type.
    pub command_type: String,
    /// Who sent it.
    pub user_id: Option<UserId>,
    /// How it ended, as far as it is still known: `applied`, `merged`, `duplicate`, `conflict`,
    /// `rejected`.
    pub outcome: Option<String>,
    /// What it was replayed from, if it was.
    pub replay_of: Option<OperationId>,
}

/// One job, closely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobDetail {
    /// When it was read, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// What the list says of it.
    pub row: JobRow,
    /// Where it stands; none if it is in no list of its queue (an orphan).
    pub state: Option<JobState>,
    /// What it is to do.
    pub data: JobText,
    /// How it is to be treated.
    pub options: JobText,
    /// What came of it.
    pub return_value: Option<JobText>,
    /// How far it says it is.
    pub progress: Option<Value>,
    /// Its failed attempts, the first first.
    pub attempts: Vec<JobAttempt>,
    /// Its life, the first moment first.
    pub timeline: Vec<JobMoment>,
    /// What it wrote, the newest 200 lines, oldest first.
    pub logs: Vec<String>,
    /// How many lines it wrote.
    #[ts(type = "number")]
    pub logs_total: u64,
    /// How much longer its lock holds, in milliseconds; none if it is not at a worker.
    #[ts(type = "number | null")]
    pub lock_left_ms: Option<u64>,
    /// How often it was taken back from a worker that gave no sign.
    pub stalled: u32,
    /// Which scheduler made it.
    pub scheduler: Option<String>,
    /// The commands in it, at most 100, if it is ours.
    pub commands: Vec<JobCommand>,
}

/// Changes a job's data and runs it anew. Of our commands, the new ones get operation ids of their
/// own and say what they replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditJob {
    /// Which queue.
    pub queue: QueueRef,
    /// Which job; it must have failed.
    pub job_id: String,
    /// Its new data.
    pub data: Value,
}

/// Adds a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddJob {
    /// Which queue.
    pub queue: QueueRef,
    /// Its name, 1..=200 characters.
    pub name: String,
    /// Its data, at most 1 MiB.
    pub data: Value,
    /// When it is due, in milliseconds from now, at most 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub delay_ms: Option<u64>,
    /// Its priority, 1 (first) to 2 097 151; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub priority: Option<u32>,
    /// How often it may be tried, 1..=100; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub attempts: Option<u32>,
}

/// A job that was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AddedJob {
    /// Which job.
    pub job_id: String,
}

/// What can be done to many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum BulkAction {
    /// Run failed jobs anew. Dead letters of ours are replayed under new operation ids.
    Retry,
    /// Run delayed jobs now.
    Promote,
    /// Remove jobs that are not at a worker. Can be taken back for a while.
    Remove,
}

/// Asks what a bulk action would do. Nothing is changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulkRequest {
    /// Which queue.
    pub queue: QueueRef,
    /// What would be done.
    pub action: BulkAction,
    /// To jobs in which state.
    pub state: JobState,
    /// To which of them; all if absent.
    #[serde(default)]
    #[ts(optional, as = "Option<JobFilter>")]
    pub filter: JobFilter,
}

/// What a bulk action would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BulkPreview {
    /// How many jobs it would change.
    #[ts(type = "number")]
    pub jobs: u64,
    /// How many jobs were looked at.
    #[ts(type = "number")]
    pub looked_at: u64,
    /// Whether more jobs match than one run changes; run it again for the rest.
    pub cut: bool,
    /// Some of them.
    pub sample: Vec<JobRow>,
    /// What it takes to do it: bound to the caller, the action, the queue, the filter and the
    /// number of jobs, and good once.
    pub confirmation: String,
    /// Until when, in milliseconds since 1970.
    #[ts(type = "number")]
    pub expires_at: u64,
    /// For how long it can be taken back, in milliseconds; none if it cannot.
    #[ts(type = "number | null")]
    pub undo_ms: Option<u64>,
}

/// Does what a preview said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulkConfirm {
    /// The preview's confirmation.
    pub confirmation: String,
}

/// Names one run of a bulk action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulkRef {
    /// Which run.
    pub run_id: String,
}

/// Where a bulk run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum BulkState {
    /// It goes on.
    Running,
    /// It is done.
    Done,
    /// It ended with an error; what was done stays done.
    Failed,
    /// Somebody stopped it; what was done stays done.
    Stopped,
    /// It was done and taken back.
    Undone,
}

/// How far a bulk run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BulkRun {
    /// Which run.
    pub run_id: String,
    /// On which queue.
    pub queue: QueueRef,
    /// What it does.
    pub action: BulkAction,
    /// Where it stands.
    pub state: BulkState,
    /// How many jobs it was to change.
    #[ts(type = "number")]
    pub jobs: u64,
    /// How many it changed.
    #[ts(type = "number")]
    pub done: u64,
    /// How many were not as they were any more, and left alone.
    #[ts(type = "number")]
    pub skipped: u64,
    /// Why it failed.
    pub error: Option<String>,
    /// Until when it can be taken back, in milliseconds since 1970; none if it cannot (any more).
    #[ts(type = "number | null")]
    pub undo_until: Option<u64>,
}

/// Changes how a queue runs, at once and for all its workers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigureQueue {
    /// Which queue.
    pub queue: QueueRef,
    /// The most jobs that may run at once over all workers, 1..=100 000; none lifts the limit.
    #[ts(type = "number | null")]
    pub concurrency: Option<u64>,
    /// The rate limit over all workers; none lifts it.
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

/// Failed jobs that failed alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterGroup {
    /// Names the group: a hash of the error without its numbers, ids and quoted texts.
    pub fingerprint: String,
    /// On which queue.
    pub queue: QueueRef,
    /// The error of its newest job.
    pub error: String,
    /// How many jobs are in it.
    #[ts(type = "number")]
    pub jobs: u64,
    /// The names of its jobs.
    pub job_names: Vec<String>,
    /// When its first job failed, in milliseconds since 1970.
    #[ts(type = "number")]
    pub first_at: u64,
    /// When its newest job failed, in milliseconds since 1970.
    #[ts(type = "number")]
    pub last_at: u64,
    /// Its newest job.
    pub newest_job_id: String,
}

/// Asks for dead letters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeadLettersRequest {
    /// Of which queue; of all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub queue: Option<QueueRef>,
}

/// The dead letters in groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetters {
    /// When it was read, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// The groups, the largest first, at most 200.
    pub groups: Vec<DeadLetterGroup>,
    /// How many failed jobs there are.
    #[ts(type = "number")]
    pub jobs: u64,
    /// How many of them were looked at, the newest first.
    #[ts(type = "number")]
    pub looked_at: u64,
}
