//! Connected sessions in Redis: who is in which graph, from which node, for people and other
//! programs. The names and the life of the keys are those of the collaboration plan.
//!
//! This is a projection: rooms do not read it, and a write that is lost is made good by the next
//! renewal. A session that nobody renews disappears by itself; one whose node is gone is not shown.

mod keys;
mod record;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use graphy_model::{ClientId, GraphId, OperationId, UserId};
use redis::AsyncCommands;

use crate::connection::RedisLink;
use crate::error::StoreError;
use crate::graph::keys::GraphKeys;
use crate::hashes::read_hashes;
use crate::node_registry::{NodeRegistry, ServerId};

pub use record::SessionRecord;

/// How long a client that was cut off is remembered.
pub const DISCONNECTED_LIFE: Duration = Duration::from_secs(300);

/// The most sessions of one answer.
pub const LISTED_SESSIONS_MAX: usize = 500;

/// Of how many sessions the records are read to find those.
const READ_SESSIONS_MAX: usize = 20_000;

/// How many sessions one pipeline writes.
const PIPELINE_SESSIONS: usize = 100;

/// Forgets a user's session unless a newer one has taken its place.
const FORGET_USER: &str = "if redis.call('HGET', KEYS[1], 'connectionId') == ARGV[1] then \
                           return redis.call('DEL', KEYS[1]) end return 0";

/// How sessions are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSettings {
    /// How long a session lives without a sign of its node.
    pub life: Duration,
    /// What the keys of sessions begin with.
    pub prefix: String,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            life: Duration::from_secs(3600),
            prefix: "sessions".to_owned(),
        }
    }
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// The client said goodbye, or was turned out.
    Left,
    /// The connection was lost; the client may come back.
    Lost,
}

/// Which sessions are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionScope {
    /// All of them.
    All,
    /// Those in a graph.
    Graph(GraphId),
    /// Those of a user.
    User(UserId),
}

/// The sessions in Redis; cheap to clone.
#[derive(Debug, Clone)]
pub struct Sessions {
    link: RedisLink,
    nodes: NodeRegistry,
    settings: SessionSettings,
}

impl Sessions {
    /// Makes the list on a connection.
    #[must_use]
    pub fn new(link: RedisLink, nodes: NodeRegistry, settings: SessionSettings) -> Self {
        Self {
            link,
            nodes,
            settings,
        }
    }

    /// Returns how long a session lives without a sign of its node.
    #[must_use]
    pub fn life(&self) -> Duration {
        self.settings.life
    }

