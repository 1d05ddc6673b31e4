//! The success metrics of the plans: what each means, and what its target is.
//!
//! **Invariant:** every key stands in `docs/slo.md`, and nothing stands there that is not here;
//! a test holds them together.

use graphy_protocol::reports::TargetArea;

use super::period::{Period, SETTLED};
use super::tally::{AWAY_SECONDS, BROADCAST_SECONDS, COMMAND_SECONDS, QUERY_SECONDS};

/// What a figure is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Milliseconds,
    Seconds,
    /// A share from 0 to 1, shown in percent.
    Share,
    PerSecond,
    PerWeek,
    Mebibytes,
    Minutes,
    /// A number that is in percent already, as people enter it.
    Percent,
    Sockets,
}

/// What a figure must be for its target to be met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limit {
    Below(f64),
    AtMost(f64),
    Above(f64),
    AtLeast(f64),
    /// The plan names none.
    None,
}

impl Limit {
    /// Says whether a figure meets the target; none if there is no target.
    pub(super) fn met(self, value: f64) -> Option<bool> {
        match self {
            Self::Below(limit) => Some(value < limit),
            Self::AtMost(limit) => Some(value <= limit),
            Self::Above(limit) => Some(value > limit),
            Self::AtLeast(limit) => Some(value >= limit),
            Self::None => None,
        }
    }
}

/// Where a figure comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    /// It follows from the ledger.
    Measured(fn(&Period) -> Option<f64>),
    /// A person enters it.
    ByHand,
}

/// One success metric.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) area: TargetArea,
    pub(super) unit: Unit,
    pub(super) limit: Limit,
    pub(super) origin: Origin,
    pub(super) formula: &'static str,
    /// What else must be known; empty if nothing.
    pub(super) note: &'static str,
}

const WEEK_MS: f64 = 7.0 * 86_400_000.0;
const MEBIBYTE: f64 = 1024.0 * 1024.0;

fn success(period: &Period) -> Option<f64> {
    period.share(&["commands.success"], &SETTLED)
}

fn conflict_rate(period: &Period) -> Option<f64> {
    let commands = period.commands();
    (commands > 0.0).then(|| period.sum(&["conflicts"]) / commands)
}

fn command_ms(period: &Period, quantile: f64) -> Option<f64> {
    period.quantile_ms(COMMAND_SECONDS, quantile)
}

fn websocket_uptime(period: &Period) -> Option<f64> {
    let served = period.sum(&["sockets.served"]);
    let wanted = served + period.sum(&["away_seconds.sum"]);
    (wanted > 0.0).then(|| served / wanted)
}

fn recovery_success(period: &Period) -> Option<f64> {
    let good = ["recoveries.in_sync", "recoveries.behind"];
    let all = [good[0], good[1], "recoveries.full", "recoveries.failed"];
    period.share(&good, &all)
}

fn uptime(period: &Period) -> Option<f64> {
    let wanted = period.measured_ms + period.down_ms;
    (wanted > 0.0).then(|| period.ready_ms.min(wanted) / wanted)
}

fn perceived_ms(period: &Period) -> Option<f64> {
    let command = command_ms(period, 0.95)?;
    Some(command + period.quantile_ms(BROADCAST_SECONDS, 0.95).unwrap_or(0.0))
}

fn visible_per_week(period: &Period) -> Option<f64> {
    (period.measured_ms > 0.0)
        .then(|| period.sum(&["conflicts.visible"]) * WEEK_MS / period.measured_ms.max(WEEK_MS))
}

fn optimistic(period: &Period) -> Option<f64> {
    let all = [
        "optimistic.kept",
        "optimistic.contested",
        "optimistic.reverted",
    ];
    period.share(&all[..1], &all)
}

fn jarring(period: &Period) -> Option<f64> {
    let delivered = period.sum(&["deliveries.delivered"]);
    let jarring = period.sum(&["deliveries.missed", "optimistic.reverted", "repairs"]);
    let all = delivered + jarring;
    (all > 0.0).then(|| jarring / all)
}

fn delivery(period: &Period) -> Option<f64> {
    let due = ["deliveries.delivered", "deliveries.missed"];
    period.share(&due[..1], &due)
}

