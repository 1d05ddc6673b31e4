//! The envelope of a command on the wire, and how it is read.
//!
//! Reading is strict: a field that the envelope does not have is refused by name. The names of
//! the first product documents are taken as aliases: `clientVersion`, `UPDATE_NODE_POSITION`,
//! `UPDATE_NODE_TITLE`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::command::{Atomicity, BatchUpdate, Command, ResolveConflict};
use crate::ids::{ClientId, Epoch, GraphId, OperationId};
use crate::outcome::{RejectCode, Rejection};

/// A command with all that its author says about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The command's identity.
    pub operation_id: OperationId,
    /// Which graph, where the place it came in does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_id: Option<GraphId>,
    /// Which client, for ordering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The client's counter for this graph, +1 for each command sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// What is asked.
    #[serde(flatten)]
    pub command: Command,
    /// The version that the author saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_version: Option<u64>,
    /// The epoch that the author saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// When the author acted, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// Which operation it replays, if an operator has one that failed carried out anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<OperationId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawEnvelope {
    operation_id: OperationId,
    #[serde(default)]
    graph_id: Option<GraphId>,
    #[serde(default)]
    client_id: Option<ClientId>,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    payload: Option<Value>,
    #[serde(default, alias = "clientVersion")]
    base_version: Option<u64>,
    #[serde(default)]
    epoch: Option<Epoch>,
    #[serde(default)]
    timestamp: Option<u64>,
    #[serde(default)]
    replay_of: Option<OperationId>,
}

impl Envelope {
    /// Reads an envelope from its JSON value.
    ///
    /// # Errors
    /// `invalid`, with the field at fault.
    pub fn from_value(value: Value) -> Result<Self, Rejection> {
        let raw: RawEnvelope = decode(value, "")?;
        if raw.seq == Some(0) {
            return Err(Rejection::new(RejectCode::Invalid, "seq counts from 1").on("seq"));
        }
        if raw.seq.is_some() && raw.client_id.is_none() {
            let message = "a seq needs the clientId whose counter it is";
            return Err(Rejection::new(RejectCode::Invalid, message).on("clientId"));
        }
        let payload = raw.payload.unwrap_or_else(|| Value::Object(Map::new()));
        Ok(Self {
            operation_id: raw.operation_id,
            graph_id: raw.graph_id,
            client_id: raw.client_id,
            seq: raw.seq,
            command: read_command(&raw.kind, payload, "payload")?,
            base_version: raw.base_version,
            epoch: raw.epoch,
            timestamp: raw.timestamp,
            replay_of: raw.replay_of,
        })
    }
}

/// Reads a command of the given type from its payload; `at` names the payload in messages.
fn read_command(kind: &str, payload: Value, at: &str) -> Result<Command, Rejection> {
    Ok(match kind {
        "CREATE_NODE" => Command::CreateNode(decode(payload, at)?),
        "UPDATE_NODE" => Command::UpdateNode(decode(payload, at)?),
        "UPDATE_NODE_POSITION" => Command::UpdateNode(decode(alias(payload, "position"), at)?),
        "UPDATE_NODE_TITLE" => Command::UpdateNode(decode(alias(payload, "title"), at)?),
        "DELETE_NODE" => Command::DeleteNode(decode(payload, at)?),
        "CREATE_EDGE" => Command::CreateEdge(decode(payload, at)?),
        "UPDATE_EDGE" => Command::UpdateEdge(decode(payload, at)?),
        "DELETE_EDGE" => Command::DeleteEdge(decode(payload, at)?),
        "UPDATE_VIEWPORT" => Command::UpdateViewport(decode(payload, at)?),
        "BATCH_UPDATE" => Command::BatchUpdate(read_batch(payload, at)?),
        "DELETE_GRAPH" => Command::DeleteGraph(decode(payload, at)?),
        "RESOLVE_CONFLICT" => Command::ResolveConflict(read_resolution(payload, at)?),
        "UNDO" => Command::Undo(decode(payload, at)?),
        "REDO" => Command::Redo(decode(payload, at)?),
        "RESTORE_VERSION" => Command::RestoreVersion(decode(payload, at)?),
        "UPDATE_PERMISSIONS" => Command::UpdatePermissions(decode(payload, at)?),
        "UPDATE_GRAPH" => Command::UpdateGraph(decode(payload, at)?),
        other => {
            let message = format!("there is no command type {:?}", clip(other));
            return Err(Rejection::new(RejectCode::Invalid, message).on("type"));
        }
    })
}

