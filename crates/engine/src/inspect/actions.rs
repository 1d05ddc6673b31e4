//! Everything that operators change in queues, one function each, through the vendor's library.

mod fault;
mod schedulers;

use std::sync::Arc;
use std::time::Duration;

use bullmq::redis_connection::RedisConnection;
use bullmq::types::RetryOptions;
use bullmq::{Job, JobOptions, Queue, QueueOptions};
use graphy_store::RedisLink;
use graphy_store::bullmq::{JobList, QueueName, QueueReader};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::error::EngineError;
use crate::queues::connection;
pub use fault::ActionError;
use fault::{not_found, refused};
pub use schedulers::next_run;

/// A job that is to be added.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
    /// When it is due, from now.
    pub delay: Option<Duration>,
    /// Its priority; 1 is the first.
    pub priority: Option<u32>,
    /// How often it may be tried.
    pub attempts: u32,
}

/// How much of a queue may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// The most jobs at once over all workers.
    pub concurrency: Option<u64>,
    /// How many jobs may start in how many milliseconds.
    pub rate: Option<(u64, u64)>,
}

/// Changes queues; cheap to clone. Its connection is opened when it is first needed.
#[derive(Clone)]
pub struct QueueActions {
    reader: QueueReader,
    connection: Arc<OnceCell<RedisConnection>>,
}

impl QueueActions {
    /// Changes queues on the given Redis.
    #[must_use]
    pub fn new(link: RedisLink) -> Self {
        Self {
            reader: QueueReader::new(link),
            connection: Arc::default(),
        }
    }

    /// Opens a queue that exists. The library notes its own version in the queue's `meta`, in a
    /// field that only ports of BullMQ use.
    async fn open(&self, queue: &QueueName) -> Result<Queue, ActionError> {
        if queue.prefix.contains(':') {
            return Err(ActionError::Prefix);
        }
        let options = connection(self.reader.link().url());
        let failed = || EngineError::queue("open a queue");
        let shared = self
            .connection
            .get_or_try_init(|| RedisConnection::new_managed_only(&options))
            .await
            .map_err(failed())?;
        let open = || {
            let options = QueueOptions::new().prefix(&queue.prefix);
            Queue::with_connection(&queue.queue, shared.clone(), options)
        };
        match open().await {
            Ok(opened) => Ok(opened),
            // After a restart of Redis the first use finds out that the connection is gone; the
            // library makes a new one. Opening changes nothing, so it is simply done again.
            Err(_) => Ok(open().await.map_err(failed())?),
        }
    }

    async fn job(&self, queue: &QueueName, id: &str) -> Result<Job, ActionError> {
        let opened = self.open(queue).await?;
        let job = opened
            .get_job(id)
            .await
            .map_err(EngineError::queue("read a job"))?;
        job.ok_or_else(|| not_found(queue, id))
    }

    /// Runs a failed job anew, as if it had never been tried: also what workers that died under it
    /// count against it is forgotten.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn retry(&self, queue: &QueueName, id: &str) -> Result<(), ActionError> {
        self.require(queue, id, JobList::Failed, "failed").await?;
        let mut job = self.job(queue, id).await?;
        self.reader.forget_stalls(queue, id).await?;
        let options = RetryOptions {
            reset_attempts_made: true,
            reset_attempts_started: true,
        };
        let retried = job.retry("failed", Some(options)).await;
        retried.map_err(|error| refused(error, queue, id, "failed", "retry a job"))
    }

    /// Changes the data of a failed job and runs it anew.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn edit(&self, queue: &QueueName, id: &str, data: Value) -> Result<(), ActionError> {
        self.require(queue, id, JobList::Failed, "failed").await?;
        let mut job = self.job(queue, id).await?;
        job.update_data(data)
            .await
            .map_err(EngineError::queue("change the data of a job"))?;
        self.retry(queue, id).await
    }

    /// Runs a delayed job now.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn promote(&self, queue: &QueueName, id: &str) -> Result<(), ActionError> {
        let promoted = self.job(queue, id).await?.promote().await;
        promoted.map_err(|error| refused(error, queue, id, "delayed", "promote a job"))
    }

    /// Removes a job with its children.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn remove(&self, queue: &QueueName, id: &str) -> Result<(), ActionError> {
        let opened = self.open(queue).await?;
        match opened.remove(id).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(ActionError::Locked(id.to_owned())),
            Err(bullmq::Error::Script { code: -8, .. }) => {
                Err(ActionError::OfScheduler(id.to_owned()))
            }
            Err(error) => Err(EngineError::queue("remove a job")(error).into()),
        }
    }

    /// Adds a job and returns its id.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn add(&self, queue: &QueueName, new: NewJob) -> Result<String, ActionError> {
        let opened = self.open(queue).await?;
        let mut options = JobOptions::new().attempts(new.attempts);
        if let Some(delay) = new.delay {
            options = options.delay(delay);
        }
        if let Some(priority) = new.priority {
            options = options.priority(priority);
        }
        let added = opened.add(&new.name, new.data).options(options).await;
        let job = added.map_err(EngineError::queue("add a job"))?;
        Ok(job.id().to_owned())
    }

    /// Lets no more jobs start.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn pause(&self, queue: &QueueName) -> Result<(), ActionError> {
        let paused = self.open(queue).await?.pause().await;
        Ok(paused.map_err(EngineError::queue("pause a queue"))?)
    }

    /// Lets jobs start again.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn resume(&self, queue: &QueueName) -> Result<(), ActionError> {
        let resumed = self.open(queue).await?.resume().await;
        Ok(resumed.map_err(EngineError::queue("resume a queue"))?)
    }

    /// Sets or lifts the limits of a queue.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn limit(&self, queue: &QueueName, limits: QueueLimits) -> Result<(), ActionError> {
        let failed = || EngineError::queue("set the limits of a queue");
        let opened = self.open(queue).await?;
        match limits.concurrency {
            Some(most) => opened.set_global_concurrency(most).await,
            None => opened.remove_global_concurrency().await,
        }
        .map_err(failed())?;
        match limits.rate {
            Some((max, duration_ms)) => opened.set_global_rate_limit(max, duration_ms).await,
            None => opened.remove_global_rate_limit().await,
        }
        .map_err(failed())?;
        Ok(())
    }

    async fn require(
        &self,
        queue: &QueueName,
        id: &str,
        list: JobList,
        state: &'static str,
    ) -> Result<(), ActionError> {
        match self.reader.are_in(queue, list, &[id.to_owned()]).await?[..] {
            [true] => Ok(()),
            _ if self.reader.whereabouts(queue, id).await?.is_some() => Err(ActionError::Moved {
                id: id.to_owned(),
                state,
            }),
            _ => Err(not_found(queue, id)),
        }
    }
}
