//! One measurement as it is written down.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::driver::Measured;
use super::rows::Row;
use super::systems::System;
use crate::bench::machine::today;

/// Percentiles of a latency, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Latency {
    pub(super) count: u64,
    pub(super) p50_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

#[expect(clippy::cast_precision_loss, reason = "microseconds far below 2^52")]
impl Latency {
    fn of(histogram: &Histogram<u64>) -> Self {
        let quantile = |q| histogram.value_at_quantile(q) as f64 / 1000.0;
        Self {
            count: histogram.len(),
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            max_ms: histogram.max() as f64 / 1000.0,
        }
    }
}

/// One row of one system.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    /// On which day, UTC.
    pub(super) measured: String,
    pub(super) row: String,
    pub(super) what: String,
    pub(super) system: System,
    pub(super) durability: String,
    pub(super) nodes: usize,
    pub(super) sockets: usize,
    pub(super) seconds: f64,
    /// Moves that were due in the counted time.
    pub(super) moves: u64,
    pub(super) ack: Latency,
    pub(super) broadcast: Latency,
    /// Deliveries of moves that came only as part of a later move of the same node.
    pub(super) merged: u64,
    /// Values that were older than what the client had.
    pub(super) regressions: u64,
    pub(super) server_cpu_s_per_100k: f64,
    pub(super) redis_cpu_s_per_100k: f64,
    pub(super) server_cores: f64,
    pub(super) redis_cores: f64,
    pub(super) driver_cores: f64,
    pub(super) rss_before_mib: f64,
    pub(super) rss_open_mib: f64,
    pub(super) rss_end_mib: f64,
    pub(super) rss_per_socket_kib: f64,
    /// How late the driver sent moves.
    pub(super) driver_late: Latency,
    /// From the loss of a connection until its client was up to date.
    pub(super) resume: Latency,
    pub(super) slow_reader_closed: u64,
    /// From the last move's due time until everybody held everything.
    pub(super) drained_ms: Option<f64>,
    /// The hash of what every client and a newcomer hold; none if they differ.
    pub(super) hash: Option<String>,
    /// Why there are no figures.
    pub(super) failure: Option<String>,
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
impl Record {
    pub(super) fn new(row: &Row, system: System, measured: &Measured) -> Self {
        let tally = &measured.tally;
        let reading = &measured.reading;
        let moves = tally.load.counted_moves();
        let seconds = reading.elapsed.as_secs_f64();
        let per_100k = |cpu: f64| {
            if moves == 0 {
                0.0
            } else {
                cpu * 100_000.0 / moves as f64
            }
        };
        let mib = |kib: u64| kib as f64 / 1024.0;
        let grown = measured
            .rss_open_kib
            .saturating_sub(measured.rss_before_kib);
        Self {
            measured: today(),
            row: row.id.to_owned(),
            what: row.what.to_owned(),
            system,
            durability: system.durability(row.fsync).to_owned(),
            nodes: row.nodes,
            sockets: row.sockets(),
            seconds,
            moves,
            ack: Latency::of(&tally.ack),
            broadcast: Latency::of(&tally.broadcast),
            merged: tally.merged,
            regressions: tally.regressions,
            server_cpu_s_per_100k: per_100k(reading.servers_s),
            redis_cpu_s_per_100k: per_100k(reading.redis_s),
            server_cores: reading.servers_s / seconds,
            redis_cores: reading.redis_s / seconds,
            driver_cores: reading.driver_s / seconds,
            rss_before_mib: mib(measured.rss_before_kib),
            rss_open_mib: mib(measured.rss_open_kib),
            rss_end_mib: mib(measured.rss_end_kib),
            rss_per_socket_kib: grown as f64 / row.sockets() as f64,
            driver_late: Latency::of(&tally.late),
            resume: Latency::of(&tally.resume),
            slow_reader_closed: measured.slow_reader_closed,
            drained_ms: measured.drained.map(|time| time.as_secs_f64() * 1000.0),
            hash: measured.hash.map(|hash| format!("{hash:016x}")),
            failure: None,
        }
    }

    pub(super) fn failed(row: &Row, system: System, error: &anyhow::Error) -> Self {
        Self {
            measured: today(),
            row: row.id.to_owned(),
            what: row.what.to_owned(),
            system,
            durability: system.durability(row.fsync).to_owned(),
            nodes: row.nodes,
            sockets: row.sockets(),
            seconds: 0.0,
            moves: 0,
            ack: Latency::default(),
            broadcast: Latency::default(),
            merged: 0,
            regressions: 0,
            server_cpu_s_per_100k: 0.0,
            redis_cpu_s_per_100k: 0.0,
            server_cores: 0.0,
            redis_cores: 0.0,
            driver_cores: 0.0,
            rss_before_mib: 0.0,
            rss_open_mib: 0.0,
            rss_end_mib: 0.0,
            rss_per_socket_kib: 0.0,
            driver_late: Latency::default(),
            resume: Latency::default(),
            slow_reader_closed: 0,
            drained_ms: None,
            hash: None,
            failure: Some(format!("{error:#}")),
        }
    }
}

impl Record {
    /// Says whether its figures count: a system that lost or mixed up anything has none.
    pub(super) fn counts(&self) -> bool {
        self.failure.is_none() && self.hash.is_some()
    }
}

#[expect(clippy::print_stdout, reason = "the output of a bench")]
impl Record {
    pub(super) fn print_head() {
        println!(
            "| row | system | ack p50/p95/p99 ms | broadcast p50/p95/p99 ms | server, Redis CPU s/100k \
             | cores server+Redis+driver | RSS MiB, KiB/socket | late p99 ms | converged |"
        );
        println!("|---|---|---|---|---|---|---|---|---|");
    }

    pub(super) fn print(&self) {
        if let Some(failure) = &self.failure {
            println!(
                "| {} | {} | failed: {failure} |",
                self.row,
                self.system.name()
            );
            return;
        }
        let three = |l: &Latency| format!("{:.1} / {:.1} / {:.1}", l.p50_ms, l.p95_ms, l.p99_ms);
        let converged = match (&self.hash, self.drained_ms) {
            (Some(hash), Some(ms)) => format!("{hash} after {ms:.0} ms"),
            _ => "no".to_owned(),
        };
        println!(
            "| {} | {} | {} | {} | {:.1}, {:.1} | {:.2}+{:.2}+{:.2} | {:.0}, {:.0} | {:.2} | {converged} |",
            self.row,
            self.system.name(),
            three(&self.ack),
            three(&self.broadcast),
            self.server_cpu_s_per_100k,
            self.redis_cpu_s_per_100k,
            self.server_cores,
            self.redis_cores,
            self.driver_cores,
            self.rss_end_mib,
            self.rss_per_socket_kib,
            self.driver_late.p99_ms,
        );
    }
}
