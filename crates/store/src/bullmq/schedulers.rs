//! The schedulers of a queue.

use super::{QueueName, QueueReader, elements, number, text, value, whole_number};
use crate::error::StoreError;

/// How many schedulers are read.
const SCHEDULERS_MAX: i64 = 200;
/// How large the template of a scheduler's jobs may be to be read.
const TEMPLATE_BYTES_MAX: u64 = 1024 * 1024;

const FIELDS: [&str; 8] = [
    "name",
    "pattern",
    "every",
    "tz",
    "limit",
    "startDate",
    "endDate",
    "ic",
];

/// A scheduler as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredScheduler {
    /// Its id.
    pub id: String,
    /// When it is to run next, in milliseconds since 1970.
    pub next_at: Option<u64>,
    /// The name of its jobs; none if its hash is gone.
    pub name: Option<String>,
    /// Its cron pattern.
    pub pattern: Option<String>,
    /// Its interval.
    pub every_ms: Option<u64>,
    /// The time zone of the pattern.
    pub time_zone: Option<String>,
    /// How often it may run.
    pub limit: Option<u64>,
    /// When it begins.
    pub start_at: Option<u64>,
    /// When it ends.
    pub end_at: Option<u64>,
    /// How often it has run.
    pub runs: Option<u64>,
    /// Whether the job of its next run exists.
    pub has_next_job: bool,
    /// Whether that job waits for its time.
    pub next_job_delayed: bool,
}

impl StoredScheduler {
    /// Returns the id of the job of its next run.
    #[must_use]
    pub fn next_job_id(&self) -> Option<String> {
        self.next_at.map(|at| format!("repeat:{}:{at}", self.id))
    }
}

impl QueueReader {
    /// Reads the first 200 schedulers of a queue, the next to run first.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn schedulers(&self, queue: &QueueName) -> Result<Vec<StoredScheduler>, StoreError> {
        let mut pipeline = redis::pipe();
        pipeline
            .cmd("ZRANGE")
            .arg(queue.key("repeat"))
            .arg(0)
            .arg(SCHEDULERS_MAX - 1);
        pipeline.arg("WITHSCORES");
        let mut answers = self.ask("list schedulers", &mut pipeline).await?;
        let mut found: Vec<StoredScheduler> = elements(answers.pop().flatten())
            .chunks_exact(2)
            .filter_map(|pair| {
                Some(StoredScheduler {
                    id: text(pair[0].clone())?,
                    next_at: number::<f64>(pair[1].clone()).and_then(whole_number),
                    ..StoredScheduler::default()
                })
            })
            .collect();
        let mut pipeline = redis::pipe();
        for one in &found {
            let key = queue.key(&format!("repeat:{}", one.id));
            pipeline.cmd("HMGET").arg(key).arg(&FIELDS);
            let job = one.next_job_id().unwrap_or_default();
            pipeline.cmd("EXISTS").arg(queue.key(&job));
            pipeline.cmd("ZSCORE").arg(queue.key("delayed")).arg(job);
        }
        let answers = self.ask("read schedulers", &mut pipeline).await?;
        for (one, answer) in found.iter_mut().zip(answers.chunks_exact(3)) {
            let mut fields = elements(answer[0].clone()).into_iter();
            let mut next = || fields.next().flatten();
            one.name = text(next());
            one.pattern = text(next());
            one.every_ms = number(next());
            one.time_zone = text(next());
            one.limit = number(next());
            one.start_at = number(next());
            one.end_at = number(next());
            one.runs = number(next());
            one.has_next_job = value(answer[1].clone()) == Some(true);
            one.next_job_delayed = answer[2].is_some();
        }
        Ok(found)
    }

    /// Reads data and options of the jobs that a scheduler makes.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn scheduler_template(
        &self,
        queue: &QueueName,
        id: &str,
    ) -> Result<(Option<String>, Option<String>), StoreError> {
        let job = format!("repeat:{id}");
        let data = self.whole(queue, &job, "data", TEMPLATE_BYTES_MAX).await?;
        let options = self.whole(queue, &job, "opts", TEMPLATE_BYTES_MAX).await?;
        Ok((data, options))
    }
}
