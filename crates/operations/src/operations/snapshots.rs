//! Snapshots of graphs, and what was rolled up of their progress.

use std::time::Duration;

use graphy_engine::{AnalyticsJob, JobEnd, QueueKind, TakeSnapshot, read_progress, read_snapshot};
use graphy_model::{Action, GraphRole};
use graphy_protocol::console::{ExportFormat, ExportedFile, GraphRef};
use graphy_protocol::queues::AddedJob;
use graphy_protocol::reports::{
    GraphProgress, NodeProgress, SnapshotList, SnapshotRef, SnapshotRow,
};
use graphy_protocol::{ApiError, ErrorCode};
use tokio::task::spawn_blocking;

use super::Operations;
use crate::caller::Caller;
use crate::export::{GraphContent, export};
use crate::fault::store_fault;

/// How long a caller waits for a snapshot to be made; the job goes on after that.
const MAKE_WAIT: Duration = Duration::from_secs(10);
/// The longest id of a snapshot.
const ID_CHARS_MAX: usize = 64;

impl Operations {
    /// `graph.progress`: what was rolled up along the edges, and at which version.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, or that of the store.
    pub async fn graph_progress(
        &self,
        caller: &Caller,
        request: GraphRef,
    ) -> Result<GraphProgress, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let GraphRef { graph_id } = request;
        let head = self.permitted(caller, &graph_id, GraphRole::View).await?;
        let report = read_progress(&self.inner.parts.store, &graph_id, &head.epoch).await;
        let report = report.map_err(|error| store_fault(&error))?;
        let Some(report) = report else {
            return Ok(GraphProgress {
                graph_id,
                version: None,
                at: None,
                nodes: Vec::new(),
                cut: false,
            });
        };
        let nodes = report.nodes.into_iter().map(|node| NodeProgress {
            id: node.id,
            progress: node.progress,
            parts: node.parts,
        });
        Ok(GraphProgress {
            graph_id,
            version: Some(report.version),
            at: Some(report.at),
            nodes: nodes.collect(),
            cut: report.cut,
        })
    }

    /// `snapshots.list`: the snapshots of a graph, newest first.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, or that of the store.
    pub async fn snapshots_list(
        &self,
        caller: &Caller,
        request: GraphRef,
    ) -> Result<SnapshotList, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let GraphRef { graph_id } = request;
        self.permitted(caller, &graph_id, GraphRole::View).await?;
        let kept = self.inner.parts.store.snapshots(&graph_id).await;
        let rows = kept.map_err(|error| store_fault(&error))?;
        let snapshots = rows.into_iter().map(|row| SnapshotRow {
            snapshot_id: row.snapshot_id,
            graph_id: graph_id.clone(),
            version: row.version,
            at: row.at,
            nodes: row.nodes,
            edges: row.edges,
            bytes: row.bytes,
            checksum: row.checksum.to_string(),
            user_id: row.user_id,
        });
        Ok(SnapshotList {
            snapshots: snapshots.collect(),
        })
    }

    /// `snapshots.make`: has a snapshot of a graph made, and waits a while for it.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `unavailable` when the queue cannot be reached, `internal` with
    /// the reason when it was not made.
    pub async fn snapshots_make(
        &self,
        caller: &Caller,
        request: GraphRef,
    ) -> Result<AddedJob, ApiError> {
        caller.authorize(Action::EditGraph)?;
        let GraphRef { graph_id } = request;
        self.permitted(caller, &graph_id, GraphRole::Edit).await?;
        let queues = self.inner.parts.intake.queues();
        let job = AnalyticsJob::GenerateSnapshot(TakeSnapshot {
            graph_id: Some(graph_id),
            user_id: Some(caller.user_id.clone()),
        });
        let unavailable = |error: graphy_engine::EngineError| {
            tracing::warn!(%error, "a snapshot was not asked for");
            let message = "the queue analytics cannot be reached";
            ApiError::new(ErrorCode::Unavailable, message).with_detail(error.to_string())
        };
        let job_id = queues.analyse(&job).await.map_err(unavailable)?;
        match queues.ended(QueueKind::Analytics, &job_id, MAKE_WAIT).await {
            Ok(JobEnd::Failed(reason)) => {
                let message = format!("the snapshot was not made: {reason}");
                Err(ApiError::new(ErrorCode::Internal, message))
            }
            // The job is durable; the list shows when it has ended.
            Ok(_) | Err(_) => Ok(AddedJob { job_id }),
        }
    }

    /// `snapshots.export`: a snapshot as a file that can be imported again.
    ///
    /// # Errors
    /// `forbidden`, `not_found` with the field, or that of the store.
    pub async fn snapshots_export(
        &self,
        caller: &Caller,
        request: SnapshotRef,
    ) -> Result<ExportedFile, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let SnapshotRef {
            graph_id,
            snapshot_id,
        } = request;
        self.permitted(caller, &graph_id, GraphRole::View).await?;
        if snapshot_id.len() > ID_CHARS_MAX {
            let message = format!("snapshotId has at most {ID_CHARS_MAX} characters");
            return Err(ApiError::new(ErrorCode::Invalid, message).on("snapshotId"));
        }
        let kept = self
            .inner
            .parts
            .store
            .snapshot(&graph_id, &snapshot_id)
            .await;
        let Some(kept) = kept.map_err(|error| store_fault(&error))? else {
            let message = format!("graph {graph_id} has no snapshot {snapshot_id}");
            return Err(ApiError::new(ErrorCode::NotFound, message).on("snapshotId"));
        };
        let unpacked = spawn_blocking(move || {
            let content = read_snapshot(&kept.data).map_err(|error| {
                tracing::error!(%error, "a snapshot cannot be read");
                ApiError::new(ErrorCode::Internal, error.to_string())
            })?;
            let graph = GraphContent {
                nodes: content.nodes,
                edges: content.edges,
            };
            let name = format!("{} v{}", content.name, kept.snapshot.version);
            let mut file = export(&content.name, &graph, ExportFormat::Json)?;
            file.file_name = export_name(&name);
            Ok(file)
        });
        unpacked
            .await
            .map_err(|_| ApiError::new(ErrorCode::Internal, "the snapshot could not be read"))?
    }
}

/// Names the file after graph and version, as other exports are named after the graph.
fn export_name(name: &str) -> String {
    format!("{}.graphy.json", crate::export::file_stem(name))
}
