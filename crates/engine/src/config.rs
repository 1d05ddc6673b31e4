//! What the engine can be told.

use std::time::Duration;

use graphy_model::{Command, Limits};

/// The name of the queue of commands.
pub const GRAPH_COMMANDS: &str = "graph-commands";

/// Settings of intake and workers.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// What commands and graphs may weigh.
    pub limits: Limits,
    /// How many jobs a worker process handles at the same time.
    pub concurrency: usize,
    /// How many commands may wait at one node for one graph.
    pub waiting_commands_max: usize,
    /// How far apart the jobs of a graph start while several clients edit it: a little waiting
    /// makes few jobs of many commands. A graph that was quiet, and a client that edits alone, do
    /// not wait.
    pub pace: Duration,
    /// How long a caller waits at most for its commands to be durable.
    pub accept_wait: Duration,
    /// How long a command waits for one that was sent before it.
    pub hold_max: Duration,
    /// How long a worker keeps a job without a sign of life.
    pub lock: Duration,
    /// How often jobs of dead workers are looked for.
    pub stalled_interval: Duration,
    /// How many finished jobs are kept for people to look at.
    pub completed_jobs_kept: usize,
    /// How many failed jobs are kept.
    pub failed_jobs_kept: usize,
    /// Makes the decision of chosen commands panic; for tests of what a poisoned command harms.
    #[doc(hidden)]
    pub poison: Option<fn(&Command) -> bool>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            concurrency: 16,
            waiting_commands_max: 10_000,
            pace: Duration::from_millis(6),
            accept_wait: Duration::from_secs(10),
            hold_max: Duration::from_secs(30),
            lock: Duration::from_secs(5),
            stalled_interval: Duration::from_secs(1),
            completed_jobs_kept: 1000,
            failed_jobs_kept: 10_000,
            poison: None,
        }
    }
}
