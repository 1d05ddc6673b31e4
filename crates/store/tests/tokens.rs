//! Tokens, tickets and the node registry, against a real server.

use std::time::Duration;

use graphy_model::access::Role;
use graphy_model::ids::UserId;
use graphy_store::testing::{TestRedis, until};
use graphy_store::tokens::{Revocation, SESSION_LIFE};
use graphy_store::{
    NewTicket, NewToken, NodeRegistry, ServerId, ServerNode, TokenError, TokenStore,
};
use graphy_telemetry::{ManualClock, TaskRegistry};
use redis::AsyncCommands as _;
use tokio_util::sync::CancellationToken;

const HOUR_MS: u64 = 3_600_000;

fn new_token(name: &str, life: Option<Duration>) -> NewToken {
    NewToken {
        name: name.into(),
        role: Role::Editor,
        user_id: UserId::new("ann").expect("an id"),
        life,
    }
}

async fn store(redis: &TestRedis, clock: &ManualClock) -> TokenStore {
    TokenStore::new(redis.link().await, clock.shared())
}

#[tokio::test]
async fn a_token_lives_from_creation_to_revocation() {
    let redis = TestRedis::start().await;
    let clock = ManualClock::at(1_000_000);
    let tokens = store(&redis, &clock).await;
    let issued = tokens.create(new_token("ci", None)).await.unwrap();
    let text = issued.text.expose();

    let principal = tokens.verify(&text).await.unwrap();
    assert_eq!(
        (principal.role, principal.user_id.as_str()),
        (Role::Editor, "ann")
    );
    assert!(tokens.is_active(&principal).await.unwrap());
    let listed = tokens.list().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].last_used_at, Some(1_000_000));

    assert_eq!(
        tokens.revoke(&issued.record.id).await.unwrap(),
        Revocation::Revoked
    );
    assert!(matches!(
        tokens.verify(&text).await,
        Err(TokenError::Unknown)
    ));
    assert!(!tokens.is_active(&principal).await.unwrap());
    assert!(tokens.list().await.unwrap().is_empty());
    assert_eq!(
        tokens.revoke(&issued.record.id).await.unwrap(),
        Revocation::NotFound
    );
}

#[tokio::test]
async fn redis_never_sees_a_secret() {
    let redis = TestRedis::start().await;
    let tokens = store(&redis, &ManualClock::at(1)).await;
    let issued = tokens.create(new_token("ci", None)).await.unwrap();
    let ticket = NewTicket {
        name: "browser".into(),
        role: Role::Viewer,
        user_id: UserId::new("bob").unwrap(),
    };
    let ticket = tokens.issue_ticket(&ticket).await.unwrap().expose();
    let text = issued.text.expose();
    let secret = text
        .rsplit_once(issued.record.id.as_str())
        .unwrap()
        .1
        .trim_start_matches('_');
    let mut connection = redis.link().await.query();
    let mut everything = String::new();
    for key in connection.keys::<_, Vec<String>>("*").await.unwrap() {
        let dump: Vec<u8> = redis::cmd("DUMP")
            .arg(&key)
            .query_async(&mut connection)
            .await
            .unwrap();
        everything.push_str(&key);
        everything.push_str(&String::from_utf8_lossy(&dump));
    }
    assert!(everything.contains("token:") && everything.contains("ticket:"));
    assert!(!everything.contains(secret));
    assert!(!everything.contains(ticket.trim_start_matches("gt_")));
}

#[tokio::test]
async fn a_wrong_secret_under_a_right_id_is_unknown() {
    let redis = TestRedis::start().await;
    let tokens = store(&redis, &ManualClock::at(1)).await;
    let a = tokens.create(new_token("a", None)).await.unwrap();
    let b = tokens
        .create(new_token("b", None))
        .await
        .unwrap()
        .text
        .expose();
    let forged = b.replace(&b[3..19], a.record.id.as_str());
    assert!(matches!(
        tokens.verify(&forged).await,
        Err(TokenError::Unknown)
    ));
    tokens.verify(&a.text.expose()).await.unwrap();
    assert!(
        matches!(tokens.verify(&forged).await, Err(TokenError::Unknown)),
        "also when cached"
    );
    assert!(matches!(
        tokens.verify("gk_short").await,
        Err(TokenError::Malformed)
    ));
}

#[tokio::test]
async fn a_token_expires_also_while_it_is_cached() {
    let redis = TestRedis::start().await;
    let clock = ManualClock::at(0);
    let tokens = store(&redis, &clock).await;
    let issued = tokens
        .create(new_token("short", Some(Duration::from_secs(3600))))
        .await
        .unwrap();
    let text = issued.text.expose();
    let principal = tokens.verify(&text).await.unwrap();
    clock.advance_ms(HOUR_MS - 1);
    tokens.verify(&text).await.unwrap();
    clock.advance_ms(1);
    assert!(matches!(
        tokens.verify(&text).await,
        Err(TokenError::Expired)
    ));
    assert!(!tokens.is_active(&principal).await.unwrap());
    let mut connection = redis.link().await.query();
    let key = format!("token:{}", issued.record.id);
    assert!(
        connection.ttl::<_, i64>(key).await.unwrap() > 3600,
        "it ends by itself, later"
    );
}

