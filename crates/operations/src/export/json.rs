//! The JSON export: one entity per line, so that two exports of a graph can be compared by lines.

use graphy_model::checksum::{edge_text, node_text};

use super::GraphContent;
use crate::graph_file::{FORMAT, FORMAT_VERSION};

/// Writes a graph as JSON that can be imported again; see [`crate::graph_file`] for the format.
#[must_use]
pub fn graph_json(name: &str, content: &GraphContent) -> String {
    let name = serde_json::to_string(name).expect("a text can always be written as JSON");
    let nodes = lines(content.nodes.iter().map(node_text));
    let edges = lines(content.edges.iter().map(edge_text));
    format!(
        "{{\n\"format\": \"{FORMAT}\",\n\"formatVersion\": {FORMAT_VERSION},\n\"name\": {name},\n\
         \"nodes\": [{nodes}],\n\"edges\": [{edges}]\n}}\n"
    )
}

fn lines(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() {
        String::new()
    } else {
        format!("\n{}\n", texts.join(",\n"))
    }
}
