//! Who is there, on real sockets of two nodes.

use graphy_model::Role;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::{Socket, TestNode, answer, enter, token_of};

/// Takes frames of presence until one says of a user what is asked.
async fn until(socket: &mut Socket, user: &str, enough: impl Fn(&Value) -> bool) -> Value {
    loop {
        let frame = socket.any_frame().await;
        let peers = frame["peers"].as_array().cloned().unwrap_or_default();
        let found = peers
            .into_iter()
            .find(|peer| peer["userId"] == user && enough(peer));
        if let Some(peer) = found {
            return peer;
        }
    }
}

#[tokio::test]
async fn cursors_cross_nodes_and_a_goodbye_is_seen_at_once() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let other = TestNode::node_on(&test.redis, |_| {}).await;
    let (bea, _) = token_of(&test.node, "bea", Role::Viewer).await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let (mut there, welcome) = enter(&other, "g", &bea, "there").await;
    let state = json!({
        "type": "presence", "cursor": {"x": 3.5, "y": -2.0}, "selection": ["n1"],
        "viewport": {"x": 0.0, "y": 0.0, "zoom": 1.5}, "idle": true,
    });
    there.send(&state).await;
    let seen = until(&mut ann, "bea", |peer| peer["state"]["idle"] == true).await;
    assert_eq!(seen["sessionId"], welcome["sessionId"]);
    assert_eq!(seen["name"], "there");
    assert_eq!(seen["state"]["cursor"], json!({"x": 3.5, "y": -2.0}));
    assert_eq!(seen["state"]["selection"], json!(["n1"]));
    let too_many: Vec<String> = (0..201).map(|index| format!("n{index}")).collect();
    there
        .send(&json!({"type": "presence", "selection": too_many}))
        .await;
    assert_eq!(there.frame_of("error").await["field"], "selection");
    // Far more than anybody can see is no error either.
    for step in 0..500 {
        let state = json!({"type": "presence", "cursor": {"x": step, "y": 0}});
        there.send(&state).await;
    }
    until(&mut ann, "bea", |peer| {
        peer["state"]["cursor"]["x"] == 499.0
    })
    .await;
    let goodbye = CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    };
    there.stream.close(Some(goodbye)).await.expect("closed");
    let left = loop {
        let frame = ann.any_frame().await;
        if frame["left"].is_array() {
            break frame["left"].clone();
        }
    };
    assert_eq!(left, json!([welcome["sessionId"]]));
    other.shutdown().await;
    test.stop().await;
}

#[tokio::test]
async fn a_cut_connection_is_away_and_the_same_client_comes_back_as_one() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (bea, _) = token_of(&test.node, "bea", Role::Editor).await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let (cut, before) = enter(&test.node, "g", &bea, "bea").await;
    until(&mut ann, "bea", |peer| peer["away"].is_null()).await;
    // The stream is dropped without a close frame.
    drop(cut);
    until(&mut ann, "bea", |peer| peer["away"] == true).await;
    let (_back, after) = enter(&test.node, "g", &bea, "bea").await;
    let frame = loop {
        let frame = ann.any_frame().await;
        if frame["left"].is_array() {
            break frame;
        }
    };
    assert_eq!(frame["left"], json!([before["sessionId"]]));
    assert_eq!(frame["peers"][0]["sessionId"], after["sessionId"]);
    let caller = test.node.local_admin();
    let answer = test.node.operations();
    let listed = answer
        .dispatch(&caller, "sessions.list", json!({"graphId": "g"}))
        .await
        .expect("listed");
    let users: Vec<&str> = listed["sessions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|session| session["userId"].as_str())
        .collect();
    assert!(users.contains(&"user-admin"), "{listed}");
    test.stop().await;
}

#[tokio::test]
async fn a_client_that_an_operator_names_is_synced_and_nobody_else() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let other = TestNode::node_on(&test.redis, |_| {}).await;
    let (token, _) = token_of(&test.node, "bea", Role::Editor).await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let (mut bea, _) = enter(&other, "g", &token, "bea").await;
    let resync = async |request: Value| test.post("/api/v2/console/graphs.resync", &request).await;
    // Who is there is written a moment after they came.
    let mut added = Value::Null;
    graphy_store::testing::until("bea is seen", async || {
        let (status, answer) = resync(json!({"graphId": "g", "clientId": "bea"})).await;
        added = answer;
        assert!(status == 200 || added["field"] == "clientId", "{added}");
        status == 200
    })
    .await;
    let synced = bea.frame().await;
    assert_eq!(synced["type"], "sync", "{synced}");
    assert!(synced["checksum"].is_string(), "{synced}");
    let job = json!({
        "queue": {"prefix": "bull", "queue": "sync-operations"}, "jobId": added["jobId"],
    });
    let (_, job) = test.post("/api/v2/console/queues.job", &job).await;
    assert_eq!(job["row"]["name"], "SYNC_CLIENT", "{job}");
    // All of a graph: whoever stands where the history does is told nothing.
    let (status, added) = resync(json!({"graphId": "g"})).await;
    assert_eq!(status, 200, "{added}");
    test.command("g", "CREATE_NODE", json!({"id": "n", "title": "n"}))
        .await;
    for socket in [&mut ann, &mut bea] {
        assert_eq!(socket.frame().await["type"], "state_update");
    }
    for (request, field) in [
        (json!({"graphId": "g", "clientId": "eve"}), "clientId"),
        (json!({"graphId": "nowhere"}), "graphId"),
    ] {
        let (status, refused) = resync(request).await;
        assert_eq!(
            (status, &refused["field"]),
            (404, &json!(field)),
            "{refused}"
        );
    }
    let editor = test.http.post(test.url("/api/v2/console/graphs.resync"));
    let editor = editor.bearer_auth(&token).json(&json!({"graphId": "g"}));
    assert_eq!(answer(editor).await.0, 403);
    drop((ann, bea));
    other.shutdown().await;
    test.stop().await;
}
