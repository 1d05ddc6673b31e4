//! Commands: what people ask for. What comes of it is an [`Outcome`](crate::Outcome).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::conflict::Choice;
use crate::entity::{Edge, Node, Viewport};
use crate::ids::{ConflictId, EdgeId, NodeId, OperationId};
use crate::patch::{EdgePatch, Field, NodePatch};
use crate::policy::Strategy;
use crate::sharing::{Grantee, GraphRole};

/// The sort of a command; its wire name is also the name of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CommandType {
    /// Make a node.
    CreateNode,
    /// Change fields of a node.
    UpdateNode,
    /// Delete a node and its edges.
    DeleteNode,
    /// Make an edge.
    CreateEdge,
    /// Change fields of an edge.
    UpdateEdge,
    /// Delete an edge.
    DeleteEdge,
    /// Remember where somebody looks.
    UpdateViewport,
    /// Several of the above as one version.
    BatchUpdate,
    /// Delete the whole graph.
    DeleteGraph,
    /// Settle a conflict that waits for a person.
    ResolveConflict,
    /// Take one's own last (or a named) operation back.
    Undo,
    /// Bring an operation back that one had taken back.
    Redo,
    /// Bring the whole graph back to an earlier version, as a new one.
    RestoreVersion,
    /// Give somebody a role in the graph, or take it away.
    UpdatePermissions,
    /// Change the graph's name or conflict policy.
    UpdateGraph,
}

impl CommandType {
    /// Every type, for tables and tests.
    pub const ALL: [Self; 15] = [
        Self::CreateNode,
        Self::UpdateNode,
        Self::DeleteNode,
        Self::CreateEdge,
        Self::UpdateEdge,
        Self::DeleteEdge,
        Self::UpdateViewport,
        Self::BatchUpdate,
        Self::DeleteGraph,
        Self::ResolveConflict,
        Self::Undo,
        Self::Redo,
        Self::RestoreVersion,
        Self::UpdatePermissions,
        Self::UpdateGraph,
    ];

    /// Returns the name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateNode => "CREATE_NODE",
            Self::UpdateNode => "UPDATE_NODE",
            Self::DeleteNode => "DELETE_NODE",
            Self::CreateEdge => "CREATE_EDGE",
            Self::UpdateEdge => "UPDATE_EDGE",
            Self::DeleteEdge => "DELETE_EDGE",
            Self::UpdateViewport => "UPDATE_VIEWPORT",
            Self::BatchUpdate => "BATCH_UPDATE",
            Self::DeleteGraph => "DELETE_GRAPH",
            Self::ResolveConflict => "RESOLVE_CONFLICT",
            Self::Undo => "UNDO",
            Self::Redo => "REDO",
            Self::RestoreVersion => "RESTORE_VERSION",
            Self::UpdatePermissions => "UPDATE_PERMISSIONS",
            Self::UpdateGraph => "UPDATE_GRAPH",
        }
    }
}

/// One command, decoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "payload", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Command {
    /// Make a node.
    CreateNode(Node),
    /// Change fields of a node.
    UpdateNode(UpdateNode),
    /// Delete a node and its edges.
    DeleteNode(NodeRef),
    /// Make an edge.
    CreateEdge(Edge),
    /// Change fields of an edge.
    UpdateEdge(UpdateEdge),
    /// Delete an edge.
    DeleteEdge(EdgeRef),
    /// Remember where the author looks.
    UpdateViewport(Viewport),
    /// Several commands as one version.
    BatchUpdate(BatchUpdate),
    /// Delete the whole graph.
    DeleteGraph(NoPayload),
    /// Settle a conflict that waits for a person.
    ResolveConflict(ResolveConflict),
    /// Take one's own last (or a named) operation back.
    Undo(UndoTarget),
    /// Bring an operation back that one had taken back.
    Redo(UndoTarget),
    /// Bring the whole graph back to an earlier version, as a new one.
    RestoreVersion(RestoreVersion),
    /// Give somebody a role in the graph, or take it away.
    UpdatePermissions(UpdatePermissions),
    /// Change the graph's name or conflict policy.
    UpdateGraph(UpdateGraph),
}

/// The payload of [`Command::UpdateNode`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UpdateNode {
    /// Which node.
    pub id: NodeId,
    /// The new values.
    pub patch: NodePatch,
    /// What the author saw before, for fields that are merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub base: Option<Base>,
}

/// What an author saw of an entity before changing it: field names and their values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(as = "BTreeMap<String, Value>")]
pub struct Base(pub BTreeMap<Field, Value>);

/// The payload of [`Command::UpdateEdge`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UpdateEdge {
    /// Which edge.
    pub id: EdgeId,
    /// The new values.
    pub patch: EdgePatch,
    /// What the author saw before, for fields that are merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub base: Option<Base>,
}

/// The payload of [`Command::ResolveConflict`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolveConflict {
    /// Which conflict.
    pub conflict_id: ConflictId,
    /// What is chosen: `mine`, `theirs` or `edited`.
    pub choice: Choice,
    /// The chosen value, where it is edited; null takes the field away.
    #[serde(
        default,
        deserialize_with = "written_value",
        skip_serializing_if = "Option::is_none"
    )]
    #[ts(optional, type = "unknown")]
    pub value: Option<Value>,
}

