//! The engine against a real Redis and a real BullMQ queue.

mod fixture;
mod order;
mod pipeline;
mod poison;
