//! Jobs in lists: their ids by place, and their hashes without what is large in them.

use std::collections::HashMap;
use std::sync::LazyLock;

use redis::{Script, Value};

use super::{JobList, QueueName, QueueReader, elements, lossy, number, text, value, whole_number};
use crate::error::StoreError;

/// How many hashes one call reads at most.
pub const SLICE_JOBS_MAX: usize = 100;
/// How many bytes of a name or a reason are read.
const TEXT_BYTES: usize = 2048;
/// Up to which size data are looked into.
const READ_BYTES_MAX: usize = 1024 * 1024;

static JOBS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("jobs.lua")));

/// The fields of a job's hash that lists show; `name` and `timestamp` tell a job from something else.
const FIELDS: [&str; 13] = [
    "name",
    "timestamp",
    "delay",
    "priority",
    "processedOn",
    "finishedOn",
    "atm",
    "attemptsMade",
    "pb",
    "failedReason",
    "opts",
    "rjk",
    "parentKey",
];

/// Ids of jobs in their order, with their scores if the list is sorted.
pub type IdPage = Vec<(String, Option<f64>)>;

/// A job's hash without what is large in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobHash {
    /// Which job.
    pub id: String,
    /// Its fields but the data, cut at 2 KiB each.
    pub fields: HashMap<&'static str, String>,
    /// How large its data are.
    pub data_bytes: u64,
    /// The beginning of its data, if it was asked for and the data are not too large.
    pub data: Option<String>,
    /// Which graph its data name, if that was asked for.
    pub graph: Option<String>,
}

impl JobHash {
    /// Returns a field that holds a number.
    #[must_use]
    pub fn number(&self, field: &str) -> Option<u64> {
        whole_number(self.fields.get(field)?.parse().ok()?)
    }
}

/// What is wanted of the data of jobs, which may be large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataWanted {
    /// Only how large they are.
    Size,
    /// Which graph they name.
    Graph,
    /// Their first bytes.
    Text(usize),
    /// Both.
    GraphAndText(usize),
}

/// When a job was added and taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobTimes {
    /// When it was added.
    pub added_at: Option<u64>,
    /// How long it was told to wait first.
    pub delay_ms: u64,
    /// When a worker took it.
    pub started_at: Option<u64>,
}

