//! A deployment in small: several `graphy serve` processes on one private Redis.
//!
//! Everything is real: the binary, the signals, the ports, Redis with its log on disk. A cluster
//! takes free ports and a folder of its own, and ends whatever it started when it is dropped, so
//! tests may run in any order, twice in a row, and beside a Redis of the system.

mod binary;
mod node;

use std::time::Duration;

use graphy_model::{Role, UserId};
use graphy_store::testing::TestRedis;
use graphy_store::{FsyncPolicy, GraphStore, NewToken, RedisLink, RedisUrl, TokenStore};
use graphy_telemetry::clock::SystemClock;
use tempfile::TempDir;

pub use node::{Node, NodeKind};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The processes and their Redis.
pub struct Cluster {
    // Dropped in this order: the nodes before their Redis.
    nodes: Vec<Node>,
    link: RedisLink,
    redis: TestRedis,
    folder: TempDir,
    /// What nodes find in their environment besides the usual.
    variables: Vec<(String, String)>,
}

impl Cluster {
    /// Starts a Redis that has every write on disk before it answers, and no node yet.
    ///
    /// # Panics
    /// When no Redis can be started.
    pub async fn start() -> Self {
        Self::start_with(FsyncPolicy::Always).await
    }

    /// Starts a Redis with the given flush policy, and no node yet.
    ///
    /// # Panics
    /// When no Redis can be started.
    pub async fn start_with(fsync: FsyncPolicy) -> Self {
        let redis = TestRedis::start_with(fsync).await;
        let link = redis.link().await;
        let folder = tempfile::Builder::new()
            .prefix("graphy-cluster-")
            .tempdir()
            .expect("a temporary folder can be made");
        Self {
            nodes: Vec::new(),
            link,
            redis,
            folder,
            variables: Vec::new(),
        }
    }

    /// Sets a variable in the environment of the nodes that are started from now on.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Starts nodes of one kind at the same time and waits until they serve; returns the place of
    /// the first one.
    ///
    /// # Panics
    /// When a node does not come up; the message holds its log.
    pub async fn add(&mut self, kind: NodeKind, count: usize) -> usize {
        let first = self.nodes.len();
        for place in first..first + count {
            let folder = self
                .folder
                .path()
                .join(format!("{}-{place}", kind.as_str()));
            let node = Node::spawn(kind, &self.redis.url(), &folder, &self.variables);
            self.nodes.push(node);
        }
        for node in &mut self.nodes[first..] {
            node.ready().await;
        }
        first
    }

    /// Starts a node that reaches Redis under a URL of its own, for instance that of a proxy, and
    /// waits until it serves; returns its place.
    ///
    /// # Panics
    /// When it does not come up; the message holds its log.
    pub async fn add_through(&mut self, kind: NodeKind, redis: &RedisUrl) -> usize {
        let place = self.nodes.len();
        let folder = self
            .folder
            .path()
            .join(format!("{}-{place}", kind.as_str()));
        let mut node = Node::spawn(kind, redis, &folder, &self.variables);
        node.ready().await;
        self.nodes.push(node);
        place
    }

    /// Returns a node by its place.
    #[must_use]
    pub fn node(&self, place: usize) -> &Node {
        &self.nodes[place]
    }

    /// Returns a node by its place.
    pub fn node_mut(&mut self, place: usize) -> &mut Node {
        &mut self.nodes[place]
    }

    /// Returns the Redis of the nodes.
    #[must_use]
    pub fn redis(&self) -> &TestRedis {
        &self.redis
    }

    /// Returns a connection of the test to that Redis.
    #[must_use]
    pub fn link(&self) -> &RedisLink {
        &self.link
    }

    /// Returns the graphs in that Redis, read past all nodes.
    #[must_use]
    pub fn store(&self) -> GraphStore {
        GraphStore::new(self.link.clone(), SystemClock::shared())
    }

    /// Makes a token and returns its text.
    ///
    /// # Panics
    /// When Redis refuses.
    pub async fn token(&self, user: &UserId, role: Role) -> String {
        let tokens = TokenStore::new(self.link.clone(), SystemClock::shared());
        let new = NewToken {
            name: user.to_string(),
            role,
            user_id: user.clone(),
            life: None,
        };
        tokens
            .create(new)
            .await
            .expect("redis takes a token")
            .text
            .expose()
    }
}
