//! Jobs of `analytics`: work that has time, on graphs as they are now.

mod progress;
mod snapshot;
mod totals;

use bullmq::Job;
use futures_util::future::BoxFuture;
use graphy_store::Replicas;
use serde_json::Value;

use crate::jobs::{AnalyticsJob, TakeSnapshot};
use crate::queues::Queues;
use crate::worker::{Handler, JobFault};

pub use progress::{NODES_MAX, NodeProgress, ProgressReport, read_progress};
pub use snapshot::{SnapshotContent, SnapshotFault, read_snapshot};

/// Does jobs of `analytics`.
pub(crate) struct AnalyticsJobs {
    pub(crate) replicas: Replicas,
    pub(crate) queues: Queues,
}

impl Handler for AnalyticsJobs {
    fn handle<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Value, JobFault>> {
        Box::pin(self.run(job))
    }
}

impl AnalyticsJobs {
    async fn run(&self, job: &Job) -> Result<Value, JobFault> {
        match AnalyticsJob::read(job.name(), job.data()).map_err(JobFault::Never)? {
            AnalyticsJob::CalculateProgress(of) => self.roll_up(&of.graph_id).await,
            AnalyticsJob::UpdateMetrics => self.count().await,
            AnalyticsJob::GenerateSnapshot(TakeSnapshot {
                graph_id: Some(graph),
                user_id,
            }) => self.take(job, &graph, user_id).await,
            AnalyticsJob::GenerateSnapshot(TakeSnapshot { graph_id: None, .. }) => {
                self.take_changed().await
            }
        }
    }
}

/// Runs something that takes a core for a while where it holds nobody up.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JobFault> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| JobFault::Fault(error.to_string()))
}
