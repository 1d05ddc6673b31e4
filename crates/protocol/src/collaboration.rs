//! Payloads of history, conflicts, sharing and single commands, for console and HTTP alike.

use std::collections::BTreeMap;

use graphy_model::{
    Choice, ClientId, CommandType, ConflictId, ConflictNote, ConflictRecord, EntityKind, Epoch,
    Field, Grantee, GraphId, GraphMeta, GraphRole, OperationId, Outcome, Policy, ResolutionType,
    Skipped, Strategy, Target, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// Asks for a piece of a graph's history, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HistoryRequest {
    /// Which graph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub graph_id: Option<GraphId>,
    /// Only versions before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub before: Option<u64>,
    /// How many entries at most, 1..=200; 50 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
    /// Only what this user did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user_id: Option<UserId>,
    /// Only what concerns this node or edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub entity_id: Option<String>,
}

/// What happened to one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// It was made.
    Created,
    /// A field of it was written.
    Changed,
    /// It was deleted.
    Deleted,
    /// The graph's name, policy or grants were changed; `field` says which.
    Settings,
    /// A conflict about it was opened.
    ConflictOpened,
    /// A conflict about it was settled.
    ConflictSettled,
}

/// One effect of an operation, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// What happened.
    pub kind: EffectKind,
    /// Which sort of entity it happened to; none for the graph itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub entity: Option<EntityKind>,
    /// Which entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub entity_id: Option<String>,
    /// Which field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
    /// The value before it; null if there was none.
    #[ts(type = "unknown")]
    pub before: Value,
    /// The value after it; null if there is none.
    #[ts(type = "unknown")]
    pub after: Value,
}

/// One operation of a graph's history, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// The version that it made.
    #[ts(type = "number")]
    pub version: u64,
    /// Which operation.
    pub operation_id: OperationId,
    /// Which operation it replays, if an operator had one that failed carried out anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub replay_of: Option<OperationId>,
    /// What sort of command it was.
    #[serde(rename = "type")]
    pub command_type: CommandType,
    /// Whose token it came with.
    pub user_id: UserId,
    /// Which client sent it, if it named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub client_id: Option<ClientId>,
    /// When it was made, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// What it did; at most 100 of them.
    pub effects: Vec<Effect>,
    /// How many effects are not listed.
    #[ts(type = "number")]
    pub more_effects: u64,
    /// What an undo or redo turned round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub target: Option<Target>,
    /// What an undo or redo left as it is.
    pub skipped: Vec<Skipped>,
    /// Where it met other clients.
    pub conflicts: Vec<ConflictNote>,
}

/// A piece of a graph's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPage {
    /// The life of the graph.
    pub epoch: Epoch,
    /// Its version now.
    #[ts(type = "number")]
    pub current_version: u64,
    /// The oldest version to which the graph can be restored.
    #[ts(type = "number")]
    pub oldest_version: u64,
    /// The entries, newest first.
    pub entries: Vec<HistoryEntry>,
    /// Ask `before` this for the next piece; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub next: Option<u64>,
}

/// Which conflicts are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum ConflictStatus {
    /// Those that wait for a person.
    #[default]
    Open,
    /// Those that a person settled, and those that were settled at once by a policy.
    Resolved,
    /// Both.
    All,
}

/// Asks for conflicts, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConflictsRequest {
    /// Only those of this graph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub graph_id: Option<GraphId>,
    /// Open ones if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<ConflictStatus>,
    /// Only those about this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<Field>,
    /// Only those that this user's commands met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user_id: Option<UserId>,
    /// Only those settled in this way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub resolution: Option<ResolutionType>,
    /// Only those whose entity or values hold this text, whatever its case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub search: Option<String>,
    /// Only those before this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub before: Option<u64>,
    /// How many at most, 1..=200; 50 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// A conflict in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ListedConflict {
    /// The graph that it is in.
    pub graph_id: GraphId,
    /// What people call that graph.
    pub graph_name: String,
    /// When it was met, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// The operation that met it.
    pub operation_id: OperationId,
    /// Whose operation that was.
    pub user_id: UserId,
    /// What was met and how it was settled.
    pub note: ConflictNote,
    /// The record, if a person settles or settled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub record: Option<ConflictRecord>,
}

