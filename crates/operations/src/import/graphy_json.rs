//! A graph as Graphy exports it. Strict: what the format does not know is an error, because
//! dropping it silently would lose somebody's data.

use std::collections::HashMap;

use graphy_model::json::check_text;
use graphy_model::{Command, Limits, Node, NodeId, Rejection};

use super::draft::graph_name;
use super::error::decode_json;
use super::{ImportError, ImportPlan};
use crate::graph_file::{FORMAT, FORMAT_VERSION, GraphFile};

/// How deep the file nests a node's own JSON.
const OUTER_DEPTH: usize = 4;

/// Reads an exported graph.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<ImportPlan, ImportError> {
    check_text(text, limits.json_depth_max + OUTER_DEPTH)
        .map_err(|rejection| ImportError::at_path("the file", rejection.message))?;
    let file: GraphFile = decode_json(text)?;
    if file.format != FORMAT {
        let message = format!("{FORMAT:?} is expected");
        return Err(ImportError::at_path("format", message));
    }
    if file.format_version == 0 || file.format_version > FORMAT_VERSION {
        let message = format!("versions up to {FORMAT_VERSION} are understood");
        return Err(ImportError::at_path("formatVersion", message));
    }
    for (what, count, limit) in [
        ("nodes", file.nodes.len(), limits.nodes_max),
        ("edges", file.edges.len(), limits.edges_max),
    ] {
        if count > limit {
            return Err(ImportError::TooLarge { what, count, limit });
        }
    }
    check_edges(&file, &check_nodes(&file.nodes, limits)?, limits)?;
    let nodes = parents_first(file.nodes)?;
    Ok(ImportPlan {
        name: graph_name(&file.name),
        nodes,
        edges: file.edges,
    })
}

type Indexes = HashMap<NodeId, usize>;

fn check_nodes(nodes: &[Node], limits: &Limits) -> Result<Indexes, ImportError> {
    let mut indexes = Indexes::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        if let Some(first) = indexes.insert(node.id.clone(), at) {
            let message = format!("{:?} is the id of nodes[{first}] already", node.id);
            return Err(ImportError::at_path(format!("nodes[{at}].id"), message));
        }
        check_command(&Command::CreateNode(node.clone()), limits)
            .map_err(|rejection| refused(&format!("nodes[{at}]"), rejection))?;
    }
    for (at, node) in nodes.iter().enumerate() {
        if let Some(parent) = node.parent.as_ref().filter(|id| !indexes.contains_key(*id)) {
            let message = format!("there is no node {parent:?}");
            return Err(ImportError::at_path(format!("nodes[{at}].parent"), message));
        }
    }
    Ok(indexes)
}

fn check_edges(file: &GraphFile, nodes: &Indexes, limits: &Limits) -> Result<(), ImportError> {
    let mut indexes = HashMap::with_capacity(file.edges.len());
    for (at, edge) in file.edges.iter().enumerate() {
        if let Some(first) = indexes.insert(&edge.id, at) {
            let message = format!("{:?} is the id of edges[{first}] already", edge.id);
            return Err(ImportError::at_path(format!("edges[{at}].id"), message));
        }
        for (field, end) in [("source", &edge.source), ("target", &edge.target)] {
            if !nodes.contains_key(end) {
                let message = format!("there is no node {end:?}");
                return Err(ImportError::at_path(
                    format!("edges[{at}].{field}"),
                    message,
                ));
            }
        }
        check_command(&Command::CreateEdge(edge.clone()), limits)
            .map_err(|rejection| refused(&format!("edges[{at}]"), rejection))?;
    }
    Ok(())
}

/// Checks what the intake will check, so that it is known before anything is written.
fn check_command(command: &Command, limits: &Limits) -> Result<(), Rejection> {
    limits.check(command)?;
    crate::importer::check_weight(command, limits)
}

fn refused(path: &str, rejection: Rejection) -> ImportError {
    let path = match rejection.field {
        Some(field) => format!("{path}.{field}"),
        None => path.to_owned(),
    };
    ImportError::at_path(path, rejection.message)
}

