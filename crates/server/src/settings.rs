//! What a node is told when it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use graphy_engine::EngineConfig;
use graphy_live::HubSettings;
use graphy_model::Limits;
use graphy_operations::settings::{NodeRole, Settings};
use graphy_store::{BridgeSettings, RedisConfig, ReplicaSettings, SessionSettings};
use graphy_telemetry::ArchiveSettings;
use graphy_telemetry::traces::TraceSettings;

use crate::http::rates::{Rate, RateSettings};

/// Settings of a node.
#[derive(Debug, Clone)]
pub struct NodeSettings {
    /// The name of the deployment, for the badge.
    pub environment: String,
    /// What the node does.
    pub role: NodeRole,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where Redis is.
    pub redis: RedisConfig,
    /// What graphs and commands may weigh.
    pub limits: Limits,
    /// Intake and workers.
    pub engine: EngineConfig,
    /// How often the node probes itself when nobody asks; zero for never.
    pub probe_interval: Duration,
    /// Sockets.
    pub hub: HubSettings,
    /// The list of connected sessions.
    pub sessions: SessionSettings,
    /// The bridge for old consumers, if it is on.
    pub bridge: Option<BridgeSettings>,
    /// Where traces go, if anywhere.
    pub traces: Option<TraceSettings>,
    /// How fast callers may go.
    pub rates: RateSettings,
    /// Which graphs are kept in memory, and how long.
    pub replicas: ReplicaSettings,
    /// How often it is looked for graphs in memory that nobody uses any more.
    pub cache_check_interval: Duration,
    /// Whether nothing can be changed through the node.
    pub read_only: bool,
    /// How many actions the audit log keeps.
    pub audit_actions_max: usize,
    /// Settings that hold no secret, for the diagnostics.
    pub shown: Vec<(&'static str, String)>,
    /// Host names besides those of this machine that a loopback listener answers to, without port.
    pub hosts: Vec<String>,
    /// Where the history of the metrics lies; in memory if nowhere.
    pub metrics_dir: Option<PathBuf>,
    /// Origins besides our own whose pages may write and open sockets.
    pub origins: Vec<String>,
}

impl NodeSettings {
    /// Makes the usual settings: everything in one process, on a free loopback port.
    #[must_use]
    pub fn new(redis: RedisConfig) -> Self {
        let metrics_dir = match &redis {
            RedisConfig::Private(private) => Some(private.data_dir.join("metrics")),
            RedisConfig::Url(_) => None,
        };
        Self {
            environment: "local".to_owned(),
            role: NodeRole::All,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            redis,
            limits: Limits::default(),
            engine: EngineConfig::default(),
            probe_interval: Duration::ZERO,
            hub: HubSettings::default(),
            sessions: SessionSettings::default(),
            bridge: None,
            traces: None,
            rates: RateSettings::default(),
            replicas: ReplicaSettings::default(),
            cache_check_interval: Duration::from_secs(10),
            read_only: false,
            audit_actions_max: graphy_store::audit::ACTIONS_MAX,
            shown: Vec::new(),
            hosts: Vec::new(),
            metrics_dir,
            origins: Vec::new(),
        }
    }

    /// Returns how much history of the metrics is kept, and where.
    pub(crate) fn history(&self) -> ArchiveSettings {
        match &self.metrics_dir {
            Some(folder) => ArchiveSettings::in_folder(folder),
            None => ArchiveSettings::in_memory(),
        }
    }

    /// Returns the folder of the private Redis, if there is one.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        match &self.redis {
            RedisConfig::Private(private) => Some(private.data_dir.clone()),
            RedisConfig::Url(_) => None,
        }
    }
}

impl From<&Settings> for NodeSettings {
    fn from(settings: &Settings) -> Self {
        let per_second = settings.rates.commands_per_second;
        let requests = settings.rates.requests_per_second;
        let with_burst = |rate: u32| Rate::new(rate, rate.saturating_mul(2));
        Self {
            environment: settings.environment.clone(),
            role: settings.role,
            listen: settings.listen,
            limits: settings.limits.clone(),
            engine: EngineConfig {
                limits: settings.limits.clone(),
                concurrency: settings.worker_concurrency,
                queues: settings.queues.clone(),
                ..EngineConfig::default()
            },
            probe_interval: settings.probe_interval,
            hub: HubSettings {
                limits: settings.limits.clone(),
                grace: settings.presence_grace,
                texts_idle: settings.cache.texts_idle,
                ..HubSettings::default()
            },
            sessions: settings.sessions.clone(),
            bridge: settings.bridge.clone(),
            traces: settings.traces.clone(),
            rates: RateSettings {
                socket_commands: with_burst((per_second / 10).max(500)),
                token_commands: with_burst(per_second),
                requests: with_burst(requests),
                ..RateSettings::default()
            },
            replicas: ReplicaSettings {
                replicas_max: settings.cache.graphs_max,
                idle_max: settings.cache.graphs_idle,
            },
            cache_check_interval: settings.cache.check_interval,
            read_only: settings.read_only,
            audit_actions_max: settings.audit_actions_max,
            shown: settings.shown.clone(),
            metrics_dir: Some(settings.data_dir.join("metrics")),
            ..Self::new(settings.redis.clone())
        }
    }
}
