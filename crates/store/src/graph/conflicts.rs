//! Reads of grants and conflicts.

use graphy_model::{ConflictRecord, Grantee, Grants, GraphId, GraphRole};
use redis::AsyncCommands;

use super::GraphStore;
use super::history::parse;
use super::keys::GraphKeys;
use crate::error::StoreError;

/// How many records are read at once.
const RECORDS_AT_ONCE: usize = 100;
/// The latest moment of an index, in milliseconds since 1970: what a score holds exactly.
const MOMENT_MAX: u64 = 1 << 53;
/// How many graphs' indexes are read at once.
const GRAPHS_AT_ONCE: usize = 100;

/// Which of a graph's conflicts are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictIndex {
    /// Those that wait for a person, by the time they were met.
    Open,
    /// Those that were settled, by the time of that.
    Settled,
}

/// A conflict's place in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedConflict {
    /// The graph that it is in.
    pub graph_id: GraphId,
    /// Which conflict.
    pub conflict_id: String,
    /// The time that the index has for it, in milliseconds since 1970.
    pub at: u64,
}

impl GraphStore {
    /// Reads a graph's grants.
    ///
    /// # Errors
    /// When Redis cannot be reached or a grant is not of our form.
    pub async fn grants(&self, id: &GraphId) -> Result<Grants, StoreError> {
        let pairs: Vec<(String, String)> = self
            .link()
            .query()
            .hgetall(GraphKeys::new(id).acl())
            .await
            .map_err(StoreError::redis("read a graph's grants"))?;
        let corrupt = |detail: &str| StoreError::Corrupt {
            what: "a grant",
            detail: detail.to_owned(),
        };
        let grants = pairs.iter().map(|(grantee, role)| {
            let grantee: Grantee =
                serde_json::from_value(grantee.as_str().into()).map_err(|_| corrupt(grantee))?;
            let role = GraphRole::parse(role).ok_or_else(|| corrupt(role))?;
            Ok((grantee, role))
        });
        grants.collect::<Result<_, StoreError>>().map(Grants)
    }

    /// Reads the conflicts of a graph that wait for a person, the oldest first.
    ///
    /// # Errors
    /// When Redis cannot be reached or a record is not of our form.
    pub async fn open_conflicts(&self, id: &GraphId) -> Result<Vec<ConflictRecord>, StoreError> {
        let keys = GraphKeys::new(id);
        let ids: Vec<String> = self
            .link()
            .query()
            .zrange(keys.open_conflicts(), 0, -1)
            .await
            .map_err(StoreError::redis("list open conflicts"))?;
        self.conflict_records(&keys, &ids).await
    }

    /// Finds the newest conflicts of several graphs, before a moment: `count_max` of them and those
    /// of the same moment as the last.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn indexed_conflicts(
        &self,
        index: ConflictIndex,
        graphs: &[GraphId],
        before: Option<u64>,
        count_max: usize,
    ) -> Result<Vec<IndexedConflict>, StoreError> {
        let mut found = Vec::new();
        for graphs in graphs.chunks(GRAPHS_AT_ONCE) {
            found.extend(self.newest_of(index, graphs, before, count_max).await?);
            newest_first(&mut found, count_max);
        }
        // Of the last moment there may be more than were asked of one graph.
        let Some(last) = found.get(count_max.saturating_sub(1)).map(|one| one.at) else {
            return Ok(found);
        };
        found.retain(|one| one.at > last);
        for graphs in graphs.chunks(GRAPHS_AT_ONCE) {
            found.extend(self.between(index, graphs, [last, last], None).await?);
        }
        Ok(found)
    }

    async fn newest_of(
        &self,
        index: ConflictIndex,
        graphs: &[GraphId],
        before: Option<u64>,
        count_max: usize,
    ) -> Result<Vec<IndexedConflict>, StoreError> {
        match before {
            Some(0) => Ok(Vec::new()),
            before => {
                let newest = before.map_or(MOMENT_MAX, |before| before.min(MOMENT_MAX) - 1);
                self.between(index, graphs, [0, newest], Some(count_max))
                    .await
            }
        }
    }

    async fn between(
        &self,
        index: ConflictIndex,
        graphs: &[GraphId],
        [oldest, newest]: [u64; 2],
        count_max: Option<usize>,
    ) -> Result<Vec<IndexedConflict>, StoreError> {
        if graphs.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for graph in graphs {
            let keys = GraphKeys::new(graph);
            let key = match index {
                ConflictIndex::Open => keys.open_conflicts(),
                ConflictIndex::Settled => keys.closed_conflicts(),
            };
            let command = pipe.cmd("ZREVRANGEBYSCORE").arg(key).arg(newest);
            let command = command.arg(oldest).arg("WITHSCORES");
            if let Some(count) = count_max {
                command.arg("LIMIT").arg(0).arg(count);
            }
        }
        let lists: Vec<Vec<(String, u64)>> = pipe
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("look conflicts up"))?;
        let of_graph = |(graph, list): (&GraphId, Vec<(String, u64)>)| {
            let graph = graph.clone();
            list.into_iter()
                .map(move |(conflict_id, at)| IndexedConflict {
                    graph_id: graph.clone(),
                    conflict_id,
                    at,
                })
        };
        Ok(graphs.iter().zip(lists).flat_map(of_graph).collect())
    }

    /// Reads the records of conflicts, in the same order; none for one that is not kept any more.
    ///
    /// # Errors
    /// When Redis cannot be reached or a record is not of our form.
    pub async fn conflicts_at(
        &self,
        places: &[IndexedConflict],
    ) -> Result<Vec<Option<ConflictRecord>>, StoreError> {
        let mut found = Vec::with_capacity(places.len());
        for places in places.chunks(RECORDS_AT_ONCE) {
            let mut pipe = redis::pipe();
            for place in places {
                let keys = GraphKeys::new(&place.graph_id);
                pipe.hget(keys.conflicts(), &place.conflict_id);
            }
            let texts: Vec<Option<String>> = pipe
                .query_async(&mut self.link().query())
                .await
                .map_err(StoreError::redis("read conflicts"))?;
            for text in texts {
                found.push(text.map(|text| parse(&text)).transpose()?);
            }
        }
        Ok(found)
    }

    async fn conflict_records(
        &self,
        keys: &GraphKeys,
        ids: &[String],
    ) -> Result<Vec<ConflictRecord>, StoreError> {
        let mut records = Vec::with_capacity(ids.len());
        for ids in ids.chunks(RECORDS_AT_ONCE) {
            let texts: Vec<Option<String>> = redis::cmd("HMGET")
                .arg(keys.conflicts())
                .arg(ids)
                .query_async(&mut self.link().query())
                .await
                .map_err(StoreError::redis("read conflicts"))?;
            for text in texts.iter().flatten() {
                records.push(parse(text)?);
            }
        }
        Ok(records)
    }
}

/// Leaves the newest, and those of the same moment as the last of them.
fn newest_first(found: &mut Vec<IndexedConflict>, count_max: usize) {
    found.sort_by_key(|one| std::cmp::Reverse(one.at));
    if let Some(last) = found.get(count_max.saturating_sub(1)).map(|one| one.at) {
        found.retain(|one| one.at >= last);
    }
}
