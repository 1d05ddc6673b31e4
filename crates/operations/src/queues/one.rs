//! What is done to one job, ours or a foreign one.

use graphy_engine::inspect::{ActionError, OwnJob, ReplayAs, replay};
use graphy_model::{OperationId, RejectCode, Rejection};
use graphy_protocol::queues::EditedJob;
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::bullmq::{JobList, QueueName};
use serde_json::Value;

use super::Queues;
use crate::fault::store_fault;

/// Why something was not done to a job.
#[derive(Debug)]
pub(crate) enum JobFault {
    /// The job is not as it was; others can be gone on with.
    Moved(ApiError),
    /// It would not work for others either.
    Broken(ApiError),
}

impl From<JobFault> for ApiError {
    fn from(fault: JobFault) -> Self {
        match fault {
            JobFault::Moved(error) | JobFault::Broken(error) => error,
        }
    }
}

impl From<ActionError> for JobFault {
    fn from(error: ActionError) -> Self {
        let message = error.to_string();
        let on_job = |code| ApiError::new(code, message.clone()).on("jobId");
        match error {
            ActionError::NotFound {
                what: "scheduler", ..
            } => Self::Broken(ApiError::new(ErrorCode::NotFound, message).on("schedulerId")),
            ActionError::NotFound { .. } => Self::Moved(on_job(ErrorCode::NotFound)),
            ActionError::Moved { .. } | ActionError::Locked(_) | ActionError::OfScheduler(_) => {
                Self::Moved(on_job(ErrorCode::Invalid))
            }
            ActionError::Prefix => {
                Self::Broken(ApiError::new(ErrorCode::Invalid, message).on("queue.prefix"))
            }
            ActionError::Unrepairable { .. } => {
                Self::Broken(ApiError::new(ErrorCode::Invalid, message).on("schedulerId"))
            }
            ActionError::Store(error) => Self::Broken(store_fault(&error)),
            ActionError::Engine(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, source, "a queue was not changed");
                let fault = ApiError::new(ErrorCode::Unavailable, message);
                Self::Broken(fault.with_detail(source.unwrap_or_default()))
            }
        }
    }
}

impl Queues {
    /// Runs a failed job anew; one of graph commands is replayed and then removed.
    pub(crate) async fn retry_job(&self, queue: &QueueName, id: &str) -> Result<(), JobFault> {
        if !self.own().holds_commands(queue) {
            return Ok(self.actions().retry(queue, id).await?);
        }
        self.require_failed(queue, id).await?;
        let job = self.own_job(queue, id).await.map_err(JobFault::Broken)?;
        let Some(job) = job else {
            let message = "its data are not those of graph commands; edit them and retry";
            let error = ApiError::new(ErrorCode::Invalid, message).on("jobId");
            return Err(JobFault::Moved(error));
        };
        self.replay(queue, id, &job, &ReplayAs::Authors).await?;
        Ok(())
    }

    /// Runs a failed job anew with other data.
    pub(crate) async fn edit_job(
        &self,
        queue: &QueueName,
        id: &str,
        data: Value,
        editor: ReplayAs,
    ) -> Result<EditedJob, JobFault> {
        if !self.own().holds_commands(queue) {
            self.actions().edit(queue, id, data).await?;
            return Ok(EditedJob {
                job_id: Some(id.to_owned()),
                operation_id: None,
            });
        }
        self.require_failed(queue, id).await?;
        let job = OwnJob::read(&data, self.now_ms()).map_err(|reason| {
            JobFault::Broken(ApiError::new(ErrorCode::Invalid, reason).on("data"))
        })?;
        let new = self.replay(queue, id, &job, &editor).await?;
        Ok(EditedJob {
            job_id: None,
            operation_id: new.first().copied(),
        })
    }

    /// Sends the commands again, and only then removes the job that held them.
    async fn replay(
        &self,
        queue: &QueueName,
        id: &str,
        job: &OwnJob,
        name: &ReplayAs,
    ) -> Result<Vec<OperationId>, JobFault> {
        let inner = &self.inner;
        let replayed = replay(&inner.intake, &inner.store, job, name).await;
        let new = replayed.map_err(|rejection| refusal(&rejection))?;
        self.actions().remove(queue, id).await?;
        Ok(new)
    }

    async fn require_failed(&self, queue: &QueueName, id: &str) -> Result<(), JobFault> {
        let ids = [id.to_owned()];
        let failed = self.reader().are_in(queue, JobList::Failed, &ids).await;
        if failed.map_err(|error| JobFault::Broken(store_fault(&error)))? == [true] {
            return Ok(());
        }
        let place = self.reader().whereabouts(queue, id).await;
        let place = place.map_err(|error| JobFault::Broken(store_fault(&error)))?;
        let (code, message) = match place {
            Some(_) => {
                let message = format!("the job {id:?} of {queue} is not failed (any more)");
                (ErrorCode::Invalid, message)
            }
            None => {
                let message = format!("there is no job {id:?} in the queue {queue}");
                (ErrorCode::NotFound, message)
            }
        };
        Err(JobFault::Moved(ApiError::new(code, message).on("jobId")))
    }
}

fn refusal(rejection: &Rejection) -> JobFault {
    let of_the_job = matches!(
        rejection.code,
        RejectCode::Invalid | RejectCode::TooLarge | RejectCode::Forbidden | RejectCode::Expired
    );
    let error = ApiError::from(rejection.clone());
    if of_the_job {
        JobFault::Moved(error)
    } else {
        JobFault::Broken(error)
    }
}
