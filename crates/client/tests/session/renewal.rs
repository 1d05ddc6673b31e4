//! What a long-lived socket says besides commands: tokens, presence, repairs, half a state.

use graphy_client::{GraphSession, Journal, SessionStatus};
use graphy_model::NodeId;
use graphy_protocol::frame::PartialState;
use graphy_protocol::presence::PresenceState;
use graphy_protocol::{ClientFrame, ServerFrame, Sync, close};
use tokio::sync::watch;

use super::support::{Reader, Server, epoch, full_of, timing, welcome, welcome_to};

#[tokio::test]
async fn a_token_is_replaced_without_a_drop_and_after_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("queue")).unwrap();
    let server = Server::start().await;
    let config = server.config();
    let kept = journal.keep(&config.graph_id).await.unwrap();
    let (tokens, receiver) = watch::channel("first".to_owned());
    let (_session, events) = GraphSession::open_lasting(config, timing(), Some(kept), receiver);
    let mut reader = Reader(events);
    let (mut peer, hello) = server.welcome(0, vec![]).await;
    assert_eq!(hello.token, "first");
    reader.online().await;
    tokens.send_replace("second".to_owned());
    let token = "second".to_owned();
    assert_eq!(peer.next().await, ClientFrame::Token { token });
    // The server refuses; a newer token comes while the session waits for one.
    peer.close(close::UNAUTHORIZED).await;
    tokens.send_replace("third".to_owned());
    let (_peer, hello) = server.welcome(0, vec![]).await;
    assert_eq!(hello.token, "third");
    reader.online().await;
}

#[tokio::test]
async fn a_refused_token_that_nobody_replaces_ends_the_session() {
    let server = Server::start().await;
    let (_session, mut reader) = server.open(timing());
    let (peer, _) = server.greet().await;
    peer.close(close::UNAUTHORIZED).await;
    loop {
        if let SessionStatus::Closed { code, .. } = reader.status().await {
            assert_eq!(code, close::UNAUTHORIZED);
            return;
        }
    }
}

fn selected(id: &str) -> PresenceState {
    PresenceState {
        selection: vec![NodeId::new(id).unwrap()],
        ..PresenceState::default()
    }
}

#[tokio::test]
async fn only_the_latest_presence_is_told_and_told_again_after_a_reconnect() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    session.set_presence(selected("a"));
    session.set_presence(selected("b"));
    let (mut peer, _) = server.welcome(0, vec![]).await;
    reader.online().await;
    assert_eq!(peer.next().await, ClientFrame::Presence(selected("b")));
    for id in ["c", "d", "e"] {
        session.set_presence(selected(id));
    }
    assert_eq!(peer.next().await, ClientFrame::Presence(selected("e")));
    drop(peer);
    let (mut peer, _) = server.welcome(0, vec![]).await;
    assert_eq!(peer.next().await, ClientFrame::Presence(selected("e")));
}

#[tokio::test]
async fn an_interrupted_full_state_goes_on_where_it_stopped() {
    let chunk = |chunk, version| {
        let ServerFrame::Sync(Sync::Full { .. }) = full_of("e1", version) else {
            unreachable!("a full state")
        };
        ServerFrame::Sync(Sync::Full {
            epoch: epoch(),
            version,
            chunk,
            chunks: 3,
            nodes: vec![],
            edges: vec![],
            conflicts: vec![],
            settings: None,
            viewport: None,
            checksum: None,
            landed: vec![],
        })
    };
    let server = Server::start().await;
    let (_session, mut reader) = server.open(timing());
    let (mut peer, hello) = server.greet().await;
    assert_eq!(hello.partial, None);
    peer.send(&welcome(9)).await;
    peer.send(&chunk(0, 9)).await;
    while !matches!(reader.frame().await, ServerFrame::Sync(_)) {}
    drop(peer);
    let (mut peer, hello) = server.greet().await;
    let held = PartialState {
        epoch: epoch(),
        version: 9,
        chunks: 1,
    };
    assert_eq!(hello.partial, Some(held));
    peer.send(&welcome_to("e1", 9)).await;
    peer.send(&chunk(1, 9)).await;
    peer.send(&chunk(2, 9)).await;
    reader.online().await;
    drop(peer);
    let (_peer, hello) = server.greet().await;
    assert_eq!((hello.partial, hello.version), (None, Some(9)));
}

#[tokio::test]
async fn a_repair_is_asked_for_in_two_steps() {
    let server = Server::start().await;
    let (session, mut reader) = server.open(timing());
    let (mut peer, _) = server.welcome(5, vec![]).await;
    reader.online().await;
    session.request_digests();
    assert_eq!(peer.next().await, ClientFrame::RequestDigests);
    session.request_buckets(vec![3, 9]);
    let expected = ClientFrame::RequestSync {
        epoch: Some(epoch()),
        version: Some(5),
        buckets: Some(vec![3, 9]),
    };
    assert_eq!(peer.next().await, expected);
}
