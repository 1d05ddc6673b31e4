//! The section of `docs/performance.md` that a run writes.

use std::collections::BTreeSet;

use super::reasons::{Figure, aims, behind};
use super::record::{Latency, Record};
use super::results::Results;
use super::rows::ROWS;
use super::systems::System;
use crate::bench::written::write_section;

/// Writes the section anew.
pub(super) fn write(results: &Results) -> anyhow::Result<()> {
    write_section("sync", &section(results))
}

fn section(results: &Results) -> String {
    let days: BTreeSet<&str> = results
        .records
        .iter()
        .map(|record| record.measured.as_str())
        .collect();
    let days: Vec<&str> = days.into_iter().collect();
    let longest = results
        .records
        .iter()
        .map(|record| record.seconds)
        .fold(0.0, f64::max);
    format!(
        "Measured on {} with `cargo xtask bench sync`, the main rows for {longest:.0} s after a \
         warm-up of 4 s. Machine: {}. {}. Servers, Redis and the driver share the machine's \
         cores; what each takes is given.\n\n\
         ![Broadcast latency of each system in each row](images/bench-sync-latency.svg)\n\n\
         ![CPU of servers and Redis per 100 000 moves](images/bench-sync-cpu.svg)\n\n\
         ![Memory per socket](images/bench-sync-memory.svg)\n\n\
         {}\n### Peers against Graphy\n\nHow many times more than Graphy a peer needs; below 1 it \
         is ahead.\n\n{}\n### Against the aims\n\n{}\n### Where a peer is ahead\n\n{}",
        days.join(", "),
        results.machine,
        results.versions,
        tables(results),
        ratios(results),
        aims(results),
        behind(results),
    )
}

fn tables(results: &Results) -> String {
    let mut text = String::new();
    for row in ROWS {
        let records: Vec<&Record> = results
            .records
            .iter()
            .filter(|record| record.row == row.id)
            .collect();
        if records.is_empty() {
            continue;
        }
        text.push_str(&format!("**{}** (`{}`)\n\n", row.what, row.id));
        let columns = Column::of(row.sockets(), row.editors);
        let titles: Vec<&str> = columns.iter().map(|column| column.title()).collect();
        text.push_str(&format!(
            "| system | {} |\n|---{}|\n",
            titles.join(" | "),
            "|---".repeat(titles.len())
        ));
        for record in records {
            text.push_str(&line(record, &columns));
        }
        text.push_str(&notes(results, row.id));
        text.push('\n');
    }
    text
}

/// A column of a row's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Durability,
    Ack,
    Broadcast,
    Cpu,
    Cores,
    Memory,
    PerSocket,
    Equal,
}

impl Column {
    /// Returns the columns that say something of such a row.
    fn of(sockets: usize, editors: usize) -> Vec<Self> {
        use Column::{Ack, Broadcast, Cores, Cpu, Durability, Equal, Memory, PerSocket};
        let mut columns = vec![
            Durability, Ack, Broadcast, Cpu, Cores, Memory, PerSocket, Equal,
        ];
        columns.retain(|column| match column {
            Durability | Ack | Broadcast | Cpu => editors > 0,
            PerSocket => sockets >= 1000,
            Cores | Memory | Equal => true,
        });
        columns
    }

    fn title(self) -> &'static str {
        match self {
            Self::Durability => "an acknowledged move is",
            Self::Ack => "ack p50 / p95 / p99 ms",
            Self::Broadcast => "broadcast p50 / p95 / p99 ms",
            Self::Cpu => "CPU s/100k: server, Redis",
            Self::Cores => "cores: server, Redis, driver",
            Self::Memory => "memory MiB",
            Self::PerSocket => "KiB a socket",
            Self::Equal => "all equal",
        }
    }

    fn text(self, record: &Record) -> String {
        let latency = |latency: &Latency| {
            format!(
                "{:.1} / {:.1} / {:.1}",
                latency.p50_ms, latency.p95_ms, latency.p99_ms
            )
        };
        match self {
            Self::Durability => record.durability.clone(),
            Self::Ack => latency(&record.ack),
            Self::Broadcast => latency(&record.broadcast),
            Self::Cpu => format!(
                "{:.0}, {:.0}",
                record.server_cpu_s_per_100k, record.redis_cpu_s_per_100k
            ),
            Self::Cores => format!(
                "{:.2}, {:.2}, {:.2}",
                record.server_cores, record.redis_cores, record.driver_cores
            ),
            Self::Memory => format!("{:.0}", record.rss_end_mib),
            Self::PerSocket => format!("{:.0}", record.rss_per_socket_kib),
            Self::Equal if record.hash.is_some() => "yes".to_owned(),
            Self::Equal => "**no**".to_owned(),
        }
    }
}

fn line(record: &Record, columns: &[Column]) -> String {
    let system = record.system.name();
    if let Some(failure) = &record.failure {
        let rest = " |".repeat(columns.len() - 1);
        return format!(
            "| {system} | no figures: {} |{rest}\n",
            failure.replace('|', "/")
        );
    }
    let cells: Vec<String> = columns.iter().map(|column| column.text(record)).collect();
    format!("| {system} | {} |\n", cells.join(" | "))
}

/// Says what a row has besides.
fn notes(results: &Results, row: &str) -> String {
    let mut parts = Vec::new();
    for record in results.records.iter().filter(|record| record.row == row) {
        let name = record.system.name();
        if row == "churn" && record.resume.count > 0 {
            parts.push(format!(
                "{name}: {} connections lost, up to date again after {:.1} ms (p50), {:.1} ms (max)",
                record.resume.count, record.resume.p50_ms, record.resume.max_ms
            ));
        }
        if row == "slow-reader" && record.counts() {
            parts.push(format!(
                "{name}: the slow reader was sent away {} times",
                record.slow_reader_closed
            ));
        }
        if record.counts() && record.drained_ms.is_some_and(|ms| ms > 500.0) {
            parts.push(format!(
                "{name} did not keep up: it went on for {:.1} s after the last move",
                record.drained_ms.unwrap_or_default() / 1000.0
            ));
        }
    }
    if parts.is_empty() {
        return String::new();
    }
    format!("\n{}.\n", parts.join("; "))
}

fn ratios(results: &Results) -> String {
    let mut text = "| row | peer |".to_owned();
    for figure in Figure::ALL {
        text.push_str(&format!(" {} |", figure.name()));
    }
    text.push_str("\n|---|---|---|---|---|---|\n");
    for record in &results.records {
        let Some(ours) = results.find(&record.row, System::Graphy) else {
            continue;
        };
        if record.system == System::Graphy || !record.counts() {
            continue;
        }
        text.push_str(&format!("| `{}` | {} |", record.row, record.system.name()));
        for figure in Figure::ALL {
            let ratio = figure
                .of(record)
                .zip(figure.of(ours))
                .filter(|(_, ours)| *ours > 0.0)
                .map_or("–".to_owned(), |(theirs, ours)| {
                    let ratio = theirs / ours;
                    let digits = if ratio < 10.0 { 1 } else { 0 };
                    format!("{ratio:.digits$}×")
                });
            text.push_str(&format!(" {ratio} |"));
        }
        text.push('\n');
    }
    text
}
