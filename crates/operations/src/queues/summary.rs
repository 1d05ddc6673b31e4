//! How a queue stands, as the list shows it.

use graphy_protocol::queues::{
    JobCounts, QueueDetail, QueueSummary, QueueTrouble, QueueWorker, RateLimit,
};
use graphy_store::bullmq::{Glance, QueueName};

use super::sight::{Sight, Watched, ready};

/// From which share of failures on a queue is in trouble.
const FAILING_SHARE: f64 = 0.1;
/// Of how few ended jobs nothing is said.
const ENDED_MIN: f64 = 5.0;

/// Counts jobs by state.
pub(crate) fn counts(glance: &Glance) -> JobCounts {
    JobCounts {
        waiting: glance.waiting + glance.paused_list,
        active: glance.active,
        delayed: glance.delayed,
        prioritized: glance.prioritized,
        waiting_children: glance.waiting_children,
        completed: glance.completed,
        failed: glance.failed,
    }
}

/// Says how a queue stands, with series of at most `points` points.
pub(crate) fn summary(
    sight: &Sight,
    name: &QueueName,
    watched: &Watched,
    now: u64,
    points: usize,
) -> QueueSummary {
    let glance = &watched.glance;
    let workers = sight.workers(name);
    let rates = watched.tally.rates(now);
    QueueSummary {
        prefix: name.prefix.clone(),
        queue: name.queue.clone(),
        own: sight.own.has(name),
        paused: glance.paused,
        counts: counts(glance),
        troubles: troubles(watched, workers.as_ref().map(Vec::len), now),
        completed_per_second: rates.map(|(completed, _)| completed),
        failed_per_second: rates.map(|(_, failed)| failed),
        failed_share: watched.tally.failures().1,
        oldest_waiting_ms: watched.oldest_at.map(|at| now.saturating_sub(at)),
        latency_p95_ms: watched.tally.latency_p95_ms(now),
        drain_eta_ms: watched.tally.drain_eta_ms(now, ready(glance)),
        workers: workers.map(|workers| u32::try_from(workers.len()).unwrap_or(u32::MAX)),
        version: glance.version.clone().or_else(|| glance.library.clone()),
        depth: watched.tally.depth_series(points),
        latency: watched.tally.latency_series(points),
    }
}

/// Says what is wrong with a queue, worst first.
fn troubles(watched: &Watched, workers: Option<usize>, now: u64) -> Vec<QueueTrouble> {
    let waits = ready(&watched.glance) > 0;
    let paused = watched.glance.paused;
    let (ended, failed) = watched.tally.failures();
    let failing = ended >= ENDED_MIN && failed.is_some_and(|share| share > FAILING_SHARE);
    let mut troubles = Vec::new();
    let mut note = |holds: bool, trouble| {
        if holds {
            troubles.push(trouble);
        }
    };
    note(watched.has_old_peer(now), QueueTrouble::OldPeer);
    note(
        workers.is_some_and(|count| count > 0) && watched.is_unheard(now),
        QueueTrouble::DeafWorker,
    );
    note(
        waits && !paused && workers == Some(0),
        QueueTrouble::NoWorker,
    );
    note(failing, QueueTrouble::Failing);
    note(watched.broken_scheduler, QueueTrouble::BrokenScheduler);
    note(waits && paused, QueueTrouble::PausedWithJobs);
    troubles
}

/// Says all that is known of a queue but what takes more reading.
pub(crate) fn detail(sight: &Sight, name: &QueueName, watched: &Watched, now: u64) -> QueueDetail {
    let glance = &watched.glance;
    let deaf = watched.is_unheard(now);
    let mut workers: Vec<QueueWorker> = sight
        .workers(name)
        .unwrap_or_default()
        .into_iter()
        .map(|client| QueueWorker {
            client_id: client.client_id.clone(),
            name: client.name.clone(),
            host: client.host.clone(),
            age_ms: client.age_ms,
            idle_ms: client.idle_ms,
            deaf,
            running: Vec::new(),
        })
        .collect();
    workers.sort_by_key(|worker| std::cmp::Reverse(worker.age_ms));
    let rate_limit = glance.limit_max.zip(glance.limit_duration_ms);
    QueueDetail {
        at: now,
        summary: summary(sight, name, watched, now, 300),
        workers,
        concurrency: glance.concurrency,
        rate_limit: rate_limit.map(|(max, duration_ms)| RateLimit { max, duration_ms }),
        rate_limited_ms: None,
        worker_concurrency: sight.own.concurrency(name),
        memory_bytes: None,
        events: 0,
        job_names: Vec::new(),
    }
}
