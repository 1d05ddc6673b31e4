//! A client session against a real node that dies.

use std::collections::HashSet;
use std::time::Duration;

use crate::support::{PATIENCE, Served, ask};
use graphy_client::replica::Health;
use graphy_client::{GraphSession, Replica, SessionConfig, SessionEvent, SessionStatus, Timing};
use graphy_model::{ClientId, Command, Node, OperationId, Outcome};
use tokio::sync::mpsc;
use tokio::time::timeout;

fn node(id: &str) -> Command {
    let text = format!(r#"{{"id":"{id}"}}"#);
    Command::CreateNode(serde_json::from_str::<Node>(&text).unwrap())
}

struct Client {
    session: GraphSession,
    events: mpsc::Receiver<SessionEvent>,
    replica: Replica,
    ended: HashSet<OperationId>,
    lost: usize,
}

impl Client {
    /// Takes events in until the condition holds.
    async fn until(&mut self, what: &str, mut reached: impl FnMut(&Self) -> bool) {
        let taking = async {
            while !reached(self) {
                match self.events.recv().await.expect("the session goes on") {
                    SessionEvent::Frame(received) => {
                        let reaction = self.replica.receive(&received.frame);
                        assert_eq!(reaction.health, Health::InStep);
                        for settled in reaction.settled {
                            assert!(
                                !matches!(settled.outcome, Outcome::Rejected(_)),
                                "{settled:?}"
                            );
                            assert!(self.ended.insert(settled.operation_id), "told twice");
                        }
                    }
                    SessionEvent::Status(SessionStatus::Offline { .. }) => self.lost += 1,
                    SessionEvent::Status(_) | SessionEvent::Durable(_) => {}
                }
            }
        };
        timeout(PATIENCE, taking)
            .await
            .unwrap_or_else(|_| panic!("waited too long for {what}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_happens_once_though_the_node_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let first = Served::on(data, &[]);
    let created = ask(data, &["graphs", "create", "Hot", "--id", "hot"]);
    assert_eq!(created["graphId"], "hot");
    // A token that outlives the node, and the address that the next one takes again.
    let token = ask(data, &["token", "create", "client"]);
    let url = first.text("url").to_owned();
    let (session, events) = GraphSession::open_with(
        SessionConfig {
            url: url.parse().unwrap(),
            token: token["token"].as_str().unwrap().to_owned(),
            graph_id: "hot".parse().unwrap(),
            client_id: ClientId::new("survivor").unwrap(),
        },
        Timing {
            reconnect_longest: Duration::from_millis(500),
            ..Timing::default()
        },
    );
    let replica = Replica::new(ClientId::new("survivor").unwrap());
    let mut client = Client {
        session,
        events,
        replica,
        ended: HashSet::new(),
        lost: 0,
    };
    let mut sent = HashSet::new();
    for number in 0..200 {
        sent.insert(client.session.send(node(&format!("n{number}"))).unwrap());
    }
    client
        .until("some results", |client| client.ended.len() >= 20)
        .await;
    first.kill();
    // Nobody is there to take these.
    for number in 200..300 {
        sent.insert(client.session.send(node(&format!("n{number}"))).unwrap());
    }
    client
        .until("the loss of the socket", |client| client.lost > 0)
        .await;
    let address = url.strip_prefix("http://").unwrap();
    let _second = Served::on(data, &["--listen", address]);
    client
        .until("all results", |client| client.ended.len() == 300)
        .await;
    client
        .until("all updates", |client| {
            client
                .replica
                .confirmed()
                .is_some_and(|(_, version)| version == 300)
        })
        .await;

    assert_eq!(client.ended, sent);
    assert_eq!(client.session.pending(), 0);
    let report = ask(data, &["verify", "graph", "hot"]);
    // One version for each command: none was lost, none happened twice.
    assert_eq!(
        (report["version"].as_u64(), report["nodes"].as_u64()),
        (Some(300), Some(300))
    );
    assert_eq!(report["matches"], true);
    assert_eq!(
        report["computedChecksum"],
        client.replica.checksum().to_string()
    );
    client.session.close().await;
}
