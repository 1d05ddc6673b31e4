//! Operations called by name: who may, what is answered, what is refused.

use graphy_model::Role;
use graphy_operations::dispatch::OPERATIONS;
use graphy_protocol::ErrorCode;
use graphy_store::testing::TestRedis;
use serde_json::{Value, json};

use crate::support::{Node, caller};

#[tokio::test(flavor = "multi_thread")]
async fn graphs_are_made_shown_and_deleted_by_name() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    let call = async |name: &str, payload: Value| node.call(Role::Admin, name, payload).await;

    let made = call(
        "graphs.create",
        json!({"name": " Plan ", "graphId": "plan"}),
    )
    .await
    .unwrap();
    assert_eq!(
        (&made["name"], &made["ownerId"]),
        (&json!("Plan"), &json!("ada"))
    );
    let again = call("graphs.create", json!({"name": "Plan", "graphId": "plan"})).await;
    assert_eq!(again.unwrap_err().code, ErrorCode::AlreadyExists);
    let listed = call("graphs.list", Value::Null).await.unwrap();
    assert_eq!(listed["graphs"][0]["graphId"], "plan");
    let verified = call("graph.verify", json!({"graphId": "plan"}))
        .await
        .unwrap();
    assert_eq!(verified["matches"], true);
    let svg = call("graphs.export", json!({"graphId": "plan", "format": "svg"}))
        .await
        .unwrap();
    assert_eq!(svg["fileName"], "Plan.svg");

    let deleted = call("graphs.delete", json!({"graphId": "plan"}))
        .await
        .unwrap();
    assert!(deleted["operationId"].is_string(), "{deleted}");
    let listed = call("graphs.list", json!({})).await.unwrap();
    assert_eq!(listed["graphs"], json!([]));
    for name in ["graphs.delete", "graph.verify"] {
        let error = call(name, json!({"graphId": "plan"})).await.unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            (ErrorCode::NotFound, Some("graphId"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_a_call_are_named() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let admin = caller(Role::Admin);
    let long = "x".repeat(201);
    for (name, payload, code, field) in [
        ("graphs.nope", json!({}), ErrorCode::NotFound, None),
        (
            "graphs.list",
            json!({"a": 1}),
            ErrorCode::Invalid,
            Some("a"),
        ),
        ("graphs.list", json!([]), ErrorCode::Invalid, None),
        ("graphs.create", json!({}), ErrorCode::Invalid, Some("name")),
        (
            "graphs.create",
            json!({"name": ""}),
            ErrorCode::Invalid,
            Some("name"),
        ),
        (
            "graphs.create",
            json!({"name": long}),
            ErrorCode::Invalid,
            Some("name"),
        ),
        (
            "graphs.create",
            json!({"name": "a", "graphId": "a b"}),
            ErrorCode::Invalid,
            Some("graphId"),
        ),
        (
            "graphs.export",
            json!({"graphId": "a", "format": "gif"}),
            ErrorCode::Invalid,
            Some("format"),
        ),
        (
            "tokens.revoke",
            json!({"tokenId": "zz"}),
            ErrorCode::NotFound,
            Some("tokenId"),
        ),
        (
            "tokens.create",
            json!({"name": "a", "role": "viewer", "expiresInDays": 0}),
            ErrorCode::Invalid,
            Some("expiresInDays"),
        ),
    ] {
        let error = node
            .operations
            .dispatch(&admin, name, payload.clone())
            .await
            .unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            (code, field),
            "{name} {payload} {error:?}"
        );
        assert_eq!(error.trace_id, "trace-1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_wants_its_role() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    for entry in OPERATIONS {
        for role in Role::ALL {
            let error = node.knock(role, entry).await;
            let expected = if role >= entry.least_role {
                ErrorCode::Invalid
            } else {
                ErrorCode::Forbidden
            };
            assert_eq!(error.code, expected, "{} as {}", entry.name, role.as_str());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_made_listed_and_revoked() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let admin = caller(Role::Admin);
    let call = async |name: &str, payload: Value| {
        node.operations
            .dispatch(&admin, name, payload)
            .await
            .unwrap()
    };
    let made = call("tokens.create", json!({"name": "ci", "role": "editor"})).await;
    assert!(made["token"].as_str().unwrap().len() > 40);
    let listed = call("tokens.list", json!({})).await;
    assert_eq!(listed["tokens"][0]["tokenId"], made["tokenId"]);
    assert!(
        listed["tokens"][0].get("token").is_none(),
        "the secret is shown once"
    );
    let revoked = call("tokens.revoke", json!({"tokenId": made["tokenId"]})).await;
    assert_eq!(revoked, json!({}));
    assert_eq!(call("tokens.list", json!({})).await["tokens"], json!([]));
    let told: Vec<String> = node
        .operations
        .journal()
        .newest(2)
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(told, ["token", "token"]);
}