/// Reads a resolution; a `value` of null is a value too.
fn read_resolution(payload: Value, at: &str) -> Result<ResolveConflict, Rejection> {
    let null = payload.get("value").is_some_and(Value::is_null);
    let mut resolution: ResolveConflict = decode(payload, at)?;
    if null {
        resolution.value = Some(Value::Null);
    }
    Ok(resolution)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBatch {
    operations: Vec<RawOperation>,
    #[serde(default)]
    atomic: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOperation {
    #[serde(rename = "type")]
    kind: String,
    payload: Value,
}

fn read_batch(payload: Value, at: &str) -> Result<BatchUpdate, Rejection> {
    let raw: RawBatch = decode(payload, at)?;
    let operations = raw
        .operations
        .into_iter()
        .enumerate()
        .map(|(index, operation)| {
            let at = format!("{at}.operations[{index}].payload");
            read_command(&operation.kind, operation.payload, &at)
        })
        .collect::<Result<_, _>>()?;
    let atomic = match raw.atomic {
        Some(false) => Atomicity::BestEffort,
        Some(true) | None => Atomicity::AllOrNothing,
    };
    Ok(BatchUpdate { operations, atomic })
}

/// Turns `{id|nodeId, position|title}` into the payload of UPDATE_NODE.
fn alias(payload: Value, field: &str) -> Value {
    let Value::Object(mut map) = payload else {
        return payload;
    };
    if let Some(id) = map.remove("nodeId") {
        map.entry("id").or_insert(id);
    }
    if let Some(value) = map.remove(field) {
        let mut patch = Map::new();
        patch.insert(field.to_owned(), value);
        map.insert("patch".to_owned(), Value::Object(patch));
    }
    Value::Object(map)
}

/// Decodes a value and, where that fails, names the field at fault.
///
/// # Errors
/// `invalid`.
pub fn decode<T: DeserializeOwned>(value: Value, at: &str) -> Result<T, Rejection> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let message = clip(&in_words(&error.into_inner().to_string()));
        let mut field = if path == "." { String::new() } else { path };
        // serde names a missing field in its text only, and an unknown one only in some places.
        if let Some(missing) = message.strip_prefix("missing field `") {
            let name = missing.split('`').next().unwrap_or_default();
            field = if field.is_empty() {
                name.to_owned()
            } else {
                format!("{field}.{name}")
            };
        } else if let Some(unknown) = message.strip_prefix("unknown field `") {
            let name = unknown.split('`').next().unwrap_or_default();
            if field.rsplit('.').next() != Some(name) {
                field = if field.is_empty() {
                    name.to_owned()
                } else {
                    format!("{field}.{name}")
                };
            }
        }
        let field = match (at.is_empty(), field.is_empty()) {
            (true, _) => field,
            (false, true) => at.to_owned(),
            (false, false) => format!("{at}.{field}"),
        };
        let rejection = Rejection::new(RejectCode::Invalid, message);
        if field.is_empty() {
            rejection
        } else {
            rejection.on(clip(&field))
        }
    })
}

/// Leaves the names of our types out of serde's message: for others they are all objects.
fn in_words(message: &str) -> String {
    match message.split_once(", expected struct ") {
        Some((found, _)) => format!("{found}, expected an object"),
        None => message.to_owned(),
    }
}

/// Cuts a text from outside to a length that is fit for messages and logs.
#[must_use]
pub fn clip(text: &str) -> String {
    const CHARS_MAX: usize = 200;
    let mut out: String = text
        .chars()
        .take(CHARS_MAX)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a";

    fn refuse(value: Value) -> (String, String) {
        let rejection = Envelope::from_value(value).unwrap_err();
        assert_eq!(rejection.code, RejectCode::Invalid);
        (rejection.field.unwrap_or_default(), rejection.message)
    }

    #[test]
    fn faults_are_named() {
        let update =
            |payload: Value| json!({"operationId":ID,"type":"UPDATE_NODE","payload":payload});
        for (value, field) in [
            (
                json!({"operationId":ID,"type":"CREATE_NODE","payload":{"id":"a"},"wat":1}),
                "wat",
            ),
            (
                json!({"type":"CREATE_NODE","payload":{"id":"a"}}),
                "operationId",
            ),
            (
                json!({"operationId":"x","type":"CREATE_NODE","payload":{"id":"a"}}),
                "operationId",
            ),
            (json!({"operationId":ID,"type":"NOPE","payload":{}}), "type"),
            (
                json!({"operationId":ID,"type":"CREATE_NODE","payload":{"id":"a b"}}),
                "payload.id",
            ),
            (update(json!({"id":"a"})), "payload.patch"),
            (
                update(json!({"id":"a","patch":{"position":{"x":"1","y":2}}})),
                "payload.patch.position.x",
            ),
            (
                update(json!({"id":"a","patch":{"colour":1}})),
                "payload.patch.colour",
            ),
            (
                json!({"operationId":ID,"type":"DELETE_GRAPH","seq":0,"clientId":"c"}),
                "seq",
            ),
            (
                json!({"operationId":ID,"type":"DELETE_GRAPH","seq":1}),
                "clientId",
            ),
        ] {
            assert_eq!(refuse(value.clone()).0, field, "{value}");
        }
    }

    #[test]
    fn the_names_of_the_first_documents_are_understood() {
        let envelope = Envelope::from_value(json!({
            "operationId": ID, "type": "UPDATE_NODE_POSITION", "clientVersion": 7,
            "payload": {"nodeId": "a", "position": {"x": 1, "y": 2}},
        }))
        .unwrap();
        assert_eq!(envelope.base_version, Some(7));
        assert_eq!(envelope.command.only_moves().unwrap().as_str(), "a");
    }

    #[test]
    fn an_envelope_reads_its_own_text() {
        let value = json!({
            "operationId": ID, "graphId": "g", "clientId": "c", "seq": 3, "type": "UPDATE_NODE",
            "payload": {"id": "a", "patch": {"title": "b"}, "base": {"title": "a"}},
            "baseVersion": 4, "epoch": "e", "timestamp": 5,
        });
        let envelope = Envelope::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&envelope).unwrap(), value);
    }
}
