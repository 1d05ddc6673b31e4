//! The names, labels and meanings of all metrics, in one table.
//!
//! The first six names are those of the optimistic-migration plan; dashboards that exist for it
//! keep working. A metric that is not in [`ALL`] must not be recorded.

/// Commands that reached a terminal outcome. Labels: [`label::TYPE`], [`label::STATUS`].
pub const COMMANDS_PROCESSED: &str = "optimistic_commands_processed_total";
/// Time from intake to outcome of a command. Label: [`label::TYPE`].
pub const COMMAND_DURATION: &str = "optimistic_command_duration_seconds";
/// Conflicts that were detected. Label: [`label::RESOLUTION_TYPE`].
pub const CONFLICTS: &str = "optimistic_conflicts_total";
/// Conflicts of all graphs that wait for a person.
pub const OPEN_CONFLICTS: &str = "optimistic_open_conflicts";
/// Open WebSocket connections of this process.
pub const WEBSOCKET_CONNECTIONS: &str = "websocket_active_connections";
/// Jobs that wait or run. Label: [`label::QUEUE_NAME`].
pub const QUEUE_SIZE: &str = "bullmq_queue_size";
/// Time a job waited before a worker took it. Label: [`label::QUEUE_NAME`].
pub const QUEUE_LATENCY: &str = "bullmq_queue_latency_seconds";
/// Runs of jobs by how they ended. Labels: [`label::QUEUE_NAME`], [`label::JOB_NAME`],
/// [`label::STATUS`].
pub const JOBS_PROCESSED: &str = "graphy_jobs_processed_total";
/// Time that a worker spent on a job. Label: [`label::QUEUE_NAME`].
pub const JOB_DURATION: &str = "graphy_job_duration_seconds";
/// Jobs that were taken back from workers that gave no sign. Label: [`label::QUEUE_NAME`].
pub const JOBS_STALLED: &str = "graphy_jobs_stalled_total";
/// Workers that fetched nothing though jobs waited, and were made anew. Label:
/// [`label::QUEUE_NAME`].
pub const WORKER_REBUILDS: &str = "graphy_worker_rebuilds_total";
/// Whether the node's last probe of a way came through, 1 or 0. Label: [`label::PROBE`].
pub const PROBE_SUCCESS: &str = "graphy_probe_success";
/// Time that probes took that came through. Label: [`label::PROBE`].
pub const PROBE_DURATION: &str = "graphy_probe_duration_seconds";
/// Graphs of the deployment, as last counted.
pub const GRAPHS: &str = "graphy_graphs";
/// Nodes of all graphs, as last counted.
pub const GRAPH_NODES: &str = "graphy_graph_nodes";
/// Edges of all graphs, as last counted.
pub const GRAPH_EDGES: &str = "graphy_graph_edges";
/// Entries in the histories of all graphs, as last counted.
pub const HISTORY_ENTRIES: &str = "graphy_history_entries";
/// Graphs that did not add up to their checksum when they were last checked.
pub const CHECKSUM_MISMATCHES: &str = "graphy_checksum_mismatches";
/// How old the counts of all graphs are.
pub const TOTALS_AGE: &str = "graphy_totals_age_seconds";
/// Snapshots of graphs that this process made.
pub const SNAPSHOTS_MADE: &str = "graphy_snapshots_made_total";
/// Time from an applied batch to the last subscriber's outgoing queue.
pub const BROADCAST_DURATION: &str = "graphy_broadcast_duration_seconds";
/// Subscriptions by how they were brought up to date. Label: [`label::MODE`].
pub const RESUMES: &str = "graphy_resume_total";
/// Connections that were closed because they read too slowly.
pub const SLOW_CONSUMERS: &str = "graphy_slow_consumers_total";
/// Round trip of the last PING to Redis.
pub const REDIS_LATENCY: &str = "graphy_redis_latency_seconds";
/// Memory in use by Redis (`used_memory` of INFO).
pub const REDIS_MEMORY: &str = "graphy_redis_memory_bytes";
/// Connections to Redis that were replaced. Label: [`label::LINK`].
pub const REDIS_RECONNECTS: &str = "graphy_redis_reconnects_total";
/// Starts of the private Redis after it died.
pub const PRIVATE_REDIS_RESTARTS: &str = "graphy_private_redis_restarts_total";
/// Panics that were caught in background tasks. Label: [`label::TASK`].
pub const TASK_PANICS: &str = "graphy_task_panics_total";
/// Restarts of background tasks. Label: [`label::TASK`].
pub const TASK_RESTARTS: &str = "graphy_task_restarts_total";
/// Requests over HTTP. Labels: [`label::ROUTE`], [`label::STATUS`].
pub const HTTP_REQUESTS: &str = "graphy_http_requests_total";
/// Time to answer an HTTP request. Label: [`label::ROUTE`].
pub const HTTP_DURATION: &str = "graphy_http_request_duration_seconds";
/// Requests and commands that were turned away. Label: [`label::REASON`].
pub const REFUSALS: &str = "graphy_refusals_total";
/// Graphs whose replica is in memory.
pub const REPLICAS_LOADED: &str = "graphy_replicas_loaded";
/// CPU in use by this process, 100 per core.
pub const PROCESS_CPU: &str = "process_cpu_percent";
/// Memory of this process that is in RAM.
pub const PROCESS_MEMORY: &str = "process_resident_memory_bytes";
/// Open file descriptors of this process.
pub const PROCESS_OPEN_FILES: &str = "process_open_fds";
/// Threads of this process.
pub const PROCESS_THREADS: &str = "process_threads";
/// Memory of the computer that is in use, 0 to 1.
pub const HOST_MEMORY_SHARE: &str = "graphy_host_memory_share";
/// Load of the computer over the last minute.
pub const HOST_LOAD: &str = "graphy_host_load";
/// How often a cache had what was wanted. Label: [`label::CACHE`].
pub const CACHE_HITS: &str = "graphy_cache_hits_total";
/// How often a cache had not what was wanted. Label: [`label::CACHE`].
pub const CACHE_MISSES: &str = "graphy_cache_misses_total";
/// Entries of a cache. Label: [`label::CACHE`].
pub const CACHE_ENTRIES: &str = "graphy_cache_entries";
/// Whether a circuit breaker is open: 0 closed, 0.5 half-open, 1 open. Label: [`label::CIRCUIT`].
pub const CIRCUIT_OPEN: &str = "graphy_circuit_open";
/// How often a circuit breaker has opened. Label: [`label::CIRCUIT`].
pub const CIRCUIT_TRIPS: &str = "graphy_circuit_trips_total";
/// Outcomes of operations that could not be written into the audit log.
pub const AUDIT_FAILURES: &str = "graphy_audit_failures_total";

