//! All queues of a node, as producers and watchers use them, over one connection.

use std::sync::Arc;
use std::time::Duration;

use bullmq::job_scheduler::RepeatOptions;
use bullmq::options::{DeduplicationOptions, RedisConnectionOptions};
use bullmq::redis_connection::RedisConnection;
use bullmq::types::{BackoffStrategy, KeepJobs, RemoveOnFinish};
use bullmq::{JobOptions, JobState, Queue, QueueOptions};
use graphy_store::{QueuePulse, RedisLink, RedisUrl};
use serde_json::Value;

use crate::config::EngineConfig;
use crate::definition::{QueueDefinition, QueueKind};
use crate::error::EngineError;
use crate::jobs::{AnalyticsJob, SyncJob};
use crate::queue::{CommandQueue, QueueCounts};

/// How often the end of a job is looked for.
const END_POLL: Duration = Duration::from_millis(25);

/// The queues of a node; cheap to clone.
#[derive(Clone)]
pub struct Queues {
    inner: Arc<Inner>,
}

struct Inner {
    link: RedisLink,
    config: EngineConfig,
    commands: CommandQueue,
    sync: JobQueue,
    analytics: JobQueue,
}

/// One queue; cheap to clone.
#[derive(Clone)]
pub(crate) struct JobQueue {
    pub(crate) library: Arc<Queue>,
    pub(crate) definition: Arc<QueueDefinition>,
}

/// How one job is to be treated, where it differs from its queue.
#[derive(Debug, Clone, Default)]
pub(crate) struct JobPlan {
    pub(crate) job_id: Option<String>,
    pub(crate) delay: Option<Duration>,
    pub(crate) priority: Option<u32>,
    /// While a job of the same sameness waits, this one is not added; while one runs, this one runs
    /// after it.
    pub(crate) sameness: Option<String>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEnd {
    /// Well, with what it returned.
    Completed(Value),
    /// Badly, and why.
    Failed(String),
    /// Not in time; it may still end.
    Unended,
    /// It is not there any more; somebody removed it.
    Gone,
}

impl Queues {
    /// Opens the queues on the given Redis.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn open(link: &RedisLink, config: &EngineConfig) -> Result<Self, EngineError> {
        let connection = RedisConnection::new_managed_only(&connection(link.url()))
            .await
            .map_err(EngineError::queue("connect the queues"))?;
        let open = async |kind: QueueKind| JobQueue::open(&connection, kind, config).await;
        let inner = Inner {
            link: link.clone(),
            config: config.clone(),
            commands: CommandQueue::new(open(QueueKind::GraphCommands).await?),
            sync: open(QueueKind::SyncOperations).await?,
            analytics: open(QueueKind::Analytics).await?,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Returns the queue of commands.
    #[must_use]
    pub fn commands(&self) -> &CommandQueue {
        &self.inner.commands
    }

    /// Adds a job of `sync-operations`; returns its id.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn sync(&self, job: &SyncJob) -> Result<String, EngineError> {
        let plan = JobPlan {
            priority: Some(job.priority()),
            sameness: job.sameness(),
            ..JobPlan::default()
        };
        self.inner.sync.add(job.name(), job.data(), plan).await
    }

    /// Adds a job of `analytics`; returns its id.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn analyse(&self, job: &AnalyticsJob) -> Result<String, EngineError> {
        self.analyse_after(job, Duration::ZERO).await
    }

    /// Adds a job of `analytics` that waits before it is due.
    pub(crate) async fn analyse_after(
        &self,
        job: &AnalyticsJob,
        delay: Duration,
    ) -> Result<String, EngineError> {
        let plan = JobPlan {
            priority: Some(job.priority()),
            sameness: job.sameness(),
            delay: (!delay.is_zero()).then_some(delay),
            ..JobPlan::default()
        };
        self.inner.analytics.add(job.name(), job.data(), plan).await
    }

    /// Waits until a job has ended, at most `wait`.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn ended(
        &self,
        kind: QueueKind,
        job_id: &str,
        wait: Duration,
    ) -> Result<JobEnd, EngineError> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            match self.queue(kind).end(job_id).await? {
                JobEnd::Unended if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(END_POLL).await;
                }
                end => return Ok(end),
            }
        }
    }

    /// Counts the jobs of a queue.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn counts(&self, kind: QueueKind) -> Result<QueueCounts, EngineError> {
        self.queue(kind).counts().await
    }

    /// Takes a queue's pulse, past the queue library.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn pulse(&self, kind: QueueKind) -> Result<QueuePulse, EngineError> {
        let prefix = &self.inner.config.queues.prefix;
        Ok(self.inner.link.queue_pulse(prefix, kind.name()).await?)
    }

    /// Says how the jobs of a queue are treated.
    #[must_use]
    pub fn definition(&self, kind: QueueKind) -> &QueueDefinition {
        &self.queue(kind).definition
    }

    /// Returns what the keys of all queues begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.inner.config.queues.prefix
    }

    pub(crate) fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    pub(crate) fn link(&self) -> &RedisLink {
        &self.inner.link
    }

    pub(crate) fn queue(&self, kind: QueueKind) -> &JobQueue {
        match kind {
            QueueKind::GraphCommands => self.inner.commands.jobs(),
            QueueKind::SyncOperations => &self.inner.sync,
            QueueKind::Analytics => &self.inner.analytics,
        }
    }
}

