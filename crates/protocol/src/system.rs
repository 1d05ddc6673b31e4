//! Payloads of the system page: Redis, nodes, tasks, logs, diagnostics; and of the audit log.

mod audit;
mod diagnostics;
mod logs;
mod redis;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use audit::*;
pub use diagnostics::*;
pub use logs::*;
pub use redis::*;

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
