//! Payloads of reports: how a deployment did over a time, against the targets of the plans.

use graphy_model::{GraphId, NodeId, UserId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum ReportFormat {
    /// A page of its own, with its pictures inside.
    Html,
    /// Its charts as one vector picture.
    Svg,
    /// Its charts as one bitmap picture.
    Png,
    /// Its figures.
    Json,
}

/// Asks for a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportRequest {
    /// From when, in milliseconds since 1970.
    #[ts(type = "number")]
    pub from: u64,
    /// Until when, in milliseconds since 1970; now if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub to: Option<u64>,
    /// In which form.
    pub format: ReportFormat,
}

/// Where a target comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TargetArea {
    /// How fast and how right it is.
    Technical,
    /// How dependable it is.
    Reliability,
    /// What people notice.
    UserExperience,
    /// What it does for the business; entered by hand.
    Business,
}

/// Whether a target is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is.
    Met,
    /// It is not.
    Missed,
    /// Nothing was measured in this time.
    Unknown,
}

/// One success metric: its target and what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TargetRow {
    /// Names it, stable.
    pub key: String,
    /// What it is.
    pub title: String,
    /// Which kind.
    pub area: TargetArea,
    /// Its target, in words, as `< 100 ms`.
    pub target: String,
    /// What it was, in words; none if nothing was measured.
    pub actual: Option<String>,
    /// How it follows from the metrics.
    pub formula: String,
    /// Whether the target is met.
    pub verdict: Verdict,
    /// Whether a person entered it.
    pub by_hand: bool,
    /// Who entered it and when, or what else must be known of it.
    pub note: Option<String>,
}

/// A report's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PerformanceReport {
    /// From when, in milliseconds since 1970.
    #[ts(type = "number")]
    pub from: u64,
    /// Until when.
    #[ts(type = "number")]
    pub to: u64,
    /// For how much of that time there are measurements, 0 to 1.
    pub coverage: f64,
    /// The targets.
    pub targets: Vec<TargetRow>,
}

/// Asks for the success metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetsRequest {
    /// From when, in milliseconds since 1970.
    #[ts(type = "number")]
    pub from: u64,
    /// Until when, in milliseconds since 1970; now if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub to: Option<u64>,
}

/// Enters a figure that nothing here measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnterFigure {
    /// Which metric; one of those by hand.
    pub key: String,
    /// Its value; none takes it back.
    pub value: Option<f64>,
    /// Where it comes from, at most 300 characters.
    #[serde(default)]
    pub note: String,
}

/// A snapshot of a graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotRow {
    /// Which snapshot.
    pub snapshot_id: String,
    /// Of which graph.
    pub graph_id: GraphId,
    /// At which version.
    #[ts(type = "number")]
    pub version: u64,
    /// When it was made, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// How many nodes it holds.
    #[ts(type = "number")]
    pub nodes: u64,
    /// How many edges it holds.
    #[ts(type = "number")]
    pub edges: u64,
    /// How large it is, in bytes as stored.
    #[ts(type = "number")]
    pub bytes: u64,
    /// The graph's checksum at that version.
    pub checksum: String,
    /// Who asked for it; none if a scheduler did.
    pub user_id: Option<UserId>,
}

/// The snapshots of a graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotList {
    /// The snapshots, newest first.
    pub snapshots: Vec<SnapshotRow>,
}

/// Names one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnapshotRef {
    /// Of which graph.
    pub graph_id: GraphId,
    /// Which snapshot.
    pub snapshot_id: String,
}

/// What was rolled up of a graph's progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GraphProgress {
    /// Of which graph.
    pub graph_id: GraphId,
    /// At which version; none if nothing was rolled up yet.
    #[ts(type = "number | null")]
    pub version: Option<u64>,
    /// When, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub at: Option<u64>,
    /// The nodes that have parts and a progress, by id.
    pub nodes: Vec<NodeProgress>,
    /// Whether there are more such nodes than are kept.
    pub cut: bool,
}

/// What was rolled up for one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NodeProgress {
    /// Which node.
    pub id: NodeId,
    /// Its progress, 0 to 1.
    pub progress: f64,
    /// From how many nodes it was taken.
    pub parts: u32,
}
