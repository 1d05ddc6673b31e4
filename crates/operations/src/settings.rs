//! The configuration of a node and of its clients: one table, four layers, one typed result.
//!
//! Later layers win: defaults, then the file `graphy.toml`, then the environment, then flags.
//! [`KEYS`] is the table; the documentation in `docs/configuration.md` and the command
//! `graphy config explain` are made from it. What is not in the table is refused, with the name
//! that was probably meant.
//!
//! This module reads no environment by itself: its caller hands the layers in.

mod document;
mod error;
mod explain;
mod keys;
mod layers;
mod nearest;
mod node_file;
mod table;
#[cfg(test)]
mod tests;
mod typed;

pub use document::document;
pub use error::{Fault, SettingsError};
pub use explain::{Explained, explain};
pub use keys::KEYS;
pub use layers::{Entry, FlagValue, Layers, Resolved, Source, find_file};
pub use node_file::{NODE_FILE, NodeFile};
pub use table::{Key, Kind};
pub use typed::{CacheSettings, LogSettings, LogStyle, NodeRole, Rates, Settings, Target};
