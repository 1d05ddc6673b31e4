//! A queue that outlives its session: what goes on after a restart, and what waits for a person.

use std::path::Path;

use graphy_client::{GraphSession, Journal, SessionConfig};
use graphy_model::{Epoch, RejectCode, Rejection};
use graphy_protocol::{Landed, ServerFrame};
use tokio::sync::watch;

use super::support::{Reader, Server, full_of, node, result, soon, timing, welcome_to};

/// A session with a journal, and what it found there.
struct Window {
    session: GraphSession,
    reader: Reader,
    journal: Journal,
    pending: usize,
    parked: usize,
}

impl Window {
    async fn open(server: &Server, path: &Path) -> Self {
        Self::open_with(server.config(), path).await
    }

    /// A window whose server is not there.
    async fn open_alone(server: &Server, path: &Path) -> Self {
        let mut config = server.config();
        config.url = "http://127.0.0.1:9".parse().unwrap();
        Self::open_with(config, path).await
    }

    async fn open_with(config: SessionConfig, path: &Path) -> Self {
        let journal = Journal::open(path).unwrap();
        let kept = journal.keep(&config.graph_id).await.unwrap();
        let (pending, parked) = (kept.pending().count(), kept.parked().len());
        let tokens = watch::Sender::new(config.token.clone()).subscribe();
        let (session, events) = GraphSession::open_lasting(config, timing(), Some(kept), tokens);
        Self {
            session,
            reader: Reader(events),
            journal,
            pending,
            parked,
        }
    }

    /// Ends as a program that is closed does.
    async fn close(self) {
        soon("the end of the session", self.session.close()).await;
        soon("the end of the journal", self.journal.close()).await;
    }
}

#[tokio::test]
async fn unsent_commands_go_on_after_a_restart_in_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let server = Server::start().await;
    let window = Window::open_alone(&server, &path).await;
    let ids: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|id| window.session.send(node(id)).unwrap())
        .collect();
    window.journal.settle().await;
    window.close().await;

    let mut window = Window::open(&server, &path).await;
    assert_eq!(window.pending, 3);
    let (mut peer, hello) = server.welcome(4, vec![]).await;
    assert_eq!(hello.pending, ids);
    for (index, id) in ids.iter().enumerate() {
        let envelope = peer.command().await;
        assert_eq!(envelope.operation_id, *id);
        assert_eq!(envelope.seq, Some(index as u64 + 1));
        assert_eq!(envelope.client_id.as_ref(), Some(&hello.client_id));
    }
    peer.send(&result(ids[0], 5)).await;
    peer.send(&result(ids[1], 6)).await;
    window.reader.online().await;
    while window.session.pending() > 1 {
        window.reader.frame().await;
    }
    window.close().await;

    let window = Window::open(&server, &path).await;
    assert_eq!(window.pending, 1);
    let last = window.session.send(node("d")).unwrap();
    let landed = Landed {
        operation_id: ids[2],
        outcome: graphy_model::Outcome::Applied { version: 7 },
    };
    let (mut peer, again) = server.welcome(7, vec![landed]).await;
    assert_eq!(again.client_id, hello.client_id);
    let envelope = peer.command().await;
    assert_eq!((envelope.operation_id, envelope.seq), (last, Some(4)));
    window.close().await;
}

#[tokio::test]
async fn a_refused_command_waits_for_a_person_and_blocks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let server = Server::start().await;
    let mut window = Window::open(&server, &path).await;
    let (mut peer, _) = server.welcome(0, vec![]).await;
    window.reader.online().await;
    let bad = window.session.send(node("a")).unwrap();
    let good = window.session.send(node("b")).unwrap();
    peer.command().await;
    peer.command().await;
    let rejection = Rejection::new(RejectCode::Invalid, "no").on("payload.id");
    peer.send(&ServerFrame::Revert {
        operation_id: bad,
        code: rejection.code,
        message: rejection.message.clone(),
        field: rejection.field.clone(),
    })
    .await;
    peer.send(&result(good, 1)).await;
    while window.session.pending() > 0 {
        window.reader.frame().await;
    }
    window.close().await;

    let window = Window::open(&server, &path).await;
    assert_eq!((window.pending, window.parked), (0, 1));
    window.session.discard(bad);
    window.close().await;
    let window = Window::open(&server, &path).await;
    assert_eq!((window.pending, window.parked), (0, 0));
    window.close().await;
}

#[tokio::test]
async fn a_graph_that_began_a_new_life_meanwhile_is_counted_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let server = Server::start().await;
    let mut window = Window::open(&server, &path).await;
    let (mut peer, hello) = server.welcome(0, vec![]).await;
    window.reader.online().await;
    let first = window.session.send(node("a")).unwrap();
    peer.command().await;
    peer.send(&result(first, 1)).await;
    while window.session.pending() > 0 {
        window.reader.frame().await;
    }
    window.close().await;
    let window = Window::open_alone(&server, &path).await;
    let second = window.session.send(node("b")).unwrap();
    window.close().await;

    let window = Window::open(&server, &path).await;
    assert_eq!(window.pending, 1);
    let (mut peer, same) = server.greet().await;
    assert_eq!(same.pending, [second]);
    assert_eq!(same.client_id, hello.client_id);
    peer.send(&welcome_to("e2", 0)).await;
    peer.send(&full_of("e2", 0)).await;
    // The session comes back under a new name, with the same operation.
    let (mut peer, renamed) = server.greet().await;
    assert_ne!(renamed.client_id, hello.client_id);
    assert_eq!(renamed.epoch.as_ref().map(Epoch::as_str), Some("e2"));
    peer.send(&welcome_to("e2", 0)).await;
    peer.send(&full_of("e2", 0)).await;
    let envelope = peer.command().await;
    assert_eq!((envelope.operation_id, envelope.seq), (second, Some(1)));
    window.close().await;

    let window = Window::open(&server, &path).await;
    let (_peer, hello) = server.greet().await;
    assert_eq!(hello.client_id, renamed.client_id, "the new count was kept");
    window.close().await;
}
