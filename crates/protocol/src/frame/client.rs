//! What a client may send.

use graphy_model::{ClientId, Envelope, Epoch, GraphId, OperationId, RejectCode, Rejection};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::presence::PresenceState;

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
    /// What to call this person; the token's user if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// The piece of a full state that came through before the connection was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub partial: Option<PartialState>,
    /// How long the client wanted a socket and had none, in milliseconds; absent the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub away_ms: Option<u64>,
}

/// The first chunks of a full state, which a client holds and needs not get again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartialState {
    /// The life of the graph.
    pub epoch: Epoch,
    /// The version of the full state.
    #[ts(type = "number")]
    pub version: u64,
    /// How many chunks of it the client holds, from the first on.
    pub chunks: u32,
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
        /// The buckets of entities in which the client's digests differ; none for everything.
        buckets: Option<Vec<u16>>,
    },
    /// Asks for the digests of all buckets, to find out where a replica differs.
    RequestDigests,
    /// Says where the client is and what it holds.
    Presence(PresenceState),
    /// Replaces the socket's token before it expires.
    Token {
        /// A bearer token of the same user.
        token: String,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SyncRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<Epoch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    buckets: Option<Vec<u16>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    token: String,
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
            Some("presence") => Ok(Self::Presence(graphy_model::envelope::decode(
                Value::Object(map),
                "",
            )?)),
            Some("request_digests") => Ok(Self::RequestDigests),
            Some("token") => {
                let NewToken { token } = graphy_model::envelope::decode(Value::Object(map), "")?;
                Ok(Self::Token { token })
            }
            Some("request_sync") => {
                let request: SyncRequest = graphy_model::envelope::decode(Value::Object(map), "")?;
                Ok(Self::RequestSync {
                    epoch: request.epoch,
                    version: request.version,
                    buckets: request.buckets,
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
            Self::Presence(state) => tagged("presence", value(serde_json::to_value(state))),
            Self::RequestDigests => tagged("request_digests", Value::Null),
            Self::Token { token } => {
                let token = token.clone();
                tagged("token", value(serde_json::to_value(NewToken { token })))
            }
            Self::RequestSync {
                epoch,
                version,
                buckets,
            } => {
                let request = SyncRequest {
                    epoch: epoch.clone(),
                    version: *version,
                    buckets: buckets.clone(),
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
                buckets: Some(vec![1, 2]),
            },
            ClientFrame::RequestDigests,
            ClientFrame::Token { token: "t".into() },
            ClientFrame::Presence(PresenceState {
                selection: vec![graphy_model::NodeId::new("n").unwrap()],
                ..PresenceState::default()
            }),
            ClientFrame::Hello(Hello {
                token: "t".into(),
                client_id: ClientId::new("c").unwrap(),
                graph_id: None,
                epoch: None,
                version: None,
                pending: vec![],
                name: None,
                partial: None,
                away_ms: None,
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
}
