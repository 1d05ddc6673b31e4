//! Sockets, syncs and readers.

use std::time::Duration;

use graphy_client::{SendError, SessionEvent, SessionStatus, Timing};
use graphy_protocol::{ClientFrame, ServerFrame, Sync, close};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Server, behind, epoch, node, result, soon, timing, update};

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
            version: Some(4),
            buckets: None,
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
            version: None,
            buckets: None,
        }
    );
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
    let codes = [close::GOING_AWAY, close::SLOW_CONSUMER, close::IDLE, 1001];
    for (place, code) in codes.into_iter().enumerate() {
        let (peer, hello) = server.welcome(0, vec![]).await;
        // Who has lost a socket says how long they were without one.
        assert_eq!(hello.away_ms.is_some(), place > 0);
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
                SessionEvent::Status(_) | SessionEvent::Durable(_) => {}
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
