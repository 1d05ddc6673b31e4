//! The rules that Graphy brings. Each note says where its limit comes from.

use graphy_protocol::alerts::{AlertRule, Comparison, OnNoData, Severity};

use Comparison::{Above, Below};
use Severity::{Critical, Info, Warning};

struct Default {
    id: &'static str,
    title: &'static str,
    series: &'static str,
    comparison: Comparison,
    limit: f64,
    for_seconds: u32,
    severity: Severity,
    note: &'static str,
}

#[expect(
    clippy::too_many_arguments,
    reason = "a line of a table, in the order of its columns"
)]
const fn rule(
    id: &'static str,
    title: &'static str,
    series: &'static str,
    comparison: Comparison,
    limit: f64,
    for_seconds: u32,
    severity: Severity,
    note: &'static str,
) -> Default {
    Default {
        id,
        title,
        series,
        comparison,
        limit,
        for_seconds,
        severity,
        note,
    }
}

#[rustfmt::skip]
const DEFAULTS: &[Default] = &[
    rule("command-latency-p95", "Commands are slow (p95)", "command_p95_5m_ms", Above, 100.0, 60, Warning,
        "Migration plan, success metrics: P95 latency < 100 ms."),
    rule("command-latency-p99", "Commands are slow (p99)", "command_p99_5m_ms", Above, 500.0, 60, Warning,
        "Migration plan, success metrics: P99 latency < 500 ms."),
    rule("command-processing-p95", "Commands miss the performance goal", "command_p95_5m_ms", Above, 50.0, 300, Info,
        "Backend plan, performance KPIs: command processing < 50 ms p95."),
    rule("query-latency-p95", "Queries are slow", "query_p95_ms", Above, 10.0, 300, Warning,
        "Backend plan, performance KPIs: query response < 10 ms p95."),
    rule("broadcast-latency-p95", "Updates reach people late", "broadcast_p95_5m_ms", Above, 100.0, 60, Warning,
        "Backend plan, performance KPIs: WebSocket latency < 100 ms."),
    rule("conflict-rate", "Many conflicts", "conflict_rate_5m", Above, 0.001, 300, Warning,
        "Migration plan and backend plan: conflict rate < 0.1 %."),
    rule("success-rate", "Commands do not succeed", "success_rate", Below, 0.999, 300, Warning,
        "Migration plan, success metrics: success rate > 99.9 %. Refusals count, too."),
    rule("command-success-kpi", "Commands fail or are refused in numbers", "success_rate", Below, 0.99, 60, Critical,
        "Backend plan, reliability KPIs: command success rate > 99 %."),
    rule("optimistic-kept-rate", "Edits do not stay as they were made", "optimistic_kept_rate", Below, 0.95, 300, Warning,
        "Backend plan, user experience KPIs: successful optimistic updates > 95 %."),
    rule("websocket-uptime", "Clients are without a socket", "websocket_uptime", Below, 0.9995, 300, Critical,
        "Migration plan and backend plan: uptime > 99.95 %."),
    rule("message-delivery", "Updates do not reach their sockets", "delivery_rate", Below, 0.9999, 300, Warning,
        "Backend plan, reliability KPIs: message delivery 99.99 %."),
    rule("recovery-success", "Clients that come back are not brought up to date", "recovery_rate", Below, 0.999, 60, Critical,
        "Backend plan, performance KPIs: recovery success > 99.9 %."),
    rule("parse-rate", "Frames of clients are not understood", "frames_parsed_rate", Below, 0.9, 60, Critical,
        "Streaming plan, rollback triggers: parse rate below 90 %."),
    rule("parse-rate-target", "Some frames of clients are not understood", "frames_parsed_rate", Below, 0.98, 300, Warning,
        "Streaming plan, monitoring: parse rate > 98 %."),
    rule("redis-latency", "Redis answers late", "redis_latency_ms", Above, 5.0, 30, Warning,
        "Migration plan, phase 1: Redis operational with < 5 ms latency."),
    rule("redis-memory", "Redis is nearly full", "redis_memory_share", Above, 0.8, 60, Critical,
        "Streaming plan, rollback triggers: memory > 80 %; at 100 % writes are refused."),
    rule("redis-disk", "Redis cannot write its append-only file", "redis_aof_ok", Below, 1.0, 5, Critical,
        "Accepted commands are durable only while the file can be written: look at the disk."),
    rule("redis-connections", "Connections to Redis fail", "redis_reconnects_1h", Above, 3.0, 0, Warning,
        "Streaming plan, rollback triggers: more than 3 connection failures in 1 hour."),
    rule("data-disk", "The disk of the data folder is nearly full", "data_disk_free_share", Below, 0.1, 60, Critical,
        "With less than 10 % free, the append-only file has little room to be rewritten."),
    rule("host-memory", "The computer's memory is nearly full", "host_memory_share", Above, 0.8, 120, Warning,
        "Streaming plan, rollback triggers: memory usage > 80 %."),
    rule("unhandled-errors", "Faults of ours grow", "errors_growth", Above, 1.5, 60, Critical,
        "Streaming plan, rollback triggers: unhandled errors increase by 50 %."),
    rule("task-failed", "A background task failed for good", "tasks_failed", Above, 0.0, 0, Critical,
        "The node does not do all of its work any more: see the system page, and restart it."),
    rule("http-errors", "Requests fail", "http_error_rate", Above, 0.01, 60, Critical,
        "The counterpart of a success rate > 99 % (backend plan) for HTTP."),
    rule("queue-probe", "Commands do not get through their queue", "probe_graph_commands", Below, 1.0, 20, Critical,
        "A probe of the node did not come back: worker, queue or Redis stand still."),
    rule("sync-queue-probe", "sync-operations stands still", "probe_sync_operations", Below, 1.0, 20, Critical,
        "A probe of the node did not come back: worker, queue or Redis stand still."),
    rule("analytics-queue-probe", "analytics stands still", "probe_analytics", Below, 1.0, 60, Warning,
        "A probe of the node did not come back: worker, queue or Redis stand still."),
    rule("broadcast-probe", "Updates do not get through", "probe_broadcast", Below, 1.0, 20, Critical,
        "A probe of the node did not come back over the event bus."),
    rule("queue-backlog", "Commands pile up", "queue_depth", Above, 1000.0, 120, Warning,
        "Jobs come faster than workers take them. A node has one unfinished job for each graph."),
    rule("dead-letters", "Jobs fail for good", "jobs_failed_10m", Above, 0.0, 0, Warning,
        "A job in the dead letters waits for a person: look at the queues page."),
    rule("stalled-jobs", "Workers lose their jobs", "jobs_stalled_10m", Above, 5.0, 0, Warning,
        "Workers give no sign in time: they are starved, or die."),
    rule("slow-consumers", "Connections are closed as too slow", "slow_consumers_per_second", Above, 0.1, 120, Warning,
        "More than one in 10 s for 2 min: a network or the clients cannot keep up."),
    rule("event-loop-lag", "The node itself is late", "event_loop_lag_ms", Above, 250.0, 10, Warning,
        "The process gets too little processor time, or something blocks its threads."),
    rule("circuit-open", "A circuit breaker is open", "circuits_open", Above, 0.9, 30, Warning,
        "Something that the node needs fails again and again: see the system page."),
];

/// Returns the rules that Graphy brings.
pub(super) fn rules() -> Vec<AlertRule> {
    let rules = DEFAULTS.iter().map(|default| AlertRule {
        rule_id: default.id.to_owned(),
        title: default.title.to_owned(),
        series: default.series.to_owned(),
        comparison: default.comparison,
        limit: default.limit,
        for_seconds: default.for_seconds,
        severity: default.severity,
        on_no_data: OnNoData::Hold,
        enabled: true,
        note: default.note.to_owned(),
    });
    rules.collect()
}

/// Says whether Graphy brings a rule of this name.
pub(super) fn brings(rule_id: &str) -> bool {
    DEFAULTS.iter().any(|default| default.id == rule_id)
}
