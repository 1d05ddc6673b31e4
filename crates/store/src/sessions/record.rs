//! A session as a hash.

use std::collections::HashMap;

use graphy_model::{ClientId, GraphId, UserId};

/// One connected session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Names the connection.
    pub session_id: String,
    /// The graph that it is in.
    pub graph_id: GraphId,
    /// Which client it is.
    pub client_id: ClientId,
    /// Whose token it came with.
    pub user_id: UserId,
    /// What to call them.
    pub name: String,
    /// Which server node it is connected to.
    pub node: String,
    /// When it came, in milliseconds since 1970.
    pub joined_at: u64,
    /// When it was last heard of, in milliseconds since 1970.
    pub last_activity: u64,
    /// The version that it was last known to hold.
    pub client_version: u64,
}

impl SessionRecord {
    /// The hash of the session: first the fields of the collaboration plan, then ours.
    pub(super) fn to_hash(&self) -> [(&'static str, String); 10] {
        let awareness = serde_json::json!({
            "userName": self.name,
            "lastSeen": self.last_activity,
        });
        [
            ("userId", self.user_id.to_string()),
            ("projectId", self.graph_id.to_string()),
            ("socketId", self.session_id.clone()),
            ("awareness", awareness.to_string()),
            ("joinedAt", self.joined_at.to_string()),
            ("lastActivity", self.last_activity.to_string()),
            ("clientId", self.client_id.to_string()),
            ("name", self.name.clone()),
            ("node", self.node.clone()),
            ("clientVersion", self.client_version.to_string()),
        ]
    }

    /// The hash of the user's newest session.
    pub(super) fn to_user_hash(&self) -> [(&'static str, String); 4] {
        [
            ("graphId", self.graph_id.to_string()),
            ("connectionId", self.session_id.clone()),
            ("lastActivity", self.last_activity.to_string()),
            ("clientVersion", self.client_version.to_string()),
        ]
    }

    pub(super) fn from_hash(session_id: &str, hash: &HashMap<String, String>) -> Option<Self> {
        let get = |name: &str| hash.get(name);
        let number = |name: &str| get(name)?.parse().ok();
        Some(Self {
            session_id: session_id.to_owned(),
            graph_id: GraphId::new(get("projectId")?).ok()?,
            client_id: ClientId::new(get("clientId")?).ok()?,
            user_id: UserId::new(get("userId")?).ok()?,
            name: get("name").cloned().unwrap_or_default(),
            node: get("node")?.clone(),
            joined_at: number("joinedAt")?,
            last_activity: number("lastActivity")?,
            client_version: number("clientVersion")?,
        })
    }
}
