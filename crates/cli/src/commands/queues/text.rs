//! Queues and jobs as people read them.

use graphy_protocol::queues::{
    BulkAction, BulkPreview, BulkRun, BulkRuns, BulkState, DeadLetters, JobDetail, JobPage, JobRow,
    QueueDetail, QueueList, QueueSummary, QueueTrouble, SchedulerList,
};
use graphy_telemetry::clock::{Clock as _, SystemClock};

use crate::tables::{ago, quantity, span, table};

/// How much of a text a table shows.
const CELL_CHARS: usize = 60;

pub(super) fn list(list: &QueueList) -> String {
    if list.queues.is_empty() {
        return "There are no queues on this Redis.".to_owned();
    }
    let rows: Vec<Vec<String>> = list.queues.iter().map(summary).collect();
    let head = [
        "QUEUE", "WAITING", "ACTIVE", "DELAYED", "FAILED", "DONE/S", "OLDEST", "WORKERS", "STATE",
    ];
    let mut text = table(&head, &[1, 2, 3, 4, 5, 6, 7], &rows);
    if list.search.cut {
        text.push_str("\nThere are more queues than are kept in sight.");
    }
    text
}

fn summary(queue: &QueueSummary) -> Vec<String> {
    let counts = &queue.counts;
    let mut state: Vec<&str> = queue.troubles.iter().map(|one| trouble(*one)).collect();
    if queue.paused && !queue.troubles.contains(&QueueTrouble::PausedWithJobs) {
        state.push("paused");
    }
    vec![
        format!("{}:{}", queue.prefix, queue.queue),
        (counts.waiting + counts.prioritized).to_string(),
        counts.active.to_string(),
        counts.delayed.to_string(),
        counts.failed.to_string(),
        queue
            .completed_per_second
            .map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}")),
        queue.oldest_waiting_ms.map_or_else(|| "-".to_owned(), span),
        queue
            .workers
            .map_or_else(|| "-".to_owned(), |workers| workers.to_string()),
        state.join(", "),
    ]
}

fn trouble(trouble: QueueTrouble) -> &'static str {
    match trouble {
        QueueTrouble::OldPeer => "a peer with BullMQ 5 or older",
        QueueTrouble::DeafWorker => "workers fetch nothing",
        QueueTrouble::NoWorker => "no worker",
        QueueTrouble::Failing => "many jobs fail",
        QueueTrouble::BrokenScheduler => "a scheduler is broken",
        QueueTrouble::PausedWithJobs => "paused with jobs",
    }
}

pub(super) fn queue(detail: &QueueDetail) -> String {
    let queue = &detail.summary;
    let counts = &queue.counts;
    let none = || "none".to_owned();
    let mut lines = vec![
        format!("queue        {}:{}", queue.prefix, queue.queue),
        format!(
            "version      {}",
            queue.version.as_deref().unwrap_or("unknown")
        ),
        format!(
            "jobs         {} waiting, {} active, {} delayed, {} prioritized, {} wait for children, \
             {} completed, {} failed",
            counts.waiting,
            counts.active,
            counts.delayed,
            counts.prioritized,
            counts.waiting_children,
            counts.completed,
            counts.failed,
        ),
        format!("paused       {}", if queue.paused { "yes" } else { "no" }),
        format!(
            "concurrency  {}",
            detail
                .concurrency
                .map_or_else(none, |most| most.to_string())
        ),
        format!(
            "rate limit   {}",
            detail.rate_limit.map_or_else(none, |rate| format!(
                "{} in {} ms",
                rate.max, rate.duration_ms
            ))
        ),
        format!("events       {}", detail.events),
    ];
    if let Some(bytes) = detail.memory_bytes {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
        lines.push(format!(
            "memory       about {}",
            quantity(bytes as f64, "bytes")
        ));
    }
    if let Some(eta) = queue.drain_eta_ms {
        lines.push(format!("empty in     {}", span(eta)));
    }
    lines.extend(
        queue
            .troubles
            .iter()
            .map(|one| format!("trouble      {}", trouble(*one))),
    );
    let workers = detail.workers.iter().map(|worker| {
        vec![
            worker.client_id.clone(),
            worker.name.clone(),
            worker.host.clone(),
            span(worker.age_ms),
            worker.running.len().to_string(),
            if worker.deaf { "fetches nothing" } else { "" }.to_owned(),
        ]
    });
    let workers: Vec<Vec<String>> = workers.collect();
    if !workers.is_empty() {
        lines.push(String::new());
        let head = ["WORKER", "NAME", "HOST", "AGE", "RUNS", "STATE"];
        lines.push(table(&head, &[4], &workers));
    }
    lines.join("\n")
}

