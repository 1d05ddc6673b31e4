//! Takes an operation back, as far as others have left it as it was.
//!
//! A redo is the same thing done to an undo. What others changed since stays, and is named.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{Draft, Extent};
use crate::change::{AppliedOperation, Change, Skipped, Target};
use crate::conflict::EntityKind;
use crate::entity::{Edge, Node};
use crate::graph::Entry;
use crate::ids::{EdgeId, NodeId};
use crate::outcome::{RejectCode, Rejection};
use crate::patch::{EdgePatch, Field, Fields, NodePatch, value_of};
use crate::recall::Recalled;
use crate::record::{Mark, Marks};

const CHANGED: &str = "somebody else has changed it since";
const GONE: &str = "it has been deleted since";
const BACK: &str = "it is there again";
const ENDS: &str = "one of its ends has been deleted since";
const PARENT: &str = "its parent has been deleted or moved below it since";
const LIMIT: &str = "the graph has no room for it any more";

/// The operation that is turned round.
struct Past<'a> {
    operation: &'a AppliedOperation,
    /// What it did to each entity, in order.
    did: HashMap<(EntityKind, &'a str), Vec<&'a Change>>,
    own: &'a BTreeSet<u64>,
    /// The version that turns it round: what bears it was written a moment ago, on the way back.
    now: u64,
}

impl<'a> Past<'a> {
    fn new(operation: &'a AppliedOperation, own: &'a BTreeSet<u64>, now: u64) -> Self {
        let mut did: HashMap<_, Vec<&Change>> = HashMap::new();
        for change in &operation.changes {
            if let Some(entity) = entity_of(change) {
                did.entry(entity).or_default().push(change);
            }
        }
        Self {
            operation,
            did,
            own,
            now,
        }
    }

    /// Says whether the author, and nobody else, wrote a field last.
    fn owns(&self, marks: &Marks, field: &Field) -> bool {
        let mark = marks.get(field).or_else(|| marks.get(&Field::All));
        mark.is_some_and(|mark| {
            [self.operation.version, self.now].contains(&mark.0) || self.own.contains(&mark.0)
        })
    }

    fn owns_all<E>(&self, entry: &Entry<E>) -> bool {
        entry
            .marks
            .keys()
            .all(|field| self.owns(&entry.marks, field))
    }

    /// Returns the value that the operation left in a field.
    fn left(&self, kind: EntityKind, id: &str, field: &Field) -> Option<Value> {
        let changes = self.did.get(&(kind, id)).into_iter().flatten().rev();
        changes
            .filter_map(|change| match change {
                Change::PatchNode { patch, .. } => patch.get(field),
                Change::PutNode { node, .. } => Some(value_of(node, field)),
                Change::PatchEdge { patch, .. } => patch.get(field),
                Change::PutEdge { edge, .. } => Some(value_of(edge, field)),
                _ => None,
            })
            .next()
    }

    /// Says whether a field is still as the operation left it.
    fn untouched<E: Fields>(
        &self,
        kind: EntityKind,
        id: &str,
        entry: &Entry<E>,
        field: &Field,
    ) -> bool {
        // An operation may write a field several times; going back, it has another value each time.
        let on_the_way = |mark: &Mark| mark.0 == self.now;
        entry.marks.get(field).is_some_and(on_the_way)
            || self.owns(&entry.marks, field)
                && self.left(kind, id, field) == Some(value_of(&entry.entity, field))
    }
}

/// Names the entity that a change leaves.
fn entity_of(change: &Change) -> Option<(EntityKind, &str)> {
    match change {
        Change::PutNode { node, .. } => Some((EntityKind::Node, node.id.as_str())),
        Change::PatchNode { id, .. } => Some((EntityKind::Node, id.as_str())),
        Change::PutEdge { edge, .. } => Some((EntityKind::Edge, edge.id.as_str())),
        Change::PatchEdge { id, .. } => Some((EntityKind::Edge, id.as_str())),
        _ => None,
    }
}

