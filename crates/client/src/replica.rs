//! A copy of a graph with the commands on top that the server has not answered yet.
//!
//! The Rust twin of the interface's replica, for bots, the command line and benches. Fed with the
//! frames of a [`GraphSession`](crate::GraphSession), it computes the hash of every entity from
//! its own text, so that an agreeing checksum proves that it holds exactly what the server holds.

mod repair;

use std::collections::BTreeMap;

use graphy_model::execute::Author;
use graphy_model::graph::Settings;
use graphy_model::{
    AppliedOperation, Checksum, ClientId, Command, ConflictId, ConflictRecord, Epoch, Grants,
    Graph, Limits, OperationId, Outcome, RejectCode, Rejection, Undo, execute,
};
use graphy_protocol::collaboration::GraphSettings;
use graphy_protocol::{ErrorCode, Landed, ServerFrame, Sync};

pub use repair::Ask;
use repair::Mending;

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
    /// What the session should be asked for; see [`GraphSession::ask`](crate::GraphSession::ask).
    /// Without it a repair is under way or none is needed.
    pub ask: Option<Ask>,
}

impl Reaction {
    fn nothing() -> Self {
        Self {
            settled: Vec::new(),
            health: Health::InStep,
            ask: None,
        }
    }

    fn gap() -> Self {
        Self {
            health: Health::Gap,
            ..Self::nothing()
        }
    }
}

/// Whether a replica holds what the server holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nothing speaks against it.
    InStep,
    /// The frame does not follow what the replica holds; it was not applied.
    Gap,
    /// The checksums differ; a repair is asked for, or under way.
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
    filling: Option<Filling>,
    mending: Mending,
    /// What the graph is called, as the greeting said.
    name: String,
}

/// The chunks of a full state that have come; they may go on over another socket.
struct Filling {
    graph: Graph,
    version: u64,
    next: u32,
    conflicts: BTreeMap<ConflictId, ConflictRecord>,
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
            mending: Mending::No,
            name: String::new(),
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
            ServerFrame::Digests {
                epoch,
                version,
                buckets,
            } => self.compare(epoch, *version, buckets),
            ServerFrame::Welcome { graph, .. } => {
                self.name.clone_from(&graph.name);
                // What was asked for on another socket will not come.
                self.mending = Mending::No;
                Reaction::nothing()
            }
            ServerFrame::Heartbeat { .. }
            | ServerFrame::Presence { .. }
            | ServerFrame::Conflict { .. }
            | ServerFrame::Access { .. }
            | ServerFrame::Token { .. }
            | ServerFrame::Error { .. }
            | ServerFrame::GoingAway { .. } => Reaction::nothing(),
        }
    }

    fn take_sync(&mut self, sync: &Sync) -> Reaction {
        if matches!(sync, Sync::InSync { .. } | Sync::Behind { .. }) {
            // The answer of a repair may have been lost before it; what is wrong still shows.
            self.mending = Mending::No;
        }
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
            Sync::Repair {
                epoch,
                version,
                buckets,
                nodes,
                edges,
                checksum,
                last,
            } => self.repair(
                (epoch, *version),
                buckets,
                (nodes, edges),
                last.then_some(*checksum),
            ),
            Sync::Full { .. } => self.take_chunk(sync),
        }
    }

    fn take_chunk(&mut self, sync: &Sync) -> Reaction {
        let Sync::Full {
            epoch,
            version,
            chunk,
            chunks,
            nodes,
            edges,
            conflicts,
            settings,
            checksum,
            landed,
            ..
        } = sync
        else {
            return Reaction::nothing();
        };
        let mut filling = match (chunk, self.filling.take()) {
            (0, _) => Filling {
                graph: Graph::new(epoch.clone(), 0),
                version: *version,
                next: 0,
                conflicts: BTreeMap::new(),
            },
            (_, Some(filling)) if filling.goes_on(epoch, *version, *chunk) => filling,
            (_, _) => return Reaction::gap(),
        };
        repair::fill(&mut filling.graph, *version, nodes, edges);
        filling.next += 1;
        for record in conflicts {
            let id = record.conflict_id.clone();
            filling.conflicts.insert(id, record.clone());
        }
        if filling.next < *chunks {
            self.filling = Some(filling);
            return Reaction::nothing();
        }
        let Filling {
            mut graph,
            conflicts,
            ..
        } = filling;
        let GraphSettings { policy, grants } = settings.clone().unwrap_or_default();
        graph.load_settings(Settings {
            name: self.name.clone(),
            owner: None,
            policy,
            grants: Grants(grants),
            conflicts,
        });
        graph.finish_load(*version);
        for layer in &mut self.layers {
            layer.undo = None;
        }
        self.graph = Some(graph);
        // A state that is still wrong is looked into from the beginning.
        self.mending = Mending::No;
        self.conclude(*checksum, &[], landed)
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
            return Reaction::gap();
        };
        take_off(&mut self.layers, graph);
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
            return Reaction::nothing();
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
        let ask = self.ask_for(health);
        Reaction {
            settled,
            health,
            ask,
        }
    }

    /// Lays the server's state bare.
    fn take_layers_off(&mut self) {
        if let Some(graph) = &mut self.graph {
            take_off(&mut self.layers, graph);
        }
    }

    /// Shows what is pending again.
    fn put_layers_on(&mut self) {
        if let Some(graph) = &mut self.graph {
            for layer in &mut self.layers {
                layer.lay(graph, &self.client_id, &self.limits);
            }
        }
    }

    fn settle_one(&mut self, operation_id: OperationId, outcome: Outcome) -> Reaction {
        if let Some(index) = self
            .layers
            .iter()
            .position(|layer| layer.operation_id == operation_id)
            && let Some(graph) = &mut self.graph
        {
            take_off(&mut self.layers[index..], graph);
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
            ask: None,
        }
    }
}

impl Filling {
    fn goes_on(&self, epoch: &Epoch, version: u64, chunk: u32) -> bool {
        self.graph.epoch() == epoch && self.version == version && self.next == chunk
    }
}

fn take_off(layers: &mut [Layer], graph: &mut Graph) {
    for layer in layers.iter_mut().rev() {
        if let Some(undo) = layer.undo.take() {
            graph.revert(undo);
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

fn author(client_id: &ClientId, timestamp_ms: u64) -> Author {
    Author {
        client: Some(client_id.clone()),
        timestamp_ms,
        ..Author::default()
    }
}

pub(crate) fn reject_code(code: ErrorCode) -> RejectCode {
    RejectCode::ALL
        .into_iter()
        .find(|reject| reject.as_str() == code.as_str())
        .unwrap_or(RejectCode::Internal)
}
