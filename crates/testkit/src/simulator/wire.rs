//! What goes between clients and nodes, and between store and nodes.

use std::rc::Rc;

use graphy_model::{
    AppliedOperation, Checksum, ClientId, Command, Epoch, OperationId, Outcome, UserId,
};
use graphy_protocol::ServerFrame;

/// A command as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) operation_id: OperationId,
    pub(super) client: usize,
    pub(super) client_id: ClientId,
    pub(super) user_id: UserId,
    pub(super) seq: u64,
    pub(super) command: Command,
    pub(super) base_version: u64,
    pub(super) made_at_ms: u64,
}

/// What a client says to its node.
#[derive(Debug, Clone)]
pub(super) enum Say {
    Hello {
        at: Option<(Epoch, u64)>,
        pending: Vec<OperationId>,
    },
    Command(Box<Sent>),
    Sync(Option<(Epoch, u64)>),
}

/// What the store tells all nodes of one job.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) job: u64,
    pub(super) epoch: Epoch,
    pub(super) from_version: u64,
    pub(super) to_version: u64,
    pub(super) checksum: Checksum,
    pub(super) operations: Vec<AppliedOperation>,
    pub(super) outcomes: Vec<(OperationId, usize, Outcome)>,
}

/// Something that happens at a time.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A client does something.
    Act(usize),
    /// A client connects.
    Connect(usize),
    /// Words of a client arrive at its node.
    ToNode(u64, Say),
    /// A frame arrives at a client.
    ToClient(u64, Rc<ServerFrame>),
    /// A node puts what waits into the queue.
    Enqueue(usize),
    /// A node looks for a job.
    Fetch(usize),
    /// A node has decided a job and writes it; the generation tells whether it still lives.
    Write(usize, u64, u64),
    /// News arrives at a node.
    News(usize, u64, Rc<Batch>),
    /// A node compares its position with the store's, and looks after what it awaits.
    Audit(usize, u64),
    /// A node starts again.
    Start(usize),
    /// A node reaches the store again.
    Heal(usize),
    /// Something goes wrong somewhere.
    Chaos,
}
