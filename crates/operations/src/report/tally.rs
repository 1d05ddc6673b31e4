//! What the ledger counts, and how much of it came to pass between two readings. Pure.

use std::collections::BTreeMap;

use graphy_telemetry::MetricsSnapshot;
use graphy_telemetry::names::{self, label};

type Labels = &'static [(&'static str, &'static str)];

/// Where a count comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    Counter(&'static str, Labels),
    Histogram(&'static str, Labels),
}

use Source::{Counter, Histogram};

pub(super) const COMMAND_SECONDS: &str = "command_seconds";
pub(super) const BROADCAST_SECONDS: &str = "broadcast_seconds";
pub(super) const QUERY_SECONDS: &str = "query_seconds";
pub(super) const AWAY_SECONDS: &str = "away_seconds";
pub(super) const STATE_ROUTE: &str = "/api/v2/graphs/{graph}/state";
pub(super) const CHANGES_ROUTE: &str = "/api/v2/graphs/{graph}/changes";

/// Field of the ledger, and the metric that it adds up. A field named twice adds up both.
#[rustfmt::skip]
const COUNTED: &[(&str, Source)] = &[
    ("commands.success", Counter(names::COMMANDS_PROCESSED, &[(label::STATUS, "success")])),
    ("commands.conflict", Counter(names::COMMANDS_PROCESSED, &[(label::STATUS, "conflict")])),
    ("commands.rejected", Counter(names::COMMANDS_PROCESSED, &[(label::STATUS, "rejected")])),
    ("commands.duplicate", Counter(names::COMMANDS_PROCESSED, &[(label::STATUS, "duplicate")])),
    ("commands.failed", Counter(names::COMMANDS_PROCESSED, &[(label::STATUS, "failed")])),
    (COMMAND_SECONDS, Histogram(names::COMMAND_DURATION, &[])),
    (BROADCAST_SECONDS, Histogram(names::BROADCAST_DURATION, &[])),
    (QUERY_SECONDS, Histogram(names::HTTP_DURATION, &[(label::ROUTE, STATE_ROUTE)])),
    (QUERY_SECONDS, Histogram(names::HTTP_DURATION, &[(label::ROUTE, CHANGES_ROUTE)])),
    (AWAY_SECONDS, Histogram(names::SOCKET_AWAY, &[])),
    ("conflicts", Counter(names::CONFLICTS, &[])),
    ("conflicts.visible", Counter(names::VISIBLE_CONFLICTS, &[])),
    ("sockets.served", Counter(names::SOCKET_SERVED, &[])),
    ("recoveries.in_sync", Counter(names::RECOVERIES, &[(label::RESULT, "in_sync")])),
    ("recoveries.behind", Counter(names::RECOVERIES, &[(label::RESULT, "behind")])),
    ("recoveries.full", Counter(names::RECOVERIES, &[(label::RESULT, "full")])),
    ("recoveries.failed", Counter(names::RECOVERIES, &[(label::RESULT, "failed")])),
    ("deliveries.delivered", Counter(names::DELIVERIES, &[(label::RESULT, "delivered")])),
    ("deliveries.missed", Counter(names::DELIVERIES, &[(label::RESULT, "missed")])),
    ("optimistic.kept", Counter(names::OPTIMISTIC_UPDATES, &[(label::RESULT, "kept")])),
    ("optimistic.contested", Counter(names::OPTIMISTIC_UPDATES, &[(label::RESULT, "contested")])),
    ("optimistic.reverted", Counter(names::OPTIMISTIC_UPDATES, &[(label::RESULT, "reverted")])),
    ("frames.understood", Counter(names::CLIENT_FRAMES, &[(label::RESULT, "understood")])),
    ("frames.malformed", Counter(names::CLIENT_FRAMES, &[(label::RESULT, "malformed")])),
    ("audits.ok", Counter(names::CHECKSUM_AUDITS, &[(label::RESULT, "ok")])),
    ("audits.differs", Counter(names::CHECKSUM_AUDITS, &[(label::RESULT, "differs")])),
    ("repairs", Counter(names::REPLICA_REPAIRS, &[])),
    ("refusals", Counter(names::REFUSALS, &[])),
];

/// Levels of which the ledger keeps the greatest.
const PEAKS: &[(&str, &str)] = &[
    ("peak.memory_bytes", names::PROCESS_MEMORY),
    ("peak.sockets", names::WEBSOCKET_CONNECTIONS),
    ("peak.jobs", names::QUEUE_SIZE),
];

