//! The log of a node.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks for lines of the log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogRequest {
    /// Only this level and worse: `trace`, `debug`, `info`, `warn`, `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub level: Option<String>,
    /// Only lines that contain this text, at most 200 characters; upper and lower case are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<String>,
    /// Only lines after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub after: Option<u64>,
    /// How many at most, 1..=1000; 200 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Counts lines of this process.
    #[ts(type = "number")]
    pub id: u64,
    /// When, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR`.
    pub level: String,
    /// Where it comes from, as `graphy_engine::worker`.
    pub target: String,
    /// What it says.
    pub message: String,
    /// Its fields.
    #[ts(type = "Record<string, string>")]
    pub fields: BTreeMap<String, String>,
}

/// The newest lines of this node's log that match, newest last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// The newest line there is, matching or not.
    #[ts(type = "number")]
    pub last_id: u64,
    /// The oldest line that is kept, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub since: Option<u64>,
}
