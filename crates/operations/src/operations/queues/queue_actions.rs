//! What operators do to a whole queue and to its schedulers.

use graphy_engine::inspect::QueueLimits;
use graphy_model::Action;
use graphy_protocol::queues::{ConfigureQueue, QueueRef, SchedulerList, SchedulerRef};
use graphy_protocol::{ApiError, ErrorCode};

use crate::caller::Caller;
use crate::fault::store_fault;
use crate::operations::Operations;
use crate::queues::check;
use crate::queues::one::JobFault;

/// The most jobs at once over all workers.
const CONCURRENCY_MAX: u64 = 100_000;
/// The bounds of a rate limit.
const RATE_JOBS_MAX: u64 = 1_000_000;
const RATE_MS_MAX: u64 = 3_600_000;

impl Operations {
    /// `queues.pause`: lets no more jobs start.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of queue and store.
    pub async fn queues_pause(&self, caller: &Caller, request: QueueRef) -> Result<(), ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let queue = self.queues().existing(&request, "").await?;
        let paused = self.queues().actions().pause(&queue).await;
        Ok(paused.map_err(JobFault::from)?)
    }

    /// `queues.resume`: lets jobs start again.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of queue and store.
    pub async fn queues_resume(&self, caller: &Caller, request: QueueRef) -> Result<(), ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let queue = self.queues().existing(&request, "").await?;
        let resumed = self.queues().actions().resume(&queue).await;
        Ok(resumed.map_err(JobFault::from)?)
    }

    /// `queues.configure`: sets or lifts the limits of a queue.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of queue and store.
    pub async fn queues_configure(
        &self,
        caller: &Caller,
        request: ConfigureQueue,
    ) -> Result<(), ApiError> {
        caller.authorize(Action::OperateSystem)?;
        if let Some(concurrency) = request.concurrency {
            check::within(concurrency, 1, CONCURRENCY_MAX, "concurrency")?;
        }
        if let Some(rate) = request.rate_limit {
            check::within(rate.max, 1, RATE_JOBS_MAX, "rateLimit.max")?;
            check::within(rate.duration_ms, 1, RATE_MS_MAX, "rateLimit.durationMs")?;
        }
        let queue = self.queues().existing(&request.queue, "queue").await?;
        let limits = QueueLimits {
            concurrency: request.concurrency,
            rate: request.rate_limit.map(|rate| (rate.max, rate.duration_ms)),
        };
        let set = self.queues().actions().limit(&queue, limits).await;
        Ok(set.map_err(JobFault::from)?)
    }

    /// `queues.repair_scheduler`: makes the job of a scheduler's next run anew.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of queue and store.
    pub async fn queues_repair_scheduler(
        &self,
        caller: &Caller,
        request: SchedulerRef,
    ) -> Result<SchedulerList, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let id = check::id(&request.scheduler_id, "schedulerId")?;
        let queue = self.queues().existing(&request.queue, "queue").await?;
        let stored = self.queues().reader().schedulers(&queue).await;
        let stored = stored.map_err(|error| store_fault(&error))?;
        let Some(stored) = stored.iter().find(|one| one.id == id) else {
            let message = format!("there is no scheduler {id:?} in the queue {queue}");
            return Err(ApiError::new(ErrorCode::NotFound, message).on("schedulerId"));
        };
        let repaired = self
            .queues()
            .actions()
            .repair_scheduler(&queue, stored)
            .await;
        repaired.map_err(JobFault::from)?;
        self.scheduler_list(&queue).await
    }

    /// `queues.remove_scheduler`: removes a scheduler and the job of its next run.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of queue and store.
    pub async fn queues_remove_scheduler(
        &self,
        caller: &Caller,
        request: SchedulerRef,
    ) -> Result<(), ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let id = check::id(&request.scheduler_id, "schedulerId")?;
        let queue = self.queues().existing(&request.queue, "queue").await?;
        let removed = self.queues().actions().remove_scheduler(&queue, id).await;
        Ok(removed.map_err(JobFault::from)?)
    }
}
