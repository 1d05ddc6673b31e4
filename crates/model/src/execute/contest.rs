//! Decides who gets a field on which two clients met, and settles what a person has decided.

use serde_json::Value;

use super::{Draft, Extent, Winner};
use crate::change::Change;
use crate::command::{Base, Command, ResolveConflict, UpdateEdge, UpdateNode};
use crate::conflict::{
    Choice, ConflictNote, ConflictRecord, EntityKind, OPEN_CONFLICTS_MAX, Resolution,
    ResolutionType, Writer,
};
use crate::ids::{ConflictId, EdgeId, NodeId};
use crate::merge::merge_values;
use crate::outcome::{RejectCode, Rejection};
use crate::patch::{self, Field, Fields};
use crate::policy::Strategy;
use crate::record::{Mark, Marks};

/// The entity whose fields are contested, and what the author saw of it.
pub(super) struct Spot<'a, E> {
    pub(super) kind: EntityKind,
    pub(super) id: &'a str,
    pub(super) entity: &'a E,
    pub(super) marks: &'a Marks,
    pub(super) base: Option<&'a Base>,
}

/// What becomes of one field of a patch.
pub(super) enum Verdict {
    /// It is written as asked.
    Keep,
    /// It is not written.
    Drop,
    /// This is written instead.
    Replace(Value),
}

