//! The journal in a file: whose it is, what it goes on with, and what becomes of a damaged one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use graphy_model::{GraphId, OperationId, RejectCode, Rejection};
use uuid::{NoContext, Timestamp, Uuid};

use super::{command, graph, heard, numbers, put, saved};
use crate::journal::{
    COMMANDS_MAX, Journal, JournalError, JournalFull, Notice, Parked, ROWS_BYTES_MAX, Sent, Totals,
};

#[tokio::test]
async fn a_restart_goes_on_with_name_count_and_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let journal = Journal::open(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let mut kept = journal.keep(&graph()).await.unwrap();
    let name = kept.client_id().clone();
    let places: Vec<_> = (0..5)
        .map(|number| put(&mut kept, number, Sent::No).1)
        .collect();
    kept.line.remove(places[1], kept.count.clone());
    let parked = Parked {
        envelope: command(3),
        rejection: Rejection::new(RejectCode::NotFound, "gone"),
        at_ms: 7,
    };
    kept.line
        .park(places[3], parked.clone(), kept.count.clone());
    drop(kept);
    journal.close().await;

    let journal = Journal::open(&path).unwrap();
    assert_eq!(journal.report(), &Default::default());
    assert_eq!(journal.commands(), 3);
    let other = GraphId::new("h").unwrap();
    assert_eq!(numbers(&journal.keep(&other).await.unwrap()), [0_usize; 0]);
    let mut kept = journal.keep(&graph()).await.unwrap();
    assert_eq!(kept.client_id(), &name);
    assert_eq!(numbers(&kept), [0, 2, 4]);
    let seqs: Vec<_> = kept
        .pending()
        .map(|envelope| envelope.seq.unwrap())
        .collect();
    assert_eq!((seqs, kept.count.next_seq), (vec![1, 3, 5], 6));
    assert_eq!(kept.parked(), std::slice::from_ref(&parked));
    kept.line
        .unpark(parked.envelope.operation_id, kept.count.clone());
    put(&mut kept, 5, Sent::No);
    saved(&mut kept).await;
    drop(kept);
    let kept = journal.keep(&graph()).await.unwrap();
    assert_eq!(numbers(&kept), [0, 2, 4, 5]);
    assert_eq!(kept.parked(), []);
}

#[tokio::test]
async fn a_second_window_has_a_line_of_its_own_and_leaves_its_rest_to_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let journal = Journal::open(&path).unwrap();
    let mut one = journal.keep(&graph()).await.unwrap();
    let mut two = journal.keep(&graph()).await.unwrap();
    assert_ne!(one.client_id(), two.client_id());
    let name = one.client_id().clone();
    put(&mut one, 0, Sent::No);
    let (id, _) = put(&mut two, 1, Sent::Maybe);
    put(&mut one, 2, Sent::No);
    drop((one, two));
    journal.close().await;

    let journal = Journal::open(&path).unwrap();
    let kept = journal.keep(&graph()).await.unwrap();
    assert_eq!(kept.client_id(), &name);
    assert_eq!(numbers(&kept), [0, 2, 1]);
    let adopted = kept.pending().last().unwrap();
    assert_eq!((adopted.operation_id, adopted.seq), (id, Some(3)));
    assert_eq!(adopted.client_id.as_ref(), Some(&name));
    let next = journal.keep(&graph()).await.unwrap();
    assert_eq!(numbers(&next), [0_usize; 0]);
}

#[tokio::test]
async fn two_programs_never_share_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let journal = Journal::open(&path).unwrap();
    let refused = Journal::open(&path).err().unwrap();
    assert!(matches!(refused, JournalError::Busy(_)), "{refused}");
    assert!(
        refused
            .to_string()
            .contains("another program uses the journal")
    );
    journal.close().await;
    assert!(Journal::open(&path).is_ok());
}