pub(super) fn jobs(page: &JobPage) -> String {
    let now = SystemClock.now_ms();
    let mut text = if page.jobs.is_empty() {
        format!("No such jobs among {} of {}.", page.looked_at, page.total)
    } else {
        rows(&page.jobs, now)
    };
    if let Some(next) = page.next {
        text.push_str(&format!("\nThere are more: --offset {next}"));
    }
    text
}

fn rows(jobs: &[JobRow], now: u64) -> String {
    let rows: Vec<Vec<String>> = jobs
        .iter()
        .map(|job| {
            vec![
                job.job_id.clone(),
                job.name.clone(),
                match job.added_at {
                    0 => "–".to_owned(),
                    at => ago(now, at),
                },
                format!("{}/{}", job.attempts_made, job.attempts_max),
                job.graph_id
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                short(job.failed_reason.as_deref().unwrap_or_default()),
            ]
        })
        .collect();
    table(
        &["JOB", "NAME", "ADDED", "TRIED", "GRAPH", "FAILED BECAUSE"],
        &[],
        &rows,
    )
}

pub(super) fn job(detail: &JobDetail) -> String {
    let row = &detail.row;
    let state = detail
        .state
        .and_then(|state| serde_json::to_value(state).ok());
    let state = state.as_ref().and_then(|state| state.as_str());
    let mut lines = vec![
        format!("job       {}", row.job_id),
        format!("name      {}", row.name),
        format!("state     {}", state.unwrap_or("in no list: an orphan")),
        format!(
            "tried     {} of {} times",
            row.attempts_made, row.attempts_max
        ),
        format!("data      {}", cut(&detail.data.text, detail.data.cut)),
        format!(
            "options   {}",
            cut(&detail.options.text, detail.options.cut)
        ),
    ];
    if let Some(graph) = &row.graph_id {
        lines.push(format!("graph     {graph}"));
    }
    if let Some(value) = &detail.return_value {
        lines.push(format!("returned  {}", cut(&value.text, value.cut)));
    }
    for command in &detail.commands {
        let outcome = command.outcome.as_deref().unwrap_or("not known");
        lines.push(format!(
            "command   {} {}: {outcome}",
            command.command_type, command.operation_id
        ));
    }
    let now = SystemClock.now_ms();
    for moment in &detail.timeline {
        let more = moment.detail.as_deref().unwrap_or_default();
        lines.push(format!(
            "{:<9} {} {}",
            ago(now, moment.at),
            moment.what,
            short(more)
        ));
    }
    for attempt in &detail.attempts {
        lines.push(format!("\nattempt {}: {}", attempt.number, attempt.error));
    }
    if !detail.logs.is_empty() {
        lines.push(format!("\nlog, {} lines:", detail.logs_total));
        lines.extend(detail.logs.iter().cloned());
    }
    lines.join("\n")
}

