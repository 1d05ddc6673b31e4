//! Which of the queues are Graphy's own.

use std::collections::BTreeMap;

use graphy_engine::{GRAPH_COMMANDS, QueueKind};
use graphy_store::bullmq::QueueName;

/// Our queues under the prefix of this deployment, each with how many jobs one of our worker
/// processes handles at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnQueues {
    prefix: String,
    concurrency: BTreeMap<&'static str, usize>,
}

impl OwnQueues {
    /// Takes them from the engine.
    pub(crate) fn of(queues: &graphy_engine::Queues) -> Self {
        let concurrency = QueueKind::ALL
            .iter()
            .map(|kind| (kind.name(), queues.definition(*kind).concurrency));
        Self {
            prefix: queues.prefix().to_owned(),
            concurrency: concurrency.collect(),
        }
    }

    /// One queue of ours, for tests.
    #[cfg(test)]
    pub(crate) fn named(prefix: &str, queue: &'static str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            concurrency: BTreeMap::from([(queue, 1)]),
        }
    }

    /// Returns what the keys of our queues begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Says whether a queue is one of ours.
    pub(crate) fn has(&self, queue: &QueueName) -> bool {
        queue.prefix == self.prefix && self.concurrency.contains_key(queue.queue.as_str())
    }

    /// Says whether a queue holds graph commands.
    pub(crate) fn holds_commands(&self, queue: &QueueName) -> bool {
        self.has(queue) && queue.queue == GRAPH_COMMANDS
    }

    /// Names them.
    pub(crate) fn names(&self) -> impl Iterator<Item = QueueName> {
        self.concurrency
            .keys()
            .map(|queue| QueueName::new(&self.prefix, *queue))
    }

    /// Returns how many jobs of a queue one of our worker processes handles at once; none for
    /// foreign queues.
    pub(crate) fn concurrency(&self, queue: &QueueName) -> Option<u64> {
        let ours = self.has(queue).then_some(queue.queue.as_str())?;
        self.concurrency.get(ours).map(|jobs| *jobs as u64)
    }
}
