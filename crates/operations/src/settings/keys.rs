//! The table of all keys, in the order in which they are documented.

use super::table::{Key, Kind, key};

/// The table.
pub const KEYS: &[Key] = &[
    key(
        "environment",
        &["GRAPHY_ENVIRONMENT"],
        Kind::Text,
        "local",
        "Name of the deployment, shown as a badge in the console.",
    )
    .flag("--environment"),
    key(
        "role",
        &["GRAPHY_ROLE", "WORKER_TYPE"],
        Kind::Word(&["all", "api", "worker"]),
        "all",
        "What the process does: serve the API and sockets (api), apply commands (worker), or \
         both. `commands` is another name of `worker`.",
    )
    .flag("--role"),
    key(
        "listen",
        &["GRAPHY_LISTEN"],
        Kind::Address,
        "127.0.0.1:0",
        "Where the HTTP server listens. Port 0 takes a free port. Anything but loopback is open \
         to the network.",
    )
    .flag("--listen"),
    key(
        "data_dir",
        &["GRAPHY_DATA_DIR"],
        Kind::Path,
        "",
        "Folder of the private Redis and of the runtime file through which commands find the \
         local node.",
    )
    .flag("--data-dir")
    .noted("$XDG_DATA_HOME/graphy, else ~/.local/share/graphy"),
    key(
        "url",
        &["GRAPHY_URL"],
        Kind::NodeUrl,
        "",
        "Address of the node that commands talk to.",
    )
    .flag("--url")
    .noted("the node of the data folder"),
    key(
        "token",
        &["GRAPHY_TOKEN"],
        Kind::Secret,
        "",
        "Bearer token for that node.",
    )
    .flag("--token")
    .noted("the token in the runtime file"),
    key(
        "redis.url",
        &["GRAPHY_REDIS_URL", "REDIS_URL"],
        Kind::Redis,
        "private",
        "Where Redis is: redis://[user][:password@]host[:port][/db], redis+unix:///path, or \
         `private` for a server of our own in the data folder.",
    )
    .flag("--redis"),
    key(
        "redis.host",
        &["GRAPHY_REDIS_HOST", "REDIS_HOST"],
        Kind::Text,
        "",
        "Host of Redis, as an alternative to redis.url. Of the two, the later layer wins; on the \
         same layer redis.url does.",
    ),
    key(
        "redis.port",
        &["GRAPHY_REDIS_PORT", "REDIS_PORT"],
        Kind::Whole(1, 65_535),
        "6379",
        "Port, used with redis.host.",
    ),
    key(
        "redis.password",
        &["GRAPHY_REDIS_PASSWORD", "REDIS_PASSWORD"],
        Kind::Secret,
        "",
        "Password, used with redis.host.",
    ),
    key(
        "redis.db",
        &["GRAPHY_REDIS_DB", "REDIS_DB"],
        Kind::Whole(0, 65_535),
        "0",
        "Number of the database, used with redis.host.",
    ),
    key(
        "redis.fsync",
        &["GRAPHY_REDIS_FSYNC"],
        Kind::Word(&["always", "everysec", "no"]),
        "always",
        "When the private Redis writes to disk. Only `always` makes an acknowledged command \
         survive a power failure.",
    ),
    key(
        "redis.server_binary",
        &["GRAPHY_REDIS_SERVER_BINARY"],
        Kind::Path,
        "",
        "Server binary of the private Redis.",
    )
    .noted("redis-server, else valkey-server, on the PATH"),
    key(
        "sessions.ttl_seconds",
        &["GRAPHY_SESSIONS_TTL_SECONDS", "REDIS_SESSION_TTL"],
        Kind::Whole(30, 86_400),
        "3600",
        "How long the record of a connected session stays in Redis without a sign of its node.",
    ),
    key(
        "sessions.prefix",
        &["GRAPHY_SESSIONS_PREFIX", "REDIS_SESSION_PREFIX"],
        Kind::Text,
        "sessions",
        "What the keys of connected sessions begin with; a colon and the session's id follow.",
    ),
    key(
        "presence.grace_seconds",
        &["GRAPHY_PRESENCE_GRACE_SECONDS"],
        Kind::Whole(0, 3600),
        "300",
        "How long somebody is shown as away whose connection was lost.",
    ),
    key(
        "bridge.enabled",
        &["GRAPHY_BRIDGE_ENABLED"],
        Kind::Word(&["no", "yes"]),
        "no",
        "Whether what happens is also told under the channel and stream names of the \
         collaboration plan, for consumers that know those.",
    ),
    key(
        "bridge.prefix",
        &["GRAPHY_BRIDGE_PREFIX", "REDIS_PUBSUB_PREFIX"],
        Kind::Text,
        "",
        "What the bridge's channels begin with; a colon and the plan's name follow.",
    )
    .noted("none"),
    key(
        "bridge.stream_length_max",
        &["GRAPHY_BRIDGE_STREAM_LENGTH_MAX"],
        Kind::Whole(100, 1_000_000),
        "10000",
        "About how many operations the bridge's stream of a graph keeps.",
    ),
    key(
        "log.level",
        &["GRAPHY_LOG_LEVEL"],
        Kind::Text,
        "info",
        "What is logged: a level, or directives such as `info,graphy_engine=debug`.",
    )
    .flag("--log-level"),
    key(
        "log.format",
        &["GRAPHY_LOG_FORMAT"],
        Kind::Word(&["text", "json"]),
        "text",
        "Form of the log on standard error.",
    ),
    key(
        "otel.endpoint",
        &["GRAPHY_OTEL_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"],
        Kind::CollectorUrl,
        "",
        "Collector that traces are sent to over OTLP/HTTP, such as http://localhost:4318. Without \
         it there are no traces.",
    ),
    key(
        "otel.sample_ratio",
        &["GRAPHY_OTEL_SAMPLE_RATIO"],
        Kind::Share,
        "1",
        "Which part of the commands is traced, if they do not come with a trace of their own.",
    ),
    key(
        "otel.service_name",
        &["GRAPHY_OTEL_SERVICE_NAME", "OTEL_SERVICE_NAME"],
        Kind::Text,
        "graphy",
        "Name under which the traces of this process are shown.",
    ),
    key(
        "read_only",
        &["GRAPHY_READ_ONLY"],
        Kind::Word(&["no", "yes"]),
        "no",
        "Whether nothing can be changed through this node: commands, graphs, tokens, queues. What \
         is in the queue is still carried out.",
    )
    .flag("--read-only"),
    key(
        "audit.actions_max",
        &["GRAPHY_AUDIT_ACTIONS_MAX"],
        Kind::Whole(1_000, 10_000_000),
        "100000",
        "How many actions of operators the audit log keeps; the oldest go first.",
    ),
    key(
        "cache.graphs_max",
        &["GRAPHY_CACHE_GRAPHS_MAX"],
        Kind::Whole(1, 100_000),
        "256",
        "How many graphs that nobody uses a node keeps in memory (the first-level cache; the \
         optimization plan names 1000).",
    ),
    key(
        "cache.graphs_idle_seconds",
        &["GRAPHY_CACHE_GRAPHS_IDLE_SECONDS"],
        Kind::Whole(0, 604_800),
        "3600",
        "How long a graph that nobody uses stays in memory; 0 keeps it until others need its \
         place (the optimization plan names 60). Whatever is in memory, each reading compares its \
         version with Redis.",
    ),
    key(
        "cache.texts_idle_seconds",
        &["GRAPHY_CACHE_TEXTS_IDLE_SECONDS"],
        Kind::Whole(1, 86_400),
        "60",
        "How long the text of a graph's state is kept that nobody asks for.",
    ),
    key(
        "cache.check_seconds",
        &["GRAPHY_CACHE_CHECK_SECONDS"],
        Kind::Whole(1, 3600),
        "10",
        "How often a node looks for graphs in memory that nobody uses any more.",
    ),
    key(
        "worker.concurrency",
        &["GRAPHY_WORKER_CONCURRENCY"],
        Kind::Whole(1, 1024),
        "16",
        "How many jobs of the queue graph-commands a worker process handles at the same time; \
         the plans' presets are 5 and 10.",
    )
    .flag("--concurrency"),
    key(
        "queues.prefix",
        &["GRAPHY_QUEUES_PREFIX"],
        Kind::Text,
        "bull",
        "What the keys of the BullMQ queues begin with, 1 to 64 of A-Z a-z 0-9 _ . { } and -. All \
         nodes and producers of a deployment need the same; on a Redis Cluster it is {bull}.",
    ),
    key(
        "queues.sync_concurrency",
        &["GRAPHY_QUEUES_SYNC_CONCURRENCY"],
        Kind::Whole(1, 1024),
        "10",
        "How many jobs of the queue sync-operations a worker process handles at the same time.",
    ),
    key(
        "queues.analytics_concurrency",
        &["GRAPHY_QUEUES_ANALYTICS_CONCURRENCY"],
        Kind::Whole(1, 64),
        "2",
        "How many jobs of the queue analytics a worker process handles at the same time.",
    ),
    key(
        "queues.commands_per_second_max",
        &["GRAPHY_QUEUES_COMMANDS_PER_SECOND_MAX"],
        Kind::Whole(0, 1_000_000),
        "0",
        "How many jobs of graph-commands all workers together start in a second, of up to a \
         hundred commands each; 0 is no limit, the plans' presets are 1000 and 2000.",
    ),
    key(
        "queues.totals_seconds",
        &["GRAPHY_QUEUES_TOTALS_SECONDS"],
        Kind::Whole(0, 86_400),
        "30",
        "How often all graphs are counted and some checksums checked (UPDATE_METRICS); 0 is never. \
         The node that started last decides for the deployment.",
    ),
    key(
        "snapshots.interval_seconds",
        &["GRAPHY_SNAPSHOTS_INTERVAL_SECONDS"],
        Kind::Whole(0, 2_592_000),
        "3600",
        "How often graphs that have changed since their last snapshot get one; 0 is never. The \
         node that started last decides for the deployment.",
    ),
    key(
        "snapshots.count_max",
        &["GRAPHY_SNAPSHOTS_COUNT_MAX"],
        Kind::Whole(1, 1000),
        "10",
        "How many snapshots of a graph are kept.",
    ),
    key(
        "snapshots.bytes_max",
        &["GRAPHY_SNAPSHOTS_BYTES_MAX"],
        Kind::Whole(1024, 4_294_967_296),
        "67108864",
        "How many bytes the snapshots of a graph take together; the newest is always kept.",
    ),
    key(
        "health.probe_seconds",
        &["GRAPHY_HEALTH_PROBE_SECONDS"],
        Kind::Whole(0, 3600),
        "30",
        "How often a node probes itself end to end when nobody asks for its health; 0 is never.",
    ),
    key(
        "rates.commands_per_second",
        &["GRAPHY_RATES_COMMANDS_PER_SECOND"],
        Kind::Whole(1, 1_000_000),
        "5000",
        "Most commands per second of one token.",
    ),
    key(
        "rates.requests_per_second",
        &["GRAPHY_RATES_REQUESTS_PER_SECOND"],
        Kind::Whole(1, 1_000_000),
        "1000",
        "Most HTTP requests per second of one token or, without a token, of one address.",
    ),
    key(
        "limits.string_bytes_max",
        &["GRAPHY_LIMITS_STRING_BYTES_MAX"],
        Kind::Whole(1, 16_384),
        "16384",
        "Longest text in a command, in bytes.",
    ),
    key(
        "limits.command_bytes_max",
        &["GRAPHY_LIMITS_COMMAND_BYTES_MAX"],
        Kind::Whole(1024, 32_768),
        "32768",
        "Largest command, in bytes of its JSON.",
    ),
    key(
        "limits.entity_bytes_max",
        &["GRAPHY_LIMITS_ENTITY_BYTES_MAX"],
        Kind::Whole(1024, 262_144),
        "262144",
        "Largest node or edge, in bytes of its JSON.",
    ),
    key(
        "limits.json_depth_max",
        &["GRAPHY_LIMITS_JSON_DEPTH_MAX"],
        Kind::Whole(4, 32),
        "32",
        "Deepest nesting of JSON.",
    ),
    key(
        "limits.batch_commands_max",
        &["GRAPHY_LIMITS_BATCH_COMMANDS_MAX"],
        Kind::Whole(1, 100),
        "100",
        "Most commands in one batch.",
    ),
    key(
        "limits.batch_body_bytes_max",
        &["GRAPHY_LIMITS_BATCH_BODY_BYTES_MAX"],
        Kind::Whole(1024, 1_048_576),
        "1048576",
        "Largest HTTP body with a batch, in bytes.",
    ),
    key(
        "limits.nodes_max",
        &["GRAPHY_LIMITS_NODES_MAX"],
        Kind::Whole(1, 100_000),
        "100000",
        "Most nodes in a graph.",
    ),
    key(
        "limits.edges_max",
        &["GRAPHY_LIMITS_EDGES_MAX"],
        Kind::Whole(1, 500_000),
        "500000",
        "Most edges in a graph.",
    ),
    key(
        "limits.message_bytes_max",
        &["GRAPHY_LIMITS_MESSAGE_BYTES_MAX"],
        Kind::Whole(4096, 65_536),
        "65536",
        "Largest WebSocket message, in bytes.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use graphy_model::Limits;

    #[test]
    fn names_are_unique_and_follow_one_rule() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(
                KEYS[..index].iter().all(|other| other.name != key.name),
                "{}",
                key.name
            );
            let variable = format!("GRAPHY_{}", key.name.replace('.', "_").to_uppercase());
            assert_eq!(key.variables[0], variable);
            assert!(key.help.ends_with('.'), "{}", key.name);
            for variable in key.variables {
                let users = KEYS
                    .iter()
                    .filter(|key| key.variables.contains(variable))
                    .count();
                assert_eq!(users, 1, "{variable}");
            }
        }
    }

    #[test]
    fn each_limit_of_the_model_has_a_key_with_its_default() {
        let limits = serde_json::to_value(Limits::default()).unwrap();
        let limits = limits.as_object().unwrap();
        let keys: Vec<_> = KEYS
            .iter()
            .filter(|key| key.name.starts_with("limits."))
            .collect();
        assert_eq!(keys.len(), limits.len());
        for key in keys {
            let (first, rest) = key.name["limits.".len()..].split_once('_').unwrap();
            let camel: String = rest
                .split('_')
                .flat_map(|word| {
                    word[..1]
                        .to_uppercase()
                        .chars()
                        .chain(word[1..].chars())
                        .collect::<Vec<_>>()
                })
                .collect();
            let value = &limits[&format!("{first}{camel}")];
            assert_eq!(value.to_string(), key.default, "{}", key.name);
            let Kind::Whole(_, max) = key.kind else {
                panic!("a number")
            };
            assert_eq!(
                max.to_string(),
                key.default,
                "limits are only configured down"
            );
        }
    }
}
