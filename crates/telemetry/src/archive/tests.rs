//! What is kept comes back: after restarts, torn writes, clocks that jump.

mod entered_anew;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

fn name(name: &str) -> Arc<str> {
    Arc::from(name)
}

fn row(second: u64, values: &[(&str, f64)]) -> Row {
    let values = values.iter().map(|(key, value)| (name(key), *value));
    Row {
        second,
        values: values.collect(),
    }
}

fn query(names: &[&str], from_s: u64, to_s: u64, steps_max: u32) -> RangeQuery {
    RangeQuery {
        names: names.iter().map(|key| name(key)).collect(),
        from_ms: from_s * 1000,
        to_ms: to_s * 1000,
        steps_max,
    }
}

fn open(folder: &Path) -> Archive {
    let archive = Archive::open(ArchiveSettings::in_folder(folder));
    assert!(
        matches!(archive.place(), Place::Folder(_)),
        "{:?}",
        archive.place()
    );
    archive
}

/// The values of one series that are there, with their seconds.
fn values(archive: &Archive, key: &str, from_s: u64, to_s: u64) -> Vec<(u64, f64)> {
    let range = archive.range(&query(&[key], from_s, to_s, 2000), &[]);
    let bins = range.at.iter().zip(&range.series[0]);
    bins.filter_map(|(at, bin)| Some((at / 1000, (*bin)?.mean)))
        .collect()
}

#[test]
fn what_was_appended_is_there_after_a_restart_and_gaps_stay_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = open(folder.path());
    archive
        .append(&[row(100, &[("a", 1.5), ("b", 7.0)]), row(101, &[("a", 2.5)])])
        .unwrap();
    archive
        .append(&[row(104, &[("a", 4.0), ("c", 9.0)])])
        .unwrap();
    drop(archive);

    let mut archive = open(folder.path());
    archive
        .append(&[row(105, &[("c", 1.0), ("d", 2.0)])])
        .unwrap();
    assert_eq!(
        values(&archive, "a", 90, 110),
        [(100, 1.5), (101, 2.5), (104, 4.0)]
    );
    assert_eq!(values(&archive, "b", 90, 110), [(100, 7.0)]);
    assert_eq!(values(&archive, "c", 90, 110), [(104, 9.0), (105, 1.0)]);
    assert_eq!(values(&archive, "d", 90, 110), [(105, 2.0)]);
    assert_eq!(values(&archive, "unknown", 90, 110), []);
    let range = archive.range(
        &query(&["a", "b", "a"], 90, 110, 2000),
        &[row(106, &[("a", 8.0)])],
    );
    assert_eq!(range.since_ms, Some(100_000));
    assert_eq!(range.at.len(), 21);
    assert_eq!(range.series[0], range.series[2]);
    assert_eq!(
        range.series[0][16],
        Some(Bin::of(8.0)),
        "what is not written yet counts"
    );
}

/// Every place at which a crash can cut the last write.
#[test]
fn a_torn_write_costs_nothing_that_was_there_before() {
    let folder = tempfile::tempdir().unwrap();
    let segment = folder.path().join("full-0000000000.segment");
    let mut archive = open(folder.path());
    archive
        .append(&[row(1, &[("a", 1.25), ("b", 3.0)])])
        .unwrap();
    archive.append(&[row(2, &[("a", 2.25)])]).unwrap();
    let whole = fs::read(&segment).unwrap().len();
    archive
        .append(&[row(3, &[("a", 3.25), ("new", 1.0)])])
        .unwrap();
    drop(archive);
    let bytes = fs::read(&segment).unwrap();
    assert!(bytes.len() > whole);
    for cut in whole..bytes.len() {
        fs::write(&segment, &bytes[..cut]).unwrap();
        let mut archive = open(folder.path());
        assert_eq!(
            values(&archive, "a", 0, 10),
            [(1, 1.25), (2, 2.25)],
            "cut at {cut}"
        );
        archive
            .append(&[row(4, &[("a", 4.25), ("new", 5.0)])])
            .unwrap();
        assert_eq!(
            values(&archive, "a", 0, 10),
            [(1, 1.25), (2, 2.25), (4, 4.25)],
            "what is written behind a torn end is found; cut at {cut}"
        );
        assert_eq!(values(&archive, "new", 0, 10), [(4, 5.0)], "cut at {cut}");
    }
}

