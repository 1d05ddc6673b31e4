//! Queues as operators see them: lists, jobs, schedulers and dead letters.

mod bulk_actions;
mod job_actions;
mod queue_actions;

use graphy_model::Action;
use graphy_protocol::queues::{
    DeadLetters, DeadLettersRequest, JobDetail, JobPage, JobPart, JobRef, JobText, JobTextRequest,
    JobsRequest, QueueDetail, QueueList, QueueRef, SchedulerList,
};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::bullmq::QueueName;

use super::Operations;
use crate::caller::Caller;
use crate::fault::store_fault;
use crate::queues::filter::Sieve;
use crate::queues::{Queues, check, detail, schedulers};

/// How many jobs a page has unless asked otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 200;
/// How far into a list a page may begin.
const OFFSET_MAX: u64 = 1_000_000_000;

impl Operations {
    pub(crate) fn queues(&self) -> &Queues {
        &self.inner.queues
    }

    /// `queues.list`: every queue on this Redis.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn queues_list(&self, caller: &Caller) -> Result<QueueList, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        self.queues().look().await;
        Ok(self.queues().list())
    }

    /// `queues.get`: one queue, closely.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of the store.
    pub async fn queues_get(
        &self,
        caller: &Caller,
        request: QueueRef,
    ) -> Result<QueueDetail, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        let queue = self.queues().existing(&request, "").await?;
        self.queues().queue(&queue).await
    }

    /// `queues.jobs`: a piece of a state's jobs.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of the store.
    pub async fn queues_jobs(
        &self,
        caller: &Caller,
        request: JobsRequest,
    ) -> Result<JobPage, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        let limit = check::within(request.limit.unwrap_or(PAGE), 1, PAGE_MAX, "limit")?;
        let offset = check::within(request.offset.unwrap_or(0), 0, OFFSET_MAX, "offset")?;
        check::filter(&request.filter)?;
        let queue = self.queues().existing(&request.queue, "queue").await?;
        let sieve = Sieve::new(&request.filter);
        self.queues()
            .page(&queue, request.state, &sieve, offset, limit as usize)
            .await
    }

    /// `queues.job`: one job, closely.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of the store.
    pub async fn queues_job(
        &self,
        caller: &Caller,
        request: JobRef,
    ) -> Result<JobDetail, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        let (queue, id) = check::job_name(self.queues(), &request)?;
        let graphs = &self.inner.parts.store;
        self.queues().job(graphs, &queue, id).await
    }

    /// `queues.job_text`: a piece of a value that is too large to be shown at once.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of the store.
    pub async fn queues_job_text(
        &self,
        caller: &Caller,
        request: JobTextRequest,
    ) -> Result<JobText, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        let queue = check::queue_name(self.queues(), &request.queue, "queue")?;
        let id = check::id(&request.job_id, "jobId")?;
        // No value of Redis is larger.
        check::within(request.offset, 0, 512 * 1024 * 1024, "offset")?;
        let field = match request.part {
            JobPart::Data => "data",
            JobPart::Options => "opts",
            JobPart::ReturnValue => "returnvalue",
            JobPart::Stacktrace => "stacktrace",
        };
        let piece = self
            .queues()
            .reader()
            .piece(&queue, id, field, request.offset)
            .await;
        let piece = piece.map_err(|error| store_fault(&error))?;
        match piece {
            Some(piece) => Ok(detail::text(Some(&piece))),
            None => {
                let message =
                    format!("the job {id:?} of {queue} does not exist or has no such value");
                Err(ApiError::new(ErrorCode::NotFound, message).on("jobId"))
            }
        }
    }

    /// `queues.schedulers`: the schedulers of a queue.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of the store.
    pub async fn queues_schedulers(
        &self,
        caller: &Caller,
        request: QueueRef,
    ) -> Result<SchedulerList, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        let queue = self.queues().existing(&request, "").await?;
        self.scheduler_list(&queue).await
    }

    async fn scheduler_list(&self, queue: &QueueName) -> Result<SchedulerList, ApiError> {
        let stored = self.queues().reader().schedulers(queue).await;
        let stored = stored.map_err(|error| store_fault(&error))?;
        let now = self.queues().now_ms();
        let mut rows: Vec<_> = stored.iter().map(|one| schedulers::row(one, now)).collect();
        rows.sort_by_key(|row| row.fault.is_none());
        Ok(SchedulerList { schedulers: rows })
    }

    /// `queues.dead_letters`: failed jobs in groups of those that failed alike.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of the store.
    pub async fn queues_dead_letters(
        &self,
        caller: &Caller,
        request: DeadLettersRequest,
    ) -> Result<DeadLetters, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        let only = match &request.queue {
            Some(queue) => Some(self.queues().existing(queue, "queue").await?),
            None => None,
        };
        self.queues().look().await;
        let queues = self.queues().failed_jobs(only.as_ref());
        self.queues().dead_letters(&queues).await
    }
}