/// Reads a value that is written, null included, as some value.
///
/// # Errors
/// Those of the text.
pub fn written_value<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// The payload of [`Command::Undo`] and [`Command::Redo`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UndoTarget {
    /// Which operation (for a redo: which undo); the author's last one if not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub operation_id: Option<OperationId>,
}

/// The payload of [`Command::RestoreVersion`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RestoreVersion {
    /// The version whose nodes and edges are wanted.
    #[ts(type = "number")]
    pub version: u64,
}

/// The payload of [`Command::UpdatePermissions`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdatePermissions {
    /// Who: a user, or `*` for everyone who has no grant of their own.
    pub user_id: Grantee,
    /// Which role; null takes the grant away.
    pub role: Option<GraphRole>,
}

/// The payload of [`Command::UpdateGraph`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UpdateGraph {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// Strategies of fields; null goes back to the default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, Option<Strategy>>>")]
    pub policy: BTreeMap<Field, Option<Strategy>>,
}

/// The payload of [`Command::DeleteNode`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct NodeRef {
    /// Which node.
    pub id: NodeId,
}

/// The payload of [`Command::DeleteEdge`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct EdgeRef {
    /// Which edge.
    pub id: EdgeId,
}

/// The payload of commands that need none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct NoPayload {}

/// Whether a batch may happen in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Atomicity {
    /// All of it or nothing.
    #[default]
    AllOrNothing,
    /// What can happen, happens.
    BestEffort,
}

/// The payload of [`Command::BatchUpdate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BatchUpdate {
    /// The commands, in order; only such that make, change or delete nodes and edges.
    pub operations: Vec<Command>,
    /// True (the default): all or nothing.
    #[serde(default, with = "atomic_flag")]
    #[ts(optional, as = "Option<bool>")]
    pub atomic: Atomicity,
}

mod atomic_flag {
    use super::Atomicity;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's `with` passes a reference"
    )]
    pub(super) fn serialize<S: Serializer>(value: &Atomicity, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bool(*value == Atomicity::AllOrNothing)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Atomicity, D::Error> {
        Ok(if bool::deserialize(from)? {
            Atomicity::AllOrNothing
        } else {
            Atomicity::BestEffort
        })
    }
}

impl Command {
    /// Returns the sort of the command.
    #[must_use]
    pub fn command_type(&self) -> CommandType {
        match self {
            Self::CreateNode(_) => CommandType::CreateNode,
            Self::UpdateNode(_) => CommandType::UpdateNode,
            Self::DeleteNode(_) => CommandType::DeleteNode,
            Self::CreateEdge(_) => CommandType::CreateEdge,
            Self::UpdateEdge(_) => CommandType::UpdateEdge,
            Self::DeleteEdge(_) => CommandType::DeleteEdge,
            Self::UpdateViewport(_) => CommandType::UpdateViewport,
            Self::BatchUpdate(_) => CommandType::BatchUpdate,
            Self::DeleteGraph(_) => CommandType::DeleteGraph,
            Self::ResolveConflict(_) => CommandType::ResolveConflict,
            Self::Undo(_) => CommandType::Undo,
            Self::Redo(_) => CommandType::Redo,
            Self::RestoreVersion(_) => CommandType::RestoreVersion,
            Self::UpdatePermissions(_) => CommandType::UpdatePermissions,
            Self::UpdateGraph(_) => CommandType::UpdateGraph,
        }
    }

    /// Returns the node whose position, and nothing else, the command sets.
    ///
    /// Such commands of one client may be merged: only the last of a drag matters.
    #[must_use]
    pub fn only_moves(&self) -> Option<&NodeId> {
        let Self::UpdateNode(update) = self else {
            return None;
        };
        let position = update.patch.position?;
        (update.patch
            == NodePatch {
                position: Some(position),
                ..NodePatch::default()
            })
        .then_some(&update.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire() {
        for kind in CommandType::ALL {
            assert_eq!(
                serde_json::to_string(&kind).unwrap(),
                format!("\"{}\"", kind.as_str())
            );
        }
        let text = r#"{"type":"DELETE_GRAPH","payload":{}}"#;
        let command: Command = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&command).unwrap(), text);
    }

    #[test]
    fn a_null_that_is_written_is_a_value() {
        let text = r#"{"type":"RESOLVE_CONFLICT","payload":{"conflictId":"c","choice":"edited","value":null}}"#;
        let command: Command = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&command).unwrap(), text);
        let without = text.replace(r#","value":null"#, "");
        let command: Command = serde_json::from_str(&without).unwrap();
        assert_eq!(serde_json::to_string(&command).unwrap(), without);
    }

    #[test]
    fn a_batch_is_atomic_unless_it_says_otherwise() {
        let text = r#"{"type":"BATCH_UPDATE","payload":{"operations":[]}}"#;
        let Command::BatchUpdate(batch) = serde_json::from_str(text).unwrap() else {
            panic!()
        };
        assert_eq!(batch.atomic, Atomicity::AllOrNothing);
    }
}
