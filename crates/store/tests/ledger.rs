//! The ledger against a real Redis.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use graphy_model::UserId;
use graphy_store::ledger::{EnteredFigure, Ledger, LedgerEntry, LedgerSlot};
use graphy_store::testing::TestRedis;

/// The start of an hour.
const HOUR: u64 = 3_600_000 * 480_000;

fn entry(now: u64, since: u64, ready_since: Option<u64>, commands: f64) -> LedgerEntry {
    LedgerEntry {
        now: HOUR + now,
        since: HOUR + since,
        ready_since: ready_since.map(|since| HOUR + since),
        sums: BTreeMap::from([("commands".to_owned(), commands)]),
        peaks: BTreeMap::from([("rate".to_owned(), commands / 10.0)]),
    }
}

async fn one(ledger: &Ledger, from: u64, to: u64) -> LedgerSlot {
    let slots = ledger
        .read(HOUR + from, HOUR + to, HOUR + to)
        .await
        .unwrap();
    let [slot] = slots.try_into().unwrap();
    slot
}

#[tokio::test]
async fn nodes_add_up_and_time_counts_once() {
    let redis = TestRedis::start().await;
    let ledger = Ledger::new(redis.link().await);
    ledger.add(&entry(10_000, 0, Some(0), 100.0)).await.unwrap();
    ledger.add(&entry(12_000, 2_000, None, 50.5)).await.unwrap();
    ledger
        .add(&entry(20_000, 10_000, Some(15_000), 1.0))
        .await
        .unwrap();
    let slot = one(&ledger, 0, 20_000).await;
    assert_eq!((slot.start, slot.length_ms), (HOUR, 60_000));
    assert_eq!(
        slot.measured_ms, 20_000.0,
        "two nodes at once are one deployment"
    );
    assert_eq!(slot.ready_ms, 15_000.0);
    assert_eq!(slot.values["commands"], 151.5);
    assert_eq!(slot.values["rate"], 10.0);

    // The next five minutes have a slot of their own; the hour has all of it.
    ledger
        .add(&entry(310_000, 300_000, Some(300_000), 7.0))
        .await
        .unwrap();
    let minutes = ledger
        .read(HOUR, HOUR + 310_000, HOUR + 310_000)
        .await
        .unwrap();
    assert_eq!(minutes.len(), 2);
    let next_day = HOUR + 86_400_000;
    let fine = ledger.read(HOUR, HOUR + 310_000, next_day).await.unwrap();
    assert_eq!(fine.len(), 2);
    assert_eq!(
        (fine[1].start, fine[1].values["commands"]),
        (HOUR + 300_000, 7.0)
    );
    let later = HOUR + 3 * 86_400_000;
    let hours = ledger.read(HOUR, HOUR + 310_000, later).await.unwrap();
    assert_eq!(hours.len(), 1);
    assert_eq!(hours[0].values["commands"], 158.5);
    assert_eq!(hours[0].measured_ms, 30_000.0);
}

#[tokio::test]
async fn a_crash_is_down_time_and_a_stop_is_not() {
    let redis = TestRedis::start().await;
    let ledger = Ledger::new(redis.link().await);
    assert_eq!(
        ledger.opened(HOUR).await.unwrap(),
        None,
        "nothing ran before"
    );
    ledger.add(&entry(10_000, 0, Some(0), 1.0)).await.unwrap();
    // A restart in passing, as of one node among several, is none.
    assert_eq!(ledger.opened(HOUR + 20_000).await.unwrap(), None);
    ledger
        .add(&entry(20_000, 10_000, Some(10_000), 1.0))
        .await
        .unwrap();
    // It dies, and comes back after seven minutes.
    let down = ledger.opened(HOUR + 440_000).await.unwrap();
    assert_eq!(down, Some(Duration::from_secs(420)));
    let next_day = HOUR + 86_400_000;
    let slots = ledger.read(HOUR, HOUR + 440_000, next_day).await.unwrap();
    let down: Vec<f64> = slots.iter().map(|slot| slot.down_ms).collect();
    assert_eq!(down, [280_000.0, 140_000.0], "spread over the slots");
    // It is stopped in good order, and started the next day.
    ledger.stopped(HOUR + 450_000).await.unwrap();
    assert_eq!(ledger.opened(HOUR + 86_400_000).await.unwrap(), None);
}

#[tokio::test]
async fn figures_are_entered_and_taken_back() {
    let redis = TestRedis::start().await;
    let ledger = Ledger::new(redis.link().await);
    let figure = EnteredFigure {
        value: 12.5,
        note: "survey".to_owned(),
        user_id: UserId::new("ada").unwrap(),
        at: 7,
    };
    ledger.enter("engagement", Some(&figure)).await.unwrap();
    let found = ledger.figures(&["engagement", "complaints"]).await.unwrap();
    assert_eq!(found, BTreeMap::from([("engagement".to_owned(), figure)]));
    ledger.enter("engagement", None).await.unwrap();
    assert!(ledger.figures(&["engagement"]).await.unwrap().is_empty());
}
