//! `graphy snapshots`: list, make and export snapshots of a graph.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use graphy_model::GraphId;
use graphy_protocol::console::{ExportedFile, GraphRef};
use graphy_protocol::queues::AddedJob;
use graphy_protocol::reports::{SnapshotList, SnapshotRef, SnapshotRow};
use graphy_telemetry::clock::{Clock as _, SystemClock};

use super::export::write_file;
use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct SnapshotsArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the snapshots of a graph, the newest first
    List {
        /// The graph's id
        graph: GraphId,
    },
    /// Have a snapshot made now
    Make {
        /// The graph's id
        graph: GraphId,
    },
    /// Write a snapshot to a file that can be imported again
    Export {
        /// The graph's id
        graph: GraphId,
        /// The snapshot's id; the newest if absent
        snapshot: Option<String>,
        /// Where to write; `-` writes to standard output. Without it the file is named after graph
        /// and version, and a file of that name is not overwritten
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: SnapshotsArguments,
    output: Output,
) -> Result<(), Failure> {
    match arguments.action {
        Action::List { graph } => output.result(&list(node, graph).await?, text),
        Action::Make { graph } => {
            let request = GraphRef {
                graph_id: graph.clone(),
            };
            let before = list(node, graph.clone()).await?.snapshots;
            let added: AddedJob = node.call("snapshots.make", &request).await?;
            let after = list(node, graph).await?.snapshots;
            let is_new = |row: &SnapshotRow| {
                let mut known = before.iter();
                !known.any(|known| known.snapshot_id == row.snapshot_id)
            };
            output.result(&added, |added| match after.into_iter().find(is_new) {
                Some(row) => format!(
                    "snapshot {} of version {} ({} bytes)",
                    row.snapshot_id, row.version, row.bytes
                ),
                None => format!("job {} of the queue analytics makes it", added.job_id),
            })
        }
        Action::Export {
            graph,
            snapshot,
            output: path,
        } => {
            let snapshot_id = match snapshot {
                Some(id) => id,
                None => newest(node, &graph).await?,
            };
            let request = SnapshotRef {
                graph_id: graph.clone(),
                snapshot_id,
            };
            let file: ExportedFile = node.call("snapshots.export", &request).await?;
            write_file(&graph, file, path.as_deref(), output)
        }
    }
}

async fn list(node: &RemoteNode, graph_id: GraphId) -> Result<SnapshotList, Failure> {
    node.call("snapshots.list", &GraphRef { graph_id }).await
}

async fn newest(node: &RemoteNode, graph: &GraphId) -> Result<String, Failure> {
    let snapshots = list(node, graph.clone()).await?.snapshots;
    snapshots
        .into_iter()
        .next()
        .map(|row| row.snapshot_id)
        .ok_or_else(|| {
            Failure::Usage(format!(
                "{graph} has no snapshots; make one: graphy snapshots make {graph}"
            ))
        })
}

fn text(list: &SnapshotList) -> String {
    if list.snapshots.is_empty() {
        return "There are no snapshots.".to_owned();
    }
    let now = SystemClock.now_ms();
    let rows: Vec<Vec<String>> = list
        .snapshots
        .iter()
        .map(|row| {
            let by = row
                .user_id
                .as_ref()
                .map_or("schedule", |user| user.as_str());
            vec![
                row.snapshot_id.clone(),
                row.version.to_string(),
                row.nodes.to_string(),
                row.edges.to_string(),
                row.bytes.to_string(),
                by.to_owned(),
                ago(now, row.at),
            ]
        })
        .collect();
    let head = [
        "SNAPSHOT", "VERSION", "NODES", "EDGES", "BYTES", "BY", "MADE",
    ];
    table(&head, &[1, 2, 3, 4], &rows)
}
