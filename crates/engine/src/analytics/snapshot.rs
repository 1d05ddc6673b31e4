//! `GENERATE_SNAPSHOT`: keeps a compressed copy of a graph beside it.
//!
//! A copy is read from Redis while people go on editing; it is the graph at exactly one version.
//! Its id comes from its job, so that a job that runs twice makes one snapshot.

use std::io::{Read as _, Write as _};

use bullmq::Job;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use graphy_model::{Edge, Graph, GraphId, Node, UserId};
use graphy_store::graph::{NewSnapshot, Snapshot};
use graphy_telemetry::names;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AnalyticsJobs, aside};
use crate::definition::ANALYTICS;
use crate::jobs::{AnalyticsJob, TakeSnapshot, id_of_run};
use crate::worker::JobFault;

/// How large a snapshot may become when it is unpacked: more than any graph within its limits of
/// usual nodes, and a bound for what a broken one can do.
const UNPACKED_MAX: u64 = 1 << 30;
/// How many graphs are looked at for changes at once.
const GRAPHS_AT_ONCE: usize = 100;
/// For how many graphs one run asks, about; the next run goes on with the others.
const ASKED_MAX: u64 = 10_000;

/// What a snapshot holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotContent {
    /// What people called the graph.
    pub name: String,
    /// Its nodes, by id.
    pub nodes: Vec<Node>,
    /// Its edges, by id.
    pub edges: Vec<Edge>,
}

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotFault {
    /// It is broken or too large.
    #[error("cannot unpack a snapshot")]
    Unpack(#[source] std::io::Error),
    /// It is not of our form.
    #[error("cannot read a snapshot")]
    Form(#[source] serde_json::Error),
}

impl SnapshotContent {
    fn of(graph: &Graph) -> Self {
        let nodes = graph.nodes().values().map(|one| one.entity.clone());
        let mut nodes: Vec<Node> = nodes.collect();
        let edges = graph.edges().values().map(|one| one.entity.clone());
        let mut edges: Vec<Edge> = edges.collect();
        nodes.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        edges.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Self {
            name: graph.settings().name.clone(),
            nodes,
            edges,
        }
    }

    fn packed(&self) -> std::io::Result<Vec<u8>> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        serde_json::to_writer(&mut packer, self)?;
        packer.flush()?;
        packer.finish()
    }
}

/// Unpacks a snapshot. It may take a core for a while, so async callers give it a thread.
///
/// # Errors
/// [`SnapshotFault`] when it is not one of ours.
pub fn read_snapshot(data: &[u8]) -> Result<SnapshotContent, SnapshotFault> {
    let mut text = Vec::new();
    GzDecoder::new(data)
        .take(UNPACKED_MAX)
        .read_to_end(&mut text)
        .map_err(SnapshotFault::Unpack)?;
    serde_json::from_slice(&text).map_err(SnapshotFault::Form)
}

impl AnalyticsJobs {
    pub(super) async fn take(
        &self,
        job: &Job,
        graph_id: &GraphId,
        user_id: Option<UserId>,
    ) -> Result<Value, JobFault> {
        let store = self.replicas.store();
        let id = id_of_run(ANALYTICS, job.id(), job.timestamp()).simple();
        let snapshot_id = id.to_string();
        let kept = store.snapshots(graph_id).await?;
        if let Some(made) = kept.into_iter().find(|one| one.snapshot_id == snapshot_id) {
            // An earlier run of this job made it.
            return Ok(json!(made));
        }
        let Some(graph) = store.load(graph_id).await? else {
            return Err(JobFault::Never(format!("graph {graph_id} does not exist")));
        };
        let (epoch, version, checksum) = (graph.epoch().clone(), graph.version(), graph.checksum());
        let (nodes, edges, packed) = aside(move || {
            let content = SnapshotContent::of(&graph);
            let packed = content.packed();
            (content.nodes.len(), content.edges.len(), packed)
        })
        .await?;
        let data = packed.map_err(|error| JobFault::Fault(error.to_string()))?;
        let snapshot = Snapshot {
            snapshot_id,
            epoch,
            version,
            checksum,
            at: store.now_ms(),
            nodes: nodes as u64,
            edges: edges as u64,
            bytes: data.len() as u64,
            user_id,
        };
        let new = NewSnapshot { snapshot, data };
        let room = self.queues.config().queues.snapshot_room;
        if !store.keep_snapshot(graph_id, &new, room).await? {
            return Err(JobFault::Never(format!(
                "graph {graph_id} was deleted meanwhile"
            )));
        }
        metrics::counter!(names::SNAPSHOTS_MADE).increment(1);
        Ok(json!(new.snapshot))
    }

    /// Asks for a snapshot of every graph that has changed since its last one.
    pub(super) async fn take_changed(&self) -> Result<Value, JobFault> {
        let store = self.replicas.store();
        let (mut place, mut asked) = (0, 0_u64);
        loop {
            let page = store.versions_at(place, GRAPHS_AT_ONCE).await?;
            if page.is_empty() || asked >= ASKED_MAX {
                return Ok(json!({ "graphs": place, "asked": asked }));
            }
            place += page.len() as u64;
            let ids: Vec<GraphId> = page.iter().map(|(id, _)| id.clone()).collect();
            let newest = store.snapshot_versions(&ids).await?;
            for (graph, version) in page {
                // A graph without history is empty.
                let Some(version) = version.filter(|version| *version > 0) else {
                    continue;
                };
                if newest.get(&graph) == Some(&version) {
                    continue;
                }
                let job = AnalyticsJob::GenerateSnapshot(TakeSnapshot {
                    graph_id: Some(graph),
                    user_id: None,
                });
                self.queues.analyse(&job).await?;
                asked += 1;
            }
        }
    }
}
