//! The history of a graph, for people.

use graphy_model::patch::{Field, value_of};
use graphy_model::{Action, AppliedOperation, Change, EdgePatch, EntityKind, GraphRole, NodePatch};
use graphy_protocol::collaboration::{
    Effect, EffectKind, HistoryEntry, HistoryPage, HistoryRequest,
};
use graphy_protocol::{ApiError, ErrorCode};
use serde_json::{Value, json};

use super::Operations;
use crate::caller::Caller;
use crate::fault::store_fault;

/// How many entries a page has unless asked otherwise.
const PAGE: u32 = 50;
/// How many entries a page has at most.
const PAGE_MAX: u32 = 200;
/// How many history entries one call looks through for those that are asked for.
const LOOKED_AT_MAX: usize = 5000;
/// How many history entries are read at once.
const READ_AT_ONCE: usize = 500;
/// After how many bytes of effects a page ends.
const PAGE_BYTES: usize = 1024 * 1024;
/// How many effects of one operation are listed.
const EFFECTS_MAX: usize = 100;

impl Operations {
    /// `history.list`: what was done to a graph, newest first.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of the store.
    pub async fn history_list(
        &self,
        caller: &Caller,
        request: HistoryRequest,
    ) -> Result<HistoryPage, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let limit = bounded(request.limit, PAGE, PAGE_MAX)?;
        let graph = super::conflicts::named(request.graph_id.as_ref())?;
        let head = self.permitted(caller, graph, GraphRole::View).await?;
        let store = &self.inner.parts.store;
        let fault = |error| store_fault(&error);
        let oldest = store.oldest_version(graph).await.map_err(fault)?;
        let mut page = HistoryPage {
            epoch: head.epoch,
            current_version: head.version,
            oldest_version: oldest.unwrap_or(head.version),
            entries: Vec::new(),
            next: None,
        };
        let mut newest = request.before.map_or(head.version, |before| {
            before.saturating_sub(1).min(head.version)
        });
        let (mut looked_at, mut bytes) = (0, 0);
        let picky = request.user_id.is_some() || request.entity_id.is_some();
        let at_once = if picky { READ_AT_ONCE } else { limit };
        while newest > 0 {
            let read = store
                .operations_back(graph, newest, 1, at_once)
                .await
                .map_err(fault)?;
            if read.is_empty() {
                break;
            }
            for operation in &read {
                newest = operation.version - 1;
                looked_at += 1;
                if is_asked_for(operation, &request) {
                    let entry = entry(operation);
                    bytes += json!(entry.effects).to_string().len();
                    page.entries.push(entry);
                }
                let full = page.entries.len() >= limit || bytes >= PAGE_BYTES;
                if full || looked_at >= LOOKED_AT_MAX {
                    page.next = (newest > page.oldest_version).then_some(newest + 1);
                    return Ok(page);
                }
            }
        }
        Ok(page)
    }
}

