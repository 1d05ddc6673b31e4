//! The configuration as values that the code can use.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use graphy_client::NodeUrl;
use graphy_engine::{JobsLimit, QueueSettings};
use graphy_model::Limits;
use graphy_store::graph::SnapshotRoom;
use graphy_store::{
    BridgeSettings, FsyncPolicy, PrivateRedisConfig, RedisConfig, RedisUrl, Secret, SessionSettings,
};
use graphy_telemetry::traces::{CollectorUrl, TraceSettings};

use super::error::{Fault, SettingsError};
use super::keys::KEYS;
use super::layers::{Resolved, Source};
use super::table::{Key, Kind};

/// The longest text that the keys of queues may begin with.
const QUEUE_PREFIX_MAX: usize = 64;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeRole {
    /// Everything.
    All,
    /// Serve the API and sockets.
    Api,
    /// Apply commands.
    Worker,
}

impl NodeRole {
    /// Says whether the process serves the API.
    #[must_use]
    pub fn serves_api(self) -> bool {
        matches!(self, Self::All | Self::Api)
    }

    /// Says whether the process applies commands.
    #[must_use]
    pub fn runs_workers(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }

    /// Returns the word of the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Api => "api",
            Self::Worker => "worker",
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStyle {
    /// Lines for people.
    Text,
    /// JSON for machines.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// A level or directives.
    pub filter: String,
    /// The form.
    pub style: LogStyle,
}

/// How much one caller may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Commands per second of one token.
    pub commands_per_second: u32,
    /// HTTP requests per second of one token, or of one address without a token.
    pub requests_per_second: u32,
}

/// What is kept in memory, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// How many graphs that nobody uses.
    pub graphs_max: usize,
    /// How long a graph that nobody uses; none keeps it until others need its place.
    pub graphs_idle: Option<Duration>,
    /// How long a text that nobody asks for.
    pub texts_idle: Duration,
    /// How often it is looked for what nobody uses.
    pub check_interval: Duration,
}

/// The node that commands talk to, if it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its address.
    pub url: NodeUrl,
    /// The token for it.
    pub token: Secret,
}

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name of the deployment.
    pub environment: String,
    /// What the process does.
    pub role: NodeRole,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where data and the runtime file are.
    pub data_dir: PathBuf,
    /// The node that commands talk to; none means the local one.
    pub target: Option<Target>,
    /// Where Redis is.
    pub redis: RedisConfig,
    /// The list of connected sessions.
    pub sessions: SessionSettings,
    /// How long somebody is shown as away whose connection was lost.
    pub presence_grace: Duration,
    /// The bridge to the plan's names, if it is on.
    pub bridge: Option<BridgeSettings>,
    /// The log.
    pub log: LogSettings,
    /// Where traces go, if anywhere.
    pub traces: Option<TraceSettings>,
    /// Whether nothing can be changed through the node.
    pub read_only: bool,
    /// How many actions the audit log keeps.
    pub audit_actions_max: usize,
    /// What is kept in memory, and how long.
    pub cache: CacheSettings,
    /// Values that hold no secret by the kind of their keys, for the diagnostics.
    pub shown: Vec<(&'static str, String)>,
    /// Jobs of one worker process at the same time.
    pub worker_concurrency: usize,
    /// The queues, and the work that has time.
    pub queues: QueueSettings,
    /// How often a node probes itself when nobody asks; zero for never.
    pub probe_interval: Duration,
    /// How much one caller may ask for.
    pub rates: Rates,
    /// What graphs and commands may weigh.
    pub limits: Limits,
}

impl Settings {
    /// Reads every value.
    ///
    /// # Errors
    /// All values that are not what their keys take, and values that do not go together.
    pub fn from_resolved(resolved: &Resolved) -> Result<Self, SettingsError> {
        let mut reader = Reader {
            resolved,
            faults: Vec::new(),
        };
        for key in KEYS {
            reader.check(key);
        }
        if !reader.faults.is_empty() {
            return Err(SettingsError {
                faults: reader.faults,
            });
        }
        let data_dir = reader.data_dir();
        let settings = Self {
            environment: reader.text("environment").to_owned(),
            role: reader.role(),
            listen: reader.parsed("listen"),
            redis: reader.redis(&data_dir),
            data_dir,
            target: reader.target(),
            sessions: SessionSettings {
                life: Duration::from_secs(reader.parsed("sessions.ttl_seconds")),
                prefix: reader.text("sessions.prefix").to_owned(),
            },
            presence_grace: Duration::from_secs(reader.parsed("presence.grace_seconds")),
            bridge: reader.bridge(),
            log: reader.log(),
            traces: reader.traces(),
            read_only: reader.text("read_only") == "yes",
            audit_actions_max: reader.parsed("audit.actions_max"),
            cache: reader.cache(),
            shown: reader.shown(),
            worker_concurrency: reader.parsed("worker.concurrency"),
            queues: reader.queues(),
            probe_interval: Duration::from_secs(reader.parsed("health.probe_seconds")),
            rates: Rates {
                commands_per_second: reader.parsed("rates.commands_per_second"),
                requests_per_second: reader.parsed("rates.requests_per_second"),
            },
            limits: reader.limits(),
        };
        if reader.faults.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError {
                faults: reader.faults,
            })
        }
    }
}

