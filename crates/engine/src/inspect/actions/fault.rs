//! Why changes to queues are not made.

use graphy_store::StoreError;
use graphy_store::bullmq::QueueName;

use crate::error::EngineError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// There is no such job or scheduler.
    #[error("there is no {what} {id:?} in the queue {queue}")]
    NotFound {
        /// What was named.
        what: &'static str,
        /// How.
        id: String,
        /// Where.
        queue: QueueName,
    },
    /// The job is not in the state that it takes.
    #[error("the job {id:?} is not {state} (any more)")]
    Moved {
        /// Which job.
        id: String,
        /// The state that it takes.
        state: &'static str,
    },
    /// A worker has the job, or a child of it.
    #[error(
        "a worker has the job {0:?} or one of its children; it can be removed when it has ended"
    )]
    Locked(String),
    /// The job is the next run of a scheduler.
    #[error("the job {0:?} is the next run of a scheduler; remove the scheduler instead")]
    OfScheduler(String),
    /// The library cannot write to queues with such a prefix.
    #[error("queues whose prefix holds a colon can only be looked at, not changed")]
    Prefix,
    /// A scheduler cannot be repaired.
    #[error("the scheduler {id:?} cannot be repaired: {reason}")]
    Unrepairable {
        /// Which scheduler.
        id: String,
        /// Why.
        reason: String,
    },
    /// The queue library or its Redis refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The data layer failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) fn not_found(queue: &QueueName, id: &str) -> ActionError {
    ActionError::NotFound {
        what: "job",
        id: id.to_owned(),
        queue: queue.clone(),
    }
}

/// Reads what the library's scripts say of a job that they did not move.
pub(super) fn refused(
    error: bullmq::Error,
    queue: &QueueName,
    id: &str,
    state: &'static str,
    action: &'static str,
) -> ActionError {
    let code = match &error {
        bullmq::Error::Script { code, .. } => Some(*code),
        // Where it gives the script's answer in words only.
        bullmq::Error::InvalidConfig(text) if text.ends_with("code -1") => Some(-1),
        bullmq::Error::InvalidConfig(text) if text.ends_with("code -3") => Some(-3),
        _ => None,
    };
    match code {
        Some(-1) => not_found(queue, id),
        Some(-3) => ActionError::Moved {
            id: id.to_owned(),
            state,
        },
        _ => EngineError::queue(action)(error).into(),
    }
}
