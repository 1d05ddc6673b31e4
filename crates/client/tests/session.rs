//! The session against a server that behaves well, badly, or not at all.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::time::Duration;

use graphy_client::{SendError, SessionEvent, SessionStatus, Timing};
use graphy_model::{Command, Node, OperationId, Outcome, RejectCode};
use graphy_protocol::{ApiError, ClientFrame, ErrorCode, Landed, ServerFrame, Sync, close};
use support::{Server, behind, epoch, result, soon, timing, update, welcome};
use tokio::io::AsyncWriteExt as _;

fn node(id: &str) -> Command {
    let text = format!(r#"{{"id":"{id}"}}"#);
    Command::CreateNode(serde_json::from_str::<Node>(&text).unwrap())
}

fn error(id: OperationId, code: ErrorCode) -> ServerFrame {
    let error = ApiError::new(code, "not now").traced("t");
    ServerFrame::Error {
        error,
        operation_id: Some(id),
    }
}

#[tokio::test]
async fn commands_go_out_numbered_and_their_end_is_told() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    // Before the first socket is up a command is kept, not refused.
    let early = session.send(node("a")).unwrap();
    let (mut peer, hello) = server.welcome(3, vec![]).await;
    assert_eq!((hello.token.as_str(), hello.version), ("secret", None));
    reader.online().await;
    let late = session.send(node("b")).unwrap();

    let (first, second) = (peer.command().await, peer.command().await);
    assert_eq!((first.operation_id, first.seq), (early, Some(1)));
    assert_eq!((second.operation_id, second.seq), (late, Some(2)));
    assert_eq!((first.base_version, second.base_version), (None, Some(3)));
    assert_eq!(second.epoch, Some(epoch()));
    assert_eq!(session.pending(), 2);

    let frames = [update(3, 5), result(early, 4), result(late, 5)];
    for frame in &frames {
        peer.send(frame).await;
    }
    for frame in &frames {
        assert_eq!(&reader.frame().await, frame);
    }
    assert_eq!(session.pending(), 0);
    session.close().await;
    assert!(peer.try_next().await.is_none());
}

#[tokio::test]
async fn after_a_lost_socket_only_what_did_not_land_goes_out_again() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    let (mut peer, _) = server.welcome(0, vec![]).await;
    reader.online().await;
    let ids: Vec<_> = ["a", "b", "c"]
        .map(|id| session.send(node(id)).unwrap())
        .into();
    for id in &ids {
        assert_eq!(peer.command().await.operation_id, *id);
    }
    drop(peer);

    let landed = vec![Landed {
        operation_id: ids[1],
        outcome: Outcome::Applied { version: 1 },
    }];
    let (mut peer, hello) = server.welcome(1, landed).await;
    assert_eq!((hello.epoch, hello.version), (Some(epoch()), Some(0)));
    assert_eq!(hello.pending, ids);
    let (first, second) = (peer.command().await, peer.command().await);
    assert_eq!((first.operation_id, first.seq), (ids[0], Some(1)));
    assert_eq!((second.operation_id, second.seq), (ids[2], Some(3)));
    assert!(matches!(
        reader.status().await,
        SessionStatus::Offline { .. }
    ));
    reader.online().await;
    assert_eq!(session.pending(), 2);
}

#[tokio::test]
async fn a_hello_stays_small_however_much_is_pending() {
    let server = Server::start().await;
    let (session, _reader) = server.open(timing());
    let ids: Vec<_> = (0..500)
        .map(|n| session.send(node(&n.to_string())).unwrap())
        .collect();
    let (mut peer, hello) = server.greet().await;
    let text = ClientFrame::Hello(hello.clone()).to_text();
    assert!(text.len() <= 4096, "{}", text.len());
    assert!(hello.pending.len() > 50);
    peer.send(&welcome(0)).await;
    peer.send(&support::full(0, vec![])).await;
    // Not all at once: the rest follows as results come in.
    for id in &ids {
        assert_eq!(peer.command().await.operation_id, *id);
        peer.send(&result(*id, 0)).await;
    }
}

