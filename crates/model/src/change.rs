//! What a command really did, in a form that any replica can replay.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::checksum::EntityHash;
use crate::command::CommandType;
use crate::conflict::{ConflictNote, ConflictRecord, EntityKind, Resolution};
use crate::entity::{Edge, Node};
use crate::ids::{ClientId, ConflictId, EdgeId, NodeId, OperationId, UserId};
use crate::patch::{EdgePatch, Field, NodePatch};
use crate::policy::Policy;
use crate::sharing::{Grantee, GraphRole};

/// One step of an effect.
///
/// Each step that leaves an entity carries the entity's hash after it, so that a reader keeps the
/// graph's checksum by sums alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Change {
    /// The node is now this, whether it was there or not.
    PutNode {
        /// The whole node.
        node: Node,
        /// Its hash.
        hash: EntityHash,
    },
    /// Some fields of the node have new values.
    PatchNode {
        /// Which node.
        id: NodeId,
        /// The new values.
        patch: NodePatch,
        /// The node's hash after it.
        hash: EntityHash,
    },
    /// The node is gone.
    DeleteNode {
        /// Which node.
        id: NodeId,
    },
    /// The edge is now this, whether it was there or not.
    PutEdge {
        /// The whole edge.
        edge: Edge,
        /// Its hash.
        hash: EntityHash,
    },
    /// Some fields of the edge have new values.
    PatchEdge {
        /// Which edge.
        id: EdgeId,
        /// The new values.
        patch: EdgePatch,
        /// The edge's hash after it.
        hash: EntityHash,
    },
    /// The edge is gone.
    DeleteEdge {
        /// Which edge.
        id: EdgeId,
    },
    /// The whole graph is gone; always the last change of its life.
    DeleteGraph,
    /// The graph has a new name.
    SetName {
        /// The name.
        name: String,
    },
    /// The graph has a new conflict policy.
    SetPolicy {
        /// The whole policy.
        policy: Policy,
    },
    /// Somebody has a new role in the graph.
    SetGrant {
        /// Who.
        grantee: Grantee,
        /// Which; none takes the grant away.
        role: Option<GraphRole>,
    },
    /// A conflict waits for a person.
    OpenConflict {
        /// The conflict.
        conflict: Box<ConflictRecord>,
    },
    /// A conflict waits no more.
    #[serde(rename_all = "camelCase")]
    CloseConflict {
        /// Which conflict.
        conflict_id: ConflictId,
        /// How it was settled.
        resolution: Box<Resolution>,
    },
}

/// Which operation another one takes back, or brings back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The operation.
    pub operation_id: OperationId,
    /// The version that it had made.
    #[ts(type = "number")]
    pub version: u64,
}

/// Something that an undo or a redo left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// Which sort of entity it belongs to.
    pub entity: EntityKind,
    /// Which entity.
    pub entity_id: String,
    /// Which field; none for the whole entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<Field>,
    /// Why it was left, for people.
    pub reason: String,
}

/// One applied command: an entry of a graph's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppliedOperation {
    /// The version that it made.
    #[ts(type = "number")]
    pub version: u64,
    /// Which command it was.
    pub operation_id: OperationId,
    /// Which operation it replays, if an operator had one that failed carried out anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub replay_of: Option<OperationId>,
    /// Which client sent it, if it named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub client_id: Option<ClientId>,
    /// Whose token it came with.
    pub user_id: UserId,
    /// The client's counter, if it keeps one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub seq: Option<u64>,
    /// What sort of command it was.
    #[serde(rename = "type")]
    pub command_type: CommandType,
    /// When it was made, in milliseconds since 1970, not later than the server's clock.
    #[ts(type = "number")]
    pub timestamp: u64,
    /// What it did, in order.
    pub changes: Vec<Change>,
    /// Where it met other clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<ConflictNote>>")]
    pub conflicts: Vec<ConflictNote>,
    /// What an undo or redo took back or brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub target: Option<Target>,
    /// What an undo or redo left as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Skipped>>")]
    pub skipped: Vec<Skipped>,
    /// What would take it back, in order; kept in the history, not sent to clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(skip)]
    pub inverse: Vec<Change>,
}
