//! The engine against a real Redis and a real BullMQ queue.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod collaboration;
mod deaf;
mod fixture;
mod order;
mod pipeline;
mod poison;
mod queues;
