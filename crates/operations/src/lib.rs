//! Host-neutral operator operations, one function each, and the live console frames.

pub mod export;
pub mod graph_file;
pub mod import;
pub mod importer;
pub mod layout;
pub mod settings;
