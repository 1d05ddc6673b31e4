//! Who did what to the deployment.

use graphy_model::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// Asks for a piece of the audit log, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditRequest {
    /// Only entries before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<String>,
    /// Only what this user did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user_id: Option<UserId>,
    /// Only operations whose names begin with this, as `queues.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub operation: Option<String>,
    /// How many at most, 1..=200; 50 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// How an audited action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum AuditOutcome {
    /// It is known only that it was begun.
    Begun,
    /// It was done.
    Done,
    /// It failed.
    Failed,
    /// It was refused.
    Refused,
}

/// One entry of the audit log. Entries are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Which entry.
    pub entry_id: String,
    /// When it was begun, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// Who did it.
    pub user_id: UserId,
    /// Which operation.
    pub operation: String,
    /// To what, in words.
    pub target: String,
    /// What was asked, without secrets.
    pub detail: Value,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// What came of it, in words.
    pub result: Option<String>,
    /// Finds it in the logs.
    pub trace_id: String,
}

/// A piece of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}