impl Draft<'_> {
    /// Carries an undo or redo out on the operation that was recalled for it.
    pub(super) fn turn_round(&mut self) -> Result<Extent, Rejection> {
        let author = self.author;
        let Recalled::Target { operation, own } = &author.recalled else {
            let message = "there is nothing of yours left to take back or bring back";
            return Err(Rejection::new(RejectCode::NotFound, message).on("operationId"));
        };
        if author
            .user
            .as_ref()
            .is_some_and(|user| *user != operation.user_id)
        {
            let message = "an undo takes back one's own work only";
            return Err(Rejection::new(RejectCode::Forbidden, message).on("operationId"));
        }
        let now = self.mark.0;
        let past = Past::new(operation, own, now);
        self.target = Some(Target {
            operation_id: operation.operation_id,
            version: operation.version,
        });
        for change in &operation.inverse {
            self.take_back(change, &past);
        }
        Ok(if self.skipped.is_empty() {
            Extent::Whole
        } else {
            Extent::Part
        })
    }

    fn take_back(&mut self, change: &Change, past: &Past<'_>) {
        match change {
            Change::PatchNode { id, patch, .. } => self.take_back_node_patch(id, patch, past),
            Change::PatchEdge { id, patch, .. } => self.take_back_edge_patch(id, patch, past),
            Change::DeleteNode { id } => self.take_back_new_node(id, past),
            Change::DeleteEdge { id } => self.take_back_new_edge(id, past),
            Change::PutNode { node, .. } => self.bring_back_node(node),
            Change::PutEdge { edge, .. } => self.bring_back_edge(edge),
            Change::DeleteGraph
            | Change::SetName { .. }
            | Change::SetPolicy { .. }
            | Change::SetGrant { .. }
            | Change::OpenConflict { .. }
            | Change::CloseConflict { .. } => {}
        }
    }

    fn skip(&mut self, entity: EntityKind, id: &str, field: Option<&Field>, reason: &str) {
        let skipped = Skipped {
            entity,
            entity_id: id.to_owned(),
            field: field.cloned(),
            reason: reason.to_owned(),
        };
        // What the operation wrote twice is left as it is only once.
        if !self
            .skipped
            .iter()
            .rev()
            .take(100)
            .any(|one| *one == skipped)
        {
            self.skipped.push(skipped);
        }
    }

    fn take_back_node_patch(&mut self, id: &NodeId, patch: &NodePatch, past: &Past<'_>) {
        let Some(entry) = self.graph.nodes().get(id).cloned() else {
            return self.skip(EntityKind::Node, id.as_str(), None, GONE);
        };
        let mut patch = patch.clone();
        for field in patch.fields() {
            let reason = if !past.untouched(EntityKind::Node, id.as_str(), &entry, &field) {
                CHANGED
            } else if field == Field::Parent && self.wrong_parent(id, patch.parent.as_ref()) {
                PARENT
            } else {
                continue;
            };
            patch.remove(&field);
            self.skip(EntityKind::Node, id.as_str(), Some(&field), reason);
        }
        if !patch.fields().is_empty() && self.write_node(id, patch).is_err() {
            self.skip(EntityKind::Node, id.as_str(), None, LIMIT);
        }
    }

    fn take_back_edge_patch(&mut self, id: &EdgeId, patch: &EdgePatch, past: &Past<'_>) {
        let Some(entry) = self.graph.edges().get(id).cloned() else {
            return self.skip(EntityKind::Edge, id.as_str(), None, GONE);
        };
        let mut patch = patch.clone();
        for field in patch.fields() {
            if !past.untouched(EntityKind::Edge, id.as_str(), &entry, &field) {
                patch.remove(&field);
                self.skip(EntityKind::Edge, id.as_str(), Some(&field), CHANGED);
            }
        }
        if !patch.fields().is_empty() && self.write_edge(id, patch).is_err() {
            self.skip(EntityKind::Edge, id.as_str(), None, LIMIT);
        }
    }

    /// Deletes a node that the operation had made, unless others have worked on it.
    fn take_back_new_node(&mut self, id: &NodeId, past: &Past<'_>) {
        let Some(entry) = self.graph.nodes().get(id) else {
            return self.skip(EntityKind::Node, id.as_str(), None, GONE);
        };
        let mut edges = self.graph.edges_at(id);
        let mut children = self.graph.children_of(id);
        let alone = past.owns_all(entry)
            && edges.all(|edge| past.owns_all(&self.graph.edges()[edge]))
            && children.all(|child| past.owns(&self.graph.nodes()[child].marks, &Field::Parent));
        drop((edges, children));
        if !alone || self.delete_node(id).is_err() {
            self.skip(EntityKind::Node, id.as_str(), None, CHANGED);
        }
    }

    fn take_back_new_edge(&mut self, id: &EdgeId, past: &Past<'_>) {
        let Some(entry) = self.graph.edges().get(id) else {
            return self.skip(EntityKind::Edge, id.as_str(), None, GONE);
        };
        if !past.owns_all(entry) || self.delete_edge(id).is_err() {
            self.skip(EntityKind::Edge, id.as_str(), None, CHANGED);
        }
    }

    fn bring_back_node(&mut self, node: &Node) {
        let id = node.id.as_str();
        if self.graph.nodes().contains_key(&node.id) {
            return self.skip(EntityKind::Node, id, None, BACK);
        }
        let mut node = node.clone();
        if self.wrong_parent(&node.id, node.parent.as_ref()) {
            node.parent = None;
            self.skip(
                EntityKind::Node,
                node.id.as_str(),
                Some(&Field::Parent),
                PARENT,
            );
        }
        if self.create_node(&node).is_err() {
            self.skip(EntityKind::Node, node.id.as_str(), None, LIMIT);
        }
    }

    fn bring_back_edge(&mut self, edge: &Edge) {
        let id = edge.id.as_str();
        let reason = if self.graph.edges().contains_key(&edge.id) {
            BACK
        } else if [&edge.source, &edge.target]
            .iter()
            .any(|end| !self.graph.nodes().contains_key(*end))
        {
            ENDS
        } else if self.create_edge(edge).is_err() {
            LIMIT
        } else {
            return;
        };
        self.skip(EntityKind::Edge, id, None, reason);
    }

    fn wrong_parent(&self, child: &NodeId, parent: Option<&NodeId>) -> bool {
        parent.is_some_and(|parent| self.check_parent(child, parent).is_err())
    }
}
