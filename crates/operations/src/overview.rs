//! The overview: what the node measures about itself every second, and what people see of it.
//!
//! **Invariant:** every value equals a series of `/metrics`, or follows from readings of such
//! series by the formula that its [`SeriesDefinition`] names. Values are computed from the very
//! text that `/metrics` serves, at the same moment.

mod book;
pub mod expression;
mod frames;
mod meter;
mod sampler;
mod series;
mod totals;
mod watcher;
mod zeros;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use graphy_protocol::console::{OverviewSnapshot, RecentEvent, Series, SeriesPoint};
use graphy_store::{GraphStore, NodeRegistry};
use graphy_telemetry::{History, Metrics, Recorder, SharedClock, TaskRegistry};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::journal::{EVENTS_MAX, Journal};
use crate::pulse::Pulse;
use crate::queues::Queues;

pub(crate) use book::SeriesBook;
pub use book::{CHART_EXPRESSIONS_MAX, RULE_EXPRESSIONS_MAX};
pub use frames::{FRAME_BYTES_MAX, LiveFrames};
pub use series::{OVERVIEW_SERIES, SERIES, SeriesDefinition};

/// What the overview needs.
#[derive(Clone)]
pub(crate) struct OverviewParts {
    pub(crate) store: GraphStore,
    pub(crate) nodes: NodeRegistry,
    pub(crate) queues: Queues,
    pub(crate) metrics: Metrics,
    pub(crate) clock: SharedClock,
    pub(crate) journal: Arc<Journal>,
    pub(crate) pulse: Pulse,
    pub(crate) recorder: Recorder,
    pub(crate) tasks: TaskRegistry,
    pub(crate) token: CancellationToken,
}

/// One value of each series, or none where nothing was measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sample {
    /// Counts samples; 0 before the first one.
    pub(crate) count: u64,
    pub(crate) values: Vec<(Arc<str>, Option<f64>)>,
}

/// The overview of one node; cheap to clone.
#[derive(Clone)]
pub(crate) struct Overview {
    inner: Arc<Inner>,
}

struct Inner {
    parts: OverviewParts,
    since: u64,
    /// What the overview page shows at once.
    history: History,
    book: SeriesBook,
    latest: watch::Sender<Sample>,
    redis_version: watch::Sender<String>,
    /// Grows whenever the list of graphs has changed.
    graphs_revision: AtomicU64,
    look: Notify,
}

impl Overview {
    /// Starts to measure, as tasks `overview-sampler` and `overview-watcher`.
    pub(crate) fn start(parts: OverviewParts) -> Self {
        zeros::register();
        let inner = Inner {
            since: parts.clock.now_ms(),
            history: History::of_fifteen_minutes(),
            book: SeriesBook::new(),
            latest: watch::Sender::default(),
            redis_version: watch::Sender::default(),
            graphs_revision: AtomicU64::new(0),
            look: Notify::new(),
            parts,
        };
        let overview = Self {
            inner: Arc::new(inner),
        };
        sampler::spawn(&overview);
        watcher::spawn(&overview);
        overview
    }

    /// Returns all that the overview page shows.
    pub(crate) fn snapshot(&self) -> OverviewSnapshot {
        let recorded = self.inner.history.series();
        let at = recorded
            .first()
            .map(|series| series.at.clone())
            .unwrap_or_default();
        let series = SERIES[..OVERVIEW_SERIES].iter().map(|definition| {
            let values = recorded
                .iter()
                .find(|series| series.name == definition.name);
            Series {
                name: definition.name.to_owned(),
                unit: definition.unit.to_owned(),
                help: definition.help.to_owned(),
                metric: definition.metric.to_owned(),
                at: at.clone(),
                values: values.map_or_else(|| vec![None; at.len()], |found| found.values.clone()),
            }
        });
        OverviewSnapshot {
            since: self.inner.since,
            step_ms: self.inner.history.step_ms(),
            series: series.collect(),
            events: self.events(),
        }
    }

    fn events(&self) -> Vec<RecentEvent> {
        self.inner.parts.journal.newest(EVENTS_MAX)
    }

    /// Returns the newest sample and its points.
    pub(crate) fn points(&self) -> (u64, Vec<SeriesPoint>) {
        let sample = self.inner.latest.borrow();
        let points = sample.values.iter();
        let points = points.map(|(name, value)| SeriesPoint {
            name: name.to_string(),
            value: *value,
        });
        (sample.count, points.collect())
    }

    /// Watches the newest sample.
    pub(crate) fn samples(&self) -> watch::Receiver<Sample> {
        self.inner.latest.subscribe()
    }

    /// Returns which series are measured.
    pub(crate) fn book(&self) -> &SeriesBook {
        &self.inner.book
    }

    /// Returns the version of Redis; empty before it was first heard.
    pub(crate) fn redis_version(&self) -> String {
        self.inner.redis_version.borrow().clone()
    }

    /// Looks at the list of graphs now rather than soon.
    pub(crate) fn look_at_graphs(&self) {
        self.inner.look.notify_one();
    }

    /// Returns a number that grows whenever the list of graphs has changed.
    pub(crate) fn graphs_revision(&self) -> u64 {
        self.inner.graphs_revision.load(Ordering::Relaxed)
    }
}
