//! Bulk actions that are found again by who did not start them.

use graphy_model::Role;
use graphy_protocol::ErrorCode;
use serde_json::{Value, json};

use crate::queue_support::{MAIL, ask, bulk, ended, with_mail};
use crate::support::{Node, caller};

fn request(action: &str) -> Value {
    json!({"queue": MAIL.reference(), "action": action, "state": "failed"})
}

/// The ids of the runs that a node lists.
async fn listed(node: &Node) -> Vec<Value> {
    let answer = ask(node, "queues.runs", json!({})).await;
    let runs = answer["runs"].as_array().unwrap().iter();
    runs.map(|run| run["runId"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_while_they_go_on_or_can_be_taken_back() {
    let redis = with_mail().await;
    let jobs =
        (0..4000).flat_map(|number| MAIL.failed(&format!("f{number}"), "{}", "boom", number));
    redis.send(jobs).await;
    let node = Node::start(&redis.url()).await;
    assert!(listed(&node).await.is_empty());
    let preview = ask(&node, "queues.preview", request("remove")).await;
    let confirmation = json!({"confirmation": preview["confirmation"]});
    let run = ask(&node, "queues.run", confirmation).await;
    // A page that was loaded again may meet any node.
    let other = Node::start(&redis.url()).await;
    let answer = ask(&other, "queues.runs", json!({})).await;
    assert_eq!(answer["runs"][0]["runId"], run["runId"]);
    assert_eq!(answer["runs"][0]["queue"], MAIL.reference());
    ask(&other, "queues.run_stop", json!({"runId": run["runId"]})).await;
    ended(&other, &run).await;
    assert_eq!(listed(&other).await, [run["runId"].clone()]);
    ask(&other, "queues.run_undo", json!({"runId": run["runId"]})).await;
    assert!(listed(&node).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_run_is_listed_first_and_what_is_final_is_not() {
    let redis = with_mail().await;
    let node = Node::start(&redis.url()).await;
    let mut removals = Vec::new();
    for round in 0..3 {
        redis
            .send(MAIL.failed("f", "{}", "boom", 1000 + round))
            .await;
        let (_, run) = bulk(&node, request("remove")).await;
        removals.insert(0, run["runId"].clone());
    }
    redis.send(MAIL.failed("g", "{}", "boom", 2000)).await;
    bulk(&node, request("retry")).await;
    assert_eq!(listed(&node).await, removals);
    let who = caller(Role::Editor);
    let refused = node
        .operations
        .dispatch(&who, "queues.runs", json!({}))
        .await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_knows_beforehand_what_a_confirmation_stands_for() {
    let redis = with_mail().await;
    let node = Node::start(&redis.url()).await;
    redis
        .send(MAIL.failed("f", r#"{"to":"hunter2"}"#, "boom", 1000))
        .await;
    let mut request = request("remove");
    request["filter"] = json!({"text": "hunter2"});
    bulk(&node, request).await;
    let log = ask(&node, "audit.list", json!({"operation": "queues.run"})).await;
    let entry = &log["entries"][0];
    assert_eq!(
        entry["target"],
        format!("queue {}, action remove, state failed", MAIL.queue),
    );
    assert_eq!(entry["detail"]["jobs"], 1);
    assert_eq!(entry["detail"]["filter"]["text"], "<text of 7 bytes>");
    assert!(!log.to_string().contains("hunter2"), "{log}");
}
