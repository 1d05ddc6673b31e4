//! The names of a graph's keys.
//!
//! The id stands in braces, so that all keys of a graph share one slot of a Redis Cluster.

use graphy_model::{GraphId, OperationId, UserId};

/// The sorted set of all listed graphs, by the time they were made.
pub(crate) const GRAPHS: &str = "graphs";

/// The sorted set of graphs that nobody may see yet, by the end of their lease.
pub(crate) const HIDDEN_GRAPHS: &str = "graphs:hidden";

/// Names the keys of one graph.
#[derive(Debug, Clone)]
pub(crate) struct GraphKeys {
    prefix: String,
}

impl GraphKeys {
    /// Names the keys of a graph.
    #[must_use]
    pub(crate) fn new(graph: &GraphId) -> Self {
        Self {
            prefix: format!("graph:{{{graph}}}"),
        }
    }

    fn key(&self, part: &str) -> String {
        format!("{}:{part}", self.prefix)
    }

    pub(crate) fn state(&self) -> String {
        self.key("state")
    }

    pub(crate) fn nodes(&self) -> String {
        self.key("nodes")
    }

    pub(crate) fn edges(&self) -> String {
        self.key("edges")
    }

    pub(crate) fn viewport(&self) -> String {
        self.key("viewport")
    }

    /// clientId → last handled seq.
    pub(crate) fn versions(&self) -> String {
        self.key("versions")
    }

    pub(crate) fn operations(&self) -> String {
        self.key("operations")
    }

    /// operationId → outcome.
    pub(crate) fn applied(&self) -> String {
        self.key("applied")
    }

    /// The channel on which applied batches are told.
    pub(crate) fn events(&self) -> String {
        self.key("events")
    }

    /// grantee → role.
    pub(crate) fn acl(&self) -> String {
        self.key("acl")
    }

    /// conflictId → record.
    pub(crate) fn conflicts(&self) -> String {
        self.key("conflicts")
    }

    /// The conflicts that wait for a person, by the time they were met.
    pub(crate) fn open_conflicts(&self) -> String {
        self.key("conflicts:open")
    }

    /// The conflicts that were settled, by the time of that.
    pub(crate) fn closed_conflicts(&self) -> String {
        self.key("conflicts:closed")
    }

    /// What was rolled up of its nodes' progress.
    pub(crate) fn progress(&self) -> String {
        self.key("progress")
    }

    /// snapshotId → what is known of the snapshot.
    pub(crate) fn snapshots(&self) -> String {
        self.key("snapshots")
    }

    /// snapshotId → the snapshot, compressed.
    pub(crate) fn snapshot_data(&self) -> String {
        self.key("snapshots:data")
    }

    /// The keys that the apply script takes, in its order: all that a graph holds.
    pub(crate) fn for_apply(&self) -> [String; 17] {
        [
            self.state(),
            self.nodes(),
            self.edges(),
            self.viewport(),
            self.versions(),
            self.key("clients"),
            self.operations(),
            self.applied(),
            self.key("applied:times"),
            self.key("tombstones"),
            self.acl(),
            self.conflicts(),
            self.open_conflicts(),
            self.closed_conflicts(),
            self.progress(),
            self.snapshots(),
            self.snapshot_data(),
        ]
    }

    /// The channel on which nodes tell each other who is there.
    pub(crate) fn presence(&self) -> String {
        self.key("presence")
    }

    /// The set of connected sessions.
    pub(crate) fn sessions(&self) -> String {
        self.key("sessions")
    }

    /// Finds the graph in the name of its event channel.
    pub(crate) fn graph_of_channel(channel: &str) -> Option<GraphId> {
        Self::graph_of(channel, "events")
    }

    /// Finds the graph in the name of one of its keys or channels.
    pub(crate) fn graph_of(name: &str, part: &str) -> Option<GraphId> {
        let inner = name.strip_prefix("graph:{")?.strip_suffix(part)?;
        GraphId::new(inner.strip_suffix("}:")?).ok()
    }
}

/// The stream of conflicts of all graphs, as they were met and settled.
pub(crate) const CONFLICT_LOG: &str = "conflicts:log";

/// The last commands of a user, the newest first.
pub(crate) fn user_commands(user: &UserId) -> String {
    format!("user:{user}:commands")
}

/// The projection of one command's progress.
pub(crate) fn operation(id: OperationId) -> String {
    format!("operation:{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_names_its_graph() {
        let graph = GraphId::new("a:b.c").unwrap();
        let channel = GraphKeys::new(&graph).events();
        assert_eq!(channel, "graph:{a:b.c}:events");
        assert_eq!(GraphKeys::graph_of_channel(&channel), Some(graph));
        assert_eq!(GraphKeys::graph_of_channel("graph:{a}:state"), None);
    }
}
