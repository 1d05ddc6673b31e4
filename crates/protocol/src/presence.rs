//! Presence: who is in a graph, where they look and what they hold. Never stored in a history.

use graphy_model::{ClientId, NodeId, Position, UserId, Viewport};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The most nodes that a selection names.
pub const SELECTION_MAX: usize = 200;
/// The longest name that somebody gives themselves, in characters.
pub const DISPLAY_NAME_CHARS_MAX: usize = 60;

/// What a client tells of itself; each one replaces the one before it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PresenceState {
    /// Where the pointer is, in the graph's coordinates; none if it is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cursor: Option<Position>,
    /// The selected nodes; at most 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<NodeId>>")]
    pub selection: Vec<NodeId>,
    /// What part of the graph is on screen: the shift and zoom of the canvas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub viewport: Option<Viewport>,
    /// Whether the window is hidden or nobody has touched it for a while.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub idle: bool,
}

/// Somebody in the graph, as the others see them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    /// Names the connection.
    pub session_id: String,
    /// Which client it is.
    pub client_id: ClientId,
    /// Whose token it came with.
    pub user_id: UserId,
    /// What to call them.
    pub name: String,
    /// A colour of their own, 0..12; the interface knows which.
    pub color: u8,
    /// Which server node they are connected to.
    pub node: String,
    /// When they came, in milliseconds since 1970.
    #[ts(type = "number")]
    pub joined_at: u64,
    /// Whether the connection is lost and may come back within the grace period.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub away: bool,
    /// What they told of themselves last.
    pub state: PresenceState,
}

/// Asks who is connected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionsRequest {
    /// Only to this graph; to all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub graph_id: Option<graphy_model::GraphId>,
}

/// One connected session, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionRow {
    /// Names the connection.
    pub session_id: String,
    /// The graph that it is in.
    pub graph_id: graphy_model::GraphId,
    /// Which client it is.
    pub client_id: ClientId,
    /// Whose token it came with.
    pub user_id: UserId,
    /// What to call them.
    pub name: String,
    /// Which server node they are connected to.
    pub node: String,
    /// When they came, in milliseconds since 1970.
    #[ts(type = "number")]
    pub joined_at: u64,
    /// When they were last heard of, in milliseconds since 1970.
    #[ts(type = "number")]
    pub last_activity: u64,
    /// The version that they were last known to hold.
    #[ts(type = "number")]
    pub client_version: u64,
}

/// Asks for clients of a graph to be brought to the present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResyncGraph {
    /// Which graph.
    pub graph_id: graphy_model::GraphId,
    /// Which client: its node reads the history anew and sends it what it lacks, with the checksum,
    /// by which it finds out whether its copy is whole. If absent, every node compares itself with
    /// the head of the history and tells its clients what they missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub client_id: Option<ClientId>,
}

/// The sessions of one graph, or of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SessionList {
    /// The sessions, the newest first; at most 500.
    pub sessions: Vec<SessionRow>,
}
