//! Copies of removed jobs, for the time in which their removal can be taken back.
//!
//! **Invariant:** the copy is in Redis before the job is removed; a node that dies in between
//! leaves both, and putting the copy back then changes nothing.

use std::sync::LazyLock;

use redis::Script;

use super::{JobList, QueueName, QueueReader};
use crate::error::StoreError;

/// How many bytes the copies of one run may have.
pub const KEPT_BYTES_MAX: u64 = 32 * 1024 * 1024;

static KEEP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("keep.lua")));
static RESTORE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("restore.lua")));

/// What became of the wish to keep a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// There is a copy.
    Kept,
    /// The job is not where it was.
    Moved,
    /// Its removal would change a parent or children.
    Flow,
    /// It is a scheduler's next run.
    Scheduler,
    /// There is no more room for copies.
    Full,
}

/// What became of copies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// Jobs that are back.
    pub back: u64,
    /// Jobs that were there.
    pub skipped: u64,
    /// Copies that are left.
    pub left: u64,
}

impl QueueReader {
    /// Keeps a copy of a job that is about to be removed from a list; with a life of 0 only says
    /// whether it may be removed.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn keep(
        &self,
        run: &str,
        queue: &QueueName,
        list: JobList,
        id: &str,
        life_ms: u64,
    ) -> Result<Kept, StoreError> {
        let answer: String = KEEP
            .key(copies(run, queue))
            .arg(queue.base())
            .arg(id)
            .arg(list.part())
            .arg(life_ms)
            .arg(KEPT_BYTES_MAX)
            .invoke_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("keep a copy of a job"))?;
        Ok(match answer.as_str() {
            "kept" => Kept::Kept,
            "flow" => Kept::Flow,
            "scheduler" => Kept::Scheduler,
            "full" => Kept::Full,
            _ => Kept::Moved,
        })
    }

    /// Throws the newest copy away, as its job was not removed.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn drop_last_copy(&self, run: &str, queue: &QueueName) -> Result<(), StoreError> {
        redis::cmd("RPOP")
            .arg(copies(run, queue))
            .query_async::<Option<Vec<u8>>>(&mut self.link.write())
            .await
            .map(drop)
            .map_err(StoreError::redis("drop a copy of a job"))
    }

    /// Puts at most `count` jobs back into their lists: sorted ones to their place, waiting ones to
    /// the front in their old order.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn restore(
        &self,
        run: &str,
        queue: &QueueName,
        count: u32,
        now_ms: u64,
    ) -> Result<Restored, StoreError> {
        let (back, skipped, left): (u64, u64, u64) = RESTORE
            .key(copies(run, queue))
            .arg(queue.base())
            .arg(count)
            .arg(now_ms)
            .invoke_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("put removed jobs back"))?;
        Ok(Restored {
            back,
            skipped,
            left,
        })
    }

    /// Lets copies live for a time from now on.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn keep_for(
        &self,
        run: &str,
        queue: &QueueName,
        life_ms: u64,
    ) -> Result<(), StoreError> {
        let key = copies(run, queue);
        redis::pipe()
            .cmd("PEXPIRE")
            .arg(format!("{key}:bytes"))
            .arg(life_ms)
            .ignore()
            .cmd("PEXPIRE")
            .arg(key)
            .arg(life_ms)
            .ignore()
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("keep copies of jobs"))
    }
}

impl QueueReader {
    /// Returns how much longer the copies of a run live; none if there are none.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn copies_left_ms(
        &self,
        run: &str,
        queue: &QueueName,
    ) -> Result<Option<u64>, StoreError> {
        let left: i64 = redis::cmd("PTTL")
            .arg(copies(run, queue))
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("look for copies of jobs"))?;
        Ok(u64::try_from(left).ok().filter(|left| *left > 0))
    }
}

/// Names the copies of a run. The queue's base stands in it, so that a hash tag in it counts.
fn copies(run: &str, queue: &QueueName) -> String {
    format!("queue-bulk:kept:{}{run}", queue.base())
}
