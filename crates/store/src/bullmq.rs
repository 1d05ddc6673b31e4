//! Typed reads of the BullMQ layout: every queue on this Redis, ours and foreign ones.
//!
//! Nothing here moves a job but [`keep`], which brings removed jobs back; all other changes go
//! through the vendor's library, one crate above. What a foreign program wrote may be anything:
//! a key of another type, a hash that is gone and a text that is no JSON are missing values here,
//! never errors.
//!
//! **Invariant:** every read has a bound on entries and on bytes; nothing uses KEYS.

pub mod bulk;
mod clients;
mod detail;
mod discovery;
mod events;
mod glance;
mod jobs;
pub mod keep;
mod memory;
mod names;
pub mod runs;
mod schedulers;

pub use clients::QueueClient;
pub use detail::{JobFields, JobLogs, JobValue, PIECE_BYTES};
pub use discovery::{ScanStep, queue_of_client};
pub use events::{EventEdge, EventLook, EventPage, StreamEvent};
pub use glance::Glance;
pub use jobs::{DataWanted, IdPage, JobHash, JobTimes, SLICE_JOBS_MAX};
pub use names::{JobList, QueueName};
pub use schedulers::StoredScheduler;

use redis::{FromRedisValue, Pipeline, RedisResult, Value};

use crate::connection::RedisLink;
use crate::error::StoreError;
use crate::reply::{ReplyClass, classify};

/// Reads queues; cheap to clone.
#[derive(Debug, Clone)]
pub struct QueueReader {
    link: RedisLink,
}

impl QueueReader {
    /// Reads through the given connection.
    #[must_use]
    pub fn new(link: RedisLink) -> Self {
        Self { link }
    }

    /// Returns the connection.
    #[must_use]
    pub fn link(&self) -> &RedisLink {
        &self.link
    }

    /// Sends a pipeline; what single commands refuse is a missing answer, unless the server is not
    /// ready to answer any.
    async fn ask(
        &self,
        action: &'static str,
        pipeline: &mut Pipeline,
    ) -> Result<Vec<Option<Value>>, StoreError> {
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let answers: Vec<RedisResult<Value>> = pipeline
            .ignore_errors()
            .query_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis(action))?;
        present(answers).map_err(StoreError::redis(action))
    }
}

/// Takes the values out of the answers to a pipeline.
fn present(answers: Vec<RedisResult<Value>>) -> RedisResult<Vec<Option<Value>>> {
    let values = answers.into_iter().map(|answer| match answer {
        Err(error) if matches!(classify(&error), ReplyClass::Retry { .. }) => Err(error),
        Err(_) | Ok(Value::Nil) => Ok(None),
        Ok(value) => Ok(Some(value)),
    });
    values.collect()
}

/// Reads a value, or none if it is not of the form.
fn value<T: FromRedisValue>(answer: Option<Value>) -> Option<T> {
    answer.and_then(|answer| redis::from_redis_value(answer).ok())
}

/// Reads a text whatever its bytes are.
fn text(answer: Option<Value>) -> Option<String> {
    match answer? {
        Value::SimpleString(text) => Some(text),
        other => value::<Vec<u8>>(Some(other)).map(|bytes| lossy(&bytes)),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads a number that is written as text.
fn number<T: std::str::FromStr>(answer: Option<Value>) -> Option<T> {
    text(answer).and_then(|text| text.trim().parse().ok())
}

/// Takes a number for a time in milliseconds or a count; none if it cannot be one.
#[must_use]
pub fn whole_number(number: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked"
    )]
    (0.0..=9.0e15).contains(&number).then_some(number as u64)
}

/// Reads the elements of an array.
fn elements(answer: Option<Value>) -> Vec<Option<Value>> {
    match answer {
        Some(Value::Array(values)) => values
            .into_iter()
            .map(|value| Some(value).filter(|value| *value != Value::Nil))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(wire: &str) -> RedisResult<Value> {
        redis::parse_redis_value(wire.as_bytes()).and_then(Value::extract_error)
    }

    #[test]
    fn a_key_of_another_type_is_missing_but_a_server_that_loads_has_no_answers() {
        let wrong_type = answer("-WRONGTYPE Operation against a key of another kind\r\n");
        let values = present(vec![answer(":3\r\n"), wrong_type, Ok(Value::Nil)]);
        assert_eq!(values.unwrap(), [Some(Value::Int(3)), None, None]);
        let loading = answer("-LOADING Redis is loading the dataset in memory\r\n");
        assert!(present(vec![answer(":3\r\n"), loading]).is_err());
    }
}