#[tokio::test]
async fn a_gap_asks_for_what_is_missing_and_the_reader_never_sees_it() {
    let server = Server::start().await;
    let (_session, mut reader) = server.open(timing());
    let (mut peer, _) = server.welcome(4, vec![]).await;
    reader.online().await;
    peer.send(&update(6, 7)).await;
    assert_eq!(
        peer.next().await,
        ClientFrame::RequestSync {
            epoch: Some(epoch()),
            version: Some(4)
        }
    );
    peer.send(&update(7, 8)).await;
    peer.send(&behind(4, 8)).await;
    peer.send(&update(8, 9)).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match reader.frame().await {
            ServerFrame::Sync(Sync::Behind {
                from_version,
                to_version,
                ..
            })
            | ServerFrame::StateUpdate {
                from_version,
                to_version,
                ..
            } => {
                seen.push((from_version, to_version));
            }
            _ => {}
        }
    }
    assert_eq!(seen, [(4, 8), (8, 9)]);
}

#[tokio::test]
async fn the_owner_may_ask_for_syncs() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    let (mut peer, _) = server.welcome(4, vec![]).await;
    reader.online().await;
    session.request_full_sync();
    session.request_sync();
    assert_eq!(
        peer.next().await,
        ClientFrame::RequestSync {
            epoch: None,
            version: None
        }
    );
}

#[tokio::test]
async fn a_command_that_is_refused_for_now_goes_out_again_before_later_ones() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    let (mut peer, _) = server.welcome(0, vec![]).await;
    reader.online().await;
    let first = session.send(node("a")).unwrap();
    assert_eq!(peer.command().await.operation_id, first);
    peer.send(&error(first, ErrorCode::RateLimited)).await;
    assert!(matches!(reader.frame().await, ServerFrame::Error { .. }));
    let second = session.send(node("b")).unwrap();
    let (again, next) = (peer.command().await, peer.command().await);
    assert_eq!((again.operation_id, again.seq), (first, Some(1)));
    assert_eq!((next.operation_id, next.seq), (second, Some(2)));
}

#[tokio::test]
async fn a_command_that_is_refused_for_good_is_forgotten() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    let (mut peer, _) = server.welcome(0, vec![]).await;
    reader.online().await;
    let (first, second) = (
        session.send(node("a")).unwrap(),
        session.send(node("b")).unwrap(),
    );
    peer.command().await;
    peer.command().await;
    for operation_id in [first, second] {
        let revert = ServerFrame::Revert {
            operation_id,
            code: RejectCode::AlreadyExists,
            message: "there".into(),
            field: None,
        };
        peer.send(&revert).await;
        while reader.frame().await != revert {}
    }
    assert_eq!(session.pending(), 0);
}

#[tokio::test]
async fn in_another_life_of_the_graph_the_count_begins_anew_and_ids_stay() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    let (mut peer, _) = server.welcome(7, vec![]).await;
    reader.online().await;
    let done = session.send(node("a")).unwrap();
    peer.command().await;
    peer.send(&result(done, 8)).await;
    let kept = session.send(node("b")).unwrap();
    assert_eq!(peer.command().await.seq, Some(2));
    // The graph was lost and made again: the server knows neither the epoch nor the count.
    peer.send(&ServerFrame::Revert {
        operation_id: kept,
        code: RejectCode::StaleEpoch,
        message: "another epoch".into(),
        field: None,
    })
    .await;
    assert!(matches!(peer.next().await, ClientFrame::RequestSync { .. }));
    peer.send(&support::full_of("e2", 0)).await;

    let (mut peer, hello) = server.greet().await;
    assert_eq!(hello.client_id.as_str(), "me.1");
    assert_eq!(
        (hello.epoch.unwrap().as_str(), hello.version),
        ("e2", Some(0))
    );
    peer.send(&support::welcome_to("e2", 0)).await;
    peer.send(&support::full_of("e2", 0)).await;
    let again = peer.command().await;
    assert_eq!((again.operation_id, again.seq), (kept, Some(1)));
    assert_eq!(again.client_id, Some(hello.client_id));
    assert_eq!(
        (again.epoch.unwrap().as_str(), again.base_version),
        ("e2", None)
    );
    // The reader was never told that the command failed.
    session.close().await;
    while let Some(event) = reader.next().await {
        let SessionEvent::Frame(received) = event else {
            continue;
        };
        assert!(!matches!(received.frame, ServerFrame::Revert { .. }));
    }
}

