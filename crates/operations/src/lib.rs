//! Host-neutral operator operations, one function each, and the live console frames.
//!
//! The way of a call: an adapter (HTTP, IPC, terminal) finds out who calls ([`Caller`]) and calls
//! a function of [`Operations`], by name through [`Operations::dispatch`] or directly. The function
//! authorises, does its work through store and engine, and answers with a type of
//! `graphy_protocol`. Nothing here knows which adapter it was.
//!
//! **Invariant:** every change of a graph goes through the queue; nothing here writes one directly.

mod alerts;
pub mod audit;
mod caller;
pub mod dispatch;
pub mod export;
mod fault;
pub mod graph_file;
pub mod health;
pub mod import;
pub mod importer;
pub mod journal;
pub mod layout;
mod operations;
pub mod overview;
mod pulse;
mod queues;
pub mod settings;
mod system;

pub use caller::Caller;
pub use operations::{MetricsText, Operations, Parts, READ_ONLY, SystemFacts};
pub use overview::LiveFrames;
