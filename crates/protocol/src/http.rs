//! Bodies of the HTTP API v2 that are not part of the domain.

use graphy_model::{GraphId, GraphMeta, OperationId, Role, UserId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// The answer to an accepted command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// Always true; the command is durable in the queue.
    pub accepted: bool,
    /// Which command.
    #[schema(value_type = String, format = "uuid")]
    pub operation_id: OperationId,
    /// How long commands take at present, in milliseconds.
    pub estimated_processing_time_ms: u64,
}

/// The answer to an accepted batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedBatch {
    /// Always true; the commands are durable in the queue.
    pub accepted: bool,
    /// Which commands, in the order of the request.
    #[schema(value_type = Vec<String>)]
    pub operation_ids: Vec<OperationId>,
    /// How long commands take at present, in milliseconds.
    pub estimated_processing_time_ms: u64,
}

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, TS)]
#[serde(rename_all = "lowercase")]
pub enum OperationStatus {
    /// It waits in the queue.
    Pending,
    /// A worker has it.
    Processing,
    /// It ended well; the outcome says how.
    Completed,
    /// It was refused; the error says why.
    Failed,
}

/// Asks for a new graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateGraph {
    /// What people will call it, 1..=200 characters.
    pub name: String,
    /// The id to use; made up if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    #[ts(optional)]
    pub graph_id: Option<GraphId>,
}

/// A graph in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GraphSummary {
    /// What is known of it.
    #[serde(flatten)]
    pub meta: GraphMeta,
    /// Its version.
    #[ts(type = "number")]
    pub version: u64,
    /// How many nodes it has.
    #[ts(type = "number")]
    pub nodes: u64,
    /// How many edges it has.
    #[ts(type = "number")]
    pub edges: u64,
}

/// A list of graphs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct GraphList {
    /// The graphs, last changed first.
    pub graphs: Vec<GraphSummary>,
}

/// Exchanges the one-time ticket of a printed URL for a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct OpenSession {
    /// The ticket.
    pub ticket: String,
}

/// A session's token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionToken {
    /// The bearer token.
    pub token: String,
    /// Whose it is.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// What it allows.
    #[schema(value_type = String)]
    pub role: Role,
    /// When it ends, in milliseconds since 1970.
    #[ts(type = "number")]
    pub expires_at: u64,
}
