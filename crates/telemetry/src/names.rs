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
/// Seconds that WebSockets were open, summed over them.
pub const SOCKET_SERVED: &str = "graphy_socket_served_seconds_total";
/// How long clients that came back had been without a socket, as they say.
pub const SOCKET_AWAY: &str = "graphy_socket_away_seconds";
/// Clients that came back holding a state, by how they were brought up to date.
/// Label: [`label::RESULT`].
pub const RECOVERIES: &str = "graphy_recoveries_total";
/// Updates that were due to a socket. Label: [`label::RESULT`].
pub const DELIVERIES: &str = "graphy_deliveries_total";
/// Commands that an editor showed before the server had confirmed them. Label: [`label::RESULT`].
pub const OPTIMISTIC_UPDATES: &str = "graphy_optimistic_updates_total";
/// Conflicts that were put before the person whose edit met them.
pub const VISIBLE_CONFLICTS: &str = "graphy_visible_conflicts_total";
/// Frames of clients. Label: [`label::RESULT`].
pub const CLIENT_FRAMES: &str = "graphy_client_frames_total";
/// Graphs whose stored content was compared with their checksum. Label: [`label::RESULT`].
pub const CHECKSUM_AUDITS: &str = "graphy_checksum_audits_total";
/// Times that a client found its copy of a graph to differ and asked for a repair.
pub const REPLICA_REPAIRS: &str = "graphy_replica_repairs_total";
/// Seconds that this process was measured, by whether its self-probe came through.
/// Label: [`label::STATE`].
pub const SERVICE_SECONDS: &str = "graphy_service_seconds_total";
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
    /// How something ended; the values stand beside each metric in `docs/slo.md`.
    pub const RESULT: &str = "result";
    /// `ready` or `not_ready`.
    pub const STATE: &str = "state";
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

mod table;

pub use table::{ALL, AWAY_BUCKETS, MetricDefinition, MetricKind, SECONDS_BUCKETS, definition};
