//! What a command really did, in a form that any replica can replay.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::checksum::EntityHash;
use crate::command::CommandType;
use crate::entity::{Edge, Node};
use crate::ids::{ClientId, EdgeId, NodeId, OperationId, UserId};
use crate::patch::{EdgePatch, NodePatch};

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
    /// What would take it back, in order; kept in the history, not sent to clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(skip)]
    pub inverse: Vec<Change>,
}
