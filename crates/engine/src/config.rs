//! What the engine can be told.

use std::time::Duration;

use graphy_model::{Command, Limits};
use graphy_store::RedisUrl;
use graphy_store::graph::SnapshotRoom;

/// How jobs may be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobsLimit {
    /// How many jobs of a queue all workers together start.
    pub jobs: u64,
    /// In which time.
    pub per: Duration,
}

/// Settings of the queues.
#[derive(Debug, Clone)]
pub struct QueueSettings {
    /// What the keys of all queues begin with.
    pub prefix: String,
    /// How many jobs of `sync-operations` a worker process handles at the same time.
    pub sync_concurrency: usize,
    /// How many jobs of `analytics` a worker process handles at the same time.
    pub analytics_concurrency: usize,
    /// How fast jobs of `graph-commands` may start; as fast as they can if absent.
    pub commands_limit: Option<JobsLimit>,
    /// How often all graphs are counted; zero for never.
    pub totals_interval: Duration,
    /// How often graphs that have changed get a snapshot; zero for never.
    pub snapshot_interval: Duration,
    /// How much room the snapshots of one graph have.
    pub snapshot_room: SnapshotRoom,
    /// How long changes of progress are gathered before it is rolled up.
    pub progress_delay: Duration,
    /// Whether workers that fetch nothing are made anew; off only in the test that shows why.
    #[doc(hidden)]
    pub watchdog: Watchdog,
    /// Another way to Redis for the workers' own connections; for tests of what a lost way harms.
    #[doc(hidden)]
    pub worker_redis: Option<RedisUrl>,
}

/// Whether workers are watched.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watchdog {
    /// Those that fetch nothing though jobs wait are made anew.
    On,
    /// Nobody looks.
    Off,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            prefix: "bull".to_owned(),
            sync_concurrency: 10,
            analytics_concurrency: 2,
            commands_limit: None,
            totals_interval: Duration::from_secs(30),
            snapshot_interval: Duration::from_secs(3600),
            snapshot_room: SnapshotRoom {
                count_max: 10,
                bytes_max: 64 * 1024 * 1024,
            },
            progress_delay: Duration::from_secs(1),
            watchdog: Watchdog::On,
            worker_redis: None,
        }
    }
}

/// Settings of intake and workers.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// What commands and graphs may weigh.
    pub limits: Limits,
    /// How many jobs of `graph-commands` a worker process handles at the same time.
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
    /// How long a worker keeps a job of `graph-commands` or `sync-operations` without a sign of life.
    pub lock: Duration,
    /// How often jobs of dead workers are looked for.
    pub stalled_interval: Duration,
    /// How many finished jobs of `graph-commands` are kept for people to look at.
    pub completed_jobs_kept: usize,
    /// How many failed jobs of `graph-commands` are kept.
    pub failed_jobs_kept: usize,
    /// The queues.
    pub queues: QueueSettings,
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
            queues: QueueSettings::default(),
            poison: None,
        }
    }
}
