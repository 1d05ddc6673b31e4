//! What a confirmed write is worth on a server.

use std::collections::HashMap;

use redis::aio::MultiplexedConnection;
use redis::{RedisError, from_redis_value};
use serde::Serialize;

use crate::config::FsyncPolicy;
use crate::redis_info::fields;
use crate::reply::{ReplyClass, classify};

/// The only `maxmemory-policy` that keeps all data.
pub(super) const NO_EVICTION: &str = "noeviction";

/// What a confirmed write is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AckLevel {
    /// In the server's memory; up to one second may be lost with the power.
    Applied,
    /// On the server's disk.
    Durable,
}

/// The durability settings of a server. `None` means that the server does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerPolicy {
    /// Whether an append-only file is kept.
    pub append_only: Option<bool>,
    /// When the append-only file reaches the disk.
    pub fsync: Option<FsyncPolicy>,
    /// What is thrown away when memory is full.
    pub maxmemory_policy: Option<String>,
}

impl ServerPolicy {
    /// Returns what a confirmed write is worth under these settings.
    #[must_use]
    pub fn ack_level(&self) -> AckLevel {
        match (self.append_only, self.fsync) {
            (Some(true), Some(FsyncPolicy::Always)) => AckLevel::Durable,
            _ => AckLevel::Applied,
        }
    }

    /// Reads the settings; where CONFIG is forbidden, as on rented servers, INFO tells a part.
    pub(super) async fn read(connection: &mut MultiplexedConnection) -> Result<Self, RedisError> {
        let settings = redis::cmd("CONFIG")
            .arg("GET")
            .arg(&["appendonly", "appendfsync", "maxmemory-policy"])
            .query_async(connection)
            .await;
        match settings {
            Ok(value) => Ok(Self::from_settings(&from_redis_value(value)?)),
            Err(error) => match classify(&error) {
                ReplyClass::Permission | ReplyClass::Bug => {
                    let info: String = redis::cmd("INFO").query_async(connection).await?;
                    Ok(Self::from_info(&info))
                }
                _ => Err(error),
            },
        }
    }

    fn from_settings(settings: &HashMap<String, String>) -> Self {
        Self {
            append_only: settings.get("appendonly").map(|value| value == "yes"),
            fsync: settings
                .get("appendfsync")
                .and_then(|value| FsyncPolicy::from_setting(value)),
            maxmemory_policy: settings.get("maxmemory-policy").cloned(),
        }
    }

    fn from_info(info: &str) -> Self {
        let fields = fields(info);
        Self {
            append_only: fields.get("aof_enabled").map(|value| *value == "1"),
            fsync: None,
            maxmemory_policy: fields
                .get("maxmemory_policy")
                .map(|&value| value.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(append_only: &str, fsync: &str) -> ServerPolicy {
        let settings = [("appendonly", append_only), ("appendfsync", fsync)];
        ServerPolicy::from_settings(
            &settings
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        )
    }

    #[test]
    fn only_a_flushed_file_makes_a_write_durable() {
        assert_eq!(policy("yes", "always").ack_level(), AckLevel::Durable);
        assert_eq!(policy("yes", "everysec").ack_level(), AckLevel::Applied);
        assert_eq!(policy("no", "always").ack_level(), AckLevel::Applied);
        assert_eq!(policy("yes", "no").fsync, Some(FsyncPolicy::Never));
    }

    #[test]
    fn a_server_that_hides_its_settings_is_never_called_durable() {
        let policy = ServerPolicy::from_info("aof_enabled:1\r\nmaxmemory_policy:allkeys-lru\r\n");
        assert_eq!(policy.append_only, Some(true));
        assert_eq!(policy.maxmemory_policy.as_deref(), Some("allkeys-lru"));
        assert_eq!(policy.ack_level(), AckLevel::Applied);
    }
}