#[tokio::test]
async fn a_hole_in_the_count_is_left_behind() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    let (mut peer, _) = server.welcome(0, vec![]).await;
    reader.online().await;
    let (old, new) = (
        session.send(node("a")).unwrap(),
        session.send(node("b")).unwrap(),
    );
    peer.command().await;
    peer.command().await;
    let revert = ServerFrame::Revert {
        operation_id: old,
        code: RejectCode::Expired,
        message: "too old".into(),
        field: None,
    };
    peer.send(&revert).await;
    let (mut peer, hello) = server.welcome(0, vec![]).await;
    assert_eq!(
        (hello.client_id.as_str(), hello.pending),
        ("me.1", vec![new])
    );
    let again = peer.command().await;
    assert_eq!((again.operation_id, again.seq), (new, Some(1)));
    while reader.frame().await != revert {}
}

#[tokio::test]
async fn what_the_token_does_not_allow_never_leaves() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    let _peer = server.welcome(0, vec![]).await;
    reader.online().await;
    let delete = Command::DeleteGraph(graphy_model::command::NoPayload {});
    let Err(SendError::Rejected(rejection)) = session.send(delete) else {
        panic!("an editor may not delete the graph")
    };
    assert_eq!(rejection.code, RejectCode::Forbidden);
}

#[tokio::test]
async fn a_final_close_code_ends_the_session() {
    for code in [
        close::PROTOCOL,
        close::UNAUTHORIZED,
        close::FORBIDDEN,
        close::NOT_FOUND,
    ] {
        let server = Server::start().await;
        let (session, mut reader) = server.open(timing());
        let (peer, _) = server.greet().await;
        peer.close(code).await;
        let last = loop {
            match reader.status().await {
                SessionStatus::Connecting { .. } => {}
                other => break other,
            }
        };
        assert_eq!(
            last,
            SessionStatus::Closed {
                code,
                reason: "because".into()
            }
        );
        assert!(reader.next().await.is_none());
        assert_eq!(session.send(node("a")), Err(SendError::Closed));
    }
}

