//! WebSocket frames: JSON text with a `type` tag.

mod client;

pub use client::{BadFrame, ClientFrame, Hello, PartialState};

use graphy_model::{
    AppliedOperation, Checksum, ConflictRecord, Edge, EntityHash, Epoch, GraphMeta, GraphRole,
    Limits, Node, OperationId, Outcome, RejectCode, Role, UserId, Viewport,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::collaboration::GraphSettings;
use crate::error::ApiError;
use crate::presence::Peer;

/// Close codes: 4000..=4499 ask for a reconnect, 4500..=4999 forbid it, and so do those that
/// RFC 6455 has for a client that breaks its rules.
pub mod close {
    /// The node is going away; another one, or this one later, will serve.
    pub const GOING_AWAY: u16 = 4000;
    /// The reader was too slow for what was sent to it.
    pub const SLOW_CONSUMER: u16 = 4001;
    /// Nothing was heard for too long.
    pub const IDLE: u16 = 4002;
    /// A frame broke the protocol.
    pub const PROTOCOL: u16 = 4500;
    /// The token is not valid, or not any more.
    pub const UNAUTHORIZED: u16 = 4501;
    /// The token does not allow this graph.
    pub const FORBIDDEN: u16 = 4503;
    /// There is no such graph, or not any more.
    pub const NOT_FOUND: u16 = 4504;

    /// A frame broke RFC 6455.
    pub const BROKEN: u16 = 1002;
    /// A message was bytes; all of ours are text.
    pub const NOT_TEXT: u16 = 1003;
    /// A text was not UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    /// A message was larger than the limit.
    pub const TOO_LARGE: u16 = 1009;

    /// Says whether a client should connect again after this code.
    #[must_use]
    pub fn reconnects(code: u16) -> bool {
        !matches!(code, 4500..=4999 | BROKEN | NOT_TEXT | NOT_UTF8 | TOO_LARGE)
    }
}

/// How a command of which the client was in doubt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Landed {
    /// Which command.
    pub operation_id: OperationId,
    /// How it ended.
    pub outcome: Outcome,
}

/// A node in a full state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HashedNode {
    /// The node.
    pub node: Node,
    /// Its hash.
    pub hash: EntityHash,
}

/// An edge in a full state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HashedEdge {
    /// The edge.
    pub edge: Edge,
    /// Its hash.
    pub hash: EntityHash,
}

/// What brings a client to the present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "mode",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Sync {
    /// The client has everything.
    InSync {
        /// The life of the graph.
        epoch: Epoch,
        /// Its version.
        #[ts(type = "number")]
        version: u64,
        /// Its checksum.
        checksum: Checksum,
        /// Which of the client's pending commands ended how.
        landed: Vec<Landed>,
    },
    /// The client lacks these operations; chunked, `last` marks the end.
    Behind {
        /// The life of the graph.
        epoch: Epoch,
        /// The version before the first operation here.
        #[ts(type = "number")]
        from_version: u64,
        /// The version after the last operation here.
        #[ts(type = "number")]
        to_version: u64,
        /// The operations, in order.
        operations: Vec<AppliedOperation>,
        /// The checksum after the last operation of the last chunk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        checksum: Option<Checksum>,
        /// Which of the client's pending commands ended how; on the last chunk.
        #[serde(default)]
        landed: Vec<Landed>,
        /// Whether this is the last chunk.
        last: bool,
    },
    /// The whole state, in chunks 0..chunks.
    Full {
        /// The life of the graph.
        epoch: Epoch,
        /// Its version; the same in every chunk.
        #[ts(type = "number")]
        version: u64,
        /// Which chunk this is, from 0.
        chunk: u32,
        /// How many there are.
        chunks: u32,
        /// Some of the nodes.
        nodes: Vec<HashedNode>,
        /// Some of the edges.
        edges: Vec<HashedEdge>,
        /// Some of the conflicts that wait for a person.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<ConflictRecord>>")]
        conflicts: Vec<ConflictRecord>,
        /// The graph's policy and grants; on the last chunk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        settings: Option<GraphSettings>,
        /// Where the reader looked last; on the last chunk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        viewport: Option<Viewport>,
        /// The checksum of the whole; on the last chunk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        checksum: Option<Checksum>,
        /// Which of the client's pending commands ended how; on the last chunk.
        #[serde(default)]
        landed: Vec<Landed>,
    },
    /// All entities of some buckets, in place of what the client has there.
    Repair {
        /// The life of the graph.
        epoch: Epoch,
        /// Its version; the client's, in the order of the stream.
        #[ts(type = "number")]
        version: u64,
        /// The buckets that this frame holds wholly.
        buckets: Vec<u16>,
        /// Their nodes.
        nodes: Vec<HashedNode>,
        /// Their edges.
        edges: Vec<HashedEdge>,
        /// The checksum of the whole graph.
        checksum: Checksum,
        /// Whether this is the last frame of the repair.
        last: bool,
    },
}