/// Brings every node behind its parent, else keeps the order.
fn parents_first(nodes: Vec<Node>) -> Result<Vec<Node>, ImportError> {
    if nodes.iter().all(|node| node.parent.is_none()) {
        return Ok(nodes);
    }
    let mut children: HashMap<Option<NodeId>, Vec<usize>> = HashMap::new();
    for (at, node) in nodes.iter().enumerate().rev() {
        children.entry(node.parent.clone()).or_default().push(at);
    }
    let mut slots: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
    let mut ordered = Vec::with_capacity(slots.len());
    let mut open = children.remove(&None).unwrap_or_default();
    while let Some(at) = open.pop() {
        let node = slots[at]
            .take()
            .expect("every node has one parent, so it is reached once");
        open.extend(
            children
                .remove(&Some(node.id.clone()))
                .into_iter()
                .flatten(),
        );
        ordered.push(node);
    }
    match slots.iter().position(Option::is_some) {
        None => Ok(ordered),
        Some(at) => {
            let message = "its parents form a circle";
            Err(ImportError::at_path(format!("nodes[{at}].parent"), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(nodes: &str, edges: &str) -> String {
        format!(
            "{{\"format\":\"graphy\",\"formatVersion\":1,\"name\":\"n\",\"nodes\":[{nodes}],\
             \"edges\":[{edges}]}}"
        )
    }

    fn fault(text: &str) -> String {
        parse(text, &Limits::default()).unwrap_err().to_string()
    }

    #[test]
    fn parents_come_before_their_children() {
        let text = file(
            r#"{"id":"c","parent":"b"},{"id":"b","parent":"a"},{"id":"x"},{"id":"a"}"#,
            r#"{"id":"e","source":"c","target":"x"}"#,
        );
        let plan = parse(&text, &Limits::default()).unwrap();
        let ids: Vec<&str> = plan.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids, ["x", "a", "b", "c"]);
        assert_eq!((plan.name.as_str(), plan.edges.len()), ("n", 1));
    }

    #[test]
    fn faults_are_named_by_path() {
        for (nodes, edges, expected) in [
            (
                r#"{"id":"a"},{"id":"a"}"#,
                "",
                "nodes[1].id: \"a\" is the id of nodes[0] already",
            ),
            (
                r#"{"id":"a","parent":"z"}"#,
                "",
                "nodes[0].parent: there is no node \"z\"",
            ),
            (
                r#"{"id":"x"},{"id":"a","parent":"b"},{"id":"b","parent":"a"}"#,
                "",
                "nodes[1].parent: its parents form a circle",
            ),
            (
                r#"{"id":"a"}"#,
                r#"{"id":"e","source":"a","target":"z"}"#,
                "edges[0].target: there is no node \"z\"",
            ),
            (r#"{"id":"a","progress":7}"#, "", "nodes[0].progress: "),
            (
                r#"{"id":"a","colour":1}"#,
                "",
                "nodes[0].colour (line 1): unknown field `colour`",
            ),
            (
                r#"{"id":"a b"}"#,
                "",
                "nodes[0].id (line 1): an id holds only letters",
            ),
            (
                r#"{"id":"a","position":{"x":1}}"#,
                "",
                "nodes[0].position (line 1): missing field",
            ),
        ] {
            let fault = fault(&file(nodes, edges));
            assert!(
                fault.starts_with(expected),
                "{fault:?} should start with {expected:?}"
            );
        }
        assert!(fault(&file("", "").replace("graphy", "other")).starts_with("format: "));
        assert!(fault(&file("", "").replace(":1,", ":2,")).starts_with("formatVersion: "));
        assert!(fault("{").starts_with("line 1: EOF"));
    }

    #[test]
    fn a_node_that_no_command_could_carry_is_refused_at_once() {
        let values: Vec<String> = (0..4)
            .map(|key| format!("\"k{key}\":\"{}\"", "x".repeat(15_000)))
            .collect();
        let node = format!("{{\"id\":\"a\",\"data\":{{{}}}}}", values.join(","));
        assert!(fault(&file(&node, "")).starts_with("nodes[0]: "));
    }
}
