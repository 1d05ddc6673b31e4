//! The session against a server that behaves well, badly, or not at all.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod commands;
mod connection;
mod journal;
mod kill;
mod renewal;
mod support;
