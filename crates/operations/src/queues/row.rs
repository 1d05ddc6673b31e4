//! A job as a line of a list.

use graphy_model::GraphId;
use graphy_protocol::queues::{JobRow, JobState};
use graphy_store::bullmq::{JobFields, JobHash, JobList, whole_number};
use serde_json::Value;

/// How much of a reason a list shows.
const REASON_CHARS_MAX: usize = 300;

/// Returns the list that holds the jobs of a state.
pub(crate) fn list_of(state: JobState) -> JobList {
    match state {
        JobState::Waiting => JobList::Wait,
        JobState::Active => JobList::Active,
        JobState::Delayed => JobList::Delayed,
        JobState::Prioritized => JobList::Prioritized,
        JobState::WaitingChildren => JobList::WaitingChildren,
        JobState::Completed => JobList::Completed,
        JobState::Failed => JobList::Failed,
    }
}

/// Returns the state that a list means.
pub(crate) fn state_of(list: JobList) -> JobState {
    match list {
        JobList::Wait | JobList::Paused => JobState::Waiting,
        JobList::Active => JobState::Active,
        JobList::Delayed => JobState::Delayed,
        JobList::Prioritized => JobState::Prioritized,
        JobList::WaitingChildren => JobState::WaitingChildren,
        JobList::Completed => JobState::Completed,
        JobList::Failed => JobState::Failed,
    }
}

/// Makes the line of a job; of one whose hash is gone, only its id is known.
pub(crate) fn row(id: &str, hash: Option<&JobHash>, list: JobList, score: Option<f64>) -> JobRow {
    let gone = JobHash::default();
    let hash = hash.unwrap_or(&gone);
    let field = |name: &str| hash.fields.get(name).map(String::as_str);
    let graph = hash.graph.as_deref();
    make(id, &field, hash.data_bytes, graph, Some(list), score)
}

/// Makes the line of a job that was read closely.
pub(crate) fn row_of_fields(
    id: &str,
    fields: &JobFields,
    list: Option<JobList>,
    score: Option<f64>,
) -> JobRow {
    let field = |name: &str| fields.get(name).map(|value| value.text.as_str());
    let bytes = fields.get("data").map_or(0, |data| data.bytes);
    make(id, &field, bytes, None, list, score)
}

fn make<'a>(
    id: &str,
    field: &dyn Fn(&str) -> Option<&'a str>,
    data_bytes: u64,
    graph: Option<&str>,
    list: Option<JobList>,
    score: Option<f64>,
) -> JobRow {
    let number = |name: &str| whole_number(field(name)?.parse().ok()?);
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let options: Value = field("opts")
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let attempts_max = options.get("attempts").and_then(Value::as_u64).unwrap_or(1);
    JobRow {
        job_id: id.to_owned(),
        name: field("name").unwrap_or_default().to_owned(),
        added_at: number("timestamp").unwrap_or_default(),
        started_at: number("processedOn"),
        ended_at: number("finishedOn"),
        due_at: match list {
            Some(JobList::Delayed) => due_at(score),
            _ => None,
        },
        priority: small(number("priority").unwrap_or_default()),
        attempts_made: small(
            number("attemptsMade")
                .or_else(|| number("atm"))
                .unwrap_or_default(),
        ),
        attempts_max: small(attempts_max.max(1)),
        failed_reason: field("failedReason")
            .map(|reason| reason.chars().take(REASON_CHARS_MAX).collect()),
        worker: field("pb").map(str::to_owned),
        data_bytes,
        graph_id: graph.and_then(|graph| GraphId::new(graph).ok()),
    }
}

/// Reads when a delayed job is due from its score: milliseconds times 4096, and a counter.
pub(crate) fn due_at(score: Option<f64>) -> Option<u64> {
    whole_number((score? / 4096.0).floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(fields: &[(&'static str, &str)]) -> JobHash {
        JobHash {
            fields: fields
                .iter()
                .map(|(name, text)| (*name, (*text).to_owned()))
                .collect(),
            ..JobHash::default()
        }
    }

    #[test]
    fn odd_hashes_make_plain_lines() {
        let odd = hash(&[
            ("timestamp", "soon"),
            ("opts", "{broken"),
            ("priority", "-4"),
            ("atm", "2.0"),
        ]);
        let row = row("a:b", Some(&odd), JobList::Failed, None);
        assert_eq!((row.added_at, row.attempts_max, row.priority), (0, 1, 0));
        assert_eq!((row.attempts_made, row.job_id.as_str()), (2, "a:b"));
        assert_eq!(super::row("x", None, JobList::Wait, None).name, "");
    }

    #[test]
    fn a_delayed_job_is_due_when_its_score_says() {
        let score = 1_764_000_000_123.0 * 4096.0 + 7.0;
        assert_eq!(due_at(Some(score)), Some(1_764_000_000_123));
        assert_eq!(due_at(Some(f64::NAN)), None);
    }
}
