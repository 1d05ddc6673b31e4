//! A small server that speaks the protocol as its test says.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use graphy_client::{GraphSession, SessionConfig, SessionEvent, SessionStatus, Timing};
use graphy_model::{
    AppliedOperation, Checksum, ClientId, Command, CommandType, Envelope, Epoch, GraphId,
    GraphMeta, GraphRole, Limits, Node, OperationId, Outcome, Role, UserId,
};
use graphy_protocol::{ClientFrame, Hello, Landed, ServerFrame, Sync};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited too long for {what}"))
}

pub(crate) fn epoch() -> Epoch {
    Epoch::new("e1").unwrap()
}

/// Waits that make lost sockets cheap, and others that never matter.
pub(crate) fn timing() -> Timing {
    Timing {
        reconnect_first: Duration::from_millis(5),
        reconnect_longest: Duration::from_millis(50),
        ..Timing::default()
    }
}

pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub(crate) fn config(&self) -> SessionConfig {
        SessionConfig {
            url: format!("http://{}", self.listener.local_addr().unwrap())
                .parse()
                .unwrap(),
            token: "secret".into(),
            graph_id: GraphId::new("g").unwrap(),
            client_id: ClientId::new("me").unwrap(),
        }
    }

    pub(crate) fn open(&self, timing: Timing) -> (GraphSession, Reader) {
        let (session, events) = GraphSession::open_with(self.config(), timing);
        (session, Reader(events))
    }

    /// Takes the next connection as a bare stream.
    pub(crate) async fn tcp(&self) -> TcpStream {
        soon("a connection", self.listener.accept())
            .await
            .unwrap()
            .0
    }

    /// Takes the next socket and its hello.
    pub(crate) async fn greet(&self) -> (Peer, Hello) {
        let socket = tokio_tungstenite::accept_async(self.tcp().await)
            .await
            .unwrap();
        let mut peer = Peer(socket);
        match peer.next().await {
            ClientFrame::Hello(hello) => (peer, hello),
            other => panic!("a hello was expected, not {other:?}"),
        }
    }

    /// Takes the next socket and brings it to the present.
    pub(crate) async fn welcome(&self, version: u64, landed: Vec<Landed>) -> (Peer, Hello) {
        let (mut peer, hello) = self.greet().await;
        peer.send(&welcome(version)).await;
        let frame = if hello.version == Some(version) {
            ServerFrame::Sync(Sync::InSync {
                epoch: epoch(),
                version,
                checksum: Checksum(0),
                landed,
            })
        } else {
            full(version, landed)
        };
        peer.send(&frame).await;
        (peer, hello)
    }
}

pub(crate) struct Peer(WebSocketStream<TcpStream>);

impl Peer {
    pub(crate) fn new(socket: WebSocketStream<TcpStream>) -> Self {
        Self(socket)
    }

    /// Sends a frame to a client that may have gone.
    pub(crate) async fn try_send(&mut self, frame: &ServerFrame) -> Result<(), ()> {
        let sent = self.0.send(Message::text(frame.to_text())).await;
        sent.map_err(|_| ())
    }

