//! One editor on a socket, frame by frame.

use futures_util::{SinkExt as _, StreamExt as _};
use graphy_client::NodeUrl;
use graphy_model::GraphId;
use graphy_testkit::cluster::PATIENCE;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

/// An open socket.
pub(crate) struct Editor {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    epoch: Value,
    version: Value,
}

impl Editor {
    /// Says hello and waits for the sync; `held` is what the client holds from before.
    pub(crate) async fn open(
        node: &NodeUrl,
        graph: &GraphId,
        token: &str,
        client: &str,
        held: Option<(Value, Value)>,
    ) -> Self {
        let (socket, _) = connect_async(node.subscribe(graph)).await.unwrap();
        let mut editor = Self {
            socket,
            epoch: Value::Null,
            version: Value::Null,
        };
        let mut hello = json!({"type": "hello", "token": token, "clientId": client});
        if let Some((epoch, version)) = held {
            hello["epoch"] = epoch;
            hello["version"] = version;
            hello["awayMs"] = 1500.into();
        }
        editor.say(&hello).await;
        let welcome = editor.until("welcome").await;
        editor.epoch = welcome["epoch"].clone();
        editor.version = welcome["version"].clone();
        editor.until("sync").await;
        editor
    }

    /// Makes a node and waits until it is told how that ended.
    pub(crate) async fn edit(&mut self) {
        let command = json!({"type": "CREATE_NODE", "operationId": Uuid::now_v7(),
            "payload": {"id": Uuid::now_v7().to_string()}});
        self.say(&json!({"type": "command", "command": command}))
            .await;
        let result = self.until("command_result").await;
        self.version = result["outcome"]["version"].clone();
    }

    /// Sends something that cannot be done and waits for the refusal.
    pub(crate) async fn refused(&mut self) {
        let command = json!({"type": "DELETE_NODE", "operationId": Uuid::now_v7(),
            "payload": {"nodeId": "never-was"}});
        self.say(&json!({"type": "command", "command": command}))
            .await;
        self.until("revert").await;
    }

    /// Drops the connection without a goodbye; returns what the client holds.
    pub(crate) fn lose(self) -> (Value, Value) {
        (self.epoch, self.version)
    }

    /// Waits for a frame of a kind.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        let wanted = async {
            loop {
                let message = self.socket.next().await.unwrap().unwrap();
                if let Message::Text(text) = message {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] == kind {
                        return frame;
                    }
                }
            }
        };
        timeout(PATIENCE, wanted)
            .await
            .unwrap_or_else(|_| panic!("no {kind} came"))
    }

    async fn say(&mut self, frame: &Value) {
        self.socket
            .send(Message::text(frame.to_string()))
            .await
            .unwrap();
    }
}
