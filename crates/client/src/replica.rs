//! A copy of a graph with the commands on top that the server has not answered yet.
//!
//! The Rust twin of the interface's replica, for bots, the command line and benches. Fed with the
//! frames of a [`GraphSession`](crate::GraphSession), it computes the hash of every entity from
//! its own text, so that an agreeing checksum proves that it holds exactly what the server holds.

use graphy_model::execute::Author;
use graphy_model::{
    AppliedOperation, Checksum, ClientId, Command, EntityHash, Epoch, Graph, Limits, OperationId,
    Outcome, RejectCode, Rejection, Undo, checksum, execute,
};
use graphy_protocol::frame::{HashedEdge, HashedNode};
use graphy_protocol::{ErrorCode, Landed, ServerFrame, Sync};

/// A command whose end the frame told.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// Which command.
    pub operation_id: OperationId,
    /// How it ended.
    pub outcome: Outcome,
}

/// What a frame did to a replica.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a replica that has diverged must be given the whole state"]
pub struct Reaction {
    /// Commands of this client whose end the frame told.
    pub settled: Vec<Settled>,
    /// Whether the replica can be trusted.
    pub health: Health,
}

/// Whether a replica holds what the server holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nothing speaks against it.
    InStep,
    /// The frame does not follow what the replica holds; it was not applied.
    Gap,
    /// The checksums differ; only the whole state helps.
    Diverged {
        /// The server's checksum.
        expected: Checksum,
        /// The replica's.
        computed: Checksum,
    },
}

/// A command that is on top of the server's state until its end is known.
struct Layer {
    operation_id: OperationId,
    command: Command,
    made_at_ms: u64,
    /// None if it could not be carried out on the present state.
    undo: Option<Undo>,
}

/// The replica.
pub struct Replica {
    client_id: ClientId,
    limits: Limits,
    /// The server's state with the layers on top; none before the first sync.
    graph: Option<Graph>,
    /// The server's version, without the layers.
    version: u64,
    checksum: Checksum,
    layers: Vec<Layer>,
    /// A full state that is coming in.
    filling: Option<Graph>,
}

impl Replica {
    /// Makes an empty replica for the client whose commands it will show.
    #[must_use]
    pub fn new(client_id: ClientId) -> Self {
        Self {
            client_id,
            limits: Limits::default(),
            graph: None,
            version: 0,
            checksum: Checksum::default(),
            layers: Vec::new(),
            filling: None,
        }
    }

    /// Returns the graph as a person should see it: the server's state and the pending commands.
    /// None before the first sync.
    #[must_use]
    pub fn graph(&self) -> Option<&Graph> {
        self.graph.as_ref()
    }

    /// Returns the epoch and version of the server's state underneath.
    #[must_use]
    pub fn confirmed(&self) -> Option<(&Epoch, u64)> {
        self.graph
            .as_ref()
            .map(|graph| (graph.epoch(), self.version))
    }

