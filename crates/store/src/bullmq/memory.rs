//! About how much memory a queue takes, from a sample of its keys.

use super::{JobList, QueueName, QueueReader, value};
use crate::error::StoreError;

/// How many jobs of each list are measured.
const SAMPLED_JOBS: u32 = 6;

const LISTS: [JobList; 8] = [
    JobList::Wait,
    JobList::Paused,
    JobList::Active,
    JobList::Delayed,
    JobList::Prioritized,
    JobList::WaitingChildren,
    JobList::Completed,
    JobList::Failed,
];

impl QueueReader {
    /// Estimates the memory of a queue: its lists and its stream, and of each list the mean of a
    /// few jobs from both ends times their number. None if the server does not measure.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn memory(&self, queue: &QueueName) -> Result<Option<u64>, StoreError> {
        let mut pipeline = redis::pipe();
        for part in LISTS
            .map(JobList::part)
            .into_iter()
            .chain(["events", "meta", "repeat"])
        {
            let key = queue.key(part);
            pipeline
                .cmd("MEMORY")
                .arg("USAGE")
                .arg(key)
                .arg("SAMPLES")
                .arg(5);
        }
        let answers = self.ask("measure a queue", &mut pipeline).await?;
        let sizes: Vec<u64> = answers.into_iter().filter_map(value).collect();
        if sizes.is_empty() {
            return Ok(None);
        }
        let mut total: u64 = sizes.into_iter().sum();
        for list in LISTS {
            total += self.memory_of_jobs(queue, list).await?;
        }
        Ok(Some(total))
    }

    async fn memory_of_jobs(&self, queue: &QueueName, list: JobList) -> Result<u64, StoreError> {
        let count_of = if list.is_sorted() { "ZCARD" } else { "LLEN" };
        let mut pipeline = redis::pipe();
        pipeline.cmd(count_of).arg(queue.key(list.part()));
        let count = self.ask("count jobs", &mut pipeline).await?.pop();
        let count: u64 = value(count.flatten()).unwrap_or_default();
        if count == 0 {
            return Ok(0);
        }
        let mut ids = self.ids(queue, list, 0, SAMPLED_JOBS / 2).await?;
        let last = count.saturating_sub(u64::from(SAMPLED_JOBS / 2));
        ids.extend(self.ids(queue, list, last, SAMPLED_JOBS / 2).await?);
        let mut pipeline = redis::pipe();
        for (id, _) in &ids {
            let key = queue.key(id);
            // All of its few fields: a sample might miss the one that holds the data.
            pipeline
                .cmd("MEMORY")
                .arg("USAGE")
                .arg(key)
                .arg("SAMPLES")
                .arg(0);
        }
        let answers = self.ask("measure jobs", &mut pipeline).await?;
        let sizes: Vec<u64> = answers.into_iter().filter_map(value).collect();
        let measured = sizes.len().max(1) as u64;
        Ok(sizes.into_iter().sum::<u64>() / measured * count)
    }
}
