//! `graphy health`: whether a node is fit for work.

use clap::{Args, Subcommand};
use graphy_protocol::console::HealthReport;

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{span, table};

/// The command's arguments.
#[derive(Debug, Args)]
#[command(after_help = "Exit code 0 means ready, 6 not ready, 3 that no node answers.")]
pub(crate) struct HealthArguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check now; the same as without a word
    Check,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: &HealthArguments,
    output: Output,
) -> Result<(), Failure> {
    let (None | Some(Action::Check)) = arguments.action;
    let report: HealthReport = node.ask("health.check").await?;
    output.result(&report, |report| text(node, report))?;
    if report.ready {
        Ok(())
    } else {
        Err(Failure::Unsound("the node is not ready".to_owned()))
    }
}

fn text(node: &RemoteNode, report: &HealthReport) -> String {
    let rows: Vec<Vec<String>> = report
        .checks
        .iter()
        .map(|check| {
            let state = if check.ok { "ok" } else { "FAILED" };
            vec![
                state.to_owned(),
                check.name.clone(),
                check.detail.clone(),
                format!("{} ago", span(check.age_ms)),
            ]
        })
        .collect();
    let state = if report.ready { "ready" } else { "NOT READY" };
    format!(
        "{} is {state}\n{}",
        node.url,
        table(&["STATE", "CHECK", "FOUND", "WHEN"], &[], &rows)
    )
}