    /// Returns the checksum of the server's state underneath.
    #[must_use]
    pub fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// Returns how many commands are on top.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.layers.len()
    }

    /// Shows a command at once, before the server has it.
    ///
    /// # Errors
    /// The reason for which the server would refuse it now; then nothing is shown, and sending it
    /// makes no sense.
    pub fn propose(
        &mut self,
        operation_id: OperationId,
        command: Command,
        now_ms: u64,
    ) -> Result<(), Rejection> {
        let Some(graph) = &mut self.graph else {
            let message = "the graph has not been read yet";
            return Err(Rejection::new(RejectCode::Unavailable, message));
        };
        let author = author(&self.client_id, now_ms);
        let executed = execute(graph, &command, &author, &self.limits);
        if let Outcome::Rejected(rejection) = executed.outcome {
            graph.revert(executed.undo);
            return Err(rejection);
        }
        let undo = Some(executed.undo);
        self.layers.push(Layer {
            operation_id,
            command,
            made_at_ms: now_ms,
            undo,
        });
        Ok(())
    }

    /// Takes a frame of the server in.
    pub fn receive(&mut self, frame: &ServerFrame) -> Reaction {
        match frame {
            ServerFrame::Sync(sync) => self.take_sync(sync),
            ServerFrame::StateUpdate {
                epoch,
                from_version,
                operations,
                checksum,
                ..
            } => self.take_operations(epoch, *from_version, operations, Some(*checksum), &[]),
            ServerFrame::CommandResult {
                operation_id,
                outcome,
            } => self.settle_one(*operation_id, outcome.clone()),
            ServerFrame::Revert {
                operation_id,
                code,
                message,
                field,
            } => {
                let rejection = Rejection {
                    code: *code,
                    message: message.clone(),
                    field: field.clone(),
                };
                self.settle_one(*operation_id, Outcome::Rejected(rejection))
            }
            ServerFrame::Error {
                error,
                operation_id: Some(id),
            } if !error.retryable => {
                let rejection = Rejection {
                    code: reject_code(error.code),
                    message: error.message.clone(),
                    field: error.field.clone(),
                };
                self.settle_one(*id, Outcome::Rejected(rejection))
            }
            ServerFrame::Welcome { .. }
            | ServerFrame::Heartbeat { .. }
            | ServerFrame::Presence { .. }
            | ServerFrame::Conflict { .. }
            | ServerFrame::Access { .. }
            | ServerFrame::Token { .. }
            | ServerFrame::Digests { .. }
            | ServerFrame::Error { .. }
            | ServerFrame::GoingAway { .. } => in_step(),
        }
    }

    fn take_sync(&mut self, sync: &Sync) -> Reaction {
        match sync {
            Sync::InSync {
                epoch,
                version,
                checksum,
                landed,
            } => self.take_operations(epoch, *version, &[], Some(*checksum), landed),
            Sync::Behind {
                epoch,
                from_version,
                operations,
                checksum,
                landed,
                last,
                ..
            } => {
                let checksum = checksum.filter(|_| *last);
                self.take_operations(epoch, *from_version, operations, checksum, landed)
            }
            Sync::Repair { .. } => in_step(),
            Sync::Full {
                epoch,
                version,
                chunk,
                chunks,
                nodes,
                edges,
                checksum,
                landed,
                ..
            } => {
                let mut filling = match (chunk, self.filling.take()) {
                    (0, _) => Graph::new(epoch.clone(), 0),
                    (_, Some(filling)) => filling,
                    (_, None) => {
                        return Reaction {
                            settled: Vec::new(),
                            health: Health::Gap,
                        };
                    }
                };
                fill(&mut filling, *version, nodes, edges);
                if chunk + 1 < *chunks {
                    self.filling = Some(filling);
                    return in_step();
                }
                filling.finish_load(*version);
                for layer in &mut self.layers {
                    layer.undo = None;
                }
                self.graph = Some(filling);
                self.conclude(*checksum, &[], landed)
            }
        }
    }

    fn take_operations(
        &mut self,
        epoch: &Epoch,
        from_version: u64,
        operations: &[AppliedOperation],
        checksum: Option<Checksum>,
        landed: &[Landed],
    ) -> Reaction {
        let joins = self.version == from_version
            && self
                .graph
                .as_ref()
                .is_some_and(|graph| graph.epoch() == epoch);
        let Some(graph) = self.graph.as_mut().filter(|_| joins) else {
            return Reaction {
                settled: Vec::new(),
                health: Health::Gap,
            };
        };
        for layer in self.layers.iter_mut().rev() {
            if let Some(undo) = layer.undo.take() {
                graph.revert(undo);
            }
        }
        for operation in operations {
            // The server's word is not taken back.
            let _ = graph.apply(operation);
        }
        self.conclude(checksum, operations, landed)
    }

    /// Compares the bare state with the server's and puts what is still pending on top of it.
    fn conclude(
        &mut self,
        expected: Option<Checksum>,
        operations: &[AppliedOperation],
        landed: &[Landed],
    ) -> Reaction {
        let Some(graph) = &mut self.graph else {
            return in_step();
        };
        self.version = graph.version();
        self.checksum = graph.checksum();
        let health = match expected {
            Some(expected) if expected != self.checksum => Health::Diverged {
                expected,
                computed: self.checksum,
            },
            Some(_) | None => Health::InStep,
        };
        self.layers.retain(|layer| {
            operations
                .iter()
                .all(|operation| operation.operation_id != layer.operation_id)
                && landed
                    .iter()
                    .all(|landed| landed.operation_id != layer.operation_id)
        });
        for layer in &mut self.layers {
            layer.lay(graph, &self.client_id, &self.limits);
        }
        let settled = landed
            .iter()
            .map(|landed| Settled {
                operation_id: landed.operation_id,
                outcome: landed.outcome.clone(),
            })
            .collect();
        Reaction { settled, health }
    }

    fn settle_one(&mut self, operation_id: OperationId, outcome: Outcome) -> Reaction {
        if let Some(index) = self
            .layers
            .iter()
            .position(|layer| layer.operation_id == operation_id)
            && let Some(graph) = &mut self.graph
        {
            for layer in self.layers[index..].iter_mut().rev() {
                if let Some(undo) = layer.undo.take() {
                    graph.revert(undo);
                }
            }
            self.layers.remove(index);
            for layer in &mut self.layers[index..] {
                layer.lay(graph, &self.client_id, &self.limits);
            }
        }
        Reaction {
            settled: vec![Settled {
                operation_id,
                outcome,
            }],
            health: Health::InStep,
        }
    }
}

impl Layer {
    /// Puts the command on top of the graph, if it can still happen.
    fn lay(&mut self, graph: &mut Graph, client_id: &ClientId, limits: &Limits) {
        let author = author(client_id, self.made_at_ms);
        let executed = execute(graph, &self.command, &author, limits);
        self.undo = if let Outcome::Rejected(_) = executed.outcome {
            graph.revert(executed.undo);
            None
        } else {
            Some(executed.undo)
        };
    }
}

fn in_step() -> Reaction {
    Reaction {
        settled: Vec::new(),
        health: Health::InStep,
    }
}

fn author(client_id: &ClientId, timestamp_ms: u64) -> Author {
    Author {
        client: Some(client_id.clone()),
        timestamp_ms,
        ..Author::default()
    }
}

fn fill(graph: &mut Graph, version: u64, nodes: &[HashedNode], edges: &[HashedEdge]) {
    for HashedNode { node, .. } in nodes {
        let hash = EntityHash::of_node_text(node.id.as_str(), &checksum::node_text(node));
        graph.load_node(version, Default::default(), node.clone(), hash);
    }
    for HashedEdge { edge, .. } in edges {
        let hash = EntityHash::of_edge_text(edge.id.as_str(), &checksum::edge_text(edge));
        graph.load_edge(version, Default::default(), edge.clone(), hash);
    }
}

pub(crate) fn reject_code(code: ErrorCode) -> RejectCode {
    RejectCode::ALL
        .into_iter()
        .find(|reject| reject.as_str() == code.as_str())
        .unwrap_or(RejectCode::Internal)
}