    pub(crate) async fn send(&mut self, frame: &ServerFrame) {
        self.0.send(Message::text(frame.to_text())).await.unwrap();
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// Returns the next frame of the client, or none if the socket ended.
    pub(crate) async fn try_next(&mut self) -> Option<ClientFrame> {
        loop {
            match soon("a frame of the client", self.0.next()).await? {
                Ok(Message::Text(text)) => return Some(ClientFrame::parse(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub(crate) async fn next(&mut self) -> ClientFrame {
        self.try_next().await.expect("the client went away")
    }

    pub(crate) async fn command(&mut self) -> Envelope {
        match self.next().await {
            ClientFrame::Command(envelope) => *envelope,
            other => panic!("a command was expected, not {other:?}"),
        }
    }

    pub(crate) async fn close(mut self, code: u16) {
        let frame = CloseFrame {
            code: code.into(),
            reason: "because".into(),
        };
        // The client may be quicker to drop the socket.
        drop(self.0.close(Some(frame)).await);
        while let Some(Ok(_)) = soon("the end of the socket", self.0.next()).await {}
    }
}

pub(crate) struct Reader(pub(crate) mpsc::Receiver<SessionEvent>);

impl Reader {
    pub(crate) async fn next(&mut self) -> Option<SessionEvent> {
        soon("an event", self.0.recv()).await
    }

    pub(crate) async fn status(&mut self) -> SessionStatus {
        soon("a status", self.any_status()).await
    }

    async fn any_status(&mut self) -> SessionStatus {
        loop {
            if let SessionEvent::Status(status) = self.next().await.expect("the session is over") {
                return status;
            }
        }
    }

    pub(crate) async fn online(&mut self) {
        while self.status().await != SessionStatus::Online {}
    }

    pub(crate) async fn frame(&mut self) -> ServerFrame {
        soon("a frame", self.any_frame()).await
    }

    async fn any_frame(&mut self) -> ServerFrame {
        loop {
            if let SessionEvent::Frame(frame) = self.next().await.expect("the session is over") {
                return frame.frame;
            }
        }
    }
}

pub(crate) fn welcome(version: u64) -> ServerFrame {
    welcome_to("e1", version)
}

pub(crate) fn welcome_to(epoch: &str, version: u64) -> ServerFrame {
    ServerFrame::Welcome {
        session_id: "s".into(),
        user_id: UserId::new("u").unwrap(),
        role: Role::Editor,
        access: GraphRole::Edit,
        epoch: Epoch::new(epoch).unwrap(),
        version,
        graph: GraphMeta {
            graph_id: GraphId::new("g").unwrap(),
            name: "g".into(),
            owner_id: UserId::new("u").unwrap(),
            created_at: 0,
            updated_at: 0,
        },
        limits: Limits::default(),
        heartbeat_ms: 10_000,
    }
}

pub(crate) fn full(version: u64, landed: Vec<Landed>) -> ServerFrame {
    full_with("e1", version, landed)
}

pub(crate) fn full_of(epoch: &str, version: u64) -> ServerFrame {
    full_with(epoch, version, vec![])
}

fn full_with(epoch: &str, version: u64, landed: Vec<Landed>) -> ServerFrame {
    ServerFrame::Sync(Sync::Full {
        epoch: Epoch::new(epoch).unwrap(),
        version,
        chunk: 0,
        chunks: 1,
        nodes: vec![],
        edges: vec![],
        conflicts: vec![],
        settings: None,
        viewport: None,
        checksum: Some(Checksum(0)),
        landed,
    })
}

pub(crate) fn operation(version: u64) -> AppliedOperation {
    AppliedOperation {
        version,
        operation_id: graphy_client::new_operation_id(),
        replay_of: None,
        client_id: None,
        user_id: UserId::new("u").unwrap(),
        seq: None,
        command_type: CommandType::CreateNode,
        timestamp: 0,
        changes: vec![],
        inverse: vec![],
        conflicts: vec![],
        target: None,
        skipped: vec![],
    }
}

pub(crate) fn update(from_version: u64, to_version: u64) -> ServerFrame {
    ServerFrame::StateUpdate {
        epoch: epoch(),
        from_version,
        to_version,
        operations: (from_version + 1..=to_version).map(operation).collect(),
        checksum: Checksum(0),
    }
}

pub(crate) fn behind(from_version: u64, to_version: u64) -> ServerFrame {
    ServerFrame::Sync(Sync::Behind {
        epoch: epoch(),
        from_version,
        to_version,
        operations: vec![],
        checksum: Some(Checksum(0)),
        landed: vec![],
        last: true,
    })
}

pub(crate) fn result(operation_id: OperationId, version: u64) -> ServerFrame {
    ServerFrame::CommandResult {
        operation_id,
        outcome: Outcome::Applied { version },
    }
}

pub(crate) fn node(id: &str) -> Command {
    let text = format!(r#"{{"id":"{id}"}}"#);
    Command::CreateNode(serde_json::from_str::<Node>(&text).unwrap())
}
