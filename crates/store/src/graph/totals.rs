//! Counts over all graphs, taken in slices and kept in Redis so that every node shows the same.

use std::collections::HashMap;

use graphy_model::GraphId;
use redis::AsyncCommands;
use serde::{Deserialize, Serialize};

use super::GraphStore;
use super::keys::{GRAPHS, GraphKeys};
use crate::error::StoreError;

/// What was counted, and where the count stands.
const TOTALS: &str = "analytics:totals";
/// How many graphs are looked at in one round trip.
const GRAPHS_AT_ONCE: usize = 100;

/// What is read of one graph: fields of its state, and the length of its history.
type Row = ([Option<String>; 5], u64);

/// Counts over all graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GraphTotals {
    /// Graphs that people may see.
    pub graphs: u64,
    /// Their nodes.
    pub nodes: u64,
    /// Their edges.
    pub edges: u64,
    /// Their conflicts that wait for a person.
    pub open_conflicts: u64,
    /// The entries of their histories.
    pub history_entries: u64,
}

impl GraphTotals {
    fn add(&mut self, other: &Self) {
        self.graphs += other.graphs;
        self.nodes += other.nodes;
        self.edges += other.edges;
        self.open_conflicts += other.open_conflicts;
        self.history_entries += other.history_entries;
    }
}

/// Where counting stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TotalsState {
    /// What the last whole pass counted; none before the first.
    pub totals: Option<GraphTotals>,
    /// When that pass ended, in milliseconds since 1970.
    pub completed_at: u64,
    /// What the running pass has counted.
    pub partial: GraphTotals,
    /// How many places of the list of graphs the running pass has looked at.
    pub place: u64,
    /// At which place of the list checksums are checked next.
    pub verify_place: u64,
    /// How many checksums were checked so far.
    pub verified: u64,
    /// The graphs that did not add up when they were last checked.
    pub mismatched: Vec<GraphId>,
}

/// A piece of the list of graphs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TotalsSlice {
    /// The graphs of it that are there.
    pub graphs: Vec<GraphId>,
    /// What they hold.
    pub totals: GraphTotals,
    /// How many places of the list were looked at; fewer than asked for at its end.
    pub places: usize,
}

impl TotalsState {
    /// Adds the next slice to the running pass; one that is `last` ends the pass.
    pub fn count(&mut self, slice: &TotalsSlice, last: bool, now_ms: u64) {
        self.partial.add(&slice.totals);
        self.place += slice.places as u64;
        if last {
            self.totals = Some(self.partial);
            self.completed_at = now_ms;
            self.partial = GraphTotals::default();
            self.place = 0;
        }
    }
}

impl GraphStore {
    /// Reads where counting stands.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn totals(&self) -> Result<TotalsState, StoreError> {
        let text: Option<String> = self
            .link()
            .query()
            .get(TOTALS)
            .await
            .map_err(StoreError::redis("read the counts of all graphs"))?;
        // Counts of another version of this program are counted anew.
        Ok(text
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }

    /// Keeps where counting stands.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn keep_totals(&self, state: &TotalsState) -> Result<(), StoreError> {
        let text = serde_json::to_string(state).expect("counts hold only numbers and ids");
        self.link()
            .write()
            .set(TOTALS, text)
            .await
            .map_err(StoreError::redis("keep the counts of all graphs"))
    }

    /// Counts at most `count` graphs from a place of the list on, the oldest graph being at 0.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn totals_of(&self, place: u64, count: usize) -> Result<TotalsSlice, StoreError> {
        let mut slice = TotalsSlice::default();
        while slice.places < count {
            let first = place + slice.places as u64;
            let wanted = (count - slice.places).min(GRAPHS_AT_ONCE);
            let ids = self.graphs_at(first, wanted).await?;
            let got = ids.len();
            self.count_graphs(&ids, &mut slice).await?;
            slice.places += got;
            if got < wanted {
                break;
            }
        }
        Ok(slice)
    }

    /// Returns the version of every graph that people may see from a place of the list on.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn versions_at(
        &self,
        place: u64,
        count: usize,
    ) -> Result<Vec<(GraphId, Option<u64>)>, StoreError> {
        let names = self.graphs_at(place, count.min(GRAPHS_AT_ONCE)).await?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for name in &names {
            let Ok(id) = GraphId::new(name) else { continue };
            pipe.hmget(GraphKeys::new(&id).state(), &["version", "deleted"]);
        }
        let rows: Vec<(Option<u64>, Option<String>)> = pipe
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read the versions of graphs"))?;
        let ids = names.iter().filter_map(|name| GraphId::new(name).ok());
        Ok(ids
            .zip(rows)
            .map(|(id, (version, deleted))| (id, version.filter(|_| deleted.is_none())))
            .collect())
    }

    /// Returns the versions of the newest snapshots of graphs, by graph.
    ///
    /// # Errors
    /// When Redis cannot be reached or a row is not of our form.
    pub async fn snapshot_versions(
        &self,
        graphs: &[GraphId],
    ) -> Result<HashMap<GraphId, u64>, StoreError> {
        let mut newest = HashMap::new();
        for graph in graphs {
            if let Some(snapshot) = self.snapshots(graph).await?.first() {
                newest.insert(graph.clone(), snapshot.version);
            }
        }
        Ok(newest)
    }

    async fn graphs_at(&self, place: u64, count: usize) -> Result<Vec<String>, StoreError> {
        let first = isize::try_from(place).unwrap_or(isize::MAX);
        let last = first.saturating_add_unsigned(count.saturating_sub(1));
        self.link()
            .query()
            .zrange(GRAPHS, first, last)
            .await
            .map_err(StoreError::redis("list graphs"))
    }

    async fn count_graphs(
        &self,
        names: &[String],
        slice: &mut TotalsSlice,
    ) -> Result<(), StoreError> {
        let ids: Vec<GraphId> = names
            .iter()
            .filter_map(|name| GraphId::new(name).ok())
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for id in &ids {
            let keys = GraphKeys::new(id);
            pipe.hmget(
                keys.state(),
                &[
                    "nodeCount",
                    "edgeCount",
                    "openConflicts",
                    "epoch",
                    "deleted",
                ],
            );
            pipe.xlen(keys.operations());
        }
        let flat: Vec<redis::Value> = pipe
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("count what graphs hold"))?;
        for (id, row) in ids.into_iter().zip(flat.chunks_exact(2)) {
            let row: Row =
                redis::from_redis_value(redis::Value::Array(row.to_vec())).map_err(|error| {
                    StoreError::Corrupt {
                        what: "the counts of a graph",
                        detail: error.to_string(),
                    }
                })?;
            let ([nodes, edges, conflicts, epoch, deleted], history) = row;
            if epoch.is_none() || deleted.is_some() {
                continue;
            }
            let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
            slice.totals.add(&GraphTotals {
                graphs: 1,
                nodes: number(nodes).unwrap_or_default(),
                edges: number(edges).unwrap_or_default(),
                open_conflicts: number(conflicts).unwrap_or_default(),
                history_entries: history,
            });
            slice.graphs.push(id);
        }
        Ok(())
    }
}
