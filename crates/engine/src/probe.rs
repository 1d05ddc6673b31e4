//! Proof that somebody works on a queue: a job that goes through it end to end.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::definition::QueueKind;
use crate::error::EngineError;
use crate::queues::{JobEnd, Queues};

/// How long the queue may take to say how it is after a probe did not come back.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// What a probe of a queue found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// A worker did the probe's job.
    Answered(Duration),
    /// No worker had a hand free for the probe, but there is one that is at work.
    Busy {
        /// How many jobs are at workers.
        active: u64,
    },
    /// The queue is paused or limited by an operator, so that nobody may answer.
    HeldBack,
    /// Nobody answered in time.
    Silent,
}

impl Queues {
    /// Sends a job through a queue and waits for its end, at most `wait`; leaves nothing behind.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn probe(&self, kind: QueueKind, wait: Duration) -> Result<Probed, EngineError> {
        let started = Instant::now();
        if self.pulse(kind).await?.paused {
            return Ok(Probed::HeldBack);
        }
        let queue = self.queue(kind);
        let job_id = format!("probe-{}", Uuid::now_v7().simple());
        queue.add_probe(&job_id).await?;
        let end = timeout(wait, self.ended(kind, &job_id, wait)).await;
        let took = started.elapsed();
        if let Err(error) = queue.library.remove(&job_id).await {
            tracing::debug!(queue = kind.name(), %error, "a probe was left in its queue");
        }
        match end {
            Ok(Ok(JobEnd::Completed(_) | JobEnd::Failed(_))) => return Ok(Probed::Answered(took)),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(JobEnd::Gone | JobEnd::Unended)) | Err(_) => {}
        }
        let pulse = timeout(ANSWER_WAIT, self.pulse(kind)).await;
        Ok(match pulse {
            Ok(Ok(pulse)) if pulse.is_worked_on() => Probed::Busy {
                active: pulse.active,
            },
            Ok(Ok(pulse)) if pulse.paused || pulse.rate_limited => Probed::HeldBack,
            Ok(_) | Err(_) => Probed::Silent,
        })
    }
}
