//! One job, closely, and pieces of its large values.

use std::collections::HashMap;
use std::sync::LazyLock;

use redis::{Script, Value};

use super::{JobList, QueueName, QueueReader, elements, lossy, text, value};
use crate::error::StoreError;

/// How much of a value is read at once.
pub const PIECE_BYTES: usize = 64 * 1024;
/// How many lines of a job's log are read.
const LOG_LINES: usize = 200;
/// How much of a line is read.
const LOG_LINE_BYTES: usize = 4096;
/// How many ids of a list are looked through for one.
const LOOKED_THROUGH_MAX: u32 = 1_000_000;

static DETAIL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("detail.lua")));
static PIECE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("piece.lua")));
static LOGS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("logs.lua")));

const FIELDS: [&str; 22] = [
    "name",
    "timestamp",
    "data",
    "opts",
    "delay",
    "priority",
    "processedOn",
    "finishedOn",
    "atm",
    "attemptsMade",
    "ats",
    "stc",
    "pb",
    "failedReason",
    "stacktrace",
    "returnvalue",
    "progress",
    "rjk",
    "parentKey",
    "deid",
    "defa",
    "tm",
];

/// The beginning of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobValue {
    /// At most [`PIECE_BYTES`] of it.
    pub text: String,
    /// How large it is, in bytes.
    pub bytes: u64,
    /// Whether `text` is not all of it.
    pub cut: bool,
}

/// The values of a job's hash.
pub type JobFields = HashMap<&'static str, JobValue>;

/// What a job wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobLogs {
    /// The newest lines, oldest first.
    pub lines: Vec<String>,
    /// How many lines there are.
    pub total: u64,
}

impl QueueReader {
    /// Reads a job's hash; empty if there is none.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn job(&self, queue: &QueueName, id: &str) -> Result<JobFields, StoreError> {
        let mut call = DETAIL.key(queue.key(id));
        call.arg(PIECE_BYTES);
        for field in FIELDS {
            call.arg(field);
        }
        let answer: Value = call
            .invoke_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("read a job"))?;
        let values = elements(Some(answer));
        Ok(FIELDS
            .into_iter()
            .zip(values)
            .filter_map(|(field, pair)| Some((field, piece(pair, 0)?)))
            .collect())
    }

    /// Reads the piece of a value that begins at a byte; none if there is no such value.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn piece(
        &self,
        queue: &QueueName,
        id: &str,
        field: &str,
        offset: u64,
    ) -> Result<Option<JobValue>, StoreError> {
        let answer: Value = PIECE
            .key(queue.key(id))
            .arg(field)
            .arg(offset.saturating_add(1))
            .arg(PIECE_BYTES)
            .invoke_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("read a value of a job"))?;
        Ok(piece(Some(answer), offset))
    }

    /// Reads a whole value if it is not over `bytes_max`; none if it is, or if there is none.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn whole(
        &self,
        queue: &QueueName,
        id: &str,
        field: &str,
        bytes_max: u64,
    ) -> Result<Option<String>, StoreError> {
        let key = queue.key(id);
        let mut pipeline = redis::pipe();
        pipeline.cmd("HSTRLEN").arg(&key).arg(field);
        let length = self.ask("measure a value", &mut pipeline).await?.pop();
        if value::<u64>(length.flatten()).is_none_or(|length| length > bytes_max) {
            return Ok(None);
        }
        let mut pipeline = redis::pipe();
        pipeline.cmd("HGET").arg(&key).arg(field);
        let mut answers = self.ask("read a value of a job", &mut pipeline).await?;
        Ok(text(answers.pop().flatten()))
    }

    /// Reads what a job wrote.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn logs(&self, queue: &QueueName, id: &str) -> Result<JobLogs, StoreError> {
        let answer: Value = LOGS
            .key(queue.key(&format!("{id}:logs")))
            .arg(LOG_LINES)
            .arg(LOG_LINE_BYTES)
            .invoke_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("read the log of a job"))?;
        let mut parts = elements(Some(answer)).into_iter();
        let total = value(parts.next().flatten()).unwrap_or_default();
        let lines = elements(parts.next().flatten());
        Ok(JobLogs {
            lines: lines.into_iter().filter_map(text).collect(),
            total,
        })
    }

    /// Finds the list that holds a job, with its score if the list is sorted.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn whereabouts(
        &self,
        queue: &QueueName,
        id: &str,
    ) -> Result<Option<(JobList, Option<f64>)>, StoreError> {
        let mut pipeline = redis::pipe();
        for list in JobList::SORTED {
            pipeline.cmd("ZSCORE").arg(queue.key(list.part())).arg(id);
        }
        let answers = self.ask("find a job", &mut pipeline).await?;
        for (list, answer) in JobList::SORTED.into_iter().zip(answers) {
            if answer.is_some() {
                return Ok(Some((list, super::number(answer))));
            }
        }
        for list in [JobList::Active, JobList::Wait, JobList::Paused] {
            let mut pipeline = redis::pipe();
            pipeline.cmd("LPOS").arg(queue.key(list.part())).arg(id);
            pipeline
                .arg("RANK")
                .arg(-1)
                .arg("MAXLEN")
                .arg(LOOKED_THROUGH_MAX);
            let found = self.ask("find a job", &mut pipeline).await?;
            if found.into_iter().any(|answer| answer.is_some()) {
                return Ok(Some((list, None)));
            }
        }
        Ok(None)
    }

    /// Reads how much longer the locks of jobs hold; none of a job that has no lock.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn locks(
        &self,
        queue: &QueueName,
        ids: &[String],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let mut pipeline = redis::pipe();
        for id in ids {
            pipeline.cmd("PTTL").arg(queue.key(&format!("{id}:lock")));
        }
        let answers = self.ask("read locks", &mut pipeline).await?;
        Ok(answers
            .into_iter()
            .map(|answer| value::<i64>(answer).and_then(|ms| u64::try_from(ms).ok()))
            .collect())
    }

    /// Forgets how often a job was taken back from workers that gave no sign, so that the next
    /// time is the first again.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn forget_stalls(&self, queue: &QueueName, id: &str) -> Result<(), StoreError> {
        redis::cmd("HDEL")
            .arg(queue.key(id))
            .arg(&["stc", "defa"])
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("forget how often a job stalled"))
    }
}

fn piece(pair: Option<Value>, offset: u64) -> Option<JobValue> {
    let mut pair = elements(pair).into_iter();
    let bytes: u64 = value(pair.next()?)?;
    let raw: Vec<u8> = value(pair.next()?)?;
    let end = offset + raw.len() as u64;
    let cut = end < bytes;
    // A character that the cut went through belongs to the next piece.
    let sound = match std::str::from_utf8(&raw) {
        Err(error) if cut && error.error_len().is_none() => &raw[..error.valid_up_to()],
        _ => &raw[..],
    };
    Some(JobValue {
        text: lossy(sound),
        bytes,
        cut: cut || offset > 0,
    })
}
