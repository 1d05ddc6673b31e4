//! Clients that come too late, with a token that has expired or a place that has passed, and
//! clients that talk nonsense.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::SinkExt;
use graphy_model::{Role, UserId};
use graphy_store::tokens::NewToken;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::support::{Next, PATIENCE, TestNode, answer};

#[tokio::test]
async fn an_expired_token_lets_nobody_in() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let short = NewToken {
        name: "short".to_owned(),
        role: Role::Editor,
        user_id: UserId::new("ann").expect("an id"),
        life: Some(Duration::from_secs(1)),
    };
    let issued = test.node.tokens().create(short).await.expect("a token");
    let token = issued.text.expose();
    let ask = || {
        answer(
            test.http
                .get(test.url("/api/v2/graphs"))
                .bearer_auth(&token),
        )
    };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let (mut status, mut body) = ask().await;
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    while status != 401 {
        assert!(tokio::time::Instant::now() < deadline, "{status} {body}");
        ticks.tick().await;
        (status, body) = ask().await;
    }
    assert_eq!(body["code"], "unauthorized", "{body}");

    let mut socket = test.socket("g").await;
    socket
        .send(&json!({"type": "hello", "token": token, "clientId": "c"}))
        .await;
    assert_eq!(socket.closed().await, 4501);
    test.stop().await;
}

#[tokio::test]
async fn a_place_that_has_passed_is_not_given_again() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    for seq in [1, 2] {
        let id = format!("n{seq}");
        ann.command(seq, "CREATE_NODE", json!({"id": id})).await;
        let result = ann.frame_of("command_result").await;
        assert_eq!(result["outcome"]["status"], "applied", "{result}");
    }
    let late = ann.command(2, "CREATE_NODE", json!({"id": "late"})).await;
    let revert = ann.frame_of("revert").await;
    assert_eq!(
        (&revert["operationId"], &revert["code"], &revert["field"]),
        (&json!(late), &json!("out_of_order"), &json!("seq")),
        "{revert}"
    );
    // The client goes on behind it.
    ann.command(3, "CREATE_NODE", json!({"id": "n3"})).await;
    let result = ann.frame_of("command_result").await;
    assert_eq!(result["outcome"]["version"], 3, "{result}");
    test.stop().await;
}

/// Counts the lines that a log would have.
struct Lines(Arc<AtomicUsize>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

// On one thread, so that all of the node's tasks write to this thread's log.
#[tokio::test]
async fn a_thousand_bad_frames_do_not_fill_the_log() {
    let lines = Arc::new(AtomicUsize::new(0));
    let _log = tracing::subscriber::set_default(Lines(Arc::clone(&lines)));
    let test = TestNode::start().await;
    test.graph("g").await;
    tracing::info!("the log is read");
    let before = lines.load(Ordering::SeqCst);
    assert!(before > 0, "lines are counted");
    let mut refused = 0;
    while refused < 1_000 {
        let (mut ann, _) = test.editor("g", "ann").await;
        while refused < 1_000 {
            let nonsense = Message::Text("nonsense".into());
            if ann.stream.send(nonsense).await.is_err() {
                break;
            }
            match ann.next().await {
                Next::Frame(frame) if frame["type"] == "presence" => {}
                Next::Frame(frame) => assert_eq!(frame["type"], "error", "{frame}"),
                Next::Closed(code) => {
                    assert_eq!(code, 4500);
                    refused += 1;
                    break;
                }
            }
            refused += 1;
        }
    }
    let written = lines.load(Ordering::SeqCst) - before;
    assert!(written < 50, "{written} lines");
    test.stop().await;
}
