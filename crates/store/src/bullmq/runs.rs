//! The list of bulk actions, so that who comes later finds those that are under way.

use super::QueueReader;
use super::bulk::RECORD_MS;
use crate::error::StoreError;

const RUNS: &str = "queue-bulk:runs";
/// How many runs are listed.
pub const RUNS_MAX: usize = 32;

impl QueueReader {
    /// Lists a run as the newest one.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn list_run(&self, run: &str) -> Result<(), StoreError> {
        let last = RUNS_MAX as i64 - 1;
        let mut pipeline = redis::pipe();
        pipeline.atomic().lpush(RUNS, run).ignore();
        pipeline.cmd("LTRIM").arg(RUNS).arg(0).arg(last).ignore();
        pipeline.cmd("PEXPIRE").arg(RUNS).arg(RECORD_MS).ignore();
        pipeline
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("list a bulk action"))
    }

    /// Names the last runs, the newest first. The records of some may be gone.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn listed_runs(&self) -> Result<Vec<String>, StoreError> {
        redis::cmd("LRANGE")
            .arg(RUNS)
            .arg(0)
            .arg(-1)
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("read the list of bulk actions"))
    }
}
