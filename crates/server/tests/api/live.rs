//! Editors on real sockets.

use crate::support::{TestNode, connect};
use serde_json::json;

#[tokio::test]
async fn two_clients_see_each_others_edits_in_order() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, sync) = test.editor("g", "ann").await;
    assert_eq!(
        (&sync["mode"], &sync["version"]),
        (&json!("full"), &json!(0))
    );
    let (mut bob, _) = test.editor("g", "bob").await;

    let id = ann
        .command(1, "CREATE_NODE", json!({"id": "a", "title": "A"}))
        .await;
    let update = ann.frame().await;
    assert_eq!(update["type"], "state_update", "{update}");
    assert_eq!(
        (&update["fromVersion"], &update["toVersion"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(update["operations"][0]["operationId"], id.as_str());
    assert_eq!(update["operations"][0]["changes"][0]["op"], "put_node");
    assert_eq!(
        update["checksum"],
        update["operations"][0]["changes"][0]["hash"]
    );
    assert!(update["operations"][0].get("inverse").is_none());
    let result = ann.frame().await;
    assert_eq!(result["type"], "command_result", "{result}");
    assert_eq!(result["operationId"], id.as_str());
    assert_eq!(
        result["outcome"],
        json!({"status": "applied", "version": 1})
    );

    assert_eq!(bob.frame().await, update, "everybody gets the same frame");
    bob.command(
        1,
        "UPDATE_NODE",
        json!({"id": "a", "patch": {"title": "B"}}),
    )
    .await;
    assert_eq!(
        ann.frame().await["operations"][0]["changes"][0]["patch"]["title"],
        "B"
    );
    assert_eq!(bob.frame().await["type"], "state_update");
    assert_eq!(
        bob.frame().await["type"],
        "command_result",
        "ann gets none, bob does"
    );

    let refused = ann.command(2, "DELETE_NODE", json!({"id": "nobody"})).await;
    let revert = ann.frame().await;
    assert_eq!(revert["type"], "revert", "{revert}");
    assert_eq!(
        (&revert["operationId"], &revert["code"]),
        (&json!(refused), &json!("not_found"))
    );
    test.stop().await;
}

#[tokio::test]
async fn commands_sent_in_a_burst_keep_their_order() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    ann.command(1, "CREATE_NODE", json!({"id": "a"})).await;
    for seq in 2..=300 {
        ann.command(
            seq,
            "UPDATE_NODE",
            json!({"id": "a", "patch": {"title": seq.to_string()}}),
        )
        .await;
    }
    let (mut version, mut titles, mut results) = (0, Vec::new(), 0);
    while results < 300 {
        let frame = ann.frame().await;
        match frame["type"].as_str().unwrap() {
            "state_update" => {
                assert_eq!(frame["fromVersion"], version);
                version = frame["toVersion"].as_u64().unwrap();
                for operation in frame["operations"].as_array().unwrap() {
                    if let Some(title) = operation["changes"][0]["patch"]["title"].as_str() {
                        titles.push(title.parse::<u64>().unwrap());
                    }
                }
            }
            "command_result" => {
                assert!(frame["outcome"]["version"].as_u64().unwrap() <= version);
                results += 1;
            }
            other => panic!("{other}: {frame}"),
        }
    }
    assert_eq!(version, 300);
    assert_eq!(titles, (2..=300).collect::<Vec<_>>());
    test.stop().await;
}

#[tokio::test]
async fn a_client_that_was_away_is_brought_to_the_present() {
    let test = TestNode::start().await;
    test.graph("g").await;
    test.command("g", "CREATE_NODE", json!({"id": "a"})).await;
    let (ann, sync) = test.editor("g", "ann").await;
    drop(ann);
    let hello = |version: u64, epoch: &serde_json::Value, pending: Vec<&str>| {
        json!({"type": "hello", "token": test.admin, "clientId": "ann", "epoch": epoch,
            "version": version, "pending": pending})
    };
    let sent = crate::support::envelope("UPDATE_NODE", json!({"id": "a", "patch": {"title": "x"}}));
    let (_, accepted) = test.post("/api/v2/graphs/g/command", &sent).await;
    test.outcome(&accepted["operationId"]).await;
    let id = accepted["operationId"].as_str().unwrap();
    let unknown = uuid::Uuid::now_v7().to_string();

    let mut behind = test.socket("g").await;
    behind
        .send(&hello(1, &sync["epoch"], vec![id, &unknown]))
        .await;
    behind.frame_of("welcome").await;
    let frame = behind.frame().await;
    assert_eq!(
        (&frame["mode"], &frame["last"]),
        (&json!("behind"), &json!(true)),
        "{frame}"
    );
    assert_eq!(
        (&frame["fromVersion"], &frame["toVersion"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        frame["landed"],
        json!([{"operationId": id, "outcome": {"status": "applied", "version": 2}}])
    );

    let mut in_sync = test.socket("g").await;
    in_sync.send(&hello(2, &sync["epoch"], vec![id])).await;
    in_sync.frame_of("welcome").await;
    let frame2 = in_sync.frame().await;
    assert_eq!(
        (&frame2["mode"], &frame2["checksum"]),
        (&json!("in_sync"), &frame["checksum"])
    );
    assert_eq!(frame2["landed"][0]["operationId"], id);

    let mut full = test.socket("g").await;
    full.send(&hello(2, &json!("another-life"), vec![])).await;
    full.frame_of("welcome").await;
    let frame = full.frame().await;
    assert_eq!(frame["mode"], "full", "{frame}");
    assert_eq!(frame["nodes"][0]["node"]["title"], "x");
    assert_eq!(frame["checksum"], frame["nodes"][0]["hash"]);
    full.send(&json!({"type": "request_sync", "epoch": sync["epoch"], "version": 1}))
        .await;
    assert_eq!(full.frame().await["mode"], "behind");
    full.send(&json!({"type": "request_sync"})).await;
    assert_eq!(full.frame().await["mode"], "full");
    test.stop().await;
}

#[tokio::test]
async fn an_edit_made_through_one_node_is_seen_on_another() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let other = TestNode::node_on(&test.redis, |_| {}).await;
    let (mut here, sync) = test.editor("g", "here").await;
    let mut there = connect(&other, "/ws").await;
    there
        .send(
            &json!({"type": "hello", "token": test.admin, "clientId": "there", "graphId": "g",
            "epoch": sync["epoch"], "version": 0}),
        )
        .await;
    there.frame_of("welcome").await;
    assert_eq!(there.frame().await["mode"], "in_sync");
    there.command(1, "CREATE_NODE", json!({"id": "n"})).await;
    assert_eq!(here.frame().await["operations"][0]["clientId"], "there");
    assert_eq!(there.frame().await["type"], "state_update");
    assert_eq!(there.frame().await["type"], "command_result");
    other.shutdown().await;
    there.frame_of("going_away").await;
    assert_eq!(there.closed().await, 4000);
    test.stop().await;
}

#[tokio::test]
async fn a_deleted_graph_says_so_and_closes() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let delete = test
        .http
        .delete(test.url("/api/v2/graphs/g"))
        .bearer_auth(&test.admin);
    let (status, body) = crate::support::answer(delete).await;
    assert_eq!(status, 202, "{body}");
    assert_eq!(
        ann.frame().await["operations"][0]["changes"][0]["op"],
        "delete_graph"
    );
    assert_eq!(ann.closed().await, 4504);
    let mut late = test.socket("g").await;
    late.send(&json!({"type": "hello", "token": test.admin, "clientId": "late"}))
        .await;
    assert_eq!(late.closed().await, 4504);
    assert_eq!(test.get("/api/v2/graphs/g/state").await.0, 404);
    test.stop().await;
}
