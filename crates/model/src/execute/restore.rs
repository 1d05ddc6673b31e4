//! Brings a graph back to an earlier version, by one new operation.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, Extent};
use crate::change::{AppliedOperation, Change};
use crate::entity::{Edge, Node};
use crate::graph::Graph;
use crate::ids::{EdgeId, NodeId};
use crate::outcome::{RejectCode, Rejection};
use crate::patch::{EdgePatch, Field, NodePatch};
use crate::recall::Recalled;

/// How many changes one restoring may make: they are one entry of the history, one write and one
/// message to everybody.
const CHANGES_MAX: usize = 20_000;

/// The entities that were touched since, as they were; none for one that was not there.
#[derive(Default)]
struct Then {
    nodes: BTreeMap<NodeId, Option<Node>>,
    edges: BTreeMap<EdgeId, Option<Edge>>,
}

impl Then {
    /// Goes back through operations, newest first.
    fn go_back(graph: &Graph, operations: &[AppliedOperation]) -> Self {
        let mut then = Self::default();
        for change in operations.iter().flat_map(|operation| &operation.inverse) {
            match change {
                Change::PutNode { node, .. } => {
                    then.nodes.insert(node.id.clone(), Some(node.clone()));
                }
                Change::PatchNode { id, patch, .. } => {
                    if let Some(node) = then.node(graph, id) {
                        patch.apply(node);
                    }
                }
                Change::DeleteNode { id } => drop(then.nodes.insert(id.clone(), None)),
                Change::PutEdge { edge, .. } => {
                    then.edges.insert(edge.id.clone(), Some(edge.clone()));
                }
                Change::PatchEdge { id, patch, .. } => {
                    if let Some(edge) = then.edge(graph, id) {
                        patch.apply(edge);
                    }
                }
                Change::DeleteEdge { id } => drop(then.edges.insert(id.clone(), None)),
                Change::DeleteGraph
                | Change::SetName { .. }
                | Change::SetPolicy { .. }
                | Change::SetGrant { .. }
                | Change::OpenConflict { .. }
                | Change::CloseConflict { .. } => {}
            }
        }
        then
    }

    fn node(&mut self, graph: &Graph, id: &NodeId) -> Option<&mut Node> {
        self.nodes
            .entry(id.clone())
            .or_insert_with(|| graph.nodes().get(id).map(|entry| entry.entity.clone()))
            .as_mut()
    }

    fn edge(&mut self, graph: &Graph, id: &EdgeId) -> Option<&mut Edge> {
        self.edges
            .entry(id.clone())
            .or_insert_with(|| graph.edges().get(id).map(|entry| entry.entity.clone()))
            .as_mut()
    }
}

