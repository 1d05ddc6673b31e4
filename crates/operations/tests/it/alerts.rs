//! Alerts on real nodes: who is told what, how often, through restarts.
//!
//! All nodes of a test are in one process, so they measure the same gauge, which tests set.

use graphy_model::Role;
use graphy_protocol::ErrorCode;
use graphy_protocol::alerts::{AlertRef, AlertRule, AlertState, SetWebhook, Severity, SnoozeAlert};
use graphy_protocol::series::SeriesRequest;
use graphy_store::testing::TestRedis;

use crate::alert_support::{
    crowd, events, list, measure, notice, reference, save, status, until_state,
};
use crate::support::{Node, caller, until};
use crate::webhook_receiver::Receiver;

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story of an alert")]
async fn what_fires_is_told_on_every_node_and_written_down() {
    let redis = TestRedis::start().await;
    let (one, other) = (
        Node::start(&redis.url()).await,
        Node::start(&redis.url()).await,
    );
    let operator = caller(Role::Operator);
    let mut near = one.operations.live_frames(&operator).unwrap();
    let mut far = other.operations.live_frames(&operator).unwrap();
    let mut viewer = other.operations.live_frames(&caller(Role::Viewer)).unwrap();
    near.next().await;
    far.next().await;
    viewer.next().await;
    measure(3.0);
    let saved = save(&one, crowd()).await.unwrap();
    assert!(!saved.built_in && saved.unit == "sockets");
    until_state(&other, AlertState::Ok).await;
    measure(50.0);
    for frames in [&mut near, &mut far] {
        let told = notice(frames).await;
        assert!(told.firing && told.severity == Severity::Critical);
        assert_eq!(told.text, "50 sockets, limit 10 sockets");
    }
    let seen = status(&other).await;
    let written = events(&other).await;
    assert_eq!(seen.state, AlertState::Firing);
    assert_eq!((written[0].worst, written[0].to), (Some(50.0), None));
    let request = SeriesRequest {
        names: vec!["connections".to_owned()],
        from: written[0].from - 60_000,
        to: None,
        steps_max: None,
    };
    let range = other
        .operations
        .series_range(&operator, request)
        .await
        .unwrap();
    assert_eq!(range.alerts.len(), 1, "charts are marked");
    assert_eq!(
        (range.alerts[0].from, range.alerts[0].to),
        (written[0].from, None)
    );

    measure(70.0);
    until("the worst value to be measured", || async {
        status(&one).await.value == Some(70.0) && status(&other).await.value == Some(70.0)
    })
    .await;
    measure(5.0);
    for frames in [&mut near, &mut far] {
        assert!(!notice(frames).await.firing);
    }
    let events = events(&one).await;
    assert_eq!(events.len(), 1);
    assert!(events[0].to.is_some_and(|to| to >= events[0].from));
    assert_eq!(events[0].worst, Some(70.0));
    let journal = other.operations.journal().newest(50);
    let told: Vec<&str> = journal
        .iter()
        .filter(|event| event.kind == "alert" && event.text.contains("Crowd"))
        .map(|event| event.text.as_str())
        .collect();
    assert!(
        told[1].starts_with("alert fires: Crowd (50 sockets"),
        "{told:?}"
    );
    assert!(told[0].starts_with("alert ended: Crowd"), "{told:?}");
    let frame = viewer.next().await;
    assert!(
        frame.alerts.is_empty(),
        "who may not see the system is not told"
    );
}

/// A node on threads of its own, which can vanish as if it had been killed.
struct Killable {
    runtime: Option<tokio::runtime::Runtime>,
    _node: std::mem::ManuallyDrop<Node>,
}

