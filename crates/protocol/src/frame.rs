//! WebSocket frames: JSON text with a `type` tag.

use graphy_model::{
    AppliedOperation, Checksum, ClientId, Edge, EntityHash, Envelope, Epoch, GraphId, GraphMeta,
    Limits, Node, OperationId, Outcome, RejectCode, Rejection, Role, UserId, Viewport,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::error::ApiError;

/// Close codes: 4000..=4499 ask for a reconnect, 4500..=4999 forbid it.
pub mod close {
    /// The node is going away; another one, or this one later, will serve.
    pub const GOING_AWAY: u16 = 4000;
    /// The reader was too slow for what was sent to it.
    pub const SLOW_CONSUMER: u16 = 4001;
    /// Nothing was heard for too long.
    pub const IDLE: u16 = 4002;
    /// A frame broke the protocol.
    pub const PROTOCOL: u16 = 4500;
    /// The token is not valid, or not any more.
    pub const UNAUTHORIZED: u16 = 4501;
    /// The token does not allow this graph.
    pub const FORBIDDEN: u16 = 4503;
    /// There is no such graph, or not any more.
    pub const NOT_FOUND: u16 = 4504;

    /// Says whether a client should connect again after this code.
    #[must_use]
    pub fn reconnects(code: u16) -> bool {
        !(4500..=4999).contains(&code)
    }
}

/// The first frame of a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hello {
    /// A bearer token.
    pub token: String,
    /// The client's name for itself; one live socket per graph and client.
    pub client_id: ClientId,
    /// The graph, where the path does not name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub graph_id: Option<GraphId>,
    /// The epoch that the client holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub epoch: Option<Epoch>,
    /// The version that the client holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub version: Option<u64>,
    /// The commands of which the client does not know how they ended; at most 1000.
    #[serde(default)]
    pub pending: Vec<OperationId>,
}

/// What a client may send.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientFrame {
    /// Says who is there and what they hold.
    Hello(Hello),
    /// Asks for a change.
    Command(Box<Envelope>),
    /// Says that the client is alive.
    Heartbeat,
    /// Asks for everything since a version, or for the full state.
    RequestSync {
        /// The epoch that the client holds.
        epoch: Option<Epoch>,
        /// The version that the client holds; none asks for the full state.
        version: Option<u64>,
    },
    /// Says where the client looks; taken and not used yet.
    Presence,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SyncRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<Epoch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

/// Why a frame cannot be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFrame {
    /// The refusal to answer with.
    pub rejection: Rejection,
    /// The operation that it concerns, if it was a command that names one.
    pub operation_id: Option<OperationId>,
    /// That command's place in its client's order, if it names one.
    pub seq: Option<u64>,
}

impl From<Rejection> for BadFrame {
    fn from(rejection: Rejection) -> Self {
        Self {
            rejection,
            operation_id: None,
            seq: None,
        }
    }
}

impl ClientFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// The refusal to answer with, and which command it concerns if it was one.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        let invalid =
            |message: String| BadFrame::from(Rejection::new(RejectCode::Invalid, message));
        let value: Value = serde_json::from_str(text)
            .map_err(|error| invalid(format!("the frame is not JSON: {error}")))?;
        let Value::Object(mut map) = value else {
            return Err(invalid("a frame is a JSON object".to_owned()));
        };
        let kind = map
            .remove("type")
            .and_then(|kind| kind.as_str().map(str::to_owned));
        match kind.as_deref() {
            Some("hello") => Ok(Self::Hello(graphy_model::envelope::decode(
                Value::Object(map),
                "",
            )?)),
            Some("command") => parse_command(map),
            Some("heartbeat") => Ok(Self::Heartbeat),
            Some("presence") => Ok(Self::Presence),
            Some("request_sync") => {
                let request: SyncRequest = graphy_model::envelope::decode(Value::Object(map), "")?;
                Ok(Self::RequestSync {
                    epoch: request.epoch,
                    version: request.version,
                })
            }
            Some(other) => {
                let other = graphy_model::envelope::clip(other);
                let message = format!("there is no frame type {other:?}");
                Err(Rejection::new(RejectCode::Invalid, message)
                    .on("type")
                    .into())
            }
            None => Err(Rejection::new(RejectCode::Invalid, "a frame has a type")
                .on("type")
                .into()),
        }
    }

    /// Writes the frame.
    #[must_use]
    pub fn to_text(&self) -> String {
        let tagged = |kind: &str, value: Value| {
            let mut map = match value {
                Value::Object(map) => map,
                _ => serde_json::Map::new(),
            };
            map.insert("type".to_owned(), Value::String(kind.to_owned()));
            Value::Object(map).to_string()
        };
        let value = |result: Result<Value, serde_json::Error>| {
            result.expect("frames hold only texts, numbers and JSON values")
        };
        match self {
            Self::Hello(hello) => tagged("hello", value(serde_json::to_value(hello))),
            Self::Command(envelope) => {
                let envelope = value(serde_json::to_value(envelope));
                tagged("command", serde_json::json!({ "command": envelope }))
            }
            Self::Heartbeat => tagged("heartbeat", Value::Null),
            Self::Presence => tagged("presence", Value::Null),
            Self::RequestSync { epoch, version } => {
                let request = SyncRequest {
                    epoch: epoch.clone(),
                    version: *version,
                };
                tagged("request_sync", value(serde_json::to_value(request)))
            }
        }
    }
}

