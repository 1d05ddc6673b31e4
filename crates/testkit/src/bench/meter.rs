//! Time and CPU time of the processes under measurement.

use std::time::{Duration, Instant};

use anyhow::Context;

/// Ticks per second of the kernel's process times.
const TICKS: f64 = 100.0;

/// Measures from its start on.
pub(super) struct Meter {
    started: Instant,
    server: u32,
    redis: u32,
    server_before: f64,
    redis_before: f64,
}

/// What a meter read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) elapsed: Duration,
    pub(super) server_cpu_s: f64,
    pub(super) redis_cpu_s: f64,
}

impl Meter {
    pub(super) fn start(server: u32, redis: u32) -> Self {
        let before = |pid| cpu_seconds(pid).unwrap_or_default();
        Self {
            started: Instant::now(),
            server,
            redis,
            server_before: before(server),
            redis_before: before(redis),
        }
    }

    pub(super) fn read(&self) -> anyhow::Result<Reading> {
        Ok(Reading {
            elapsed: self.started.elapsed(),
            server_cpu_s: cpu_seconds(self.server)? - self.server_before,
            redis_cpu_s: cpu_seconds(self.redis)? - self.redis_before,
        })
    }
}

/// Reads user and system time of a process (proc(5), fields 14 and 15 of `stat`).
pub(super) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let mut fields = after_name.split_whitespace().skip(11);
    let mut next = || fields.next().and_then(|field| field.parse::<f64>().ok());
    let (user, system) = next()
        .zip(next())
        .with_context(|| format!("{path} has no times"))?;
    Ok((user + system) / TICKS)
}
