//! Everything that a Redis server tells about itself, for the people who run it: INFO, the slow
//! log, what commands cost.
//!
//! A server may forbid some of it to our user; then that part is missing and the report says why.
//!
//! **Invariant:** of a slow command only the command and its keys leave this module, never a value.

mod slow_log;

use std::collections::HashMap;

use redis::{FromRedisValue, RedisError, Value};

use crate::connection::RedisLink;
use crate::error::StoreError;
use crate::redis_info::fields;

pub use slow_log::{SLOW_LOG_MAX, SlowEntry};

/// What the server told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RedisDetails {
    /// The fields of INFO.
    pub info: HashMap<String, String>,
    /// What commands cost since the server's start, the most expensive first.
    pub commands: Vec<CommandStatistics>,
    /// The slow log, the newest first.
    pub slow_log: Vec<SlowEntry>,
    /// From how many microseconds on a command is in the slow log; none if it is off or unknown.
    pub slow_log_threshold_us: Option<u64>,
    /// Parts that the server did not give, each with the reason.
    pub missing: Vec<MissingPart>,
}

/// A part that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPart {
    /// Which part.
    pub part: &'static str,
    /// Why.
    pub reason: String,
}

/// What one command cost since the server's start.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandStatistics {
    /// The command, in lower case.
    pub command: String,
    /// How often it was called.
    pub calls: u64,
    /// How long all calls took, in microseconds.
    pub total_us: u64,
}

impl RedisDetails {
    /// Asks the server.
    ///
    /// # Errors
    /// [`StoreError`] when the server does not answer at all. What it refuses is in
    /// [`RedisDetails::missing`].
    pub async fn read(link: &RedisLink) -> Result<Self, StoreError> {
        let ask = async |words: &[&str]| -> Result<Value, RedisError> {
            let mut command = redis::cmd(words[0]);
            for word in &words[1..] {
                command.arg(*word);
            }
            command.query_async(&mut link.query()).await
        };
        let count = SLOW_LOG_MAX.to_string();
        let newest = ["SLOWLOG", "GET", &count];
        let (info, costs, slow, threshold) = tokio::join!(
            ask(&["INFO"]),
            ask(&["INFO", "commandstats"]),
            ask(&newest),
            ask(&["CONFIG", "GET", "slowlog-log-slower-than"]),
        );
        let mut details = Self::default();
        if let Some(info) = details.part::<String>("INFO", info)? {
            let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            details.info = fields(&info).into_iter().map(owned).collect();
        }
        if let Some(costs) = details.part::<String>("INFO commandstats", costs)? {
            details.commands = command_statistics(&costs);
        }
        if let Some(entries) = details.part::<Vec<Value>>("SLOWLOG", slow)? {
            details.slow_log = entries.iter().filter_map(SlowEntry::read).collect();
        }
        let threshold = details.part::<HashMap<String, String>>("CONFIG", threshold)?;
        details.slow_log_threshold_us = threshold
            .and_then(|settings| settings.get("slowlog-log-slower-than")?.parse::<i64>().ok())
            // A negative number switches it off.
            .and_then(|limit| u64::try_from(limit).ok());
        Ok(details)
    }

    /// Returns a field of INFO.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.info.get(field).map(String::as_str)
    }

    /// Returns a field of INFO that is a number.
    #[must_use]
    pub fn number(&self, field: &str) -> Option<f64> {
        self.text(field)?.parse().ok()
    }

    /// Takes a part, or notes why it is missing. A connection that fails is no missing part.
    fn part<T: FromRedisValue>(
        &mut self,
        part: &'static str,
        answer: Result<Value, RedisError>,
    ) -> Result<Option<T>, StoreError> {
        let answer = answer.and_then(|value| Ok(redis::from_redis_value::<T>(value)?));
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_io_error() || error.is_connection_dropped() => {
                Err(StoreError::redis("read the details of redis")(error))
            }
            Err(error) => {
                let reason = match error.code() {
                    Some("NOPERM") => format!("our user may not call {part} on this server"),
                    Some(code) => format!("the server answered {code}"),
                    None => "the server's answer is not understood".to_owned(),
                };
                self.missing.push(MissingPart { part, reason });
                Ok(None)
            }
        }
    }
}

/// Reads lines such as `cmdstat_get:calls=3,usec=9,usec_per_call=3.00,…`.
fn command_statistics(text: &str) -> Vec<CommandStatistics> {
    let mut commands: Vec<CommandStatistics> = fields(text)
        .into_iter()
        .filter_map(|(name, value)| {
            let command = name.strip_prefix("cmdstat_")?.replace('|', " ");
            let parts: HashMap<&str, &str> = value
                .split(',')
                .filter_map(|part| part.split_once('='))
                .collect();
            Some(CommandStatistics {
                command,
                calls: parts.get("calls")?.parse().ok()?,
                total_us: parts.get("usec")?.parse().ok()?,
            })
        })
        .collect();
    commands.sort_by(|a, b| {
        b.total_us
            .cmp(&a.total_us)
            .then_with(|| a.command.cmp(&b.command))
    });
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sorted_by_what_they_cost_in_all() {
        let text = "# Commandstats\r\ncmdstat_get:calls=100,usec=50,usec_per_call=0.5\r\n\
            cmdstat_config|get:calls=1,usec=90,usec_per_call=90.00\r\nother:1\r\n";
        let found = command_statistics(text);
        let names: Vec<_> = found
            .iter()
            .map(|one| (one.command.as_str(), one.calls))
            .collect();
        assert_eq!(names, [("config get", 1), ("get", 100)]);
    }
}