fn parse_command(mut map: serde_json::Map<String, Value>) -> Result<ClientFrame, BadFrame> {
    let command = map.remove("command").unwrap_or(Value::Null);
    let operation_id = command
        .get("operationId")
        .and_then(|id| serde_json::from_value(id.clone()).ok());
    let seq = command
        .get("seq")
        .and_then(Value::as_u64)
        .filter(|seq| *seq > 0);
    let bad = |rejection| BadFrame {
        rejection,
        operation_id,
        seq,
    };
    if let Some(unknown) = map.keys().next() {
        let message = format!("a command frame has no field {unknown:?}");
        return Err(bad(Rejection::new(RejectCode::Invalid, message)));
    }
    let envelope = Envelope::from_value(command).map_err(bad)?;
    Ok(ClientFrame::Command(Box::new(envelope)))
}

/// How a command of which the client was in doubt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Landed {
    /// Which command.
    pub operation_id: OperationId,
    /// How it ended.
    pub outcome: Outcome,
}

/// A node in a full state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HashedNode {
    /// The node.
    pub node: Node,
    /// Its hash.
    pub hash: EntityHash,
}

/// An edge in a full state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HashedEdge {
    /// The edge.
    pub edge: Edge,
    /// Its hash.
    pub hash: EntityHash,
}

/// What brings a client to the present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "mode",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Sync {
    /// The client has everything.
    InSync {
        /// The life of the graph.
        epoch: Epoch,
        /// Its version.
        #[ts(type = "number")]
        version: u64,
        /// Its checksum.
        checksum: Checksum,
        /// Which of the client's pending commands ended how.
        landed: Vec<Landed>,
    },
    /// The client lacks these operations; chunked, `last` marks the end.
    Behind {
        /// The life of the graph.
        epoch: Epoch,
        /// The version before the first operation here.
        #[ts(type = "number")]
        from_version: u64,
        /// The version after the last operation here.
        #[ts(type = "number")]
        to_version: u64,
        /// The operations, in order.
        operations: Vec<AppliedOperation>,
        /// The checksum after the last operation of the last chunk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        checksum: Option<Checksum>,
        /// Which of the client's pending commands ended how; on the last chunk.
        #[serde(default)]
        landed: Vec<Landed>,
        /// Whether this is the last chunk.
        last: bool,
    },
    /// The whole state, in chunks 0..chunks.
    Full {
        /// The life of the graph.
        epoch: Epoch,
        /// Its version; the same in every chunk.
        #[ts(type = "number")]
        version: u64,
        /// Which chunk this is, from 0.
        chunk: u32,
        /// How many there are.
        chunks: u32,
        /// Some of the nodes.
        nodes: Vec<HashedNode>,
        /// Some of the edges.
        edges: Vec<HashedEdge>,
        /// Where the reader looked last; on the last chunk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        viewport: Option<Viewport>,
        /// The checksum of the whole; on the last chunk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        checksum: Option<Checksum>,
        /// Which of the client's pending commands ended how; on the last chunk.
        #[serde(default)]
        landed: Vec<Landed>,
    },
}

