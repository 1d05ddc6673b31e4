//! Reads of a whole graph: into memory, or only to prove its checksum.

use graphy_model::checksum::{Checksum, EntityHash};
use graphy_model::graph::Settings;
use graphy_model::record::Record;
use graphy_model::{Edge, Epoch, Graph, GraphId, Node};
use graphy_telemetry::names::{CHECKSUM_AUDITS, label};

use super::keys::GraphKeys;
use super::{GraphStore, Head, History};
use crate::error::StoreError;

/// How many entities one scan step asks for.
const SCAN_COUNT: usize = 1000;
/// How many entries one catch-up step asks for.
pub(crate) const CATCH_UP_COUNT: usize = 1000;
/// How often a load starts again when the graph's life changes under it.
const LOADS_MAX: usize = 3;

/// What a check of the stored texts against the stored checksum found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The life of the graph.
    pub epoch: Epoch,
    /// Its version.
    pub version: u64,
    /// How many nodes were read.
    pub nodes: u64,
    /// How many edges were read.
    pub edges: u64,
    /// The checksum as stored.
    pub stored: Checksum,
    /// The checksum as computed from the texts.
    pub computed: Checksum,
}

impl GraphStore {
    /// Reads a graph into memory while others may write to it; none if there is no such graph.
    ///
    /// # Errors
    /// When Redis cannot be reached, or what it holds does not add up to its own checksum.
    pub async fn load(&self, id: &GraphId) -> Result<Option<Graph>, StoreError> {
        for _ in 0..LOADS_MAX {
            let Some(head) = self.head(id).await? else {
                return Ok(None);
            };
            let mut graph = Graph::new(head.epoch.clone(), head.version);
            graph.load_settings(self.settings(id, &head).await?);
            self.scan(id, &mut graph).await?;
            if !self.catch_up(id, &mut graph).await? {
                continue;
            }
            let Some(after) = self.head(id).await? else {
                return Ok(None);
            };
            if after.epoch == *graph.epoch()
                && (after.version != graph.version() || after.checksum == graph.checksum())
            {
                return Ok(Some(graph));
            }
        }
        Err(StoreError::Corrupt {
            what: "a graph",
            detail: format!("graph {id} does not add up to its checksum"),
        })
    }

    /// Reads what a graph holds besides nodes and edges; replaying the history from the head's
    /// version on it gives the present.
    async fn settings(&self, id: &GraphId, head: &Head) -> Result<Settings, StoreError> {
        Ok(Settings {
            name: head.meta.name.clone(),
            owner: Some(head.meta.owner_id.clone()),
            policy: head.policy.clone(),
            grants: self.grants(id).await?,
            conflicts: self
                .open_conflicts(id)
                .await?
                .into_iter()
                .map(|record| (record.conflict_id.clone(), record))
                .collect(),
        })
    }

    async fn scan(&self, id: &GraphId, graph: &mut Graph) -> Result<(), StoreError> {
        let keys = GraphKeys::new(id);
        self.scan_hash(&keys.nodes(), |node_id, record| {
            if let Record::Present {
                version,
                marks,
                text,
            } = record
            {
                let node: Node = serde_json::from_str(text)?;
                graph.load_node(
                    version,
                    marks,
                    node,
                    EntityHash::of_node_text(node_id, text),
                );
            }
            Ok(())
        })
        .await?;
        self.scan_hash(&keys.edges(), |edge_id, record| {
            if let Record::Present {
                version,
                marks,
                text,
            } = record
            {
                let edge: Edge = serde_json::from_str(text)?;
                graph.load_edge(
                    version,
                    marks,
                    edge,
                    EntityHash::of_edge_text(edge_id, text),
                );
            }
            Ok(())
        })
        .await
    }

    /// Visits every record of a hash, some perhaps twice.
    async fn scan_hash(
        &self,
        key: &str,
        mut visit: impl FnMut(&str, Record<'_>) -> Result<(), serde_json::Error>,
    ) -> Result<(), StoreError> {
        let mut redis = self.link().query();
        let mut cursor = 0_u64;
        loop {
            let (next, pairs): (u64, Vec<(String, String)>) = redis::cmd("HSCAN")
                .arg(key)
                .arg(cursor)
                .arg("COUNT")
                .arg(SCAN_COUNT)
                .query_async(&mut redis)
                .await
                .map_err(StoreError::redis("read a graph's entities"))?;
            for (id, text) in &pairs {
                Record::parse(text)
                    .and_then(|record| visit(id, record))
                    .map_err(|error| StoreError::Corrupt {
                        what: "an entity",
                        detail: format!("{id}: {error}"),
                    })?;
            }
            cursor = next;
            if cursor == 0 {
                return Ok(());
            }
        }
    }

    /// Replays what a copy has missed; false if some of that is not kept any more.
    ///
    /// # Errors
    /// When Redis cannot be reached or the history is not of our form.
    pub(crate) async fn catch_up(
        &self,
        id: &GraphId,
        graph: &mut Graph,
    ) -> Result<bool, StoreError> {
        loop {
            match self
                .operations_since(id, graph.version(), CATCH_UP_COUNT)
                .await?
            {
                History::TooOld => return Ok(false),
                History::Operations(operations) => {
                    for operation in &operations {
                        let _undo = graph.apply(operation);
                    }
                    if operations.len() < CATCH_UP_COUNT {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Recomputes a graph's checksum from the stored texts alone; none if there is no such graph.
    ///
    /// # Errors
    /// When Redis cannot be reached, or the graph changes faster than it can be read.
    pub async fn verify(&self, id: &GraphId) -> Result<Option<Verification>, StoreError> {
        let keys = GraphKeys::new(id);
        for _ in 0..10 {
            let Some(before) = self.head(id).await? else {
                return Ok(None);
            };
            let mut sum = Checksum::default();
            let mut nodes = std::collections::HashSet::new();
            let mut edges = std::collections::HashSet::new();
            self.scan_hash(&keys.nodes(), |id, record| {
                if let Record::Present { text, .. } = record
                    && nodes.insert(id.to_owned())
                {
                    sum.add(EntityHash::of_node_text(id, text));
                }
                Ok(())
            })
            .await?;
            self.scan_hash(&keys.edges(), |id, record| {
                if let Record::Present { text, .. } = record
                    && edges.insert(id.to_owned())
                {
                    sum.add(EntityHash::of_edge_text(id, text));
                }
                Ok(())
            })
            .await?;
            let Some(after) = self.head(id).await? else {
                return Ok(None);
            };
            if (&before.epoch, before.version) == (&after.epoch, after.version) {
                let result = if after.checksum == sum {
                    "ok"
                } else {
                    "differs"
                };
                metrics::counter!(CHECKSUM_AUDITS, label::RESULT => result).increment(1);
                return Ok(Some(Verification {
                    epoch: after.epoch,
                    version: after.version,
                    nodes: nodes.len() as u64,
                    edges: edges.len() as u64,
                    stored: after.checksum,
                    computed: sum,
                }));
            }
        }
        Err(StoreError::Corrupt {
            what: "a graph",
            detail: format!("graph {id} changes faster than it can be read; stop its editors"),
        })
    }
}