fn writes_per_second(period: &Period) -> Option<f64> {
    (period.measured_ms > 0.0)
        .then(|| period.sum(&["commands.success"]) * 1000.0 / period.measured_ms)
}

use Limit::{Above, AtLeast, AtMost, Below};
use Origin::{ByHand, Measured};
use TargetArea::{Business, Reliability, Technical, UserExperience};

#[expect(
    clippy::too_many_arguments,
    reason = "a line of a table, in the order of its columns"
)]
const fn target(
    area: TargetArea,
    key: &'static str,
    title: &'static str,
    unit: Unit,
    limit: Limit,
    origin: Origin,
    formula: &'static str,
    note: &'static str,
) -> Target {
    Target {
        key,
        title,
        area,
        unit,
        limit,
        origin,
        formula,
        note,
    }
}

/// All success metrics, in the order in which they are shown.
#[rustfmt::skip]
pub(super) const TARGETS: &[Target] = &[
    target(Technical, "p95_latency", "P95 latency", Unit::Milliseconds, Below(100.0),
        Measured(|period| command_ms(period, 0.95)),
        "95th percentile of optimistic_command_duration_seconds: from intake to outcome", ""),
    target(Technical, "p99_latency", "P99 latency", Unit::Milliseconds, Below(500.0),
        Measured(|period| command_ms(period, 0.99)),
        "99th percentile of optimistic_command_duration_seconds", ""),
    target(Technical, "command_processing_p95", "Command processing, p95", Unit::Milliseconds, Below(50.0),
        Measured(|period| command_ms(period, 0.95)),
        "as P95 latency, against the stricter target of the backend plan", ""),
    target(Technical, "query_response_p95", "Query response, p95", Unit::Milliseconds, Below(10.0),
        Measured(|period| period.quantile_ms(QUERY_SECONDS, 0.95)),
        "95th percentile of graphy_http_request_duration_seconds of the routes /state and /changes", ""),
    target(Technical, "websocket_latency_p95", "WebSocket latency, p95", Unit::Milliseconds, Below(100.0),
        Measured(|period| period.quantile_ms(BROADCAST_SECONDS, 0.95)),
        "95th percentile of graphy_broadcast_duration_seconds: from an applied batch to the last socket's queue", ""),
    target(Technical, "conflict_rate", "Conflict rate", Unit::Share, Below(0.001),
        Measured(conflict_rate),
        "optimistic_conflicts_total / commands that reached an outcome, repeats left out", ""),
    target(Technical, "success_rate", "Success rate", Unit::Share, Above(0.999),
        Measured(success),
        "commands with status success / commands that reached an outcome, repeats left out", ""),
    target(Technical, "websocket_uptime", "WebSocket uptime", Unit::Share, Above(0.9995),
        Measured(websocket_uptime),
        "graphy_socket_served_seconds_total / (the same + sum of graphy_socket_away_seconds)",
        "time without a socket counts once the client is back, up to 5 min"),
    target(Technical, "tps", "Commands per second, greatest", Unit::PerSecond, AtLeast(100.0),
        Measured(|period| period.peak("peak.commands_per_second")),
        "greatest rate of optimistic_commands_processed_total over 10 s",
        "says what was asked, not what is possible: the bench has that"),
    target(Technical, "parse_rate", "Parse rate", Unit::Share, Above(0.98),
        Measured(|period| period.share(&["frames.understood"], &["frames.understood", "frames.malformed"])),
        "graphy_client_frames_total{result=\"understood\"} / graphy_client_frames_total", ""),
    target(Technical, "redis_latency", "Redis latency, mean", Unit::Milliseconds, Below(5.0),
        Measured(|period| period.share(&["redis_latency.sum"], &["redis_latency.samples"]).map(|seconds| seconds * 1000.0)),
        "mean of graphy_redis_latency_seconds, read every 10 s", ""),
    target(Technical, "memory_peak", "Memory of a node, greatest", Unit::Mebibytes, Below(512.0),
        Measured(|period| period.peak("peak.memory_bytes").map(|bytes| bytes / MEBIBYTE)),
        "greatest process_resident_memory_bytes", ""),
    target(Technical, "connections_peak", "Connections of a node, greatest", Unit::Sockets, AtLeast(1000.0),
        Measured(|period| period.peak("peak.sockets")),
        "greatest websocket_active_connections",
        "says what was asked, not what is possible: the bench has that"),
    target(Reliability, "uptime", "Uptime", Unit::Share, AtLeast(0.9995),
        Measured(uptime),
        "time in which a node was fit for work / (time measured + time lost to crashes)",
        "a deployment that was stopped in good order is not down; a crash counts from 20 s on"),
    target(Reliability, "data_consistency", "Data consistency", Unit::Share, AtLeast(1.0),
        Measured(|period| period.share(&["audits.ok"], &["audits.ok", "audits.differs"])),
        "graphy_checksum_audits_total{result=\"ok\"} / graphy_checksum_audits_total", ""),
    target(Reliability, "message_delivery", "Message delivery", Unit::Share, AtLeast(0.9999),
        Measured(delivery),
        "graphy_deliveries_total{result=\"delivered\"} / graphy_deliveries_total",
        "an update that was missed is made good by a resync"),
    target(Reliability, "command_success_rate", "Command success rate", Unit::Share, Above(0.99),
        Measured(success),
        "as success rate, against the target of the backend plan", ""),
    target(Reliability, "recovery_success", "Recovery success", Unit::Share, Above(0.999),
        Measured(recovery_success),
        "graphy_recoveries_total with result in_sync or behind / graphy_recoveries_total", ""),
    target(Reliability, "recovery_time", "Recovery time, p95", Unit::Seconds, Below(30.0),
        Measured(|period| period.quantile_ms(AWAY_SECONDS, 0.95).map(|ms| ms / 1000.0)),
        "95th percentile of graphy_socket_away_seconds", ""),
    target(UserExperience, "perceived_latency", "Perceived latency, p95", Unit::Milliseconds, Below(100.0),
        Measured(perceived_ms),
        "p95 of command processing + p95 of broadcast: what others wait for",
        "the author sees an edit in the next frame"),
    target(UserExperience, "visible_conflicts", "Conflicts visible to people", Unit::PerWeek, Below(1.0),
        Measured(visible_per_week),
        "graphy_visible_conflicts_total per week of measurements; a shorter time counts as a week",
        "of all people together, which is stricter than the plan"),
    target(UserExperience, "optimistic_success", "Successful optimistic updates", Unit::Share, Above(0.95),
        Measured(optimistic),
        "graphy_optimistic_updates_total{result=\"kept\"} / graphy_optimistic_updates_total", ""),
    target(UserExperience, "smooth_collaboration", "Jarring updates", Unit::Share, AtMost(0.001),
        Measured(jarring),
        "(missed updates + reverted edits + repairs) / (the same + delivered updates)",
        "the plan says \"no jarring updates\"; the limit is ours"),
    target(Business, "user_engagement", "User engagement, change", Unit::Percent, AtLeast(15.0),
        ByHand, "entered by hand, in percent above the time before", ""),
    target(Business, "session_duration", "Session duration", Unit::Minutes, AtLeast(25.0),
        ByHand, "entered by hand; the plan starts from 20 min and wants 25 % more", ""),
    target(Business, "error_reports", "Error reports", Unit::PerWeek, AtMost(10.0),
        ByHand, "entered by hand; the plan starts from 50 a week and wants 80 % less", ""),
    target(Business, "performance_complaints", "Performance complaints", Unit::PerWeek, AtMost(1.0),
        ByHand, "entered by hand; the plan starts from 10 a week and wants 90 % less", ""),
    target(Business, "token_discovery_rate", "Token discovery rate", Unit::PerSecond, Limit::None,
        ByHand, "entered by hand; the plan names no target", ""),
    target(Business, "enrichment_success_rate", "Enrichment success rate", Unit::Percent, Limit::None,
        ByHand, "entered by hand; the plan names no target", ""),
    target(Business, "database_write_throughput", "Database write throughput", Unit::PerSecond, Limit::None,
        Measured(writes_per_second),
        "commands with status success / time measured; the plan names no target", ""),
];

/// Finds a metric by its key.
pub(super) fn target_of(key: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.key == key)
}
