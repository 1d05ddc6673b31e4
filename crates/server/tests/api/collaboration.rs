//! The HTTP routes of undo, conflicts, history and permissions.

use graphy_model::Role;
use serde_json::{Value, json};

use crate::support::{TestNode, answer};

/// Sends a body and waits for what came of the command.
async fn ended(test: &TestNode, path: &str, body: Value) -> Value {
    let (status, accepted) = test.post(path, &body).await;
    assert_eq!(status, 202, "{path}: {accepted}");
    test.outcome(&accepted["operationId"]).await
}

async fn title(test: &TestNode) -> Value {
    let (_, state) = test.get("/api/v2/graphs/g/state").await;
    state["nodes"][0]["title"].clone()
}

#[tokio::test]
async fn work_is_taken_back_brought_back_and_restored() {
    let test = TestNode::start().await;
    test.graph("g").await;
    test.command("g", "CREATE_NODE", json!({"id": "n", "title": "a"}))
        .await;
    let rename = json!({"id": "n", "patch": {"title": "b"}});
    test.command("g", "UPDATE_NODE", rename).await;
    for (path, body, expected) in [
        ("undo", json!({}), "a"),
        ("redo", json!({}), "b"),
        ("restore", json!({"version": 1}), "a"),
    ] {
        let ended = ended(&test, &format!("/api/v2/graphs/g/{path}"), body).await;
        assert_eq!(ended["outcome"]["status"], "applied", "{path}: {ended}");
        assert_eq!(title(&test).await, expected, "{path}");
    }
    let (status, page) = test.get("/api/v2/graphs/g/history?limit=3").await;
    assert_eq!(status, 200);
    let kinds = page["entries"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|entry| entry["type"].clone()).collect();
    assert_eq!(kinds, ["RESTORE_VERSION", "REDO", "UNDO"]);
    let next = page["next"].as_u64().unwrap();
    let (_, page) = test
        .get(&format!("/api/v2/graphs/g/history?before={next}"))
        .await;
    assert_eq!(page["entries"][0]["version"], 2);
    for (path, body, field) in [
        ("undo", json!({"operationId": "x"}), "payload.operationId"),
        ("undo", json!({"wat": 1}), "payload.wat"),
        ("restore", json!({}), "payload.version"),
    ] {
        let (status, error) = test.post(&format!("/api/v2/graphs/g/{path}"), &body).await;
        assert_eq!(
            (status, error["field"].as_str()),
            (400, Some(field)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_conflict_is_listed_and_settled() {
    let test = TestNode::start().await;
    test.graph("g").await;
    test.command("g", "CREATE_NODE", json!({"id": "n", "title": "a"}))
        .await;
    for title in ["b", "c"] {
        let body = json!({
            "operationId": uuid::Uuid::now_v7(), "clientId": title, "type": "UPDATE_NODE",
            "payload": {"id": "n", "patch": {"title": title}, "base": {"title": "a"}},
            "baseVersion": 1,
        });
        ended(&test, "/api/v2/graphs/g/command", body).await;
    }
    let (status, page) = test.get("/api/v2/graphs/g/conflicts").await;
    assert_eq!((status, &page["open"]), (200, &json!(1)), "{page}");
    let id = page["conflicts"][0]["record"]["conflictId"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v2/graphs/g/conflicts/{id}/resolve");
    let (status, error) = test.post(&path, &json!({"choice": "edited"})).await;
    assert_eq!(
        (status, error["field"].as_str()),
        (400, Some("payload.value")),
        "{error}"
    );
    let settled = ended(&test, &path, json!({"choice": "edited", "value": "d"})).await;
    assert_eq!(settled["outcome"]["status"], "applied", "{settled}");
    assert_eq!(title(&test).await, "d");
    let again = ended(&test, &path, json!({"choice": "mine"})).await;
    assert_eq!(again["error"]["code"], "not_found");
    let (_, page) = test.get("/api/v2/graphs/g/conflicts?status=resolved").await;
    let resolution = &page["conflicts"][0]["record"]["resolution"];
    assert_eq!(
        (&resolution["choice"], &resolution["value"]),
        (&json!("edited"), &json!("d"))
    );
    let (status, error) = test.get("/api/v2/graphs/g/conflicts?status=nope").await;
    assert_eq!((status, error["code"].as_str()), (400, Some("invalid")));
}

#[tokio::test]
async fn permissions_are_given_and_kept() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let viewer = test.token(Role::Viewer).await;
    let put = |token: &str, body: Value| {
        let request = test.http.put(test.url("/api/v2/graphs/g/permissions"));
        answer(request.bearer_auth(token).json(&body))
    };
    let (status, accepted) = put(&test.admin, json!({"userId": "*", "role": "view"})).await;
    assert_eq!(status, 202);
    test.outcome(&accepted["operationId"]).await;
    let (status, settings) = test.get("/api/v2/graphs/g/permissions").await;
    assert_eq!(
        (status, &settings["settings"]["grants"]),
        (200, &json!({"*": "view"}))
    );
    let (status, error) = put(&viewer, json!({"userId": "*", "role": "edit"})).await;
    assert_eq!((status, error["code"].as_str()), (403, Some("forbidden")));
    let (status, error) = put(&test.admin, json!({"userId": "a b", "role": "edit"})).await;
    assert_eq!(
        (status, error["field"].as_str()),
        (400, Some("payload.userId")),
        "{error}"
    );
}