#[tokio::test]
async fn other_close_codes_do_not() {
    let server = Server::start().await;
    let (_session, mut reader) = server.open(timing());
    for code in [close::GOING_AWAY, close::SLOW_CONSUMER, close::IDLE, 1001] {
        let (peer, _) = server.welcome(0, vec![]).await;
        reader.online().await;
        peer.close(code).await;
        assert!(matches!(
            reader.status().await,
            SessionStatus::Offline { .. }
        ));
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left() {
    let server = Server::start().await;
    let silence = Duration::from_millis(200);
    let (_session, mut reader) = server.open(Timing {
        silence,
        ..timing()
    });
    let (_half_open, _) = server.welcome(0, vec![]).await;
    reader.online().await;
    let SessionStatus::Offline { reason, .. } = reader.status().await else {
        panic!("offline was expected")
    };
    assert_eq!(reason, "the server fell silent");
    server.welcome(0, vec![]).await;
    reader.online().await;
}

#[tokio::test]
async fn a_quiet_session_says_that_it_is_alive() {
    let server = Server::start().await;
    let heartbeat = Duration::from_millis(20);
    let (_session, _reader) = server.open(Timing {
        heartbeat,
        ..timing()
    });
    let (mut peer, _) = server.welcome(0, vec![]).await;
    assert_eq!(peer.next().await, ClientFrame::Heartbeat);
    assert_eq!(peer.next().await, ClientFrame::Heartbeat);
}

#[tokio::test]
async fn a_server_that_is_none_is_tried_again_and_again() {
    let server = Server::start().await;
    let (_session, mut reader) = server.open(timing());
    for answer in [
        "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n",
        "nonsense\r\n\r\n",
        "",
    ] {
        let mut tcp = server.tcp().await;
        tcp.write_all(answer.as_bytes()).await.unwrap();
        drop(tcp);
        while !matches!(reader.status().await, SessionStatus::Offline { .. }) {}
    }
    let (mut peer, _) = server.greet().await;
    peer.send_text("{\"type\":\"no such frame\"}").await;
    while !matches!(reader.status().await, SessionStatus::Offline { .. }) {}
    server.welcome(0, vec![]).await;
    reader.online().await;
}

#[tokio::test]
async fn an_address_without_the_graph_ends_the_session() {
    let server = Server::start().await;
    let (_session, mut reader) = server.open(timing());
    let mut tcp = server.tcp().await;
    tcp.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        .await
        .unwrap();
    while !matches!(
        reader.status().await,
        SessionStatus::Closed {
            code: close::NOT_FOUND,
            ..
        }
    ) {}
}

#[tokio::test]
async fn a_reader_that_lags_is_brought_up_to_date_and_learns_how_commands_ended() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    let (mut peer, _) = server.welcome(0, vec![]).await;
    let id = session.send(node("a")).unwrap();
    peer.command().await;
    // Far more than fits; nobody reads meanwhile.
    for version in 0..2000 {
        peer.send(&update(version, version + 1)).await;
    }
    peer.send(&result(id, 2000)).await;
    soon("the result to be taken in", async {
        while session.pending() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;

    let mut version = 0;
    let mut syncs = 0;
    let reading = async {
        loop {
            match reader.next().await.expect("the session is over") {
                SessionEvent::Frame(received) => match received.frame {
                    ServerFrame::StateUpdate {
                        from_version,
                        to_version,
                        ..
                    } => {
                        assert_eq!(from_version, version);
                        version = to_version;
                    }
                    ServerFrame::Sync(Sync::Behind {
                        from_version,
                        to_version,
                        ..
                    }) => {
                        assert_eq!(from_version, version);
                        version = to_version;
                        syncs += 1;
                    }
                    ServerFrame::CommandResult { operation_id, .. } => {
                        assert_eq!((operation_id, version), (id, 2000));
                        break;
                    }
                    _ => {}
                },
                SessionEvent::Status(_) => {}
            }
        }
    };
    let answering = async {
        let ClientFrame::RequestSync {
            version: Some(from),
            ..
        } = peer.next().await
        else {
            panic!("a request for a sync was expected")
        };
        assert!(from < 2000);
        peer.send(&behind(from, 2000)).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = soon("the reader", reading) => {}
        () = answering => {}
    }
    assert_eq!(syncs, 1);
}

#[tokio::test]
async fn a_malformed_command_never_leaves() {
    let server = Server::start().await;
    let (session, _reader) = server.open(timing());
    let long = format!(r#"{{"id":"a","title":"{}"}}"#, "x".repeat(20_000));
    let command = Command::CreateNode(serde_json::from_str(&long).unwrap());
    let Err(SendError::Rejected(rejection)) = session.send(command) else {
        panic!("a refusal was expected")
    };
    assert_eq!(rejection.code, RejectCode::TooLarge);
    assert_eq!(session.pending(), 0);
}

#[tokio::test]
async fn a_dropped_handle_ends_the_socket() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    let (mut peer, _) = server.welcome(0, vec![]).await;
    reader.online().await;
    drop(session);
    assert!(peer.try_next().await.is_none());
    assert!(matches!(
        reader.status().await,
        SessionStatus::Closed { code: 1000, .. }
    ));
}
