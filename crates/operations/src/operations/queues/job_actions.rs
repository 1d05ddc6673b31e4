//! What operators do to one job.

use std::time::Duration;

use graphy_engine::inspect::{NewJob, OwnJob, ReplayAs};
use graphy_model::Action;
use graphy_protocol::queues::{AddJob, AddedJob, EditJob, EditedJob, JobRef};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::bullmq::QueueName;
use serde_json::Value;

use crate::caller::Caller;
use crate::fault::store_fault;
use crate::operations::Operations;
use crate::queues::check;
use crate::queues::one::JobFault;

/// How large the data of a job may be.
const DATA_BYTES_MAX: usize = 1024 * 1024;
/// The longest name of a job.
const NAME_CHARS_MAX: usize = 200;
/// How far in the future a job may be due.
const DELAY_MS_MAX: u64 = 30 * 24 * 3600 * 1000;
/// The last priority of BullMQ.
const PRIORITY_MAX: u32 = 2_097_151;
/// How often a job may be tried.
const ATTEMPTS_MAX: u32 = 100;

impl Operations {
    /// `queues.retry_job`: runs a failed job anew.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of queue and store.
    pub async fn queues_retry_job(&self, caller: &Caller, request: JobRef) -> Result<(), ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let (queue, id) = self.named_job(&request).await?;
        Ok(self.queues().retry_job(&queue, id).await?)
    }

    /// `queues.promote_job`: runs a delayed job now.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of queue and store.
    pub async fn queues_promote_job(
        &self,
        caller: &Caller,
        request: JobRef,
    ) -> Result<(), ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let (queue, id) = self.named_job(&request).await?;
        let promoted = self.queues().actions().promote(&queue, id).await;
        Ok(promoted.map_err(JobFault::from)?)
    }

    /// `queues.remove_job`: removes a job that is not at a worker, with its children.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of queue and store.
    pub async fn queues_remove_job(
        &self,
        caller: &Caller,
        request: JobRef,
    ) -> Result<(), ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let (queue, id) = self.named_job(&request).await?;
        let fields = self.queues().reader().job(&queue, id).await;
        let fields = fields.map_err(|error| store_fault(&error))?;
        let place = self.queues().reader().whereabouts(&queue, id).await;
        let place = place.map_err(|error| store_fault(&error))?;
        // What is no job's hash must not be deleted under the name of one.
        let is_job = fields.contains_key("name") || fields.contains_key("timestamp");
        if !is_job && place.is_none() {
            let message = format!("there is no job {id:?} in the queue {queue}");
            return Err(ApiError::new(ErrorCode::NotFound, message).on("jobId"));
        }
        let removed = self.queues().actions().remove(&queue, id).await;
        Ok(removed.map_err(JobFault::from)?)
    }

    /// `queues.edit_job`: runs a failed job anew with other data.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `too_large`, `not_found`, or that of queue and store.
    pub async fn queues_edit_job(
        &self,
        caller: &Caller,
        request: EditJob,
    ) -> Result<EditedJob, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        check_data(&request.data)?;
        let queue = self.queues().existing(&request.queue, "queue").await?;
        let id = check::id(&request.job_id, "jobId")?;
        let editor = ReplayAs::Editor {
            user_id: caller.user_id.clone(),
            role: caller.role,
        };
        let edited = self.queues().edit_job(&queue, id, request.data, editor);
        Ok(edited.await?)
    }

    /// `queues.add_job`: adds a job.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `too_large`, `not_found`, or that of queue and store.
    pub async fn queues_add_job(
        &self,
        caller: &Caller,
        request: AddJob,
    ) -> Result<AddedJob, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let length = request.name.chars().count();
        check::within(length, 1, NAME_CHARS_MAX, "name")?;
        check_data(&request.data)?;
        if let Some(delay_ms) = request.delay_ms {
            check::within(delay_ms, 0, DELAY_MS_MAX, "delayMs")?;
        }
        if let Some(priority) = request.priority {
            check::within(priority, 1, PRIORITY_MAX, "priority")?;
        }
        let attempts = check::within(request.attempts.unwrap_or(1), 1, ATTEMPTS_MAX, "attempts")?;
        let queue = self.queues().existing(&request.queue, "queue").await?;
        if self.queues().own().holds_commands(&queue) {
            OwnJob::read(&request.data, self.queues().now_ms())
                .map_err(|reason| check::invalid("data", reason))?;
        }
        let new = NewJob {
            name: request.name,
            data: request.data,
            delay: request.delay_ms.map(Duration::from_millis),
            priority: request.priority,
            attempts,
        };
        let added = self.queues().actions().add(&queue, new).await;
        let job_id = added.map_err(JobFault::from)?;
        Ok(AddedJob { job_id })
    }

    async fn named_job<'a>(&self, request: &'a JobRef) -> Result<(QueueName, &'a str), ApiError> {
        let (_, id) = check::job_name(self.queues(), request)?;
        let queue = self.queues().existing(&request.queue, "queue").await?;
        Ok((queue, id))
    }
}

fn check_data(data: &Value) -> Result<(), ApiError> {
    let bytes = serde_json::to_string(data).map_or(usize::MAX, |text| text.len());
    if bytes <= DATA_BYTES_MAX {
        return Ok(());
    }
    let message = format!("data has at most {DATA_BYTES_MAX} bytes, not {bytes}");
    Err(ApiError::new(ErrorCode::TooLarge, message).on("data"))
}
