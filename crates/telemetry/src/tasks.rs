//! The task registry: every background task has a name, a visible state and a restart policy.
//!
//! A task is a factory of futures. A future that panics or fails is caught, counted and made again
//! after a back-off, as its [`RestartPolicy`] says. Cancellation is cooperative: a task watches the
//! token of its [`TaskContext`].
//!
//! **Invariant:** the registry never holds more than [`ENDED_TASKS_MAX`] tasks that have ended.

mod status;

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use status::{RestartPolicy, TaskFailure, TaskState, TaskStatus};

use crate::clock::{SharedClock, SystemClock};
use crate::names::{self, label};

/// How many ended tasks stay listed before the oldest are forgotten.
pub const ENDED_TASKS_MAX: usize = 64;

/// A task that ran this long counts its failures from one again.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// What a task gets from the registry.
#[derive(Debug, Clone)]
pub struct TaskContext {
    /// Cancelled when the task should end.
    pub token: CancellationToken,
    entry: Arc<Entry>,
    clock: SharedClock,
}

impl TaskContext {
    /// Notes that the task is alive and making progress.
    pub fn tick(&self) {
        self.entry
            .last_tick_ms
            .store(self.clock.now_ms(), Ordering::Relaxed);
    }
}

/// The list of this process's background tasks. Clones are the same registry.
#[derive(Debug, Clone)]
pub struct TaskRegistry {
    entries: Arc<Mutex<Vec<Arc<Entry>>>>,
    tracker: TaskTracker,
    clock: SharedClock,
}

impl Default for TaskRegistry {
    fn default() -> Self {
        Self::new(SystemClock::shared())
    }
}

