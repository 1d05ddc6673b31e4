//! Many whole deployments in virtual time: no acknowledged operation is lost or applied twice,
//! whatever fails.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use graphy_testkit::simulator::{Broken, Bug, Tally, run};

/// How many fresh seeds each run of the suite tries, unless `GRAPHY_TEST_SEEDS` says otherwise.
const FRESH_SEEDS: u64 = 2000;

/// Seeds that once found something, and what.
const FOUND: &[u64] = &[];

fn seeds(from: u64, count: u64, bug: Bug) -> (Tally, Vec<Broken>) {
    let next = AtomicU64::new(0);
    let results = Mutex::new((Tally::default(), Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    let result = run(from.wrapping_add(at), bug);
                    let mut results = results.lock().unwrap();
                    match result {
                        Ok(tally) => results.0.add(tally),
                        Err(broken) => results.1.push(*broken),
                    }
                }
            });
        }
    });
    results.into_inner().unwrap()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn nothing_is_lost_doubled_or_left_behind() {
    let fresh = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::try_from(now.as_nanos() & 0xffff_ffff_ffff).unwrap()
    };
    let from = number("GRAPHY_TEST_SEED").unwrap_or_else(fresh);
    let count = number("GRAPHY_TEST_SEEDS").unwrap_or(FRESH_SEEDS);
    let (tally, broken) = seeds(from, count, Bug::None);
    println!("seeds {from}..{}: {tally:?}", from.wrapping_add(count));
    assert!(
        broken.is_empty(),
        "{} seeds, the first: {}",
        broken.len(),
        broken[0]
    );
    // A run in which little happens proves little.
    assert!(tally.versions > 10 * count, "{tally:?}");
    for (what, times) in [
        ("rejected", tally.rejected),
        ("undone", tally.undone),
        ("duplicates", tally.duplicates),
        ("cuts", tally.cuts),
        ("kills", tally.kills),
        ("lost news", tally.lost_news),
        ("lost replies", tally.lost_replies),
        ("restarts", tally.restarts),
        ("full syncs", tally.full_syncs),
    ] {
        assert!(times > count / 4, "{what}: {tally:?}");
    }
    assert!(
        tally.epochs > count / 50 && tally.resyncs > count / 50,
        "{tally:?}"
    );
}

#[test]
fn seeds_that_once_found_something_are_kept() {
    for seed in FOUND {
        run(*seed, Bug::None).unwrap();
    }
}

#[test]
fn planted_bugs_are_found() {
    for bug in [
        Bug::AckBeforeApply,
        Bug::NoDedupe,
        Bug::NoGapCheck,
        Bug::NoRevert,
        Bug::UndoForgetsOthers,
    ] {
        let (_, broken) = seeds(1, 60, bug);
        println!(
            "{bug:?}: {} of 60, such as: {:?}",
            broken.len(),
            broken.first()
        );
        assert!(!broken.is_empty(), "{bug:?} was not found");
    }
}
