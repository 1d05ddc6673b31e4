//! The handlers, one file per noun.

pub(crate) mod batch;
pub(crate) mod changes;
pub(crate) mod collaboration;
pub(crate) mod commands;
pub(crate) mod console;
pub(crate) mod graphs;
pub(crate) mod health;
pub(crate) mod operations;
pub(crate) mod session;
pub(crate) mod state;
pub(crate) mod ui;