/// All counts at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Tally(BTreeMap<String, f64>);

impl Tally {
    /// Reads the counts. What nothing has raised yet is 0.
    pub(super) fn of(snapshot: &MetricsSnapshot) -> Self {
        let mut counts = BTreeMap::new();
        let mut add = |field: String, value: f64| *counts.entry(field).or_insert(0.0) += value;
        for (field, source) in COUNTED {
            match source {
                Counter(metric, labels) => {
                    let value = snapshot.value(metric, labels);
                    add((*field).to_owned(), value.unwrap_or(0.0));
                }
                Histogram(metric, labels) => {
                    let Some(reading) = snapshot.histogram(metric, labels) else {
                        continue;
                    };
                    for (bound, count) in reading.buckets {
                        add(bucket(field, bound), whole(count));
                    }
                    add(format!("{field}.sum"), reading.sum);
                }
            }
        }
        Self(counts)
    }

    /// Returns what came to pass since an earlier reading; what did not is left out.
    pub(super) fn since(&self, earlier: &Self) -> BTreeMap<String, f64> {
        let grown = self.0.iter().map(|(field, now)| {
            let before = earlier.0.get(field).copied().unwrap_or(0.0);
            // A recorder never starts anew within a process; if it did, all of it would be new.
            let new = if *now < before { *now } else { now - before };
            (field.clone(), new)
        });
        grown.filter(|(_, new)| *new > 0.0).collect()
    }
}

/// Returns the levels at this moment.
pub(super) fn levels(snapshot: &MetricsSnapshot) -> BTreeMap<String, f64> {
    PEAKS
        .iter()
        .filter_map(|(field, metric)| Some(((*field).to_owned(), snapshot.value(metric, &[])?)))
        .collect()
}

/// Names the field of a histogram's bucket.
pub(super) fn bucket(field: &str, bound: f64) -> String {
    if bound.is_infinite() {
        format!("{field}.le.inf")
    } else {
        format!("{field}.le.{bound}")
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn whole(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLIER: &str = "\
optimistic_commands_processed_total{type=\"A\",status=\"success\"} 10
optimistic_commands_processed_total{type=\"B\",status=\"success\"} 5
graphy_http_request_duration_seconds_bucket{route=\"/api/v2/graphs/{graph}/state\",le=\"0.01\"} 3
graphy_http_request_duration_seconds_bucket{route=\"/api/v2/graphs/{graph}/state\",le=\"+Inf\"} 4
graphy_http_request_duration_seconds_sum{route=\"/api/v2/graphs/{graph}/state\"} 0.5
";
    const LATER: &str = "\
optimistic_commands_processed_total{type=\"A\",status=\"success\"} 12
optimistic_commands_processed_total{type=\"B\",status=\"success\"} 5
optimistic_commands_processed_total{type=\"B\",status=\"failed\"} 1
graphy_http_request_duration_seconds_bucket{route=\"/api/v2/graphs/{graph}/state\",le=\"0.01\"} 4
graphy_http_request_duration_seconds_bucket{route=\"/api/v2/graphs/{graph}/state\",le=\"+Inf\"} 5
graphy_http_request_duration_seconds_sum{route=\"/api/v2/graphs/{graph}/state\"} 0.75
graphy_http_request_duration_seconds_bucket{route=\"/api/v2/graphs/{graph}/changes\",le=\"+Inf\"} 2
graphy_http_request_duration_seconds_bucket{route=\"/other\",le=\"+Inf\"} 90
process_resident_memory_bytes 1000
";

    #[test]
    fn what_grew_is_counted_and_routes_come_together() {
        let tally = |text| Tally::of(&MetricsSnapshot::parse(text));
        let grown = tally(LATER).since(&tally(EARLIER));
        let expected = [
            ("commands.failed", 1.0),
            ("commands.success", 2.0),
            ("query_seconds.le.0.01", 1.0),
            ("query_seconds.le.inf", 3.0),
            ("query_seconds.sum", 0.25),
        ];
        let expected: BTreeMap<String, f64> = expected
            .into_iter()
            .map(|(field, value)| (field.to_owned(), value))
            .collect();
        assert_eq!(grown, expected);
        let levels = levels(&MetricsSnapshot::parse(LATER));
        assert_eq!(levels["peak.memory_bytes"], 1000.0);
        assert_eq!(levels.len(), 1, "what is not measured has no level");
    }
}