impl JobQueue {
    async fn open(
        connection: &RedisConnection,
        kind: QueueKind,
        config: &EngineConfig,
    ) -> Result<Self, EngineError> {
        let options = QueueOptions::new().prefix(config.queues.prefix.clone());
        let library = Queue::with_connection(kind.name(), connection.clone(), options)
            .await
            .map_err(EngineError::queue("open a queue"))?;
        Ok(Self {
            library: Arc::new(library),
            definition: Arc::new(kind.definition(config)),
        })
    }

    /// Returns the options of the queue's jobs but for their priority.
    pub(crate) fn options(&self) -> JobOptions {
        JobOptions::new()
            .attempts(self.definition.attempts)
            .backoff(BackoffStrategy::Exponential(200))
            .remove_on_complete(keep(self.definition.completed_kept))
            .remove_on_fail(keep(self.definition.failed_kept))
    }

    pub(crate) async fn add(
        &self,
        name: &str,
        data: Value,
        plan: JobPlan,
    ) -> Result<String, EngineError> {
        let mut options = self.options();
        if let Some(priority) = plan.priority.or(self.definition.priority) {
            options = options.priority(priority);
        }
        if let Some(id) = plan.job_id {
            options = options.job_id(id);
        }
        if let Some(delay) = plan.delay {
            options = options.delay(delay);
        }
        if let Some(id) = plan.sameness {
            options = options.deduplication(DeduplicationOptions {
                id,
                keep_last_if_active: Some(true),
                ..DeduplicationOptions::default()
            });
        }
        let job = self.library.add(name, data).options(options).await;
        job.map(|job| job.id().to_owned())
            .map_err(EngineError::queue("add a job"))
    }

    /// Plans a job that comes again and again, or changes the plan.
    pub(crate) async fn schedule(
        &self,
        id: &str,
        every: Duration,
        job: &AnalyticsJob,
    ) -> Result<(), EngineError> {
        let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
        let repeat = RepeatOptions {
            every: Some(every_ms),
            ..RepeatOptions::default()
        };
        let options = self.options().priority(job.priority());
        self.library
            .upsert_job_scheduler(
                id,
                repeat,
                Some(job.name()),
                Some(job.data()),
                Some(options),
            )
            .await
            .map(drop)
            .map_err(EngineError::queue("schedule a job"))
    }

    /// Adds the job of a probe, before all jobs with a priority. It is kept like the others: how
    /// many are kept is decided anew by each job that ends.
    pub(crate) async fn add_probe(&self, job_id: &str) -> Result<(), EngineError> {
        let options = self.options().attempts(1).job_id(job_id);
        self.library
            .add(
                crate::definition::PROBE,
                Value::Object(serde_json::Map::new()),
            )
            .options(options)
            .await
            .map(drop)
            .map_err(EngineError::queue("add a probe"))
    }

    pub(crate) async fn end(&self, job_id: &str) -> Result<JobEnd, EngineError> {
        let state = self
            .library
            .get_job_state(job_id)
            .await
            .map_err(EngineError::queue("look for the end of a job"))?;
        if !matches!(state, JobState::Completed | JobState::Failed) {
            return Ok(match state {
                JobState::Unknown => JobEnd::Gone,
                _ => JobEnd::Unended,
            });
        }
        let job = self
            .library
            .get_job(job_id)
            .await
            .map_err(EngineError::queue("read a job"))?;
        Ok(match job {
            None => JobEnd::Gone,
            Some(job) if state == JobState::Failed => {
                JobEnd::Failed(job.failed_reason().to_owned())
            }
            Some(job) => {
                JobEnd::Completed(serde_json::from_str(job.returnvalue()).unwrap_or_default())
            }
        })
    }

    pub(crate) async fn counts(&self) -> Result<QueueCounts, EngineError> {
        let counts = self
            .library
            .get_job_counts()
            .await
            .map_err(EngineError::queue("count jobs"))?;
        Ok(QueueCounts {
            waiting: counts.waiting,
            active: counts.active,
            delayed: counts.delayed,
            prioritized: counts.prioritized,
            completed: counts.completed,
            failed: counts.failed,
        })
    }
}

/// Returns how the library connects to a Redis.
pub(crate) fn connection(url: &RedisUrl) -> RedisConnectionOptions {
    RedisConnectionOptions::new().url(url.expose())
}

fn keep(count: usize) -> RemoveOnFinish {
    RemoveOnFinish::Options(KeepJobs {
        age: None,
        count: Some(count),
        limit: None,
    })
}
