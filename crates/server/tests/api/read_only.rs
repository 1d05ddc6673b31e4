//! A read-only node: everything that writes is refused, reading and what is queued go on.

use serde_json::{Value, json};

use crate::support::{TestNode, answer, enter, envelope};

const MESSAGE: &str = "this deployment is read-only; nothing can be changed through it";

/// Starts a node on which a graph was made before it became read-only.
async fn read_only() -> (TestNode, graphy_server::Node) {
    let open = TestNode::start().await;
    open.graph("plan").await;
    let done = open
        .command("plan", "CREATE_NODE", json!({"id": "a"}))
        .await;
    assert_eq!(done["status"], "completed", "{done}");
    let closed = TestNode::node_on(&open.redis, |settings| settings.read_only = true).await;
    (open, closed)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_writes_on_a_read_only_node() {
    let (open, closed) = read_only().await;
    let (status, document) = open.get("/api/v2/openapi.json").await;
    assert_eq!(status, 200);
    let mut refused = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{graphId}", "plan")
            .replace("{conflictId}", "c")
            .replace("{operationId}", "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a")
            .replace("{operation}", "graphs.create");
        for method in ["post", "put", "patch", "delete"] {
            if methods.get(method).is_none() || path.starts_with("/api/v2/session") {
                continue;
            }
            let url = format!("{}{path}", closed.api_url());
            let method = method.to_uppercase().parse().unwrap();
            let body = json!({"name": "x", "graphId": "x"});
            let (status, said) = answer(
                open.http
                    .request(method, url)
                    .bearer_auth(&open.admin)
                    .json(&body),
            )
            .await;
            assert_eq!(
                (status, said["code"].as_str(), said["message"].as_str()),
                (403, Some("forbidden"), Some(MESSAGE)),
                "{path}: {said}"
            );
            refused += 1;
        }
    }
    assert!(refused >= 8, "{refused} routes were tried");
    let (status, state) = answer(
        open.http
            .get(format!("{}/api/v2/graphs/plan/state", closed.api_url()))
            .bearer_auth(&open.admin),
    )
    .await;
    assert_eq!(
        (status, state["nodes"].as_array().unwrap().len()),
        (200, 1),
        "{state}"
    );
    // Nobody wrote anything in between.
    let (_, graphs) = open.get("/api/v2/graphs").await;
    assert_eq!(graphs["graphs"].as_array().unwrap().len(), 1, "{graphs}");
    closed.shutdown().await;
    open.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_over_sockets_are_refused_and_what_others_do_is_still_seen() {
    let (open, closed) = read_only().await;
    let (mut socket, _) = enter(&closed, "plan", &open.admin, "reader").await;
    // With a place in the client's order and without one.
    for seq in [1, 0] {
        let id = socket
            .command(seq, "CREATE_NODE", json!({"id": format!("n{seq}")}))
            .await;
        let refused: Value = loop {
            let frame = socket.frame().await;
            if frame.to_string().contains(&id) {
                break frame;
            }
        };
        assert!(refused.to_string().contains(MESSAGE), "{refused}");
    }
    let done = open
        .command("plan", "CREATE_NODE", json!({"id": "b"}))
        .await;
    assert_eq!(done["status"], "completed");
    let update = socket.frame_of("state_update").await;
    assert!(update.to_string().contains("\"b\""), "{update}");
    closed.shutdown().await;
    open.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_worker_carries_out_what_is_queued_and_is_ready() {
    let open =
        TestNode::start_with(|settings| settings.role = graphy_operations::settings::NodeRole::Api)
            .await;
    open.graph("plan").await;
    let body = envelope("CREATE_NODE", json!({"id": "a"}));
    let (status, accepted) = open.post("/api/v2/graphs/plan/command", &body).await;
    assert_eq!(status, 202, "{accepted}");
    let closed = TestNode::node_on(&open.redis, |settings| settings.read_only = true).await;
    let done = open.outcome(&accepted["operationId"]).await;
    assert_eq!(done["status"], "completed", "{done}");
    let (status, ready) = answer(open.http.get(format!("{}/health/ready", closed.api_url()))).await;
    assert_eq!(status, 200, "{ready}");
    closed.shutdown().await;
    open.stop().await;
}
