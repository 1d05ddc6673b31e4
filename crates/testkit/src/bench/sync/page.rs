//! The section of `docs/performance.md` that a run writes.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};

use super::reasons::{Figure, aims, behind};
use super::record::{Latency, Record};
use super::results::{Results, root};
use super::rows::ROWS;
use super::systems::System;

const BEGIN: &str = "<!-- bench sync: begin; `cargo xtask bench sync` writes what follows -->";
const END: &str = "<!-- bench sync: end -->";

/// Writes the section anew.
pub(super) fn write(results: &Results) -> anyhow::Result<()> {
    let path = root().join("docs/performance.md");
    let text = std::fs::read_to_string(&path).context("docs/performance.md")?;
    let (before, rest) = text.split_once(BEGIN).context("the section's beginning")?;
    let (_, after) = rest.split_once(END).context("the section's end")?;
    ensure!(!after.contains(BEGIN), "two sections");
    let section = section(results);
    std::fs::write(&path, format!("{before}{BEGIN}\n\n{section}\n{END}{after}"))
        .context("docs/performance.md")
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
        text.push_str(
            "| system | what an acknowledged move survives | ack p50 / p95 / p99 ms \
             | broadcast p50 / p95 / p99 ms | server CPU s/100k | Redis CPU s/100k \
             | cores: server, Redis, driver | memory MiB | KiB a socket | all equal |\n\
             |---|---|---|---|---|---|---|---|---|---|\n",
        );
        for record in records {
            text.push_str(&line(record));
        }
        text.push_str(&notes(results, row.id));
        text.push('\n');
    }
    text
}

fn line(record: &Record) -> String {
    let system = record.system.name();
    if let Some(failure) = &record.failure {
        return format!("| {system} | no figures: {failure} | | | | | | | | no |\n");
    }
    let moved = record.moves > 0;
    let latency = |latency: &Latency| {
        if moved {
            format!(
                "{:.1} / {:.1} / {:.1}",
                latency.p50_ms, latency.p95_ms, latency.p99_ms
            )
        } else {
            "–".to_owned()
        }
    };
    let cpu = |value: f64| {
        if moved {
            format!("{value:.0}")
        } else {
            "–".to_owned()
        }
    };
    let per_socket = if record.sockets >= 1000 {
        format!("{:.0}", record.rss_per_socket_kib)
    } else {
        "–".to_owned()
    };
    format!(
        "| {system} | {} | {} | {} | {} | {} | {:.2}, {:.2}, {:.2} | {:.0} | {per_socket} | {} |\n",
        record.durability,
        latency(&record.ack),
        latency(&record.broadcast),
        cpu(record.server_cpu_s_per_100k),
        cpu(record.redis_cpu_s_per_100k),
        record.server_cores,
        record.redis_cores,
        record.driver_cores,
        record.rss_end_mib,
        if record.hash.is_some() {
            "yes"
        } else {
            "**no**"
        },
    )
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
