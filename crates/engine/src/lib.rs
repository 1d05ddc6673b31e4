//! The command processor: intake, batches, the BullMQ queues, the apply loop and outcomes; and the
//! work that has time or must survive a node.
//!
//! The way of a command: [`Intake`] makes it durable in the queue `graph-commands` and only then
//! says "accepted"; a worker ([`Workers`]) fetches the job, decides its commands against the graph
//! in memory ([`decide`]), writes the batch through the store's apply script, and the script tells
//! everybody. There is no shortcut past Redis, not even when all of it runs in one process.
//!
//! Two more queues carry other work: `sync-operations` what must survive the node that asked for
//! it, `analytics` what has time. One kind of worker serves all three; a watchdog makes it anew when
//! it fetches nothing though jobs wait, and a probe ([`Queues::probe`]) proves that somebody works.
//!
//! This is the only crate that names `bullmq`.
//!
//! **Invariant:** a job may run any number of times, on any number of workers; the apply script
//! knows operations by their ids, so each has one effect and one outcome.

mod analytics;
mod commands;
mod config;
mod dead_letters;
mod decide;
mod definition;
mod error;
pub mod inspect;
mod intake;
mod job;
mod jobs;
mod lane;
mod probe;
mod process;
mod progress_requests;
mod queue;
mod queues;
mod recall;
mod schedulers;
mod sync;
mod weight;
mod worker;
mod workers;

pub use analytics::{
    NODES_MAX, NodeProgress, ProgressReport, SnapshotContent, SnapshotFault, read_progress,
    read_snapshot,
};
pub use config::{EngineConfig, JobsLimit, QueueSettings, Watchdog};
pub use definition::{ANALYTICS, GRAPH_COMMANDS, QueueDefinition, QueueKind, SYNC_OPERATIONS};
pub use error::EngineError;
pub use intake::{Intake, Submission, begin_trace};
pub use job::{Content, Origin, QueuedCommand, RefusedCommand};
pub use jobs::{AnalyticsJob, OfClient, OfGraph, SettleConflict, SyncJob, TakeSnapshot};
pub use probe::Probed;
pub use queue::{CommandQueue, QueueCounts};
pub use queues::{JobEnd, Queues};
pub use workers::{WorkerParts, Workers};
