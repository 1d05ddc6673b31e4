//! What becomes of commands.

use graphy_client::{SendError, SessionEvent, SessionStatus};
use graphy_model::{Command, OperationId, Outcome, RejectCode};
use graphy_protocol::{ApiError, ClientFrame, ErrorCode, Landed, ServerFrame};

use crate::support::{self, Server, epoch, node, result, timing, update, welcome};

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
