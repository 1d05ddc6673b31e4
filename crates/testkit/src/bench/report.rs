//! Tables for people and JSON for programs.

use std::path::Path;

use anyhow::Context;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::meter::Reading;

/// One measurement.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    /// What was measured.
    pub(super) what: String,
    /// How many operations were carried out.
    pub(super) operations: u64,
    /// Operations per second.
    pub(super) per_second: f64,
    /// Milliseconds.
    pub(super) p50_ms: f64,
    /// Milliseconds.
    pub(super) p95_ms: f64,
    /// Milliseconds.
    pub(super) p99_ms: f64,
    /// CPU seconds of the node per 100 000 operations.
    pub(super) server_cpu_s_per_100k: f64,
    /// CPU seconds of Redis per 100 000 operations.
    pub(super) redis_cpu_s_per_100k: f64,
}

impl Row {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(super) fn new(what: String, latencies_us: &Histogram<u64>, reading: Reading) -> Self {
        let operations = latencies_us.len();
        let per_100k = |seconds: f64| seconds * 100_000.0 / operations.max(1) as f64;
        let quantile = |q| latencies_us.value_at_quantile(q) as f64 / 1000.0;
        Self {
            what,
            operations,
            per_second: operations as f64 / reading.elapsed.as_secs_f64(),
            p50_ms: quantile(0.50),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            server_cpu_s_per_100k: per_100k(reading.server_cpu_s),
            redis_cpu_s_per_100k: per_100k(reading.redis_cpu_s),
        }
    }

    /// Returns the run whose rate stands in the middle.
    pub(super) fn median(mut rows: Vec<Self>) -> Self {
        rows.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
        rows.swap_remove(rows.len() / 2)
    }
}

/// Rows as they come.
pub(super) struct Report {
    name: &'static str,
    rows: Vec<Row>,
}

#[expect(clippy::print_stdout, reason = "the output of a bench")]
impl Report {
    pub(super) fn new(name: &'static str) -> Self {
        println!(
            "| what | operations | per s | p50 ms | p95 ms | p99 ms | node CPU s/100k | Redis CPU s/100k |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        Self {
            name,
            rows: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, row: Row) {
        println!(
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            row.what,
            row.operations,
            row.per_second,
            row.p50_ms,
            row.p95_ms,
            row.p99_ms,
            row.server_cpu_s_per_100k,
            row.redis_cpu_s_per_100k
        );
        self.rows.push(row);
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/results");
        std::fs::create_dir_all(&root).context("cannot make bench/results")?;
        let path = root.join(format!("{}.json", self.name));
        let mut text = serde_json::to_string_pretty(&self.rows)?;
        text.push('\n');
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}