#[tokio::test]
async fn commands_are_marked_as_sent_and_old_unsent_ones_get_new_ids() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let journal = Journal::open(&path).unwrap();
    let mut kept = journal.keep(&graph()).await.unwrap();
    let old = Timestamp::from_unix(NoContext, 1_700_000_000, 0);
    let mut ids = Vec::new();
    for number in 0..3 {
        let mut envelope = command(number);
        envelope.operation_id = OperationId(Uuid::new_v7(old));
        kept.count.number(&mut envelope);
        ids.push(envelope.operation_id);
        let count = kept.count.clone();
        let place = kept.line.put(&envelope, Sent::No, count).unwrap();
        if number == 1 {
            let marks = vec![(place.order, envelope.operation_id)];
            kept.line.mark_sent(marks, kept.count.clone());
        }
    }
    journal.settle().await;
    let mut notices = Vec::new();
    while let Ok(notice) = kept.notices.try_recv() {
        notices.push(notice);
    }
    assert!(
        notices.contains(&Notice::Marked {
            rolls: 0,
            ids: vec![ids[1]]
        }),
        "{notices:?}"
    );
    drop(kept);
    let kept = journal.keep(&graph()).await.unwrap();
    let now: Vec<_> = kept
        .pending()
        .map(|envelope| envelope.operation_id)
        .collect();
    assert_ne!(now[0], ids[0], "the server would refuse the old id");
    assert_eq!(now[1], ids[1], "it may have landed under its id");
    assert_ne!(now[2], ids[2]);
}

#[tokio::test]
async fn damage_is_never_silent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let journal = Journal::open(&path).unwrap();
    let mut kept = journal.keep(&graph()).await.unwrap();
    for number in 0..40 {
        put(&mut kept, number, Sent::No);
    }
    drop(kept);
    journal.close().await;
    let whole = fs::read(&path).unwrap();
    let mut told = 0;
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    for at in used.iter().step_by(used.len() / 60 + 1) {
        let mut damaged = whole.clone();
        damaged[*at] ^= 0x40;
        fs::write(&path, &damaged).unwrap();
        let journal = Journal::open(&path).unwrap();
        let report = journal.report().clone();
        let kept = journal.keep(&graph()).await.unwrap();
        let is_told = report != Default::default();
        told += u32::from(is_told);
        assert!(
            is_told || numbers(&kept).len() == 40,
            "byte {at}: {} commands are there and nothing was said",
            numbers(&kept).len()
        );
        if let Some((aside, reason)) = report.set_aside {
            assert_eq!(fs::read(&aside).unwrap().len(), damaged.len(), "{reason}");
            fs::remove_file(aside).unwrap();
        }
        drop(kept);
        journal.close().await;
        fs::remove_file(&path).unwrap();
    }
    assert!(told > 10, "only {told} damages were found");
    fs::write(&path, b"this is no journal at all, but a letter to my aunt").unwrap();
    let journal = Journal::open(&path).unwrap();
    let (aside, _) = journal.report().set_aside.clone().unwrap();
    assert!(fs::read(aside).unwrap().ends_with(b"aunt"));
}

#[tokio::test]
async fn a_journal_is_bounded_and_says_by_what() {
    let totals = Totals::default();
    for _ in 0..COMMANDS_MAX {
        totals.take(10).unwrap();
    }
    assert_eq!(totals.take(10), Err(JournalFull::Commands));
    assert!(JournalFull::Commands.to_string().contains("10000 commands"));
    totals.give_back(10);
    assert_eq!(totals.take(ROWS_BYTES_MAX), Err(JournalFull::Bytes));
    assert!(JournalFull::Bytes.to_string().contains("64 MiB"));
    totals.take(10).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("queue")).unwrap();
    let mut kept = journal.keep(&graph()).await.unwrap();
    let (_, place) = put(&mut kept, 0, Sent::No);
    assert!(matches!(heard(&mut kept).await, Notice::Saved { .. }));
    assert_eq!(journal.commands(), 1);
    kept.line.remove(place, kept.count.clone());
    assert_eq!(journal.commands(), 0);
}
