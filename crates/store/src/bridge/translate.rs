//! From our names and shapes to those of the collaboration plan.

use graphy_model::{AppliedOperation, GraphId};
use serde_json::{Value, json};

use super::people::{Move, Person};

/// A message for old consumers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Broadcast {
    pub(super) channel: String,
    pub(super) text: String,
}

/// Names the stream of a graph's operations.
pub(super) fn stream(graph: &GraphId) -> String {
    format!("operations:{graph}")
}

/// Says an operation as the plan does, and adds what it really did.
pub(super) fn operation(graph: &GraphId, operation: &AppliedOperation) -> Value {
    json!({
        "id": operation.operation_id,
        "type": operation.command_type,
        "projectId": graph,
        "userId": operation.user_id,
        "clientId": operation.client_id,
        "timestamp": operation.timestamp,
        "version": operation.version,
        "changes": operation.changes,
    })
}

/// The names of the channels.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: Option<&str>) -> Self {
        let prefix = prefix.map(|prefix| format!("{prefix}:"));
        Self {
            prefix: prefix.unwrap_or_default(),
        }
    }

    pub(super) fn operation(&self, graph: &GraphId, applied: &AppliedOperation) -> Broadcast {
        let payload = operation(graph, applied);
        self.broadcast(&format!("project:{graph}"), "OPERATION_BROADCAST", &payload)
    }

    pub(super) fn people(&self, moves: &[Move]) -> Vec<Broadcast> {
        moves.iter().flat_map(|one| self.person(one)).collect()
    }

    fn person(&self, one: &Move) -> Vec<Broadcast> {
        let both = |person: &Person, kind: &str| {
            let payload = identity(person);
            vec![
                self.broadcast(&format!("user:{}", person.user), kind, &payload),
                self.broadcast(&format!("project:{}", person.graph), kind, &payload),
            ]
        };
        match one {
            Move::Came(person) => both(person, "USER_JOIN"),
            Move::Left(person) => both(person, "USER_LEAVE"),
            Move::Told(person, state, away) => {
                let mut payload = identity(person);
                payload["awareness"] = json!({
                    "userName": person.name,
                    "cursor": state.get("cursor"),
                    "selection": state.get("selection"),
                    "viewport": state.get("viewport"),
                    "away": away,
                });
                vec![self.broadcast("global:awareness", "AWARENESS_UPDATE", &payload)]
            }
        }
    }

    fn broadcast(&self, channel: &str, kind: &str, payload: &Value) -> Broadcast {
        Broadcast {
            channel: format!("{}{channel}", self.prefix),
            text: json!({"type": kind, "payload": payload}).to_string(),
        }
    }
}

fn identity(person: &Person) -> Value {
    json!({
        "projectId": person.graph,
        "userId": person.user,
        "userName": person.name,
        "sessionId": person.session,
    })
}
