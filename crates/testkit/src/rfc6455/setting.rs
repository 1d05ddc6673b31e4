//! Where cases are played: a node, a graph on it, and a token.

use graphy_model::GraphId;
use serde_json::{Value, json};
use uuid::Uuid;

/// The key of the example in RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// A command that makes a node, and its text as a frame carries it.
#[derive(Debug, Clone)]
pub struct Command {
    /// The command's id.
    pub id: Uuid,
    /// The frame's JSON.
    pub text: String,
}

impl Command {
    /// Fills the text with blanks, which JSON allows, to a length in bytes.
    #[must_use]
    pub fn padded_to(mut self, length: usize) -> Self {
        let blanks = length.saturating_sub(self.text.len());
        self.text.push_str(&" ".repeat(blanks));
        self
    }
}

/// A node, a graph and a token.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Host and port.
    pub address: String,
    /// The graph that is edited.
    pub graph: GraphId,
    /// A token that may edit it.
    pub token: String,
}

impl Setting {
    /// Returns the path of the graph's socket.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/api/v2/graphs/{}/subscribe", self.graph)
    }

    /// Makes a handshake with these fields besides `Host`.
    #[must_use]
    pub fn request_with(&self, fields: &[&str]) -> String {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
            self.path(),
            self.address
        )
    }

    /// Makes a good handshake.
    #[must_use]
    pub fn request(&self) -> String {
        self.request_with(&[
            "Upgrade: websocket",
            "Connection: Upgrade",
            &format!("Sec-WebSocket-Key: {KEY}"),
            "Sec-WebSocket-Version: 13",
        ])
    }

    /// Makes a good handshake with the console's socket.
    #[must_use]
    pub fn console_request(&self) -> String {
        self.request()
            .replacen(&self.path(), "/api/v2/console/live", 1)
    }

    /// Makes the first frame's text; each time for another client.
    #[must_use]
    pub fn hello(&self) -> String {
        let client = Uuid::now_v7().to_string();
        json!({"type": "hello", "token": self.token, "clientId": client}).to_string()
    }

    /// Makes a command that adds a node with a title.
    #[must_use]
    pub fn command_titled(&self, title: &str) -> Command {
        let id = Uuid::now_v7();
        let payload: Value = json!({"id": format!("n-{id}"), "title": title});
        let command = json!({"operationId": id, "type": "CREATE_NODE", "payload": payload});
        Command {
            id,
            text: json!({"type": "command", "command": command}).to_string(),
        }
    }

    /// Makes a command that adds a node.
    #[must_use]
    pub fn command(&self) -> Command {
        self.command_titled("a node")
    }
}
