//! Decisions about edges.

use super::{Draft, Extent, Winner};
use crate::change::Change;
use crate::checksum::edge_text;
use crate::entity::Edge;
use crate::ids::EdgeId;
use crate::outcome::{RejectCode, Rejection};
use crate::patch::EdgePatch;

impl Draft<'_> {
    pub(super) fn create_edge(&mut self, edge: &Edge) -> Result<Extent, Rejection> {
        if self.graph.edges().contains_key(&edge.id) {
            let message = format!("edge {} exists already", edge.id);
            return Err(Rejection::new(RejectCode::AlreadyExists, message).on("id"));
        }
        if self.graph.edges().len() >= self.limits.edges_max {
            let limit = self.limits.edges_max;
            let message = format!("a graph holds at most {limit} edges");
            return Err(Rejection::new(RejectCode::TooLarge, message));
        }
        for (field, end) in [("source", &edge.source), ("target", &edge.target)] {
            if !self.graph.nodes().contains_key(end) {
                let message = format!("the edge's {field} {end} does not exist");
                return Err(Rejection::new(RejectCode::DanglingEdge, message).on(field));
            }
        }
        self.limits.check_entity_text(&edge_text(edge))?;
        let hash = self
            .graph
            .put_edge(edge.clone(), &self.mark, &mut self.undo);
        self.changes.push(Change::PutEdge {
            edge: edge.clone(),
            hash,
        });
        self.inverse.push(Change::DeleteEdge {
            id: edge.id.clone(),
        });
        Ok(Extent::Whole)
    }

    pub(super) fn update_edge(
        &mut self,
        id: &EdgeId,
        patch: &EdgePatch,
    ) -> Result<Extent, Rejection> {
        let Some(entry) = self.graph.edges().get(id) else {
            return Err(missing(id));
        };
        let prior = entry.clone();
        let mut patch = patch.clone();
        let mut extent = Extent::Whole;
        for field in patch.fields() {
            if self.contest(&prior.marks, &field) == Winner::Theirs {
                patch.remove(&field);
                extent = Extent::Part;
            }
        }
        if patch.fields().is_empty() {
            return Ok(extent);
        }
        let mut after = prior.entity.clone();
        patch.apply(&mut after);
        self.limits.check_entity_text(&edge_text(&after))?;
        let hash = self
            .graph
            .patch_edge(id, &patch, &self.mark, &mut self.undo)
            .expect("the edge was found above");
        let inverse = patch.inverse(&prior.entity);
        self.changes.push(Change::PatchEdge {
            id: id.clone(),
            patch,
            hash,
        });
        self.inverse.push(Change::PatchEdge {
            id: id.clone(),
            patch: inverse,
            hash: prior.hash,
        });
        Ok(extent)
    }

    pub(super) fn delete_edge(&mut self, id: &EdgeId) -> Result<Extent, Rejection> {
        let Some(entry) = self.graph.edges().get(id) else {
            return Err(missing(id));
        };
        let (edge, hash) = (entry.entity.clone(), entry.hash);
        self.graph.remove_edge(id, &mut self.undo);
        self.changes.push(Change::DeleteEdge { id: id.clone() });
        self.inverse.push(Change::PutEdge { edge, hash });
        Ok(Extent::Whole)
    }
}

fn missing(id: &EdgeId) -> Rejection {
    Rejection::new(RejectCode::NotFound, format!("edge {id} does not exist")).on("id")
}
