//! What is done to many jobs at once, and failed jobs in groups.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{JobFilter, JobRow, JobState, QueueRef};

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

/// The bulk runs that somebody may still want to stop or to take back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BulkRuns {
    /// Those that go on and those that can be taken back, of everybody, the newest first.
    pub runs: Vec<BulkRun>,
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
