//! A node in one process: intake, worker, replicas and event bus on a Redis of its own.

use std::time::Duration;

use graphy_engine::{EngineConfig, Intake, Queues, Submission, WorkerParts, Workers};
use graphy_model::{
    ClientId, Command, Envelope, GraphId, OperationId, Outcome, Rejection, Role, UserId,
};
use graphy_store::graph::Visibility;
use graphy_store::testing::TestRedis;
use graphy_store::{EventBus, GraphStore, RedisLink, RedisUrl, Replicas};
use graphy_telemetry::TaskRegistry;
use graphy_telemetry::board::StatusBoard;
use graphy_telemetry::clock::SystemClock;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long any one thing may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Fixture {
    // Dropped in this order: the node before its Redis.
    pub(crate) workers: Option<Workers>,
    pub(crate) intake: Intake,
    pub(crate) replicas: Replicas,
    pub(crate) store: GraphStore,
    pub(crate) link: RedisLink,
    pub(crate) tasks: TaskRegistry,
    pub(crate) graph: GraphId,
    pub(crate) redis: TestRedis,
    pub(crate) config: EngineConfig,
    pub(crate) queues: Queues,
    pub(crate) board: StatusBoard,
    token: CancellationToken,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        let mut fixture = Self::without_workers(EngineConfig::default()).await;
        fixture.start_workers().await;
        fixture
    }

    pub(crate) async fn without_workers(config: EngineConfig) -> Self {
        let redis = TestRedis::start().await;
        let link = redis.link().await;
        let (tasks, token) = (TaskRegistry::default(), CancellationToken::new());
        let store = GraphStore::new(link.clone(), SystemClock::shared());
        let replicas = Replicas::new(store.clone(), 16);
        let events = EventBus::start(link.clone(), &tasks, token.clone());
        let intake = Intake::start(
            config.clone(),
            &link,
            store.clone(),
            events,
            tasks.clone(),
            token.clone(),
        )
        .await
        .unwrap();
        let queues = intake.queues().clone();
        let graph = GraphId::new("g").unwrap();
        let owner = UserId::new("ada").unwrap();
        store
            .create(&graph, "Test", &owner, store.now_ms(), Visibility::Listed)
            .await
            .unwrap();
        Self {
            workers: None,
            intake,
            replicas,
            store,
            link,
            tasks,
            graph,
            redis,
            queues,
            config,
            board: StatusBoard::default(),
            token,
        }
    }

    /// Opens the queues anew, for workers that reach Redis on a way of their own.
    pub(crate) async fn reopen_queues(&mut self, worker_redis: RedisUrl) {
        let mut config = self.config.clone();
        config.queues.worker_redis = Some(worker_redis);
        self.queues = Queues::open(&self.link, &config).await.unwrap();
    }

    pub(crate) async fn start_workers(&mut self) {
        let parts = WorkerParts {
            queues: self.queues.clone(),
            replicas: self.replicas.clone(),
            host: "test".to_owned(),
            clock: SystemClock::shared(),
            tasks: self.tasks.clone(),
            token: self.token.child_token(),
            board: self.board.clone(),
        };
        let workers = Workers::start(parts).await.unwrap();
        self.workers = Some(workers);
    }

    pub(crate) async fn submit(&self, envelopes: Vec<Envelope>) -> Result<(), Rejection> {
        self.submit_as("ada", Role::Admin, envelopes).await
    }

    pub(crate) async fn submit_as(
        &self,
        user: &str,
        role: Role,
        envelopes: Vec<Envelope>,
    ) -> Result<(), Rejection> {
        let submissions = envelopes
            .into_iter()
            .map(|envelope| Submission {
                origin: graphy_engine::Origin::Request,
                content: envelope.into(),
                user_id: UserId::new(user).unwrap(),
                role,
            })
            .collect();
        self.intake.submit(&self.graph, submissions).await
    }

    pub(crate) async fn outcome(&self, id: OperationId) -> Outcome {
        self.intake
            .outcome(&self.graph, id, PATIENCE)
            .await
            .unwrap()
            .expect("every accepted command has an outcome")
    }

    /// Sends one command and waits for its outcome.
    pub(crate) async fn run(&self, envelope: Envelope) -> Outcome {
        let id = envelope.operation_id;
        self.submit(vec![envelope]).await.unwrap();
        self.outcome(id).await
    }

    /// Sends one command as somebody else and waits for its outcome.
    pub(crate) async fn run_as(&self, user: &str, envelope: Envelope) -> Outcome {
        let id = envelope.operation_id;
        self.submit_as(user, Role::Editor, vec![envelope])
            .await
            .unwrap();
        self.outcome(id).await
    }

    /// Sends one command to a graph that is gone, whose outcome is told but not recorded.
    pub(crate) async fn run_on_deleted(&self, envelope: Envelope) -> Outcome {
        let id = envelope.operation_id;
        self.submit(vec![envelope]).await.unwrap();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let view = self.store.operation(id).await.unwrap();
            if let Some(outcome) = view.and_then(|view| view.outcome) {
                return outcome;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "the outcome was told"
            );
            tokio::task::yield_now().await;
        }
    }

    /// Checks that the stored graph adds up in every way.
    pub(crate) async fn check_graph(&self) {
        let found = self.store.verify(&self.graph).await.unwrap().unwrap();
        assert_eq!(found.stored, found.computed);
        let loaded = self.store.load(&self.graph).await.unwrap().unwrap();
        let held = self
            .replicas
            .read(&self.graph, Clone::clone)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            loaded, held,
            "a replica that replayed equals one that loaded"
        );
    }
}

#[expect(clippy::needless_pass_by_value, reason = "called with json!")]
pub(crate) fn command(kind: &str, payload: Value) -> Envelope {
    Envelope::from_value(json!({
        "operationId": Uuid::now_v7(), "type": kind, "payload": payload,
    }))
    .unwrap()
}

pub(crate) fn create(id: &str) -> Envelope {
    command("CREATE_NODE", json!({"id": id, "title": id}))
}

pub(crate) fn from(client: &str, seq: u64, mut envelope: Envelope) -> Envelope {
    envelope.client_id = Some(ClientId::new(client).unwrap());
    envelope.seq = Some(seq);
    envelope
}

pub(crate) fn applied(version: u64) -> Outcome {
    Outcome::Applied { version }
}

pub(crate) fn rejected(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Rejected(rejection) => rejection.code.as_str(),
        other => panic!("a rejection expected, not {other:?}"),
    }
}

/// A poison for tests: a node of this title cannot be made.
pub(crate) fn is_poison(command: &Command) -> bool {
    matches!(command, Command::CreateNode(node) if node.title == "poison")
}
