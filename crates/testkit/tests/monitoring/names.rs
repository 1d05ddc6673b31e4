//! The names of metrics inside expressions of Prometheus.

use graphy_telemetry::names::{ALL, MetricKind};

/// What happens to a healthy node seldom or never, or not within the minute of a test: a metric has
/// no series before it was first recorded.
const SELDOM: &[&str] = &[
    "graphy_redis_reconnects_total",
    "graphy_private_redis_restarts_total",
    "graphy_task_panics_total",
    "graphy_task_restarts_total",
    "graphy_refusals_total",
    "graphy_jobs_processed_total{status=\"failed\"",
    "graphy_graphs",
    "graphy_graph_nodes",
    "graphy_graph_edges",
    "graphy_checksum_mismatches",
    "graphy_alerts_firing",
];
/// What Prometheus itself knows.
const OF_PROMETHEUS: &[&str] = &["up"];

/// Says whether an expression is about something that may well not have happened.
pub(crate) fn is_seldom(expression: &str) -> bool {
    SELDOM.iter().any(|name| expression.contains(name))
}

/// Takes the comparison with a limit off an expression.
pub(crate) fn without_limit(expression: &str) -> String {
    let at = [" > ", " >= ", " < ", " <= ", " == "]
        .iter()
        .filter_map(|sign| expression.find(sign))
        .min();
    let at = at.unwrap_or_else(|| panic!("an alert compares: {expression}"));
    expression[..at].to_owned()
}

/// Checks that every metric of an expression is one of ours.
pub(crate) fn check_names(expression: &str) {
    for word in words(expression) {
        let ours = word.starts_with("graphy_")
            || word.starts_with("optimistic_")
            || word.starts_with("bullmq_")
            || word.starts_with("websocket_")
            || word.starts_with("process_");
        assert!(
            !ours || is_known(&word),
            "{word} is no metric of Graphy, in {expression}"
        );
        assert!(
            ours || word.starts_with("graphy:")
                || !word.contains('_')
                || is_function(&word)
                || OF_PROMETHEUS.contains(&word.as_str()),
            "{word} in {expression}"
        );
    }
}

fn is_function(word: &str) -> bool {
    const OTHERS: &[&str] = &[
        "histogram_quantile",
        "queue_name",
        "resolution_type",
        "in_sync",
        "not_ready",
        "job_name",
    ];
    OTHERS.contains(&word)
}

fn is_known(word: &str) -> bool {
    ALL.iter().any(|metric| match metric.kind {
        MetricKind::Histogram => {
            let rest = word.strip_prefix(metric.name);
            rest.is_some_and(|rest| ["_bucket", "_sum", "_count"].contains(&rest))
        }
        MetricKind::Counter | MetricKind::Gauge => word == metric.name,
    })
}

fn words(expression: &str) -> Vec<String> {
    expression
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_misspelt_name_is_found() {
    check_names("sum(rate(optimistic_conflicts_total[5m])) > 0.001");
    let wrong = "rate(optimistic_conflict_total[5m])";
    assert!(std::panic::catch_unwind(|| check_names(wrong)).is_err());
    assert_eq!(without_limit("a / b > 0.5"), "a / b");
}
