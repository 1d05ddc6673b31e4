//! A piece of a state's jobs, filtered on the server in bounded slices.

use graphy_protocol::ApiError;
use graphy_protocol::queues::{JobPage, JobState};
use graphy_store::StoreError;
use graphy_store::bullmq::{IdPage, JobHash, JobList, QueueName, SLICE_JOBS_MAX};

use super::filter::Sieve;
use super::row::{list_of, row};
use super::{Queues, summary};
use crate::fault::store_fault;

/// How many jobs one page looks at.
const LOOKED_AT_MAX: u64 = 2000;
/// How many bytes of data one page looks through.
const LOOKED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How many jobs are read at once where their data are searched.
const SEARCH_SLICE: usize = 50;

/// A job that was looked at.
pub(crate) struct Looked {
    pub(crate) id: String,
    pub(crate) score: Option<f64>,
    pub(crate) hash: Option<JobHash>,
}

impl Queues {
    /// Reads a page of jobs.
    pub(crate) async fn page(
        &self,
        queue: &QueueName,
        state: JobState,
        sieve: &Sieve,
        offset: u64,
        limit: usize,
    ) -> Result<JobPage, ApiError> {
        let fault = |error: StoreError| store_fault(&error);
        let glances = self.reader().glance(std::slice::from_ref(queue)).await;
        let glance = glances.map_err(fault)?.pop().unwrap_or_default();
        let total = total(&summary::counts(&glance), state);
        let mut page = JobPage {
            at: self.now_ms(),
            total,
            jobs: Vec::new(),
            next: None,
            looked_at: 0,
        };
        let mut bytes = 0;
        let list = list_of(state);
        loop {
            let at = offset + page.looked_at;
            let left = limit - page.jobs.len();
            let slice = if sieve.is_open() { left } else { SEARCH_SLICE };
            let looked = self
                .slice(
                    queue,
                    list,
                    glance.waiting,
                    sieve,
                    at,
                    slice.min(SLICE_JOBS_MAX),
                )
                .await
                .map_err(fault)?;
            if looked.is_empty() {
                return Ok(page);
            }
            for one in looked {
                if page.jobs.len() == limit {
                    break;
                }
                page.looked_at += 1;
                bytes += one
                    .hash
                    .as_ref()
                    .and_then(|hash| hash.data.as_ref())
                    .map_or(0, String::len);
                if sieve.lets_through(&one.id, one.hash.as_ref()) {
                    page.jobs
                        .push(row(&one.id, one.hash.as_ref(), list, one.score));
                }
            }
            let end = offset + page.looked_at;
            if end >= total {
                return Ok(page);
            }
            let enough = page.jobs.len() == limit
                || page.looked_at >= LOOKED_AT_MAX
                || bytes >= LOOKED_BYTES_MAX;
            if enough {
                page.next = Some(end);
                return Ok(page);
            }
        }
    }

    /// Reads jobs of a list from a place on; behind the waiting ones come those that a BullMQ 5
    /// has put aside. `waiting` is how many the first list has.
    pub(crate) async fn slice(
        &self,
        queue: &QueueName,
        list: JobList,
        waiting: u64,
        sieve: &Sieve,
        offset: u64,
        count: usize,
    ) -> Result<Vec<Looked>, StoreError> {
        let reader = self.reader();
        let asked = u32::try_from(count).unwrap_or(u32::MAX);
        let ids: IdPage = if list == JobList::Wait && offset >= waiting {
            reader
                .ids(queue, JobList::Paused, offset - waiting, asked)
                .await?
        } else {
            reader.ids(queue, list, offset, asked).await?
        };
        let wanted = sieve.wanted(self.own().holds_commands(queue));
        let names: Vec<String> = ids.iter().map(|(id, _)| id.clone()).collect();
        let hashes = reader.hashes(queue, &names, wanted).await?;
        let looked = ids.into_iter().zip(hashes);
        Ok(looked
            .map(|((id, score), hash)| Looked { id, score, hash })
            .collect())
    }
}

/// Returns how many jobs are in a state.
pub(crate) fn total(counts: &graphy_protocol::queues::JobCounts, state: JobState) -> u64 {
    match state {
        JobState::Waiting => counts.waiting,
        JobState::Active => counts.active,
        JobState::Delayed => counts.delayed,
        JobState::Prioritized => counts.prioritized,
        JobState::WaitingChildren => counts.waiting_children,
        JobState::Completed => counts.completed,
        JobState::Failed => counts.failed,
    }
}
