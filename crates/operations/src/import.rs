//! Files from outside, read into a plan of nodes and edges.
//!
//! Pure: text in, [`ImportPlan`] or [`ImportError`] out. Carrying a plan out is the work of
//! [`crate::importer`].
//!
//! **Invariant:** a plan is within the [`Limits`], its ids are unique, both ends of every edge are
//! among its nodes, and a node's parent stands before the node.

mod cargo_lock;
mod detect;
mod draft;
mod error;
mod graphy_json;
mod package_lock;
#[cfg(test)]
mod property_tests;

use graphy_model::{Edge, Limits, Node};
use graphy_protocol::console::ImportFormat;

pub use error::ImportError;

/// The largest file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The longest name of a graph, in characters.
pub const NAME_CHARS_MAX: usize = 200;

/// What an import would make.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportPlan {
    /// What the file calls itself.
    pub name: String,
    /// The nodes, parents first.
    pub nodes: Vec<Node>,
    /// The edges.
    pub edges: Vec<Edge>,
}

impl ImportPlan {
    /// Returns how many nodes and edges there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len() + self.edges.len()
    }

    /// Says whether there is nothing to import.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads a file. Takes time in proportion to its size, so async callers give it a thread.
///
/// # Errors
/// [`ImportError`], naming the line or the JSON path at fault.
pub fn parse(
    format: ImportFormat,
    file_name: &str,
    text: &str,
    limits: &Limits,
) -> Result<ImportPlan, ImportError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(ImportError::TooLarge {
            what: "bytes",
            count: text.len(),
            limit: FILE_BYTES_MAX,
        });
    }
    // Editors on some systems put a byte order mark in front of UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match detect::resolve(format, file_name, text)? {
        detect::Format::CargoLock => cargo_lock::parse(text, limits),
        detect::Format::PackageLock => package_lock::parse(text, limits),
        detect::Format::GraphyJson => graphy_json::parse(text, limits),
    }
}
