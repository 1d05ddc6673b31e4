//! The names of a queue's keys.

/// Names one queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName {
    /// What its keys begin with; may hold colons and braces.
    pub prefix: String,
    /// Its name; holds no colon.
    pub queue: String,
}

impl QueueName {
    /// Names a queue.
    #[must_use]
    pub fn new(prefix: impl Into<String>, queue: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            queue: queue.into(),
        }
    }

    /// Returns what all keys of the queue begin with, the last colon included.
    #[must_use]
    pub fn base(&self) -> String {
        format!("{}:{}:", self.prefix, self.queue)
    }

    /// Returns a key of the queue, or of one of its jobs.
    #[must_use]
    pub fn key(&self, part: &str) -> String {
        format!("{}:{}:{part}", self.prefix, self.queue)
    }

    /// Reads the queue from its key `…:meta` or `…:id`.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let base = key
            .strip_suffix(":meta")
            .or_else(|| key.strip_suffix(":id"))?;
        let (prefix, queue) = base.rsplit_once(':')?;
        (!prefix.is_empty() && !queue.is_empty()).then(|| Self::new(prefix, queue))
    }
}

impl std::fmt::Display for QueueName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.prefix, self.queue)
    }
}

/// A list of jobs of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobList {
    /// Waiting for a worker.
    Wait,
    /// Waiting in a queue that a BullMQ 5 paused.
    Paused,
    /// At a worker.
    Active,
    /// Waiting for their time.
    Delayed,
    /// Waiting with a priority.
    Prioritized,
    /// Waiting for their children.
    WaitingChildren,
    /// Done.
    Completed,
    /// Failed.
    Failed,
}

impl JobList {
    /// All lists.
    pub const ALL: [Self; 8] = [
        Self::Wait,
        Self::Paused,
        Self::Active,
        Self::Delayed,
        Self::Prioritized,
        Self::WaitingChildren,
        Self::Completed,
        Self::Failed,
    ];

    /// Those that are sorted sets.
    pub const SORTED: [Self; 5] = [
        Self::Failed,
        Self::Completed,
        Self::Delayed,
        Self::Prioritized,
        Self::WaitingChildren,
    ];

    /// Returns the last part of its key.
    #[must_use]
    pub fn part(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Paused => "paused",
            Self::Active => "active",
            Self::Delayed => "delayed",
            Self::Prioritized => "prioritized",
            Self::WaitingChildren => "waiting-children",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// Returns the command that counts its jobs.
    pub(super) fn count_command(self) -> &'static str {
        if self.is_sorted() { "ZCARD" } else { "LLEN" }
    }

    /// Says whether it is a sorted set.
    #[must_use]
    pub fn is_sorted(self) -> bool {
        Self::SORTED.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_may_hold_anything() {
        let of = |key| QueueName::of_key(key).map(|name| (name.prefix, name.queue));
        let some = |prefix: &str, queue: &str| Some((prefix.to_owned(), queue.to_owned()));
        assert_eq!(of("bull:mail:meta"), some("bull", "mail"));
        assert_eq!(of("{bull}:mail:id"), some("{bull}", "mail"));
        assert_eq!(of("my:app:{mail}:meta"), some("my:app", "{mail}"));
        assert_eq!(of("bull:mail:1"), None);
        assert_eq!(of("mail:meta"), None);
        assert_eq!(of(":mail:meta"), None);
        assert_eq!(of("bull::id"), None);
    }
}
