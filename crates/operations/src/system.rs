//! What the System page shows: the nodes, Redis, memory by families of keys, logs, diagnostics.
//!
//! Everything here is read on a budget: a report of Redis is used by all who ask within a second,
//! the key space is looked at in small steps and only while somebody asks, the log is a ring.

pub(crate) mod diagnostics;
mod families;
pub(crate) mod logs;
pub(crate) mod memory;
pub(crate) mod nodes;
mod pattern;
pub(crate) mod redis;
mod redis_facts;
