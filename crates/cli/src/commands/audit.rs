//! `graphy audit`: who did what to the deployment.

use clap::{Args, Subcommand};
use graphy_model::UserId;
use graphy_protocol::system::{AuditEntry, AuditOutcome, AuditPage, AuditRequest};

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{moment, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List actions, the newest first
    List {
        /// Only what this user did
        #[arg(long, value_name = "USER")]
        user: Option<UserId>,
        /// Only operations whose names begin with this, for instance `queues.`
        #[arg(long, value_name = "PREFIX")]
        operation: Option<String>,
        /// Only actions before this one: the last id of the page before
        #[arg(long, value_name = "ID")]
        before: Option<String>,
        /// How many at most, 1 to 200 [default: 50]
        #[arg(long, short, value_name = "ACTIONS")]
        limit: Option<u32>,
    },
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: AuditArguments,
    output: Output,
) -> Result<(), Failure> {
    let Action::List {
        user,
        operation,
        before,
        limit,
    } = arguments.action;
    let request = AuditRequest {
        before,
        user_id: user,
        operation,
        limit,
    };
    let page: AuditPage = node.call("audit.list", &request).await?;
    output.result(&page, text)
}

fn text(page: &AuditPage) -> String {
    let rows: Vec<Vec<String>> = page.entries.iter().map(row).collect();
    let mut text = table(
        &["WHEN (UTC)", "WHO", "DID", "TO", "ENDED", "RESULT"],
        &[],
        &rows,
    );
    if let Some(next) = &page.next {
        text.push_str(&format!("\nThere is more: --before {next}"));
    }
    text
}

fn row(entry: &AuditEntry) -> Vec<String> {
    let ended = match entry.outcome {
        AuditOutcome::Begun => "BEGUN ONLY",
        AuditOutcome::Done => "done",
        AuditOutcome::Failed => "FAILED",
        AuditOutcome::Refused => "refused",
    };
    vec![
        moment(entry.at),
        entry.user_id.to_string(),
        entry.operation.clone(),
        entry.target.clone(),
        ended.to_owned(),
        entry.result.clone().unwrap_or_default(),
    ]
}
