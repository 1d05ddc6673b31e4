//! The section of `docs/performance.md` that a run writes.

use anyhow::{Context as _, ensure};

use super::results::{Record, Results};
use super::{Part, System};
use crate::bench::machine::root;

const BEGIN: &str = "<!-- bench queue: begin; `cargo xtask bench queue` writes what follows -->";
const END: &str = "<!-- bench queue: end -->";

/// How many times as fast as Node's BullMQ jobs are to be.
const JOBS_AIM: f64 = 1.3;
/// The same for commands.
const COMMANDS_AIM: f64 = 5.0;
/// What watching the queues may take of one core of Redis, in per cent.
const CONSOLE_AIM: f64 = 2.0;

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
    let day = results.records.first().map_or("–", |one| &one.measured);
    let loads = results.records.iter().map(|record| record.load_average);
    let (low, high) = loads.fold((f64::MAX, 0.0), |(low, high), one| {
        (f64::min(low, one), f64::max(high, one))
    });
    let mut text = format!(
        "Measured on {day} with `cargo xtask bench queue`. Machine: {}. {}. Redis, workers and \
         producers share the cores; the machine's load average at the ends of the rows was {low:.1} \
         to {high:.1}. Each row of jobs and commands is the median of three runs, the systems \
         taking turns.\n\n\
         ![Jobs and commands per second](images/bench-queue-rate.svg)\n\n\
         ![How long jobs wait](images/bench-queue-latency.svg)\n\n",
        results.machine, results.versions
    );
    text.push_str("**Jobs that do nothing**\n\n");
    text.push_str(&table(&results.of(Part::Jobs)));
    text.push_str("\n**Commands of editors, from their door to the graph**\n\n");
    text.push_str(&table(&results.of(Part::Commands)));
    text.push_str(
        "\n**How long after their time jobs begin**, fsync everysec, each system at parts of its \
         own saturation\n\n",
    );
    text.push_str(&table(&results.of(Part::Latency)));
    let console = results.of(Part::Console);
    if !console.is_empty() {
        text.push_str("\n**Watching 20 queues with 100 000 jobs**\n\n");
        text.push_str(
            "| what | polls per s | Redis, % of a core | node, % of a core |\n|---|---|---|---|\n",
        );
        for record in console {
            text.push_str(&format!(
                "| {} | {:.1} | {:.2} | {:.2} |\n",
                record.row,
                record.per_second,
                record.redis_cpu_us * record.per_second / 1e4,
                record.client_cpu_us * record.per_second / 1e4,
            ));
        }
    }
    text.push_str("\n### The queue against its aims\n\n");
    text.push_str(&aims(results));
    text
}

fn table(records: &[&Record]) -> String {
    let mut text = "| what | fsync | system | per s | Redis CPU µs each | other CPU µs each | wait p50 / p95 / p99 ms |\n|---|---|---|---|---|---|---|\n".to_owned();
    for record in records {
        let client = if record.client_cpu_us > 0.0 {
            format!("{:.0}", record.client_cpu_us)
        } else {
            "–".to_owned()
        };
        text.push_str(&format!(
            "| {} | {} | {} | {:.0} | {:.1} | {client} | {} |\n",
            record.row,
            record.fsync,
            record.system.name(),
            record.per_second,
            record.redis_cpu_us,
            record.latency_text(),
        ));
    }
    text
}

fn aims(results: &Results) -> String {
    let mut text = "| aim | Graphy | Node BullMQ | ratio | |\n|---|---|---|---|---|\n".to_owned();
    let mut add = |name: &str, ours: f64, theirs: f64, aim: f64| {
        let ratio = ours / theirs;
        let verdict = if ratio >= aim {
            "reached"
        } else {
            "**missed**"
        };
        text.push_str(&format!(
            "| {name} ≥ {aim} × | {ours:.0} | {theirs:.0} | {ratio:.1} × | {verdict} |\n"
        ));
    };
    let jobs = results.of(Part::Jobs);
    for ours in jobs.iter().filter(|one| one.system == System::Ours) {
        let same = |one: &&&Record| {
            one.system == System::Node && one.row == ours.row && one.fsync == ours.fsync
        };
        if let Some(theirs) = jobs.iter().find(same) {
            let name = format!("{}, fsync {}: jobs/s", ours.row, ours.fsync);
            add(&name, ours.per_second, theirs.per_second, JOBS_AIM);
        }
    }
    let commands = results.of(Part::Commands);
    for ours in commands.iter().filter(|one| one.system == System::Ours) {
        let same = |one: &&&Record| one.system == System::Node && one.fsync == ours.fsync;
        if let Some(theirs) = commands.iter().find(same) {
            let name = format!("{}, fsync {}: commands/s", ours.row, ours.fsync);
            add(&name, ours.per_second, theirs.per_second, COMMANDS_AIM);
        }
    }
    let cost = results
        .of(Part::Console)
        .iter()
        .map(|one| one.redis_cpu_us * one.per_second / 1e4)
        .fold(None, |most: Option<f64>, one| {
            Some(most.map_or(one, |most| most.max(one)))
        });
    if let Some(cost) = cost {
        let verdict = if cost < CONSOLE_AIM {
            "reached"
        } else {
            "**missed**"
        };
        text.push_str(&format!(
            "| watching costs Redis < {CONSOLE_AIM} % of a core | {cost:.2} % | – | – | {verdict} |\n"
        ));
    }
    text
}
