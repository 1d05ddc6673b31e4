//! The figures that a Redis server gives about itself.

use std::collections::HashMap;
use std::str::FromStr;

use serde::Serialize;

use crate::error::StoreError;

/// The part of INFO that the console shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RedisInfo {
    /// `redis_version`, or `valkey_version` where the server is Valkey.
    pub version: String,
    /// `role`: `master` or `slave`.
    pub role: String,
    /// `process_id`.
    pub process_id: u32,
    /// `uptime_in_seconds`.
    pub uptime_seconds: u64,
    /// `connected_clients`.
    pub connected_clients: u64,
    /// `used_memory`.
    pub used_memory_bytes: u64,
    /// `used_memory_rss`.
    pub used_memory_resident_bytes: u64,
    /// `maxmemory`; 0 means no limit.
    pub maxmemory_bytes: u64,
    /// `instantaneous_ops_per_sec`.
    pub operations_per_second: u64,
    /// `total_commands_processed`.
    pub commands_processed: u64,
    /// `used_cpu_sys`.
    pub used_cpu_system_seconds: f64,
    /// `used_cpu_user`.
    pub used_cpu_user_seconds: f64,
    /// `loading`: the data is not in memory yet.
    pub loading: bool,
    /// The append-only file.
    pub append_only_file: AppendOnlyFile,
}

/// The state of a server's append-only file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppendOnlyFile {
    /// `aof_enabled`.
    pub enabled: bool,
    /// `aof_last_write_status` is `ok`.
    pub last_write_ok: bool,
    /// `aof_rewrite_in_progress`.
    pub rewriting: bool,
    /// `aof_current_size`; 0 when there is no file.
    pub size_bytes: u64,
}

impl RedisInfo {
    /// Reads the answer of INFO. Figures that a server does not give are 0 or empty.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the text is not an answer of INFO.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let fields = fields(text);
        let version = fields
            .get("valkey_version")
            .or_else(|| fields.get("redis_version"));
        let Some(version) = version else {
            return Err(StoreError::Corrupt {
                what: "the figures of redis",
                detail: "there is no redis_version".to_owned(),
            });
        };
        Ok(Self {
            version: (*version).to_owned(),
            role: fields.get("role").copied().unwrap_or_default().to_owned(),
            process_id: number(&fields, "process_id"),
            uptime_seconds: number(&fields, "uptime_in_seconds"),
            connected_clients: number(&fields, "connected_clients"),
            used_memory_bytes: number(&fields, "used_memory"),
            used_memory_resident_bytes: number(&fields, "used_memory_rss"),
            maxmemory_bytes: number(&fields, "maxmemory"),
            operations_per_second: number(&fields, "instantaneous_ops_per_sec"),
            commands_processed: number(&fields, "total_commands_processed"),
            used_cpu_system_seconds: number(&fields, "used_cpu_sys"),
            used_cpu_user_seconds: number(&fields, "used_cpu_user"),
            loading: flag(&fields, "loading"),
            append_only_file: AppendOnlyFile {
                enabled: flag(&fields, "aof_enabled"),
                last_write_ok: fields
                    .get("aof_last_write_status")
                    .is_none_or(|value| *value == "ok"),
                rewriting: flag(&fields, "aof_rewrite_in_progress"),
                size_bytes: number(&fields, "aof_current_size"),
            },
        })
    }
}

/// Splits the answer of INFO into its fields.
pub(crate) fn fields(text: &str) -> HashMap<&str, &str> {
    text.lines()
        .filter_map(|line| line.trim_end().split_once(':'))
        .collect()
}

fn number<T: FromStr + Default>(fields: &HashMap<&str, &str>, name: &str) -> T {
    fields
        .get(name)
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}

fn flag(fields: &HashMap<&str, &str>, name: &str) -> bool {
    fields.get(name).is_some_and(|value| *value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_read_by_name() {
        let text = "# Server\r\nredis_version:7.0.15\r\nprocess_id:77\r\nuptime_in_seconds:12\r\n\
            # Memory\r\nused_memory:1048576\r\nmaxmemory:0\r\n# Persistence\r\nloading:0\r\n\
            aof_enabled:1\r\naof_last_write_status:err\r\n# CPU\r\nused_cpu_sys:0.25\r\n";
        let info = RedisInfo::parse(text).unwrap();
        assert_eq!((info.version.as_str(), info.process_id), ("7.0.15", 77));
        assert_eq!(
            (info.used_memory_bytes, info.uptime_seconds),
            (1_048_576, 12)
        );
        assert_eq!(info.used_cpu_system_seconds.to_string(), "0.25");
        assert!(info.append_only_file.enabled && !info.append_only_file.last_write_ok);
    }

    #[test]
    fn something_else_is_refused() {
        assert!(RedisInfo::parse("PONG").is_err());
    }
}
