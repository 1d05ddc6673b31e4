//! What can be seen of a task, and what is done when it fails.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

/// What to do when a task fails or panics. A task that returns `Ok` is never restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartPolicy {
    /// The task stays `failed`.
    Never,
    /// The task starts again after `first`, then twice as long each time up to `max`.
    OnFailure {
        /// Wait before the first restart.
        first: Duration,
        /// The longest wait.
        max: Duration,
        /// Failures in a row after which the task stays `failed`.
        attempts_max: u32,
    },
}

impl RestartPolicy {
    /// Restarts after 100 ms, doubling up to 5 s, for ever in practice.
    pub const ALWAYS: Self = Self::OnFailure {
        first: Duration::from_millis(100),
        max: Duration::from_secs(5),
        attempts_max: u32::MAX,
    };

    pub(super) fn wait_after(self, failures: u32) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::OnFailure { attempts_max, .. } if failures >= attempts_max => None,
            Self::OnFailure { first, max, .. } => Some(
                first
                    .saturating_mul(1 << failures.saturating_sub(1).min(16))
                    .min(max),
            ),
        }
    }
}

/// Where a task is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum TaskState {
    /// Registered, not yet polled.
    Starting,
    /// At work.
    Running,
    /// Failed, waiting to start again.
    Restarting {
        /// Why it failed.
        reason: String,
    },
    /// Ended as it should.
    Stopped,
    /// Ended, and will not start again.
    Failed {
        /// Why it failed.
        reason: String,
    },
}

impl TaskState {
    /// Says whether the task will never run again.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self, Self::Stopped | Self::Failed { .. })
    }
}

/// One line in the list of tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskStatus {
    /// The name it was registered under.
    pub name: Arc<str>,
    /// Where it is in its life.
    #[serde(flatten)]
    pub state: TaskState,
    /// When it entered this state, in ms since the Unix epoch.
    pub since_ms: u64,
    /// When it last said that it is alive, in ms since the Unix epoch.
    pub last_tick_ms: Option<u64>,
    /// How often it was started again.
    pub restarts: u32,
    /// How many of its failures were panics.
    pub panics: u32,
}

/// Why a run of a task ended badly. Any error becomes one with `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure(pub(super) String);

impl TaskFailure {
    /// Makes a failure from its reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for TaskFailure {
    fn from(error: E) -> Self {
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            reason.push_str(": ");
            reason.push_str(&cause.to_string());
            source = cause.source();
        }
        Self(reason)
    }
}
