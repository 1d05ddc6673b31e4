//! Whether a BullMQ queue has work that a worker should have taken: read past the queue library,
//! over this process's own link, so that it is true even if the library's connections are not.

use redis::AsyncCommands;

use crate::connection::RedisLink;
use crate::error::StoreError;

/// What a manual rate limit counts as.
const LIMITED_BY_HAND: u64 = 1 << 52;

/// What the settings of a queue say: paused, concurrency, jobs of its rate limit.
type Settings = (Option<String>, Option<u64>, Option<u64>);

/// What the commands of one pulse answer, in their order.
type Reply = (u64, u64, u64, Settings, Option<u64>, i64, Option<String>);

/// What stands in the way of a queue's jobs, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueuePulse {
    /// Jobs that any free worker may take now.
    pub waiting: u64,
    /// Jobs at workers.
    pub active: u64,
    /// Whether the queue is paused.
    pub paused: bool,
    /// Whether a rate limit holds jobs back.
    pub rate_limited: bool,
    /// How many jobs may be at workers at once, over all workers.
    pub concurrency: Option<u64>,
    /// Whether the job that has been at a worker for longest is still locked by it; none if there
    /// is none.
    pub oldest_locked: Option<bool>,
}

impl QueuePulse {
    /// Says whether a worker with a free slot has to take a job now.
    #[must_use]
    pub fn calls_for_workers(&self) -> bool {
        let room = self.concurrency.is_none_or(|most| self.active < most);
        self.waiting > 0 && !self.paused && !self.rate_limited && room
    }

    /// Says whether at least one worker of the queue lives and is at work.
    #[must_use]
    pub fn is_worked_on(&self) -> bool {
        self.oldest_locked == Some(true)
    }
}

impl RedisLink {
    /// Takes a queue's pulse: a few commands of constant cost.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn queue_pulse(&self, prefix: &str, queue: &str) -> Result<QueuePulse, StoreError> {
        let key = |part: &str| format!("{prefix}:{queue}:{part}");
        let mut redis = self.query();
        let (wait, prioritized, active, meta, started, limited_ms, oldest): Reply = redis::pipe()
            .llen(key("wait"))
            .zcard(key("prioritized"))
            .llen(key("active"))
            .hmget(key("meta"), &["paused", "concurrency", "max"])
            .get(key("limiter"))
            .pttl(key("limiter"))
            .lindex(key("active"), -1)
            .query_async(&mut redis)
            .await
            .map_err(StoreError::redis("take the pulse of a queue"))?;
        let (paused, concurrency, max) = meta;
        let oldest_locked = match oldest {
            Some(job) => {
                let lock = key(&format!("{job}:lock"));
                let locked: bool = redis
                    .exists(lock)
                    .await
                    .map_err(StoreError::redis("look at the lock of a job"))?;
                Some(locked)
            }
            None => None,
        };
        Ok(QueuePulse {
            waiting: wait + prioritized,
            active,
            paused: paused.is_some(),
            // A limit that workers have of their own is not in Redis; its counter is.
            rate_limited: limited_ms > 0
                && started.is_some_and(|count| {
                    count >= LIMITED_BY_HAND || max.is_none_or(|max| count >= max)
                }),
            concurrency,
            oldest_locked,
        })
    }
}
