//! The three queues: one table of what each is for and how its jobs are treated.

use std::time::Duration;

use graphy_model::CommandType;

use crate::config::EngineConfig;

/// The name of the queue of commands.
pub const GRAPH_COMMANDS: &str = "graph-commands";
/// The name of the queue of work that must survive a node.
pub const SYNC_OPERATIONS: &str = "sync-operations";
/// The name of the queue of work that has time.
pub const ANALYTICS: &str = "analytics";

/// The name of the jobs by which a node sees that somebody works on a queue.
pub(crate) const PROBE: &str = "PROBE";

/// One of the queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueueKind {
    /// Commands of people.
    GraphCommands,
    /// Work between nodes that must survive the node that asked for it.
    SyncOperations,
    /// Work that has time.
    Analytics,
}

/// How the jobs of a queue are treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDefinition {
    /// The name of the queue.
    pub name: &'static str,
    /// The names of its jobs.
    pub jobs: &'static [&'static str],
    /// How many jobs one worker process handles at once.
    pub concurrency: usize,
    /// The priority of its jobs, 1 being the most urgent; none if they run in the order they came.
    pub priority: Option<u32>,
    /// How often a job is tried that fails for reasons unknown.
    pub attempts: u32,
    /// How many finished jobs are kept.
    pub completed_kept: usize,
    /// How many failed jobs are kept.
    pub failed_kept: usize,
    /// How long a worker keeps a job without a sign of life.
    pub lock: Duration,
    /// How often jobs of dead workers are looked for.
    pub stalled_interval: Duration,
}

/// The names of the jobs of `graph-commands`: the types of commands, and `COMMANDS` for several.
const COMMAND_JOBS: [&str; CommandType::ALL.len() + 1] = {
    let mut names = ["COMMANDS"; CommandType::ALL.len() + 1];
    let mut place = 0;
    while place < CommandType::ALL.len() {
        names[place] = CommandType::ALL[place].as_str();
        place += 1;
    }
    names
};

impl QueueKind {
    /// All queues.
    pub const ALL: [Self; 3] = [Self::GraphCommands, Self::SyncOperations, Self::Analytics];

    /// Returns the queue's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GraphCommands => GRAPH_COMMANDS,
            Self::SyncOperations => SYNC_OPERATIONS,
            Self::Analytics => ANALYTICS,
        }
    }

    /// Returns the names of the queue's jobs.
    #[must_use]
    pub const fn jobs(self) -> &'static [&'static str] {
        match self {
            Self::GraphCommands => &COMMAND_JOBS,
            Self::SyncOperations => &["BROADCAST_UPDATE", "SYNC_CLIENT", "RESOLVE_CONFLICT", PROBE],
            Self::Analytics => &[
                "CALCULATE_PROGRESS",
                "UPDATE_METRICS",
                "GENERATE_SNAPSHOT",
                PROBE,
            ],
        }
    }

    /// Says how the queue's jobs are treated under a configuration.
    #[must_use]
    pub fn definition(self, config: &EngineConfig) -> QueueDefinition {
        let commands = QueueDefinition {
            name: self.name(),
            jobs: self.jobs(),
            concurrency: config.concurrency,
            priority: None,
            attempts: 3,
            completed_kept: config.completed_jobs_kept,
            failed_kept: config.failed_jobs_kept,
            lock: config.lock,
            stalled_interval: config.stalled_interval,
        };
        match self {
            Self::GraphCommands => commands,
            Self::SyncOperations => QueueDefinition {
                concurrency: config.queues.sync_concurrency,
                priority: Some(10),
                completed_kept: 500,
                failed_kept: 1000,
                ..commands
            },
            Self::Analytics => QueueDefinition {
                concurrency: config.queues.analytics_concurrency,
                priority: Some(100),
                completed_kept: 200,
                failed_kept: 1000,
                // A snapshot of a large graph may keep a core busy for a while.
                lock: config.lock * 2,
                stalled_interval: config.stalled_interval * 2,
                ..commands
            },
        }
    }

    /// Returns the name under which runs of a job are counted: a closed set.
    pub(crate) fn metric_name(self, job: &str) -> &'static str {
        let mut names = self.jobs().iter();
        names.find(|name| **name == job).copied().unwrap_or("other")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted_under_known_names_only() {
        let kind = QueueKind::GraphCommands;
        assert_eq!(kind.metric_name("CREATE_NODE"), "CREATE_NODE");
        assert_eq!(kind.metric_name("COMMANDS"), "COMMANDS");
        assert_eq!(kind.metric_name("x".repeat(9).as_str()), "other");
        let kind = QueueKind::Analytics;
        assert_eq!(kind.metric_name("CREATE_NODE"), "other");
    }

    #[test]
    fn a_dead_worker_s_jobs_are_back_within_ten_seconds() {
        for kind in QueueKind::ALL {
            let of = kind.definition(&EngineConfig::default());
            // A job may be seen twice by the sweep before it is taken back.
            assert!(of.lock.max(2 * of.stalled_interval) <= Duration::from_secs(10));
            assert!(of.attempts > 0 && of.concurrency > 0);
        }
    }
}
