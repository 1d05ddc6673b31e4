//! Decisions about edges.

use super::contest::{Spot, Verdict};
use super::{Draft, Extent};
use crate::change::Change;
use crate::checksum::edge_text;
use crate::command::Base;
use crate::conflict::EntityKind;
use crate::entity::Edge;
use crate::ids::EdgeId;
use crate::outcome::{RejectCode, Rejection};
use crate::patch::{EdgePatch, with};

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
        base: Option<&Base>,
    ) -> Result<Extent, Rejection> {
        let Some(entry) = self.graph.edges().get(id) else {
            return Err(missing(id));
        };
        let (entity, marks) = (entry.entity.clone(), entry.marks.clone());
        let spot = Spot {
            kind: EntityKind::Edge,
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
            self.write_edge(id, wanted)?;
        }
        Ok(extent)
    }

    /// Writes a patch that nobody contests.
    pub(super) fn write_edge(&mut self, id: &EdgeId, patch: EdgePatch) -> Result<(), Rejection> {
        let Some(entry) = self.graph.edges().get(id) else {
            return Err(missing(id));
        };
        let prior = entry.clone();
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
        Ok(())
    }

    pub(super) fn delete_edge(&mut self, id: &EdgeId) -> Result<Extent, Rejection> {
        let Some(entry) = self.graph.edges().get(id) else {
            return Err(missing(id));
        };
        let (edge, hash) = (entry.entity.clone(), entry.hash);
        self.close_conflicts_about(EntityKind::Edge, id.as_str());
        self.graph.remove_edge(id, &mut self.undo);
        self.changes.push(Change::DeleteEdge { id: id.clone() });
        self.inverse.push(Change::PutEdge { edge, hash });
        Ok(Extent::Whole)
    }
}

fn missing(id: &EdgeId) -> Rejection {
    Rejection::new(RejectCode::NotFound, format!("edge {id} does not exist")).on("id")
}
