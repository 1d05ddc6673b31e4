//! Computes the series from readings of the metrics. Pure.

use std::collections::VecDeque;

use graphy_engine::GRAPH_COMMANDS;
use graphy_telemetry::MetricsSnapshot;
use graphy_telemetry::metrics::HistogramReading;
use graphy_telemetry::names::{self, label};

use super::series;

/// How far back quantiles and shares look.
const WINDOW_MS: u64 = 10_000;

/// The counters at one moment.
#[derive(Debug, Clone)]
struct Reading {
    at_ms: u64,
    commands: f64,
    conflicts: f64,
    durations: Option<HistogramReading>,
}

/// Remembers the readings of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Oldest first; the first one is the last that is at least a window old, if there is one.
    readings: VecDeque<Reading>,
}

impl Meter {
    /// Takes a reading and returns the value of each series; those named in `unmeasured` are gaps.
    pub(super) fn take(
        &mut self,
        at_ms: u64,
        snapshot: &MetricsSnapshot,
        unmeasured: &[&'static str],
    ) -> Vec<(&'static str, Option<f64>)> {
        let reading = Reading {
            at_ms,
            // A counter that nothing has raised yet is not rendered.
            commands: snapshot
                .value(names::COMMANDS_PROCESSED, &[])
                .unwrap_or(0.0),
            conflicts: snapshot.value(names::CONFLICTS, &[]).unwrap_or(0.0),
            durations: snapshot.histogram(names::COMMAND_DURATION, &[]),
        };
        let gauge = |name: &str| snapshot.value(name, &[]);
        let queue = snapshot.value(names::QUEUE_SIZE, &[(label::QUEUE_NAME, GRAPH_COMMANDS)]);
        let values = vec![
            (series::COMMANDS, self.rate(&reading)),
            (series::P95, self.p95_ms(&reading)),
            (series::QUEUE, queue),
            (series::CONFLICTS, self.conflict_share(&reading)),
            (series::OPEN_CONFLICTS, gauge(names::OPEN_CONFLICTS)),
            (
                series::CONNECTIONS,
                Some(gauge(names::WEBSOCKET_CONNECTIONS).unwrap_or(0.0)),
            ),
            (series::REDIS_MEMORY, gauge(names::REDIS_MEMORY)),
            (
                series::REDIS_LATENCY,
                gauge(names::REDIS_LATENCY).map(|seconds| seconds * 1000.0),
            ),
            (series::CPU, gauge(names::PROCESS_CPU)),
            (series::MEMORY, gauge(names::PROCESS_MEMORY)),
        ];
        self.keep(reading);
        let values = values.into_iter();
        values
            .map(|(name, value)| (name, value.filter(|_| !unmeasured.contains(&name))))
            .collect()
    }

    fn keep(&mut self, reading: Reading) {
        let start = reading.at_ms.saturating_sub(WINDOW_MS);
        self.readings.push_back(reading);
        while self
            .readings
            .get(1)
            .is_some_and(|second| second.at_ms <= start)
        {
            self.readings.pop_front();
        }
    }

    /// Commands per second since the reading before.
    fn rate(&self, now: &Reading) -> Option<f64> {
        let before = self.readings.back()?;
        let seconds = millis(now.at_ms.checked_sub(before.at_ms)?) / 1000.0;
        (seconds > 0.0).then(|| (now.commands - before.commands).max(0.0) / seconds)
    }

    fn p95_ms(&self, now: &Reading) -> Option<f64> {
        let durations = now.durations.as_ref()?;
        let recent = match self.readings.front().map(|first| first.durations.as_ref()) {
            Some(Some(earlier)) => durations.since(earlier),
            // Nothing had been recorded when the window began, so all of it is recent.
            Some(None) => durations.clone(),
            None => return None,
        };
        recent.quantile(0.95).map(|seconds| seconds * 1000.0)
    }

    fn conflict_share(&self, now: &Reading) -> Option<f64> {
        let first = self.readings.front()?;
        let commands = now.commands - first.commands;
        (commands > 0.0).then(|| (now.conflicts - first.conflicts).max(0.0) / commands)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the time between two readings is short"
)]
fn millis(duration_ms: u64) -> f64 {
    duration_ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(commands: u32, conflicts: u32, fast: u32, slow: u32) -> MetricsSnapshot {
        let all = fast + slow;
        MetricsSnapshot::parse(&format!(
            "optimistic_commands_processed_total{{type=\"CREATE_NODE\",status=\"success\"}} {commands}\n\
             optimistic_conflicts_total{{resolution_type=\"x\"}} {conflicts}\n\
             optimistic_command_duration_seconds_bucket{{type=\"CREATE_NODE\",le=\"0.01\"}} {fast}\n\
             optimistic_command_duration_seconds_bucket{{type=\"CREATE_NODE\",le=\"0.1\"}} {all}\n\
             optimistic_command_duration_seconds_bucket{{type=\"CREATE_NODE\",le=\"+Inf\"}} {all}\n\
             bullmq_queue_size{{queue_name=\"graph-commands\"}} 7\n\
             bullmq_queue_size{{queue_name=\"other\"}} 100\n\
             graphy_redis_latency_seconds 0.0025\n"
        ))
    }

    fn value(values: &[(&str, Option<f64>)], name: &str) -> Option<f64> {
        values
            .iter()
            .find(|(have, _)| *have == name)
            .expect("all series are there")
            .1
    }

    #[test]
    fn series_follow_from_the_metrics() {
        let mut meter = Meter::default();
        let first = meter.take(0, &snapshot(100, 10, 100, 0), &[]);
        assert_eq!(value(&first, series::COMMANDS), None);
        assert_eq!(value(&first, series::P95), None);
        assert_eq!(value(&first, series::QUEUE), Some(7.0));
        assert_eq!(value(&first, series::CONNECTIONS), Some(0.0));
        assert_eq!(value(&first, series::REDIS_LATENCY), Some(2.5));
        assert_eq!(value(&first, series::REDIS_MEMORY), None);

        let second = meter.take(2_000, &snapshot(140, 20, 100, 40), &[series::QUEUE]);
        assert_eq!(value(&second, series::COMMANDS), Some(20.0));
        assert_eq!(value(&second, series::CONFLICTS), Some(0.25));
        assert_eq!(value(&second, series::QUEUE), None);
        let p95 = value(&second, series::P95).unwrap();
        assert!((90.0..=100.0).contains(&p95), "{p95}");
    }

    #[test]
    fn what_is_older_than_the_window_does_not_count() {
        let mut meter = Meter::default();
        for second in 0..30 {
            meter.take(second * 1_000, &snapshot(100, 50, 10, 90), &[]);
        }
        assert!(
            meter.readings.len() <= 12,
            "{} readings are kept",
            meter.readings.len()
        );
        let quiet = meter.take(30_000, &snapshot(100, 50, 10, 90), &[]);
        assert_eq!(value(&quiet, series::COMMANDS), Some(0.0));
        assert_eq!(value(&quiet, series::P95), None);
        assert_eq!(value(&quiet, series::CONFLICTS), None);
    }

    #[test]
    fn the_table_and_the_meter_name_the_same_series() {
        let values = Meter::default().take(0, &snapshot(0, 0, 0, 0), &[]);
        let measured: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        let defined: Vec<&str> = series::SERIES.iter().map(|series| series.name).collect();
        assert_eq!(measured, defined);
    }
}
