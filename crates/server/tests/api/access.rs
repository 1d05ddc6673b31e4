//! Who may read and change a graph, over HTTP and on open sockets.

use std::time::Duration;

use graphy_model::Role;
use serde_json::json;

use crate::support::{TestNode, answer, connect, enter, token_of};

#[tokio::test]
async fn a_revoked_user_is_locked_out_on_every_node() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let other = TestNode::node_on(&test.redis, |_| {}).await;
    let (bea, _) = token_of(&test.node, "bea", Role::Editor).await;
    let (mut here, welcome) = enter(&test.node, "g", &bea, "here").await;
    let (mut there, _) = enter(&other, "g", &bea, "there").await;
    assert_eq!(welcome["access"], "edit");
    let get = |path: &'static str| answer(test.http.get(test.url(path)).bearer_auth(&bea));
    let paths = ["/api/v2/graphs/g/state", "/api/v2/graphs/g/changes?since=0"];
    for path in paths {
        assert_eq!(get(path).await.0, 200, "{path}");
    }
    let may = |role: &str| json!({"userId": "bea", "role": role});
    test.command("g", "UPDATE_PERMISSIONS", may("view")).await;
    for socket in [&mut here, &mut there] {
        assert_eq!(socket.frame_of("access").await["access"], "view");
    }
    here.command(1, "CREATE_NODE", json!({"id": "n"})).await;
    assert_eq!(here.frame_of("revert").await["code"], "forbidden");
    let ended = test.command("g", "UPDATE_PERMISSIONS", may("none")).await;
    assert_eq!(here.closed().await, 4503);
    assert_eq!(there.closed().await, 4503);
    for path in paths {
        assert_eq!(get(path).await.0, 403, "{path}");
    }
    let operation = ended["operationId"].as_str().expect("an id").to_owned();
    let url = test.url(&format!("/api/v2/operations/{operation}"));
    assert_eq!(answer(test.http.get(url).bearer_auth(&bea)).await.0, 403);
    let (_, list) = get("/api/v2/graphs").await;
    assert_eq!(list["graphs"], json!([]));
    let mut again = connect(&other, "/api/v2/graphs/g/subscribe").await;
    again
        .send(&json!({"type": "hello", "token": bea, "clientId": "again"}))
        .await;
    assert_eq!(again.closed().await, 4503);
    test.command("g", "UPDATE_PERMISSIONS", may("comment"))
        .await;
    let (_, welcome) = enter(&other, "g", &bea, "again").await;
    assert_eq!(welcome["access"], "comment");
    other.shutdown().await;
    test.stop().await;
}

#[tokio::test]
async fn a_token_that_is_revoked_elsewhere_closes_its_sockets() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let other = TestNode::node_on(&test.redis, |_| {}).await;
    let (bea, id) = token_of(&test.node, "bea", Role::Editor).await;
    let (mut there, _) = enter(&other, "g", &bea, "there").await;
    test.node.tokens().revoke(&id).await.expect("revoked");
    assert_eq!(there.closed().await, 4501);
    other.shutdown().await;
    test.stop().await;
}

#[tokio::test]
async fn a_token_is_replaced_on_an_open_socket() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (old, old_id) = token_of(&test.node, "bea", Role::Editor).await;
    let (new, _) = token_of(&test.node, "bea", Role::Viewer).await;
    let (strangers, _) = token_of(&test.node, "cid", Role::Admin).await;
    let (mut bea, _) = enter(&test.node, "g", &old, "bea").await;
    for bad in [strangers.as_str(), "nonsense"] {
        bea.send(&json!({"type": "token", "token": bad})).await;
        assert_eq!(bea.frame_of("error").await["code"], "unauthorized");
    }
    bea.send(&json!({"type": "token", "token": new})).await;
    let replaced = bea.frame_of("token").await;
    assert!(replaced["expiresAt"].as_u64().is_some(), "{replaced}");
    assert_eq!(bea.frame_of("access").await["access"], "view");
    // The socket does not hang on the old one any more.
    test.node.tokens().revoke(&old_id).await.expect("revoked");
    let closed = tokio::time::timeout(Duration::from_secs(3), bea.closed()).await;
    assert!(closed.is_err(), "the socket lives on: {closed:?}");
    test.command("g", "CREATE_NODE", json!({"id": "n"})).await;
    bea.frame_of("state_update").await;
    bea.command(1, "CREATE_NODE", json!({"id": "m"})).await;
    assert_eq!(bea.frame_of("revert").await["code"], "forbidden");
    test.stop().await;
}

#[tokio::test]
async fn a_replica_that_differs_finds_out_where_and_is_mended() {
    let test = TestNode::start().await;
    test.graph("g").await;
    for id in ["a", "b", "c"] {
        test.command("g", "CREATE_NODE", json!({"id": id})).await;
    }
    let (mut ann, _) = test.editor("g", "ann").await;
    ann.send(&json!({"type": "request_digests"})).await;
    let digests = ann.frame_of("digests").await;
    let buckets = digests["buckets"].as_array().expect("a list");
    let filled: Vec<usize> = (0..buckets.len())
        .filter(|index| buckets[*index] != "0000000000000000")
        .collect();
    assert_eq!((buckets.len(), filled.len()), (64, 3), "{digests}");
    ann.send(&json!({"type": "request_sync", "buckets": [filled[0]]}))
        .await;
    let repair = ann.frame_of("sync").await;
    assert_eq!(repair["mode"], "repair");
    assert_eq!(repair["buckets"], json!([filled[0]]));
    assert_eq!(repair["nodes"][0]["hash"], buckets[filled[0]]);
    test.stop().await;
}