#[test]
fn a_damaged_middle_costs_its_block_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = open(folder.path());
    for second in 1..=3 {
        archive.append(&[row(second, &[("a", 1.0)])]).unwrap();
    }
    drop(archive);
    let segment = folder.path().join("full-0000000000.segment");
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() - 25;
    bytes[middle] ^= 0xff;
    fs::write(&segment, &bytes).unwrap();
    let left = values(&open(folder.path()), "a", 0, 10);
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn an_hour_that_a_crash_left_unthinned_is_thinned_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = open(folder.path());
    archive
        .append(&[row(10, &[("a", 1.0)]), row(11, &[("a", 5.0)])])
        .unwrap();
    archive.append(&[row(HOUR_S + 10, &[("a", 2.0)])]).unwrap();
    drop(archive);
    fs::remove_file(folder.path().join("thin-0000000000.segment")).unwrap();
    drop(open(folder.path()));
    // Without its seconds, the minutes are all that is known of the first hour.
    fs::remove_file(folder.path().join("full-0000000000.segment")).unwrap();
    let archive = open(folder.path());
    let range = archive.range(&query(&["a"], 0, 2 * HOUR_S, 2000), &[]);
    assert_eq!(range.step_ms, 60_000, "seconds would be full of holes");
    let bin = range.series[0][0].unwrap();
    assert_eq!((bin.min, bin.mean, bin.max, bin.count), (1.0, 3.0, 5.0, 2));
    assert_eq!(range.series[0][60], Some(Bin::of(2.0)));
    assert_eq!(range.since_ms, Some(0));
}

#[test]
fn the_oldest_goes_first_and_bytes_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ArchiveSettings {
        full_hours: 3,
        thin_days: 2,
        ..ArchiveSettings::in_folder(folder.path())
    };
    let mut archive = Archive::open(settings.clone());
    for hour in 0..100 {
        archive
            .append(&[row(hour * HOUR_S + 5, &[("a", 1.0)])])
            .unwrap();
    }
    let count = |archive: &Archive, wanted: fn(&SegmentId) -> bool| {
        archive
            .segments
            .sizes()
            .keys()
            .filter(|id| wanted(id))
            .count()
    };
    assert_eq!(count(&archive, |id| matches!(id, SegmentId::Full(_))), 4);
    assert_eq!(count(&archive, |id| matches!(id, SegmentId::Thin(_))), 3);
    // Days 2, 3 and 4 of minutes are left.
    let range = archive.range(&query(&["a"], 0, 100 * HOUR_S, 2000), &[]);
    assert_eq!(range.series[0].iter().flatten().count(), 100 - 48);
    assert_eq!(range.since_ms, Some(48 * HOUR_S * 1000));

    drop(archive);
    let bytes_max = 4_000;
    let mut archive = Archive::open(ArchiveSettings {
        bytes_max,
        ..settings
    });
    let wide: Vec<String> = (0..60).map(|column| format!("series-{column}")).collect();
    for second in 0..500_u32 {
        let values: Vec<(&str, f64)> = wide
            .iter()
            .map(|key| (key.as_str(), f64::from(second).sqrt()))
            .collect();
        let at = 200 * HOUR_S + u64::from(second) * 60;
        archive.append(&[row(at, &values)]).unwrap();
    }
    for (kind, writing) in [("full", 208), ("thin", 8)] {
        let sizes = archive.segments.sizes();
        let older = sizes.iter().filter(|(id, _)| match id {
            SegmentId::Full(hour) => kind == "full" && *hour != writing,
            SegmentId::Thin(day) => kind == "thin" && *day != writing,
        });
        let bytes: u64 = older.map(|(_, size)| size).sum();
        assert!(bytes <= bytes_max, "{kind}: {bytes}");
    }
}

