//! Conflicts: two clients wrote one field without having seen each other's write.
//!
//! Most are settled at once by the graph's policy and leave a [`ConflictNote`]. Those that a
//! person has to settle leave a [`ConflictRecord`], which is part of the graph's history: every
//! replica knows which conflicts are open.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::ids::{ClientId, ConflictId, OperationId, UserId};
use crate::patch::Field;

/// The most conflicts of a graph that may wait for a person at once.
pub const OPEN_CONFLICTS_MAX: usize = 1000;

/// Which sort of entity is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum EntityKind {
    /// A node.
    Node,
    /// An edge.
    Edge,
}

/// How a conflict was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ResolutionType {
    /// The later write stayed.
    LastWriteWins,
    /// Both changes were kept.
    Merge,
    /// The later arrival replaced what was there.
    ClientWins,
    /// What was there stayed.
    ServerWins,
    /// A person decides.
    Manual,
}

impl ResolutionType {
    /// Every type, for tables and tests.
    pub const ALL: [Self; 5] = [
        Self::LastWriteWins,
        Self::Merge,
        Self::ClientWins,
        Self::ServerWins,
        Self::Manual,
    ];

    /// Returns the name on the wire and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LastWriteWins => "last_write_wins",
            Self::Merge => "merge",
            Self::ClientWins => "client_wins",
            Self::ServerWins => "server_wins",
            Self::Manual => "manual",
        }
    }
}

/// Who kept a contested field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Winner {
    /// The command under decision.
    Mine,
    /// What was stored.
    Theirs,
    /// Both, merged.
    Both,
}

/// One field on which two clients met, and how that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConflictNote {
    /// Which sort of entity it belongs to.
    pub entity: EntityKind,
    /// Which entity.
    pub entity_id: String,
    /// The field.
    pub field: Field,
    /// How it was settled.
    pub resolution: ResolutionType,
    /// Who kept it.
    pub winner: Winner,
    /// Whose write was met, if that client named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub against: Option<ClientId>,
}

/// Somebody's write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Writer {
    /// Whose token it came with; unknown for the earlier of two writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user_id: Option<UserId>,
    /// Which client sent it, if it named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub client_id: Option<ClientId>,
    /// When it was made, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
}

/// A conflict that a person settles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConflictRecord {
    /// Which conflict: the operation that met it and a number.
    pub conflict_id: ConflictId,
    /// The operation that was not (wholly) carried out because of it.
    pub operation_id: OperationId,
    /// Which sort of entity it is about.
    pub entity: EntityKind,
    /// Which entity.
    pub entity_id: String,
    /// Which field.
    pub field: Field,
    /// What the author saw before the change; null if not known or not set.
    #[ts(type = "unknown")]
    pub base: Value,
    /// What the author wanted; null to take the field away.
    #[ts(type = "unknown")]
    pub mine: Value,
    /// What stays until the decision.
    #[ts(type = "unknown")]
    pub theirs: Value,
    /// Who wanted `mine`.
    pub author: Writer,
    /// Who wrote `theirs`.
    pub against: Writer,
    /// The version that the author saw.
    #[ts(type = "number")]
    pub base_version: u64,
    /// The version that recorded the conflict.
    #[ts(type = "number")]
    pub version: u64,
    /// How it was settled; none while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub resolution: Option<Resolution>,
}

/// What a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The author's value.
    Mine,
    /// The value that is there.
    Theirs,
    /// A value of their own.
    Edited,
    /// Nobody chose: the entity is gone.
    Obsolete,
}

/// How an open conflict was settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Resolution {
    /// What was chosen.
    pub choice: Choice,
    /// The value that the field has since.
    #[ts(type = "unknown")]
    pub value: Value,
    /// Who chose.
    pub by: Writer,
    /// The version that settled it.
    #[ts(type = "number")]
    pub version: u64,
}
