//! The life of graphs: made, hidden until complete, listed, removed.
//!
//! A hidden graph has a lease. Whoever fills it renews the lease; if they die, the graph is
//! removed by the next node that looks, so that a broken import leaves nothing behind.

use std::sync::LazyLock;
use std::time::Duration;

use graphy_model::sharing::access;
use graphy_model::{Checksum, Epoch, Grantee, Grants, GraphId, GraphMeta, GraphRole, Role, UserId};
use redis::{AsyncCommands, Script};

use super::keys::{GRAPHS, GraphKeys, HIDDEN_GRAPHS};
use super::{GraphStore, Head};
use crate::error::StoreError;

/// How long a hidden graph lives without a sign of whoever fills it.
pub const HIDDEN_LEASE: Duration = Duration::from_secs(30);

/// How many graphs one listing shows at most.
pub const LISTED_GRAPHS_MAX: isize = 1000;

static CREATE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lifecycle.lua")));

/// Whether people see a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// It stands in the list.
    Listed,
    /// It is being filled and lives on a lease.
    Hidden,
}

/// A graph in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphRow {
    /// What is known of it.
    pub meta: GraphMeta,
    /// Its version.
    pub version: u64,
    /// How many nodes it has.
    pub nodes: u64,
    /// How many edges it has.
    pub edges: u64,
    /// How many conflicts wait for a person.
    pub open_conflicts: u64,
}

impl GraphStore {
    /// Makes an empty graph.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is, or was until a day ago, a graph of that id.
    pub async fn create(
        &self,
        id: &GraphId,
        name: &str,
        owner: &UserId,
        now_ms: u64,
        visibility: Visibility,
    ) -> Result<GraphMeta, StoreError> {
        let mut redis = self.link().write();
        let keys = GraphKeys::new(id);
        // Hidden first: if this process dies between the steps, the lease cleans up.
        let () = redis
            .zadd(HIDDEN_GRAPHS, id.as_str(), lease_end(now_ms))
            .await
            .map_err(StoreError::redis("hide a new graph"))?;
        let epoch = new_epoch();
        let made: u8 = CREATE
            .key(keys.state())
            .arg(epoch.as_str())
            .arg(name)
            .arg(owner.as_str())
            .arg(now_ms)
            .invoke_async(&mut redis)
            .await
            .map_err(StoreError::redis("make a graph"))?;
        if made == 0 {
            // Whoever owns that id keeps its place in the lists.
            let listed: Option<f64> = redis
                .zscore(GRAPHS, id.as_str())
                .await
                .map_err(StoreError::redis("look a graph up"))?;
            if listed.is_some() {
                self.unhide(id).await?;
            }
            return Err(StoreError::AlreadyExists {
                what: format!("graph {id}"),
            });
        }
        if visibility == Visibility::Listed {
            self.list_graph(id, now_ms).await?;
        }
        Ok(GraphMeta {
            graph_id: id.clone(),
            name: name.to_owned(),
            owner_id: owner.clone(),
            created_at: now_ms,
            updated_at: now_ms,
        })
    }