/// What a server sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum ServerFrame {
    /// The client is known; a `sync` follows.
    Welcome {
        /// Names this socket in logs.
        session_id: String,
        /// Whose token it was.
        user_id: UserId,
        /// What the token allows.
        role: Role,
        /// The life of the graph.
        epoch: Epoch,
        /// Its version.
        #[ts(type = "number")]
        version: u64,
        /// What else is known of it.
        graph: GraphMeta,
        /// What commands may weigh.
        limits: Limits,
        /// How often the server speaks at least, in milliseconds.
        #[ts(type = "number")]
        heartbeat_ms: u64,
    },
    /// Brings the client to the present.
    Sync(Sync),
    /// Operations that were just applied.
    StateUpdate {
        /// The life of the graph.
        epoch: Epoch,
        /// The version before the first operation; must be the client's.
        #[ts(type = "number")]
        from_version: u64,
        /// The version after the last one.
        #[ts(type = "number")]
        to_version: u64,
        /// The operations, in order.
        operations: Vec<AppliedOperation>,
        /// The checksum after the last one.
        checksum: Checksum,
    },
    /// How a command of this client ended; comes after the update that holds its version.
    CommandResult {
        /// Which command.
        operation_id: OperationId,
        /// How it ended.
        outcome: Outcome,
    },
    /// A command of this client was refused for good.
    Revert {
        /// Which command.
        operation_id: OperationId,
        /// The reason, for programs.
        code: RejectCode,
        /// The reason, for people.
        message: String,
        /// The field at fault, if one is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        field: Option<String>,
    },
    /// Nothing happened lately; this is where the graph stands.
    Heartbeat {
        /// The life of the graph.
        epoch: Epoch,
        /// Its version.
        #[ts(type = "number")]
        version: u64,
    },
    /// Who else is there; not sent yet.
    Presence {},
    /// A frame of the client could not be served.
    Error {
        /// Why.
        #[serde(flatten)]
        error: ApiError,
        /// Which command it was, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        operation_id: Option<OperationId>,
    },
    /// The node stops; connect again after a while.
    GoingAway {
        /// How long to wait, in milliseconds.
        #[ts(type = "number")]
        retry_after_ms: u64,
    },
}

impl ServerFrame {
    /// Writes the frame.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("frames hold only texts, numbers and JSON values")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn client_frames_read_what_they_write() {
        let envelope = Envelope::from_value(json!({
            "operationId": "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a",
            "clientId": "c", "seq": 1, "type": "DELETE_NODE", "payload": {"id": "a"},
        }))
        .unwrap();
        for frame in [
            ClientFrame::Command(Box::new(envelope)),
            ClientFrame::Heartbeat,
            ClientFrame::RequestSync {
                epoch: None,
                version: Some(3),
            },
            ClientFrame::Hello(Hello {
                token: "t".into(),
                client_id: ClientId::new("c").unwrap(),
                graph_id: None,
                epoch: None,
                version: None,
                pending: vec![],
            }),
        ] {
            assert_eq!(ClientFrame::parse(&frame.to_text()).unwrap(), frame);
        }
    }

    #[test]
    fn a_broken_command_frame_still_names_its_operation() {
        let text = r#"{"type":"command","command":{"operationId":"01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a","clientId":"c","seq":4,"type":"CREATE_NODE","payload":{}}}"#;
        let bad = ClientFrame::parse(text).unwrap_err();
        assert_eq!(bad.rejection.field.as_deref(), Some("payload.id"));
        assert!(bad.operation_id.is_some());
        assert_eq!(bad.seq, Some(4));
    }

    #[test]
    fn frames_have_their_tags() {
        let sync = ServerFrame::Sync(Sync::InSync {
            epoch: Epoch::new("e").unwrap(),
            version: 1,
            checksum: Checksum(7),
            landed: vec![],
        });
        let text = sync.to_text();
        assert!(
            text.starts_with(r#"{"type":"sync","mode":"in_sync","#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<ServerFrame>(&text).unwrap(), sync);
    }
}
