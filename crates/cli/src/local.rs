//! Redis itself, for the few commands that work without a node's API.

use std::sync::Arc;

use graphy_store::{GraphStore, LinkSettings, RedisLink, RedisServer, RedisUrl, TokenStore};
use graphy_telemetry::{SystemClock, TaskRegistry};

use crate::exit::Failure;

/// A connection to Redis, and the private server if it had to be started for it.
pub(crate) struct LocalStore {
    pub(crate) graphs: GraphStore,
    pub(crate) tokens: TokenStore,
    server: RedisServer,
}

impl LocalStore {
    /// Connects to a server that runs.
    pub(crate) async fn connect(url: RedisUrl) -> Result<Self, Failure> {
        Self::on(RedisServer::Remote(url)).await
    }

    /// Connects to the configured server, and starts the private one if it does not run.
    pub(crate) async fn open(config: &graphy_store::RedisConfig) -> Result<Self, Failure> {
        Self::on(RedisServer::open(config).await?).await
    }

    async fn on(server: RedisServer) -> Result<Self, Failure> {
        let clock = SystemClock::shared();
        let tasks = TaskRegistry::new(Arc::clone(&clock));
        let link = RedisLink::connect(&server.url(), LinkSettings::default(), &tasks).await?;
        let graphs = GraphStore::new(link.clone(), Arc::clone(&clock));
        let tokens = TokenStore::new(link, clock);
        Ok(Self {
            graphs,
            tokens,
            server,
        })
    }

    /// Ends the connection, and the server if it was started for it.
    pub(crate) async fn close(self) {
        let Self {
            graphs,
            tokens,
            server,
        } = self;
        drop((graphs, tokens));
        server.stop().await;
    }
}
