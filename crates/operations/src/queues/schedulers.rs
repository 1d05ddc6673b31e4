//! Schedulers: when they run, and what is wrong with them.

use graphy_engine::inspect::next_run;
use graphy_protocol::queues::SchedulerRow;
use graphy_store::bullmq::StoredScheduler;

use super::words;

/// How late a run may be before something is wrong.
const LATE_MS: u64 = 60_000;
/// How many runs are foretold.
const RUNS_SHOWN: usize = 5;

/// Says how a scheduler stands.
pub(crate) fn row(stored: &StoredScheduler, now: u64) -> SchedulerRow {
    let zone = stored.time_zone.as_deref();
    let words = match (&stored.pattern, stored.every_ms) {
        (Some(pattern), _) => words::pattern(pattern, zone),
        (None, Some(every)) => words::every(every),
        (None, None) => "never".to_owned(),
    };
    SchedulerRow {
        scheduler_id: stored.id.clone(),
        job_name: stored.name.clone().unwrap_or_default(),
        words,
        pattern: stored.pattern.clone(),
        every_ms: stored.every_ms,
        time_zone: stored.time_zone.clone(),
        next_runs: next_runs(stored, now),
        runs: stored.runs,
        fault: fault(stored, now),
    }
}

/// Says what is wrong with a scheduler.
pub(crate) fn fault(stored: &StoredScheduler, now: u64) -> Option<String> {
    if stored.name.is_none() {
        let reason = "its definition is gone; an old version of BullMQ may have made it";
        return Some(reason.to_owned());
    }
    if stored.pattern.is_none() && stored.every_ms.is_none() {
        return Some("it has neither a pattern nor an interval".to_owned());
    }
    if let Some(pattern) = &stored.pattern
        && next_run(pattern, now, stored.time_zone.as_deref()).is_none()
    {
        return Some("its pattern has no next run, or its time zone does not exist".to_owned());
    }
    let Some(next) = stored.next_at else {
        return Some("its next run is not known".to_owned());
    };
    if !stored.has_next_job {
        return Some("the job of its next run is missing, so it will not run again".to_owned());
    }
    // A job that is no longer delayed waits in line, or is at a worker: late, but not lost.
    if stored.next_job_delayed && next + LATE_MS < now {
        let late = (now - next) / 1000;
        return Some(format!(
            "its next run was due {late} s ago and no worker took it up"
        ));
    }
    None
}

/// Foretells the next runs.
fn next_runs(stored: &StoredScheduler, now: u64) -> Vec<u64> {
    let Some(first) = stored.next_at else {
        return Vec::new();
    };
    let left = stored.limit.map_or(RUNS_SHOWN, |limit| {
        let left = limit
            .saturating_sub(stored.runs.unwrap_or_default())
            .saturating_add(1);
        usize::try_from(left).unwrap_or(RUNS_SHOWN)
    });
    let after = |at: u64| match (&stored.pattern, stored.every_ms) {
        (Some(pattern), _) => next_run(pattern, at.max(now), stored.time_zone.as_deref()),
        (None, Some(every)) if every > 0 => {
            let missed = now.saturating_sub(at) / every;
            Some(at + every * (missed + 1))
        }
        _ => None,
    };
    std::iter::successors(Some(first), |at| after(*at))
        .take_while(|at| stored.end_at.is_none_or(|end| *at <= end))
        .take(left.min(RUNS_SHOWN))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_764_288_000_000;

    fn every_minute() -> StoredScheduler {
        StoredScheduler {
            id: "tick".to_owned(),
            name: Some("tick".to_owned()),
            every_ms: Some(60_000),
            next_at: Some(NOW + 1000),
            has_next_job: true,
            next_job_delayed: true,
            ..StoredScheduler::default()
        }
    }

    #[test]
    fn a_sound_scheduler_has_no_fault() {
        let row = row(&every_minute(), NOW);
        assert_eq!(row.fault, None);
        assert_eq!(row.next_runs.len(), RUNS_SHOWN);
        assert_eq!(row.next_runs[1] - row.next_runs[0], 60_000);
    }

    #[test]
    fn faults_are_found() {
        let told = |change: fn(&mut StoredScheduler)| {
            let mut stored = every_minute();
            change(&mut stored);
            fault(&stored, NOW).unwrap_or_default()
        };
        assert!(told(|one| one.name = None).contains("definition"));
        assert!(told(|one| one.has_next_job = false).contains("missing"));
        assert!(told(|one| one.next_at = Some(NOW - 90_000)).contains("due 90 s ago"));
        assert!(told(|one| one.every_ms = None).contains("neither"));
        let waits_in_line = |one: &mut StoredScheduler| {
            one.next_at = Some(NOW - 90_000);
            one.next_job_delayed = false;
        };
        assert_eq!(told(waits_in_line), "");
        let nowhere = |one: &mut StoredScheduler| {
            one.pattern = Some("0 2 * * *".to_owned());
            one.time_zone = Some("Moon/Base".to_owned());
        };
        assert!(told(nowhere).contains("time zone"));
    }

    #[test]
    fn runs_end_with_the_scheduler() {
        let ends = StoredScheduler {
            end_at: Some(NOW + 61_500),
            ..every_minute()
        };
        assert_eq!(next_runs(&ends, NOW).len(), 2);
        let counted = StoredScheduler {
            limit: Some(7),
            runs: Some(7),
            ..every_minute()
        };
        assert_eq!(next_runs(&counted, NOW).len(), 1);
    }
}
