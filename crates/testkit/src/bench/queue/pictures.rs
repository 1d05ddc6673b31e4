//! The pictures of the results.

use super::results::{Record, Results};
use super::{Part, System};
use crate::bench::chart::{Bar, Chart, Form, GRAPHY, Group, OTHER};

/// Draws all pictures.
pub(super) fn draw(results: &Results) -> anyhow::Result<()> {
    let rated = [Part::Jobs, Part::Commands].map(|part| results.of(part));
    Chart {
        file: "bench-queue-rate",
        title: "Jobs and commands per second",
        legend: "more is better",
        form: Form::Bars,
    }
    .draw(&groups(&rated.concat(), |record| vec![record.per_second]))?;
    let waits: Vec<&Record> = results
        .of(Part::Latency)
        .into_iter()
        .filter(|record| record.latency.is_some())
        .collect();
    Chart {
        file: "bench-queue-latency",
        title: "From the time a job was due until it began",
        legend: "milliseconds, logarithmic; dots at p50, p95 and p99",
        form: Form::Dots,
    }
    .draw(&groups(&waits, |record| {
        let wait = record.latency.unwrap_or_default();
        vec![wait.p50_ms, wait.p95_ms, wait.p99_ms]
    }))
}

/// Puts records of the same row together.
fn groups(records: &[&Record], marks: impl Fn(&Record) -> Vec<f64>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for record in records {
        let name = format!("{}, {}", record.row, record.fsync);
        let (label, ink) = match record.system {
            System::Ours => (System::Ours.name(), &GRAPHY),
            System::Node => (System::Node.name(), &OTHER),
        };
        let bar = Bar {
            label: label.to_owned(),
            ink,
            marks: marks(record),
        };
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.bars.push(bar),
            None => groups.push(Group {
                name,
                bars: vec![bar],
            }),
        }
    }
    groups
}
