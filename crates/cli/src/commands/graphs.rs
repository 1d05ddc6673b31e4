//! `graphy graphs`: list, make, resync and delete graphs.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use clap::{Args, Subcommand};
use graphy_model::{ClientId, GraphId, GraphMeta};
use graphy_protocol::console::{GraphRef, OperationRef};
use graphy_protocol::http::{CreateGraph, GraphList};
use graphy_protocol::presence::ResyncGraph;
use graphy_protocol::queues::AddedJob;
use graphy_telemetry::clock::{Clock as _, SystemClock};

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, table};

/// The command's arguments.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct GraphsArguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all graphs, the last changed first (the default)
    List,
    /// Make an empty graph
    Create {
        /// What people will call it
        name: String,
        /// Its id; made up if absent
        #[arg(long, value_name = "ID")]
        id: Option<GraphId>,
    },
    /// Have all nodes compare themselves with a graph now, or one client's copy checked
    Resync {
        /// Its id
        graph: GraphId,
        /// Send this client alone what it lacks, and the checksum; `graphy sessions list` names it
        #[arg(long, value_name = "ID")]
        client: Option<ClientId>,
    },
    /// Delete a graph for good
    Delete {
        /// Its id
        graph: GraphId,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: GraphsArguments,
    output: Output,
) -> Result<(), Failure> {
    match arguments.action.unwrap_or(Action::List) {
        Action::List => {
            let list: GraphList = node.ask("graphs.list").await?;
            output.result(&list, text)
        }
        Action::Create { name, id } => {
            let request = CreateGraph { name, graph_id: id };
            let meta: GraphMeta = node.call("graphs.create", &request).await?;
            output.result(&meta, |meta| {
                format!("made {} ({})", meta.graph_id, meta.name)
            })
        }
        Action::Resync { graph, client } => {
            let request = ResyncGraph {
                graph_id: graph,
                client_id: client,
            };
            let added: AddedJob = node.call("graphs.resync", &request).await?;
            output.result(&added, |added| {
                format!("asked for by job {} of sync-operations", added.job_id)
            })
        }
        Action::Delete { graph, yes } => {
            if !yes {
                confirm(&graph)?;
            }
            let graph_ref = GraphRef {
                graph_id: graph.clone(),
            };
            let answer: OperationRef = node.call("graphs.delete", &graph_ref).await?;
            output.result(&answer, |_| format!("deleted {graph}"))
        }
    }
}

fn confirm(graph: &GraphId) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let message = format!("{graph} would be deleted for good; say --yes if that is meant");
        return Err(Failure::Usage(message));
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "Delete {graph} for good? Type its id to confirm: ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    if answer.trim() == graph.as_str() {
        Ok(())
    } else {
        Err(Failure::Interrupted)
    }
}

fn text(list: &GraphList) -> String {
    if list.graphs.is_empty() {
        return "There are no graphs. Make one: graphy import Cargo.lock".to_owned();
    }
    let now = SystemClock.now_ms();
    let rows: Vec<Vec<String>> = list
        .graphs
        .iter()
        .map(|graph| {
            vec![
                graph.meta.graph_id.to_string(),
                graph.meta.name.clone(),
                graph.nodes.to_string(),
                graph.edges.to_string(),
                graph.version.to_string(),
                ago(now, graph.meta.updated_at),
            ]
        })
        .collect();
    table(
        &["ID", "NAME", "NODES", "EDGES", "VERSION", "CHANGED"],
        &[2, 3, 4],
        &rows,
    )
}
