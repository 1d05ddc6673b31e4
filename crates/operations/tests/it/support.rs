//! A node in this process, and what tests look at.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use graphy_engine::{EngineConfig, Intake, WorkerParts, Workers};
use graphy_model::{Limits, Role, UserId};
use graphy_operations::dispatch::OperationEntry;
use graphy_operations::{Caller, Operations, Parts, SystemFacts};
use graphy_protocol::ApiError;
use graphy_protocol::console::{ImportFormat, ImportRequest};
use graphy_store::testing::TestRedis;
pub(crate) use graphy_store::testing::{DEADLINE, until};
use graphy_store::{AuditLog, EventBus, GraphStore, LinkSettings, NodeRegistry, RedisLink};
use graphy_store::{
    RedisUrl, Replicas, ServerId, ServerNode, SessionSettings, Sessions, TokenStore,
};
use graphy_telemetry::board::StatusBoard;
use graphy_telemetry::{
    ArchiveSettings, Clock, ManualClock, Metrics, SharedClock, SystemClock, TaskRegistry,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// One node without a server.
pub(crate) struct Node {
    pub(crate) operations: Operations,
    pub(crate) store: GraphStore,
    pub(crate) intake: Intake,
    pub(crate) limits: Limits,
    pub(crate) board: StatusBoard,
    tasks: TaskRegistry,
    token: CancellationToken,
}

impl Node {
    /// Starts a node whose clock is the computer's.
    pub(crate) async fn start(url: &RedisUrl) -> Self {
        Self::start_at(url, url, SystemClock::shared(), false).await
    }

    /// Starts a node whose subscriptions stay with another server, which answers as ever.
    pub(crate) async fn start_hearing(url: &RedisUrl, elsewhere: &RedisUrl) -> Self {
        Self::start_at(url, elsewhere, SystemClock::shared(), false).await
    }

    /// Starts a node through which nothing can be changed.
    pub(crate) async fn start_read_only(url: &RedisUrl) -> Self {
        Self::start_at(url, url, SystemClock::shared(), true).await
    }

    /// Starts a node whose clock is ahead and stands still.
    pub(crate) async fn start_ahead(url: &RedisUrl, ahead: Duration) -> Self {
        let ahead_ms = u64::try_from(ahead.as_millis()).unwrap();
        Self::start_at(
            url,
            url,
            ManualClock::at(SystemClock.now_ms() + ahead_ms).shared(),
            false,
        )
        .await
    }

    /// Starts a node that keeps the history of its metrics in a folder.
    pub(crate) async fn start_keeping(url: &RedisUrl, folder: &std::path::Path) -> Self {
        let history = ArchiveSettings::in_folder(folder);
        Self::start_with(url, url, SystemClock::shared(), false, history).await
    }

    /// Ends the node and waits until it has written what it had to.
    pub(crate) async fn stop(self) {
        self.token.cancel();
        let running = self
            .tasks
            .ended_but(&["redis-query", "redis-write"], DEADLINE)
            .await;
        assert_eq!(running, Ok(()));
    }

    async fn start_at(
        url: &RedisUrl,
        heard: &RedisUrl,
        clock: SharedClock,
        read_only: bool,
    ) -> Self {
        Self::start_with(url, heard, clock, read_only, ArchiveSettings::in_memory()).await
    }

    async fn start_with(
        url: &RedisUrl,
        heard: &RedisUrl,
        clock: SharedClock,
        read_only: bool,
        history: ArchiveSettings,
    ) -> Self {
        let (tasks, token) = (TaskRegistry::default(), CancellationToken::new());
        let link = RedisLink::connect(url, LinkSettings::default(), &tasks)
            .await
            .unwrap();
        let store = GraphStore::new(link.clone(), clock.clone());
        let ear = RedisLink::connect(heard, LinkSettings::default(), &tasks)
            .await
            .unwrap();
        let events = EventBus::start(ear, &tasks, token.clone());
        let config = EngineConfig::default();
        let limits = config.limits.clone();
        let intake = Intake::start(
            config,
            &link,
            store.clone(),
            events,
            tasks.clone(),
            token.clone(),
        )
        .await
        .unwrap();
        let nodes = NodeRegistry::new(link.clone(), clock.clone());
        let node = server_node(&clock);
        nodes.announce(&node).await.unwrap();
        let board = StatusBoard::default();
        let operations = Operations::start(Parts {
            replicas: Replicas::new(store.clone(), 16),
            tokens: TokenStore::new(link.clone(), clock.clone()),
            sessions: Sessions::new(
                link.clone(),
                NodeRegistry::new(link.clone(), clock.clone()),
                SessionSettings::default(),
            ),
            nodes: nodes.clone(),
            node,
            read_only,
            audit: AuditLog::new(link, clock.clone(), 1000),
            store: store.clone(),
            intake: intake.clone(),
            metrics: Metrics::install().unwrap(),
            limits: limits.clone(),
            clock,
            tasks: tasks.clone(),
            token: token.clone(),
            facts: facts(url),
            board: board.clone(),
            probe_interval: Duration::ZERO,
            history,
        });
        Self {
            operations,
            store,
            intake,
            limits,
            board,
            tasks,
            token,
        }
    }

    /// Calls an operation by its name.
    pub(crate) async fn call(
        &self,
        role: Role,
        name: &str,
        payload: Value,
    ) -> Result<Value, ApiError> {
        let caller = caller(role);
        self.operations.dispatch(&caller, name, payload).await
    }

    /// Calls an operation with a payload that none takes: who passes its doors is told about the
    /// payload.
    pub(crate) async fn knock(&self, role: Role, entry: &OperationEntry) -> ApiError {
        let answer = self.call(role, entry.name, json!({"?": 1})).await;
        answer.expect_err("no operation takes this payload")
    }

    /// Starts workers beside the node.
    pub(crate) async fn workers(&self) -> Workers {
        let replicas = Replicas::new(self.store.clone(), 16);
        let parts = WorkerParts {
            queues: self.intake.queues().clone(),
            replicas,
            host: "test".to_owned(),
            clock: SystemClock::shared(),
            tasks: self.tasks.clone(),
            token: self.token.clone(),
            board: self.operations.board().clone(),
        };
        Workers::start(parts).await.unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

fn server_node(clock: &SharedClock) -> ServerNode {
    ServerNode {
        id: ServerId::random(),
        role: "all".to_owned(),
        host: "test".to_owned(),
        pid: std::process::id(),
        version: "0.0.0-test".to_owned(),
        started_at: clock.now_ms(),
    }
}

fn facts(url: &RedisUrl) -> SystemFacts {
    SystemFacts {
        version: "0.0.0-test".to_owned(),
        environment: "test".to_owned(),
        redis_url: url.to_string(),
        data_dir: None,
        api_url: "http://127.0.0.1:0".to_owned(),
        started_at: 1,
        settings: vec![("worker.concurrency", "16".to_owned())],
    }
}

pub(crate) fn caller(role: Role) -> Caller {
    Caller {
        user_id: UserId::new("ada").unwrap(),
        role,
        trace_id: "trace-1".to_owned(),
    }
}

/// Asks for the import of a text.
pub(crate) fn import_of(file_name: &str, text: impl Into<String>) -> ImportRequest {
    ImportRequest {
        format: ImportFormat::Auto,
        name: None,
        file_name: file_name.to_owned(),
        text: text.into(),
    }
}

/// The text of a graph with many nodes, each with an edge to the one before.
pub(crate) fn long_graph(nodes: usize) -> String {
    let lines: Vec<String> = (0..nodes)
        .map(|node| format!("{{\"id\":\"n{node}\"}}"))
        .collect();
    let edges: Vec<String> = (1..nodes)
        .map(|node| {
            format!(
                "{{\"id\":\"e{node}\",\"source\":\"n{node}\",\"target\":\"n{}\"}}",
                node - 1
            )
        })
        .collect();
    format!(
        "{{\"format\":\"graphy\",\"formatVersion\":1,\"name\":\"long\",\"nodes\":[{}],\"edges\":[{}]}}",
        lines.join(","),
        edges.join(",")
    )
}

/// Sends commands to a test's Redis over its loopback port, in its own protocol, and returns all
/// that it answers.
pub(crate) fn say(redis: &TestRedis, commands: &[&str]) -> String {
    let url = redis.tcp_url();
    let (login, rest) = url
        .expose()
        .trim_start_matches("redis://")
        .rsplit_once('@')
        .unwrap();
    let password = login.trim_start_matches(':');
    let mut socket = TcpStream::connect(rest.split('/').next().unwrap()).unwrap();
    let lines = commands.join("\r\n");
    socket
        .write_all(format!("AUTH {password}\r\n{lines}\r\nQUIT\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("+OK\r\n"), "{answer}");
    assert!(!answer.contains("\r\n-"), "{answer}");
    answer
}

/// Lists all keys of a test's Redis but those that nodes write about themselves.
pub(crate) fn keys(redis: &TestRedis) -> BTreeSet<String> {
    let answer = say(redis, &["KEYS *"]);
    assert!(answer.starts_with("+OK\r\n*"), "{answer}");
    answer
        .split("\r\n")
        .skip(2)
        .filter(|line| !line.is_empty() && !line.starts_with(['$', '+']))
        .filter(|line| !line.starts_with("node:"))
        // A node notes what it counts whenever it is time for that.
        .filter(|line| !line.starts_with("{ledger}:"))
        .map(str::to_owned)
        .collect()
}
