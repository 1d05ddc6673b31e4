//! A graph with its history, and people who send commands to it.

use std::collections::BTreeMap;

use graphy_model::checksum::{edge_text, node_text};
use graphy_model::graph::Settings;
use graphy_model::{
    AppliedOperation, Author, ClientId, Envelope, Epoch, Executed, Graph, Limits, OperationId,
    Recalled, Role, UndoStacks, UserId, execute,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A graph with its history, as a server keeps it.
pub(crate) struct Server {
    pub(crate) graph: Graph,
    pub(crate) past: Vec<AppliedOperation>,
    pub(crate) stacks: BTreeMap<String, UndoStacks>,
    pub(crate) sent: u128,
}

impl Server {
    pub(crate) fn new() -> Self {
        let mut graph = Graph::new(Epoch::new("e").unwrap(), 0);
        graph.load_settings(Settings {
            name: "graph".into(),
            owner: UserId::new("owner").ok(),
            ..Settings::default()
        });
        Self {
            graph,
            past: Vec::new(),
            stacks: BTreeMap::new(),
            sent: 0,
        }
    }

    /// Sends a command as somebody who had seen a version (none: everything).
    pub(crate) fn send(
        &mut self,
        user: &str,
        base: Option<u64>,
        kind: &str,
        payload: &Value,
    ) -> Executed {
        self.sent += 1;
        let operation_id = OperationId(Uuid::from_u128(self.sent));
        let envelope = Envelope::from_value(json!({
            "operationId": operation_id, "type": kind, "payload": payload,
        }))
        .unwrap();
        let stacks = self.stacks.entry(user.into()).or_default();
        let step = match kind {
            "UNDO" => stacks.to_undo(None),
            "REDO" => stacks.to_redo(None),
            _ => None,
        };
        let recalled = match (kind, step) {
            ("RESTORE_VERSION", _) => {
                let wanted = payload["version"].as_u64().unwrap();
                let since = self.past.iter().rev().filter(|one| one.version > wanted);
                Recalled::Since(since.cloned().collect())
            }
            (_, Some(step)) => Recalled::Target {
                operation: Box::new(self.past[step.version as usize - 1].clone()),
                own: stacks.own().clone(),
            },
            (_, None) => Recalled::Nothing,
        };
        let author = Author {
            client: ClientId::new(&format!("{user}-client")).ok(),
            base_version: base,
            timestamp_ms: 1000 + self.sent as u64,
            user: UserId::new(user).ok(),
            role: Some(Role::Editor),
            operation_id,
            recalled,
        };
        let limits = Limits::default();
        let executed = execute(&mut self.graph, &envelope.command, &author, &limits);
        if let Some(version) = executed.made {
            let operation = AppliedOperation {
                version,
                operation_id,
                replay_of: None,
                client_id: author.client,
                user_id: author.user.unwrap(),
                seq: None,
                command_type: envelope.command.command_type(),
                timestamp: author.timestamp_ms,
                changes: executed.changes.clone(),
                conflicts: executed.conflicts.clone(),
                target: executed.target.clone(),
                skipped: executed.skipped.clone(),
                inverse: executed.inverse.clone(),
            };
            stacks.note(&operation);
            self.past.push(operation);
        }
        executed
    }

    pub(crate) fn title(&self, id: &str) -> &str {
        &self.graph.nodes()[id].entity.title
    }

    pub(crate) fn content(&self) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let nodes = self.graph.nodes().values();
        let edges = self.graph.edges().values();
        (
            nodes
                .map(|entry| (entry.entity.id.to_string(), node_text(&entry.entity)))
                .collect(),
            edges
                .map(|entry| (entry.entity.id.to_string(), edge_text(&entry.entity)))
                .collect(),
        )
    }
}
