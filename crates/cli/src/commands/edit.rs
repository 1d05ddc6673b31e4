//! `graphy undo`, `redo`, `restore`, `share` and `policy`: single commands to a graph.

use clap::Args;
use graphy_model::{GraphId, OperationId, Outcome};
use graphy_protocol::collaboration::{GraphSettingsView, SendCommand, SentCommand};
use graphy_protocol::console::GraphRef;
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::table;

/// The arguments of `undo` and `redo`.
#[derive(Debug, Args)]
pub(crate) struct UndoArguments {
    /// Which graph
    graph: GraphId,
    /// Which operation (for a redo: which undo); your last one if absent
    #[arg(long, value_name = "ID")]
    operation: Option<uuid::Uuid>,
}

/// The arguments of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// Which graph
    graph: GraphId,
    /// The version whose nodes and edges are wanted
    #[arg(value_name = "VERSION")]
    wanted: u64,
}

/// The arguments of `share`.
#[derive(Debug, Args)]
pub(crate) struct ShareArguments {
    /// Which graph
    graph: GraphId,
    /// Whom to give a role: a user, or * for everyone else; without it, the roles are listed
    #[arg(requires = "role")]
    user: Option<String>,
    /// none, view, comment, edit, admin, or remove to take the grant away
    role: Option<String>,
}

/// The arguments of `policy`.
#[derive(Debug, Args)]
pub(crate) struct PolicyArguments {
    /// Which graph
    graph: GraphId,
    /// Strategies such as title=MANUAL or data.*=SERVER_WINS; title=default goes back; without
    /// any, the policy is listed
    #[arg(value_name = "FIELD=STRATEGY")]
    choices: Vec<String>,
}

pub(crate) async fn undo(
    node: &RemoteNode,
    arguments: UndoArguments,
    kind: &str,
    output: Output,
) -> Result<(), Failure> {
    let payload = match arguments.operation.map(OperationId) {
        Some(id) => json!({ "operationId": id }),
        None => json!({}),
    };
    send(node, arguments.graph, kind, payload, output).await
}

pub(crate) async fn restore(
    node: &RemoteNode,
    arguments: RestoreArguments,
    output: Output,
) -> Result<(), Failure> {
    let payload = json!({ "version": arguments.wanted });
    send(node, arguments.graph, "RESTORE_VERSION", payload, output).await
}

pub(crate) async fn share(
    node: &RemoteNode,
    arguments: ShareArguments,
    output: Output,
) -> Result<(), Failure> {
    let (Some(user), Some(role)) = (arguments.user, arguments.role) else {
        let request = GraphRef {
            graph_id: arguments.graph,
        };
        let view: GraphSettingsView = node.call("graph.settings", &request).await?;
        return output.result(&view, roles);
    };
    let role = Some(role).filter(|role| role != "remove");
    let payload = json!({ "userId": user, "role": role });
    send(node, arguments.graph, "UPDATE_PERMISSIONS", payload, output).await
}

pub(crate) async fn policy(
    node: &RemoteNode,
    arguments: PolicyArguments,
    output: Output,
) -> Result<(), Failure> {
    if arguments.choices.is_empty() {
        let request = GraphRef {
            graph_id: arguments.graph,
        };
        let view: GraphSettingsView = node.call("graph.settings", &request).await?;
        return output.result(&view, strategies);
    }
    let mut policy = serde_json::Map::new();
    for choice in &arguments.choices {
        let Some((field, strategy)) = choice.split_once('=') else {
            return Err(Failure::Usage(format!("{choice:?} is not FIELD=STRATEGY")));
        };
        let strategy = Some(strategy).filter(|strategy| *strategy != "default");
        policy.insert(field.to_owned(), json!(strategy));
    }
    let payload = json!({ "policy": policy });
    send(node, arguments.graph, "UPDATE_GRAPH", payload, output).await
}

async fn send(
    node: &RemoteNode,
    graph_id: GraphId,
    kind: &str,
    payload: Value,
    output: Output,
) -> Result<(), Failure> {
    let request = SendCommand {
        graph_id,
        command_type: kind.to_owned(),
        payload,
    };
    let sent: SentCommand = node.call("commands.send", &request).await?;
    if let Outcome::Rejected(rejection) = sent.outcome {
        return Err(Failure::Api(rejection.into()));
    }
    output.result(&sent, |sent| match &sent.outcome {
        Outcome::Applied { version } => format!("done as version {version}"),
        Outcome::Merged { version, .. } => {
            format!("done in part as version {version}; graphy history says what was left")
        }
        _ => format!("done ({})", sent.operation_id),
    })
}

fn roles(view: &GraphSettingsView) -> String {
    let mut rows = vec![vec![view.graph.owner_id.to_string(), "owner".to_owned()]];
    let grants = view.settings.grants.iter();
    rows.extend(grants.map(|(who, role)| vec![who.to_string(), role.as_str().to_owned()]));
    if !view
        .settings
        .grants
        .keys()
        .any(|who| who.to_string() == "*")
    {
        rows.push(vec!["*".to_owned(), "edit (default)".to_owned()]);
    }
    table(&["WHO", "ROLE"], &[], &rows)
}

fn strategies(view: &GraphSettingsView) -> String {
    let chosen = view.settings.policy.0.iter();
    let mut rows: Vec<Vec<String>> = chosen
        .map(|(field, strategy)| vec![field.to_string(), strategy.as_str().to_owned()])
        .collect();
    for (field, strategy) in &view.defaults {
        if !rows.iter().any(|row| row[0] == *field) {
            rows.push(vec![
                field.clone(),
                format!("{} (default)", strategy.as_str()),
            ]);
        }
    }
    table(&["FIELD", "STRATEGY"], &[], &rows)
}