impl Draft<'_> {
    /// Makes nodes and edges what they were; name, policy, grants and conflicts stay.
    pub(super) fn restore(&mut self, version: u64) -> Result<Extent, Rejection> {
        let author = self.author;
        let now = self.graph.version();
        if version >= now {
            let message = format!("version {version} is not an earlier one; the graph is at {now}");
            return Err(Rejection::new(RejectCode::Invalid, message).on("version"));
        }
        let Recalled::Since(operations) = &author.recalled else {
            let message =
                format!("version {version} is too far back, or not in the history any more");
            return Err(Rejection::new(RejectCode::NotFound, message).on("version"));
        };
        let then = Then::go_back(self.graph, operations);
        self.delete_what_was_not(&then)?;
        self.bring_nodes_back(&then)?;
        self.bring_edges_back(&then)?;
        if self.changes.len() > CHANGES_MAX {
            let message = format!(
                "bringing version {version} back changes more than {CHANGES_MAX} things at once"
            );
            return Err(Rejection::new(RejectCode::TooLarge, message).on("version"));
        }
        Ok(Extent::Whole)
    }

    fn delete_what_was_not(&mut self, then: &Then) -> Result<(), Rejection> {
        for (id, edge) in &then.edges {
            let Some(entry) = self.graph.edges().get(id) else {
                continue;
            };
            // An edge never changes its ends; one that has others is another edge.
            let ends = (&entry.entity.source, &entry.entity.target);
            if edge
                .as_ref()
                .is_none_or(|edge| (&edge.source, &edge.target) != ends)
            {
                self.delete_edge(id)?;
            }
        }
        for (id, node) in &then.nodes {
            if node.is_none() && self.graph.nodes().contains_key(id) {
                self.delete_node(id)?;
            }
        }
        Ok(())
    }

    /// Parents come last: on the way there, one may stand below what will be its child.
    fn bring_nodes_back(&mut self, then: &Then) -> Result<(), Rejection> {
        let mut parents = BTreeMap::new();
        for (id, node) in &then.nodes {
            let Some(node) = node else { continue };
            let Some(entry) = self.graph.nodes().get(id) else {
                let mut orphan = node.clone();
                if let Some(parent) = orphan.parent.take() {
                    parents.insert(id, parent);
                }
                self.create_node(&orphan)?;
                continue;
            };
            let mut patch = node_difference(&entry.entity, node);
            if let Some(parent) = patch.parent.take() {
                if entry.entity.parent.is_some() {
                    patch.unset.insert(Field::Parent);
                }
                parents.insert(id, parent);
            }
            if !patch.fields().is_empty() {
                self.write_node(id, patch)?;
            }
        }
        for (id, parent) in parents {
            let patch = NodePatch {
                parent: Some(parent),
                ..NodePatch::default()
            };
            self.write_node(id, patch)?;
        }
        Ok(())
    }

    fn bring_edges_back(&mut self, then: &Then) -> Result<(), Rejection> {
        for (id, edge) in &then.edges {
            let Some(edge) = edge else { continue };
            match self.graph.edges().get(id) {
                None => drop(self.create_edge(edge)?),
                Some(entry) => {
                    let patch = edge_difference(&entry.entity, edge);
                    if !patch.fields().is_empty() {
                        self.write_edge(id, patch)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Makes the patch that turns one node into another; ids are not compared.
fn node_difference(from: &Node, to: &Node) -> NodePatch {
    let gone = [
        (from.parent.is_some() && to.parent.is_none(), Field::Parent),
        (
            from.progress.is_some() && to.progress.is_none(),
            Field::Progress,
        ),
        (from.size.is_some() && to.size.is_none(), Field::Size),
    ];
    let lost = from.data.keys().filter(|key| !to.data.contains_key(*key));
    let unset: BTreeSet<Field> = gone
        .into_iter()
        .filter_map(|(gone, field)| gone.then_some(field))
        .chain(lost.cloned().map(Field::Data))
        .collect();
    NodePatch {
        data: to
            .data
            .iter()
            .filter(|(key, value)| from.data.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        kind: (from.kind != to.kind).then(|| to.kind.clone()),
        parent: to.parent.clone().filter(|_| from.parent != to.parent),
        position: (from.position != to.position).then_some(to.position),
        progress: to.progress.filter(|_| from.progress != to.progress),
        size: to.size.filter(|_| from.size != to.size),
        title: (from.title != to.title).then(|| to.title.clone()),
        unset,
    }
}

/// Makes the patch that turns one edge into another; id and ends are not compared.
fn edge_difference(from: &Edge, to: &Edge) -> EdgePatch {
    let gone = [
        (from.kind.is_some() && to.kind.is_none(), Field::Kind),
        (from.label.is_some() && to.label.is_none(), Field::Label),
        (from.weight.is_some() && to.weight.is_none(), Field::Weight),
    ];
    let lost = from.data.keys().filter(|key| !to.data.contains_key(*key));
    let unset: BTreeSet<Field> = gone
        .into_iter()
        .filter_map(|(gone, field)| gone.then_some(field))
        .chain(lost.cloned().map(Field::Data))
        .collect();
    EdgePatch {
        data: to
            .data
            .iter()
            .filter(|(key, value)| from.data.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        kind: to.kind.clone().filter(|_| from.kind != to.kind),
        label: to.label.clone().filter(|_| from.label != to.label),
        weight: to.weight.filter(|_| from.weight != to.weight),
        unset,
    }
}
