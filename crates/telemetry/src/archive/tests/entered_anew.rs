//! Hours that a clock leaves and goes back into.

use super::*;

/// The steps of a minute that hold something of one series, with their counts.
fn minutes(archive: &Archive, key: &str, to_s: u64) -> Vec<(u64, u64)> {
    let range = archive.range(&query(&[key], 0, to_s, 200), &[]);
    assert_eq!(range.step_ms, 60_000);
    let bins = range.at.iter().zip(&range.series[0]);
    bins.filter_map(|(at, bin)| Some((at / 60_000, (*bin)?.count)))
        .collect()
}

/// An hour is over and thinned, and the clock goes back into it.
fn with_an_hour_entered_anew(folder: &Path) -> Archive {
    let mut archive = open(folder);
    archive.append(&[row(10, &[("a", 1.0)])]).unwrap();
    archive.append(&[row(HOUR_S + 10, &[("a", 2.0)])]).unwrap();
    archive
        .append(&[row(11, &[("a", 3.0)]), row(130, &[("a", 4.0), ("b", 5.0)])])
        .unwrap();
    archive
}

#[test]
fn an_hour_that_is_entered_anew_shows_what_is_added_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = with_an_hour_entered_anew(folder.path());
    let expected = [(0, 2), (2, 1), (60, 1)];
    assert_eq!(minutes(&archive, "a", 2 * HOUR_S), expected);
    assert_eq!(minutes(&archive, "b", 2 * HOUR_S), [(2, 1)]);
    // Also in the hour that the clock had left last: it is the newest, and none enters it.
    drop(archive);
    archive = open(folder.path());
    archive.append(&[row(HOUR_S + 70, &[("a", 2.0)])]).unwrap();
    let expected = [(0, 2), (2, 1), (60, 1), (61, 1)];
    assert_eq!(minutes(&archive, "a", 2 * HOUR_S), expected);
}

#[test]
fn an_hour_that_was_entered_anew_before_a_crash_is_thinned_again() {
    let folder = tempfile::tempdir().unwrap();
    drop(with_an_hour_entered_anew(folder.path()));
    let expected = [(0, 2), (2, 1), (60, 1)];
    let archive = open(folder.path());
    assert_eq!(minutes(&archive, "a", 2 * HOUR_S), expected);
    drop(archive);
    // Its minutes say so too, when its seconds are gone.
    fs::remove_file(folder.path().join("full-0000000000.segment")).unwrap();
    let archive = open(folder.path());
    assert_eq!(minutes(&archive, "a", 2 * HOUR_S), expected);
    assert_eq!(minutes(&archive, "b", 2 * HOUR_S), [(2, 1)]);
}

#[test]
fn an_hour_of_which_only_minutes_are_left_keeps_them_when_it_is_entered_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = open(folder.path());
    let values = [row(10, &[("a", 1.0)]), row(130, &[("a", 4.0), ("b", 5.0)])];
    archive.append(&values).unwrap();
    archive.append(&[row(HOUR_S + 10, &[("a", 2.0)])]).unwrap();
    drop(archive);
    fs::remove_file(folder.path().join("full-0000000000.segment")).unwrap();
    let mut archive = open(folder.path());
    archive.append(&[row(190, &[("a", 7.0)])]).unwrap();
    archive.append(&[row(HOUR_S + 11, &[("a", 2.0)])]).unwrap();
    let expected = [(0, 1), (2, 1), (3, 1), (60, 2)];
    assert_eq!(minutes(&archive, "a", 2 * HOUR_S), expected);
    assert_eq!(minutes(&archive, "b", 2 * HOUR_S), [(2, 1)]);
    drop(archive);
    assert_eq!(minutes(&open(folder.path()), "a", 2 * HOUR_S), expected);
}
