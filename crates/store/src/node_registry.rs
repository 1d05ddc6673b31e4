//! The server nodes that are alive: `node:<id>` hashes that live only while they are renewed.
//!
//! The sorted set `nodes` lists them by the end of their life, so that nobody scans the key space.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use redis::AsyncCommands as _;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use graphy_telemetry::tasks::TaskHandle;
use graphy_telemetry::{RestartPolicy, SharedClock, TaskRegistry};

use crate::connection::RedisLink;
use crate::error::StoreError;
use crate::hashes::read_hashes;
use crate::secret::random_bytes;

/// A node that was not renewed for this long is gone.
pub const NODE_LIFE: Duration = Duration::from_secs(15);
/// How often a node is renewed.
pub const RENEW_INTERVAL: Duration = Duration::from_secs(5);

const INDEX: &str = "nodes";

/// Names one server process for as long as it runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerId(String);

impl ServerId {
    /// Makes a new name.
    #[must_use]
    pub fn random() -> Self {
        Self(hex::encode(random_bytes::<6>()))
    }

    /// Takes a name that another node said of itself.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a server node says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerNode {
    /// Its name.
    pub id: ServerId,
    /// What it does, for example `api`, `worker` or `all`.
    pub role: String,
    /// The computer it runs on.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// The version of Graphy.
    pub version: String,
    /// When it started, in ms since the Unix epoch.
    pub started_at: u64,
}

/// The list of server nodes in Redis.
#[derive(Debug, Clone)]
pub struct NodeRegistry {
    link: RedisLink,
    clock: SharedClock,
}

impl NodeRegistry {
    /// Makes a registry whose lives follow `clock`.
    #[must_use]
    pub fn new(link: RedisLink, clock: SharedClock) -> Self {
        Self { link, clock }
    }

    /// Says that a node is alive for [`NODE_LIFE`] from now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn announce(&self, node: &ServerNode) -> Result<(), StoreError> {
        let life_ms = millis(NODE_LIFE);
        let now_ms = self.clock.now_ms();
        let key = key(node.id.as_str());
        let fields = [
            ("role", node.role.clone()),
            ("host", node.host.clone()),
            ("pid", node.pid.to_string()),
            ("version", node.version.clone()),
            ("startedAt", node.started_at.to_string()),
        ];
        redis::pipe()
            .hset_multiple(&key, &fields)
            .ignore()
            .pexpire(&key, i64::try_from(life_ms).unwrap_or(i64::MAX))
            .ignore()
            .zadd(INDEX, node.id.as_str(), now_ms + life_ms)
            .ignore()
            .zrembyscore(INDEX, "-inf", now_ms.saturating_sub(life_ms))
            .ignore()
            .exec_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("announce a server node"))
    }

    /// Says that a node is going.
    ///
    /// # Errors
    /// [`StoreError`]; then the node disappears after [`NODE_LIFE`].
    pub async fn withdraw(&self, id: &ServerId) -> Result<(), StoreError> {
        redis::pipe()
            .del(key(id.as_str()))
            .ignore()
            .zrem(INDEX, id.as_str())
            .ignore()
            .exec_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("withdraw a server node"))
    }

    /// Returns the nodes that are alive, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self) -> Result<Vec<ServerNode>, StoreError> {
        let ids: Vec<String> = self
            .link
            .query()
            .zrangebyscore(INDEX, self.clock.now_ms(), "+inf")
            .await
            .map_err(StoreError::redis("list the server nodes"))?;
        let keys = ids.iter().map(|id| key(id));
        let hashes = read_hashes(&self.link, "read the server nodes", keys).await?;
        // A hash that is gone or not ours is a node that is not there.
        let mut nodes: Vec<_> = ids
            .into_iter()
            .zip(&hashes)
            .filter_map(|(id, hash)| read_node(id, hash))
            .collect();
        nodes.sort_by(|a, b| {
            a.started_at
                .cmp(&b.started_at)
                .then_with(|| a.id.cmp(&b.id))
        });
        Ok(nodes)
    }

    /// Says of each node how long it would live on without another sign; none if it is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lives(&self, ids: &[ServerId]) -> Result<Vec<Option<Duration>>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for id in ids {
            pipeline.pttl(key(id.as_str()));
        }
        let lives: Vec<i64> = pipeline
            .query_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("look for server nodes"))?;
        let life = |ms: i64| u64::try_from(ms).ok().map(Duration::from_millis);
        Ok(lives.into_iter().map(life).collect())
    }

    /// Keeps a node announced in the task `node-registry`, and withdraws it when `token` is
    /// cancelled.
    pub fn keep_announced(
        &self,
        node: ServerNode,
        tasks: &TaskRegistry,
        token: CancellationToken,
    ) -> TaskHandle {
        let registry = self.clone();
        tasks.spawn(
            "node-registry",
            RestartPolicy::ALWAYS,
            token,
            move |context| {
                let (registry, node) = (registry.clone(), node.clone());
                async move {
                    let mut ticks = tokio::time::interval(RENEW_INTERVAL);
                    while context
                        .token
                        .run_until_cancelled(ticks.tick())
                        .await
                        .is_some()
                    {
                        registry.announce(&node).await?;
                        context.tick();
                    }
                    registry.withdraw(&node.id).await?;
                    Ok(())
                }
            },
        )
    }
}

fn read_node(id: String, hash: &HashMap<String, String>) -> Option<ServerNode> {
    let get = |name: &str| hash.get(name);
    Some(ServerNode {
        id: ServerId(id),
        role: get("role")?.clone(),
        host: get("host")?.clone(),
        pid: get("pid")?.parse().ok()?,
        version: get("version")?.clone(),
        started_at: get("startedAt")?.parse().ok()?,
    })
}

fn key(id: &str) -> String {
    format!("node:{id}")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
