//! The System page over HTTP, on whole nodes.

use graphy_model::Role;
use graphy_operations::settings::NodeRole;
use serde_json::{Value, json};

use crate::support::{PATIENCE, TestNode};

async fn ask(node: &TestNode, operation: &str) -> Value {
    let (status, body) = node
        .post(&format!("/api/v2/console/{operation}"), &json!({}))
        .await;
    assert_eq!(status, 200, "{operation}: {body}");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_every_role_tell_of_their_circuits_and_caches() {
    let node = TestNode::start().await;
    let worker = TestNode::node_on(&node.redis, |settings| settings.role = NodeRole::Worker).await;
    node.graph("plan").await;
    for _ in 0..3 {
        node.get("/api/v2/graphs/plan/state").await;
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let list = loop {
        let list = ask(&node, "system.nodes").await;
        let nodes = list["nodes"].as_array().unwrap();
        let hit = nodes.iter().any(|node| {
            node["caches"].as_array().unwrap().iter().any(|cache| {
                cache["name"] == "graph texts, KiB" && cache["hits"].as_u64().unwrap() >= 2
            })
        });
        if hit && nodes.len() == 2 && nodes.iter().all(|node| node["reportedAt"].is_u64()) {
            break list;
        }
        assert!(tokio::time::Instant::now() < deadline, "{list}");
        tokio::task::yield_now().await;
    };
    let roles: Vec<&str> = list["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["role"].as_str().unwrap())
        .collect();
    assert!(
        roles.contains(&"worker") && roles.contains(&"all"),
        "{roles:?}"
    );
    for node in list["nodes"].as_array().unwrap() {
        let circuits: Vec<(&str, &str)> = node["circuits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|circuit| {
                (
                    circuit["name"].as_str().unwrap(),
                    circuit["state"].as_str().unwrap(),
                )
            })
            .collect();
        assert!(
            circuits.contains(&("redis query", "closed")),
            "{circuits:?}"
        );
        assert!(
            circuits.contains(&("redis write", "closed")),
            "{circuits:?}"
        );
        let caches: Vec<&str> = node["caches"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cache| cache["name"].as_str().unwrap())
            .collect();
        assert_eq!(
            caches[..3],
            ["graphs", "tokens", "graph texts, KiB"],
            "{caches:?}"
        );
    }
    worker.shutdown().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graph_deleted_over_http_is_in_the_audit_log() {
    let node = TestNode::start().await;
    node.graph("plan").await;
    let deleted = node
        .http
        .delete(node.url("/api/v2/graphs/plan"))
        .bearer_auth(&node.admin);
    let (status, body) = crate::support::answer(deleted).await;
    assert_eq!(status, 202, "{body}");
    let audit = ask(&node, "audit.list").await;
    let entry = &audit["entries"][0];
    assert_eq!(
        (entry["operation"].as_str(), entry["outcome"].as_str()),
        (Some("graphs.delete"), Some("done")),
        "{audit}"
    );
    assert!(
        entry["target"].as_str().unwrap().starts_with("graph plan"),
        "{entry}"
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_knows_of_itself_is_told_while_redis_is_away() {
    let node = TestNode::start().await;
    let (stranger, id) = crate::support::token(&node.node, Role::Operator).await;
    node.node.tokens().revoke(&id).await.unwrap();
    ask(&node, "system.nodes").await;
    node.redis.signal("STOP");
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let list = loop {
        let list = ask(&node, "system.nodes").await;
        if list["othersUnknown"].is_string() {
            break list;
        }
        assert!(tokio::time::Instant::now() < deadline, "{list}");
    };
    assert_eq!(list["nodes"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["nodes"][0]["nodeId"], list["here"]);
    for operation in ["system.info", "system.logs", "health.check", "series.list"] {
        ask(&node, operation).await;
    }
    let preview = ask(&node, "system.preview_diagnostics").await;
    assert!(preview["files"].as_array().unwrap().len() > 5, "{preview}");
    // Nothing else: not even what reads.
    for operation in ["graphs.list", "tokens.list", "queues.pause"] {
        let path = format!("/api/v2/console/{operation}");
        let (status, body) = node.post(&path, &json!({})).await;
        assert_eq!(
            (status, &body["code"]),
            (503, &json!("unavailable")),
            "{operation}"
        );
    }
    // And nobody whose token was not good before.
    let request = node.http.post(node.url("/api/v2/console/system.nodes"));
    let request = request.bearer_auth(stranger).json(&json!({}));
    let (status, _) = crate::support::answer(request).await;
    assert_eq!(status, 503);
    node.redis.signal("CONT");
}
