//! What the generic call writes into the audit log.

use graphy_model::Role;
use graphy_protocol::ErrorCode;
use graphy_store::testing::TestRedis;
use serde_json::{Value, json};

use crate::support::Node;

#[tokio::test(flavor = "multi_thread")]
async fn actions_are_in_the_log_with_their_outcome_and_without_secrets() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    let call = async |name: &str, payload: Value| node.call(Role::Admin, name, payload).await;
    let made = call("tokens.create", json!({"name": "ci", "role": "editor"}))
        .await
        .unwrap();
    let secret = made["token"]
        .as_str()
        .unwrap()
        .splitn(3, '_')
        .last()
        .unwrap();
    call("graphs.create", json!({"name": "Plan", "graphId": "plan"}))
        .await
        .unwrap();
    call("graphs.delete", json!({"graphId": "plan"}))
        .await
        .unwrap();
    call(
        "tokens.create",
        json!({"name": "x", "role": "viewer", "expiresInDays": 0}),
    )
    .await
    .unwrap_err();
    call("tokens.list", json!({})).await.unwrap();

    let page = call("audit.list", json!({})).await.unwrap();
    assert!(!page.to_string().contains(secret), "{page}");
    let told: Vec<(&str, &str, &str)> = page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let text = |field: &str| entry[field].as_str().unwrap();
            (text("operation"), text("target"), text("outcome"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("tokens.create", "role viewer, named x", "refused"),
            ("graphs.delete", "graph plan", "done"),
            ("tokens.create", "role editor, named ci", "done"),
        ]
    );
    let first = &page["entries"][2];
    assert_eq!(
        (&first["userId"], &first["traceId"]),
        (&json!("ada"), &json!("trace-1"))
    );
    assert!(first["at"].as_u64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_page_by_page() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let call = async |name: &str, payload: Value| node.call(Role::Admin, name, payload).await;
    for name in ["one", "two"] {
        let token = json!({"name": name, "role": "viewer"});
        call("tokens.create", token).await.unwrap();
    }
    let one = call("audit.list", json!({"limit": 1, "operation": "tokens."}))
        .await
        .unwrap();
    let next = call(
        "audit.list",
        json!({"before": one["next"], "operation": "tokens."}),
    )
    .await
    .unwrap();
    assert_eq!(next["entries"].as_array().unwrap().len(), 1);
    assert_eq!(next["next"], Value::Null);
    for (request, field) in [
        (json!({"limit": 201}), "limit"),
        (json!({"before": "x"}), "before"),
    ] {
        let error = call("audit.list", request).await.unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            (ErrorCode::Invalid, Some(field))
        );
    }
}