impl QueueReader {
    /// Lists ids of a list from a place on: waiting jobs in the order in which they will run, ended
    /// ones newest first, those at workers and those with a time or a priority the first first.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn ids(
        &self,
        queue: &QueueName,
        list: JobList,
        offset: u64,
        count: u32,
    ) -> Result<IdPage, StoreError> {
        let key = queue.key(list.part());
        let first = i64::try_from(offset).unwrap_or(i64::MAX / 2);
        let count = i64::from(count);
        let mut pipeline = redis::pipe();
        match list {
            JobList::Wait | JobList::Paused | JobList::Active => {
                pipeline
                    .cmd("LRANGE")
                    .arg(key)
                    .arg(-first - count)
                    .arg(-first - 1);
            }
            JobList::Completed | JobList::Failed => {
                let last = first + count - 1;
                pipeline
                    .cmd("ZREVRANGE")
                    .arg(key)
                    .arg(first)
                    .arg(last)
                    .arg("WITHSCORES");
            }
            JobList::Delayed | JobList::Prioritized | JobList::WaitingChildren => {
                let last = first + count - 1;
                pipeline
                    .cmd("ZRANGE")
                    .arg(key)
                    .arg(first)
                    .arg(last)
                    .arg("WITHSCORES");
            }
        }
        let mut answers = self.ask("list jobs", &mut pipeline).await?;
        let found = elements(answers.pop().flatten());
        if !list.is_sorted() {
            let ids = found.into_iter().rev().filter_map(text);
            // Markers that versions before 5 left in lists are no jobs.
            let jobs = ids.filter(|id| !id.starts_with("0:"));
            return Ok(jobs.map(|id| (id, None)).collect());
        }
        Ok(found
            .chunks_exact(2)
            .filter_map(|pair| Some((text(pair[0].clone())?, number(pair[1].clone()))))
            .collect())
    }

    /// Reads the hashes of at most [`SLICE_JOBS_MAX`] jobs; data over a megabyte are only measured.
    /// A job whose hash is gone gives none.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn hashes(
        &self,
        queue: &QueueName,
        ids: &[String],
        wanted: DataWanted,
    ) -> Result<Vec<Option<JobHash>>, StoreError> {
        let ids = &ids[..ids.len().min(SLICE_JOBS_MAX)];
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut call = JOBS.prepare_invoke();
        for id in ids {
            call.key(queue.key(id));
        }
        let (bytes, graph) = match wanted {
            DataWanted::Size => (0, 0),
            DataWanted::Graph => (0, 1),
            DataWanted::Text(bytes) => (bytes, 0),
            DataWanted::GraphAndText(bytes) => (bytes, 1),
        };
        call.arg(bytes)
            .arg(READ_BYTES_MAX)
            .arg(TEXT_BYTES)
            .arg(graph);
        for field in FIELDS {
            call.arg(field);
        }
        let answer: Value = call
            .invoke_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("read jobs"))?;
        let rows = elements(Some(answer));
        Ok(ids
            .iter()
            .zip(rows)
            .map(|(id, row)| hash(id, row))
            .collect())
    }

    /// Reads when jobs were added and taken.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn times(&self, jobs: &[(QueueName, String)]) -> Result<Vec<JobTimes>, StoreError> {
        let mut pipeline = redis::pipe();
        for (queue, id) in jobs {
            let fields = ["timestamp", "delay", "processedOn"];
            pipeline.cmd("HMGET").arg(queue.key(id)).arg(&fields);
        }
        let answers = self.ask("read when jobs were taken", &mut pipeline).await?;
        let times = answers.into_iter().map(|answer| {
            let mut fields = elements(answer).into_iter();
            let mut next = || number::<u64>(fields.next().flatten());
            JobTimes {
                added_at: next(),
                delay_ms: next().unwrap_or_default(),
                started_at: next(),
            }
        });
        Ok(times.collect())
    }

    /// Says of each job whether a list holds it. The lists that are not sorted sets are not
    /// searched: a job that exists, has no lock and is in no sorted set waits.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn are_in(
        &self,
        queue: &QueueName,
        list: JobList,
        ids: &[String],
    ) -> Result<Vec<bool>, StoreError> {
        let mut pipeline = redis::pipe();
        for id in ids {
            if list.is_sorted() {
                pipeline.cmd("ZSCORE").arg(queue.key(list.part())).arg(id);
                continue;
            }
            pipeline.cmd("EXISTS").arg(queue.key(id));
            pipeline.cmd("EXISTS").arg(queue.key(&format!("{id}:lock")));
            for sorted in JobList::SORTED {
                pipeline.cmd("ZSCORE").arg(queue.key(sorted.part())).arg(id);
            }
        }
        let answers = self.ask("look for jobs", &mut pipeline).await?;
        if list.is_sorted() {
            return Ok(answers.iter().map(Option::is_some).collect());
        }
        let waits = |one: &[Option<Value>]| {
            value::<bool>(one[0].clone()) == Some(true)
                && value::<bool>(one[1].clone()) == Some(false)
                && one[2..].iter().all(Option::is_none)
        };
        Ok(answers
            .chunks_exact(2 + JobList::SORTED.len())
            .map(waits)
            .collect())
    }
}

fn hash(id: &str, row: Option<Value>) -> Option<JobHash> {
    let mut values = elements(row).into_iter();
    let data_bytes = value(values.next()?)?;
    let data = value::<Vec<u8>>(values.next()?).map(|bytes| lossy(&bytes));
    let graph = text(values.next()?);
    let fields = FIELDS
        .into_iter()
        .zip(values)
        .filter_map(|(field, value)| Some((field, text(value)?)))
        .collect();
    Some(JobHash {
        id: id.to_owned(),
        fields,
        data_bytes,
        data,
        graph,
    })
}
