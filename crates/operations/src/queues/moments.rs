//! A job's life, from its hash and from the events of its queue.

use graphy_protocol::queues::JobMoment;
use graphy_store::bullmq::{EventEdge, EventLook, QueueName, StreamEvent};
use graphy_store::{StoreError, bullmq::JobList};

use super::Queues;

/// How many looks into the stream are made for one job.
const LOOKS: u32 = 4;
/// How much one look may read.
const LOOK: (u32, u32) = (500, 512 * 1024);
/// How far two records of one moment may lie apart.
const SAME_MS: u64 = 1000;
/// How many moments are shown.
const MOMENTS_MAX: usize = 200;

/// What the hash of a job says of its life.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HashTimes {
    pub(crate) added_at: Option<u64>,
    pub(crate) due_at: Option<u64>,
    pub(crate) started_at: Option<u64>,
    pub(crate) ended_at: Option<u64>,
}

impl Queues {
    /// Reads the newest events of a job, as far back as a bounded look reaches.
    pub(crate) async fn events_of_job(
        &self,
        queue: &QueueName,
        id: &str,
    ) -> Result<Vec<StreamEvent>, StoreError> {
        let mut from = EventEdge::Newest;
        let mut events = Vec::new();
        for _ in 0..LOOKS {
            let look = EventLook {
                from,
                entries: LOOK.0,
                bytes: LOOK.1,
                job: Some(id.to_owned()),
            };
            let page = self.reader().events(queue, &look).await?;
            events.extend(page.events);
            if page.ended {
                break;
            }
            from = EventEdge::Before(page.last_id);
        }
        events.reverse();
        Ok(events)
    }
}

/// Joins what the hash and the events say.
pub(crate) fn timeline(
    times: HashTimes,
    list: Option<JobList>,
    failed_reason: Option<&str>,
    events: &[StreamEvent],
) -> Vec<JobMoment> {
    let mut moments: Vec<JobMoment> = events.iter().filter_map(moment).collect();
    let ended = match list {
        Some(JobList::Failed) => "failed",
        _ => "completed",
    };
    let reason = failed_reason
        .filter(|_| ended == "failed")
        .map(str::to_owned);
    let known = [
        ("added", times.added_at, None),
        ("due", times.due_at, None),
        ("started", times.started_at, None),
        (ended, times.ended_at, reason),
    ];
    for (what, at, detail) in known {
        let Some(at) = at else { continue };
        let told = moments
            .iter()
            .any(|one| one.what == what && one.at.abs_diff(at) <= SAME_MS);
        if !told {
            moments.push(JobMoment {
                at,
                what: what.to_owned(),
                detail,
            });
        }
    }
    moments.sort_by_key(|one| one.at);
    let over = moments.len().saturating_sub(MOMENTS_MAX);
    moments.drain(..over);
    moments
}

fn moment(event: &StreamEvent) -> Option<JobMoment> {
    let former = event.detail.as_deref();
    let (what, detail) = match (event.event.as_str(), former) {
        ("waiting", Some("failed" | "completed")) => ("retried", None),
        ("waiting", Some("active")) => ("put back", None),
        ("waiting", Some("delayed")) => ("due", None),
        ("waiting", _) => return None,
        ("active", _) => ("started", None),
        // When it is due, in milliseconds since 1970.
        ("delayed", due) => ("delayed", due),
        ("completed", _) => ("completed", None),
        ("retries-exhausted", _) => ("out of attempts", None),
        (other, detail) => (other, detail),
    };
    Some(JobMoment {
        at: event.at,
        what: what.to_owned(),
        detail: detail.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: u64, event: &str, detail: Option<&str>) -> StreamEvent {
        StreamEvent {
            at,
            event: event.to_owned(),
            job_id: "1".to_owned(),
            detail: detail.map(str::to_owned),
        }
    }

    #[test]
    fn a_moment_that_both_tell_is_told_once() {
        let times = HashTimes {
            added_at: Some(1000),
            started_at: Some(5003),
            ended_at: Some(6000),
            due_at: None,
        };
        let events = [
            event(2000, "active", Some("waiting")),
            event(3000, "failed", Some("boom")),
            event(4000, "waiting", Some("failed")),
            event(5000, "active", Some("waiting")),
        ];
        let told = timeline(times, Some(JobList::Failed), Some("bang"), &events);
        let what: Vec<_> = told.iter().map(|one| (one.at, one.what.as_str())).collect();
        let expected = [
            (1000, "added"),
            (2000, "started"),
            (3000, "failed"),
            (4000, "retried"),
            (5000, "started"),
            (6000, "failed"),
        ];
        assert_eq!(what, expected);
        assert_eq!(told[5].detail.as_deref(), Some("bang"));
    }
}
