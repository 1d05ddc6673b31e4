//! How a command ended: exactly one outcome for each.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::change::Change;
use crate::ids::ConflictId;

/// Why a command was refused; a closed set that programs may switch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RejectCode {
    /// It breaks a rule of form.
    Invalid,
    /// It, or what it would make, is over a limit.
    TooLarge,
    /// What it names does not exist.
    NotFound,
    /// What it makes exists.
    AlreadyExists,
    /// It would leave an edge without an end.
    DanglingEdge,
    /// Its author may not do that.
    Forbidden,
    /// It was made against another life of the graph.
    StaleEpoch,
    /// The commands before it did not arrive in time.
    OutOfOrder,
    /// It is too old to be told from one already handled.
    Expired,
    /// Its author sends too much.
    RateLimited,
    /// The store is full.
    StorageFull,
    /// The store cannot be reached.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl RejectCode {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 13] = [
        Self::Invalid,
        Self::TooLarge,
        Self::NotFound,
        Self::AlreadyExists,
        Self::DanglingEdge,
        Self::Forbidden,
        Self::StaleEpoch,
        Self::OutOfOrder,
        Self::Expired,
        Self::RateLimited,
        Self::StorageFull,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Returns the code as it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::DanglingEdge => "dangling_edge",
            Self::Forbidden => "forbidden",
            Self::StaleEpoch => "stale_epoch",
            Self::OutOfOrder => "out_of_order",
            Self::Expired => "expired",
            Self::RateLimited => "rate_limited",
            Self::StorageFull => "storage_full",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// Says whether the same intent may succeed later without a change.
    #[must_use]
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Self::StaleEpoch
                | Self::OutOfOrder
                | Self::RateLimited
                | Self::StorageFull
                | Self::Unavailable
                | Self::Internal
        )
    }
}

/// A refusal with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// The reason, for programs.
    pub code: RejectCode,
    /// The reason, for people.
    pub message: String,
    /// The field at fault, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
}

impl Rejection {
    /// Makes a refusal.
    pub fn new(code: RejectCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
        }
    }

    /// Names the field at fault.
    #[must_use]
    pub fn on(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// It happened as asked, as this version of the graph.
    Applied {
        /// The version that it made (for a viewport: the version at that time).
        #[ts(type = "number")]
        version: u64,
    },
    /// Something else than what was asked happened; `effect` says what.
    Merged {
        /// The version that holds the effect.
        #[ts(type = "number")]
        version: u64,
        /// What really happened; empty if a later command of the batch took its place.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        effect: Vec<Change>,
    },
    /// The same operation had been handled before.
    Duplicate {
        /// How it ended then, if that is still known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        first: Option<Box<Outcome>>,
    },
    /// A person has to decide; the stored state stays until then.
    #[serde(rename_all = "camelCase")]
    Conflict {
        /// The version that recorded it, and what else the command did.
        #[ts(type = "number")]
        version: u64,
        /// The record that waits for the decision; the first one if there are several.
        conflict_id: ConflictId,
        /// What really happened.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        effect: Vec<Change>,
    },
    /// It was refused and changed nothing.
    Rejected(Rejection),
}

impl Outcome {
    /// Returns the version that holds what the command did, if it did something.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        match self {
            Self::Applied { version }
            | Self::Merged { version, .. }
            | Self::Conflict { version, .. } => Some(*version),
            Self::Duplicate { first } => first.as_ref().and_then(|first| first.version()),
            Self::Rejected(_) => None,
        }
    }

    /// Returns the label that metrics use for this outcome.
    #[must_use]
    pub fn metric_status(&self) -> &'static str {
        match self {
            Self::Applied { .. } | Self::Merged { .. } => "success",
            Self::Duplicate { .. } => "duplicate",
            Self::Conflict { .. } => "conflict",
            Self::Rejected(rejection) if rejection.code == RejectCode::Internal => "failed",
            Self::Rejected(_) => "rejected",
        }
    }
}

impl Outcome {
    /// Says what becomes of an edit that its author saw at once: `kept`, `contested` or
    /// `reverted`. None if that is not settled by this: it was settled before, or the same intent
    /// is sent again.
    #[must_use]
    pub fn optimistic_result(&self) -> Option<&'static str> {
        match self {
            Self::Applied { .. } | Self::Merged { .. } => Some("kept"),
            Self::Conflict { .. } => Some("contested"),
            Self::Rejected(rejection) if !rejection.code.retryable() => Some("reverted"),
            Self::Rejected(_) | Self::Duplicate { .. } => None,
        }
    }
}

impl From<Rejection> for Outcome {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_as_they_are_written() {
        for code in RejectCode::ALL {
            assert_eq!(
                serde_json::to_string(&code).unwrap(),
                format!("\"{}\"", code.as_str())
            );
        }
    }

    #[test]
    fn what_is_sent_again_is_not_reverted_yet() {
        let rejected = |code| Outcome::Rejected(Rejection::new(code, "no")).optimistic_result();
        assert_eq!(rejected(RejectCode::NotFound), Some("reverted"));
        assert_eq!(rejected(RejectCode::Unavailable), None);
        let applied = Outcome::Applied { version: 1 };
        assert_eq!(applied.optimistic_result(), Some("kept"));
        let again = Outcome::Duplicate {
            first: Some(Box::new(applied)),
        };
        assert_eq!(again.optimistic_result(), None);
    }

    #[test]
    fn an_outcome_survives_its_text() {
        let first = Outcome::Rejected(Rejection::new(RejectCode::NotFound, "no").on("id"));
        let outcome = Outcome::Duplicate {
            first: Some(Box::new(first)),
        };
        let text = serde_json::to_string(&outcome).unwrap();
        assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), outcome);
    }
}