pub(super) fn schedulers(list: &SchedulerList) -> String {
    if list.schedulers.is_empty() {
        return "The queue has no schedulers.".to_owned();
    }
    let now = SystemClock.now_ms();
    let rows: Vec<Vec<String>> = list
        .schedulers
        .iter()
        .map(|one| {
            let next = one.next_runs.first().map(|at| {
                if *at >= now {
                    format!("in {}", span(at - now))
                } else {
                    ago(now, *at)
                }
            });
            vec![
                one.scheduler_id.clone(),
                one.job_name.clone(),
                one.words.clone(),
                next.unwrap_or_else(|| "-".to_owned()),
                one.runs
                    .map_or_else(|| "-".to_owned(), |runs| runs.to_string()),
                one.fault.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table(
        &["SCHEDULER", "JOB", "RUNS", "NEXT", "RAN", "FAULT"],
        &[4],
        &rows,
    )
}

pub(super) fn dead_letters(letters: &DeadLetters) -> String {
    if letters.groups.is_empty() {
        return "There are no failed jobs.".to_owned();
    }
    let now = SystemClock.now_ms();
    let rows: Vec<Vec<String>> = letters
        .groups
        .iter()
        .map(|group| {
            let prefix = group.queue.prefix.as_deref().unwrap_or("bull");
            vec![
                group.fingerprint.clone(),
                format!("{prefix}:{}", group.queue.queue),
                group.jobs.to_string(),
                ago(now, group.last_at),
                short(&group.error),
            ]
        })
        .collect();
    let mut text = table(&["GROUP", "QUEUE", "JOBS", "LAST", "ERROR"], &[2], &rows);
    if letters.looked_at < letters.jobs {
        let (seen, all) = (letters.looked_at, letters.jobs);
        text.push_str(&format!(
            "\nThe newest {seen} of {all} failed jobs were looked at."
        ));
    }
    text
}

pub(super) fn what(action: BulkAction) -> &'static str {
    match action {
        BulkAction::Retry => "retry",
        BulkAction::Promote => "promote",
        BulkAction::Remove => "remove",
    }
}

pub(super) fn preview(action: BulkAction, preview: &BulkPreview) -> String {
    let mut text = format!(
        "This would {} {} jobs; {} were looked at.",
        what(action),
        preview.jobs,
        preview.looked_at
    );
    if preview.cut {
        text.push_str(" There are more; run it again for the rest.");
    }
    match (action, preview.undo_ms) {
        (BulkAction::Remove, Some(ms)) => {
            text.push_str(&format!(" It can be taken back for {}.", span(ms)));
        }
        (BulkAction::Remove, None) => text.push_str(" It cannot be taken back."),
        _ => {}
    }
    if !preview.sample.is_empty() {
        text.push_str("\nSome of them:\n");
        text.push_str(&rows(&preview.sample, SystemClock.now_ms()));
    }
    text
}

pub(super) fn runs(list: &BulkRuns) -> String {
    if list.runs.is_empty() {
        return "No bulk action goes on, and none can be taken back.".to_owned();
    }
    let lines: Vec<String> = list.runs.iter().map(run_of_queue).collect();
    lines.join("\n")
}

fn run_of_queue(one: &BulkRun) -> String {
    let prefix = one.queue.prefix.as_deref().unwrap_or("bull");
    format!(
        "{prefix}:{} {}: {}",
        one.queue.queue,
        what(one.action),
        run(one)
    )
}

pub(super) fn run(run: &BulkRun) -> String {
    let state = match run.state {
        BulkState::Running => "running",
        BulkState::Done => "done",
        BulkState::Failed => "failed",
        BulkState::Stopped => "stopped",
        BulkState::Undone => "taken back",
    };
    let mut text = format!(
        "{} {state}: {} of {} jobs, {} left alone",
        run.run_id, run.done, run.jobs, run.skipped
    );
    if let Some(until) = run.undo_until {
        let left = span(until.saturating_sub(SystemClock.now_ms()));
        text.push_str(&format!(
            "\nTake it back within {left}: graphy queues undo {}",
            run.run_id
        ));
    }
    text
}

fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= CELL_CHARS {
        return line.to_owned();
    }
    let cut: String = line.chars().take(CELL_CHARS - 1).collect();
    format!("{cut}…")
}

fn cut(text: &str, is_cut: bool) -> String {
    if is_cut {
        format!("{text} …")
    } else {
        text.to_owned()
    }
}
