//! A whole node: everything that a process runs, started in order and stopped in order.

mod ground;
mod listen;
mod upkeep;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use graphy_engine::{EngineError, Workers};
use graphy_model::{Role, UserId};
use graphy_operations::Operations;
use graphy_store::tokens::{NewTicket, TokenError, TokenStore};
use graphy_store::{EventBus, GraphStore, RedisServer, Replicas, StoreError};
use graphy_telemetry::metrics::MetricsError;
use graphy_telemetry::traces::{self, TraceError};
use graphy_telemetry::{Metrics, TaskRegistry};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::guard::GuardRules;
use crate::http::listener;
use crate::http::rates::Limiters;
use crate::router::router;
use crate::settings::NodeSettings;
use crate::socket::revocation::Revocations;
use crate::state::{App, Parts};

use ground::Ground;
use listen::listen;
use upkeep::{forget_idle_graphs, start_tasks};

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
    redis: RedisServer,
    running: Running,
}

/// A node but for its Redis.
struct Running {
    app: App,
    address: SocketAddr,
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
            Ok(running) => Ok(Self { redis, running }),
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
    ) -> Result<Running, NodeError> {
        let token = CancellationToken::new();
        // Whatever fails below, the tasks started before it end.
        let guard = token.clone().drop_guard();
        let ground = Ground::lay(redis, &settings, token.clone()).await?;
        let intake = ground.intake(&settings).await?;
        let workers = ground.workers(&settings, &intake).await?;
        let (listener, address) = listen(settings.listen)?;
        let facts = ground.facts(&settings, redis, address);
        let operations = ground.operations(&settings, facts, &intake, &metrics);
        if let Some(bridge) = &settings.bridge {
            let (link, store) = (&ground.link, &ground.store);
            graphy_store::bridge::start(link, store, bridge, &ground.tasks, token.clone());
        }
        if let Some(traces) = &settings.traces {
            traces::install(traces, ground.server.id.as_str())?;
        }
        let hub = ground.hub(&settings);
        let app = App(Arc::new(Parts {
            store: ground.store,
            tokens: ground.tokens,
            intake,
            hub,
            operations,
            metrics,
            limits: settings.limits,
            limiters: Limiters::new(settings.rates),
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
        let tasks = ground.tasks;
        start_tasks(&app, &tasks, &token);
        let idle_period = settings.cache_check_interval;
        forget_idle_graphs(&ground.replicas, idle_period, &tasks, &token);
        let connections = TaskTracker::new();
        connections.spawn(listener::serve(
            listener,
            router(&app, settings.role),
            app.stopping.clone(),
            connections.clone(),
        ));
        ground
            .nodes
            .keep_announced(ground.server, &tasks, token.clone());
        Ok(Running {
            app,
            address,
            replicas: ground.replicas,
            events: ground.events,
            workers,
            tasks,
            token: guard.disarm(),
            connections,
        })
    }

    /// Returns where the HTTP API is, without a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// Returns the address that the node listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running.address
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
        let text = self.running.app.tokens.issue_ticket(&ticket).await?;
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
        let ticket = self.running.app.tokens.issue_ticket(&new).await?;
        Ok(self
            .running
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
        &self.running.app.operations
    }

    /// Returns the tokens, for callers in the same process.
    #[must_use]
    pub fn tokens(&self) -> &TokenStore {
        &self.running.app.tokens
    }

    /// Returns the graphs in Redis, for callers in the same process.
    #[must_use]
    pub fn store(&self) -> &GraphStore {
        &self.running.app.store
    }

    /// Returns the graphs in memory, for callers in the same process.
    #[must_use]
    pub fn replicas(&self) -> &Replicas {
        &self.running.replicas
    }

    /// Returns the events of all graphs, for callers in the same process.
    #[must_use]
    pub fn events(&self) -> &EventBus {
        &self.running.events
    }

    /// Returns the background tasks of the node.
    #[must_use]
    pub fn tasks(&self) -> &TaskRegistry {
        &self.running.tasks
    }

    /// Returns the Redis of the node.
    #[must_use]
    pub fn redis(&self) -> &RedisServer {
        &self.redis
    }

    /// Stops: no new connections, sockets told to come back, accepted commands into the queue,
    /// running jobs to their end, then everything else, the private Redis last.
    pub async fn shutdown(self) {
        let Self { redis, running } = self;
        let Running {
            app,
            workers,
            tasks,
            token,
            connections,
            ..
        } = running;
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

fn local_user() -> UserId {
    UserId::new("local").expect("the text has the form of an id")
}