    /// Writes sessions that were opened or live on; their lives begin anew.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn keep(&self, records: &[SessionRecord]) -> Result<(), StoreError> {
        let life = seconds(self.settings.life);
        for some in records.chunks(PIPELINE_SESSIONS) {
            let mut pipeline = redis::pipe();
            for record in some {
                let key = self.key(&record.session_id);
                let user = keys::user(&record.user_id);
                pipeline.hset_multiple(&key, &record.to_hash()).ignore();
                pipeline.expire(&key, life).ignore();
                pipeline
                    .hset_multiple(&user, &record.to_user_hash())
                    .ignore();
                pipeline.expire(&user, life).ignore();
                for index in indexes(record) {
                    pipeline.sadd(&index, &record.session_id).ignore();
                    pipeline.expire(&index, life).ignore();
                }
            }
            self.run(&pipeline, "keep sessions").await?;
        }
        Ok(())
    }

    /// Notes what a client that comes (back) is in doubt about.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn arrived(
        &self,
        client: &ClientId,
        pending: &[OperationId],
    ) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.del(keys::disconnected(client)).ignore();
        self.write_pending(&mut pipeline, client, pending, self.settings.life);
        self.run(&pipeline, "note that a client came").await
    }

    /// Forgets a session. A client that was cut off is remembered for [`DISCONNECTED_LIFE`], with
    /// the commands of which it was not told how they ended.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn ended(
        &self,
        record: &SessionRecord,
        end: SessionEnd,
        pending: &[OperationId],
    ) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        self.forget(&mut pipeline, record);
        match end {
            SessionEnd::Left => {
                pipeline.del(keys::pending(&record.client_id)).ignore();
            }
            SessionEnd::Lost => {
                let key = keys::disconnected(&record.client_id);
                let life = DISCONNECTED_LIFE.as_secs();
                pipeline.set_ex(key, record.last_activity, life).ignore();
                let client = &record.client_id;
                self.write_pending(&mut pipeline, client, pending, DISCONNECTED_LIFE);
            }
        }
        self.run(&pipeline, "forget a session").await
    }

    /// Forgets all sessions of a node that is gone.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn forget_node(&self, node: &ServerId) -> Result<(), StoreError> {
        let index = keys::of_node(node.as_str());
        let ids: Vec<String> = self
            .link
            .query()
            .smembers(&index)
            .await
            .map_err(StoreError::redis("list the sessions of a node"))?;
        for some in ids.chunks(PIPELINE_SESSIONS) {
            let mut pipeline = redis::pipe();
            for record in self.read(some).await?.into_iter().flatten() {
                self.forget(&mut pipeline, &record);
                let key = keys::disconnected(&record.client_id);
                let life = DISCONNECTED_LIFE.as_secs();
                pipeline.set_ex(key, record.last_activity, life).ignore();
            }
            pipeline.srem(&index, some).ignore();
            self.run(&pipeline, "forget the sessions of a node").await?;
        }
        Ok(())
    }

    /// Lists sessions whose nodes are alive, the newest first, at most [`LISTED_SESSIONS_MAX`].
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn list(&self, scope: &SessionScope) -> Result<Vec<SessionRecord>, StoreError> {
        let alive: HashSet<String> = self
            .nodes
            .list()
            .await?
            .into_iter()
            .map(|node| node.id.as_str().to_owned())
            .collect();
        let sets: Vec<String> = match scope {
            SessionScope::All => alive.iter().map(|node| keys::of_node(node)).collect(),
            SessionScope::Graph(graph) => vec![GraphKeys::new(graph).sessions()],
            SessionScope::User(user) => vec![keys::of_user(user)],
        };
        let mut ids = BTreeSet::new();
        for set in &sets {
            let members: Vec<String> = self
                .link
                .query()
                .smembers(set)
                .await
                .map_err(StoreError::redis("list sessions"))?;
            ids.extend(members);
        }
        let ids: Vec<String> = ids.into_iter().take(READ_SESSIONS_MAX).collect();
        let (mut records, mut gone) = (Vec::new(), Vec::new());
        for some in ids.chunks(PIPELINE_SESSIONS * 5) {
            for (id, record) in some.iter().zip(self.read(some).await?) {
                match record {
                    Some(record) if alive.contains(&record.node) => records.push(record),
                    Some(_) => {}
                    None => gone.push(id),
                }
            }
        }
        if let ([set], false) = (&sets[..], gone.is_empty()) {
            let mut pipeline = redis::pipe();
            pipeline.srem(set, &gone).ignore();
            self.run(&pipeline, "forget expired sessions").await?;
        }
        records.sort_by(|a, b| {
            b.joined_at
                .cmp(&a.joined_at)
                .then_with(|| a.session_id.cmp(&b.session_id))
        });
        records.truncate(LISTED_SESSIONS_MAX);
        Ok(records)
    }

    fn forget(&self, pipeline: &mut redis::Pipeline, record: &SessionRecord) {
        pipeline.del(self.key(&record.session_id)).ignore();
        for index in indexes(record) {
            pipeline.srem(&index, &record.session_id).ignore();
        }
        pipeline
            .cmd("EVAL")
            .arg(FORGET_USER)
            .arg(1)
            .arg(keys::user(&record.user_id))
            .arg(&record.session_id)
            .ignore();
    }

    fn write_pending(
        &self,
        pipeline: &mut redis::Pipeline,
        client: &ClientId,
        pending: &[OperationId],
        life: Duration,
    ) {
        let key = keys::pending(client);
        pipeline.del(&key).ignore();
        if !pending.is_empty() {
            let ids: Vec<String> = pending.iter().map(ToString::to_string).collect();
            pipeline.rpush(&key, ids).ignore();
            pipeline.expire(&key, seconds(life)).ignore();
        }
    }

    async fn read(&self, ids: &[String]) -> Result<Vec<Option<SessionRecord>>, StoreError> {
        let keys = ids.iter().map(|id| self.key(id));
        let hashes = read_hashes(&self.link, "read sessions", keys).await?;
        let read = ids.iter().zip(hashes);
        Ok(read
            .map(|(id, hash)| SessionRecord::from_hash(id, &hash))
            .collect())
    }

    async fn run(
        &self,
        pipeline: &redis::Pipeline,
        action: &'static str,
    ) -> Result<(), StoreError> {
        let ran = pipeline.exec_async(&mut self.link.query()).await;
        ran.map_err(StoreError::redis(action))
    }

    fn key(&self, session: &str) -> String {
        format!("{}:{session}", self.settings.prefix)
    }
}

fn indexes(record: &SessionRecord) -> [String; 4] {
    [
        GraphKeys::new(&record.graph_id).sessions(),
        keys::of_graph(&record.graph_id),
        keys::of_user(&record.user_id),
        keys::of_node(&record.node),
    ]
}

fn seconds(life: Duration) -> i64 {
    i64::try_from(life.as_secs().max(1)).unwrap_or(i64::MAX)
}
