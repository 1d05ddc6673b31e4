//! The table of series: what is measured every second, shown and kept.

/// What a series shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesDefinition {
    /// What it belongs to: `commands`, `queues`, `sync`, `redis` or `process`.
    pub group: &'static str,
    /// Its name, stable.
    pub name: &'static str,
    /// Its unit, for people.
    pub unit: &'static str,
    /// What it says.
    pub help: &'static str,
    /// The formula by which it follows from `/metrics` ([`super::expression`]).
    pub metric: &'static str,
}

const fn define(
    group: &'static str,
    name: &'static str,
    unit: &'static str,
    help: &'static str,
    metric: &'static str,
) -> SeriesDefinition {
    SeriesDefinition {
        group,
        name,
        unit,
        help,
        metric,
    }
}

const COMMANDS: &str = "commands";
const QUEUES: &str = "queues";
const SYNC: &str = "sync";
const REDIS: &str = "redis";
const PROCESS: &str = "process";

/// How many of [`SERIES`], from the first, the overview page shows.
pub const OVERVIEW_SERIES: usize = 10;

/// All series; first those of the overview page, in the order in which it shows them.
#[rustfmt::skip]
pub const SERIES: &[SeriesDefinition] = &[
    define(COMMANDS, "commands_per_second", "1/s", "Commands that reached an outcome on this node",
        "rate(optimistic_commands_processed_total[1s])"),
    define(COMMANDS, "command_p95_ms", "ms",
        "95 % of the commands of the last 10 s were faster, from intake to outcome",
        "1000 * quantile(0.95, optimistic_command_duration_seconds[10s])"),
    define(QUEUES, "queue_depth", "jobs", "Jobs of graph-commands that wait or run",
        "bullmq_queue_size{queue_name=\"graph-commands\"}"),
    define(COMMANDS, "conflict_rate", "share", "Conflicts per command of the last 10 s",
        "increase(optimistic_conflicts_total[10s]) / increase(optimistic_commands_processed_total[10s])"),
    define(COMMANDS, "open_conflicts", "conflicts", "Conflicts of all graphs that wait for a person",
        "optimistic_open_conflicts"),
    define(SYNC, "connections", "sockets", "Open WebSocket connections of this node",
        "websocket_active_connections"),
    define(REDIS, "redis_memory_bytes", "bytes", "Memory in use by Redis (INFO used_memory)",
        "graphy_redis_memory_bytes"),
    define(REDIS, "redis_latency_ms", "ms", "Round trip of a PING to Redis",
        "1000 * graphy_redis_latency_seconds"),
    define(PROCESS, "process_cpu_percent", "%", "CPU in use by this process, 100 per core",
        "process_cpu_percent"),
    define(PROCESS, "process_memory_bytes", "bytes", "Memory of this process that is in RAM",
        "process_resident_memory_bytes"),

    define(COMMANDS, "commands_success_per_second", "1/s", "Commands that were applied",
        "rate(optimistic_commands_processed_total{status=\"success\"}[10s])"),
    define(COMMANDS, "commands_conflict_per_second", "1/s", "Commands that met a conflict",
        "rate(optimistic_commands_processed_total{status=\"conflict\"}[10s])"),
    define(COMMANDS, "commands_rejected_per_second", "1/s", "Commands that were refused",
        "rate(optimistic_commands_processed_total{status=\"rejected\"}[10s])"),
    define(COMMANDS, "commands_duplicate_per_second", "1/s", "Commands that had been handled before",
        "rate(optimistic_commands_processed_total{status=\"duplicate\"}[10s])"),
    define(COMMANDS, "commands_failed_per_second", "1/s", "Commands that failed by a fault of ours",
        "rate(optimistic_commands_processed_total{status=\"failed\"}[10s])"),
    define(COMMANDS, "command_p50_ms", "ms", "Half of the commands of the last 10 s were faster",
        "1000 * quantile(0.5, optimistic_command_duration_seconds[10s])"),
    define(COMMANDS, "command_p99_ms", "ms", "99 % of the commands of the last 10 s were faster",
        "1000 * quantile(0.99, optimistic_command_duration_seconds[10s])"),
    define(COMMANDS, "command_p95_5m_ms", "ms",
        "95 % of the commands of the last 5 min were faster, from 20 commands on",
        "1000 * quantile(0.95, optimistic_command_duration_seconds[5m], 20)"),
    define(COMMANDS, "command_p99_5m_ms", "ms",
        "99 % of the commands of the last 5 min were faster, from 100 commands on",
        "1000 * quantile(0.99, optimistic_command_duration_seconds[5m], 100)"),
    define(COMMANDS, "success_rate", "share",
        "Commands of the last 5 min that were neither refused nor failed, from 100 commands on",
        "1 - share(increase(optimistic_commands_processed_total{status=~\"rejected|failed\"}[5m]), \
         increase(optimistic_commands_processed_total[5m]), 100)"),
    define(COMMANDS, "conflict_rate_5m", "share",
        "Conflicts per command of the last 5 min, from 100 commands on",
        "share(increase(optimistic_conflicts_total[5m]), \
         increase(optimistic_commands_processed_total[5m]), 100)"),
    define(COMMANDS, "conflicts_per_second", "1/s", "Conflicts that were detected",
        "rate(optimistic_conflicts_total[10s])"),
    define(COMMANDS, "optimistic_kept_rate", "share",
        "Edits of the last 15 min that stayed as their authors saw them, from 100 on",
        "share(increase(graphy_optimistic_updates_total{result=\"kept\"}[15m]), \
         increase(graphy_optimistic_updates_total[15m]), 100)"),
    define(COMMANDS, "visible_conflicts_per_hour", "conflicts",
        "Conflicts of the last hour that were put before a person",
        "increase(graphy_visible_conflicts_total[1h])"),

    define(QUEUES, "queue_latency_p95_ms", "ms",
        "95 % of the jobs of graph-commands of the last minute waited less",
        "1000 * quantile(0.95, bullmq_queue_latency_seconds{queue_name=\"graph-commands\"}[1m])"),
    define(QUEUES, "queue_failed_per_second", "1/s", "Jobs of graph-commands that failed",
        "rate(graphy_jobs_processed_total{queue_name=\"graph-commands\",status=\"failed\"}[1m])"),
    define(QUEUES, "queue_jobs_per_second", "1/s", "Jobs of graph-commands that ended",
        "rate(graphy_jobs_processed_total{queue_name=\"graph-commands\"}[10s])"),
    define(QUEUES, "sync_queue_depth", "jobs", "Jobs of sync-operations that wait or run",
        "bullmq_queue_size{queue_name=\"sync-operations\"}"),
    define(QUEUES, "sync_queue_latency_p95_ms", "ms",
        "95 % of the jobs of sync-operations of the last minute waited less",
        "1000 * quantile(0.95, bullmq_queue_latency_seconds{queue_name=\"sync-operations\"}[1m])"),
    define(QUEUES, "sync_queue_failed_per_second", "1/s", "Jobs of sync-operations that failed",
        "rate(graphy_jobs_processed_total{queue_name=\"sync-operations\",status=\"failed\"}[1m])"),
    define(QUEUES, "analytics_queue_depth", "jobs", "Jobs of analytics that wait or run",
        "bullmq_queue_size{queue_name=\"analytics\"}"),
    define(QUEUES, "analytics_queue_latency_p95_ms", "ms",
        "95 % of the jobs of analytics of the last minute waited less",
        "1000 * quantile(0.95, bullmq_queue_latency_seconds{queue_name=\"analytics\"}[1m])"),
    define(QUEUES, "analytics_queue_failed_per_second", "1/s", "Jobs of analytics that failed",
        "rate(graphy_jobs_processed_total{queue_name=\"analytics\",status=\"failed\"}[1m])"),
    define(QUEUES, "jobs_failed_10m", "jobs", "Jobs of all queues that failed in the last 10 min",
        "increase(graphy_jobs_processed_total{status=\"failed\"}[10m])"),
    define(QUEUES, "jobs_stalled_10m", "jobs",
        "Jobs taken back in the last 10 min from workers that gave no sign",
        "increase(graphy_jobs_stalled_total[10m])"),
    define(QUEUES, "worker_rebuilds_1h", "workers",
        "Workers made anew in the last hour because they fetched nothing though jobs waited",
        "increase(graphy_worker_rebuilds_total[1h])"),
    define(QUEUES, "probe_graph_commands", "0 or 1", "The last probe through graph-commands came back",
        "graphy_probe_success{probe=\"queue graph-commands\"}"),
    define(QUEUES, "probe_sync_operations", "0 or 1", "The last probe through sync-operations came back",
        "graphy_probe_success{probe=\"queue sync-operations\"}"),
    define(QUEUES, "probe_analytics", "0 or 1", "The last probe through analytics came back",
        "graphy_probe_success{probe=\"queue analytics\"}"),
    define(QUEUES, "probe_broadcast", "0 or 1", "The last probe through the event bus came back",
        "graphy_probe_success{probe=\"broadcast\"}"),

    define(SYNC, "broadcast_p95_ms", "ms",
        "95 % of the batches of the last 10 s reached their subscribers' lines faster",
        "1000 * quantile(0.95, graphy_broadcast_duration_seconds[10s])"),
    define(SYNC, "broadcast_p99_ms", "ms",
        "99 % of the batches of the last 10 s reached their subscribers' lines faster",
        "1000 * quantile(0.99, graphy_broadcast_duration_seconds[10s])"),
    define(SYNC, "broadcast_p95_5m_ms", "ms",
        "95 % of the batches of the last 5 min were told faster, from 20 batches on",
        "1000 * quantile(0.95, graphy_broadcast_duration_seconds[5m], 20)"),
    define(SYNC, "resumes_in_sync_per_second", "1/s", "Subscriptions that missed nothing",
        "rate(graphy_resume_total{mode=\"in_sync\"}[10s])"),
    define(SYNC, "resumes_behind_per_second", "1/s", "Subscriptions that were told what they missed",
        "rate(graphy_resume_total{mode=\"behind\"}[10s])"),
    define(SYNC, "resumes_full_per_second", "1/s", "Subscriptions that got the whole state",
        "rate(graphy_resume_total{mode=\"full\"}[10s])"),
    define(SYNC, "slow_consumers_per_second", "1/s", "Connections closed because they read too slowly",
        "rate(graphy_slow_consumers_total[1m])"),
    define(SYNC, "websocket_uptime", "share",
        "Time of the last hour in which clients had the socket that they wanted, from 1 min on",
        "share(increase(graphy_socket_served_seconds_total[1h]), \
         increase(graphy_socket_served_seconds_total[1h]) + \
         increase(graphy_socket_away_seconds_sum[1h]), 60)"),
    define(SYNC, "delivery_rate", "share",
        "Updates of the last 15 min that reached their sockets in order, from 100 on",
        "share(increase(graphy_deliveries_total{result=\"delivered\"}[15m]), \
         increase(graphy_deliveries_total[15m]), 100)"),
    define(SYNC, "recovery_rate", "share",
        "Clients of the last hour that came back and were brought up to date, from 10 on",
        "1 - share(increase(graphy_recoveries_total{result=\"failed\"}[1h]), \
         increase(graphy_recoveries_total[1h]), 10)"),
    define(SYNC, "frames_parsed_rate", "share",
        "Frames of clients of the last 15 min that were understood, from 100 on",
        "1 - share(increase(graphy_client_frames_total{result=\"malformed\"}[15m]), \
         increase(graphy_client_frames_total[15m]), 100)"),
    define(SYNC, "http_per_second", "1/s", "HTTP requests answered",
        "rate(graphy_http_requests_total[10s])"),
    define(SYNC, "http_p95_ms", "ms", "95 % of the HTTP requests of the last minute were faster",
        "1000 * quantile(0.95, graphy_http_request_duration_seconds[1m])"),
    define(SYNC, "query_p95_ms", "ms",
        "95 % of the queries of graphs of the last 5 min were faster, from 20 queries on",
        "1000 * quantile(0.95, graphy_http_request_duration_seconds\
         {route=~\"/api/v2/graphs/.*/state|/api/v2/graphs/.*/changes|/api/v2/graphs\"}[5m], 20)"),
    define(SYNC, "http_error_rate", "share",
        "HTTP requests of the last 5 min that were answered with 5xx, from 20 requests on",
        "share(increase(graphy_http_requests_total{status=~\"5..\"}[5m]), \
         increase(graphy_http_requests_total[5m]), 20)"),
    define(SYNC, "refusals_per_second", "1/s", "Requests and commands turned away",
        "rate(graphy_refusals_total[10s])"),

    define(REDIS, "redis_operations_per_second", "1/s", "Commands that Redis handles",
        "graphy_redis_operations_per_second"),
    define(REDIS, "redis_clients", "clients", "Connections to Redis", "graphy_redis_clients"),
    define(REDIS, "redis_memory_share", "share", "Memory in use by Redis of what it may use (maxmemory)",
        "graphy_redis_memory_share"),
    define(REDIS, "redis_aof_ok", "0 or 1", "Redis could write its append-only file when it last tried",
        "graphy_redis_aof_ok"),
    define(REDIS, "redis_aof_bytes", "bytes", "Size of Redis' append-only file",
        "graphy_redis_aof_bytes"),
    define(REDIS, "redis_reconnects_1h", "connections", "Connections to Redis replaced in the last hour",
        "increase(graphy_redis_reconnects_total[1h])"),

    define(PROCESS, "host_memory_share", "share", "Memory of the computer that is in use",
        "graphy_host_memory_share"),
    define(PROCESS, "data_disk_free_share", "share", "Free room on the disk of the data folder",
        "graphy_data_disk_free_share"),
    define(PROCESS, "event_loop_lag_ms", "ms", "How late the node's own clock tick came",
        "1000 * graphy_event_loop_lag_seconds"),
    define(PROCESS, "tasks_failed", "tasks", "Background tasks that failed for good",
        "graphy_tasks_failed"),
    define(PROCESS, "task_restarts_1h", "restarts", "Restarts of background tasks in the last hour",
        "increase(graphy_task_restarts_total[1h])"),
    define(PROCESS, "task_panics_1h", "panics", "Panics caught in the last hour",
        "increase(graphy_task_panics_total[1h])"),
    define(PROCESS, "errors_growth", "times",
        "Faults of ours (panics, failed commands, internal errors) of the last 10 min, times their \
         usual number in the last hour, from 10 faults on",
        "6 * share(increase(graphy_task_panics_total[10m]) + \
         increase(graphy_refusals_total{reason=\"internal\"}[10m]) + \
         increase(optimistic_commands_processed_total{status=\"failed\"}[10m]), \
         increase(graphy_task_panics_total[1h]) + \
         increase(graphy_refusals_total{reason=\"internal\"}[1h]) + \
         increase(optimistic_commands_processed_total{status=\"failed\"}[1h]), 10)"),
    define(PROCESS, "cache_hit_rate", "share", "Lookups of the last 5 min that a cache had, from 20 on",
        "share(increase(graphy_cache_hits_total[5m]), \
         increase(graphy_cache_hits_total[5m]) + increase(graphy_cache_misses_total[5m]), 20)"),
    define(PROCESS, "circuits_open", "breakers", "Circuit breakers that let nothing through",
        "graphy_circuit_open"),
    define(PROCESS, "replicas_loaded", "graphs", "Graphs whose replica is in memory",
        "graphy_replicas_loaded"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use graphy_telemetry::names;

    use super::super::expression::Expression;
    use super::*;

    #[test]
    fn every_series_can_be_read_and_names_what_is_measured() {
        let mut seen = HashSet::new();
        for series in SERIES {
            assert!(seen.insert(series.name), "{} twice", series.name);
            let parsed = Expression::parse(series.metric);
            let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", series.name));
            assert_eq!(parsed.check(), Ok(()), "{}", series.name);
            assert!([COMMANDS, QUEUES, SYNC, REDIS, PROCESS].contains(&series.group));
            // No name of a series can be taken for an expression of another meaning.
            let as_metric = names::definition(series.name);
            assert!(
                as_metric.is_none_or(|metric| metric.name == series.metric),
                "{}",
                series.name
            );
        }
    }
}
