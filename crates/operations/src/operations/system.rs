//! Operations that say how the node fares.

use graphy_model::Action;
use graphy_protocol::ApiError;
use graphy_protocol::console::{HealthReport, OverviewSnapshot, SystemInfo};
use graphy_store::AckLevel;
use serde::Serialize;

use super::Operations;
use crate::caller::Caller;
use crate::overview::LiveFrames;

/// What a node says of itself and cannot find out from its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemFacts {
    /// Graphy's version.
    pub version: String,
    /// The environment's name, for the badge.
    pub environment: String,
    /// Where Redis is, without its password; for tools, so rather the port than the socket.
    pub redis_url: String,
    /// Where data is kept, if Redis is private.
    pub data_dir: Option<String>,
    /// Where the HTTP API is.
    pub api_url: String,
    /// When the node started, in milliseconds since 1970.
    pub started_at: u64,
    /// Settings that hold no secret by their kind, by key: for the diagnostics.
    pub settings: Vec<(&'static str, String)>,
}

/// The metrics as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MetricsText {
    /// In the Prometheus text format, exactly as `/metrics` serves it.
    pub text: String,
}

impl Operations {
    /// `system.info`: what the node is. Who may not see the system gets it without addresses.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn system_info(&self, caller: &Caller) -> Result<SystemInfo, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let parts = &self.inner.parts;
        let facts = parts.facts.clone();
        let sees_system = caller.role.allows(Action::ReadSystem);
        let ack_level = match parts.store.link().ack_level() {
            AckLevel::Applied => "applied",
            AckLevel::Durable => "durable",
        };
        Ok(SystemInfo {
            version: facts.version,
            environment: facts.environment,
            redis_url: if sees_system {
                facts.redis_url
            } else {
                "hidden".to_owned()
            },
            redis_version: self.inner.overview.redis_version(),
            data_dir: facts.data_dir.filter(|_| sees_system),
            api_url: facts.api_url,
            ack_level: ack_level.to_owned(),
            started_at: facts.started_at,
            pid: std::process::id(),
            read_only: parts.read_only,
            role: Some(caller.role),
        })
    }

    /// `overview.get`: the series of the last minutes and the last events.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn overview_get(&self, caller: &Caller) -> Result<OverviewSnapshot, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        Ok(self.inner.overview.snapshot())
    }

    /// `health.check`: whether a command gets through queue, worker and Redis.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn health_check(&self, caller: &Caller) -> Result<HealthReport, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        Ok(self.readiness().await)
    }

    /// Says whether this node should be sent work; what `/health/ready` answers. A result is used
    /// for [`crate::health::FRESH`] by all who ask.
    pub async fn readiness(&self) -> HealthReport {
        self.inner.health.report().await
    }

    /// `metrics.get`: what `/metrics` serves.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn metrics_get(&self, caller: &Caller) -> Result<MetricsText, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        Ok(MetricsText {
            text: self.inner.parts.metrics.render(),
        })
    }

    /// Opens the live frames of one watcher. Who may not see the system gets imports and changes
    /// of the list of graphs only.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn live_frames(&self, caller: &Caller) -> Result<LiveFrames, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        Ok(LiveFrames::new(self, caller.role))
    }
}