#[test]
fn a_clock_that_jumps_erases_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = open(folder.path());
    let now = 1_700_000_000;
    archive
        .append(&[row(now, &[("a", 1.0)]), row(now + 1, &[("a", 2.0)])])
        .unwrap();
    // Two seconds back, ten years on, back to 1970, and right again.
    archive
        .append(&[row(now - 1, &[("a", 3.0)]), row(now, &[("a", 5.0)])])
        .unwrap();
    archive
        .append(&[row(now + 315_360_000, &[("a", 9.0)])])
        .unwrap();
    archive.append(&[row(60, &[("a", 8.0)])]).unwrap();
    archive.append(&[row(now + 3, &[("a", 4.0)])]).unwrap();
    let expected = [(now - 1, 3.0), (now, 3.0), (now + 1, 2.0), (now + 3, 4.0)];
    assert_eq!(values(&archive, "a", now - 10, now + 10), expected);
    drop(archive);
    assert_eq!(
        values(&open(folder.path()), "a", now - 10, now + 10),
        expected
    );
    assert_eq!(values(&open(folder.path()), "a", 0, 100), [(60, 8.0)]);
}

#[test]
fn a_second_one_on_the_folder_keeps_to_its_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = open(folder.path());
    first.append(&[row(1, &[("a", 1.0)])]).unwrap();
    let mut second = Archive::open(ArchiveSettings::in_folder(folder.path()));
    let Place::Memory(reason) = second.place() else {
        panic!("two writers on one folder");
    };
    assert!(reason.contains("another process"), "{reason}");
    second.append(&[row(2, &[("a", 2.0)])]).unwrap();
    assert_eq!(values(&second, "a", 0, 9), [(2, 2.0)]);
    assert_eq!(values(&first, "a", 0, 9), [(1, 1.0)]);
    drop(first);
    assert_eq!(values(&open(folder.path()), "a", 0, 9), [(1, 1.0)]);
}

