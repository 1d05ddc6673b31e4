//! `CALCULATE_PROGRESS`: rolls the progress of a graph's nodes up and keeps it beside the graph.

use graphy_model::progress::Outline;
use graphy_model::{Epoch, GraphId, NodeId};
use graphy_store::graph::StoredProgress;
use graphy_store::{GraphStore, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AnalyticsJobs, aside};
use crate::worker::JobFault;

/// Of how many nodes of a graph the rolled-up progress is kept.
pub const NODES_MAX: usize = 20_000;
/// From how many nodes and edges on a graph is rolled up less often.
const LARGE_ENTITIES: u64 = 20_000;
/// How often a large graph is rolled up at most, in milliseconds.
const LARGE_SPACING_MS: u64 = 30_000;

/// What was rolled up of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressReport {
    /// At which version.
    pub version: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The nodes that have parts, by id.
    pub nodes: Vec<NodeProgress>,
    /// Whether there are more nodes than are kept.
    pub cut: bool,
}

/// What was rolled up for one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeProgress {
    /// Which node.
    pub id: NodeId,
    /// Its progress, 0..=1.
    pub progress: f64,
    /// From how many nodes it was taken.
    pub parts: u32,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    nodes: Vec<NodeProgress>,
    cut: bool,
}

impl AnalyticsJobs {
    pub(super) async fn roll_up(&self, graph: &GraphId) -> Result<Value, JobFault> {
        if let Some(at_ms) = self.too_early(graph).await? {
            return Err(JobFault::NotBefore(at_ms));
        }
        let outline = self.replicas.read(graph, |graph| {
            let outline = Outline::of(graph);
            (graph.epoch().clone(), graph.version(), outline)
        });
        let Some((epoch, version, outline)) = outline.await? else {
            return Ok(json!({ "gone": true }));
        };
        let (count, text) = aside(move || {
            let rolled = outline.roll_up();
            let cut = rolled.len() > NODES_MAX;
            let nodes: Vec<NodeProgress> = rolled
                .into_iter()
                .take(NODES_MAX)
                .map(|(id, rolled)| NodeProgress {
                    id,
                    progress: rolled.progress,
                    parts: rolled.parts,
                })
                .collect();
            let count = nodes.len();
            let text = serde_json::to_string(&Kept { nodes, cut })
                .expect("ids and finite numbers are JSON");
            (count, text)
        })
        .await?;
        let store = self.replicas.store();
        let progress = StoredProgress {
            epoch,
            version,
            at: store.now_ms(),
            nodes: text,
        };
        let kept = store.keep_progress(graph, &progress).await?;
        Ok(json!({ "version": version, "nodes": count, "kept": kept }))
    }
}

impl AnalyticsJobs {
    /// Says until when the graph is to be left in peace, because it is large and was rolled up a
    /// moment ago: copying what decides holds everybody else up.
    async fn too_early(&self, graph: &GraphId) -> Result<Option<u64>, JobFault> {
        let store = self.replicas.store();
        let Some(head) = store.head(graph).await? else {
            return Ok(None);
        };
        if head.nodes + head.edges < LARGE_ENTITIES {
            return Ok(None);
        }
        let last = store.progress(graph).await?;
        let due_ms = last.map_or(0, |last| last.at + LARGE_SPACING_MS);
        Ok((due_ms > store.now_ms()).then_some(due_ms))
    }
}

/// Reads what was rolled up of a graph in this life of it; none if nothing was yet.
///
/// # Errors
/// When Redis cannot be reached or holds what is not of our form.
pub async fn read_progress(
    store: &GraphStore,
    graph: &GraphId,
    epoch: &Epoch,
) -> Result<Option<ProgressReport>, StoreError> {
    let stored = store.progress(graph).await?;
    let Some(stored) = stored.filter(|stored| stored.epoch == *epoch) else {
        return Ok(None);
    };
    let kept: Kept = serde_json::from_str(&stored.nodes).map_err(|error| StoreError::Corrupt {
        what: "the progress of a graph",
        detail: error.to_string(),
    })?;
    Ok(Some(ProgressReport {
        version: stored.version,
        at: stored.at,
        nodes: kept.nodes,
        cut: kept.cut,
    }))
}