/// A piece of the list of conflicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConflictPage {
    /// The conflicts, newest first.
    pub conflicts: Vec<ListedConflict>,
    /// How many wait for a person, in all graphs.
    #[ts(type = "number")]
    pub open: u64,
    /// Ask `before` this for the next piece; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub next: Option<u64>,
}

/// Asks how often conflicts were met.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConflictRateRequest {
    /// Only those of this graph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub graph_id: Option<GraphId>,
    /// How far back, in minutes, 1..=1440; 60 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub minutes: Option<u32>,
}

/// Conflicts that one user's commands met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConflictCauser {
    /// Whose commands.
    pub user_id: UserId,
    /// How many conflicts.
    #[ts(type = "number")]
    pub conflicts: u64,
}

/// How often conflicts were met, by the way they were settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConflictRates {
    /// From when on conflicts are known, in milliseconds since 1970: the log is bounded.
    #[ts(type = "number")]
    pub since: u64,
    /// The length of one step, in milliseconds.
    #[ts(type = "number")]
    pub step_ms: u64,
    /// The start of each step, in milliseconds since 1970.
    #[ts(type = "Array<number>")]
    pub at: Vec<u64>,
    /// Conflicts in each step, by how they were settled.
    #[ts(as = "BTreeMap<String, Vec<u32>>")]
    pub by_resolution: BTreeMap<String, Vec<u32>>,
    /// Conflicts in all steps, by field.
    #[ts(as = "BTreeMap<String, u32>")]
    pub by_field: BTreeMap<String, u32>,
    /// Who met most, the most first; at most 10.
    pub causers: Vec<ConflictCauser>,
}

/// Settles conflicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolveConflicts {
    /// The graph that they are in.
    pub graph_id: GraphId,
    /// Which ones; 1..=100.
    pub conflict_ids: Vec<ConflictId>,
    /// What is chosen for each.
    pub choice: Choice,
    /// The chosen value, where it is edited; null takes the field away.
    #[serde(
        default,
        deserialize_with = "graphy_model::command::written_value",
        skip_serializing_if = "Option::is_none"
    )]
    #[ts(optional, type = "unknown")]
    pub value: Option<Value>,
}

/// Settles all conflicts of a graph that wait for a person, in the same way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettleConflicts {
    /// The graph that they are in.
    pub graph_id: GraphId,
    /// What is chosen for each: `mine` or `theirs`.
    pub choice: Choice,
}

/// Conflicts that are being settled by jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SettlingConflicts {
    /// How many; each by a job of the queue sync-operations.
    #[ts(type = "number")]
    pub conflicts: u64,
}

/// How one conflict's settlement ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SettledConflict {
    /// Which conflict.
    pub conflict_id: ConflictId,
    /// The command that settled it.
    pub operation_id: OperationId,
    /// How that command ended.
    pub outcome: Outcome,
}

/// How the settlements of several conflicts ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SettledConflicts {
    /// One for each conflict that was named, in that order.
    pub settled: Vec<SettledConflict>,
}

/// What a full state says of a graph besides its entities.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct GraphSettings {
    /// How conflicts are settled; fields that are not named have their default.
    pub policy: Policy,
    /// Who may do what.
    #[ts(as = "BTreeMap<String, GraphRole>")]
    pub grants: BTreeMap<Grantee, GraphRole>,
}

/// A graph's settings, for the page that edits them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GraphSettingsView {
    /// What else is known of the graph.
    pub graph: GraphMeta,
    /// What the caller may do in it.
    pub access: GraphRole,
    /// How conflicts are settled, and who may do what.
    pub settings: GraphSettings,
    /// The strategy of each known field if the graph chooses none; `data.*` for all of `data`.
    #[ts(as = "BTreeMap<String, Strategy>")]
    pub defaults: BTreeMap<String, Strategy>,
}

/// Sends one command and waits for its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendCommand {
    /// The graph that it is for.
    pub graph_id: GraphId,
    /// The sort of command, such as `UNDO`.
    #[serde(rename = "type")]
    pub command_type: String,
    /// Its payload.
    #[serde(default)]
    #[ts(type = "unknown")]
    pub payload: Value,
}

/// How a command that was waited for ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SentCommand {
    /// Which command it became.
    pub operation_id: OperationId,
    /// How it ended.
    pub outcome: Outcome,
}
