//! The replica against a reference that decides with the same model.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use graphy_client::replica::{Ask, Health};
use graphy_client::{Replica, new_operation_id};
use graphy_model::command::{NodeRef, UpdateNode};
use graphy_model::execute::Author;
use graphy_model::{
    AppliedOperation, Checksum, ClientId, Command, Epoch, Graph, Limits, Node, NodeId, NodePatch,
    OperationId, Outcome, Position, RejectCode, UserId, execute,
};
use graphy_protocol::bucket::{BUCKETS, bucket_of};
use graphy_protocol::frame::{HashedEdge, HashedNode};
use graphy_protocol::{ServerFrame, Sync};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The server's side: decides, and says what it decided.
struct Reference(Graph);

impl Reference {
    fn new() -> Self {
        Self(Graph::new(Epoch::new("e").unwrap(), 0))
    }

    fn decide(&mut self, id: OperationId, command: &Command) -> (Outcome, Option<ServerFrame>) {
        let from_version = self.0.version();
        let author = Author {
            timestamp_ms: 5,
            ..Author::default()
        };
        let executed = execute(&mut self.0, command, &author, &Limits::default());
        if executed.changes.is_empty() {
            return (executed.outcome, None);
        }
        let operation = AppliedOperation {
            version: self.0.version(),
            operation_id: id,
            replay_of: None,
            client_id: None,
            user_id: UserId::new("u").unwrap(),
            seq: None,
            command_type: command.command_type(),
            timestamp: 5,
            changes: executed.changes,
            inverse: vec![],
            conflicts: vec![],
            target: None,
            skipped: vec![],
        };
        let update = ServerFrame::StateUpdate {
            epoch: self.0.epoch().clone(),
            from_version,
            to_version: self.0.version(),
            operations: vec![operation],
            checksum: self.0.checksum(),
        };
        (executed.outcome, Some(update))
    }

    fn full(&self) -> Vec<ServerFrame> {
        let nodes: Vec<_> = self.0.nodes().values().collect();
        let edges: Vec<_> = self.0.edges().values().collect();
        let frame = |chunk: u32, nodes: Vec<HashedNode>, edges: Vec<HashedEdge>| {
            ServerFrame::Sync(Sync::Full {
                epoch: self.0.epoch().clone(),
                version: self.0.version(),
                chunk,
                chunks: 2,
                nodes,
                edges,
                conflicts: vec![],
                settings: None,
                viewport: None,
                checksum: (chunk == 1).then(|| self.0.checksum()),
                landed: vec![],
            })
        };
        let nodes = nodes
            .into_iter()
            .map(|entry| HashedNode {
                node: entry.entity.clone(),
                hash: entry.hash,
            })
            .collect();
        let edges = edges
            .into_iter()
            .map(|entry| HashedEdge {
                edge: entry.entity.clone(),
                hash: entry.hash,
            })
            .collect();
        vec![frame(0, nodes, vec![]), frame(1, vec![], edges)]
    }
}