/// Commands per second that Redis handles (`instantaneous_ops_per_sec` of INFO).
pub const REDIS_OPERATIONS: &str = "graphy_redis_operations_per_second";
/// Connections to Redis (`connected_clients` of INFO).
pub const REDIS_CLIENTS: &str = "graphy_redis_clients";
/// Memory in use by Redis of what it may use; only where it has a `maxmemory`.
pub const REDIS_MEMORY_SHARE: &str = "graphy_redis_memory_share";
/// Whether Redis could write its append-only file, 1 or 0; only where it has one.
pub const REDIS_AOF_OK: &str = "graphy_redis_aof_ok";
/// Size of Redis' append-only file.
pub const REDIS_AOF_SIZE: &str = "graphy_redis_aof_bytes";
/// Free room on the disk of the data folder, 0 to 1.
pub const DATA_DISK_FREE: &str = "graphy_data_disk_free_share";
/// How late the node's own clock tick came.
pub const EVENT_LOOP_LAG: &str = "graphy_event_loop_lag_seconds";
/// Background tasks that failed for good.
pub const TASKS_FAILED: &str = "graphy_tasks_failed";
/// Alerts that fire, as this node knows. Label: [`label::SEVERITY`].
pub const ALERTS_FIRING: &str = "graphy_alerts_firing";
/// Attempts to hand an alert to the webhook. Label: [`label::OUTCOME`].
pub const WEBHOOK_ATTEMPTS: &str = "graphy_alert_webhook_attempts_total";

/// The keys of labels. Their values are closed sets, never ids of users or graphs.
pub mod label {
    /// Type of a command, for example `CREATE_NODE`.
    pub const TYPE: &str = "type";
    /// `success`, `conflict`, `rejected`, `duplicate` or `failed`; for jobs `completed`, `failed`
    /// or `postponed`; for HTTP the status code.
    pub const STATUS: &str = "status";
    /// How a conflict was resolved.
    pub const RESOLUTION_TYPE: &str = "resolution_type";
    /// Name of a BullMQ queue.
    pub const QUEUE_NAME: &str = "queue_name";
    /// Name of a job of one of our queues, or `other`.
    pub const JOB_NAME: &str = "job_name";
    /// What a probe goes through.
    pub const PROBE: &str = "probe";
    /// `in_sync`, `behind` or `full`.
    pub const MODE: &str = "mode";
    /// Name of a background task.
    pub const TASK: &str = "task";
    /// `query` or `write`.
    pub const LINK: &str = "link";
    /// Template of a route, for example `/api/v2/graphs/{id}`.
    pub const ROUTE: &str = "route";
    /// A closed error code.
    pub const REASON: &str = "reason";
    /// Name of a cache on the status board.
    pub const CACHE: &str = "cache";
    /// Name of a circuit breaker on the status board.
    pub const CIRCUIT: &str = "circuit";
    /// `info`, `warning` or `critical`.
    pub const SEVERITY: &str = "severity";
    /// `delivered`, `failed` or `given_up`.
    pub const OUTCOME: &str = "outcome";
}

