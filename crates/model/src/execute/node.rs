//! Decisions about nodes.

use super::contest::{Spot, Verdict};
use super::{Draft, Extent};
use crate::change::Change;
use crate::checksum::node_text;
use crate::command::Base;
use crate::conflict::EntityKind;
use crate::entity::Node;
use crate::ids::NodeId;
use crate::outcome::{RejectCode, Rejection};
use crate::patch::{Field, NodePatch, with};

impl Draft<'_> {
    pub(super) fn create_node(&mut self, node: &Node) -> Result<Extent, Rejection> {
        if self.graph.nodes().contains_key(&node.id) {
            let message = format!("node {} exists already", node.id);
            return Err(Rejection::new(RejectCode::AlreadyExists, message).on("id"));
        }
        if self.graph.nodes().len() >= self.limits.nodes_max {
            let limit = self.limits.nodes_max;
            let message = format!("a graph holds at most {limit} nodes");
            return Err(Rejection::new(RejectCode::TooLarge, message));
        }
        if let Some(parent) = &node.parent {
            self.check_parent(&node.id, parent)?;
        }
        self.limits.check_entity_text(&node_text(node))?;
        let hash = self
            .graph
            .put_node(node.clone(), &self.mark, &mut self.undo);
        self.changes.push(Change::PutNode {
            node: node.clone(),
            hash,
        });
        self.inverse.push(Change::DeleteNode {
            id: node.id.clone(),
        });
        Ok(Extent::Whole)
    }

    pub(super) fn update_node(
        &mut self,
        id: &NodeId,
        patch: &NodePatch,
        base: Option<&Base>,
    ) -> Result<Extent, Rejection> {
        let Some(entry) = self.graph.nodes().get(id) else {
            let message = format!("node {id} does not exist");
            return Err(Rejection::new(RejectCode::NotFound, message).on("id"));
        };
        let (entity, marks) = (entry.entity.clone(), entry.marks.clone());
        let spot = Spot {
            kind: EntityKind::Node,
            id: id.as_str(),
            entity: &entity,
            marks: &marks,
            base,
        };
        let mut wanted = patch.clone();
        let mut extent = Extent::Whole;
        for field in patch.fields() {
            let mine = patch.get(&field).unwrap_or_default();
            match self.contest(&spot, &field, &mine)? {
                Verdict::Keep => continue,
                Verdict::Drop => wanted.remove(&field),
                Verdict::Replace(value) => {
                    wanted = with(&wanted, &field, value).map_err(|error| {
                        Rejection::new(RejectCode::Invalid, error.to_string()).on("patch")
                    })?;
                }
            }
            extent = Extent::Part;
        }
        if !wanted.fields().is_empty() {
            self.write_node(id, wanted)?;
        }
        Ok(extent)
    }

    /// Writes a patch that nobody contests.
    pub(super) fn write_node(&mut self, id: &NodeId, patch: NodePatch) -> Result<(), Rejection> {
        let Some(entry) = self.graph.nodes().get(id) else {
            let message = format!("node {id} does not exist");
            return Err(Rejection::new(RejectCode::NotFound, message).on("id"));
        };
        let prior = entry.clone();
        if let Some(parent) = &patch.parent {
            self.check_parent(id, parent)?;
        }
        let mut after = prior.entity.clone();
        patch.apply(&mut after);
        self.limits.check_entity_text(&node_text(&after))?;
        let hash = self
            .graph
            .patch_node(id, &patch, &self.mark, &mut self.undo)
            .expect("the node was found above");
        let inverse = patch.inverse(&prior.entity);
        self.changes.push(Change::PatchNode {
            id: id.clone(),
            patch,
            hash,
        });
        self.inverse.push(Change::PatchNode {
            id: id.clone(),
            patch: inverse,
            hash: prior.hash,
        });
        Ok(())
    }

    /// Deletes a node, its edges, and the parenthood of its children.
    pub(super) fn delete_node(&mut self, id: &NodeId) -> Result<Extent, Rejection> {
        let Some(entry) = self.graph.nodes().get(id) else {
            let message = format!("node {id} does not exist");
            return Err(Rejection::new(RejectCode::NotFound, message).on("id"));
        };
        let (node, hash) = (entry.entity.clone(), entry.hash);
        let edges: Vec<_> = self.graph.edges_at(id).cloned().collect();
        for edge in &edges {
            self.delete_edge(edge)?;
        }
        let children: Vec<_> = self.graph.children_of(id).cloned().collect();
        for child in children {
            self.unset_parent(&child, id);
        }
        self.close_conflicts_about(EntityKind::Node, id.as_str());
        self.graph.remove_node(id, &mut self.undo);
        self.changes.push(Change::DeleteNode { id: id.clone() });
        self.inverse.push(Change::PutNode { node, hash });
        Ok(Extent::Whole)
    }

    fn unset_parent(&mut self, child: &NodeId, parent: &NodeId) {
        let prior_hash = self.graph.nodes()[child].hash;
        let patch = NodePatch {
            unset: [Field::Parent].into(),
            ..NodePatch::default()
        };
        let hash = self
            .graph
            .patch_node(child, &patch, &self.mark, &mut self.undo)
            .expect("the index of children names only nodes that exist");
        self.changes.push(Change::PatchNode {
            id: child.clone(),
            patch,
            hash,
        });
        let back = NodePatch {
            parent: Some(parent.clone()),
            ..NodePatch::default()
        };
        self.inverse.push(Change::PatchNode {
            id: child.clone(),
            patch: back,
            hash: prior_hash,
        });
    }

    /// Checks that a parent exists and does not stand below its child.
    pub(super) fn check_parent(&self, child: &NodeId, parent: &NodeId) -> Result<(), Rejection> {
        let mut at = Some(parent);
        while let Some(ancestor) = at {
            if ancestor == child {
                let message = format!("node {child} cannot stand below itself");
                return Err(Rejection::new(RejectCode::Invalid, message).on("parent"));
            }
            let Some(entry) = self.graph.nodes().get(ancestor) else {
                let message = format!("the parent {ancestor} does not exist");
                return Err(Rejection::new(RejectCode::NotFound, message).on("parent"));
            };
            at = entry.entity.parent.as_ref();
        }
        Ok(())
    }
}
