//! The table of all metrics: kind, labels, help.

use super::*;

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

/// Upper bounds of [`SOCKET_AWAY`], which is about people who come back.
pub const AWAY_BUCKETS: [f64; 11] = [
    0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0,
];

/// Upper bounds of the other histograms whose names end in `_seconds`.
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
        SOCKET_SERVED,
        Counter,
        &[],
        "Seconds that WebSockets were open, summed over them",
    ),
    define(
        SOCKET_AWAY,
        Histogram,
        &[],
        "How long clients that came back had been without a socket",
    ),
    define(
        RECOVERIES,
        Counter,
        &[label::RESULT],
        "Clients that came back holding a state, by how they were brought up to date",
    ),
    define(
        DELIVERIES,
        Counter,
        &[label::RESULT],
        "Updates due to a socket: delivered in order, or missed and made good by a resync",
    ),
    define(
        OPTIMISTIC_UPDATES,
        Counter,
        &[label::RESULT],
        "Commands of editors, which show them at once: kept, contested or reverted",
    ),
    define(
        VISIBLE_CONFLICTS,
        Counter,
        &[],
        "Conflicts that were put before the person whose edit met them",
    ),
    define(
        CLIENT_FRAMES,
        Counter,
        &[label::RESULT],
        "Frames of clients: understood or malformed",
    ),
    define(
        CHECKSUM_AUDITS,
        Counter,
        &[label::RESULT],
        "Graphs whose stored content was compared with their checksum",
    ),
    define(
        REPLICA_REPAIRS,
        Counter,
        &[],
        "Times that a client found its copy of a graph to differ",
    ),
    define(
        SERVICE_SECONDS,
        Counter,
        &[label::STATE],
        "Seconds that this process was measured, by whether its self-probe came through",
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
        assert!(SECONDS_BUCKETS.is_sorted() && AWAY_BUCKETS.is_sorted());
    }
}
