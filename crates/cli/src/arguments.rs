//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::exit::EXIT_CODES;

const ABOUT: &str = "Live graphs: the server, and everything an operator does with it";

const LONG_ABOUT: &str = "\
Graphy serves live graphs that many people edit at once.

`graphy serve` runs a node: the API, the workers and, unless another Redis is named, a private one.
All other commands talk to a running node: the one that --url and --token name, or else the one
of this machine, which they find in the data folder.";

const EXAMPLES: &str = "\
Examples:
  graphy serve --open                        run a node and open its console in a browser
  graphy serve --import Cargo.lock           … with a first graph to look at
  graphy demo --bots 8                       let eight bots edit a graph
  graphy export g_1 --format svg -o g.svg    draw a graph
  graphy token create --role viewer lobby    let somebody look
  graphy config explain                      see every setting and where it comes from";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "graphy",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"),
    propagate_version = true,
    max_term_width = 100,
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Global {
    /// Print JSON, one value per line, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Talk to this node, for instance http://127.0.0.1:7400 [variable: GRAPHY_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Token for that node [variable: GRAPHY_TOKEN, which other users of the machine cannot see]
    #[arg(long, global = true, value_name = "TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// Folder of the private Redis and of the local node's runtime file [variable: GRAPHY_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Read this configuration file instead of graphy.toml [variable: GRAPHY_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// What is logged on standard error: error, warn, info, debug, or directives
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node until Ctrl-C
    Serve(commands::serve::ServeArguments),
    /// Let bots edit a graph
    Demo(commands::demo::DemoArguments),
    /// Make a graph from Cargo.lock, package-lock.json or a graph as Graphy exports it
    Import(commands::import::ImportArguments),
    /// Write a graph to a file as JSON, SVG or PNG
    Export(commands::export::ExportArguments),
    /// List, make, resync and delete graphs
    Graphs(commands::graphs::GraphsArguments),
    /// Show who changed what in a graph
    History(commands::history::HistoryArguments),
    /// List and settle conflicts
    Conflicts(commands::conflicts::ConflictsArguments),
    /// Take your last operation in a graph back
    Undo(commands::edit::UndoArguments),
    /// Bring back what your last undo took back
    Redo(commands::edit::UndoArguments),
    /// Bring a graph back to an earlier version, as a new one
    Restore(commands::edit::RestoreArguments),
    /// Show or change who may do what in a graph
    Share(commands::edit::ShareArguments),
    /// Show or change how a graph's conflicts are settled
    Policy(commands::edit::PolicyArguments),
    /// Show who is connected
    Sessions(commands::sessions::SessionsArguments),
    /// List, make and export snapshots of a graph
    Snapshots(commands::snapshots::SnapshotsArguments),
    /// Make, list and revoke tokens
    Token(commands::token::TokenArguments),
    /// Compare what is stored with its own checksum
    Verify(commands::verify::VerifyArguments),
    /// Say whether a node is fit for work
    Health(commands::health::HealthArguments),
    /// Print or watch what a node measures
    Metrics(commands::metrics::MetricsArguments),
    /// List queues and jobs, and retry, promote, remove, pause, limit and repair them
    Queues(commands::queues::QueuesArguments),
    /// Show the nodes, Redis and its memory
    System(commands::system::SystemArguments),
    /// Show the circuit breakers of all nodes
    Circuits(commands::circuits::CircuitsArguments),
    /// Print or follow what a node logs
    Logs(commands::logs::LogsArguments),
    /// Show who did what to the deployment
    Audit(commands::audit::AuditArguments),
    /// Write an archive for who helps to find a fault
    Dump(commands::dump::DumpArguments),
    /// Say how the deployment did, against the targets of the plans
    Report(commands::report::ReportArguments),
    /// Show alerts, look after them, and change their rules
    Alerts(commands::alerts::AlertsArguments),
    /// Print a fresh one-time URL of the node of this machine
    Ticket(commands::ticket::TicketArguments),
    /// Show the configuration
    Config(commands::config::ConfigArguments),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_has_help_with_an_end() {
        for command in Arguments::command().get_subcommands() {
            let about = command
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(!about.is_empty(), "{}", command.get_name());
            for argument in command.get_arguments() {
                let help = argument
                    .get_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                assert!(
                    !help.is_empty(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
        }
    }
}