    /// Extends the life of a hidden graph.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn renew_lease(&self, id: &GraphId) -> Result<(), StoreError> {
        let now_ms = self.now_ms();
        redis::cmd("ZADD")
            .arg(HIDDEN_GRAPHS)
            .arg("XX")
            .arg(lease_end(now_ms))
            .arg(id.as_str())
            .query_async(&mut self.link().write())
            .await
            .map_err(StoreError::redis("renew the lease of a graph"))
    }

    /// Lets people see a hidden graph.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn reveal(&self, id: &GraphId) -> Result<(), StoreError> {
        self.list_graph(id, self.now_ms()).await
    }

    async fn list_graph(&self, id: &GraphId, now_ms: u64) -> Result<(), StoreError> {
        let mut redis = self.link().write();
        let () = redis
            .zadd(GRAPHS, id.as_str(), now_ms)
            .await
            .map_err(StoreError::redis("list a graph"))?;
        self.unhide(id).await
    }

    async fn unhide(&self, id: &GraphId) -> Result<(), StoreError> {
        self.link()
            .write()
            .zrem(HIDDEN_GRAPHS, id.as_str())
            .await
            .map_err(StoreError::redis("unhide a graph"))
    }

    /// Takes a deleted graph off the list.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn unlist(&self, id: &GraphId) -> Result<(), StoreError> {
        self.link()
            .write()
            .zrem(GRAPHS, id.as_str())
            .await
            .map_err(StoreError::redis("unlist a graph"))
    }

    /// Removes a hidden graph and everything that belongs to it.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn discard(&self, id: &GraphId) -> Result<(), StoreError> {
        let keys = GraphKeys::new(id).for_apply().to_vec();
        let () = self
            .link()
            .write()
            .unlink(keys)
            .await
            .map_err(StoreError::redis("discard a graph"))?;
        self.unhide(id).await
    }

    /// Removes the hidden graphs whose lease has ended; returns how many.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn discard_expired(&self) -> Result<usize, StoreError> {
        let mut redis = self.link().write();
        let expired: Vec<String> = redis
            .zrangebyscore_limit(HIDDEN_GRAPHS, "-inf", self.now_ms(), 0, 100)
            .await
            .map_err(StoreError::redis("look for abandoned graphs"))?;
        let mut discarded = 0;
        for id in expired {
            let Ok(id) = GraphId::new(&id) else { continue };
            let listed: Option<f64> = redis
                .zscore(GRAPHS, id.as_str())
                .await
                .map_err(StoreError::redis("look a graph up"))?;
            if listed.is_some() {
                self.unhide(&id).await?;
            } else {
                self.discard(&id).await?;
                discarded += 1;
            }
        }
        Ok(discarded)
    }

    /// Lists the graphs that people may see, the newest first, at most [`LISTED_GRAPHS_MAX`].
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn list(&self) -> Result<Vec<GraphRow>, StoreError> {
        let mut redis = self.link().query();
        let ids: Vec<String> = redis
            .zrevrange(GRAPHS, 0, LISTED_GRAPHS_MAX - 1)
            .await
            .map_err(StoreError::redis("list graphs"))?;
        let ids: Vec<GraphId> = ids.iter().filter_map(|id| GraphId::new(id).ok()).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for id in &ids {
            pipe.cmd("HMGET")
                .arg(GraphKeys::new(id).state())
                .arg(HEAD_FIELDS);
        }
        let rows: Vec<Vec<Option<String>>> = pipe
            .query_async(&mut redis)
            .await
            .map_err(StoreError::redis("read graph heads"))?;
        let (mut listed, mut gone) = (Vec::new(), Vec::new());
        for (id, fields) in ids.iter().zip(rows) {
            match read_head(id, fields) {
                Some(head) => listed.push(GraphRow {
                    meta: head.meta,
                    version: head.version,
                    nodes: head.nodes,
                    edges: head.edges,
                    open_conflicts: head.open_conflicts,
                }),
                None => gone.push(id.as_str()),
            }
        }
        if !gone.is_empty() {
            // Deleted graphs must not take the places of living ones.
            let () = self
                .link()
                .write()
                .zrem(GRAPHS, gone)
                .await
                .map_err(StoreError::redis("unlist graphs"))?;
        }
        Ok(listed)
    }

    /// Lists the graphs that a bearer of a token may read, as [`GraphStore::list`] does.
    ///
    /// # Errors
    /// When Redis cannot be reached or a grant is not of our form.
    pub async fn list_for(&self, user: &UserId, role: Role) -> Result<Vec<GraphRow>, StoreError> {
        let rows = self.list().await?;
        if role >= Role::Operator || rows.is_empty() {
            return Ok(rows);
        }
        let mut pipe = redis::pipe();
        for row in &rows {
            let everyone = Grantee::Everyone.to_string();
            pipe.cmd("HMGET")
                .arg(GraphKeys::new(&row.meta.graph_id).acl())
                .arg(user.as_str())
                .arg(everyone);
        }
        let grants: Vec<Vec<Option<String>>> = pipe
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read grants"))?;
        let may_read = |row: &GraphRow, found: &[Option<String>]| {
            let names = [Grantee::User(user.clone()), Grantee::Everyone];
            let granted = names
                .into_iter()
                .zip(found)
                .filter_map(|(who, role)| Some((who, GraphRole::parse(role.as_deref()?)?)));
            access(&row.meta.owner_id, &Grants(granted.collect()), user, role) >= GraphRole::View
        };
        Ok(rows
            .into_iter()
            .zip(&grants)
            .filter_map(|(row, found)| may_read(&row, found).then_some(row))
            .collect())
    }

    /// Reads where a graph stands; none if there is no such graph, or not any more.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn head(&self, id: &GraphId) -> Result<Option<Head>, StoreError> {
        let fields: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(GraphKeys::new(id).state())
            .arg(HEAD_FIELDS)
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read a graph's head"))?;
        Ok(read_head(id, fields))
    }
}

const HEAD_FIELDS: &[&str] = &[
    "epoch",
    "version",
    "checksum",
    "name",
    "ownerId",
    "createdAt",
    "lastModified",
    "nodeCount",
    "edgeCount",
    "policy",
    "openConflicts",
    "deleted",
];

fn read_head(id: &GraphId, fields: Vec<Option<String>>) -> Option<Head> {
    let [
        epoch,
        version,
        checksum,
        name,
        owner,
        created,
        updated,
        nodes,
        edges,
        policy,
        open_conflicts,
        deleted,
    ] = <[Option<String>; 12]>::try_from(fields).ok()?;
    if deleted.is_some() {
        return None;
    }
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or_default();
    Some(Head {
        epoch: Epoch::new(&epoch?).ok()?,
        version: version?.parse().ok()?,
        checksum: Checksum::parse(&checksum?)?,
        meta: GraphMeta {
            graph_id: id.clone(),
            name: name.unwrap_or_default(),
            owner_id: UserId::new(&owner?).ok()?,
            created_at: number(created),
            updated_at: number(updated),
        },
        nodes: number(nodes),
        edges: number(edges),
        policy: policy
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        open_conflicts: number(open_conflicts),
    })
}

fn lease_end(now_ms: u64) -> u64 {
    now_ms + u64::try_from(HIDDEN_LEASE.as_millis()).unwrap_or(u64::MAX)
}

fn new_epoch() -> Epoch {
    Epoch::new(&uuid::Uuid::new_v4().simple().to_string()).expect("a UUID has the form of an id")
}
