//! The real binary as people and scripts meet it: processes, files, exit codes and sockets.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod collaboration;
mod commands;
mod neighbours;
mod queues;
mod session;
mod support;
mod system;
mod watching;
