//! Jobs: lists, one closely, and what is done to one.

use graphy_model::{GraphId, OperationId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::{JobState, QueueRef};

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

/// What runs anew after a job was edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EditedJob {
    /// The job, with its new data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub job_id: Option<String>,
    /// The first new operation, of a job of graph commands: these go the way of all commands, and
    /// the job is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub operation_id: Option<OperationId>,
}

/// A job that was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AddedJob {
    /// Which job.
    pub job_id: String,
}
