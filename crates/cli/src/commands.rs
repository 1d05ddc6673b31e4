//! The commands, one file each.

pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod circuits;
pub(crate) mod config;
pub(crate) mod conflicts;
pub(crate) mod demo;
pub(crate) mod dump;
pub(crate) mod edit;
pub(crate) mod export;
pub(crate) mod graphs;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod queues;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod snapshots;
pub(crate) mod system;
pub(crate) mod ticket;
pub(crate) mod token;
pub(crate) mod verify;

use crate::arguments::{Arguments, Command};
use crate::configuration;
use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;

/// Runs the command.
pub(crate) async fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let Arguments { global, command } = arguments;
    let output = *output;
    let node = || -> Result<RemoteNode, Failure> {
        RemoteNode::find(&configuration::read(&global, Vec::new())?.settings)
    };
    match command {
        Command::Serve(arguments) => Box::pin(serve::run(&global, arguments, output)).await,
        Command::Demo(arguments) => Box::pin(demo::run(&node()?, &arguments, output)).await,
        Command::Import(arguments) => import::run(&node()?, &arguments, output).await,
        Command::Export(arguments) => export::run(&node()?, &arguments, output).await,
        Command::Graphs(arguments) => graphs::run(&node()?, arguments, output).await,
        Command::History(arguments) => history::run(&node()?, arguments, output).await,
        Command::Conflicts(arguments) => conflicts::run(&node()?, arguments, output).await,
        Command::Undo(arguments) => edit::undo(&node()?, arguments, "UNDO", output).await,
        Command::Redo(arguments) => edit::undo(&node()?, arguments, "REDO", output).await,
        Command::Restore(arguments) => edit::restore(&node()?, arguments, output).await,
        Command::Share(arguments) => edit::share(&node()?, arguments, output).await,
        Command::Policy(arguments) => edit::policy(&node()?, arguments, output).await,
        Command::Sessions(arguments) => sessions::run(&node()?, arguments, output).await,
        Command::Snapshots(arguments) => snapshots::run(&node()?, arguments, output).await,
        Command::Token(arguments) => token::run(&node()?, arguments, output).await,
        Command::Verify(arguments) => Box::pin(verify::run(&global, arguments, output)).await,
        Command::Health(arguments) => health::run(&node()?, &arguments, output).await,
        Command::Metrics(arguments) => Box::pin(metrics::run(&node()?, &arguments, output)).await,
        Command::Queues(arguments) => Box::pin(queues::run(&node()?, arguments, output)).await,
        Command::System(arguments) => system::run(&node()?, &arguments, output).await,
        Command::Circuits(arguments) => circuits::run(&node()?, &arguments, output).await,
        Command::Logs(arguments) => logs::run(&node()?, &arguments, output).await,
        Command::Audit(arguments) => audit::run(&node()?, arguments, output).await,
        Command::Dump(arguments) => dump::run(&node()?, arguments, output).await,
        Command::Alerts(arguments) => Box::pin(alerts::run(&node()?, arguments, output)).await,
        Command::Ticket(_) => Box::pin(ticket::run(&global, output)).await,
        Command::Config(arguments) => config::run(&global, &arguments, output),
    }
}
