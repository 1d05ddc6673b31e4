//! The workers of one process, one for each queue.

use std::sync::Arc;
use std::time::Duration;

use graphy_store::Replicas;
use graphy_telemetry::board::{PartStatus, StatusBoard, WorkerStatus};
use graphy_telemetry::clock::SharedClock;
use graphy_telemetry::tasks::{RestartPolicy, TaskRegistry};
use tokio_util::sync::CancellationToken;

use crate::analytics::AnalyticsJobs;
use crate::commands::CommandJobs;
use crate::config::Watchdog;
use crate::definition::QueueKind;
use crate::error::EngineError;
use crate::process::Processor;
use crate::progress_requests::ProgressRequests;
use crate::queues::Queues;
use crate::sync::SyncJobs;
use crate::worker::{Handler, QueueWorker, watchdog};
use crate::{dead_letters, schedulers};

/// What workers work with.
pub struct WorkerParts {
    /// The queues.
    pub queues: Queues,
    /// The graphs in memory.
    pub replicas: Replicas,
    /// The computer's name, for the names of the workers.
    pub host: String,
    /// The time.
    pub clock: SharedClock,
    /// Where background tasks are listed.
    pub tasks: TaskRegistry,
    /// Stops the background tasks.
    pub token: CancellationToken,
    /// Where the workers describe themselves.
    pub board: StatusBoard,
}

/// The workers of one process.
pub struct Workers {
    workers: Vec<QueueWorker>,
    token: CancellationToken,
}

impl Workers {
    /// Starts fetching jobs of all queues.
    ///
    /// # Errors
    /// When a queue cannot be reached.
    pub async fn start(mut parts: WorkerParts) -> Result<Self, EngineError> {
        // Workers may stop before the rest of the node.
        parts.token = parts.token.child_token();
        let name = worker_name(&parts.host);
        let processor = Processor {
            replicas: parts.replicas.clone(),
            config: Arc::new(parts.queues.config().clone()),
        };
        let mut workers = Vec::new();
        for kind in QueueKind::ALL {
            let handler = handler(kind, &parts, &processor);
            let clock = Arc::clone(&parts.clock);
            let worker = QueueWorker::start(kind, &name, &parts.queues, handler, clock).await?;
            parts.watch(&worker);
            workers.push(worker);
        }
        parts.start_tasks(&processor);
        Ok(Self {
            workers,
            token: parts.token,
        })
    }

    /// Says whether jobs of all queues are being fetched.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.workers.iter().all(QueueWorker::is_running)
    }

    /// Describes the workers, in the order of the queues.
    #[must_use]
    pub fn statuses(&self) -> Vec<WorkerStatus> {
        self.workers.iter().map(QueueWorker::status).collect()
    }

    /// Stops fetching, lets running jobs end, and closes.
    ///
    /// # Errors
    /// When running jobs did not end in time; others will take them back.
    pub async fn stop(&self, wait: Duration) -> Result<(), EngineError> {
        let stops = self.workers.iter().map(|worker| worker.stop(wait));
        let results = futures_util::future::join_all(stops).await;
        self.token.cancel();
        results.into_iter().collect()
    }
}

impl WorkerParts {
    /// Puts a worker on the board and starts the tasks that look after it.
    fn watch(&self, worker: &QueueWorker) {
        let queue = worker.kind().name();
        let shown = worker.clone();
        self.board.add(move || PartStatus {
            workers: vec![shown.status()],
            ..PartStatus::default()
        });
        let heard = worker.clone();
        self.spawn(format!("worker-events-{queue}"), move |context| {
            heard.clone().listen(context)
        });
        if self.queues.config().queues.watchdog == Watchdog::On {
            let watched = worker.clone();
            self.spawn(format!("watchdog-{queue}"), move |context| {
                watchdog::run(watched.clone(), context)
            });
        }
    }

    fn start_tasks(&self, processor: &Processor) {
        let (queue, processor) = (self.queues.commands().clone(), processor.clone());
        self.spawn("dead-letters".to_owned(), move |context| {
            dead_letters::run(queue.clone(), processor.clone(), context)
        });
        let (queues, clock) = (self.queues.clone(), Arc::clone(&self.clock));
        self.spawn("job-schedulers".to_owned(), move |context| {
            schedulers::run(queues.clone(), Arc::clone(&clock), context)
        });
    }

    fn spawn<F, Fut>(&self, name: String, factory: F)
    where
        F: FnMut(graphy_telemetry::TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), graphy_telemetry::TaskFailure>> + Send + 'static,
    {
        self.tasks
            .spawn(name, RestartPolicy::ALWAYS, self.token.clone(), factory);
    }
}

fn handler(kind: QueueKind, parts: &WorkerParts, processor: &Processor) -> Arc<dyn Handler> {
    let queues = &parts.queues;
    match kind {
        QueueKind::GraphCommands => Arc::new(CommandJobs {
            processor: processor.clone(),
            queue: queues.commands().clone(),
            progress: ProgressRequests::new(queues.clone()),
        }),
        QueueKind::SyncOperations => Arc::new(SyncJobs {
            store: parts.replicas.store().clone(),
            commands: queues.commands().clone(),
            limits: queues.config().limits.clone(),
        }),
        QueueKind::Analytics => Arc::new(AnalyticsJobs {
            replicas: parts.replicas.clone(),
            queues: queues.clone(),
        }),
    }
}

/// Names the workers of this process. Redis takes no spaces in the names of clients.
fn worker_name(host: &str) -> String {
    let host: String = host
        .chars()
        .map(|c| if c.is_ascii_graphic() { c } else { '-' })
        .take(64)
        .collect();
    format!("graphy-{host}-{}", std::process::id())
}
