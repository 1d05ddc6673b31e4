//! The names of the keys around sessions, as the plans for collaboration have them.

use graphy_model::{ClientId, GraphId, UserId};

/// The sessions of a user.
pub(super) fn of_user(user: &UserId) -> String {
    format!("user_sessions:{user}")
}

/// The sessions in a graph, under the name that the collaboration plan gives it.
pub(super) fn of_graph(graph: &GraphId) -> String {
    format!("project_sessions:{graph}")
}

/// The sessions of a server node.
pub(super) fn of_node(node: &str) -> String {
    format!("node_sessions:{node}")
}

/// The session that a user opened last.
pub(super) fn user(user: &UserId) -> String {
    format!("user:{user}:session")
}

/// The operations that a client is in doubt about.
pub(super) fn pending(client: &ClientId) -> String {
    format!("client:{client}:pending")
}

/// When a client was cut off, in milliseconds since 1970.
pub(super) fn disconnected(client: &ClientId) -> String {
    format!("client:{client}:disconnected")
}