impl TaskRegistry {
    /// Makes an empty registry whose states carry the time of `clock`.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self {
            entries: Arc::default(),
            tracker: TaskTracker::new(),
            clock,
        }
    }

    /// Starts a task on the current tokio runtime and keeps it alive as `policy` says.
    ///
    /// `factory` makes the future of each run. The task should end soon after `token` is cancelled.
    pub fn spawn<F, Fut>(
        &self,
        name: impl Into<Arc<str>>,
        policy: RestartPolicy,
        token: CancellationToken,
        mut factory: F,
    ) -> TaskHandle
    where
        F: FnMut(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), TaskFailure>> + Send + 'static,
    {
        let entry = Arc::new(Entry::new(name.into(), self.clock.now_ms()));
        self.register(&entry);
        let context = TaskContext {
            token,
            entry: Arc::clone(&entry),
            clock: Arc::clone(&self.clock),
        };
        self.tracker.spawn(async move {
            supervise(&context, policy, &mut factory).await;
        });
        TaskHandle { entry }
    }

    /// Returns the status of all tasks, in the order they were registered.
    #[must_use]
    pub fn list(&self) -> Vec<TaskStatus> {
        self.lock().iter().map(|entry| entry.status()).collect()
    }

    /// Waits until all tasks have ended, at most `deadline`.
    ///
    /// # Errors
    /// The names of the tasks that still run.
    pub async fn ended(&self, deadline: Duration) -> Result<(), Vec<Arc<str>>> {
        self.tracker.close();
        let waited = tokio::time::timeout(deadline, self.tracker.wait()).await;
        self.tracker.reopen();
        waited.map_err(|_| {
            let running = self
                .list()
                .into_iter()
                .filter(|status| !status.state.is_ended());
            running.map(|status| status.name).collect()
        })
    }

    /// Waits until all tasks have ended but those of these names, which others still need.
    ///
    /// # Errors
    /// The names of the other tasks that still run.
    pub async fn ended_but(&self, kept: &[&str], deadline: Duration) -> Result<(), Vec<Arc<str>>> {
        let is_kept = |name: &Arc<str>| kept.contains(&name.as_ref());
        let awaited: Vec<_> = self
            .lock()
            .iter()
            .filter(|entry| !is_kept(&entry.name))
            .map(|entry| entry.progress.subscribe())
            .collect();
        let all = async {
            for mut progress in awaited {
                // An error means that the entry is gone, and its task with it.
                let _ = progress
                    .wait_for(|progress| progress.state.is_ended())
                    .await;
            }
        };
        tokio::time::timeout(deadline, all).await.map_err(|_| {
            let listed = self.list().into_iter();
            listed
                .filter(|status| !status.state.is_ended() && !is_kept(&status.name))
                .map(|status| status.name)
                .collect()
        })
    }

    fn register(&self, entry: &Arc<Entry>) {
        let mut entries = self.lock();
        entries.retain(|other| other.name != entry.name || !other.is_ended());
        entries.push(Arc::clone(entry));
        let mut surplus = entries
            .iter()
            .filter(|other| other.is_ended())
            .count()
            .saturating_sub(ENDED_TASKS_MAX);
        entries.retain(|other| {
            let forget = surplus > 0 && other.is_ended();
            surplus -= usize::from(forget);
            !forget
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One task, seen from outside. Dropping it does not stop the task.
#[derive(Debug, Clone)]
pub struct TaskHandle {
    entry: Arc<Entry>,
}

impl TaskHandle {
    /// Returns where the task is now.
    #[must_use]
    pub fn status(&self) -> TaskStatus {
        self.entry.status()
    }

    /// Waits until the task has ended and returns its last status.
    pub async fn ended(&self) -> TaskStatus {
        let mut states = self.entry.progress.subscribe();
        // The sender lives in `self.entry`, so the wait can only end by the state.
        let _ = states.wait_for(|progress| progress.state.is_ended()).await;
        self.entry.status()
    }
}

#[derive(Debug, Clone)]
struct Progress {
    state: TaskState,
    since_ms: u64,
    restarts: u32,
    panics: u32,
}

#[derive(Debug)]
struct Entry {
    name: Arc<str>,
    progress: watch::Sender<Progress>,
    /// 0 means never.
    last_tick_ms: AtomicU64,
}

impl Entry {
    fn new(name: Arc<str>, now_ms: u64) -> Self {
        let progress = Progress {
            state: TaskState::Starting,
            since_ms: now_ms,
            restarts: 0,
            panics: 0,
        };
        Self {
            name,
            progress: watch::Sender::new(progress),
            last_tick_ms: AtomicU64::new(0),
        }
    }

    fn is_ended(&self) -> bool {
        self.progress.borrow().state.is_ended()
    }

    fn status(&self) -> TaskStatus {
        let progress = self.progress.borrow().clone();
        let tick_ms = self.last_tick_ms.load(Ordering::Relaxed);
        TaskStatus {
            name: Arc::clone(&self.name),
            state: progress.state,
            since_ms: progress.since_ms,
            last_tick_ms: (tick_ms > 0).then_some(tick_ms),
            restarts: progress.restarts,
            panics: progress.panics,
        }
    }
}

impl TaskContext {
    fn enter(&self, state: TaskState) {
        let since_ms = self.clock.now_ms();
        self.entry.progress.send_modify(|progress| {
            progress.restarts += u32::from(matches!(state, TaskState::Restarting { .. }));
            progress.state = state;
            progress.since_ms = since_ms;
        });
    }

    fn note_panic(&self) {
        self.entry
            .progress
            .send_modify(|progress| progress.panics += 1);
        metrics::counter!(names::TASK_PANICS, label::TASK => self.entry.name.to_string())
            .increment(1);
    }
}

async fn supervise<F, Fut>(context: &TaskContext, policy: RestartPolicy, factory: &mut F)
where
    F: FnMut(TaskContext) -> Fut,
    Fut: Future<Output = Result<(), TaskFailure>>,
{
    let name = &context.entry.name;
    let mut failures = 0;
    loop {
        context.enter(TaskState::Running);
        let started = Instant::now();
        let run = async { factory(context.clone()).await };
        let reason = match AssertUnwindSafe(run).catch_unwind().await {
            Ok(Ok(())) => return context.enter(TaskState::Stopped),
            Ok(Err(failure)) => failure.0,
            Err(panic) => {
                context.note_panic();
                format!("panicked: {}", panic_text(panic.as_ref()))
            }
        };
        if context.token.is_cancelled() {
            tracing::debug!(task = %name, %reason, "task failed while it was being stopped");
            return context.enter(TaskState::Stopped);
        }
        failures = if started.elapsed() >= HEALTHY_AFTER {
            1
        } else {
            failures + 1
        };
        let Some(wait) = policy.wait_after(failures) else {
            tracing::error!(task = %name, %reason, "task failed for good");
            return context.enter(TaskState::Failed { reason });
        };
        tracing::warn!(task = %name, %reason, failures, wait_ms = wait.as_millis(), "task restarts");
        metrics::counter!(names::TASK_RESTARTS, label::TASK => name.to_string()).increment(1);
        context.enter(TaskState::Restarting { reason });
        if context
            .token
            .run_until_cancelled(tokio::time::sleep(wait))
            .await
            .is_none()
        {
            return context.enter(TaskState::Stopped);
        }
    }
}

/// Returns what a caught panic said.
#[must_use]
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests;
