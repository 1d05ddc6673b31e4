//! How many queues stand, in one round trip for all of them.

use redis::Value;

use super::{JobList, QueueName, QueueReader, elements, number, text, value};
use crate::error::StoreError;

/// The fields of `meta` that matter.
const META: [&str; 6] = [
    "version",
    "library",
    "paused",
    "concurrency",
    "max",
    "duration",
];

/// How many lists are counted, first of all.
const LISTS: usize = JobList::ALL.len();
/// How many commands one queue takes.
const COMMANDS: usize = LISTS + 4;

/// How one queue stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    /// Jobs in `wait`.
    pub waiting: u64,
    /// Jobs in the list `paused` of BullMQ 5; empty in a queue of version 6.
    pub paused_list: u64,
    /// Jobs at workers.
    pub active: u64,
    /// Jobs that wait for their time.
    pub delayed: u64,
    /// Jobs that wait with a priority.
    pub prioritized: u64,
    /// Jobs that wait for children.
    pub waiting_children: u64,
    /// Jobs that are done and kept.
    pub completed: u64,
    /// Jobs that failed and are kept.
    pub failed: u64,
    /// What its last writer said of itself, as `bullmq:6.7.0`.
    pub version: Option<String>,
    /// What a port of the library said of itself.
    pub library: Option<String>,
    /// Whether it is paused.
    pub paused: bool,
    /// The most jobs at once over all workers.
    pub concurrency: Option<u64>,
    /// How many jobs may start in `limit_duration_ms`.
    pub limit_max: Option<u64>,
    /// The window of the rate limit.
    pub limit_duration_ms: Option<u64>,
    /// The job that waits at the front.
    pub next_waiting: Option<String>,
    /// The job of the highest priority.
    pub next_prioritized: Option<String>,
    /// How much longer the window of the rate limit lasts.
    pub limiter_ms: Option<u64>,
}

impl QueueReader {
    /// Counts the jobs of queues and reads how they are set, in one round trip.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn glance(&self, queues: &[QueueName]) -> Result<Vec<Glance>, StoreError> {
        let mut pipeline = redis::pipe();
        for queue in queues {
            for list in JobList::ALL {
                pipeline
                    .cmd(list.count_command())
                    .arg(queue.key(list.part()));
            }
            pipeline.cmd("HMGET").arg(queue.key("meta")).arg(&META);
            pipeline.cmd("LINDEX").arg(queue.key("wait")).arg(-1);
            pipeline
                .cmd("ZRANGE")
                .arg(queue.key("prioritized"))
                .arg(0)
                .arg(0);
            pipeline.cmd("PTTL").arg(queue.key("limiter"));
        }
        let answers = self.ask("count jobs", &mut pipeline).await?;
        Ok(answers.chunks_exact(COMMANDS).map(read).collect())
    }

    /// Returns how many jobs have started in the present window of the rate limit.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn limiter_count(&self, queue: &QueueName) -> Result<u64, StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("GET").arg(queue.key("limiter"));
        let mut answers = self.ask("read the rate limit", &mut pipeline).await?;
        Ok(number(answers.pop().flatten()).unwrap_or_default())
    }

    /// Returns how many events the stream of a queue keeps.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn count_events(&self, queue: &QueueName) -> Result<u64, StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("XLEN").arg(queue.key("events"));
        let mut answers = self.ask("count events", &mut pipeline).await?;
        Ok(value(answers.pop().flatten()).unwrap_or_default())
    }
}

fn read(answers: &[Option<Value>]) -> Glance {
    let count = |at: usize| value::<u64>(answers[at].clone()).unwrap_or_default();
    let mut meta = elements(answers[LISTS].clone()).into_iter();
    let mut next = || meta.next().flatten();
    let (version, library, paused) = (next(), next(), next());
    let (concurrency, max, duration) = (next(), next(), next());
    let limiter: i64 = value(answers[LISTS + 3].clone()).unwrap_or(-2);
    Glance {
        waiting: count(0),
        paused_list: count(1),
        active: count(2),
        delayed: count(3),
        prioritized: count(4),
        waiting_children: count(5),
        completed: count(6),
        failed: count(7),
        version: text(version).map(|text| short(&text)),
        library: text(library).map(|text| short(&text)),
        paused: paused.is_some(),
        concurrency: number(concurrency),
        limit_max: number(max),
        limit_duration_ms: number(duration),
        next_waiting: text(answers[LISTS + 1].clone()),
        next_prioritized: text(elements(answers[LISTS + 2].clone()).pop().flatten()),
        limiter_ms: u64::try_from(limiter).ok(),
    }
}

/// A version is short; what is not is not shown whole.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
