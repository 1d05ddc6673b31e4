//! CPU time and memory of the measured processes and of the driver.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::bench::meter::cpu_seconds;

/// Which processes are watched.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) servers: Vec<u32>,
    pub(super) redis: u32,
}

/// What a stretch of time cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) elapsed: Duration,
    pub(super) servers_s: f64,
    pub(super) redis_s: f64,
    pub(super) driver_s: f64,
}

/// Meters processes.
pub(super) struct Gauge {
    watched: Watched,
    since: Option<(Instant, [f64; 3])>,
}

impl Gauge {
    pub(super) fn new(watched: Watched) -> Self {
        Self {
            watched,
            since: None,
        }
    }

    /// Begins a stretch.
    pub(super) fn start(&mut self) -> anyhow::Result<()> {
        self.since = Some((Instant::now(), self.seconds()?));
        Ok(())
    }

    /// Reads the stretch so far.
    pub(super) fn read(&self) -> anyhow::Result<Reading> {
        let (from, before) = self.since.context("a stretch was begun")?;
        let now = self.seconds()?;
        Ok(Reading {
            elapsed: from.elapsed(),
            servers_s: now[0] - before[0],
            redis_s: now[1] - before[1],
            driver_s: now[2] - before[2],
        })
    }

    fn seconds(&self) -> anyhow::Result<[f64; 3]> {
        let mut servers = 0.0;
        for pid in &self.watched.servers {
            servers += cpu_seconds(*pid)?;
        }
        let driver = cpu_seconds(std::process::id())?;
        Ok([servers, cpu_seconds(self.watched.redis)?, driver])
    }

    /// Returns the resident memory of the servers.
    pub(super) fn rss_kib(&self) -> anyhow::Result<u64> {
        self.watched.servers.iter().map(|pid| rss_kib(*pid)).sum()
    }
}

/// Reads the resident memory of a process (proc(5), `VmRSS` of `status`).
fn rss_kib(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("{path} has no VmRSS"))
}