impl Draft<'_> {
    /// Settles one field of a patch by the graph's policy.
    pub(super) fn contest<E: Fields>(
        &mut self,
        spot: &Spot<'_, E>,
        field: &Field,
        mine: &Value,
    ) -> Result<Verdict, Rejection> {
        let Some(against) = self.met(spot.marks, field) else {
            return Ok(Verdict::Keep);
        };
        let theirs = patch::value_of(spot.entity, field);
        if *mine == theirs {
            return Ok(Verdict::Keep);
        }
        let base = spot.base.and_then(|base| base.0.get(field));
        let (verdict, resolution) = match self.graph.settings().policy.of(field) {
            Strategy::LastWriteWins => {
                let later =
                    (self.author.timestamp_ms, &self.author.client) >= (against.2, &against.1);
                let verdict = if later { Verdict::Keep } else { Verdict::Drop };
                (verdict, ResolutionType::LastWriteWins)
            }
            Strategy::ClientWins => (Verdict::Keep, ResolutionType::ClientWins),
            Strategy::ServerWins => (Verdict::Drop, ResolutionType::ServerWins),
            Strategy::Merge => match base.and_then(|base| self.merge(field, base, mine, &theirs)) {
                Some(merged) if merged == *mine => (Verdict::Keep, ResolutionType::Merge),
                Some(merged) if merged == theirs => (Verdict::Drop, ResolutionType::Merge),
                Some(merged) => (Verdict::Replace(merged), ResolutionType::Merge),
                None => (Verdict::Drop, ResolutionType::Manual),
            },
            Strategy::Manual => (Verdict::Drop, ResolutionType::Manual),
        };
        if resolution == ResolutionType::Manual {
            let base = base.cloned().unwrap_or_default();
            self.open(spot, field, [base, mine.clone(), theirs], &against)?;
        }
        self.conflicts.push(ConflictNote {
            entity: spot.kind,
            entity_id: spot.id.to_owned(),
            field: field.clone(),
            resolution,
            winner: match verdict {
                Verdict::Keep => Winner::Mine,
                Verdict::Drop => Winner::Theirs,
                Verdict::Replace(_) => Winner::Both,
            },
            against: against.1,
        });
        Ok(verdict)
    }

    /// Returns the write of somebody else that the author had not seen.
    fn met(&self, marks: &Marks, field: &Field) -> Option<Mark> {
        let theirs = marks.get(field).or_else(|| marks.get(&Field::All))?;
        let base = self.author.base_version.unwrap_or(u64::MAX);
        let same_client = theirs.1.is_some() && theirs.1 == self.author.client;
        let met = theirs.0 > base && !same_client && theirs.0 != self.mark.0;
        met.then(|| theirs.clone())
    }

    fn merge(&self, field: &Field, base: &Value, mine: &Value, theirs: &Value) -> Option<Value> {
        if *field == Field::Parent && base != mine && base != theirs {
            // Its text is an id: half of one and half of another are a third node, or none.
            return None;
        }
        let merged = merge_values(base, mine, theirs)?;
        let fits = self.limits.check_value("value", &merged).is_ok();
        fits.then_some(merged)
    }

    /// Records a conflict for a person; one more by the same author on the same field replaces
    /// the one that waits.
    fn open<E>(
        &mut self,
        spot: &Spot<'_, E>,
        field: &Field,
        [base, mine, theirs]: [Value; 3],
        against: &Mark,
    ) -> Result<(), Rejection> {
        let author = self.writer();
        let waiting = self.graph.conflicts_about(spot.kind, spot.id).find(|one| {
            one.field == *field
                && (&one.author.user_id, &one.author.client_id)
                    == (&author.user_id, &author.client_id)
        });
        let waiting = waiting.map(|one| (one.conflict_id.clone(), one.base.clone()));
        if waiting.is_none() && self.graph.settings().conflicts.len() >= OPEN_CONFLICTS_MAX {
            let message = format!(
                "the graph has {OPEN_CONFLICTS_MAX} conflicts that wait for a person; settle some first"
            );
            return Err(Rejection::new(RejectCode::TooLarge, message).on(field.to_string()));
        }
        let (conflict_id, base) = waiting.unwrap_or_else(|| {
            let id = format!("{}:{}", self.author.operation_id, self.opened.len());
            (
                ConflictId::new(&id).expect("a uuid and a number make an id"),
                base,
            )
        });
        let record = ConflictRecord {
            conflict_id: conflict_id.clone(),
            operation_id: self.author.operation_id,
            entity: spot.kind,
            entity_id: spot.id.to_owned(),
            field: field.clone(),
            base,
            mine,
            theirs,
            author,
            against: Writer {
                user_id: None,
                client_id: against.1.clone(),
                at: against.2,
            },
            base_version: self.author.base_version.unwrap_or_default(),
            version: self.mark.0,
            resolution: None,
        };
        self.graph
            .set_conflict(&conflict_id, Some(record.clone()), &mut self.undo);
        self.changes.push(Change::OpenConflict {
            conflict: Box::new(record),
        });
        self.opened.push(conflict_id);
        Ok(())
    }

    pub(super) fn writer(&self) -> Writer {
        Writer {
            user_id: self.author.user.clone(),
            client_id: self.author.client.clone(),
            at: self.author.timestamp_ms,
        }
    }

    pub(super) fn resolve_conflict(
        &mut self,
        wanted: &ResolveConflict,
    ) -> Result<Extent, Rejection> {
        let id = &wanted.conflict_id;
        let Some(record) = self.graph.settings().conflicts.get(id).cloned() else {
            let message = format!("there is no open conflict {id}");
            return Err(Rejection::new(RejectCode::NotFound, message).on("conflictId"));
        };
        // That an edited one has its value was checked with the command's form.
        let value = match wanted.choice {
            Choice::Mine => Some(record.mine.clone()),
            Choice::Edited => wanted.value.clone(),
            Choice::Theirs | Choice::Obsolete => None,
        };
        if let Some(value) = &value {
            self.write_field(&record, value.clone())?;
        }
        let value = value.unwrap_or_else(|| self.value_now(&record));
        self.close(&record.conflict_id, wanted.choice, value);
        Ok(Extent::Whole)
    }

    fn value_now(&self, record: &ConflictRecord) -> Value {
        let id = record.entity_id.as_str();
        let value = match record.entity {
            EntityKind::Node => self
                .graph
                .nodes()
                .get(id)
                .map(|entry| patch::value_of(&entry.entity, &record.field)),
            EntityKind::Edge => self
                .graph
                .edges()
                .get(id)
                .map(|entry| patch::value_of(&entry.entity, &record.field)),
        };
        value.unwrap_or_default()
    }

    fn write_field(&mut self, record: &ConflictRecord, value: Value) -> Result<(), Rejection> {
        let wrong = |error: &dyn std::fmt::Display| {
            Rejection::new(RejectCode::Invalid, error.to_string()).on("value")
        };
        match record.entity {
            EntityKind::Node => {
                let id = NodeId::new(&record.entity_id).map_err(|error| wrong(&error))?;
                let patch = patch::with(&Default::default(), &record.field, value)
                    .map_err(|error| wrong(&error))?;
                let (id, base) = (id, None);
                let update = UpdateNode { id, patch, base };
                self.limits
                    .check(&Command::UpdateNode(update.clone()))
                    .map_err(|rejection| rejection.on("value"))?;
                self.write_node(&update.id, update.patch)
            }
            EntityKind::Edge => {
                let id = EdgeId::new(&record.entity_id).map_err(|error| wrong(&error))?;
                let patch = patch::with(&Default::default(), &record.field, value)
                    .map_err(|error| wrong(&error))?;
                let (id, base) = (id, None);
                let update = UpdateEdge { id, patch, base };
                self.limits
                    .check(&Command::UpdateEdge(update.clone()))
                    .map_err(|rejection| rejection.on("value"))?;
                self.write_edge(&update.id, update.patch)
            }
        }
    }

    /// Settles the open conflicts about an entity that goes away.
    pub(super) fn close_conflicts_about(&mut self, kind: EntityKind, id: &str) {
        let open: Vec<ConflictId> = self
            .graph
            .conflicts_about(kind, id)
            .map(|record| record.conflict_id.clone())
            .collect();
        for conflict_id in open {
            self.close(&conflict_id, Choice::Obsolete, Value::Null);
        }
    }

    fn close(&mut self, conflict_id: &ConflictId, choice: Choice, value: Value) {
        let resolution = Resolution {
            choice,
            value,
            by: self.writer(),
            version: self.mark.0,
        };
        let open = self.graph.settings().conflicts.get(conflict_id).cloned();
        self.closed.extend(open.map(|record| ConflictRecord {
            resolution: Some(resolution.clone()),
            ..record
        }));
        self.graph.set_conflict(conflict_id, None, &mut self.undo);
        self.changes.push(Change::CloseConflict {
            conflict_id: conflict_id.clone(),
            resolution: Box::new(resolution),
        });
    }
}
