//! The audit log against a real Redis.

use graphy_store::audit::{AuditLog, AuditQuery, Ending, Intent, Outcome};
use graphy_store::testing::TestRedis;
use graphy_telemetry::SystemClock;
use redis::AsyncCommands as _;
use serde_json::json;

fn intent(user: &str, operation: &str, number: u64) -> Intent {
    Intent {
        at: number,
        user_id: user.to_owned(),
        operation: operation.to_owned(),
        target: format!("thing {number}"),
        detail: json!({ "number": number }),
        trace_id: "t".to_owned(),
    }
}

fn done(at: u64) -> Ending {
    Ending {
        at,
        outcome: Outcome::Done,
        result: None,
    }
}

fn all(limit: usize) -> AuditQuery {
    AuditQuery {
        limit,
        ..AuditQuery::default()
    }
}

#[tokio::test]
async fn actions_are_listed_page_by_page_with_how_they_ended() {
    let redis = TestRedis::start().await;
    let log = AuditLog::new(redis.link().await, SystemClock::shared(), 1000);
    let mut ids = Vec::new();
    for number in 0..7 {
        let user = if number % 2 == 0 { "ann" } else { "bob" };
        ids.push(
            log.begin(&intent(user, "queues.pause", number))
                .await
                .unwrap(),
        );
    }
    log.begin(&intent("ann", "alerts.snooze", 7)).await.unwrap();
    // Outcomes come late and in another order than the intents.
    for number in [5, 0] {
        log.end(&ids[number], &done(100)).await.unwrap();
    }
    let mut numbers = Vec::new();
    let mut query = AuditQuery {
        operation: Some("queues.".to_owned()),
        ..all(3)
    };
    loop {
        let page = log.list(&query).await.unwrap();
        numbers.extend(
            page.records
                .iter()
                .map(|record| (record.intent.at, record.ending.is_some())),
        );
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    let expected: Vec<_> = (0..7)
        .rev()
        .map(|number| (number, number == 5 || number == 0))
        .collect();
    assert_eq!(numbers, expected);
    let of_bob = AuditQuery {
        user_id: Some("bob".to_owned()),
        ..all(10)
    };
    let of_bob = log.list(&of_bob).await.unwrap();
    assert_eq!(of_bob.records.len(), 3);
    let bad = AuditQuery {
        before: Some("yesterday".to_owned()),
        ..all(1)
    };
    assert!(log.list(&bad).await.is_err());
}

#[tokio::test]
async fn the_oldest_go_when_there_are_too_many_and_leave_nothing_behind() {
    let redis = TestRedis::start().await;
    let link = redis.link().await;
    let log = AuditLog::new(link.clone(), SystemClock::shared(), 5);
    for number in 0..20 {
        let id = log.begin(&intent("ann", "a.b", number)).await.unwrap();
        log.end(&id, &done(number)).await.unwrap();
    }
    let kept = log.list(&all(100)).await.unwrap();
    assert_eq!(kept.next, None);
    let numbers: Vec<_> = kept.records.iter().map(|record| record.intent.at).collect();
    assert_eq!(numbers, [19, 18, 17, 16, 15]);
    let mut connection = link.query();
    let entries: usize = connection.xlen("audit:log").await.unwrap();
    let outcomes: usize = connection.hlen("{audit:log}:outcomes").await.unwrap();
    assert_eq!((entries, outcomes), (10, 5));
}
