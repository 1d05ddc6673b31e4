//! Payloads of the system page: Redis, nodes, tasks, logs, diagnostics; and of the audit log.

use std::collections::BTreeMap;

use graphy_model::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// Redis, in terms of people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RedisReport {
    /// When it was read, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// Facts by section, each with its INFO field.
    pub sections: Vec<FactSection>,
    /// What deserves a look, in words; empty if nothing does.
    pub concerns: Vec<String>,
    /// Commands that took long, newest first, at most 128.
    pub slow_log: Vec<SlowCommand>,
    /// From how many microseconds on a command is in the slow log; none if it is switched off.
    #[ts(type = "number | null")]
    pub slow_log_threshold_us: Option<u64>,
    /// Commands by the time that Redis spent in them since its start, the most first, at most 20.
    pub commands: Vec<CommandCost>,
    /// The replicas of this server.
    pub replicas: Vec<RedisReplica>,
}

/// Facts that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FactSection {
    /// What they are about: `server`, `memory`, `persistence`, `clients`, `traffic`, `replication`.
    pub title: String,
    /// The facts.
    pub facts: Vec<Fact>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// Its value, for people.
    pub value: String,
    /// Where it comes from, for instance an INFO field.
    pub source: String,
    /// Whether it deserves a look.
    pub concern: bool,
}

/// A command that took long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SlowCommand {
    /// Redis' number of it.
    #[ts(type = "number")]
    pub id: u64,
    /// When, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// How long it took, in microseconds.
    #[ts(type = "number")]
    pub duration_us: u64,
    /// The command with its keys; values are left out. At most 300 characters.
    pub command: String,
    /// Who sent it, as the client calls itself.
    pub client: String,
}

/// What a command costs Redis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CommandCost {
    /// The command.
    pub command: String,
    /// How often it was called.
    #[ts(type = "number")]
    pub calls: u64,
    /// How long it took on average, in microseconds.
    pub mean_us: f64,
    /// The part of the time that Redis spent in commands, 0 to 1.
    pub share: f64,
}

/// A replica of the Redis server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RedisReplica {
    /// Where it is.
    pub address: String,
    /// `online`, `wait_bgsave`, …
    pub state: String,
    /// How far it is behind, in bytes.
    #[ts(type = "number")]
    pub lag_bytes: u64,
}

/// Memory of Redis by families of keys, from a sample on a budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeyMemory {
    /// When the last whole pass ended, in milliseconds since 1970; none before the first.
    #[ts(type = "number | null")]
    pub completed_at: Option<u64>,
    /// How many keys the figures rest on.
    #[ts(type = "number")]
    pub keys_seen: u64,
    /// How many keys there are.
    #[ts(type = "number")]
    pub keys_total: u64,
    /// The families, the largest first.
    pub families: Vec<KeyFamily>,
}

/// Keys of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeyFamily {
    /// Their pattern, as `graph:{id}:nodes`.
    pub pattern: String,
    /// How many there are.
    #[ts(type = "number")]
    pub keys: u64,
    /// About how much memory they take, in bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// The largest key seen.
    pub largest_key: String,
    /// About how much memory it takes, in bytes.
    #[ts(type = "number")]
    pub largest_bytes: u64,
}

/// All server nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeList {
    /// When it was read, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// Which node answers.
    pub here: String,
    /// The nodes, the oldest first.
    pub nodes: Vec<NodeReport>,
    /// Why only the node that answers is listed, if the others cannot be known now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub others_unknown: Option<String>,
}

/// One server node, as it described itself at most a few seconds ago.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeReport {
    /// Which node.
    pub node_id: String,
    /// What it does: `all`, `api`, `worker`.
    pub role: String,
    /// Its computer.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// Its version of Graphy.
    pub version: String,
    /// When it started, in milliseconds since 1970.
    #[ts(type = "number")]
    pub started_at: u64,
    /// When it described itself; none if it did not yet. The rest is of that moment.
    #[ts(type = "number | null")]
    pub reported_at: Option<u64>,
    /// What its process uses.
    pub process: Option<ProcessReport>,
    /// Its background tasks.
    pub tasks: Vec<TaskReport>,
    /// Its workers.
    pub workers: Vec<WorkerReport>,
    /// Its circuit breakers.
    pub circuits: Vec<CircuitReport>,
    /// Its caches.
    pub caches: Vec<CacheReport>,
    /// The probes it makes of itself.
    pub probes: Vec<ProbeReport>,
}

/// What a process uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProcessReport {
    /// CPU, 100 per core.
    pub cpu_percent: f64,
    /// Memory in RAM, in bytes.
    #[ts(type = "number")]
    pub resident_bytes: u64,
    /// Open file descriptors.
    #[ts(type = "number")]
    pub open_files: u64,
    /// How many it may open.
    #[ts(type = "number | null")]
    pub open_files_max: Option<u64>,
    /// Threads.
    #[ts(type = "number")]
    pub threads: u64,
    /// Memory of the computer in use, 0 to 1.
    pub host_memory_share: f64,
    /// Load of the computer over the last minute.
    pub host_load: f64,
}

