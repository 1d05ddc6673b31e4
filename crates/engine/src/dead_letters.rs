//! Nobody waits for ever: every command of a failed job gets an outcome.
//!
//! A job fails for good when it cannot be read or when carrying it out failed thrice for reasons
//! unknown. Its commands, as far as they name themselves, are then rejected as `internal`; the
//! job stays in the queue's list of failed jobs for people to look at.

use std::collections::HashSet;
use std::time::Duration;

use graphy_model::{OperationId, Outcome, RejectCode, Rejection};
use graphy_telemetry::tasks::{TaskContext, TaskFailure};

use crate::job::{self, JobData, QueuedCommand};
use crate::process::Processor;
use crate::queue::CommandQueue;

/// How often failed jobs are looked at.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many of the newest failed jobs are looked at.
const JOBS_MAX: i64 = 100;
/// How many settled commands are remembered; a hundred jobs have at most this many.
const SETTLED_MAX: usize = 100_000;

/// Looks at failed jobs until the task is stopped.
pub(crate) async fn run(
    queue: CommandQueue,
    processor: Processor,
    context: TaskContext,
) -> Result<(), TaskFailure> {
    // What was looked at; the graphs' own memory of outcomes reaches back only a day.
    let mut settled: HashSet<OperationId> = HashSet::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = context.token.cancelled() => return Ok(()),
        }
        context.tick();
        let now_ms = processor.replicas.store().now_ms();
        for data in queue.failed(JOBS_MAX).await? {
            let Ok(data) = job::read(&data, now_ms) else {
                continue;
            };
            // A dead letter's refusal was recorded before it was laid down.
            let old = data
                .commands
                .iter()
                .all(|command| settled.contains(&command.operation_id()));
            if data.dead_letter.is_some() || old {
                continue;
            }
            let ids: Vec<_> = data
                .commands
                .iter()
                .map(QueuedCommand::operation_id)
                .collect();
            settle(&processor, data).await?;
            if settled.len() > SETTLED_MAX {
                settled.clear();
            }
            settled.extend(ids);
        }
    }
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