/// What a server sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum ServerFrame {
    /// The client is known; a `sync` follows.
    Welcome {
        /// Names this socket in logs.
        session_id: String,
        /// Whose token it was.
        user_id: UserId,
        /// What the token allows.
        role: Role,
        /// What its bearer may do in this graph.
        access: GraphRole,
        /// The life of the graph.
        epoch: Epoch,
        /// Its version.
        #[ts(type = "number")]
        version: u64,
        /// What else is known of it.
        graph: GraphMeta,
        /// What commands may weigh.
        limits: Limits,
        /// How often the server speaks at least, in milliseconds.
        #[ts(type = "number")]
        heartbeat_ms: u64,
    },
    /// Brings the client to the present.
    Sync(Sync),
    /// Operations that were just applied.
    StateUpdate {
        /// The life of the graph.
        epoch: Epoch,
        /// The version before the first operation; must be the client's.
        #[ts(type = "number")]
        from_version: u64,
        /// The version after the last one.
        #[ts(type = "number")]
        to_version: u64,
        /// The operations, in order.
        operations: Vec<AppliedOperation>,
        /// The checksum after the last one.
        checksum: Checksum,
    },
    /// How a command of this client ended; comes after the update that holds its version.
    CommandResult {
        /// Which command.
        operation_id: OperationId,
        /// How it ended.
        outcome: Outcome,
    },
    /// A command of this client was refused for good.
    Revert {
        /// Which command.
        operation_id: OperationId,
        /// The reason, for programs.
        code: RejectCode,
        /// The reason, for people.
        message: String,
        /// The field at fault, if one is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        field: Option<String>,
    },
    /// Nothing happened lately; this is where the graph stands.
    Heartbeat {
        /// The life of the graph.
        epoch: Epoch,
        /// Its version.
        #[ts(type = "number")]
        version: u64,
    },
    /// Who else is there.
    #[serde(rename_all = "camelCase")]
    Presence {
        /// Whether `peers` are all there are; else they are those who came or changed.
        full: bool,
        /// Who is there, or who came or changed.
        peers: Vec<Peer>,
        /// The sessions that left.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<String>>")]
        left: Vec<String>,
    },
    /// A conflict that a command of this client met waits for a person.
    Conflict {
        /// The conflict.
        record: Box<ConflictRecord>,
    },
    /// What the bearer may do in this graph has changed.
    Access {
        /// What they may do now.
        access: GraphRole,
    },
    /// The socket's token was replaced.
    Token {
        /// When the new one expires, in milliseconds since 1970; none if it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        expires_at: Option<u64>,
    },
    /// The digest of each bucket of entities: the sum of the hashes of those whose id falls into
    /// it by [`bucket_of`](crate::bucket::bucket_of).
    Digests {
        /// The life of the graph.
        epoch: Epoch,
        /// Its version; the client's, in the order of the stream.
        #[ts(type = "number")]
        version: u64,
        /// One digest for each bucket.
        buckets: Vec<Checksum>,
    },
    /// A frame of the client could not be served.
    Error {
        /// Why.
        #[serde(flatten)]
        error: ApiError,
        /// Which command it was, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        operation_id: Option<OperationId>,
    },
    /// The node stops; connect again after a while.
    GoingAway {
        /// How long to wait, in milliseconds.
        #[ts(type = "number")]
        retry_after_ms: u64,
    },
}

impl ServerFrame {
    /// Writes the frame.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("frames hold only texts, numbers and JSON values")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_broke_the_rules_need_not_come_back() {
        for code in [1002, 1003, 1007, 1009, 4500, 4501, 4503, 4504, 4999] {
            assert!(!close::reconnects(code), "{code}");
        }
        for code in [1000, 1001, 1006, 1011, 4000, 4001, 4002, 4499] {
            assert!(close::reconnects(code), "{code}");
        }
    }

    #[test]
    fn frames_have_their_tags() {
        let sync = ServerFrame::Sync(Sync::InSync {
            epoch: Epoch::new("e").unwrap(),
            version: 1,
            checksum: Checksum(7),
            landed: vec![],
        });
        let text = sync.to_text();
        assert!(
            text.starts_with(r#"{"type":"sync","mode":"in_sync","#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<ServerFrame>(&text).unwrap(), sync);
    }
}
