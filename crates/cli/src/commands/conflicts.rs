//! `graphy conflicts`: list and settle what waits for a person.

use clap::{Args, Subcommand, ValueEnum};
use graphy_model::{Choice, ConflictId, GraphId, Outcome};
use graphy_protocol::collaboration::{
    ConflictPage, ConflictStatus, ConflictsRequest, ListedConflict, ResolveConflicts,
    SettleConflicts, SettledConflicts, SettlingConflicts,
};
use graphy_telemetry::clock::{Clock as _, SystemClock};

use super::history::short;
use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct ConflictsArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List conflicts, the newest first
    List {
        /// Only those of this graph
        #[arg(long, value_name = "GRAPH")]
        graph: Option<GraphId>,
        /// Which ones
        #[arg(long, value_enum, default_value_t = Status::Open)]
        status: Status,
        /// How many at most
        #[arg(long, short = 'n', default_value_t = 50, value_name = "COUNT")]
        limit: u32,
    },
    /// Have all open conflicts of a graph settled in the same way, by jobs that survive the node
    Settle {
        /// The graph that they are in
        graph: GraphId,
        /// Keep the values of the authors whose changes wait
        #[arg(long, group = "side", required_unless_present = "theirs")]
        mine: bool,
        /// Keep the values that are in the graph
        #[arg(long, group = "side")]
        theirs: bool,
    },
    /// Settle conflicts of one graph
    Resolve {
        /// The graph that they are in
        graph: GraphId,
        /// Which conflicts
        #[arg(required = true)]
        conflicts: Vec<ConflictId>,
        /// Keep the value of the author whose change waits
        #[arg(long, group = "choice")]
        mine: bool,
        /// Keep the value that is in the graph
        #[arg(long, group = "choice")]
        theirs: bool,
        /// Write this value instead, as JSON; null takes the field away
        #[arg(long, group = "choice", value_name = "JSON")]
        value: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Open,
    Resolved,
    All,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: ConflictsArguments,
    output: Output,
) -> Result<(), Failure> {
    match arguments.action {
        Action::Settle {
            graph,
            mine,
            theirs: _,
        } => {
            let request = SettleConflicts {
                graph_id: graph,
                choice: if mine { Choice::Mine } else { Choice::Theirs },
            };
            let settling: SettlingConflicts = node.call("conflicts.settle", &request).await?;
            output.result(&settling, |settling| {
                format!("{} conflicts are being settled", settling.conflicts)
            })
        }
        Action::List {
            graph,
            status,
            limit,
        } => {
            let request = ConflictsRequest {
                graph_id: graph,
                status: Some(match status {
                    Status::Open => ConflictStatus::Open,
                    Status::Resolved => ConflictStatus::Resolved,
                    Status::All => ConflictStatus::All,
                }),
                limit: Some(limit),
                ..ConflictsRequest::default()
            };
            let page: ConflictPage = node.call("conflicts.list", &request).await?;
            output.result(&page, list)
        }
        Action::Resolve {
            graph,
            conflicts,
            mine,
            theirs,
            value,
        } => {
            let (choice, value) = choice(mine, theirs, value.as_deref())?;
            let request = ResolveConflicts {
                graph_id: graph,
                conflict_ids: conflicts,
                choice,
                value,
            };
            let settled: SettledConflicts = node.call("conflicts.resolve", &request).await?;
            output.result(&settled, ends)?;
            // What was not settled must show in the exit code, too.
            let refused = settled
                .settled
                .into_iter()
                .find_map(|one| match one.outcome {
                    Outcome::Rejected(rejection) => Some(rejection),
                    _ => None,
                });
            refused.map_or(Ok(()), |rejection| Err(Failure::Api(rejection.into())))
        }
    }
}

fn choice(
    mine: bool,
    theirs: bool,
    value: Option<&str>,
) -> Result<(Choice, Option<serde_json::Value>), Failure> {
    match (mine, theirs, value) {
        (true, ..) => Ok((Choice::Mine, None)),
        (_, true, _) => Ok((Choice::Theirs, None)),
        (_, _, Some(text)) => {
            let value = serde_json::from_str(text)
                .map_err(|error| Failure::Usage(format!("--value is not JSON: {error}")))?;
            Ok((Choice::Edited, Some(value)))
        }
        (false, false, None) => {
            let message = "say what to keep: --mine, --theirs or --value JSON";
            Err(Failure::Usage(message.to_owned()))
        }
    }
}

fn list(page: &ConflictPage) -> String {
    if page.conflicts.is_empty() {
        return format!("No such conflicts; {} wait for a person.", page.open);
    }
    let now = SystemClock.now_ms();
    let rows: Vec<Vec<String>> = page.conflicts.iter().map(|one| row(one, now)).collect();
    table(
        &[
            "WHEN", "GRAPH", "ENTITY", "FIELD", "WHO", "HOW", "MINE", "THEIRS", "CONFLICT",
        ],
        &[],
        &rows,
    )
}

fn row(conflict: &ListedConflict, now: u64) -> Vec<String> {
    let record = conflict.record.as_ref();
    let how = match record {
        Some(record) if record.resolution.is_none() => "waits",
        Some(_) => "settled",
        None => conflict.note.resolution.as_str(),
    };
    vec![
        ago(now, conflict.at),
        conflict.graph_id.to_string(),
        conflict.note.entity_id.clone(),
        conflict.note.field.to_string(),
        conflict.user_id.to_string(),
        how.to_owned(),
        record.map(|record| short(&record.mine)).unwrap_or_default(),
        record
            .map(|record| short(&record.theirs))
            .unwrap_or_default(),
        record
            .map(|record| record.conflict_id.to_string())
            .unwrap_or_default(),
    ]
}

fn ends(settled: &SettledConflicts) -> String {
    let lines = settled.settled.iter().map(|one| match &one.outcome {
        Outcome::Rejected(rejection) => format!("{}: {}", one.conflict_id, rejection.message),
        _ => format!("{}: settled", one.conflict_id),
    });
    lines.collect::<Vec<_>>().join("\n")
}
