//! The queue `graph-commands` as this crate uses it.

use std::time::Duration;

use bullmq::JobState;
use graphy_model::GraphId;
use graphy_store::RedisLink;
use serde_json::Value;

use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::job::{self, QueuedCommand};
use crate::queues::{JobQueue, Queues};

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    /// Waiting for a worker.
    pub waiting: u64,
    /// At a worker.
    pub active: u64,
    /// Waiting for their time.
    pub delayed: u64,
    /// Waiting with a priority.
    pub prioritized: u64,
    /// Done, and still kept.
    pub completed: u64,
    /// Failed, and still kept.
    pub failed: u64,
}

impl QueueCounts {
    /// Returns how many jobs are still to be done.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        self.waiting + self.active + self.delayed + self.prioritized
    }
}

/// The queue of commands; cheap to clone.
#[derive(Clone)]
pub struct CommandQueue {
    jobs: JobQueue,
}

impl CommandQueue {
    /// Opens the queue on the given Redis, over a connection of its own.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn open(link: &RedisLink, config: &EngineConfig) -> Result<Self, EngineError> {
        Ok(Queues::open(link, config).await?.commands().clone())
    }

    pub(crate) fn new(jobs: JobQueue) -> Self {
        Self { jobs }
    }

    pub(crate) fn jobs(&self) -> &JobQueue {
        &self.jobs
    }

    /// Puts commands into the queue as one job. Adding the same job id again changes nothing.
    pub(crate) async fn add(
        &self,
        job_id: &str,
        graph: &GraphId,
        commands: &[QueuedCommand],
    ) -> Result<(), bullmq::Error> {
        let data = job::write(graph, commands, None, None);
        self.jobs
            .library
            .add(job::name(commands), data)
            .options(self.jobs.options().job_id(job_id))
            .await
            .map(drop)
    }

    /// Puts commands aside until those before them are likely to be there.
    pub(crate) async fn hold(
        &self,
        graph: &GraphId,
        commands: &[QueuedCommand],
        held_since: u64,
        delay: Duration,
    ) -> Result<(), bullmq::Error> {
        let data = job::write(graph, commands, Some(held_since), None);
        self.jobs
            .library
            .add(job::name(commands), data)
            .options(self.jobs.options().delay(delay))
            .await
            .map(drop)
    }

    /// Keeps a command that could not be carried out as a failed job of its own.
    pub(crate) async fn bury(
        &self,
        graph: &GraphId,
        command: &QueuedCommand,
        reason: &str,
    ) -> Result<(), bullmq::Error> {
        let commands = std::slice::from_ref(command);
        let data = job::write(graph, commands, None, Some(reason));
        let id = format!("dead-{}", command.operation_id());
        self.jobs
            .library
            .add(job::name(commands), data)
            .options(self.jobs.options().attempts(1).job_id(id))
            .await
            .map(drop)
    }

    /// Says whether a job will do nothing any more.
    pub(crate) async fn is_over(&self, job_id: &str) -> Result<bool, bullmq::Error> {
        let state = self.jobs.library.get_job_state(job_id).await?;
        Ok(matches!(
            state,
            JobState::Completed | JobState::Failed | JobState::Unknown
        ))
    }

    /// Returns ids and contents of `count` failed jobs from the `first` newest on.
    pub(crate) async fn failed(
        &self,
        first: i64,
        count: i64,
    ) -> Result<Vec<(String, Value)>, EngineError> {
        let jobs = self
            .jobs
            .library
            .get_failed(first, first + count - 1)
            .await
            .map_err(EngineError::queue("list failed jobs"))?;
        Ok(jobs
            .iter()
            .map(|job| (job.id().to_owned(), job.data().clone()))
            .collect())
    }

    /// Counts the jobs.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn counts(&self) -> Result<QueueCounts, EngineError> {
        self.jobs.counts().await
    }

    /// Closes the connection of the queue, and of those that were opened with it.
    pub async fn close(&self) {
        self.jobs.library.close().await;
    }
}
