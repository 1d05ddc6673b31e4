//! One job, closely; and one queue with what takes more reading than its line in the list.

use std::collections::BTreeSet;

use graphy_engine::inspect::OwnJob;
use graphy_model::{OperationId, Outcome};
use graphy_protocol::queues::{
    JobAttempt, JobCommand, JobDetail, JobState, JobText, QueueDetail, RunningJob,
};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::bullmq::{DataWanted, JobFields, JobList, JobValue, QueueName};
use graphy_store::{GraphStore, StoreError};
use serde_json::Value;

use super::moments::{HashTimes, timeline};
use super::row::{list_of, row_of_fields, state_of};
use super::{Queues, summary};
use crate::fault::store_fault;

/// How large a value may be to be read whole.
const WHOLE_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// How many commands are shown.
const COMMANDS_MAX: usize = 100;
/// How many attempts are shown, and how much of each.
const ATTEMPTS_MAX: usize = 50;
const ATTEMPT_CHARS_MAX: usize = 8000;
/// How many jobs at workers are shown.
const RUNNING_MAX: u32 = 100;
/// How many job names are shown.
const NAMES_MAX: usize = 50;

impl Queues {
    /// Reads a job closely.
    pub(crate) async fn job(
        &self,
        graphs: &GraphStore,
        queue: &QueueName,
        id: &str,
    ) -> Result<JobDetail, ApiError> {
        let fault = |error: StoreError| store_fault(&error);
        let reader = self.reader();
        let fields = reader.job(queue, id).await.map_err(fault)?;
        // `name` and `timestamp` are in every job; other hashes of the queue have neither of them.
        if !fields.contains_key("name") && !fields.contains_key("timestamp") {
            let message = format!("there is no job {id:?} in the queue {queue}");
            return Err(ApiError::new(ErrorCode::NotFound, message).on("jobId"));
        }
        let place = reader.whereabouts(queue, id).await.map_err(fault)?;
        let (list, score) = place.map_or((None, None), |(list, score)| (Some(list), score));
        let ids = [id.to_owned()];
        let locks = reader.locks(queue, &ids).await.map_err(fault)?;
        let logs = reader.logs(queue, id).await.map_err(fault)?;
        let events = self.events_of_job(queue, id).await.map_err(fault)?;
        let mut row = row_of_fields(id, &fields, list, score);
        let mut commands = Vec::new();
        if self.own().holds_commands(queue)
            && let Some(job) = self.own_job(queue, id).await?
        {
            commands = commands_of(graphs, &job).await.map_err(fault)?;
            row.graph_id = Some(job.graph_id);
        }
        let times = HashTimes {
            added_at: Some(row.added_at).filter(|at| *at > 0),
            due_at: row.due_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
        };
        let reason = fields.get("failedReason").map(|value| value.text.as_str());
        let small = |name: &str| fields.get(name).and_then(|value| value.text.parse().ok());
        Ok(JobDetail {
            at: self.now_ms(),
            state: list.map(state_of),
            data: text(fields.get("data")),
            options: text(fields.get("opts")),
            return_value: fields.get("returnvalue").map(|value| text(Some(value))),
            progress: fields.get("progress").map(progress),
            attempts: self.attempts(queue, id, &fields).await.map_err(fault)?,
            timeline: timeline(times, list, reason, &events),
            logs: logs.lines,
            logs_total: logs.total,
            lock_left_ms: locks.first().copied().flatten(),
            stalled: small("stc").unwrap_or_default(),
            scheduler: fields.get("rjk").map(|value| value.text.clone()),
            commands,
            row,
        })
    }

    /// Reads a job of graph commands; none if its data are not those of one, or too large.
    pub(crate) async fn own_job(
        &self,
        queue: &QueueName,
        id: &str,
    ) -> Result<Option<OwnJob>, ApiError> {
        let data = self
            .reader()
            .whole(queue, id, "data", WHOLE_BYTES_MAX)
            .await;
        let data = data.map_err(|error| store_fault(&error))?;
        let data = data.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        Ok(data.and_then(|data| OwnJob::read(&data, self.now_ms()).ok()))
    }

    async fn attempts(
        &self,
        queue: &QueueName,
        id: &str,
        fields: &JobFields,
    ) -> Result<Vec<JobAttempt>, StoreError> {
        let traces = match fields.get("stacktrace") {
            Some(value) if value.cut => {
                let whole = self
                    .reader()
                    .whole(queue, id, "stacktrace", WHOLE_BYTES_MAX);
                whole.await?.unwrap_or_else(|| value.text.clone())
            }
            Some(value) => value.text.clone(),
            None => String::new(),
        };
        let reason = fields.get("failedReason").map(|value| value.text.as_str());
        Ok(attempts_of(&traces, reason))
    }

