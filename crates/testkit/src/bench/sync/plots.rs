//! The pictures of the results.

use super::record::Record;
use super::results::Results;
use super::rows::ROWS;
use super::systems::System;
use crate::bench::chart::{Bar, Chart, Form, GRAPHY, Group, Ink, OTHER, SECOND, THIRD};

fn ink_of(system: System) -> &'static Ink {
    match system {
        System::Graphy => &GRAPHY,
        System::Sharedb => &OTHER,
        System::SharedbMemory => &SECOND,
        System::Hocuspocus => &THIRD,
    }
}

/// Draws all pictures.
pub(super) fn draw(results: &Results) -> anyhow::Result<()> {
    let moving = |record: &Record| record.moves > 0 && record.row != "active";
    Chart {
        file: "bench-sync-latency",
        title: "From the time a move was due until another client had it",
        legend: "milliseconds, logarithmic; dots at p50, p95 and p99",
        form: Form::Dots,
    }
    .draw(&groups(results, moving, |record| {
        let latency = &record.broadcast;
        vec![latency.p50_ms, latency.p95_ms, latency.p99_ms]
    }))?;
    Chart {
        file: "bench-sync-cpu",
        title: "CPU time per 100 000 moves",
        legend: "seconds; full: servers, faint: Redis",
        form: Form::Bars,
    }
    .draw(&groups(results, moving, |record| {
        let server = record.server_cpu_s_per_100k;
        vec![server, server + record.redis_cpu_s_per_100k]
    }))?;
    Chart {
        file: "bench-sync-memory",
        title: "Memory of the server per socket",
        legend: "KiB",
        form: Form::Bars,
    }
    .draw(&groups(
        results,
        |record| record.sockets >= 1000,
        |record| vec![record.rss_per_socket_kib],
    ))
}

/// Puts the records of each row together that have something to show.
fn groups(
    results: &Results,
    shown: impl Fn(&Record) -> bool,
    marks: impl Fn(&Record) -> Vec<f64>,
) -> Vec<Group> {
    let of_row = |row: &super::Row| {
        let records = results.records.iter();
        let records = records.filter(|one| one.row == row.id && one.counts() && shown(one));
        let bars = records.map(|record| Bar {
            label: record.system.name().to_owned(),
            ink: ink_of(record.system),
            marks: marks(record),
        });
        Group {
            name: row.id.to_owned(),
            bars: bars.collect(),
        }
    };
    let groups = ROWS.iter().map(of_row);
    groups.filter(|group| !group.bars.is_empty()).collect()
}