struct Reader<'a> {
    resolved: &'a Resolved,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn text(&self, key: &str) -> &str {
        &self.resolved.get(key).value
    }

    fn optional(&self, key: &str) -> Option<&str> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    /// Returns the values of keys that take numbers or words of a closed set: no such value is a
    /// secret, whatever its key will be called.
    fn shown(&self) -> Vec<(&'static str, String)> {
        let harmless = |key: &&Key| matches!(key.kind, Kind::Whole(..) | Kind::Word(_));
        let keys = KEYS.iter().filter(harmless);
        keys.map(|key| (key.name, self.text(key.name).to_owned()))
            .collect()
    }

    /// Reads a value that `check` has found good.
    fn parsed<T: FromStr<Err: Display + std::fmt::Debug>>(&self, key: &str) -> T {
        self.text(key)
            .parse()
            .expect("checked against the table before")
    }

    fn check(&mut self, key: &'static Key) {
        let entry = self.resolved.get(key.name);
        let value = entry.value.as_str();
        if value.is_empty() && key.default.is_empty() {
            return;
        }
        let wrong = match key.kind {
            Kind::Text | Kind::Secret | Kind::Path => {
                value.is_empty().then(|| "it must not be empty".to_owned())
            }
            Kind::Word(words) => (!words.contains(&value))
                .then(|| format!("{value:?} is not one of {}", words.join(", "))),
            Kind::Whole(min, max) => match value.parse::<u64>() {
                Ok(number) if (min..=max).contains(&number) => None,
                Ok(_) | Err(_) => Some(format!(
                    "{value:?} is not a whole number from {min} to {max}"
                )),
            },
            Kind::Address => reason(value.parse::<SocketAddr>())
                .map(|_| format!("{value:?} is not an IP address with a port")),
            Kind::Redis if value == "private" => None,
            // The text may hold a password, so it is not repeated.
            Kind::Redis => value
                .parse::<RedisUrl>()
                .err()
                .map(|error| error.to_string()),
            Kind::NodeUrl => reason(value.parse::<NodeUrl>()),
            Kind::CollectorUrl => reason(value.parse::<CollectorUrl>()),
            Kind::Share => match value.parse::<f64>() {
                Ok(share) if (0.0..=1.0).contains(&share) => None,
                Ok(_) | Err(_) => Some(format!("{value:?} is not a number from 0 to 1")),
            },
        };
        if let Some(reason) = wrong {
            self.faults.push(Fault::Value {
                key: key.name,
                source_: entry.source.clone(),
                reason,
            });
        }
    }

    fn role(&self) -> NodeRole {
        match self.text("role") {
            "api" => NodeRole::Api,
            "worker" => NodeRole::Worker,
            _ => NodeRole::All,
        }
    }

    fn bridge(&self) -> Option<BridgeSettings> {
        (self.text("bridge.enabled") == "yes").then(|| BridgeSettings {
            prefix: self.optional("bridge.prefix").map(str::to_owned),
            stream_length_max: self.parsed("bridge.stream_length_max"),
        })
    }

    fn log(&self) -> LogSettings {
        LogSettings {
            filter: self.text("log.level").to_owned(),
            style: match self.text("log.format") {
                "json" => LogStyle::Json,
                _ => LogStyle::Text,
            },
        }
    }

    fn traces(&self) -> Option<TraceSettings> {
        self.optional("otel.endpoint").map(|_| TraceSettings {
            endpoint: self.parsed("otel.endpoint"),
            sample_ratio: self.parsed("otel.sample_ratio"),
            service_name: self.text("otel.service_name").to_owned(),
        })
    }

    fn cache(&self) -> CacheSettings {
        let seconds = |key: &str| Duration::from_secs(self.parsed(key));
        CacheSettings {
            graphs_max: self.parsed("cache.graphs_max"),
            graphs_idle: Some(seconds("cache.graphs_idle_seconds")).filter(|idle| !idle.is_zero()),
            texts_idle: seconds("cache.texts_idle_seconds"),
            check_interval: seconds("cache.check_seconds"),
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            string_bytes_max: self.parsed("limits.string_bytes_max"),
            command_bytes_max: self.parsed("limits.command_bytes_max"),
            entity_bytes_max: self.parsed("limits.entity_bytes_max"),
            json_depth_max: self.parsed("limits.json_depth_max"),
            batch_commands_max: self.parsed("limits.batch_commands_max"),
            batch_body_bytes_max: self.parsed("limits.batch_body_bytes_max"),
            nodes_max: self.parsed("limits.nodes_max"),
            edges_max: self.parsed("limits.edges_max"),
            message_bytes_max: self.parsed("limits.message_bytes_max"),
        }
    }

    fn queues(&mut self) -> QueueSettings {
        let prefix = self.text("queues.prefix").to_owned();
        let fits = |c: char| c.is_ascii_alphanumeric() || "_.{}-".contains(c);
        if prefix.len() > QUEUE_PREFIX_MAX || !prefix.chars().all(fits) {
            self.faults.push(Fault::Value {
                key: "queues.prefix",
                source_: self.resolved.get("queues.prefix").source.clone(),
                reason: format!(
                    "{prefix:?} is not 1 to {QUEUE_PREFIX_MAX} of A-Z a-z 0-9 _ . {{ }} and -"
                ),
            });
        }
        let jobs: u64 = self.parsed("queues.commands_per_second_max");
        QueueSettings {
            prefix,
            sync_concurrency: self.parsed("queues.sync_concurrency"),
            analytics_concurrency: self.parsed("queues.analytics_concurrency"),
            commands_limit: (jobs > 0).then_some(JobsLimit {
                jobs,
                per: Duration::from_secs(1),
            }),
            totals_interval: Duration::from_secs(self.parsed("queues.totals_seconds")),
            snapshot_interval: Duration::from_secs(self.parsed("snapshots.interval_seconds")),
            snapshot_room: SnapshotRoom {
                count_max: self.parsed("snapshots.count_max"),
                bytes_max: self.parsed("snapshots.bytes_max"),
            },
            ..QueueSettings::default()
        }
    }

    fn data_dir(&mut self) -> PathBuf {
        if let Some(path) = self.optional("data_dir") {
            return PathBuf::from(path);
        }
        if let Some(home) = &self.resolved.data_home {
            return home.join("graphy");
        }
        let message = "data_dir is not set, and without HOME there is no default for it";
        self.faults.push(Fault::Together(message.to_owned()));
        PathBuf::new()
    }

    fn target(&mut self) -> Option<Target> {
        let url = self.optional("url").map(|_| self.parsed("url"))?;
        let Some(token) = self.optional("token").map(Secret::new) else {
            let source = &self.resolved.get("url").source;
            let message = format!("url from {source} names a node, but no token for it is given");
            self.faults.push(Fault::Together(message));
            return None;
        };
        Some(Target { url, token })
    }

    fn redis(&mut self, data_dir: &std::path::Path) -> RedisConfig {
        let layer = |key: &str| self.resolved.get(key).source.layer();
        let Some(host) = self.optional("redis.host") else {
            self.check_parts();
            return self.redis_by_url(data_dir);
        };
        if layer("redis.url") >= layer("redis.host") {
            return self.redis_by_url(data_dir);
        }
        let password = self.optional("redis.password").map(Secret::new);
        let (port, db) = (self.parsed("redis.port"), self.parsed("redis.db"));
        match RedisUrl::from_parts(host, port, password.as_ref(), db) {
            Ok(url) => RedisConfig::Url(url),
            Err(error) => {
                let source_ = self.resolved.get("redis.host").source.clone();
                let reason = error.to_string();
                self.faults.push(Fault::Value {
                    key: "redis.host",
                    source_,
                    reason,
                });
                self.redis_by_url(data_dir)
            }
        }
    }

    /// Parts of an address without a host would be ignored in silence.
    fn check_parts(&mut self) {
        if self.text("redis.url") != "private" {
            return;
        }
        for key in ["redis.port", "redis.password", "redis.db"] {
            let entry = self.resolved.get(key);
            let source = &entry.source;
            let default = Key::named(key).map_or("", |key| key.default);
            if *source != Source::Default && entry.value != default {
                let message =
                    format!("{key} from {source} needs redis.host, or redis.url instead of both");
                self.faults.push(Fault::Together(message));
            }
        }
    }

    fn redis_by_url(&self, data_dir: &std::path::Path) -> RedisConfig {
        if self.text("redis.url") != "private" {
            return RedisConfig::Url(self.parsed("redis.url"));
        }
        let fsync = FsyncPolicy::from_setting(self.text("redis.fsync"));
        let mut private = PrivateRedisConfig::new(data_dir);
        private.server_binary = self.optional("redis.server_binary").map(PathBuf::from);
        private.fsync = fsync.expect("checked against the table before");
        RedisConfig::Private(private)
    }
}

fn reason<T, E: Display>(result: Result<T, E>) -> Option<String> {
    result.err().map(|error| error.to_string())
}
