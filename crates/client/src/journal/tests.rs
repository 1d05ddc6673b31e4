//! The journal on real files and on a disk that loses, tears and refuses writes.

mod disk;
mod faults;
mod files;

use graphy_model::command::NodeRef;
use graphy_model::{Command, Envelope, GraphId, NodeId, OperationId};
use uuid::Uuid;

use super::{Kept, Notice, Place, Sent};

fn graph() -> GraphId {
    GraphId::new("g").unwrap()
}

/// A command that says which one it is.
fn command(number: usize) -> Envelope {
    let id = NodeId::new(&format!("n{number}")).unwrap();
    Envelope {
        operation_id: OperationId(Uuid::now_v7()),
        graph_id: None,
        client_id: None,
        seq: None,
        command: Command::DeleteNode(NodeRef { id }),
        base_version: None,
        epoch: None,
        timestamp: None,
        replay_of: None,
    }
}

fn number_of(envelope: &Envelope) -> usize {
    match &envelope.command {
        Command::DeleteNode(NodeRef { id }) => id.as_str()[1..].parse().unwrap(),
        other => panic!("not a command of this test: {other:?}"),
    }
}

fn numbers(kept: &Kept) -> Vec<usize> {
    kept.pending().map(number_of).collect()
}

/// Queues a command as a session does.
fn put(kept: &mut Kept, number: usize, sent: Sent) -> (OperationId, Place) {
    let mut envelope = command(number);
    kept.count.number(&mut envelope);
    let place = kept.line.put(&envelope, sent, kept.count.clone()).unwrap();
    (envelope.operation_id, place)
}

/// Waits for the journal's next word on what was put.
async fn heard(kept: &mut Kept) -> Notice {
    kept.notices.recv().await.expect("the journal is open")
}

async fn saved(kept: &mut Kept) -> Vec<OperationId> {
    match heard(kept).await {
        Notice::Saved { ids, .. } => ids,
        other => panic!("not saved: {other:?}"),
    }
}
