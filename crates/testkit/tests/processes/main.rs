//! The product as it is deployed: API and worker processes on one Redis, with faults.
//!
//! Every test starts its own processes and its own Redis on free ports and ends them.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(
    clippy::print_stdout,
    reason = "a failed run shows its seed and its figures"
)]

mod accepted;
mod broken_graph;
mod bulk;
mod cut_anywhere;
mod kills;
mod lost_news;
mod poison;
mod redis_restart;
mod stalled;
mod support;
mod two_nodes;
