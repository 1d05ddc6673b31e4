//! Redis in terms of people, and its memory by kinds of keys.

use serde::{Deserialize, Serialize};
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
