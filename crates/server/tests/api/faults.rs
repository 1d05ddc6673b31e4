//! What a socket may be sent, and how it ends.

use std::time::Duration;

use futures_util::SinkExt;
use graphy_model::Role;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::{Next, TestNode, envelope, handshake, token};

#[tokio::test]
async fn a_hello_that_is_none_closes_with_a_code() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let hello = |token: &str| json!({"type": "hello", "token": token, "clientId": "c"});
    let (revoked, id) = token(&test.node, Role::Editor).await;
    test.node.tokens().revoke(&id).await.unwrap();
    let mut other_graph = hello(&test.admin);
    other_graph["graphId"] = "h".into();
    let mut unknown_field = hello(&test.admin);
    unknown_field["wat"] = 1.into();
    let mut no_token = hello(&test.admin);
    no_token.as_object_mut().unwrap().remove("token");
    let cases = [
        (hello("nope"), 4501),
        (hello(&revoked), 4501),
        (other_graph, 4500),
        (unknown_field, 4500),
        (no_token, 4500),
        (hello(&"x".repeat(5_000)), 4500),
        (json!({"type": "heartbeat"}), 4500),
        (json!([]), 4500),
    ];
    for (frame, code) in cases {
        let mut socket = test.socket("g").await;
        socket.send(&frame).await;
        assert_eq!(socket.closed().await, code, "{frame}");
    }
    let mut nowhere = test.socket("nowhere").await;
    nowhere.send(&hello(&test.admin)).await;
    assert_eq!(nowhere.closed().await, 4504);
    let mut unnamed = crate::support::connect(&test.node, "/ws").await;
    unnamed.send(&hello(&test.admin)).await;
    assert_eq!(unnamed.closed().await, 4500);
    test.stop().await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of bad frames")]
