//! `graphy circuits`: the circuit breakers of all nodes.

use clap::{Args, Subcommand};
use graphy_protocol::system::{CircuitReport, NodeList};
use serde::Serialize;

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, table};

/// The command's arguments.
#[derive(Debug, Args)]
#[command(after_help = "Exit code 0 means that all are closed, 6 that one is not.")]
pub(crate) struct CircuitsArguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show whether each lets calls through; the same as without a word
    Status,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    at: u64,
    circuits: Vec<NodeCircuit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    others_unknown: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeCircuit {
    node_id: String,
    #[serde(flatten)]
    circuit: CircuitReport,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: &CircuitsArguments,
    output: Output,
) -> Result<(), Failure> {
    let (None | Some(Action::Status)) = arguments.action;
    let list: NodeList = node.ask("system.nodes").await?;
    let of_node = |node: graphy_protocol::system::NodeReport| {
        let node_id = node.node_id;
        let circuits = node.circuits.into_iter();
        circuits.map(move |circuit| NodeCircuit {
            node_id: node_id.clone(),
            circuit,
        })
    };
    let status = Status {
        at: list.at,
        others_unknown: list.others_unknown,
        circuits: list.nodes.into_iter().flat_map(of_node).collect(),
    };
    output.result(&status, text)?;
    let open: Vec<&str> = status
        .circuits
        .iter()
        .filter(|one| one.circuit.state != "closed")
        .map(|one| one.circuit.name.as_str())
        .collect();
    if open.is_empty() {
        Ok(())
    } else {
        Err(Failure::Unsound(format!("not closed: {}", open.join(", "))))
    }
}

fn text(status: &Status) -> String {
    let rows: Vec<Vec<String>> = status
        .circuits
        .iter()
        .map(|NodeCircuit { node_id, circuit }| {
            vec![
                circuit.state.clone(),
                circuit.name.clone(),
                node_id.clone(),
                ago(status.at, circuit.since),
                circuit.trips.to_string(),
                circuit.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let table = table(
        &["STATE", "GUARDS", "NODE", "SINCE", "OPENED", "LAST REASON"],
        &[4],
        &rows,
    );
    match &status.others_unknown {
        Some(reason) => format!("{table}\nOther nodes are not known now: {reason}"),
        None => table,
    }
}
