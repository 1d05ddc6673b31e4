//! Makes workers anew that fetch nothing though jobs wait.
//!
//! A worker can be connected, say that it runs, and fetch nothing for ever: its connections hang,
//! or lead to a server that is not the master any more, or its loop has ended. From inside nothing
//! shows; so the watchdog looks at the queue over the node's own link to Redis, which heals by
//! other means, and compares that with what the worker does. Its question is cheap (a few commands
//! of constant cost) and only asked when the worker has fetched nothing for a while.

use std::time::Duration;

use graphy_telemetry::board::WorkerState;
use graphy_telemetry::tasks::{TaskContext, TaskFailure};
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::{BLOCK, QueueWorker};

/// How long jobs may wait for a worker that has a free slot and fetches nothing.
const SILENCE_MAX: Duration = Duration::from_secs(2 * BLOCK.as_secs());
/// How long the queue may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(1);
/// How long a worker that was made anew has before it is made anew again, at most.
const PATIENCE_MAX: Duration = Duration::from_secs(30);

/// What is known of a worker's silence.
struct Silence {
    fetched: u64,
    /// Since when jobs have been seen waiting without anything being fetched.
    since: Option<Instant>,
    /// How long it may last; doubles with each worker that did not help.
    patience: Duration,
}

/// Watches a worker until stopped.
pub(crate) async fn run(worker: QueueWorker, context: TaskContext) -> Result<(), TaskFailure> {
    let mut ticks = tokio::time::interval(BLOCK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silence = Silence {
        fetched: 0,
        since: None,
        patience: SILENCE_MAX,
    };
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = context.token.cancelled() => return Ok(()),
        }
        context.tick();
        silence.look(&worker).await;
    }
}

impl Silence {
    async fn look(&mut self, worker: &QueueWorker) {
        let inner = &worker.inner;
        let work = inner.work.tally();
        if work.fetched != self.fetched {
            self.fetched = work.fetched;
            self.end(worker);
            return;
        }
        let free = work.active < worker.definition().concurrency;
        if !free || *inner.condition() == WorkerState::Stopped {
            self.since = None;
            return;
        }
        let Ok(Ok(pulse)) = timeout(ANSWER_WAIT, inner.queues.pulse(inner.kind)).await else {
            // Redis is away; that is not the worker's fault.
            self.since = None;
            return;
        };
        if pulse.waiting == 0 {
            self.end(worker);
            return;
        }
        if !pulse.calls_for_workers() {
            self.since = None;
            return;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.patience {
            self.rebuild(worker, pulse.waiting).await;
        }
    }

    /// Notes that nothing is wrong (any more).
    fn end(&mut self, worker: &QueueWorker) {
        self.since = None;
        self.patience = SILENCE_MAX;
        let mut condition = worker.inner.condition();
        if *condition == WorkerState::Rebuilding {
            *condition = WorkerState::Running;
            let queue = worker.kind().name();
            tracing::info!(queue, "the worker that was made anew works");
        }
    }

    async fn rebuild(&mut self, worker: &QueueWorker, waiting: u64) {
        let queue = worker.kind().name();
        tracing::error!(
            queue,
            waiting,
            "the worker fetches nothing though jobs wait; it is made anew"
        );
        {
            let mut condition = worker.inner.condition();
            if *condition == WorkerState::Stopped {
                return;
            }
            *condition = WorkerState::Rebuilding;
        }
        self.since = None;
        self.patience = (2 * self.patience).min(PATIENCE_MAX);
        if let Err(error) = worker.rebuild().await {
            tracing::warn!(queue, %error, "no new worker can be made now");
        }
    }
}
