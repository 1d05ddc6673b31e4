//! About how much memory a queue takes, from a sample of its keys.

use super::{JobList, QueueName, QueueReader, value};
use crate::error::StoreError;

/// How many jobs of each list are measured.
const SAMPLED_JOBS: u32 = 6;
/// Of how many of its entries the size of a large key is guessed.
const SAMPLED_ENTRIES: u32 = 5;
/// All of the few fields of a job: a sample might miss the one that holds the data.
const ALL_FIELDS: u32 = 0;

impl QueueReader {
    /// Estimates the memory of a queue: its lists and its stream, and of each list the mean of a
    /// few jobs from both ends times their number. None if the server does not measure.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn memory(&self, queue: &QueueName) -> Result<Option<u64>, StoreError> {
        let parts = JobList::ALL.map(JobList::part).into_iter();
        let parts = parts.chain(["events", "meta", "repeat"]);
        let keys = parts.map(|part| queue.key(part));
        let sizes = self
            .memory_of("measure a queue", keys, SAMPLED_ENTRIES)
            .await?;
        if sizes.is_empty() {
            return Ok(None);
        }
        let mut total: u64 = sizes.into_iter().sum();
        for list in JobList::ALL {
            total += self.memory_of_jobs(queue, list).await?;
        }
        Ok(Some(total))
    }

    async fn memory_of_jobs(&self, queue: &QueueName, list: JobList) -> Result<u64, StoreError> {
        let mut pipeline = redis::pipe();
        pipeline
            .cmd(list.count_command())
            .arg(queue.key(list.part()));
        let count = self.ask("count jobs", &mut pipeline).await?.pop();
        let count: u64 = value(count.flatten()).unwrap_or_default();
        if count == 0 {
            return Ok(0);
        }
        let mut ids = self.ids(queue, list, 0, SAMPLED_JOBS / 2).await?;
        let last = count.saturating_sub(u64::from(SAMPLED_JOBS / 2));
        ids.extend(self.ids(queue, list, last, SAMPLED_JOBS / 2).await?);
        let keys = ids.iter().map(|(id, _)| queue.key(id));
        let sizes = self.memory_of("measure jobs", keys, ALL_FIELDS).await?;
        let measured = sizes.len().max(1) as u64;
        Ok(sizes.into_iter().sum::<u64>() / measured * count)
    }

    /// Measures keys; those that are not there or cannot be measured are left out.
    async fn memory_of(
        &self,
        action: &'static str,
        keys: impl Iterator<Item = String>,
        samples: u32,
    ) -> Result<Vec<u64>, StoreError> {
        let mut pipeline = redis::pipe();
        for key in keys {
            let usage = pipeline.cmd("MEMORY").arg("USAGE").arg(key);
            usage.arg("SAMPLES").arg(samples);
        }
        let answers = self.ask(action, &mut pipeline).await?;
        Ok(answers.into_iter().filter_map(value).collect())
    }
}
