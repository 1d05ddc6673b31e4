//! What operators do to queues, ours and foreign ones, through the vendor's library; and what is
//! inside the jobs of ours.

mod actions;
mod replay;

pub use actions::{ActionError, NewJob, QueueActions, QueueLimits, next_run};
pub use replay::{OwnCommand, OwnJob, ReplayAs, replay};