    /// Adds to a queue what takes more reading.
    pub(crate) async fn complete(
        &self,
        queue: &QueueName,
        mut detail: QueueDetail,
    ) -> Result<QueueDetail, StoreError> {
        let reader = self.reader();
        detail.events = reader.count_events(queue).await?;
        detail.memory_bytes = reader.memory(queue).await?;
        let mut names = BTreeSet::new();
        let states = [JobState::Failed, JobState::Completed, JobState::Waiting];
        let states = states
            .into_iter()
            .chain([JobState::Delayed, JobState::Prioritized]);
        for state in states {
            let ids = reader.ids(queue, list_of(state), 0, 20).await?;
            let ids: Vec<String> = ids.into_iter().map(|(id, _)| id).collect();
            let hashes = reader.hashes(queue, &ids, DataWanted::Size).await?;
            let found = hashes.into_iter().flatten();
            names.extend(found.filter_map(|mut hash| hash.fields.remove("name")));
        }
        let active = reader.ids(queue, JobList::Active, 0, RUNNING_MAX).await?;
        let active: Vec<String> = active.into_iter().map(|(id, _)| id).collect();
        let hashes = reader.hashes(queue, &active, DataWanted::Size).await?;
        let locks = reader.locks(queue, &active).await?;
        for ((id, hash), lock_left_ms) in active.into_iter().zip(hashes).zip(locks) {
            let hash = hash.unwrap_or_default();
            let name = hash.fields.get("name").cloned().unwrap_or_default();
            names.insert(name.clone());
            let signed = hash.fields.get("pb");
            let worker = detail
                .workers
                .iter_mut()
                .find(|worker| !worker.name.is_empty() && Some(&worker.name) == signed);
            if let Some(worker) = worker {
                worker.deaf = false;
                worker.running.push(RunningJob {
                    job_id: id,
                    name,
                    since: hash.number("processedOn"),
                    lock_left_ms,
                });
            }
        }
        names.remove("");
        detail.job_names = names.into_iter().take(NAMES_MAX).collect();
        Ok(detail)
    }

    /// Says all that is known of a queue.
    pub(crate) async fn queue(&self, queue: &QueueName) -> Result<QueueDetail, ApiError> {
        // Who changes limits reads them first: they must not be those of a second ago.
        let counted = self.count(vec![queue.clone()]).await;
        counted.map_err(|error| store_fault(&error))?;
        let now = self.now_ms();
        let (mut detail, limit) = {
            let sight = self.sight();
            let Some(watched) = sight.queues.get(queue) else {
                let message = format!("there is no queue {queue} on this redis");
                return Err(ApiError::new(ErrorCode::NotFound, message));
            };
            let glance = &watched.glance;
            let limit = glance.limit_max.zip(glance.limiter_ms);
            (summary::detail(&sight, queue, watched, now), limit)
        };
        let fault = |error: StoreError| store_fault(&error);
        if let Some((max, left_ms)) = limit {
            let started = self.reader().limiter_count(queue).await.map_err(fault)?;
            detail.rate_limited_ms = (started >= max).then_some(left_ms);
        }
        self.complete(queue, detail).await.map_err(fault)
    }
}

/// Returns how the commands of a job ended, as far as it is known.
async fn commands_of(graphs: &GraphStore, job: &OwnJob) -> Result<Vec<JobCommand>, StoreError> {
    let shown = &job.commands[..job.commands.len().min(COMMANDS_MAX)];
    let ids: Vec<OperationId> = shown.iter().map(|one| one.operation_id).collect();
    let outcomes = graphs.outcomes_of(&job.graph_id, &ids).await?;
    let commands = shown.iter().zip(outcomes).map(|(one, outcome)| JobCommand {
        operation_id: one.operation_id,
        command_type: one
            .command_type
            .map_or_else(|| "REFUSED".to_owned(), |kind| kind.as_str().to_owned()),
        user_id: Some(one.user_id.clone()),
        outcome: outcome.as_ref().map(|outcome| word(outcome).to_owned()),
        replay_of: one.replay_of,
    });
    Ok(commands.collect())
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied { .. } => "applied",
        Outcome::Merged { .. } => "merged",
        Outcome::Duplicate { .. } => "duplicate",
        Outcome::Conflict { .. } => "conflict",
        Outcome::Rejected(_) => "rejected",
    }
}

/// Returns a value as the wire has it.
pub(crate) fn text(value: Option<&JobValue>) -> JobText {
    let value = value.cloned().unwrap_or_default();
    JobText {
        text: value.text,
        bytes: value.bytes,
        cut: value.cut,
    }
}

/// Reads a job's progress; what is no JSON, or too much of it, is shown as text.
fn progress(value: &JobValue) -> Value {
    let parsed = serde_json::from_str(&value.text).ok();
    parsed.unwrap_or_else(|| Value::String(value.text.chars().take(1000).collect()))
}

/// Reads the errors of attempts: a JSON list of texts, or one text if it is none.
fn attempts_of(traces: &str, reason: Option<&str>) -> Vec<JobAttempt> {
    let mut errors: Vec<String> = match serde_json::from_str::<Vec<Value>>(traces) {
        Ok(list) => list
            .into_iter()
            .map(|one| match one {
                Value::String(text) => text,
                other => other.to_string(),
            })
            .collect(),
        Err(_) if traces.is_empty() => Vec::new(),
        Err(_) => vec![traces.to_owned()],
    };
    if errors.is_empty() {
        errors.extend(
            reason
                .filter(|reason| !reason.is_empty())
                .map(str::to_owned),
        );
    }
    let numbered = errors.into_iter().zip(1..);
    numbered
        .take(ATTEMPTS_MAX)
        .map(|(error, number)| JobAttempt {
            number,
            error: error.chars().take(ATTEMPT_CHARS_MAX).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_read_whatever_was_written() {
        let errors = |traces: &str, reason| -> Vec<String> {
            let attempts = attempts_of(traces, reason);
            attempts.into_iter().map(|one| one.error).collect()
        };
        assert_eq!(errors("[\"a\",\"b\"]", Some("b")), ["a", "b"]);
        assert_eq!(errors("[{\"x\":1}]", None), ["{\"x\":1}"]);
        assert_eq!(errors("no json", None), ["no json"]);
        assert_eq!(errors("[]", Some("gone")), ["gone"]);
        assert!(errors("", None).is_empty());
    }
}
