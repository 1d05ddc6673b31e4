//! Nobody waits for ever: every command of a failed job gets an outcome.
//!
//! A job fails for good when it cannot be read or when carrying it out failed thrice for reasons
//! unknown. Its commands, as far as they name themselves, are then rejected as `internal`; the
//! job stays in the queue's list of failed jobs for people to look at.

use std::collections::HashSet;
use std::time::Duration;

use graphy_model::{Outcome, RejectCode, Rejection};
use graphy_telemetry::tasks::{TaskContext, TaskFailure};

use crate::job::{self, JobData, QueuedCommand};
use crate::process::Processor;
use crate::queue::CommandQueue;

/// How often failed jobs are looked at.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many failed jobs are read at a time.
const PAGE_JOBS: i64 = 100;

/// Looks at failed jobs until the task is stopped.
pub(crate) async fn run(
    queue: CommandQueue,
    processor: Processor,
    context: TaskContext,
) -> Result<(), TaskFailure> {
    // Looked at before: a graph's own memory of outcomes reaches back only a day, the list of
    // failed jobs further.
    let mut seen: HashSet<String> = HashSet::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = context.token.cancelled() => return Ok(()),
        }
        context.tick();
        seen = look(&queue, &processor, &seen).await?;
    }
}

/// Settles the failed jobs that were not seen before; returns those that are in the list now.
async fn look(
    queue: &CommandQueue,
    processor: &Processor,
    seen: &HashSet<String>,
) -> Result<HashSet<String>, TaskFailure> {
    let mut listed = HashSet::new();
    let mut first = 0;
    loop {
        let page = queue.failed(first, PAGE_JOBS).await?;
        first += PAGE_JOBS;
        if page.is_empty() {
            break;
        }
        for (id, data) in page {
            let data = job::read(&data, processor.replicas.store().now_ms());
            if let Ok(data) = data
                && !seen.contains(&id)
                // A dead letter's refusal was recorded before it was laid down.
                && data.dead_letter.is_none()
            {
                settle(processor, data).await?;
            }
            listed.insert(id);
        }
    }
    Ok(listed)
}

/// Rejects those commands of a failed job that have no outcome.
async fn settle(processor: &Processor, data: JobData) -> Result<(), TaskFailure> {
    let ids: Vec<_> = data
        .commands
        .iter()
        .map(QueuedCommand::operation_id)
        .collect();
    let outcomes: Vec<Option<Outcome>> = processor
        .replicas
        .store()
        .outcomes_of(&data.graph_id, &ids)
        .await?;
    let message = "the server could not carry the command out";
    let unsettled: Vec<QueuedCommand> = data
        .commands
        .into_iter()
        .zip(outcomes)
        .filter(|(_, outcome)| outcome.is_none())
        .map(|(command, _)| command.refused(Rejection::new(RejectCode::Internal, message)))
        .collect();
    if unsettled.is_empty() {
        return Ok(());
    }
    let rejected = JobData {
        commands: unsettled,
        dead_letter: None,
        held_since: Some(0),
        ..data
    };
    processor.run("dead-letters", rejected).await?;
    Ok(())
}
