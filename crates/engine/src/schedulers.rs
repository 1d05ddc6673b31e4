//! The jobs that come again and again, through the library's job schedulers.
//!
//! A scheduler lives in Redis and outlives every node; every node with workers plans it when it
//! starts, which replaces the plan and doubles nothing, and looks now and then whether it still has
//! a next run. (A chain of runs breaks when somebody removes the waiting run, or when the plan of
//! the next one was lost.)

use std::time::Duration;

use graphy_telemetry::clock::SharedClock;
use graphy_telemetry::tasks::{TaskContext, TaskFailure};

use crate::definition::QueueKind;
use crate::error::EngineError;
use crate::jobs::{AnalyticsJob, TakeSnapshot};
use crate::queues::Queues;

/// How often it is looked whether the schedulers have a next run.
const LOOK: Duration = Duration::from_secs(30);
/// How far from its time a run must be missing for its scheduler to count as broken.
const LATE_MS: u64 = 30_000;

struct Plan {
    id: &'static str,
    every: Duration,
    job: AnalyticsJob,
}

fn plans(queues: &Queues) -> [Plan; 2] {
    let settings = &queues.config().queues;
    [
        Plan {
            id: "metrics",
            every: settings.totals_interval,
            job: AnalyticsJob::UpdateMetrics,
        },
        Plan {
            id: "snapshots",
            every: settings.snapshot_interval,
            job: AnalyticsJob::GenerateSnapshot(TakeSnapshot::default()),
        },
    ]
}

/// Plans the schedulers and keeps them whole until stopped.
pub(crate) async fn run(
    queues: Queues,
    clock: SharedClock,
    context: TaskContext,
) -> Result<(), TaskFailure> {
    for plan in plans(&queues) {
        plan.make(&queues).await?;
    }
    loop {
        context.tick();
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = context.token.cancelled() => return Ok(()),
        }
        for plan in plans(&queues) {
            if !plan.every.is_zero() && plan.is_broken(&queues, clock.now_ms()).await? {
                tracing::warn!(
                    scheduler = plan.id,
                    "a scheduler had no next run; it is planned anew"
                );
                plan.make(&queues).await?;
            }
        }
    }
}

impl Plan {
    async fn make(&self, queues: &Queues) -> Result<(), EngineError> {
        let queue = queues.queue(QueueKind::Analytics);
        if self.every.is_zero() {
            queue
                .library
                .remove_job_scheduler(self.id)
                .await
                .map(drop)
                .map_err(EngineError::queue("remove a scheduler"))
        } else {
            queue.schedule(self.id, self.every, &self.job).await
        }
    }

    async fn is_broken(&self, queues: &Queues, now_ms: u64) -> Result<bool, EngineError> {
        let queue = queues.queue(QueueKind::Analytics);
        let scheduler = queue
            .library
            .get_job_scheduler(self.id)
            .await
            .map_err(EngineError::queue("look at a scheduler"))?;
        let Some(next) = scheduler.and_then(|scheduler| scheduler.next) else {
            return Ok(true);
        };
        let run = format!("repeat:{}:{next}", self.id);
        let there = queue
            .library
            .get_job(&run)
            .await
            .map_err(EngineError::queue("look at a scheduler"))?
            .is_some();
        // A run that is there is late, not lost; one that has just ended is about to be followed.
        Ok(!there && now_ms.abs_diff(next) > LATE_MS)
    }
}
