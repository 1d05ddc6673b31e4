//! Finds queues in the key space, in small steps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redis::Value;

use super::{QueueName, QueueReader, elements, text};
use crate::error::StoreError;

/// What the key names of queues look like: `…:…:meta` and `…:…:id`, and few others.
const PATTERN: &str = "*:*:[mi][ed]*";

/// The fields of `meta` that only BullMQ writes.
const SIGNS: [&str; 6] = [
    "version",
    "library",
    "opts.maxLenEvents",
    "paused",
    "concurrency",
    "max",
];

/// One step of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanStep {
    /// Where to go on; 0 at the end of the pass.
    pub cursor: u64,
    /// What may be queues.
    pub found: Vec<QueueName>,
}

impl QueueReader {
    /// Looks at about `keys` keys of the key space from a cursor on; 0 begins a pass.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn scan(&self, cursor: u64, keys: u32) -> Result<ScanStep, StoreError> {
        let (cursor, names): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(PATTERN)
            .arg("COUNT")
            .arg(keys)
            .query_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("look for queues"))?;
        // A name that is no text cannot be asked for by anybody.
        let mut found: Vec<QueueName> = names
            .iter()
            .filter_map(|name| QueueName::of_key(std::str::from_utf8(name).ok()?))
            .collect();
        found.sort();
        found.dedup();
        Ok(ScanStep { cursor, found })
    }

    /// Counts the keys of the database.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn count_keys(&self) -> Result<u64, StoreError> {
        redis::cmd("DBSIZE")
            .query_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("count keys"))
    }

    /// Says of each name whether there is such a queue: its `meta` holds what BullMQ writes, or it
    /// has a counter of ids beside a stream of events or a list of jobs.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn are_queues(&self, names: &[QueueName]) -> Result<Vec<bool>, StoreError> {
        let mut pipeline = redis::pipe();
        for name in names {
            pipeline.cmd("HMGET").arg(name.key("meta")).arg(&SIGNS);
            for part in ["id", "events", "wait", "completed"] {
                pipeline.cmd("TYPE").arg(name.key(part));
            }
        }
        let answers = self
            .ask("tell queues from other keys", &mut pipeline)
            .await?;
        Ok(answers.chunks(5).map(is_queue).collect())
    }
}

fn is_queue(answers: &[Option<Value>]) -> bool {
    let signs = elements(answers.first().cloned().flatten());
    if signs.iter().any(Option::is_some) {
        return true;
    }
    let kind = |at: usize| text(answers.get(at).cloned().flatten()).unwrap_or_default();
    kind(1) == "string" && (kind(2) == "stream" || kind(3) == "list" || kind(4) == "zset")
}

/// Reads the queue from the name of a worker's connection: `<prefix>:<base64 of the queue>`, with
/// `:w:<name>` behind it if the worker has one.
#[must_use]
pub fn queue_of_client(name: &str) -> Option<(QueueName, String)> {
    let (place, worker) = match name.split_once(":w:") {
        Some((place, worker)) => (place, worker.to_owned()),
        None => (name, String::new()),
    };
    let (prefix, coded) = place.rsplit_once(':')?;
    // The connections of listeners end in `:qe`.
    let queue = STANDARD.decode(coded).ok()?;
    let queue = String::from_utf8(queue).ok()?;
    let sound = !prefix.is_empty() && !queue.is_empty() && !queue.contains(':');
    sound.then(|| (QueueName::new(prefix, queue), worker))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_name_their_queue() {
        let mail = || QueueName::new("bull", "mail");
        assert_eq!(
            queue_of_client("bull:bWFpbA=="),
            Some((mail(), String::new()))
        );
        assert_eq!(
            queue_of_client("bull:bWFpbA==:w:w:1"),
            Some((mail(), "w:1".to_owned()))
        );
        let tagged = QueueName::new("my:{app}", "mail");
        assert_eq!(
            queue_of_client("my:{app}:bWFpbA=="),
            Some((tagged, String::new()))
        );
        assert_eq!(queue_of_client("bull:bWFpbA==:qe"), None);
        assert_eq!(queue_of_client("redis-cli"), None);
        assert_eq!(queue_of_client(":bWFpbA=="), None);
    }
}
