//! Any prefix of what a disk was asked is a disk that a crash may leave behind.

use std::collections::HashSet;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::disk::{Disk, Event, replay};
use super::{graph, heard, number_of, numbers, put, saved};
use crate::journal::{Notice, Sent};

const COMMANDS: usize = 24;

/// Queues commands one after the other and forgets every third one later on.
async fn recorded() -> Vec<Event> {
    let disk = Disk::default();
    let journal = disk.journal().unwrap();
    // An unfinished file is never used; see `JournalFile`.
    disk.note(Event::Made);
    let mut kept = journal.keep(&graph()).await.unwrap();
    let mut removed = 0;
    let mut third = None;
    for number in 0..COMMANDS {
        let (_, place) = put(&mut kept, number, Sent::No);
        saved(&mut kept).await;
        if let Some(place) = third.take() {
            kept.line.remove(place, kept.count.clone());
            removed += 1;
        }
        if number % 3 == 0 {
            third = Some(place);
        }
        let saved = number + 1;
        disk.note(Event::Told { saved, removed });
    }
    drop(kept);
    journal.close().await;
    disk.events()
}

/// Opens what a crash left, twice, and checks what is there against what was told before it.
async fn check(bytes: Vec<u8>, told: (usize, usize), what: &str) {
    let disk = Disk::of(bytes);
    let (saved, removed) = told;
    let mut before = None;
    for round in ["first", "second"] {
        let journal = disk
            .journal()
            .unwrap_or_else(|error| panic!("{what}, {round} time: {error}"));
        let kept = journal.keep(&graph()).await.unwrap();
        let found = numbers(&kept);
        assert!(found.is_sorted(), "{what}: {found:?} are out of order");
        let seqs: Vec<_> = kept.pending().map(|envelope| envelope.seq).collect();
        for envelope in kept.pending() {
            assert_eq!(envelope.seq, Some(number_of(envelope) as u64 + 1), "{what}");
        }
        let unique: HashSet<_> = found.iter().collect();
        assert_eq!(unique.len(), found.len(), "{what}: doubled in {found:?}");
        for number in 0..saved {
            let may_be_gone = number % 3 == 0 && number / 3 < removed;
            assert!(
                found.contains(&number) || may_be_gone,
                "{what}, {round} time: {number} of {saved} is lost; there are {found:?}"
            );
        }
        let next = kept.count.next_seq;
        assert!(seqs.iter().all(|seq| seq.unwrap() < next), "{what}");
        if let Some(before) = before.replace(found) {
            assert_eq!(before, numbers(&kept), "{what}: the second look differs");
        }
        drop(kept);
        journal.close().await;
    }
    assert_eq!(disk.asides(), 0, "{what}: a crash is no damage");
}

#[tokio::test]
async fn every_prefix_of_the_writes_holds_all_that_was_told() {
    let events = recorded().await;
    let mut bytes = Vec::new();
    let (mut told, mut is_made) = ((0, 0), false);
    for (index, event) in events.iter().enumerate() {
        if let (Event::Write(offset, data), true) = (event, is_made) {
            // Half of a write, at the border of a disk's sector and at an odd place.
            for cut in [data.len() / 2 / 512 * 512, data.len() / 3] {
                let mut torn = bytes.clone();
                replay(&mut torn, &Event::Write(*offset, data[..cut].to_vec()));
                check(torn, told, &format!("write {index} torn at {cut}")).await;
            }
        }
        replay(&mut bytes, event);
        match event {
            Event::Made => is_made = true,
            Event::Told { saved, removed } => told = (*saved, *removed),
            Event::SetLen(_) | Event::Write(..) | Event::Sync => {}
        }
        if is_made {
            check(bytes.clone(), told, &format!("event {index}")).await;
        }
    }
    assert_eq!(told.0, COMMANDS);
}

#[tokio::test]
async fn writes_that_were_not_synced_may_be_lost_in_any_choice() {
    let events = recorded().await;
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let made = events.iter().position(|event| matches!(event, Event::Made));
    let made = made.unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..150 {
        let end = random.random_range(made..events.len());
        let (mut synced, mut told) = (0, (0, 0));
        for (index, event) in events[..end].iter().enumerate() {
            match event {
                Event::Sync => synced = index,
                Event::Told { saved, removed } => told = (*saved, *removed),
                Event::Made | Event::SetLen(_) | Event::Write(..) => {}
            }
        }
        let mut bytes = Vec::new();
        for (index, event) in events[..end].iter().enumerate() {
            let is_kept = index <= synced || random.random_bool(0.5);
            if is_kept || matches!(event, Event::SetLen(_)) {
                replay(&mut bytes, event);
            }
        }
        check(bytes, told, &format!("seed {seed}, the first {end} events")).await;
    }
}

#[tokio::test]
async fn a_full_disk_refuses_new_commands_and_loses_none() {
    for patience in 0..8 {
        let disk = Disk::default();
        let journal = disk.journal().unwrap();
        let mut kept = journal.keep(&graph()).await.unwrap();
        put(&mut kept, 0, Sent::No);
        saved(&mut kept).await;
        disk.fail_after(Some(patience));
        put(&mut kept, 1, Sent::No);
        let first = heard(&mut kept).await;
        let was_refused = match first {
            Notice::Works(works) => {
                assert!(!works);
                let Notice::Refused { ids, reason } = heard(&mut kept).await else {
                    panic!("the command was neither kept nor refused")
                };
                assert_eq!(ids.len(), 1);
                assert!(!reason.is_empty());
                true
            }
            Notice::Saved { .. } => false,
            other => panic!("unexpected: {other:?}"),
        };
        assert!(was_refused || patience > 0, "a full disk was written to");
        disk.fail_after(None);
        put(&mut kept, 2, Sent::No);
        if was_refused {
            assert_eq!(heard(&mut kept).await, Notice::Works(true));
        }
        saved(&mut kept).await;
        drop(kept);
        journal.close().await;
        let journal = disk.journal().unwrap();
        let kept = journal.keep(&graph()).await.unwrap();
        let expected = if was_refused {
            vec![0, 2]
        } else {
            vec![0, 1, 2]
        };
        assert_eq!(numbers(&kept), expected, "after {patience} writes");
    }
}
