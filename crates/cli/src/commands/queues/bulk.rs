//! `graphy queues bulk`: shows what it would do, asks, does it, and waits for the end.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use graphy_protocol::queues::{
    BulkAction, BulkConfirm, BulkPreview, BulkRef, BulkRequest, BulkRun, BulkRuns, BulkState,
};
use graphy_protocol::{ApiError, ErrorCode};

use super::arguments::BulkArguments;
use super::text;
use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;

/// How often a running action is asked how far it is.
const POLL: Duration = Duration::from_millis(200);

pub(super) async fn run(
    node: &RemoteNode,
    arguments: BulkArguments,
    output: Output,
) -> Result<(), Failure> {
    let request = BulkRequest {
        queue: arguments.queue.reference(),
        action: arguments.action.into(),
        state: arguments.state.into(),
        filter: arguments.filter.clone().into(),
    };
    let preview: BulkPreview = node.call("queues.preview", &request).await?;
    if arguments.dry_run {
        return output.result(&preview, |preview| text::preview(request.action, preview));
    }
    if preview.jobs == 0 {
        return output.result(&preview, |_| "No job matches.".to_owned());
    }
    if !arguments.yes {
        output.note(&text::preview(request.action, &preview));
        confirm(request.action, &preview)?;
    }
    let confirm = BulkConfirm {
        confirmation: preview.confirmation,
    };
    let mut run: BulkRun = node.call("queues.run", &confirm).await?;
    while run.state == BulkState::Running {
        if output.is_live() {
            output.rewrite(&format!("{} of {} jobs", run.done + run.skipped, run.jobs));
        }
        tokio::time::sleep(POLL).await;
        run = asked(node, "queues.run_status", &run.run_id).await?;
    }
    if output.is_live() {
        output.rewrite("");
    }
    ended(&run, output)
}

pub(super) async fn list(node: &RemoteNode, output: Output) -> Result<(), Failure> {
    let list: BulkRuns = node.ask("queues.runs").await?;
    output.result(&list, text::runs)
}

pub(super) async fn status(node: &RemoteNode, run: &str, output: Output) -> Result<(), Failure> {
    let run = asked(node, "queues.run_status", run).await?;
    output.result(&run, text::run)
}

pub(super) async fn stop(node: &RemoteNode, run: &str, output: Output) -> Result<(), Failure> {
    let run = asked(node, "queues.run_stop", run).await?;
    output.result(&run, text::run)
}

pub(super) async fn undo(node: &RemoteNode, run: &str, output: Output) -> Result<(), Failure> {
    let run = asked(node, "queues.run_undo", run).await?;
    output.result(&run, text::run)
}

async fn asked(node: &RemoteNode, operation: &str, run: &str) -> Result<BulkRun, Failure> {
    let run_id = run.to_owned();
    node.call(operation, &BulkRef { run_id }).await
}

/// Says how it ended; a run that failed shows in the exit code.
fn ended(run: &BulkRun, output: Output) -> Result<(), Failure> {
    output.result(run, text::run)?;
    match &run.error {
        Some(error) => Err(Failure::Api(ApiError::new(
            ErrorCode::Internal,
            error.as_str(),
        ))),
        None => Ok(()),
    }
}

fn confirm(action: BulkAction, preview: &BulkPreview) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    let what = text::what(action);
    if !stdin.is_terminal() {
        let message = format!(
            "this would {what} {} jobs; say --yes if that is meant",
            preview.jobs
        );
        return Err(Failure::Usage(message));
    }
    let mut stderr = std::io::stderr();
    write!(
        stderr,
        "To {what} {} jobs, type their number: ",
        preview.jobs
    )?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    if answer.trim() == preview.jobs.to_string() {
        Ok(())
    } else {
        Err(Failure::Interrupted)
    }
}
