//! Which charts a report has, and the series that they show. Pure.

use graphy_protocol::series::{AlertMark, SeriesRange, ThinnedSeries};
use graphy_store::LedgerSlot;

use super::chart::{Chart, Line};
use super::period::Period;
use super::tally::{BROADCAST_SECONDS, COMMAND_SECONDS, QUERY_SECONDS};

/// One chart: its title, unit, the factor from the series' unit to it, its limit, its lines as
/// label and name of the series, and what else is marked on it.
struct Plan {
    title: &'static str,
    unit: &'static str,
    factor: f64,
    limit: Option<f64>,
    lines: &'static [(&'static str, &'static str)],
    /// Other series of which an alert is marked here.
    watched: &'static [&'static str],
}

const PLANS: [Plan; 6] = [
    Plan {
        title: "Command latency",
        unit: "ms, from intake to outcome; the target of p95 is 100 ms",
        factor: 1.0,
        limit: Some(100.0),
        lines: &[
            ("p50", "command_p50_ms"),
            ("p95", "command_p95_ms"),
            ("p99", "command_p99_ms"),
        ],
        watched: &["command_p95_5m_ms", "command_p99_5m_ms"],
    },
    Plan {
        title: "Throughput",
        unit: "commands per second",
        factor: 1.0,
        limit: None,
        lines: &[("commands", "commands_per_second")],
        watched: &[],
    },
    Plan {
        title: "Queue depth",
        unit: "jobs that wait or run",
        factor: 1.0,
        limit: None,
        lines: &[("mean", "queue_depth"), ("greatest", "queue_depth_max")],
        watched: &["queue_latency_p95_ms"],
    },
    Plan {
        title: "Conflicts",
        unit: "% of commands; the target is 0.1 %",
        factor: 100.0,
        limit: Some(0.1),
        lines: &[("conflicts", "conflict_rate")],
        watched: &["conflict_rate_5m"],
    },
    Plan {
        title: "Reading and telling",
        unit: "ms, 95th percentiles",
        factor: 1.0,
        limit: Some(10.0),
        lines: &[
            ("queries", "query_p95_ms"),
            ("broadcasts", "broadcast_p95_ms"),
        ],
        watched: &["broadcast_p95_5m_ms"],
    },
    Plan {
        title: "Commands without success",
        unit: "% of commands; the target is 0.1 %",
        factor: 100.0,
        limit: Some(0.1),
        lines: &[("without success", "failure_rate")],
        watched: &["success_rate"],
    },
];

/// What one slot says to one series.
type Reading = fn(&LedgerSlot, &Period) -> Option<f64>;

const SERIES: [(&str, Reading); 10] = [
    ("command_p50_ms", |_, period| {
        period.quantile_ms(COMMAND_SECONDS, 0.50)
    }),
    ("command_p95_ms", |_, period| {
        period.quantile_ms(COMMAND_SECONDS, 0.95)
    }),
    ("command_p99_ms", |_, period| {
        period.quantile_ms(COMMAND_SECONDS, 0.99)
    }),
    ("commands_per_second", |slot, period| {
        (slot.measured_ms > 0.0).then(|| period.commands() * 1000.0 / slot.measured_ms)
    }),
    ("queue_depth", |_, period| {
        period.share(&["jobs.sum"], &["jobs.samples"])
    }),
    ("queue_depth_max", |_, period| period.peak("peak.jobs")),
    ("conflict_rate", |_, period| {
        let commands = period.commands();
        (commands > 0.0).then(|| period.sum(&["conflicts"]) / commands)
    }),
    ("query_p95_ms", |_, period| {
        period.quantile_ms(QUERY_SECONDS, 0.95)
    }),
    ("broadcast_p95_ms", |_, period| {
        period.quantile_ms(BROADCAST_SECONDS, 0.95)
    }),
    ("failure_rate", |_, period| {
        let commands = period.commands();
        (commands > 0.0).then(|| 1.0 - period.sum(&["commands.success"]) / commands)
    }),
];

/// Returns the series of the slots: one step per slot, of the whole deployment.
pub(super) fn series_of(slots: &[LedgerSlot], alerts: Vec<AlertMark>) -> SeriesRange {
    let step_ms = slots.first().map_or(300_000, |slot| slot.length_ms);
    let periods: Vec<Period> = slots
        .iter()
        .map(|slot| Period::of(std::slice::from_ref(slot)))
        .collect();
    let series = SERIES.iter().map(|(name, reading)| {
        let values: Vec<Option<f64>> = slots
            .iter()
            .zip(&periods)
            .map(|(slot, period)| reading(slot, period))
            .collect();
        ThinnedSeries {
            name: (*name).to_owned(),
            unit: String::new(),
            help: String::new(),
            min: values.clone(),
            max: values.clone(),
            mean: values,
        }
    });
    SeriesRange {
        step_ms,
        at: slots.iter().map(|slot| slot.start).collect(),
        series: series.collect(),
        since: slots.first().map_or(0, |slot| slot.start),
        alerts,
    }
}

/// Returns the charts of a span.
pub(super) fn charts(range: &SeriesRange, from: u64, to: u64) -> Vec<Chart> {
    PLANS
        .iter()
        .map(|plan| {
            let lines = plan.lines.iter().map(|(label, name)| {
                let found = range.series.iter().find(|series| series.name == *name);
                let values = found.map_or_else(
                    || vec![None; range.at.len()],
                    |series| {
                        let scaled = |value: &Option<f64>| value.map(|value| value * plan.factor);
                        series.mean.iter().map(scaled).collect()
                    },
                );
                Line {
                    label: (*label).to_owned(),
                    values,
                }
            });
            let named = |mark: &&AlertMark| {
                let series = mark.series.as_str();
                plan.watched.contains(&series) || plan.lines.iter().any(|(_, name)| *name == series)
            };
            let spans = range.alerts.iter().filter(named).filter_map(|mark| {
                let (begin, end) = (mark.from.max(from), mark.to.unwrap_or(to).min(to));
                (begin < end).then_some((begin, end))
            });
            Chart {
                title: plan.title,
                unit: plan.unit,
                from,
                to,
                at: range.at.clone(),
                step_ms: range.step_ms,
                lines: lines.collect(),
                limit: plan.limit,
                alerts: spans.collect(),
            }
        })
        .collect()
}
