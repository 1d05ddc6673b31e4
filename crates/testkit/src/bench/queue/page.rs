//! The section of `docs/performance.md` that a run writes.

use super::results::{Record, Results};
use super::{Part, System};
use crate::bench::written::write_section;

/// How many times as fast as Node's BullMQ jobs are to be.
const JOBS_AIM: f64 = 1.3;
/// The same for commands.
const COMMANDS_AIM: f64 = 5.0;
/// What watching the queues may take of one core of Redis, in per cent.
const CONSOLE_AIM: f64 = 2.0;

/// Writes the section anew.
pub(super) fn write(results: &Results) -> anyhow::Result<()> {
    write_section("queue", &section(results))
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
    if let Some(note) = &results.note {
        text.push_str(&format!("{note}\n\n"));
    }
    for (title, part) in [
        ("**Jobs that do nothing**", Part::Jobs),
        (
            "**Commands of editors, from their door to the graph**",
            Part::Commands,
        ),
        (
            "**How long after their time jobs begin**, fsync everysec, each system at parts of its \
             own saturation",
            Part::Latency,
        ),
    ] {
        let records = results.of(part);
        if !records.is_empty() {
            text.push_str(&format!("{title}\n\n{}\n", table(&records)));
        }
    }
    text.push_str(&console(&results.of(Part::Console)));
    text.push_str("### The queue against its aims\n\n");
    text.push_str(&aims(results));
    text
}

fn console(records: &[&Record]) -> String {
    if records.is_empty() {
        return String::new();
    }
    let mut text =
        "**What 20 queues with 100 000 jobs cost, and who watches them**, above the same \
         node without them\n\n\
         | what | polls per s | Redis, % of a core | node, % of a core |\n|---|---|---|---|\n"
            .to_owned();
    for record in records {
        text.push_str(&format!(
            "| {} | {:.1} | {:.2} | {:.2} |\n",
            record.row,
            record.jobs as f64 / record.seconds,
            record.redis_cpu_us * record.per_second / 1e4,
            record.client_cpu_us * record.per_second / 1e4,
        ));
    }
    text.push('\n');
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

/// An aim that two records are held against.
struct Aim {
    ours: Record,
    theirs: Record,
    ratio: f64,
}

impl Aim {
    fn is_reached(&self) -> bool {
        self.ours.per_second >= self.theirs.per_second * self.ratio
    }

    fn line(&self) -> String {
        let verdict = if self.is_reached() {
            "reached"
        } else {
            "**missed**"
        };
        format!(
            "| {}, fsync {} ≥ {} × | {:.0} | {:.0} | {:.1} × | {verdict} |\n",
            self.ours.row,
            self.ours.fsync,
            self.ratio,
            self.ours.per_second,
            self.theirs.per_second,
            self.ours.per_second / self.theirs.per_second,
        )
    }

    /// Says where the time of a missed aim goes.
    fn reason(&self) -> String {
        if self.ours.part == Part::Commands {
            return self.reason_of_commands();
        }
        let whole = |record: &Record| 1e6 / record.per_second;
        let cores = |record: &Record| {
            record.per_second * (record.redis_cpu_us + record.client_cpu_us) / 1e6
        };
        format!(
            "\nMissed: *{}, fsync {}*. One takes {:.0} µs here, {:.0} µs at Node; Redis alone works {:.0} \
             and {:.0} µs for it, which no client changes: both run the same scripts of BullMQ for a \
             job. The processes took {:.1} and {:.1} of the two cores together with Redis{}.\n",
            self.ours.row,
            self.ours.fsync,
            whole(&self.ours),
            whole(&self.theirs),
            self.ours.redis_cpu_us,
            self.theirs.redis_cpu_us,
            cores(&self.ours),
            cores(&self.theirs),
            if self.ours.fsync == "always" {
                ", and each write waits for the disk at both"
            } else {
                ""
            },
        )
    }
}

impl Aim {
    /// The same of commands, where the driver is one more program on the cores.
    fn reason_of_commands(&self) -> String {
        let (ours, theirs) = (&self.ours, &self.theirs);
        let each = |record: &Record| record.redis_cpu_us + record.client_cpu_us;
        format!(
            "\nMissed: *{}, fsync {}*. One takes {:.0} µs of Redis and {:.0} µs of the node, {:.1} of the \
             cores at this rate; the rest was left to the driver, which is not counted, to waiting, and \
             to what else ran. At Node one takes {:.0} µs of Redis and {:.0} µs of producer and worker, \
             {:.1} × the CPU, for a write that decides nothing and keeps no outcome.\n",
            ours.row,
            ours.fsync,
            ours.redis_cpu_us,
            ours.client_cpu_us,
            ours.per_second * each(ours) / 1e6,
            theirs.redis_cpu_us,
            theirs.client_cpu_us,
            each(theirs) / each(ours),
        )
    }
}

/// Pairs the records of a part that have an aim.
fn pairs(results: &Results, part: Part, ratio: f64) -> Vec<Aim> {
    let all = results.of(part);
    let ours = all.iter().filter(|one| one.system == System::Ours);
    ours.filter_map(|ours| {
        // The Node side has one row of commands for all doors.
        let same = |one: &&&Record| {
            one.system == System::Node
                && one.fsync == ours.fsync
                && (part == Part::Commands || one.row == ours.row)
        };
        let theirs = all.iter().find(same)?;
        Some(Aim {
            ours: Record::clone(ours),
            theirs: Record::clone(theirs),
            ratio,
        })
    })
    .collect()
}

fn aims(results: &Results) -> String {
    let mut text =
        "| aim, per second | Graphy | Node BullMQ | ratio | |\n|---|---|---|---|---|\n".to_owned();
    let mut aims = pairs(results, Part::Jobs, JOBS_AIM);
    aims.extend(pairs(results, Part::Commands, COMMANDS_AIM));
    for aim in &aims {
        text.push_str(&aim.line());
    }
    let console = results.of(Part::Console);
    let costs = console
        .iter()
        .map(|one| one.redis_cpu_us * one.per_second / 1e4);
    if let Some(cost) = costs.reduce(f64::max) {
        let verdict = if cost < CONSOLE_AIM {
            "reached"
        } else {
            "**missed**"
        };
        text.push_str(&format!(
            "| watching costs Redis < {CONSOLE_AIM} % of a core | {cost:.2} % | – | – | {verdict} |\n"
        ));
    }
    for aim in aims.iter().filter(|aim| !aim.is_reached()) {
        text.push_str(&aim.reason());
    }
    text
}