#[tokio::test]
async fn revoking_in_one_process_reaches_another_within_its_cache_life() {
    let redis = TestRedis::start().await;
    let clock = ManualClock::at(1);
    let (here, there) = (store(&redis, &clock).await, store(&redis, &clock).await);
    let issued = here.create(new_token("ci", None)).await.unwrap();
    let text = issued.text.expose();
    let principal = there.verify(&text).await.unwrap();
    here.revoke(&issued.record.id).await.unwrap();
    // The check for open sockets sees it at once; the cache's life has a test of its own.
    assert!(!there.is_active(&principal).await.unwrap());
}

#[tokio::test]
async fn a_token_that_was_seen_revoked_is_not_recalled() {
    let redis = TestRedis::start().await;
    let clock = ManualClock::at(1);
    let (here, there) = (store(&redis, &clock).await, store(&redis, &clock).await);
    let issued = here.create(new_token("ci", None)).await.unwrap();
    let text = issued.text.expose();
    there.keep(&text).await.unwrap();
    here.revoke(&issued.record.id).await.unwrap();
    assert!(there.recall(&text).is_some(), "it was good a moment ago");
    until("the other process asks again", async || {
        matches!(there.verify(&text).await, Err(TokenError::Unknown))
    })
    .await;
    assert_eq!(there.recall(&text), None);
}

#[tokio::test]
async fn bad_names_and_lives_are_refused() {
    let redis = TestRedis::start().await;
    let tokens = store(&redis, &ManualClock::at(1)).await;
    for name in ["", "a\nb", &"x".repeat(101)] {
        assert!(matches!(
            tokens.create(new_token(name, None)).await,
            Err(TokenError::Name)
        ));
    }
    for life in [Duration::ZERO, Duration::from_secs(366 * 24 * 3600)] {
        let refused = tokens.create(new_token("x", Some(life))).await;
        assert!(matches!(refused, Err(TokenError::Life)));
    }
}

#[tokio::test]
async fn a_ticket_is_exchanged_once() {
    let redis = TestRedis::start().await;
    let tokens = store(&redis, &ManualClock::at(7)).await;
    let new = NewTicket {
        name: "browser".into(),
        role: Role::Admin,
        user_id: UserId::new("owner").unwrap(),
    };
    let ticket = tokens.issue_ticket(&new).await.unwrap().expose();
    let (first, second) =
        tokio::join!(tokens.redeem_ticket(&ticket), tokens.redeem_ticket(&ticket));
    let (session, refused) = if let Ok(session) = first {
        (session, second)
    } else {
        (second.unwrap(), first)
    };
    assert!(
        matches!(refused, Err(TokenError::TicketSpent)),
        "{refused:?}"
    );
    let principal = tokens.verify(&session.text.expose()).await.unwrap();
    assert_eq!(
        (principal.role, principal.user_id.as_str()),
        (Role::Admin, "owner")
    );
    let life_ms = u64::try_from(SESSION_LIFE.as_millis()).unwrap();
    assert_eq!(principal.expires_at, Some(7 + life_ms));
    assert!(
        tokens.list().await.unwrap().is_empty(),
        "sessions are not among the named tokens"
    );
    assert!(matches!(
        tokens.redeem_ticket("gt_nonsense").await,
        Err(TokenError::Malformed)
    ));
}

#[tokio::test]
async fn nodes_are_listed_while_they_are_alive() {
    let redis = TestRedis::start().await;
    let clock = ManualClock::at(1_000_000);
    let registry = NodeRegistry::new(redis.link().await, clock.shared());
    let node = |started_at| ServerNode {
        id: ServerId::random(),
        role: "worker".into(),
        host: "box".into(),
        pid: 7,
        version: "0.1.0".into(),
        started_at,
    };
    let (old, young) = (node(1), node(2));
    registry.announce(&young).await.unwrap();
    registry.announce(&old).await.unwrap();
    assert_eq!(registry.list().await.unwrap(), [old.clone(), young.clone()]);
    registry.withdraw(&young.id).await.unwrap();
    assert_eq!(registry.list().await.unwrap(), vec![old.clone()]);
    clock.advance_ms(16_000);
    assert!(
        registry.list().await.unwrap().is_empty(),
        "it was not renewed"
    );
    registry.announce(&old).await.unwrap();
    let mut connection = redis.link().await.query();
    let key = format!("node:{}", old.id);
    assert!((1..=15).contains(&connection.ttl::<_, i64>(key).await.unwrap()));
}

#[tokio::test]
async fn a_node_that_stops_withdraws_itself() {
    let redis = TestRedis::start().await;
    let registry = NodeRegistry::new(redis.link().await, ManualClock::at(5).shared());
    let node = ServerNode {
        id: ServerId::random(),
        role: "all".into(),
        host: "box".into(),
        pid: 7,
        version: "0.1.0".into(),
        started_at: 5,
    };
    let (tasks, token) = (TaskRegistry::default(), CancellationToken::new());
    let handle = registry.keep_announced(node.clone(), &tasks, token.clone());
    let announced = async {
        while registry.list().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), announced)
        .await
        .unwrap();
    token.cancel();
    handle.ended().await;
    assert!(registry.list().await.unwrap().is_empty());
}
