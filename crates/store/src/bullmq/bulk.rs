//! Confirmations and records of bulk actions, where every node can read them.

use std::sync::LazyLock;

use redis::Script;

use super::{QueueName, QueueReader};
use crate::error::StoreError;

/// For how long a queue stays reserved for a run that gives no sign.
pub const RESERVED_MS: u64 = 15_000;
/// For how long the record of a run is kept.
pub const RECORD_MS: u64 = 3_600_000;

/// Renews the reservation if it is still the run's, writes the record, and says whether the run is
/// to go on.
static BEAT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4])
         if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
         redis.call('PEXPIRE', KEYS[1], ARGV[3])
         if redis.call('EXISTS', KEYS[3]) == 1 then return 'stop' end
         return 'on'",
    )
});
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
         return 0",
    )
});

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// It does.
    On,
    /// Somebody wants it to stop.
    Stop,
    /// Its reservation of the queue is gone, as it gave no sign for too long.
    Lost,
}

impl QueueReader {
    /// Keeps a confirmation for a time.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn put_confirmation(
        &self,
        name: &str,
        text: &str,
        life_ms: u64,
    ) -> Result<(), StoreError> {
        redis::cmd("SET")
            .arg(format!("queue-bulk:confirmation:{name}"))
            .arg(text)
            .arg("PX")
            .arg(life_ms)
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("keep a confirmation"))
    }

    /// Reads a confirmation without using it up.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn confirmation(&self, name: &str) -> Result<Option<String>, StoreError> {
        redis::cmd("GET")
            .arg(format!("queue-bulk:confirmation:{name}"))
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("read a confirmation"))
    }

    /// Uses a confirmation up; false if somebody did before.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn use_confirmation(&self, name: &str) -> Result<bool, StoreError> {
        redis::cmd("DEL")
            .arg(format!("queue-bulk:confirmation:{name}"))
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("use a confirmation up"))
    }

    /// Reserves a queue for a run; false if another has it.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn reserve(&self, queue: &QueueName, run: &str) -> Result<bool, StoreError> {
        let answer: Option<String> = redis::cmd("SET")
            .arg(reservation(queue))
            .arg(run)
            .arg("NX")
            .arg("PX")
            .arg(RESERVED_MS)
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("reserve a queue"))?;
        Ok(answer.is_some())
    }

    /// Returns the run that has a queue.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn reserved_by(&self, queue: &QueueName) -> Result<Option<String>, StoreError> {
        redis::cmd("GET")
            .arg(reservation(queue))
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("see who has a queue"))
    }

    /// Gives a queue back.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn release(&self, queue: &QueueName, run: &str) -> Result<(), StoreError> {
        RELEASE
            .key(reservation(queue))
            .arg(run)
            .invoke_async::<i64>(&mut self.link.write())
            .await
            .map(drop)
            .map_err(StoreError::redis("give a queue back"))
    }

    /// Writes how far a run is, and says whether it is to go on.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn beat(
        &self,
        queue: &QueueName,
        run: &str,
        record: &str,
    ) -> Result<Beat, StoreError> {
        let answer: String = BEAT
            .key(reservation(queue))
            .key(record_of(run))
            .key(stop_of(run))
            .arg(run)
            .arg(record)
            .arg(RESERVED_MS)
            .arg(RECORD_MS)
            .invoke_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("write how far a bulk action is"))?;
        Ok(match answer.as_str() {
            "on" => Beat::On,
            "stop" => Beat::Stop,
            _ => Beat::Lost,
        })
    }

    /// Reads how far a run is.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn run_record(&self, run: &str) -> Result<Option<String>, StoreError> {
        redis::cmd("GET")
            .arg(record_of(run))
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("read how far a bulk action is"))
    }

    /// Asks a run to stop.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn ask_to_stop(&self, run: &str) -> Result<(), StoreError> {
        redis::cmd("SET")
            .arg(stop_of(run))
            .arg(1)
            .arg("PX")
            .arg(RECORD_MS)
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("ask a bulk action to stop"))
    }
}

fn reservation(queue: &QueueName) -> String {
    format!("queue-bulk:queue:{}", queue.base().trim_end_matches(':'))
}

fn record_of(run: &str) -> String {
    format!("queue-bulk:run:{{{run}}}:record")
}

fn stop_of(run: &str) -> String {
    format!("queue-bulk:run:{{{run}}}:stop")
}