async fn a_bad_frame_is_answered_and_harms_nobody() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let (mut bob, _) = test.editor("g", "bob").await;
    let id = uuid::Uuid::now_v7().to_string();
    let command =
        |rest: &str| format!(r#"{{"type":"command","command":{{"operationId":"{id}",{rest}}}}}"#);
    let node = |payload: &str| command(&format!(r#""type":"CREATE_NODE","payload":{payload}"#));
    let deep = format!("{}{}", "[".repeat(3000), "]".repeat(3000));
    // Frames without a readable operation are answered with an error, the others with a revert.
    let cases = [
        ("nonsense".to_owned(), "error", "invalid"),
        (r#"{"type":"wat"}"#.to_owned(), "error", "invalid"),
        (r#"{"type":"command"}"#.to_owned(), "error", "invalid"),
        (
            node(r#"{"id":"a","position":{"x":NaN,"y":1}}"#),
            "error",
            "invalid",
        ),
        (
            node(r#"{"id":"a","position":{"x":1e999,"y":1}}"#),
            "error",
            "invalid",
        ),
        (
            node(&format!(r#"{{"id":"a","data":{{"x":{deep}}}}}"#)),
            "error",
            "invalid",
        ),
        (node(r#"{"id":"a b"}"#), "revert", "invalid"),
        (node(r#"{"id":"a","wat":1}"#), "revert", "invalid"),
        (node(r#"{"id":"a","title":5}"#), "revert", "invalid"),
        (
            node(&format!(r#"{{"id":"a","title":"{}"}}"#, "x".repeat(20_000))),
            "revert",
            "too_large",
        ),
        (
            command(r#""clientId":"bob","type":"CREATE_NODE","payload":{"id":"a"}"#),
            "revert",
            "invalid",
        ),
        (
            command(r#""graphId":"h","type":"CREATE_NODE","payload":{"id":"a"}"#),
            "revert",
            "invalid",
        ),
    ];
    for (text, kind, code) in cases {
        ann.stream
            .send(Message::Text(text.clone().into()))
            .await
            .unwrap();
        let answer = ann.frame().await;
        let shown: String = text.chars().take(100).collect();
        assert_eq!(
            (answer["type"].as_str(), answer["code"].as_str()),
            (Some(kind), Some(code)),
            "{shown}: {answer}"
        );
    }
    let edge = json!({"id": "e", "source": "x", "target": "y"});
    ann.command(0, "CREATE_EDGE", edge).await;
    assert_eq!(ann.frame().await["code"], "dangling_edge");
    let mut stale = envelope("CREATE_NODE", json!({"id": "a"}));
    stale["epoch"] = "another-life".into();
    ann.send(&json!({"type": "command", "command": stale}))
        .await;
    assert_eq!(ann.frame().await["code"], "stale_epoch");
    ann.command(0, "CREATE_NODE", json!({"id": "fine"})).await;
    assert_eq!(ann.frame().await["type"], "state_update");
    assert_eq!(
        bob.frame().await["operations"][0]["changes"][0]["node"]["id"],
        "fine"
    );
    test.stop().await;
}

#[tokio::test]
async fn the_same_operation_twice_has_one_effect() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let command = envelope("CREATE_NODE", json!({"id": "a"}));
    ann.send(&json!({"type": "command", "command": command}))
        .await;
    assert_eq!(ann.frame().await["toVersion"], 1);
    assert_eq!(ann.frame().await["outcome"]["status"], "applied");
    ann.send(&json!({"type": "command", "command": command}))
        .await;
    let again = ann.frame().await;
    assert_eq!(again["outcome"]["status"], "duplicate", "{again}");
    assert_eq!(again["outcome"]["first"]["version"], 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_command_does_not_hold_up_those_behind_it() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let huge = "x".repeat(20_000);
    let broken = [
        ann.command(1, "CREATE_NODE", json!({})).await,
        ann.command(2, "CREATE_NODE", json!({"id": "a", "title": huge}))
            .await,
    ];
    let good = ann.command(3, "CREATE_NODE", json!({"id": "a"})).await;
    for (id, code) in broken.iter().zip(["invalid", "too_large"]) {
        let revert = ann.frame_of("revert").await;
        assert_eq!(
            (&revert["operationId"], &revert["code"]),
            (&json!(id), &json!(code))
        );
    }
    let result = ann.frame_of("command_result").await;
    assert_eq!(result["operationId"], json!(good));
    test.stop().await;
}

#[tokio::test]
async fn what_is_no_text_message_closes_with_the_code_of_the_rfc() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let broken = Frame::message(vec![b'{', 0xc3, 0x28], OpCode::Data(Data::Text), true);
    let half = Frame::message(vec![b'{'; 40_000], OpCode::Data(Data::Text), false);
    let rest = Frame::message(vec![b'{'; 40_000], OpCode::Data(Data::Continue), true);
    let cases = [
        (1003, vec![Message::Binary(vec![1, 2, 3].into())]),
        (1007, vec![Message::Frame(broken)]),
        (1009, vec![Message::Text("x".repeat(70_000).into())]),
        (1009, vec![Message::Frame(half), Message::Frame(rest)]),
    ];
    for (code, messages) in cases {
        let (mut socket, _) = test.editor("g", "ann").await;
        for message in messages {
            // The server may close before all is sent.
            let _ = socket.stream.send(message).await;
        }
        assert_eq!(socket.closed().await, code);
    }
    // A text in fragments is a text.
    let (mut socket, _) = test.editor("g", "ann").await;
    let text = br#"{"type":"request_sync"}"#;
    let first = Frame::message(text[..9].to_vec(), OpCode::Data(Data::Text), false);
    let last = Frame::message(text[9..].to_vec(), OpCode::Data(Data::Continue), true);
    socket.stream.send(Message::Frame(first)).await.unwrap();
    socket.stream.send(Message::Frame(last)).await.unwrap();
    assert_eq!(socket.frame().await["mode"], "full");
    test.stop().await;
}

#[tokio::test]
async fn handshakes_of_foreign_pages_are_refused() {
    let test = TestNode::start().await;
    let own = test.node.api_url();
    for (origin, status) in [
        (own.as_str(), 101),
        ("tauri://localhost", 101),
        ("http://evil.example", 403),
        ("null", 403),
    ] {
        assert_eq!(
            handshake(&test.node, "/ws", &[("origin", origin)]).await,
            status,
            "{origin}"
        );
    }
    assert_eq!(
        handshake(&test.node, "/ws", &[]).await,
        101,
        "programs send no origin"
    );
    assert_eq!(
        handshake(&test.node, "/ws", &[("host", "evil.example")]).await,
        403
    );
    test.stop().await;
}

#[tokio::test]
async fn a_revoked_token_closes_its_open_sockets() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (text, id) = token(&test.node, Role::Editor).await;
    let mut socket = test.socket("g").await;
    socket
        .send(&json!({"type": "hello", "token": text, "clientId": "c"}))
        .await;
    socket.frame_of("sync").await;
    let (mut other, _) = test.editor("g", "other").await;
    test.node.tokens().revoke(&id).await.unwrap();
    assert_eq!(socket.closed().await, 4501);
    other.command(1, "CREATE_NODE", json!({"id": "a"})).await;
    other.frame_of("command_result").await;
    test.stop().await;
}

#[tokio::test]
async fn a_socket_that_never_says_hello_harms_nobody() {
    let test = TestNode::start().await;
    test.graph("g").await;
    // Half open: a request that stops in the middle of its headers, and one that stops after.
    let mut slow = TcpStream::connect(test.node.address()).await.unwrap();
    slow.write_all(b"GET /ws HTTP/1.1\r\nHost: 127")
        .await
        .unwrap();
    let silent = test.socket("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    ann.command(1, "CREATE_NODE", json!({"id": "a"})).await;
    ann.frame_of("command_result").await;
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(30), slow.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the server gives a half request up");
    let mut silent = silent;
    assert_eq!(silent.closed().await, 4002);
    test.stop().await;
}

#[tokio::test]
async fn a_flood_is_slowed_and_then_closed() {
    let test = TestNode::start_with(|settings| {
        settings.rates.socket_commands = graphy_server::Rate::new(1, 5);
    })
    .await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    for index in 0..400 {
        let command = envelope("CREATE_NODE", json!({"id": format!("n{index}")}));
        let frame = json!({"type": "command", "command": command}).to_string();
        if ann.stream.send(Message::Text(frame.into())).await.is_err() {
            break;
        }
    }
    let mut limited = 0;
    let code = loop {
        match ann.next().await {
            Next::Frame(frame) if frame["code"] == "rate_limited" => {
                assert_eq!(
                    (&frame["type"], &frame["retryable"]),
                    (&json!("error"), &json!(true))
                );
                assert!(frame["operationId"].is_string());
                limited += 1;
            }
            Next::Frame(_) => {}
            Next::Closed(code) => break code,
        }
    };
    assert!(limited > 100, "{limited}");
    assert_eq!(code, 4500);
    test.stop().await;
}

#[tokio::test]
async fn a_slow_reader_is_given_the_difference_and_slows_nobody() {
    let test = TestNode::start_with(|settings| {
        settings.hub.updates_bytes_max = 64 * 1024;
    })
    .await;
    test.graph("g").await;
    let (mut slow, _) = test.editor("g", "slow").await;
    let (mut quick, _) = test.editor("g", "quick").await;
    let title = "x".repeat(15_000);
    let total = 1_200_u64;
    for version in 1..=total {
        // The slow one reads nothing all the while; 18 MB do not fit into its socket.
        let id = format!("n{version}");
        quick
            .command(version, "CREATE_NODE", json!({"id": id, "title": title}))
            .await;
        if version % 50 == 0 {
            loop {
                let frame = quick.frame_of("command_result").await;
                if frame["outcome"]["version"] == version {
                    break;
                }
            }
        }
    }
    let (mut version, mut syncs) = (0, 0);
    loop {
        match slow.next().await {
            Next::Frame(frame) if frame["type"] == "presence" => {}
            Next::Frame(frame) => {
                if frame["type"] == "sync" {
                    syncs += 1;
                }
                assert_eq!(
                    frame["fromVersion"], version,
                    "no gap, no repetition: {}",
                    frame["type"]
                );
                version = frame["toVersion"].as_u64().unwrap();
                if version == total {
                    break;
                }
            }
            // A write stood still for five seconds: that is the other way to end it.
            Next::Closed(code) => {
                assert!(code == 4001 || code == 1006, "{code}");
                break;
            }
        }
    }
    assert!(
        syncs > 0 || version < total,
        "the queue was given up at least once"
    );
    test.stop().await;
}

#[tokio::test]
async fn a_store_that_is_away_is_said_and_sockets_go_on_after_it() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    test.redis.signal("STOP");
    let body = envelope("CREATE_NODE", json!({"id": "a"}));
    let (status, answer) = test.post("/api/v2/graphs/g/command", &body).await;
    assert_eq!(
        (status, answer["code"].as_str()),
        (503, Some("unavailable")),
        "{answer}"
    );
    assert_eq!(answer["retryable"], true);
    let (status, report) = test.get("/health/ready").await;
    assert_eq!((status, &report["ready"]), (503, &json!(false)), "{report}");
    test.redis.signal("CONT");
    let mut seen = false;
    while !seen {
        ann.command(0, "CREATE_NODE", json!({"id": "b"})).await;
        // Refused as unavailable until the connections are back.
        let frame = ann.frame().await;
        seen = frame["type"] == "state_update" || frame["type"] == "sync";
    }
    test.stop().await;
}

#[tokio::test]
async fn a_stopping_node_lets_no_accepted_command_be_lost() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (mut ann, _) = test.editor("g", "ann").await;
    let mut accepted = Vec::new();
    for index in 0..50 {
        let body = envelope("CREATE_NODE", json!({"id": format!("n{index}")}));
        let (status, _) = test.post("/api/v2/graphs/g/command", &body).await;
        assert_eq!(status, 202);
        accepted.push(body["operationId"].clone());
    }
    let TestNode {
        node,
        redis,
        admin,
        http,
    } = test;
    let stopping = tokio::spawn(node.shutdown());
    let code = ann.closed().await;
    assert_eq!(code, 4000);
    stopping.await.unwrap();
    let node = TestNode::node_on(&redis, |_| {}).await;
    let test = TestNode {
        node,
        redis,
        admin,
        http,
    };
    for id in accepted {
        assert_eq!(test.outcome(&id).await["status"], "completed");
    }
    test.stop().await;
}
