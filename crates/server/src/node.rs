//! A whole node: everything that a process runs, started in order and stopped in order.

mod listen;
mod upkeep;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use graphy_engine::{EngineError, Intake, WorkerParts, Workers};
use graphy_live::{Hub, HubParts};
use graphy_model::{Role, UserId};
use graphy_operations::{Operations, SystemFacts};
use graphy_store::tokens::{NewTicket, TokenError, TokenStore};
use graphy_store::{
    AuditLog, EventBus, GraphStore, LinkSettings, NodeRegistry, PresenceBus, RedisLink,
    RedisServer, Replicas, Sessions, StoreError,
};
use graphy_telemetry::board::{PartStatus, StatusBoard};
use graphy_telemetry::metrics::MetricsError;
use graphy_telemetry::traces::{self, TraceError};
use graphy_telemetry::{Metrics, SystemClock, TaskRegistry};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::guard::GuardRules;
use crate::http::listener;
use crate::http::rates::Limiters;
use crate::router::router;
use crate::settings::NodeSettings;
use crate::socket::revocation::Revocations;
use crate::state::{App, Parts};

use listen::listen;
use upkeep::{describe, every, host_name, server_node, start_tasks};

/// How long sockets and requests may take to end when the node stops.
const SOCKETS_WAIT: Duration = Duration::from_secs(3);
/// How long commands that were accepted into the line may take to reach the queue.
const DRAIN_WAIT: Duration = Duration::from_secs(5);
/// How long running jobs may take to end.
const WORKERS_WAIT: Duration = Duration::from_secs(10);
/// How long background tasks may take to end.
const TASKS_WAIT: Duration = Duration::from_secs(5);
/// How long the last spans may take to reach their collector.
const TRACES_WAIT: Duration = Duration::from_secs(3);
/// The tasks that keep the connections to Redis; they end last.
const LINK_TASKS: [&str; 2] = ["redis-query", "redis-write"];
/// When clients should come back.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Says why a node did not start or stop well.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The data layer failed.
    #[error("cannot open the store")]
    Store(#[from] StoreError),
    /// The queue or its workers failed.
    #[error("cannot run the command queue")]
    Engine(#[from] EngineError),
    /// The metrics cannot be recorded.
    #[error("cannot record metrics")]
    Metrics(#[from] MetricsError),
    /// Traces cannot be sent.
    #[error("cannot send traces")]
    Traces(#[from] TraceError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// A running node. Dropping it ends the process's part in it abruptly; call [`Node::shutdown`].
pub struct Node {
    app: App,
    address: SocketAddr,
    redis: RedisServer,
    replicas: Replicas,
    events: EventBus,
    workers: Option<Workers>,
    tasks: TaskRegistry,
    token: CancellationToken,
    connections: TaskTracker,
}

impl Node {
    /// Starts a node; when this returns, it answers.
    ///
    /// # Errors
    /// [`NodeError`] says which part did not start. What had been started is stopped.
    pub async fn start(settings: NodeSettings) -> Result<Self, NodeError> {
        let metrics = Metrics::install()?;
        let redis = RedisServer::open(&settings.redis).await?;
        match Self::start_on(&redis, settings, metrics).await {
            Ok(started) => Ok(started.into_node(redis)),
            Err(error) => {
                redis.stop().await;
                Err(error)
            }
        }
    }

    async fn start_on(
        redis: &RedisServer,
        settings: NodeSettings,
        metrics: Metrics,
    ) -> Result<Started, NodeError> {
        let clock = SystemClock::shared();
        let tasks = TaskRegistry::new(Arc::clone(&clock));
        let token = CancellationToken::new();
        // Whatever fails below, the tasks started before it end.
        let guard = token.clone().drop_guard();
        let started_at = clock.now_ms();
        let board = StatusBoard::default();
        let link = RedisLink::connect(&redis.url(), LinkSettings::default(), &tasks).await?;
        let store = GraphStore::new(link.clone(), Arc::clone(&clock));
        let replicas = Replicas::with(store.clone(), settings.replicas);
        let events = EventBus::start(link.clone(), &tasks, token.clone());
        let intake = Intake::start(
            settings.engine.clone(),
            &link,
            store.clone(),
            events.clone(),
            tasks.clone(),
            token.clone(),
        )
        .await?;
        let workers = if settings.role.runs_workers() {
            let parts = WorkerParts {
                queues: intake.queues().clone(),
                replicas: replicas.clone(),
                host: host_name(),
                clock: Arc::clone(&clock),
                tasks: tasks.clone(),
                token: token.clone(),
                board: board.clone(),
            };
            Some(Workers::start(parts).await?)
        } else {
            None
        };
        let tokens = TokenStore::new(link.clone(), Arc::clone(&clock));
        let nodes = NodeRegistry::new(link.clone(), Arc::clone(&clock));
        let (listener, address) = listen(settings.listen)?;
        let facts = SystemFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            environment: settings.environment.clone(),
            redis_url: redis.tools_url().to_string(),
            data_dir: settings.data_dir().map(|path| path.display().to_string()),
            api_url: format!("http://{address}"),
            started_at,
            settings: settings.shown.clone(),
        };
        let server = server_node(settings.role.as_str(), started_at);
        let audit = AuditLog::new(link.clone(), Arc::clone(&clock), settings.audit_actions_max);
        let sessions = Sessions::new(link.clone(), nodes.clone(), settings.sessions.clone());
        describe(&board, &link, &replicas, &tokens);
        let operations = Operations::start(graphy_operations::Parts {
            store: store.clone(),
            replicas: replicas.clone(),
            tokens: tokens.clone(),
            nodes: nodes.clone(),
            sessions: sessions.clone(),
            intake: intake.clone(),
            metrics: metrics.clone(),
            limits: settings.limits.clone(),
            clock: Arc::clone(&clock),
            tasks: tasks.clone(),
            token: token.clone(),
            facts,
            board: board.clone(),
            probe_interval: settings.probe_interval,
            node: server.clone(),
            read_only: settings.read_only,
            audit,
            history: settings.history(),
        });
        if let Some(bridge) = &settings.bridge {
            graphy_store::bridge::start(&link, &store, bridge, &tasks, token.clone());
        }
        if let Some(traces) = &settings.traces {
            traces::install(traces, server.id.as_str())?;
        }
        let hub = Hub::new(
            HubParts {
                replicas: replicas.clone(),
                bus: events.clone(),
                presence: PresenceBus::start(link.clone(), &tasks, token.clone()),
                sessions,
                nodes: nodes.clone(),
                node: server.id.clone(),
                tasks: tasks.clone(),
                token: token.clone(),
            },
            settings.hub.clone(),
        );
        let texts = hub.snapshots().clone();
        board.add(move || PartStatus {
            caches: vec![texts.cache_status()],
            ..PartStatus::default()
        });
        let role = settings.role;
        let app = App(Arc::new(Parts {
            store,
            tokens,
            intake,
            hub,
            operations,
            metrics,
            limits: settings.limits.clone(),
            limiters: Limiters::new(settings.rates.clone()),
            guard: GuardRules {
                loopback_only: address.ip().is_loopback(),
                hosts: settings.hosts,
                origins: settings.origins,
            },
            revocations: Revocations::default(),
            read_only: settings.read_only,
            sockets: TaskTracker::new(),
            stopping: token.child_token(),
        }));
        let connections = TaskTracker::new();
        start_tasks(&app, &tasks, &token);
        let idle = replicas.clone();
        every(
            &tasks,
            "replicas-upkeep",
            settings.cache_check_interval,
            &token,
            move || idle.forget_idle(),
        );
        let serving = listener::serve(
            listener,
            router(&app, role),
            app.stopping.clone(),
            connections.clone(),
        );
        connections.spawn(serving);
        nodes.keep_announced(server, &tasks, token.clone());
        let token = guard.disarm();
        Ok(Started {
            app,
            address,
            replicas,
            events,
            workers,
            tasks,
            token,
            connections,
        })
    }

    /// Returns where the HTTP API is, without a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address that the node listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes a URL that lets a browser in once, as an administrator.
    ///
    /// # Errors
    /// When Redis does not keep the ticket.
    pub async fn ticket(&self) -> Result<String, StoreError> {
        let ticket = NewTicket {
            name: "console on this machine".to_owned(),
            role: Role::Admin,
            user_id: local_user(),
        };
        let text = self.app.tokens.issue_ticket(&ticket).await?;
        Ok(format!("{}/?ticket={}", self.api_url(), text.expose()))
    }

    /// Makes a token for a client in this process; it lives as long as that of a browser.
    ///
    /// # Errors
    /// When Redis does not keep it.
    pub async fn local_token(&self) -> Result<String, TokenError> {
        let new = NewTicket {
            name: "window of the console".to_owned(),
            role: Role::Admin,
            user_id: local_user(),
        };
        let ticket = self.app.tokens.issue_ticket(&new).await?;
        Ok(self
            .app
            .tokens
            .redeem_ticket(&ticket.expose())
            .await?
            .text
            .expose())
    }

    /// Returns who the person at this machine is: whoever runs the process may do everything.
    #[must_use]
    pub fn local_admin(&self) -> graphy_operations::Caller {
        graphy_operations::Caller {
            user_id: local_user(),
            role: Role::Admin,
            trace_id: crate::http::failure::new_trace_id().to_string(),
        }
    }

    /// Returns the operator's operations on this node.
    #[must_use]
    pub fn operations(&self) -> &Operations {
        &self.app.operations
    }

    /// Returns the tokens, for callers in the same process.
    #[must_use]
    pub fn tokens(&self) -> &TokenStore {
        &self.app.tokens
    }

    /// Returns the graphs in Redis, for callers in the same process.
    #[must_use]
    pub fn store(&self) -> &GraphStore {
        &self.app.store
    }

    /// Returns the graphs in memory, for callers in the same process.
    #[must_use]
    pub fn replicas(&self) -> &Replicas {
        &self.replicas
    }

    /// Returns the events of all graphs, for callers in the same process.
    #[must_use]
    pub fn events(&self) -> &EventBus {
        &self.events
    }

    /// Returns the background tasks of the node.
    #[must_use]
    pub fn tasks(&self) -> &TaskRegistry {
        &self.tasks
    }

    /// Returns the Redis of the node.
    #[must_use]
    pub fn redis(&self) -> &RedisServer {
        &self.redis
    }

    /// Stops: no new connections, sockets told to come back, accepted commands into the queue,
    /// running jobs to their end, then everything else, the private Redis last.
    pub async fn shutdown(self) {
        let Self {
            app,
            redis,
            workers,
            tasks,
            token,
            connections,
            ..
        } = self;
        tracing::info!("the node stops");
        app.stopping.cancel();
        app.hub.shutdown(RETRY_AFTER);
        app.sockets.close();
        connections.close();
        let ended = async {
            app.sockets.wait().await;
            connections.wait().await;
        };
        if tokio::time::timeout(SOCKETS_WAIT, ended).await.is_err() {
            tracing::warn!(
                sockets = app.sockets.len(),
                "some connections did not end in time"
            );
        }
        app.intake.drain(DRAIN_WAIT).await;
        if let Some(workers) = workers
            && let Err(error) = workers.stop(WORKERS_WAIT).await
        {
            tracing::warn!(%error, "the workers did not stop well; their jobs will be taken again");
        }
        token.cancel();
        // The others may still write, for instance that this node is gone.
        if let Err(running) = tasks.ended_but(&LINK_TASKS, TASKS_WAIT).await {
            tracing::warn!(?running, "some tasks did not end in time");
        }
        if tokio::time::timeout(TRACES_WAIT, traces::flush())
            .await
            .is_err()
        {
            tracing::warn!("the collector of traces did not take the last spans in time");
        }
        app.store.link().close();
        drop(app);
        redis.stop().await;
    }
}

/// A node but for its Redis.
struct Started {
    app: App,
    address: SocketAddr,
    replicas: Replicas,
    events: EventBus,
    workers: Option<Workers>,
    tasks: TaskRegistry,
    token: CancellationToken,
    connections: TaskTracker,
}

impl Started {
    fn into_node(self, redis: RedisServer) -> Node {
        let Self {
            app,
            address,
            replicas,
            events,
            workers,
            tasks,
            token,
            connections,
        } = self;
        Node {
            app,
            address,
            redis,
            replicas,
            events,
            workers,
            tasks,
            token,
            connections,
        }
    }
}

fn local_user() -> UserId {
    UserId::new("local").expect("the text has the form of an id")
}