/// A background task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TaskReport {
    /// Its name.
    pub name: String,
    /// `starting`, `running`, `restarting`, `stopped`, `failed`.
    pub state: String,
    /// Why, if it restarts or failed.
    pub reason: Option<String>,
    /// Since when, in milliseconds since 1970.
    #[ts(type = "number")]
    pub since: u64,
    /// When it last said that it makes progress.
    #[ts(type = "number | null")]
    pub last_tick: Option<u64>,
    /// How often it was started again.
    pub restarts: u32,
    /// How many of its failures were panics.
    pub panics: u32,
}

/// The worker of a node for one queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WorkerReport {
    /// Which queue.
    pub queue: String,
    /// What it calls itself.
    pub name: String,
    /// `running`, `paused`, `rebuilding`, `stopped`.
    pub state: String,
    /// How many jobs it handles at once.
    #[ts(type = "number")]
    pub concurrency: u64,
    /// How many jobs it handles now.
    #[ts(type = "number")]
    pub active: u64,
    /// How many jobs it has taken since it started.
    #[ts(type = "number")]
    pub fetched: u64,
    /// When it last took one, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub last_fetch: Option<u64>,
    /// How often the watchdog had to build it anew.
    pub rebuilds: u32,
}

/// A circuit breaker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CircuitReport {
    /// What it guards.
    pub name: String,
    /// `closed` (all is well), `open` (nothing is sent), `half-open` (one is tried).
    pub state: String,
    /// Since when, in milliseconds since 1970.
    #[ts(type = "number")]
    pub since: u64,
    /// How often it has opened.
    #[ts(type = "number")]
    pub trips: u64,
    /// Why it last opened.
    pub reason: Option<String>,
}

/// A cache and how well it works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CacheReport {
    /// Which cache.
    pub name: String,
    /// How many entries it holds.
    #[ts(type = "number")]
    pub entries: u64,
    /// How many it may hold.
    #[ts(type = "number")]
    pub entries_max: u64,
    /// How long an entry lives, in milliseconds; none if for ever.
    #[ts(type = "number | null")]
    pub ttl_ms: Option<u64>,
    /// How often it had what was wanted.
    #[ts(type = "number")]
    pub hits: u64,
    /// How often it had not.
    #[ts(type = "number")]
    pub misses: u64,
}

/// A probe that a node makes of itself, end to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProbeReport {
    /// What it goes through, as `queue graph-commands` or `broadcast`.
    pub name: String,
    /// Whether it came through.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// When, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// How long it took, in milliseconds.
    pub took_ms: Option<f64>,
}

/// Asks for lines of the log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogRequest {
    /// Only this level and worse: `trace`, `debug`, `info`, `warn`, `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub level: Option<String>,
    /// Only lines that contain this text, at most 200 characters; upper and lower case are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<String>,
    /// Only lines after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub after: Option<u64>,
    /// How many at most, 1..=1000; 200 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Counts lines of this process.
    #[ts(type = "number")]
    pub id: u64,
    /// When, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR`.
    pub level: String,
    /// Where it comes from, as `graphy_engine::worker`.
    pub target: String,
    /// What it says.
    pub message: String,
    /// Its fields.
    #[ts(type = "Record<string, string>")]
    pub fields: BTreeMap<String, String>,
}

/// The newest lines of this node's log that match, newest last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// The newest line there is, matching or not.
    #[ts(type = "number")]
    pub last_id: u64,
    /// The oldest line that is kept, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub since: Option<u64>,
}

/// What a diagnostics archive would hold, to be looked at before it is saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticsPreview {
    /// When it was put together, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// Names it, so that what is saved is what was shown.
    pub preview_id: String,
    /// The name of the archive.
    pub file_name: String,
    /// Its files.
    pub files: Vec<DiagnosticsFile>,
    /// What is never part of it, in words.
    pub left_out: Vec<String>,
}

/// One file of a diagnostics archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticsFile {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Its size, in bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Its first 64 KiB.
    pub text: String,
}

/// Asks for the archive of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveDiagnostics {
    /// Which preview; a new one is put together if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub preview_id: Option<String>,
}

/// Asks for a piece of the audit log, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditRequest {
    /// Only entries before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<String>,
    /// Only what this user did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user_id: Option<UserId>,
    /// Only operations whose names begin with this, as `queues.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub operation: Option<String>,
    /// How many at most, 1..=200; 50 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// How an audited action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum AuditOutcome {
    /// It is known only that it was begun.
    Begun,
    /// It was done.
    Done,
    /// It failed.
    Failed,
    /// It was refused.
    Refused,
}

/// One entry of the audit log. Entries are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Which entry.
    pub entry_id: String,
    /// When it was begun, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// Who did it.
    pub user_id: UserId,
    /// Which operation.
    pub operation: String,
    /// To what, in words.
    pub target: String,
    /// What was asked, without secrets.
    pub detail: Value,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// What came of it, in words.
    pub result: Option<String>,
    /// Finds it in the logs.
    pub trace_id: String,
}

/// A piece of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}
