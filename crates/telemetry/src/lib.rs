//! Observation: logs, metrics, metric history, the task registry and the clock.
//!
//! This crate knows nothing of graphs, Redis or sockets. It is the one place that names the
//! metrics, so that `/metrics`, the console's Overview page and the dashboards cannot differ.
//!
//! **Invariant:** a number that a page shows is read from [`metrics::MetricsSnapshot`], which is
//! parsed from the very text that `/metrics` serves.

pub mod archive;
pub mod board;
pub mod clock;
pub mod history;
pub mod logging;
pub mod metrics;
pub mod names;
pub mod process;
pub mod tasks;
pub mod traces;

pub use archive::{Archive, ArchiveSettings, Bin, Place, Range, RangeQuery, Recorder, Row};
pub use board::StatusBoard;
pub use clock::{Clock, ManualClock, SharedClock, SystemClock, TokioClock};
pub use history::{History, Series};
pub use metrics::{Metrics, MetricsSnapshot};
pub use tasks::{RestartPolicy, TaskContext, TaskFailure, TaskRegistry, TaskState, TaskStatus};