/// What a metric measures over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// A level.
    Gauge,
    /// A distribution, in the buckets of [`SECONDS_BUCKETS`].
    Histogram,
}

/// One line of the table of metrics.
#[derive(Debug, Clone, Copy)]
pub struct MetricDefinition {
    /// The Prometheus name.
    pub name: &'static str,
    /// What it measures over time.
    pub kind: MetricKind,
    /// The keys that each of its series carries.
    pub labels: &'static [&'static str],
    /// The help text of `/metrics` and of the console.
    pub help: &'static str,
}

/// Upper bounds of the histograms whose names end in `_seconds`.
pub const SECONDS_BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0,
];

const fn define(
    name: &'static str,
    kind: MetricKind,
    labels: &'static [&'static str],
    help: &'static str,
) -> MetricDefinition {
    MetricDefinition {
        name,
        kind,
        labels,
        help,
    }
}

use MetricKind::{Counter, Gauge, Histogram};

/// All metrics of Graphy.
pub const ALL: &[MetricDefinition] = &[
    define(
        COMMANDS_PROCESSED,
        Counter,
        &[label::TYPE, label::STATUS],
        "Commands that reached a terminal outcome",
    ),
    define(
        COMMAND_DURATION,
        Histogram,
        &[label::TYPE],
        "Time from intake to outcome of a command",
    ),
    define(
        CONFLICTS,
        Counter,
        &[label::RESOLUTION_TYPE],
        "Conflicts that were detected",
    ),
    define(
        OPEN_CONFLICTS,
        Gauge,
        &[],
        "Conflicts of all graphs that wait for a person",
    ),
    define(
        WEBSOCKET_CONNECTIONS,
        Gauge,
        &[],
        "Open WebSocket connections",
    ),
    define(
        QUEUE_SIZE,
        Gauge,
        &[label::QUEUE_NAME],
        "Jobs that wait or run in a queue",
    ),
    define(
        QUEUE_LATENCY,
        Histogram,
        &[label::QUEUE_NAME],
        "Time a job waited before a worker took it",
    ),
    define(
        JOBS_PROCESSED,
        Counter,
        &[label::QUEUE_NAME, label::JOB_NAME, label::STATUS],
        "Runs of jobs by how they ended",
    ),
    define(
        JOB_DURATION,
        Histogram,
        &[label::QUEUE_NAME],
        "Time a worker spent on a job",
    ),
    define(
        JOBS_STALLED,
        Counter,
        &[label::QUEUE_NAME],
        "Jobs taken back from workers that gave no sign",
    ),
    define(
        WORKER_REBUILDS,
        Counter,
        &[label::QUEUE_NAME],
        "Workers made anew because they fetched nothing though jobs waited",
    ),
    define(
        PROBE_SUCCESS,
        Gauge,
        &[label::PROBE],
        "Whether the node's last probe of a way came through",
    ),
    define(
        PROBE_DURATION,
        Histogram,
        &[label::PROBE],
        "Time of probes that came through",
    ),
    define(GRAPHS, Gauge, &[], "Graphs of the deployment"),
    define(GRAPH_NODES, Gauge, &[], "Nodes of all graphs"),
    define(GRAPH_EDGES, Gauge, &[], "Edges of all graphs"),
    define(
        HISTORY_ENTRIES,
        Gauge,
        &[],
        "Entries in the histories of all graphs",
    ),
    define(
        CHECKSUM_MISMATCHES,
        Gauge,
        &[],
        "Graphs that did not add up to their checksum when last checked",
    ),
    define(
        TOTALS_AGE,
        Gauge,
        &[],
        "Age of the counts of all graphs, in seconds",
    ),
    define(
        SNAPSHOTS_MADE,
        Counter,
        &[],
        "Snapshots of graphs made by this process",
    ),
    define(
        BROADCAST_DURATION,
        Histogram,
        &[],
        "Time from an applied batch to the last subscriber's outgoing queue",
    ),
    define(
        RESUMES,
        Counter,
        &[label::MODE],
        "Subscriptions by how they were brought up to date",
    ),
    define(
        SLOW_CONSUMERS,
        Counter,
        &[],
        "Connections closed because they read too slowly",
    ),
    define(
        REDIS_LATENCY,
        Gauge,
        &[],
        "Round trip of the last PING to Redis",
    ),
    define(
        REDIS_MEMORY,
        Gauge,
        &[],
        "Memory in use by Redis (INFO used_memory)",
    ),
    define(
        REDIS_RECONNECTS,
        Counter,
        &[label::LINK],
        "Connections to Redis that were replaced",
    ),
    define(
        PRIVATE_REDIS_RESTARTS,
        Counter,
        &[],
        "Starts of the private Redis after it died",
    ),
    define(
        TASK_PANICS,
        Counter,
        &[label::TASK],
        "Panics caught in background tasks",
    ),
    define(
        TASK_RESTARTS,
        Counter,
        &[label::TASK],
        "Restarts of background tasks",
    ),
    define(
        HTTP_REQUESTS,
        Counter,
        &[label::ROUTE, label::STATUS],
        "HTTP requests answered",
    ),
    define(
        HTTP_DURATION,
        Histogram,
        &[label::ROUTE],
        "Time to answer an HTTP request",
    ),
    define(
        REFUSALS,
        Counter,
        &[label::REASON],
        "Requests and commands turned away",
    ),
    define(
        REPLICAS_LOADED,
        Gauge,
        &[],
        "Graphs whose replica is in memory",
    ),
    define(
        PROCESS_CPU,
        Gauge,
        &[],
        "CPU in use by this process, 100 per core",
    ),
    define(
        PROCESS_MEMORY,
        Gauge,
        &[],
        "Memory of this process that is in RAM",
    ),
    define(
        PROCESS_OPEN_FILES,
        Gauge,
        &[],
        "Open file descriptors of this process",
    ),
    define(PROCESS_THREADS, Gauge, &[], "Threads of this process"),
    define(
        HOST_MEMORY_SHARE,
        Gauge,
        &[],
        "Memory of the computer that is in use, 0 to 1",
    ),
    define(
        HOST_LOAD,
        Gauge,
        &[],
        "Load of the computer over the last minute",
    ),
    define(
        CACHE_HITS,
        Counter,
        &[label::CACHE],
        "How often a cache had what was wanted",
    ),
    define(
        CACHE_MISSES,
        Counter,
        &[label::CACHE],
        "How often a cache had not what was wanted",
    ),
    define(CACHE_ENTRIES, Gauge, &[label::CACHE], "Entries of a cache"),
    define(
        CIRCUIT_OPEN,
        Gauge,
        &[label::CIRCUIT],
        "Whether a circuit breaker is open: 0 closed, 0.5 half-open, 1 open",
    ),
    define(
        CIRCUIT_TRIPS,
        Counter,
        &[label::CIRCUIT],
        "How often a circuit breaker has opened",
    ),
    define(
        AUDIT_FAILURES,
        Counter,
        &[],
        "Outcomes that could not be written into the audit log",
    ),
    define(
        REDIS_OPERATIONS,
        Gauge,
        &[],
        "Commands per second that Redis handles",
    ),
    define(REDIS_CLIENTS, Gauge, &[], "Connections to Redis"),
    define(
        REDIS_MEMORY_SHARE,
        Gauge,
        &[],
        "Memory in use by Redis of what it may use",
    ),
    define(
        REDIS_AOF_OK,
        Gauge,
        &[],
        "Whether Redis could write its append-only file",
    ),
    define(
        REDIS_AOF_SIZE,
        Gauge,
        &[],
        "Size of the append-only file of Redis",
    ),
    define(
        DATA_DISK_FREE,
        Gauge,
        &[],
        "Free room on the disk of the data folder, 0 to 1",
    ),
    define(
        EVENT_LOOP_LAG,
        Gauge,
        &[],
        "How late the node's own clock tick came",
    ),
    define(
        TASKS_FAILED,
        Gauge,
        &[],
        "Background tasks that failed for good",
    ),
    define(
        ALERTS_FIRING,
        Gauge,
        &[label::SEVERITY],
        "Alerts that fire, as this node knows",
    ),
    define(
        WEBHOOK_ATTEMPTS,
        Counter,
        &[label::OUTCOME],
        "Attempts to hand an alert to the webhook",
    ),
];

/// Returns the definition of a metric, if it has one.
#[must_use]
pub fn definition(name: &str) -> Option<&'static MetricDefinition> {
    ALL.iter().find(|definition| definition.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_say_their_kind() {
        let names: HashSet<_> = ALL.iter().map(|definition| definition.name).collect();
        assert_eq!(names.len(), ALL.len());
        for definition in ALL {
            assert_eq!(
                definition.kind == Counter,
                definition.name.ends_with("_total"),
                "{} should end in _total exactly if it is a counter",
                definition.name
            );
            if definition.kind == Histogram {
                assert!(definition.name.ends_with("_seconds"), "{}", definition.name);
            }
            assert!(!definition.help.is_empty());
        }
    }

    #[test]
    fn buckets_grow() {
        assert!(SECONDS_BUCKETS.is_sorted());
    }
}