/// Checks how many entries are asked for.
pub(super) fn bounded(asked: Option<u32>, usual: u32, most: u32) -> Result<usize, ApiError> {
    let limit = asked.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        return Ok(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    let message = format!("limit is from 1 to {most}, not {limit}");
    Err(ApiError::new(ErrorCode::Invalid, message).on("limit"))
}

fn is_asked_for(operation: &AppliedOperation, request: &HistoryRequest) -> bool {
    let by_user = request
        .user_id
        .as_ref()
        .is_none_or(|user| *user == operation.user_id);
    by_user
        && request
            .entity_id
            .as_ref()
            .is_none_or(|id| operation.changes.iter().any(|change| concerns(change, id)))
}

fn concerns(change: &Change, entity_id: &str) -> bool {
    match change {
        Change::PutNode { node, .. } => node.id.as_str() == entity_id,
        Change::PatchNode { id, .. } | Change::DeleteNode { id } => id.as_str() == entity_id,
        Change::PutEdge { edge, .. } => edge.id.as_str() == entity_id,
        Change::PatchEdge { id, .. } | Change::DeleteEdge { id } => id.as_str() == entity_id,
        Change::OpenConflict { conflict } => conflict.entity_id == entity_id,
        Change::CloseConflict { .. }
        | Change::DeleteGraph
        | Change::SetName { .. }
        | Change::SetPolicy { .. }
        | Change::SetGrant { .. } => false,
    }
}

fn entry(operation: &AppliedOperation) -> HistoryEntry {
    let mut effects: Vec<Effect> = Vec::new();
    // What is not listed is only counted: looking up what was before costs a lot.
    let all: usize = operation.changes.iter().map(effect_count).sum();
    for change in &operation.changes {
        if effects.len() < EFFECTS_MAX {
            effects.extend(effects_of(change, operation));
        }
    }
    effects.truncate(EFFECTS_MAX);
    let more = all - effects.len();
    HistoryEntry {
        version: operation.version,
        operation_id: operation.operation_id,
        replay_of: operation.replay_of,
        command_type: operation.command_type,
        user_id: operation.user_id.clone(),
        client_id: operation.client_id.clone(),
        at: operation.timestamp,
        effects,
        more_effects: more as u64,
        target: operation.target.clone(),
        skipped: operation.skipped.clone(),
        conflicts: operation.conflicts.clone(),
    }
}

/// Says how many effects a change has.
fn effect_count(change: &Change) -> usize {
    match change {
        Change::PatchNode { patch, .. } => patch.fields().len(),
        Change::PatchEdge { patch, .. } => patch.fields().len(),
        _ => 1,
    }
}

fn effects_of(change: &Change, operation: &AppliedOperation) -> Vec<Effect> {
    let one = match change {
        Change::PutNode { node, .. } => {
            let effect = whole(EffectKind::Created, EntityKind::Node, node.id.as_str());
            Effect {
                after: json!(node),
                ..effect
            }
        }
        Change::PutEdge { edge, .. } => {
            let effect = whole(EffectKind::Created, EntityKind::Edge, edge.id.as_str());
            Effect {
                after: json!(edge),
                ..effect
            }
        }
        Change::DeleteNode { id } => {
            let before = operation.inverse.iter().find_map(|back| match back {
                Change::PutNode { node, .. } if node.id == *id => Some(json!(node)),
                _ => None,
            });
            Effect {
                before: before.unwrap_or_default(),
                ..whole(EffectKind::Deleted, EntityKind::Node, id.as_str())
            }
        }
        Change::DeleteEdge { id } => {
            let before = operation.inverse.iter().find_map(|back| match back {
                Change::PutEdge { edge, .. } if edge.id == *id => Some(json!(edge)),
                _ => None,
            });
            Effect {
                before: before.unwrap_or_default(),
                ..whole(EffectKind::Deleted, EntityKind::Edge, id.as_str())
            }
        }
        Change::PatchNode { id, patch, .. } => {
            let before = |field: &Field| before_of_node(operation, id.as_str(), field);
            let after = |field: &Field| patch.get(field);
            let whole = whole(EffectKind::Changed, EntityKind::Node, id.as_str());
            return changed(&whole, &patch.fields(), before, after);
        }
        Change::PatchEdge { id, patch, .. } => {
            let before = |field: &Field| before_of_edge(operation, id.as_str(), field);
            let after = |field: &Field| patch.get(field);
            let whole = whole(EffectKind::Changed, EntityKind::Edge, id.as_str());
            return changed(&whole, &patch.fields(), before, after);
        }
        Change::DeleteGraph => settings("graph", json!("deleted")),
        Change::SetName { name } => settings("name", json!(name)),
        Change::SetPolicy { policy } => settings("policy", json!(policy)),
        Change::SetGrant { grantee, role } => settings(&format!("grant {grantee}"), json!(role)),
        Change::OpenConflict { conflict } => Effect {
            field: Some(conflict.field.to_string()),
            before: conflict.theirs.clone(),
            after: conflict.mine.clone(),
            ..whole(
                EffectKind::ConflictOpened,
                conflict.entity,
                &conflict.entity_id,
            )
        },
        Change::CloseConflict { resolution, .. } => Effect {
            before: json!(resolution.choice),
            after: resolution.value.clone(),
            ..of_graph(EffectKind::ConflictSettled)
        },
    };
    vec![one]
}

/// An effect on all of an entity, with its values still missing.
fn whole(kind: EffectKind, entity: EntityKind, id: &str) -> Effect {
    Effect {
        entity: Some(entity),
        entity_id: Some(id.to_owned()),
        ..of_graph(kind)
    }
}

/// An effect on no entity, with its values still missing.
fn of_graph(kind: EffectKind) -> Effect {
    Effect {
        kind,
        entity: None,
        entity_id: None,
        field: None,
        before: Value::Null,
        after: Value::Null,
    }
}

/// The effects on the fields of an entity.
fn changed(
    whole: &Effect,
    fields: &[Field],
    before: impl Fn(&Field) -> Option<Value>,
    after: impl Fn(&Field) -> Option<Value>,
) -> Vec<Effect> {
    let effects = fields.iter().take(EFFECTS_MAX).map(|field| Effect {
        field: Some(field.to_string()),
        before: before(field).unwrap_or_default(),
        after: after(field).unwrap_or_default(),
        ..whole.clone()
    });
    effects.collect()
}

fn settings(field: &str, after: Value) -> Effect {
    Effect {
        field: Some(field.to_owned()),
        after,
        ..of_graph(EffectKind::Settings)
    }
}

/// The value that a field had before the operation: the last one that its inverse sets.
fn before_of_node(operation: &AppliedOperation, of: &str, field: &Field) -> Option<Value> {
    operation.inverse.iter().rev().find_map(|back| match back {
        Change::PatchNode { id, patch, .. } if id.as_str() == of => NodePatch::get(patch, field),
        Change::PutNode { node, .. } if node.id.as_str() == of => Some(value_of(node, field)),
        _ => None,
    })
}

fn before_of_edge(operation: &AppliedOperation, of: &str, field: &Field) -> Option<Value> {
    operation.inverse.iter().rev().find_map(|back| match back {
        Change::PatchEdge { id, patch, .. } if id.as_str() == of => EdgePatch::get(patch, field),
        Change::PutEdge { edge, .. } if edge.id.as_str() == of => Some(value_of(edge, field)),
        _ => None,
    })
}
