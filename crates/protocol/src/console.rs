//! Payloads and live frames of the operator's console.

use graphy_model::{Checksum, Epoch, GraphId, OperationId, Role, UserId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::alerts::AlertNotice;
pub use crate::series::{Series, SeriesPoint};

/// The format of a file to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ImportFormat {
    /// Found out from the file's name and content.
    Auto,
    /// Cargo's lock file.
    CargoLock,
    /// npm's lock file, versions 1 to 3.
    PackageLock,
    /// A graph as Graphy exports it.
    GraphyJson,
}

/// Asks for an import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportRequest {
    /// The file's format.
    pub format: ImportFormat,
    /// What to call the graph; made from the file if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// The file's name, for messages and for finding the format.
    pub file_name: String,
    /// The file's content.
    pub text: String,
}

/// An import that has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImportStarted {
    /// Names the import.
    pub import_id: String,
    /// The graph that will appear.
    pub graph_id: GraphId,
}

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum ImportState {
    /// It goes on.
    Running,
    /// The graph is there.
    Done,
    /// It ended with an error and left nothing.
    Failed,
    /// Somebody stopped it; it left nothing.
    Cancelled,
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImportProgress {
    /// Names the import.
    pub import_id: String,
    /// The graph that will appear.
    pub graph_id: GraphId,
    /// What it will be called.
    pub name: String,
    /// How many nodes and edges there are.
    #[ts(type = "number")]
    pub total: u64,
    /// How many of them are in.
    #[ts(type = "number")]
    pub done: u64,
    /// Where it stands.
    pub state: ImportState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<String>,
}

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// Graphy's own JSON; can be imported again.
    Json,
    /// A vector picture.
    Svg,
    /// A bitmap picture.
    Png,
}

/// An exported file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExportedFile {
    /// A name for it.
    pub file_name: String,
    /// Its media type.
    pub mime: String,
    /// Its content, if it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<String>,
    /// Its content in base64, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub base64: Option<String>,
}

/// What a check of a graph against its own checksum found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct VerifyReport {
    /// Which graph.
    pub graph_id: GraphId,
    /// The life of the graph.
    pub epoch: Epoch,
    /// Its version.
    #[ts(type = "number")]
    pub version: u64,
    /// How many nodes were read.
    #[ts(type = "number")]
    pub nodes: u64,
    /// How many edges were read.
    #[ts(type = "number")]
    pub edges: u64,
    /// The checksum as stored.
    pub stored_checksum: Checksum,
    /// The checksum as computed from the stored texts.
    pub computed_checksum: Checksum,
    /// Whether they agree.
    pub matches: bool,
}

/// One check of the health probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheck {
    /// What was checked.
    pub name: String,
    /// Whether it was well.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// How long ago, in milliseconds.
    #[ts(type = "number")]
    pub age_ms: u64,
}

/// The health of a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HealthReport {
    /// Whether the node should be sent work.
    pub ready: bool,
    /// What that rests on.
    pub checks: Vec<HealthCheck>,
}

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SystemInfo {
    /// Graphy's version.
    pub version: String,
    /// The environment's name, for the badge.
    pub environment: String,
    /// Where Redis is, without its password.
    pub redis_url: String,
    /// Redis' version.
    pub redis_version: String,
    /// Where data is kept, if Redis is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub data_dir: Option<String>,
    /// Where the HTTP API is.
    pub api_url: String,
    /// What "applied" promises: `applied` or `durable`.
    pub ack_level: String,
    /// When the node started, in milliseconds since 1970.
    #[ts(type = "number")]
    pub started_at: u64,
    /// Its process.
    pub pid: u32,
    /// Whether nothing can be changed through it; a node that does not say so can be changed.
    #[serde(default)]
    pub read_only: bool,
    /// What the bearer of the token that asks is trusted with; absent from older nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub role: Option<Role>,
}

/// Asks for a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateToken {
    /// What it is for.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// How long it lives, 1..=365; 90 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub expires_in_days: Option<u32>,
    /// In whose name it acts; the caller's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user_id: Option<UserId>,
}

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TokenSummary {
    /// Names the token.
    pub token_id: String,
    /// What it is for.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// Whose it is.
    pub user_id: UserId,
    /// When it was made, in milliseconds since 1970.
    #[ts(type = "number")]
    pub created_at: u64,
    /// When it ends, in milliseconds since 1970.
    #[ts(type = "number")]
    pub expires_at: u64,
    /// When it was last used, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub last_used_at: Option<u64>,
}

/// A token that was just made; the only time its secret is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CreatedToken {
    /// The bearer token.
    pub token: String,
    /// What is known of it.
    #[serde(flatten)]
    pub summary: TokenSummary,
}

/// A list of tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TokenList {
    /// The tokens, newest first.
    pub tokens: Vec<TokenSummary>,
}

/// The overview page at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OverviewSnapshot {
    /// Since when is measured, in milliseconds since 1970.
    #[ts(type = "number")]
    pub since: u64,
    /// The distance of values, in milliseconds.
    #[ts(type = "number")]
    pub step_ms: u64,
    /// The series.
    pub series: Vec<Series>,
    /// The last events, newest first.
    pub events: Vec<RecentEvent>,
}

/// Something that happened and that people may want to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecentEvent {
    /// Counts events of this process, so that none is shown twice.
    #[ts(type = "number")]
    pub id: u64,
    /// When, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// What sort of thing: `graph`, `import`, `worker`, `redis`, `token`, `rejection`, `node`.
    pub kind: String,
    /// What happened.
    pub text: String,
    /// Which graph, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub graph_id: Option<GraphId>,
}

/// One frame of the console's live data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LiveFrame {
    /// When it was made, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// The environment's name.
    pub environment: String,
    /// New values of series, if it is time for them.
    pub points: Vec<SeriesPoint>,
    /// Imports that go on or just ended.
    pub imports: Vec<ImportProgress>,
    /// Events since the last frame.
    pub events: Vec<RecentEvent>,
    /// Alerts that began or ended since the last frame.
    pub alerts: Vec<AlertNotice>,
    /// Whether the list of graphs has changed since the last frame.
    #[serde(rename = "graphsChanged")]
    pub graphs_changed: bool,
}

/// Names one graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GraphRef {
    /// Which graph.
    pub graph_id: GraphId,
}

/// Asks for an export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportRequest {
    /// Which graph.
    pub graph_id: GraphId,
    /// In which format.
    pub format: ExportFormat,
}

/// Names one import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportRef {
    /// Which import.
    pub import_id: String,
}

/// Names one token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenRef {
    /// Which token.
    pub token_id: String,
}

/// Names one operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OperationRef {
    /// Which operation.
    pub operation_id: OperationId,
}