#[test]
fn a_folder_that_cannot_be_made_is_no_reason_not_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let archive = Archive::open(ArchiveSettings::in_folder(file.join("metrics")));
    assert!(matches!(archive.place(), Place::Memory(_)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever was recorded, also by a clock that goes back: what minutes and longer steps say is
    /// what the values themselves say.
    #[test]
    fn thinned_history_says_what_the_values_say(
        steps in prop::collection::vec((-90..400_i64, prop::option::of(-1e6..1e6_f64)), 1..200),
        step_s in prop::sample::select(vec![60_u64, 300, 3600]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = open(folder.path());
        let (mut second, mut rows) = (1_000_000_i64, Vec::new());
        for (gap, value) in &steps {
            second += gap;
            let values: Vec<_> = value.map(|value| ("a", value)).into_iter().collect();
            rows.push(row(second.unsigned_abs(), &values));
        }
        for part in rows.chunks(7) {
            archive.append(part).unwrap();
        }
        // So that all hours but this one are thinned.
        archive.append(&[row(10_000_000, &[])]).unwrap();
        let mut expected: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for row in &rows {
            for (_, value) in &row.values {
                expected.entry(row.second / step_s * step_s).or_default().push(*value);
            }
        }
        let (from, to) = (900_000, 1_100_000);
        let steps_max = u32::try_from((to - from) / step_s + 2).unwrap();
        let range = archive.range(&query(&["a"], from, to, steps_max), &[]);
        prop_assert_eq!(range.step_ms, step_s * 1000);
        let found: BTreeMap<u64, Bin> = range.at.iter().zip(&range.series[0])
            .filter_map(|(at, bin)| Some((at / 1000, (*bin)?)))
            .collect();
        prop_assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (at, values) in &expected {
            let bin = found[at];
            prop_assert_eq!(bin.count, values.len() as u64);
            prop_assert_eq!(bin.min, values.iter().copied().fold(f64::INFINITY, f64::min));
            prop_assert_eq!(bin.max, values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            prop_assert!((bin.mean - mean).abs() < 1e-6, "{} {}", bin.mean, mean);
        }
    }
}

#[tokio::test]
async fn the_recorder_keeps_what_it_was_told_before_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = crate::TaskRegistry::default();
    let token = tokio_util::sync::CancellationToken::new();
    let settings = ArchiveSettings::in_folder(folder.path());
    let recorder = Recorder::start(settings, &tasks, token.clone());
    let values = [(name("a"), 1.0), (name("b"), f64::NAN)];
    recorder.record(5_500, values.into_iter());
    let range = recorder
        .range(query(&["a", "b"], 0, 10, 100))
        .await
        .unwrap();
    assert_eq!(range.series[0][5], Some(Bin::of(1.0)));
    assert_eq!(range.series[1], vec![None; 11]);
    recorder.record(6_000, [(name("a"), 2.0)].into_iter());
    token.cancel();
    tasks
        .ended(std::time::Duration::from_secs(10))
        .await
        .unwrap();
    drop(recorder);
    assert_eq!(
        super::tests::values(&open(folder.path()), "a", 0, 10),
        [(5, 1.0), (6, 2.0)]
    );
}

/// Prints how large a month is and how long it takes to read.
#[test]
#[ignore = "a measurement: cargo test --release -p graphy-telemetry --lib month -- --ignored --nocapture"]
#[expect(
    clippy::too_many_lines,
    reason = "a measurement from its first step to its last"
)]
fn a_month_of_sixty_series() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = open(folder.path());
    let keys: Vec<Arc<str>> = (0..60)
        .map(|column| name(&format!("series-{column}")))
        .collect();
    let days = 31;
    let mut state = 1_u64;
    for minute in 0..days * 24 * 60_u64 {
        // Full seconds for the last day, one row in 20 s before, or it would take too long to make.
        let step = if minute >= (days - 1) * 24 * 60 {
            1
        } else {
            20
        };
        let rows: Vec<Row> = (0..60)
            .step_by(step)
            .map(|second| Row {
                second: minute * 60 + second as u64,
                values: keys
                    .iter()
                    .enumerate()
                    .map(|(column, key)| {
                        state = state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1);
                        // A third stands still, a third counts, a third is noise.
                        let value = match column % 3 {
                            0 => 1.0,
                            1 => (state >> 52) as f64,
                            _ => (state >> 11) as f64 / 1e6,
                        };
                        (Arc::clone(key), value)
                    })
                    .collect(),
            })
            .collect();
        for part in rows.chunks(5) {
            archive.append(part).unwrap();
        }
    }
    let sizes = archive.segments.sizes();
    let bytes = |wanted: fn(&SegmentId) -> bool| -> u64 {
        sizes
            .iter()
            .filter(|(id, _)| wanted(id))
            .map(|(_, size)| size)
            .sum()
    };
    tracing::info!("measured");
    let now = days * 86_400;
    let mut report = format!(
        "seconds {} bytes, minutes {} bytes",
        bytes(|id| matches!(id, SegmentId::Full(_))),
        bytes(|id| matches!(id, SegmentId::Thin(_)))
    );
    for (what, from) in [
        ("30 days", now - 30 * 86_400),
        ("24 h", now - 86_400),
        ("1 h", now - 3600),
    ] {
        let started = std::time::Instant::now();
        let asked = RangeQuery {
            names: keys[..10].to_vec(),
            from_ms: from * 1000,
            to_ms: now * 1000,
            steps_max: 600,
        };
        let range = archive.range(&asked, &[]);
        let found = range.series.iter().flatten().flatten().count();
        report.push_str(&format!(
            "; {what} x 10 series: {found} steps of {} s in {:?}",
            range.step_ms / 1000,
            started.elapsed()
        ));
    }
    let started = std::time::Instant::now();
    drop(archive);
    let opened = open(folder.path());
    report.push_str(&format!("; opened in {:?}", started.elapsed()));
    drop(opened);
    fs::write(
        std::env::temp_dir().join("graphy-history-measure.txt"),
        report,
    )
    .unwrap();
}
