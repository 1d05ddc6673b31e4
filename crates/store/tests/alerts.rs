//! What the nodes share about alerts, against a real Redis.

use graphy_store::alerts::{DELIVERIES_MAX, EVENTS_MAX};
use graphy_store::testing::TestRedis;
use graphy_store::{AlertChange, AlertStore};

fn begin<'a>(node: &'a str, rule: &'a str, event: u64) -> AlertChange<'a> {
    AlertChange {
        node,
        rule,
        state: Some("fires"),
        event: Some((event, "event")),
        delivery: Some("delivery"),
    }
}

#[tokio::test]
async fn only_the_holder_of_the_lease_changes_what_fires() {
    let redis = TestRedis::start().await;
    let store = AlertStore::new(redis.link().await);
    assert!(store.tick("a", None).await.unwrap().leads);
    let other = store.tick("b", Some("{}")).await.unwrap();
    assert!(!other.leads);
    let told = store.tick("a", None).await.unwrap();
    assert!(told.leads);
    assert_eq!(told.values, [("b".to_owned(), "{}".to_owned())]);

    assert!(!store.change(begin("b", "slow", 1)).await.unwrap());
    assert_eq!(store.read().await.unwrap().event_count, 0);
    assert_eq!(store.next_delivery().await.unwrap(), None);
    assert!(store.change(begin("a", "slow", 1)).await.unwrap());
    // The same again, as after an answer that was lost, and an event out of turn.
    assert!(!store.change(begin("a", "slow", 2)).await.unwrap());
    assert!(!store.change(begin("a", "late", 3)).await.unwrap());
    let stored = store.read().await.unwrap();
    assert_eq!((stored.event_count, stored.states.len()), (1, 1));
    assert_eq!(
        store.next_delivery().await.unwrap().as_deref(),
        Some("delivery")
    );
    store.delivery_done("delivery").await.unwrap();
    assert_eq!(store.next_delivery().await.unwrap(), None);

    store.release("a").await.unwrap();
    let taken = store.tick("b", None).await.unwrap();
    assert!(taken.leads && taken.values.is_empty(), "{taken:?}");
    assert!(!store.change(begin("a", "late", 2)).await.unwrap());
    assert!(store.change(begin("b", "late", 2)).await.unwrap());
}

#[tokio::test]
async fn events_and_deliveries_are_bounded() {
    let redis = TestRedis::start().await;
    let store = AlertStore::new(redis.link().await);
    store.tick("a", None).await.unwrap();
    for event in 1..=EVENTS_MAX + 5 {
        assert!(store.change(begin("a", "slow", event)).await.unwrap());
        store.acknowledge(event, "ada").await.unwrap();
        let end = AlertChange {
            state: None,
            event: Some((event, "ended")),
            delivery: None,
            ..begin("a", "slow", event)
        };
        assert!(store.change(end).await.unwrap());
    }
    let stored = store.read().await.unwrap();
    assert_eq!(stored.events.len() as u64, EVENTS_MAX);
    assert_eq!(stored.acknowledged.len() as u64, EVENTS_MAX);
    assert_eq!(stored.events[0].0, EVENTS_MAX + 5);
    let mut waiting = 0;
    while store.next_delivery().await.unwrap().is_some() {
        store.delivery_done("delivery").await.unwrap();
        waiting += 1;
    }
    assert_eq!(waiting, DELIVERIES_MAX);
    for rule in 0..3 {
        let kept = store.save_rule(&format!("r{rule}"), "{}", 2).await.unwrap();
        assert_eq!(kept, rule < 2);
    }
    assert!(store.save_rule("r0", "{\"changed\":1}", 2).await.unwrap());
}
