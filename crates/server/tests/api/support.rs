//! A whole node on a Redis of its own, and clients that speak the wire by hand.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use graphy_model::{Role, UserId};
use graphy_server::{Node, NodeSettings};
use graphy_store::testing::TestRedis;
use graphy_store::tokens::NewToken;
use graphy_store::{RedisConfig, TokenId};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct TestNode {
    pub(crate) node: Node,
    pub(crate) redis: TestRedis,
    pub(crate) admin: String,
    pub(crate) http: reqwest::Client,
}

impl TestNode {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut NodeSettings)) -> Self {
        let redis = TestRedis::start().await;
        let node = Self::node_on(&redis, change).await;
        let admin = token(&node, Role::Admin).await.0;
        Self {
            node,
            redis,
            admin,
            http: reqwest::Client::new(),
        }
    }

    /// Starts one more node on a Redis.
    pub(crate) async fn node_on(redis: &TestRedis, change: impl FnOnce(&mut NodeSettings)) -> Node {
        let mut settings = NodeSettings::new(RedisConfig::Url(redis.url()));
        change(&mut settings);
        Node::start(settings).await.expect("the node starts")
    }

    pub(crate) async fn token(&self, role: Role) -> String {
        token(&self.node, role).await.0
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.node.api_url())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.http.get(self.url(path)).bearer_auth(&self.admin)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(
            self.http
                .post(self.url(path))
                .bearer_auth(&self.admin)
                .json(body),
        )
        .await
    }

    pub(crate) async fn graph(&self, id: &str) {
        let (status, body) = self
            .post("/api/v2/graphs", &json!({"name": id, "graphId": id}))
            .await;
        assert_eq!(status, 201, "{body}");
    }

    /// Sends a command over HTTP and waits until it has ended.
    pub(crate) async fn command(&self, graph: &str, kind: &str, payload: Value) -> Value {
        let body = envelope(kind, payload);
        let (status, answer) = self
            .post(&format!("/api/v2/graphs/{graph}/command"), &body)
            .await;
        assert_eq!(status, 202, "{answer}");
        self.outcome(&answer["operationId"]).await
    }

    pub(crate) async fn outcome(&self, id: &Value) -> Value {
        let id = id.as_str().expect("an id");
        let (status, body) = self
            .get(&format!("/api/v2/operations/{id}?wait=20000"))
            .await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub(crate) async fn socket(&self, graph: &str) -> Socket {
        connect(&self.node, &format!("/api/v2/graphs/{graph}/subscribe")).await
    }

    /// Opens a socket and says hello; returns it after its first sync.
    pub(crate) async fn editor(&self, graph: &str, client: &str) -> (Socket, Value) {
        let mut socket = self.socket(graph).await;
        socket
            .send(&json!({"type":"hello","token":self.admin,"clientId":client}))
            .await;
        assert_eq!(socket.frame().await["type"], "welcome");
        let sync = socket.frame().await;
        assert_eq!(sync["type"], "sync", "{sync}");
        (socket, sync)
    }

    pub(crate) async fn stop(self) {
        self.node.shutdown().await;
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

pub(crate) async fn token(node: &Node, role: Role) -> (String, TokenId) {
    let new = NewToken {
        name: format!("test {}", role.as_str()),
        role,
        user_id: UserId::new(&format!("user-{}", role.as_str())).expect("an id"),
        life: Some(Duration::from_secs(3600)),
    };
    let issued = node.tokens().create(new).await.expect("a token");
    (issued.text.expose(), issued.record.id)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "callers write the payload in place"
)]
pub(crate) fn envelope(kind: &str, payload: Value) -> Value {
    json!({"operationId": uuid::Uuid::now_v7(), "type": kind, "payload": payload})
}

/// Makes a token of a user's.
pub(crate) async fn token_of(node: &Node, user: &str, role: Role) -> (String, TokenId) {
    let new = NewToken {
        name: user.to_owned(),
        role,
        user_id: UserId::new(user).expect("an id"),
        life: Some(Duration::from_secs(3600)),
    };
    let issued = node.tokens().create(new).await.expect("a token");
    (issued.text.expose(), issued.record.id)
}

/// Opens a socket on a node and says hello; returns it with its welcome and its first sync.
pub(crate) async fn enter(node: &Node, graph: &str, token: &str, client: &str) -> (Socket, Value) {
    let mut socket = connect(node, &format!("/api/v2/graphs/{graph}/subscribe")).await;
    socket
        .send(&json!({"type": "hello", "token": token, "clientId": client, "name": client}))
        .await;
    let welcome = socket.frame().await;
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    assert_eq!(socket.frame().await["type"], "sync");
    (socket, welcome)
}

/// A raw WebSocket.
pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    client: String,
}

pub(crate) async fn connect(node: &Node, path: &str) -> Socket {
    let url = format!("ws://{}{path}", node.address());
    let (socket, _) = tokio_tungstenite::connect_async(url)
        .await
        .expect("a socket");
    Socket {
        stream: socket,
        client: String::new(),
    }
}

/// Tries a handshake with an Origin; returns the status.
pub(crate) async fn handshake(node: &Node, path: &str, headers: &[(&'static str, &str)]) -> u16 {
    let url = format!("ws://{}{path}", node.address());
    let mut request = url.into_client_request().expect("well formed");
    for (name, value) in headers {
        request
            .headers_mut()
            .insert(*name, value.parse().expect("well formed"));
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}

impl Socket {
    pub(crate) async fn send(&mut self, frame: &Value) {
        if let Some(client) = frame["clientId"].as_str() {
            client.clone_into(&mut self.client);
        }
        self.stream
            .send(Message::Text(frame.to_string().into()))
            .await
            .expect("sent");
    }

    /// Sends a command as the given client's nth.
    pub(crate) async fn command(&mut self, seq: u64, kind: &str, payload: Value) -> String {
        let mut command = envelope(kind, payload);
        if seq > 0 {
            command["seq"] = seq.into();
            command["clientId"] = self.client.as_str().into();
        }
        let id = command["operationId"]
            .as_str()
            .expect("well formed")
            .to_owned();
        self.send(&json!({"type": "command", "command": command}))
            .await;
        id
    }

    /// Waits for the next frame that is neither a heartbeat nor of presence.
    pub(crate) async fn frame(&mut self) -> Value {
        loop {
            let frame = self.any_frame().await;
            if frame["type"] != "presence" {
                return frame;
            }
        }
    }

    /// Waits for the next frame that is not a heartbeat.
    pub(crate) async fn any_frame(&mut self) -> Value {
        match self.next().await {
            Next::Frame(frame) => frame,
            Next::Closed(code) => panic!("closed with {code} instead of a frame"),
        }
    }

    /// Waits for a frame of a type, skipping others.
    pub(crate) async fn frame_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Waits until the socket is closed and returns the code.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Next::Closed(code) = self.next().await {
                return code;
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Next {
        // Heartbeats do not extend it.
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let message = tokio::time::timeout_at(deadline, self.stream.next())
                .await
                .expect("in time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("JSON");
                    if frame["type"] != "heartbeat" {
                        return Next::Frame(frame);
                    }
                }
                Some(Ok(Message::Close(Some(frame)))) => return Next::Closed(frame.code.into()),
                Some(Ok(Message::Close(None))) => return Next::Closed(1005),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Next::Closed(1006),
            }
        }
    }
}

pub(crate) enum Next {
    Frame(Value),
    Closed(u16),
}