fn node(id: &str) -> Command {
    let text = format!(r#"{{"id":"{id}"}}"#);
    Command::CreateNode(serde_json::from_str::<Node>(&text).unwrap())
}

fn rename(id: &str, title: &str) -> Command {
    let patch = NodePatch {
        title: Some(title.to_owned()),
        ..NodePatch::default()
    };
    Command::UpdateNode(UpdateNode {
        id: NodeId::new(id).unwrap(),
        patch,
        base: None,
    })
}

fn delete(id: &str) -> Command {
    Command::DeleteNode(NodeRef {
        id: NodeId::new(id).unwrap(),
    })
}

fn replica() -> Replica {
    Replica::new(ClientId::new("me").unwrap())
}

fn joined(server: &Reference) -> Replica {
    let mut replica = replica();
    for frame in server.full() {
        assert_eq!(replica.receive(&frame).health, Health::InStep);
    }
    replica
}

fn title(replica: &Replica, id: &str) -> Option<String> {
    let graph = replica.graph().unwrap();
    graph
        .nodes()
        .get(id)
        .map(|entry| entry.entity.title.clone())
}

#[test]
fn an_edit_shows_at_once_and_stays_when_it_lands() {
    let mut server = Reference::new();
    server.decide(new_operation_id(), &node("a"));
    let mut replica = joined(&server);
    let id = new_operation_id();
    replica.propose(id, rename("a", "new"), 9).unwrap();
    assert_eq!(
        (title(&replica, "a").as_deref(), replica.pending()),
        (Some("new"), 1)
    );

    let (outcome, update) = server.decide(id, &rename("a", "new"));
    assert_eq!(replica.receive(&update.unwrap()).health, Health::InStep);
    assert_eq!(
        (title(&replica, "a").as_deref(), replica.pending()),
        (Some("new"), 0)
    );
    let reaction = replica.receive(&ServerFrame::CommandResult {
        operation_id: id,
        outcome: outcome.clone(),
    });
    assert_eq!(reaction.settled[0].outcome, outcome);
    assert_eq!(replica.checksum(), server.0.checksum());
}

#[test]
fn a_refused_edit_takes_back_only_itself() {
    let mut server = Reference::new();
    server.decide(new_operation_id(), &node("a"));
    server.decide(new_operation_id(), &node("b"));
    let mut replica = joined(&server);
    let (refused, kept) = (new_operation_id(), new_operation_id());
    replica.propose(refused, rename("a", "mine"), 9).unwrap();
    replica.propose(kept, rename("b", "kept"), 9).unwrap();

    // Somebody else deletes the node meanwhile: the rename cannot be shown any more.
    let (_, update) = server.decide(new_operation_id(), &delete("a"));
    assert_eq!(replica.receive(&update.unwrap()).health, Health::InStep);
    assert_eq!(title(&replica, "a"), None);
    assert_eq!(replica.pending(), 2);

    let reaction = replica.receive(&ServerFrame::Revert {
        operation_id: refused,
        code: RejectCode::NotFound,
        message: "gone".into(),
        field: None,
    });
    assert!(matches!(&reaction.settled[0].outcome, Outcome::Rejected(_)));
    assert_eq!(
        (title(&replica, "b").as_deref(), replica.pending()),
        (Some("kept"), 1)
    );
    assert_eq!(replica.checksum(), server.0.checksum());
}

#[test]
fn what_cannot_happen_is_not_shown() {
    let mut replica = joined(&Reference::new());
    let rejection = replica
        .propose(new_operation_id(), rename("a", "x"), 9)
        .unwrap_err();
    assert_eq!(
        (rejection.code, replica.pending()),
        (RejectCode::NotFound, 0)
    );
}

#[test]
fn a_gap_and_a_wrong_checksum_are_seen() {
    let mut server = Reference::new();
    let mut replica = joined(&server);
    let (_, first) = server.decide(new_operation_id(), &node("a"));
    let (_, second) = server.decide(new_operation_id(), &node("b"));
    assert_eq!(replica.receive(&second.unwrap()).health, Health::Gap);
    let forged = forge(first.unwrap());
    assert!(matches!(
        replica.receive(&forged).health,
        Health::Diverged { .. }
    ));
    for frame in server.full() {
        assert_eq!(replica.receive(&frame).health, Health::InStep);
    }
    assert_eq!(replica.confirmed().map(|(_, version)| version), Some(2));
}

/// An update as somebody else's server would have made it: one position is another.
fn forge(update: ServerFrame) -> ServerFrame {
    let ServerFrame::StateUpdate {
        epoch,
        from_version,
        to_version,
        mut operations,
        checksum,
    } = update
    else {
        panic!("an update")
    };
    let graphy_model::Change::PutNode { node, .. } = &mut operations[0].changes[0] else {
        panic!("a put")
    };
    node.position = Position { x: 1.0, y: 0.0 };
    ServerFrame::StateUpdate {
        epoch,
        from_version,
        to_version,
        operations,
        checksum,
    }
}

fn digests(server: &Reference) -> ServerFrame {
    let mut buckets = vec![Checksum::default(); usize::from(BUCKETS)];
    for (id, entry) in server.0.nodes() {
        buckets[usize::from(bucket_of(id.as_str()))].add(entry.hash);
    }
    ServerFrame::Digests {
        epoch: server.0.epoch().clone(),
        version: server.0.version(),
        buckets,
    }
}

fn repair(server: &Reference, buckets: &[u16]) -> ServerFrame {
    let nodes = server.0.nodes().values();
    let inside = nodes.filter(|one| buckets.contains(&bucket_of(one.entity.id.as_str())));
    ServerFrame::Sync(Sync::Repair {
        epoch: server.0.epoch().clone(),
        version: server.0.version(),
        buckets: buckets.to_vec(),
        nodes: inside
            .map(|entry| HashedNode {
                node: entry.entity.clone(),
                hash: entry.hash,
            })
            .collect(),
        edges: vec![],
        checksum: server.0.checksum(),
        last: true,
    })
}

#[test]
fn a_copy_that_differs_is_mended_by_buckets_under_pending_edits() {
    let mut server = Reference::new();
    for id in ["a", "b", "c", "d"] {
        server.decide(new_operation_id(), &node(id));
    }
    let mut replica = joined(&server);
    replica
        .propose(new_operation_id(), rename("b", "mine"), 9)
        .unwrap();
    let (_, update) = server.decide(new_operation_id(), &node("e"));
    let reaction = replica.receive(&forge(update.unwrap()));
    assert_eq!(reaction.ask, Some(Ask::Digests));
    // While that is asked for, it is not asked for again.
    let (_, update) = server.decide(new_operation_id(), &node("f"));
    let reaction = replica.receive(&update.unwrap());
    assert!(matches!(reaction.health, Health::Diverged { .. }));
    assert_eq!(reaction.ask, None);

    let reaction = replica.receive(&digests(&server));
    let bucket = bucket_of("e");
    assert_eq!(reaction.ask, Some(Ask::Buckets(vec![bucket])));
    let reaction = replica.receive(&repair(&server, &[bucket]));
    assert_eq!((reaction.health, reaction.ask), (Health::InStep, None));
    assert_eq!(replica.checksum(), server.0.checksum());
    assert_eq!(title(&replica, "b").as_deref(), Some("mine"));
    let (_, update) = server.decide(new_operation_id(), &delete("a"));
    assert_eq!(replica.receive(&update.unwrap()).health, Health::InStep);
}

#[test]
fn a_repair_that_does_not_help_asks_for_everything_and_only_once() {
    let mut server = Reference::new();
    let mut replica = joined(&server);
    let (_, update) = server.decide(new_operation_id(), &node("a"));
    let reaction = replica.receive(&forge(update.unwrap()));
    assert_eq!(reaction.ask, Some(Ask::Digests));
    let reaction = replica.receive(&digests(&server));
    assert!(matches!(reaction.ask, Some(Ask::Buckets(_))));
    let elsewhere = (bucket_of("a") + 1) % BUCKETS;
    let reaction = replica.receive(&repair(&server, &[elsewhere]));
    assert_eq!(reaction.ask, Some(Ask::All));
    let (_, update) = server.decide(new_operation_id(), &node("b"));
    assert_eq!(replica.receive(&update.unwrap()).ask, None);
    for frame in server.full() {
        assert_eq!(replica.receive(&frame).health, Health::InStep);
    }
    assert_eq!(replica.checksum(), server.0.checksum());
}

#[test]
fn half_a_state_goes_on_with_its_next_chunk_and_no_other() {
    let mut server = Reference::new();
    server.decide(new_operation_id(), &node("a"));
    let frames = server.full();
    let mut replica = replica();
    assert_eq!(replica.receive(&frames[0]).health, Health::InStep);
    assert_eq!(replica.receive(&frames[1]).health, Health::InStep);
    assert_eq!(replica.checksum(), server.0.checksum());

    let mut replica = self::replica();
    let _ = replica.receive(&frames[0]);
    server.decide(new_operation_id(), &node("b"));
    assert_eq!(replica.receive(&server.full()[1]).health, Health::Gap);
    assert!(replica.graph().is_none());
}

#[test]
fn two_replicas_with_random_edits_end_as_the_server() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut server = Reference::new();
    let mut replicas = [joined(&server), joined(&server)];
    // Commands that a client has shown and the server has not seen yet, oldest first.
    let mut wire: [Vec<(OperationId, Command)>; 2] = [vec![], vec![]];
    for _ in 0..2000 {
        let who = random.random_range(0..2);
        if random.random_bool(0.6) {
            let id = format!("n{}", random.random_range(0..12));
            let command = match random.random_range(0..3) {
                0 => node(&id),
                1 => rename(&id, &random.random::<u32>().to_string()),
                _ => delete(&id),
            };
            let operation = new_operation_id();
            if replicas[who].propose(operation, command.clone(), 9).is_ok() {
                wire[who].push((operation, command));
            }
        } else if !wire[who].is_empty() {
            let (operation_id, command) = wire[who].remove(0);
            let (outcome, update) = server.decide(operation_id, &command);
            for replica in &mut replicas {
                if let Some(update) = &update {
                    assert_eq!(replica.receive(update).health, Health::InStep);
                }
            }
            let result = ServerFrame::CommandResult {
                operation_id,
                outcome,
            };
            assert_eq!(replicas[who].receive(&result).settled.len(), 1);
            assert_eq!(replicas[who].pending(), wire[who].len());
        }
    }
    for (replica, wire) in replicas.iter_mut().zip(wire) {
        for (operation_id, _) in wire {
            let gone = graphy_model::Rejection::new(RejectCode::Expired, "late");
            let _ = replica.receive(&ServerFrame::CommandResult {
                operation_id,
                outcome: Outcome::Rejected(gone),
            });
        }
        let nodes = |graph: &Graph| {
            let mut nodes: Vec<_> = graph
                .nodes()
                .values()
                .map(|entry| entry.entity.clone())
                .collect();
            nodes.sort_by(|a, b| a.id.cmp(&b.id));
            nodes
        };
        assert_eq!(nodes(replica.graph().unwrap()), nodes(&server.0));
        assert_eq!(replica.graph().unwrap().checksum(), server.0.checksum());
    }
}
