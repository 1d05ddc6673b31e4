//! The metrics recorder of this process, and readings of it.
//!
//! There is no listener here: the server serves [`Metrics::render`] as `/metrics`.

mod snapshot;

use std::sync::{Mutex, PoisonError};

use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub use snapshot::{HistogramReading, MetricsSnapshot};

use crate::names::{ALL, AWAY_BUCKETS, MetricKind, SECONDS_BUCKETS, SOCKET_AWAY};

/// Says why metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// Another recorder is installed, or the buckets are unusable.
    #[error("cannot install the metrics recorder")]
    Install(#[source] BuildError),
}

/// The installed recorder. Clones read the same values.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Installs the process-wide recorder on the first call; later calls return the same one.
    ///
    /// # Errors
    /// [`MetricsError::Install`] when a foreign recorder is already installed.
    pub fn install() -> Result<Self, MetricsError> {
        static INSTALLED: Mutex<Option<Metrics>> = Mutex::new(None);
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(metrics) = installed.as_ref() {
            return Ok(metrics.clone());
        }
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)
            .and_then(|builder| {
                let away = Matcher::Full(SOCKET_AWAY.to_owned());
                builder.set_buckets_for_metric(away, &AWAY_BUCKETS)
            })
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(MetricsError::Install)?;
        describe_all();
        Ok(installed.insert(Self { handle }).clone())
    }

    /// Renders all values in the Prometheus text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Reads all values at this moment. It parses what [`Metrics::render`] renders, so that a page
    /// cannot show anything else than `/metrics` does.
    #[must_use]
    pub fn snapshot(&self) -> MetricsSnapshot {
        MetricsSnapshot::parse(&self.render())
    }

    /// Moves recorded samples into the histograms. Call it every few seconds when nobody renders,
    /// because samples are kept one by one until then.
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn describe_all() {
    for definition in ALL {
        match definition.kind {
            MetricKind::Counter => describe_counter!(definition.name, definition.help),
            MetricKind::Gauge => describe_gauge!(definition.name, definition.help),
            MetricKind::Histogram => describe_histogram!(definition.name, definition.help),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{self, label};

    #[test]
    fn a_snapshot_shows_what_was_recorded_and_what_is_rendered() {
        let metrics = Metrics::install().expect("the first recorder of this process");
        metrics::counter!(names::RESUMES, label::MODE => "full").increment(3);
        metrics::gauge!(names::WEBSOCKET_CONNECTIONS).set(17.0);
        metrics::histogram!(names::BROADCAST_DURATION).record(0.004);

        let again = Metrics::install().expect("the same recorder");
        let snapshot = again.snapshot();
        assert_eq!(
            snapshot.value(names::RESUMES, &[(label::MODE, "full")]),
            Some(3.0)
        );
        assert_eq!(
            snapshot.value(names::WEBSOCKET_CONNECTIONS, &[]),
            Some(17.0)
        );
        let broadcast = snapshot
            .histogram(names::BROADCAST_DURATION, &[])
            .expect("recorded");
        assert_eq!(broadcast.count, 1);

        let text = metrics.render();
        assert!(
            text.contains("# HELP graphy_resume_total Subscriptions by how"),
            "{text}"
        );
        metrics::histogram!(names::SOCKET_AWAY).record(25.0);
        let text_of_away = metrics.render();
        assert!(
            text_of_away.contains("graphy_socket_away_seconds_bucket{le=\"30\"} 1"),
            "{text_of_away}"
        );
        assert!(
            text.contains("graphy_broadcast_duration_seconds_bucket{le=\"0.005\"} 1"),
            "{text}"
        );
    }
}