impl Killable {
    async fn start(redis: &TestRedis) -> Self {
        let url = redis.url();
        let started = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let node = runtime.block_on(Node::start(&url));
            (runtime, node)
        });
        let (runtime, node) = started.await.unwrap();
        Self {
            runtime: Some(runtime),
            _node: std::mem::ManuallyDrop::new(node),
        }
    }

    fn kill(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_watcher_is_followed_and_nobody_is_told_twice() {
    let redis = TestRedis::start().await;
    let receiver = Receiver::start(&[]).await;
    let first = Killable::start(&redis).await;
    measure(3.0);
    let second = Node::start(&redis.url()).await;
    receiver.set_on(&second).await;
    save(&second, crowd()).await.unwrap();
    measure(50.0);
    until("the first delivery", || async {
        receiver.ids_of_crowd().len() == 1
    })
    .await;
    first.kill();
    // While nobody watches, all is well for a moment and bad again: the alert may go on.
    let third = Node::start(&redis.url()).await;
    let event = events(&third).await[0].event_id.clone();
    assert_eq!(
        status(&third).await.state,
        AlertState::Firing,
        "a new node knows what fires"
    );
    measure(5.0);
    until_state(&third, AlertState::Ok).await;
    until("the second delivery", || async {
        receiver.ids_of_crowd().len() == 2
    })
    .await;
    assert_eq!(
        receiver.ids_of_crowd(),
        [format!("{event}-firing"), format!("{event}-ended")]
    );
    assert_eq!(events(&second).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_what_fires_and_tells_it_once() {
    let redis = TestRedis::start().await;
    let receiver = Receiver::start(&[]).await;
    measure(50.0);
    let node = Node::start(&redis.url()).await;
    receiver.set_on(&node).await;
    save(&node, crowd()).await.unwrap();
    until("the delivery", || async {
        receiver.ids_of_crowd().len() == 1
    })
    .await;
    let before = status(&node).await;
    node.stop().await;

    let node = Node::start(&redis.url()).await;
    let mut frames = node
        .operations
        .live_frames(&caller(Role::Operator))
        .unwrap();
    frames.next().await;
    until("values of the new process", || async {
        status(&node).await.value == Some(50.0)
    })
    .await;
    let after = status(&node).await;
    assert_eq!(
        (after.state, after.since),
        (AlertState::Firing, before.since)
    );
    // A rule that is made later shows that the node watches: had it told the crowd again, it had
    // done so before.
    let late = AlertRule {
        rule_id: "late".to_owned(),
        ..crowd()
    };
    save(&node, late).await.unwrap();
    until("the late rule to be told", || async {
        receiver
            .got
            .lock()
            .unwrap()
            .iter()
            .any(|one| one["ruleId"] == "late")
    })
    .await;
    assert_eq!(receiver.ids_of_crowd().len(), 1, "{:?}", receiver.ids());
    assert_eq!(events(&node).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_fails_is_tried_again_under_the_same_id() {
    let redis = TestRedis::start().await;
    let receiver = Receiver::start(&["500 No", "302 Found\r\nlocation: /elsewhere"]).await;
    measure(50.0);
    let node = Node::start(&redis.url()).await;
    receiver.set_on(&node).await;
    save(&node, crowd()).await.unwrap();
    until("the third attempt to be noted", || async {
        let webhook = list(&node).await.webhook.unwrap();
        receiver.ids().len() == 3 && webhook.delivered_at.is_some() && webhook.error.is_none()
    })
    .await;
    let got = receiver.got.lock().unwrap().clone();
    assert_eq!(got[0], got[2]);
    for (field, value) in [
        ("state", "firing"),
        ("ruleId", "crowd"),
        ("severity", "critical"),
        ("series", "connections"),
        ("comparison", "above"),
        ("text", "50 sockets, limit 10 sockets"),
        ("environment", "test"),
        ("note", "of a test"),
    ] {
        assert_eq!(got[0][field], value, "{field}");
    }
    let shown = serde_json::to_string(&list(&node).await).unwrap();
    assert!(
        !shown.contains("canary"),
        "secrets of the address are not shown"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_of_the_webhook_says_how_it_went() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let operator = caller(Role::Operator);
    let none = node
        .operations
        .alerts_test_webhook(&operator)
        .await
        .unwrap_err();
    assert_eq!(none.code, ErrorCode::NotFound);
    let receiver = Receiver::start(&["307 Away\r\nlocation: /in", "503 Busy", "silence"]).await;
    receiver.set_on(&node).await;
    let test = || async {
        node.operations
            .alerts_test_webhook(&operator)
            .await
            .unwrap()
    };
    let redirected = test().await;
    assert!(
        redirected
            .error
            .unwrap()
            .contains("redirects are not followed")
    );
    assert_eq!(receiver.ids().len(), 1, "nobody followed it");
    assert!(test().await.error.unwrap().contains("503"));
    assert_eq!(test().await.error.unwrap(), "no answer within 5 s");
    let well = test().await;
    assert!(well.error.is_none() && well.delivered_at.is_some());
    assert_eq!(well.url, receiver.url.split('?').next().unwrap());
    let away = SetWebhook {
        url: Some("http://127.0.0.1:1/".to_owned()),
    };
    node.operations
        .alerts_set_webhook(&operator, away)
        .await
        .unwrap();
    let refused = test().await.error.unwrap();
    assert!(refused.to_lowercase().contains("refused"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_after_it_or_snoozes_it_has_quiet() {
    let redis = TestRedis::start().await;
    let receiver = Receiver::start(&[]).await;
    measure(3.0);
    let node = Node::start(&redis.url()).await;
    let operator = caller(Role::Operator);
    receiver.set_on(&node).await;
    save(&node, crowd()).await.unwrap();
    let early = node
        .operations
        .alerts_acknowledge(&operator, reference())
        .await
        .unwrap_err();
    assert_eq!(
        (early.code, early.field.as_deref()),
        (ErrorCode::Invalid, Some("ruleId"))
    );
    let snooze = |minutes: u32| {
        let request = SnoozeAlert {
            rule_id: "crowd".to_owned(),
            minutes,
        };
        node.operations.alerts_snooze(&operator, request)
    };
    assert!(snooze(60).await.unwrap().snoozed_until.is_some());
    measure(50.0);
    until_state(&node, AlertState::Firing).await;
    assert_eq!(
        events(&node).await.len(),
        1,
        "it is written down all the same"
    );
    // The end of the snooze tells what still fires.
    assert_eq!(receiver.ids_of_crowd().len(), 0);
    assert_eq!(snooze(0).await.unwrap().snoozed_until, None);
    until("it to be told", || async {
        receiver.ids_of_crowd().len() == 1
    })
    .await;

    let seen = node
        .operations
        .alerts_acknowledge(&operator, reference())
        .await
        .unwrap();
    assert_eq!(seen.acknowledged_by.as_ref(), Some(&operator.user_id));
    measure(3.0);
    until_state(&node, AlertState::Ok).await;
    let events = events(&node).await;
    assert_eq!(events[0].acknowledged_by.as_ref(), Some(&operator.user_id));
    // The next time counts anew.
    measure(60.0);
    until_state(&node, AlertState::Firing).await;
    assert_eq!(status(&node).await.acknowledged_by, None);
    until("the second one to be told", || async {
        receiver.ids_of_crowd().len() >= 2
    })
    .await;
    let ids = receiver.ids_of_crowd();
    assert!(
        ids.len() == 2 && ids.iter().all(|id| id.ends_with("-firing")),
        "{ids:?}"
    );
    assert!(snooze(10_081).await.unwrap_err().message.contains("10080"));
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "a table of refusals")]
async fn rules_that_cannot_be_are_refused_with_their_field() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let change = |act: fn(&mut AlertRule)| {
        let mut rule = crowd();
        act(&mut rule);
        rule
    };
    for (rule, field, said) in [
        (
            change(|rule| rule.rule_id = "Crowd!".to_owned()),
            "ruleId",
            "1 to 64",
        ),
        (
            change(|rule| rule.rule_id = "a".repeat(65)),
            "ruleId",
            "1 to 64",
        ),
        (
            change(|rule| rule.title = String::new()),
            "title",
            "1 to 120",
        ),
        (
            change(|rule| rule.note = "n".repeat(1001)),
            "note",
            "not 1001",
        ),
        (
            change(|rule| rule.for_seconds = 86_401),
            "forSeconds",
            "86400",
        ),
        (change(|rule| rule.limit = f64::NAN), "limit", "finite"),
        (
            change(|rule| rule.series = "nothing".to_owned()),
            "series",
            "no metric",
        ),
        (
            change(|rule| rule.series = "rate(x".to_owned()),
            "series",
            "character",
        ),
    ] {
        let error = save(&node, rule).await.unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            (ErrorCode::Invalid, Some(field))
        );
        assert!(error.message.contains(said), "{}", error.message);
    }
    let editor = node
        .operations
        .alerts_save(&caller(Role::Editor), crowd())
        .await;
    assert_eq!(editor.unwrap_err().code, ErrorCode::Forbidden);
    let gone = node
        .operations
        .alerts_remove(&caller(Role::Operator), reference())
        .await;
    assert_eq!(gone.unwrap_err().code, ErrorCode::NotFound);

    // A rule of ours can be changed, and is as it was again once the change is removed.
    let all = list(&node).await.rules;
    let ours = all
        .iter()
        .find(|status| status.rule.rule_id == "redis-latency")
        .unwrap();
    assert!(ours.built_in && ours.rule.limit.to_string() == "5");
    let louder = AlertRule {
        limit: 50.0,
        ..ours.rule.clone()
    };
    assert!(save(&node, louder).await.unwrap().rule.limit > 49.0);
    let request = AlertRef {
        rule_id: "redis-latency".to_owned(),
    };
    node.operations
        .alerts_remove(&caller(Role::Operator), request)
        .await
        .unwrap();
    let all = list(&node).await.rules;
    let again = all
        .iter()
        .find(|status| status.rule.rule_id == "redis-latency")
        .unwrap();
    assert_eq!(again.rule, ours.rule);

    // A rule may watch an expression, which is measured from then on.
    let expression = AlertRule {
        series: "2 * websocket_active_connections".to_owned(),
        ..crowd()
    };
    measure(6.0);
    save(&node, expression).await.unwrap();
    until_state(&node, AlertState::Firing).await;
    assert_eq!(status(&node).await.value, Some(12.0));
    let off = AlertRule {
        enabled: false,
        ..crowd()
    };
    save(&node, off).await.unwrap();
    until("it to end with its rule", || async {
        status(&node).await.state == AlertState::Off && events(&node).await[0].to.is_some()
    })
    .await;
}
