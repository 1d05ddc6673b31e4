//! Graphy's own file format: one graph as JSON, written by exports and read by imports.
//!
//! It holds what the graph is, and nothing about when or by whom it was written, so the same graph
//! gives the same bytes.

use graphy_model::{Edge, Node};
use serde::{Deserialize, Serialize};

/// What the field `format` says.
pub const FORMAT: &str = "graphy";

/// The version of the format that is written, and the newest that is read.
pub const FORMAT_VERSION: u32 = 1;

/// A graph as a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GraphFile {
    /// Always [`FORMAT`].
    pub format: String,
    /// At most [`FORMAT_VERSION`].
    pub format_version: u32,
    /// What people call the graph.
    pub name: String,
    /// Its nodes, by id.
    pub nodes: Vec<Node>,
    /// Its edges, by id.
    pub edges: Vec<Edge>,
}
