//! `graphy sessions`: who is connected.

use clap::{Args, Subcommand};
use graphy_model::GraphId;
use graphy_protocol::presence::{SessionList, SessionsRequest};
use graphy_telemetry::clock::{Clock as _, SystemClock};

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct SessionsArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List connected sessions on all nodes, the newest first
    List {
        /// Only those in this graph
        graph_id: Option<GraphId>,
    },
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: SessionsArguments,
    output: Output,
) -> Result<(), Failure> {
    let Action::List { graph_id } = arguments.action;
    let request = SessionsRequest { graph_id };
    let list: SessionList = node.call("sessions.list", &request).await?;
    output.result(&list, text)
}

fn text(list: &SessionList) -> String {
    let now = SystemClock.now_ms();
    let rows: Vec<Vec<String>> = list
        .sessions
        .iter()
        .map(|session| {
            vec![
                session.session_id.clone(),
                session.graph_id.to_string(),
                session.client_id.to_string(),
                session.user_id.to_string(),
                session.name.clone(),
                session.node.clone(),
                ago(now, session.joined_at),
                ago(now, session.last_activity),
                session.client_version.to_string(),
            ]
        })
        .collect();
    let head = [
        "SESSION", "GRAPH", "CLIENT", "USER", "NAME", "NODE", "CAME", "ACTIVE", "VERSION",
    ];
    table(&head, &[8], &rows)
}
