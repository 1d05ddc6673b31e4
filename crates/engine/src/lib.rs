//! The command processor: intake, batches, the BullMQ queue, the apply loop and outcomes.
//!
//! The way of a command: [`Intake`] makes it durable in the queue `graph-commands` and only then
//! says "accepted"; a worker ([`Workers`]) fetches the job, decides its commands against the graph
//! in memory ([`decide`]), writes the batch through the store's apply script, and the script tells
//! everybody. There is no shortcut past Redis, not even when all of it runs in one process.
//!
//! This is the only crate that names `bullmq`.
//!
//! **Invariant:** a job may run any number of times, on any number of workers; the apply script
//! knows operations by their ids, so each has one effect and one outcome.

mod config;
mod dead_letters;
mod decide;
mod error;
pub mod inspect;
mod intake;
mod job;
mod lane;
mod process;
mod queue;
mod recall;
mod weight;
mod worker;

pub use config::{EngineConfig, GRAPH_COMMANDS};
pub use error::EngineError;
pub use intake::{Intake, Submission};
pub use job::{Content, Origin, QueuedCommand, RefusedCommand};
pub use queue::{CommandQueue, QueueCounts};
pub use worker::Workers;
