//! What the parts of a node stand on, and how they are started on it.

use std::net::SocketAddr;
use std::sync::Arc;

use graphy_engine::{EngineError, Intake, WorkerParts, Workers};
use graphy_live::{Hub, HubParts};
use graphy_operations::{Operations, SystemFacts};
use graphy_store::tokens::TokenStore;
use graphy_store::{
    AuditLog, EventBus, GraphStore, LinkSettings, NodeRegistry, PresenceBus, RedisLink,
    RedisServer, Replicas, ServerNode, Sessions, StoreError,
};
use graphy_telemetry::board::{PartStatus, StatusBoard};
use graphy_telemetry::{Metrics, SharedClock, SystemClock, TaskRegistry};
use tokio_util::sync::CancellationToken;

use super::upkeep::{host_name, server_node};
use crate::settings::NodeSettings;

/// The connection to Redis, what is read through it, and what every part is given.
pub(super) struct Ground {
    pub(super) clock: SharedClock,
    pub(super) tasks: TaskRegistry,
    /// Ends the tasks.
    pub(super) token: CancellationToken,
    pub(super) link: RedisLink,
    pub(super) store: GraphStore,
    pub(super) replicas: Replicas,
    pub(super) events: EventBus,
    pub(super) tokens: TokenStore,
    pub(super) nodes: NodeRegistry,
    /// Who this process is.
    pub(super) server: ServerNode,
    sessions: Sessions,
    board: StatusBoard,
}

impl Ground {
    /// Connects to Redis.
    pub(super) async fn lay(
        redis: &RedisServer,
        settings: &NodeSettings,
        token: CancellationToken,
    ) -> Result<Self, StoreError> {
        let clock = SystemClock::shared();
        let server = server_node(settings.role.as_str(), clock.now_ms());
        let tasks = TaskRegistry::new(Arc::clone(&clock));
        let link = RedisLink::connect(&redis.url(), LinkSettings::default(), &tasks).await?;
        let store = GraphStore::new(link.clone(), Arc::clone(&clock));
        let nodes = NodeRegistry::new(link.clone(), Arc::clone(&clock));
        let ground = Self {
            replicas: Replicas::with(store.clone(), settings.replicas),
            events: EventBus::start(link.clone(), &tasks, token.clone()),
            tokens: TokenStore::new(link.clone(), Arc::clone(&clock)),
            sessions: Sessions::new(link.clone(), nodes.clone(), settings.sessions.clone()),
            board: StatusBoard::default(),
            clock,
            tasks,
            token,
            link,
            store,
            nodes,
            server,
        };
        ground.describe();
        Ok(ground)
    }

    /// Puts on the board what belongs to no other part: the connections to Redis and two caches.
    fn describe(&self) {
        let (link, replicas) = (self.link.clone(), self.replicas.clone());
        let tokens = self.tokens.clone();
        self.board.add(move || PartStatus {
            circuits: link.circuits(),
            caches: vec![replicas.cache_status(), tokens.cache_status()],
            ..PartStatus::default()
        });
    }

    /// Opens the door to the queues.
    pub(super) async fn intake(&self, settings: &NodeSettings) -> Result<Intake, EngineError> {
        Intake::start(
            settings.engine.clone(),
            &self.link,
            self.store.clone(),
            self.events.clone(),
            self.tasks.clone(),
            self.token.clone(),
        )
        .await
    }

    /// Starts the workers, if the node's role has any.
    pub(super) async fn workers(
        &self,
        settings: &NodeSettings,
        intake: &Intake,
    ) -> Result<Option<Workers>, EngineError> {
        if !settings.role.runs_workers() {
            return Ok(None);
        }
        let parts = WorkerParts {
            queues: intake.queues().clone(),
            replicas: self.replicas.clone(),
            host: host_name(),
            clock: Arc::clone(&self.clock),
            tasks: self.tasks.clone(),
            token: self.token.clone(),
            board: self.board.clone(),
        };
        Workers::start(parts).await.map(Some)
    }

    /// Says what the node is, for people.
    pub(super) fn facts(
        &self,
        settings: &NodeSettings,
        redis: &RedisServer,
        address: SocketAddr,
    ) -> SystemFacts {
        SystemFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            environment: settings.environment.clone(),
            redis_url: redis.tools_url().to_string(),
            data_dir: settings.data_dir().map(|path| path.display().to_string()),
            api_url: format!("http://{address}"),
            started_at: self.server.started_at,
            settings: settings.shown.clone(),
        }
    }

    /// Starts the operator's operations.
    pub(super) fn operations(
        &self,
        settings: &NodeSettings,
        facts: SystemFacts,
        intake: &Intake,
        metrics: &Metrics,
    ) -> Operations {
        let (link, clock) = (self.link.clone(), Arc::clone(&self.clock));
        Operations::start(graphy_operations::Parts {
            store: self.store.clone(),
            replicas: self.replicas.clone(),
            tokens: self.tokens.clone(),
            nodes: self.nodes.clone(),
            sessions: self.sessions.clone(),
            intake: intake.clone(),
            metrics: metrics.clone(),
            limits: settings.limits.clone(),
            clock: Arc::clone(&self.clock),
            tasks: self.tasks.clone(),
            token: self.token.clone(),
            facts,
            board: self.board.clone(),
            probe_interval: settings.probe_interval,
            node: self.server.clone(),
            read_only: settings.read_only,
            audit: AuditLog::new(link, clock, settings.audit_actions_max),
            history: settings.history(),
        })
    }

    /// Starts what keeps sockets up to date.
    pub(super) fn hub(&self, settings: &NodeSettings) -> Hub {
        let parts = HubParts {
            replicas: self.replicas.clone(),
            bus: self.events.clone(),
            presence: PresenceBus::start(self.link.clone(), &self.tasks, self.token.clone()),
            sessions: self.sessions.clone(),
            nodes: self.nodes.clone(),
            node: self.server.id.clone(),
            tasks: self.tasks.clone(),
            token: self.token.clone(),
        };
        let hub = Hub::new(parts, settings.hub.clone());
        let texts = hub.snapshots().clone();
        self.board.add(move || PartStatus {
            caches: vec![texts.cache_status()],
            ..PartStatus::default()
        });
        hub
    }
}
