//! What holds when several people work on one graph: conflicts, undo, restoring, access.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod cases;
mod chains;
mod server;
mod stories;
