//! Redis in terms of people.

use std::time::Duration;

use graphy_protocol::ApiError;
use graphy_protocol::system::{CommandCost, RedisReplica, RedisReport, SlowCommand};
use graphy_store::{RedisDetails, SlowEntry};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::redis_facts::{concerns, sections};
use crate::fault::store_fault;
use crate::operations::Parts;

/// How long a report is used; so many watchers cost the server one reading.
const FRESH: Duration = Duration::from_secs(1);
/// How many commands are listed by their cost.
const COMMANDS_MAX: usize = 20;
/// How many replicas are listed.
const REPLICAS_MAX: usize = 32;

/// The last report.
#[derive(Default)]
pub(crate) struct RedisReports {
    last: Mutex<Option<(Instant, RedisReport)>>,
}

impl RedisReports {
    /// Returns the last report if it is fresh, else reads. Callers at the same time share a reading.
    pub(crate) async fn read(&self, parts: &Parts) -> Result<RedisReport, ApiError> {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = &*last
            && at.elapsed() < FRESH
        {
            return Ok(report.clone());
        }
        let details = RedisDetails::read(parts.store.link()).await;
        let details = details.map_err(|error| store_fault(&error))?;
        let report = report(&details, parts.clock.now_ms());
        *last = Some((Instant::now(), report.clone()));
        Ok(report)
    }
}

fn report(details: &RedisDetails, at: u64) -> RedisReport {
    RedisReport {
        at,
        sections: sections(details),
        concerns: concerns(details),
        slow_log: details.slow_log.iter().map(slow).collect(),
        slow_log_threshold_us: details.slow_log_threshold_us,
        commands: costs(details),
        replicas: replicas(details),
    }
}

fn slow(entry: &SlowEntry) -> SlowCommand {
    SlowCommand {
        id: entry.id,
        at: entry.at_ms,
        duration_us: entry.duration_us,
        command: entry.text(),
        client: entry.client.clone(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times and counts far below 2^52"
)]
fn costs(details: &RedisDetails) -> Vec<CommandCost> {
    let total: u64 = details
        .commands
        .iter()
        .map(|command| command.total_us)
        .sum();
    let cost = |command: &graphy_store::redis_details::CommandStatistics| CommandCost {
        command: command.command.clone(),
        calls: command.calls,
        mean_us: command.total_us as f64 / command.calls.max(1) as f64,
        share: command.total_us as f64 / total.max(1) as f64,
    };
    details
        .commands
        .iter()
        .take(COMMANDS_MAX)
        .map(cost)
        .collect()
}

/// Reads lines such as `slave0:ip=10.0.0.2,port=6379,state=online,offset=42,lag=1`.
fn replicas(details: &RedisDetails) -> Vec<RedisReplica> {
    let here = details.number("master_repl_offset").unwrap_or_default();
    let listed = (0..REPLICAS_MAX).map_while(|at| details.text(&format!("slave{at}")));
    let replica = |line: &str| {
        let get = |wanted: &str| {
            let mut parts = line.split(',').filter_map(|part| part.split_once('='));
            parts
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value.to_owned())
        };
        let offset: f64 = get("offset")?.parse().ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a difference of offsets, at least 0"
        )]
        let lag_bytes = (here - offset).max(0.0) as u64;
        Some(RedisReplica {
            address: format!("{}:{}", get("ip")?, get("port")?),
            state: get("state")?,
            lag_bytes,
        })
    };
    listed.filter_map(replica).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_listed_with_their_lag() {
        let mut details = RedisDetails::default();
        for (name, value) in [
            ("master_repl_offset", "100"),
            (
                "slave0",
                "ip=10.0.0.2,port=6379,state=online,offset=42,lag=1",
            ),
            (
                "slave1",
                "ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0,lag=0",
            ),
        ] {
            details.info.insert(name.to_owned(), value.to_owned());
        }
        let found = replicas(&details);
        assert_eq!(
            (found[0].address.as_str(), found[0].lag_bytes),
            ("10.0.0.2:6379", 58)
        );
        assert_eq!((found[1].state.as_str(), found.len()), ("wait_bgsave", 2));
    }
}
