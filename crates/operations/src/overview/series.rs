//! The table of the overview's series.

/// What a series shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesDefinition {
    /// Its name, stable.
    pub name: &'static str,
    /// Its unit, for people.
    pub unit: &'static str,
    /// What it says.
    pub help: &'static str,
    /// The `/metrics` series that it equals, or the formula by which it follows from some.
    pub metric: &'static str,
}

pub(super) const COMMANDS: &str = "commands_per_second";
pub(super) const P95: &str = "command_p95_ms";
pub(super) const QUEUE: &str = "queue_depth";
pub(super) const CONFLICTS: &str = "conflict_rate";
pub(super) const OPEN_CONFLICTS: &str = "open_conflicts";
pub(super) const CONNECTIONS: &str = "connections";
pub(super) const REDIS_MEMORY: &str = "redis_memory_bytes";
pub(super) const REDIS_LATENCY: &str = "redis_latency_ms";
pub(super) const CPU: &str = "process_cpu_percent";
pub(super) const MEMORY: &str = "process_memory_bytes";

const fn define(
    name: &'static str,
    unit: &'static str,
    help: &'static str,
    metric: &'static str,
) -> SeriesDefinition {
    SeriesDefinition {
        name,
        unit,
        help,
        metric,
    }
}

/// All series, in the order in which they are shown.
pub const SERIES: &[SeriesDefinition] = &[
    define(
        COMMANDS,
        "1/s",
        "Commands that reached an outcome on this node",
        "rate(optimistic_commands_processed_total[1s])",
    ),
    define(
        P95,
        "ms",
        "95 % of the commands of the last 10 s were faster, from intake to outcome",
        "1000 * histogram_quantile(0.95, optimistic_command_duration_seconds[10s])",
    ),
    define(
        QUEUE,
        "jobs",
        "Jobs that wait or run",
        "bullmq_queue_size{queue_name=\"graph-commands\"}",
    ),
    define(
        CONFLICTS,
        "share",
        "Conflicts per command of the last 10 s",
        "increase(optimistic_conflicts_total[10s]) / \
         increase(optimistic_commands_processed_total[10s])",
    ),
    define(
        OPEN_CONFLICTS,
        "conflicts",
        "Conflicts of all graphs that wait for a person",
        "optimistic_open_conflicts",
    ),
    define(
        CONNECTIONS,
        "sockets",
        "Open WebSocket connections of this node",
        "websocket_active_connections",
    ),
    define(
        REDIS_MEMORY,
        "bytes",
        "Memory in use by Redis",
        "graphy_redis_memory_bytes = INFO used_memory",
    ),
    define(
        REDIS_LATENCY,
        "ms",
        "Round trip of a PING to Redis",
        "1000 * graphy_redis_latency_seconds",
    ),
    define(
        CPU,
        "%",
        "CPU in use by this process, 100 per core",
        "process_cpu_percent",
    ),
    define(
        MEMORY,
        "bytes",
        "Memory of this process that is in RAM",
        "process_resident_memory_bytes",
    ),
];
