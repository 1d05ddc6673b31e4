//! From commands to one write: decides a batch against the graph in memory.
//!
//! Nothing here waits. The graph is changed on the way; whoever cannot write the result takes the
//! changes back with the undos.

mod settings;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use graphy_model::checksum::{edge_text, node_text};
use graphy_model::{
    AppliedOperation, Author, Change, ClientId, Command, CommandType, ConflictRecord, EdgeId,
    Envelope, Executed, Graph, GraphId, Limits, NodeId, OperationId, Outcome, Undo, UndoStacks,
    UserId, execute, record,
};
use graphy_store::graph::{BatchWrite, ConflictLogEntry, Fate};
use graphy_store::{BatchEvent, CommandOutcome};
use graphy_telemetry::traces::TraceParent;

use crate::job::{Content, QueuedCommand};
use crate::recall::{Made, Missing, Recall, of_authors};
use settings::Settings;

/// A command with its outcome.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settled {
    pub(crate) operation_id: OperationId,
    pub(crate) client_id: Option<ClientId>,
    pub(crate) seq: Option<u64>,
    /// None if the command could not be read.
    pub(crate) command_type: Option<CommandType>,
    pub(crate) accepted_at: u64,
    pub(crate) outcome: Outcome,
    pub(crate) trace: Option<TraceParent>,
}

impl Settled {
    pub(crate) fn new(command: &QueuedCommand, outcome: Outcome) -> Self {
        Self {
            operation_id: command.operation_id(),
            client_id: command.content.client_id().cloned(),
            seq: command.content.seq(),
            command_type: command.content.command_type(),
            accepted_at: command.accepted_at,
            outcome,
            trace: command.trace,
        }
    }

    pub(crate) fn announced(&self) -> CommandOutcome {
        CommandOutcome {
            operation_id: self.operation_id,
            client_id: self.client_id.clone(),
            outcome: self.outcome.clone(),
            traceparent: self.trace,
        }
    }
}

/// Where a batch comes from and when it is decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) graph_id: &'a GraphId,
    pub(crate) job_id: &'a str,
    pub(crate) now_ms: u64,
    pub(crate) limits: &'a Limits,
    pub(crate) poison: Option<fn(&Command) -> bool>,
    pub(crate) recall: &'a Recall,
}

/// A batch decided and encoded, not yet written.
pub(crate) struct Decided {
    pub(crate) write: BatchWrite,
    /// The outcomes of the batch's commands, in their order.
    pub(crate) settled: Vec<Settled>,
    pub(crate) undos: Vec<Undo>,
    /// Where commands met other clients.
    pub(crate) met: Vec<ConflictLogEntry>,
    /// What users did, for their lists.
    pub(crate) done: Vec<(UserId, String)>,
    /// What the batch's authors may take back after it, as far as that was asked for lately.
    pub(crate) stacks: HashMap<UserId, UndoStacks>,
}

impl Decided {
    /// Takes the changes of the graph back, because they were not written.
    pub(crate) fn revert(self, graph: &mut Graph) {
        revert(graph, self.undos);
    }
}

fn revert(graph: &mut Graph, undos: Vec<Undo>) {
    for undo in undos.into_iter().rev() {
        graph.revert(undo);
    }
}

/// Decides commands in order. `also` are outcomes that were found before and have to be recorded
/// with this write; `told` are such that have only to be announced with it.
///
/// # Errors
/// The piece of history that it lacks; the graph is as it was.
pub(crate) fn decide(
    graph: &mut Graph,
    stacks: &HashMap<UserId, UndoStacks>,
    commands: &[QueuedCommand],
    also: Vec<Settled>,
    told: &[Settled],
    context: Context<'_>,
) -> Result<Decided, Missing> {
    let from_version = graph.version();
    let survivors = survivors(commands);
    let mut batch = Batch::starting(stacks, commands);
    let mut outcomes: Vec<Option<Outcome>> = vec![None; commands.len()];
    for (index, command) in commands.iter().enumerate() {
        if survivors[index] != index {
            continue;
        }
        match batch.run(graph, command, context) {
            Ok(outcome) => outcomes[index] = Some(outcome),
            Err(missing) => {
                revert(graph, batch.undos);
                return Err(missing);
            }
        }
    }
    let mut settled = settle(commands, &survivors, &outcomes);
    settled.extend(also);
    let event = BatchEvent {
        graph_id: context.graph_id.clone(),
        job_id: context.job_id.to_owned(),
        epoch: graph.epoch().clone(),
        from_version,
        to_version: graph.version(),
        checksum: graph.checksum(),
        operations: batch.told,
        outcomes: settled.iter().chain(told).map(Settled::announced).collect(),
        resync: Vec::new(),
    };
    let write = BatchWrite {
        epoch: graph.epoch().clone(),
        expected_version: from_version,
        version: graph.version(),
        checksum: graph.checksum(),
        node_count: graph.nodes().len(),
        edge_count: graph.edges().len(),
        now_ms: context.now_ms,
        message: text(&event),
        fate: batch.fate,
        outcomes: settled
            .iter()
            .map(|one| (one.operation_id, text(&one.outcome)))
            .collect(),
        nodes: batch
            .nodes
            .iter()
            .map(|id| node_record(graph, id, context.now_ms))
            .collect(),
        edges: batch
            .edges
            .iter()
            .map(|id| edge_record(graph, id, context.now_ms))
            .collect(),
        viewports: batch.viewports.into_iter().collect(),
        seqs: last_seqs(&settled),
        entries: batch.entries,
        tombstones: tombstones(graph, &batch.nodes, &batch.edges),
        settings: batch.settings.write(),
    };
    Ok(Decided {
        write,
        settled,
        undos: batch.undos,
        met: batch.met,
        done: batch.done,
        stacks: batch.stacks.unwrap_or_default(),
    })
}

/// Gives each command its outcome; a superseded one shares the version of its survivor.
fn settle(
    commands: &[QueuedCommand],
    survivors: &[usize],
    outcomes: &[Option<Outcome>],
) -> Vec<Settled> {
    let outcome_of = |index: usize| {
        let survivor = survivors[index];
        let outcome = outcomes[survivor].clone().expect("survivors were run");
        match outcome {
            Outcome::Applied { version }
            | Outcome::Merged { version, .. }
            | Outcome::Conflict { version, .. }
                if survivor != index =>
            {
                Outcome::Merged {
                    version,
                    effect: Vec::new(),
                }
            }
            outcome => outcome,
        }
    };
    let numbered = commands.iter().enumerate();
    numbered
        .map(|(index, command)| Settled::new(command, outcome_of(index)))
        .collect()
}

/// What the commands of a batch have done so far.
#[derive(Default)]
struct Batch {
    told: Vec<AppliedOperation>,
    entries: Vec<(u64, String)>,
    undos: Vec<Undo>,
    met: Vec<ConflictLogEntry>,
    done: Vec<(UserId, String)>,
    nodes: BTreeSet<NodeId>,
    edges: BTreeSet<EdgeId>,
    viewports: BTreeMap<String, String>,
    fate: Fate,
    settings: Settings,
    /// What users may take back; none if nobody asked for that lately.
    stacks: Option<HashMap<UserId, UndoStacks>>,
    looks_back: bool,
    /// What the batch has made so far, if a command of it looks back.
    made: Made,
}

impl Batch {
    fn starting(stacks: &HashMap<UserId, UndoStacks>, commands: &[QueuedCommand]) -> Self {
        let looks_back = commands.iter().any(|command| {
            let envelope = command.content.envelope();
            envelope.is_some_and(|envelope| {
                matches!(
                    envelope.command,
                    Command::Undo(_) | Command::Redo(_) | Command::RestoreVersion(_)
                )
            })
        });
        Self {
            stacks: (looks_back || !stacks.is_empty()).then(|| of_authors(stacks, commands)),
            looks_back,
            ..Self::default()
        }
    }

    /// # Errors
    /// The piece of history that the command needs and that was not fetched yet.
    fn run(
        &mut self,
        graph: &mut Graph,
        command: &QueuedCommand,
        context: Context<'_>,
    ) -> Result<Outcome, Missing> {
        let envelope = match &command.content {
            Content::Asked(envelope) => envelope,
            Content::Refused(refused) => return Ok(refused.rejection.clone().into()),
        };
        if context
            .poison
            .is_some_and(|poison| poison(&envelope.command))
        {
            panic!("the command was made to fail by a test");
        }
        let recalled = match &self.stacks {
            None => graphy_model::Recalled::Nothing,
            Some(stacks) => {
                let recall = context.recall;
                recall.of(&envelope.command, &command.user_id, stacks, &self.made)?
            }
        };
        let author = Author {
            client: envelope.client_id.clone(),
            base_version: envelope.base_version,
            timestamp_ms: envelope
                .timestamp
                .unwrap_or(command.accepted_at)
                .min(command.accepted_at),
            user: Some(command.user_id.clone()),
            role: Some(command.role),
            operation_id: envelope.operation_id,
            recalled,
        };
        let executed = execute(graph, &envelope.command, &author, context.limits);
        Ok(self.take_in(executed, command, envelope, &author, context))
    }

    fn take_in(
        &mut self,
        executed: Executed,
        command: &QueuedCommand,
        envelope: &Envelope,
        author: &Author,
        context: Context<'_>,
    ) -> Outcome {
        self.undos.push(executed.undo);
        if !executed.conflicts.is_empty() {
            self.met.push(ConflictLogEntry {
                at: context.now_ms,
                graph_id: context.graph_id.clone(),
                operation_id: envelope.operation_id,
                user_id: command.user_id.clone(),
                notes: executed.conflicts.clone(),
            });
        }
        if let Some(viewport) = executed.viewport {
            self.viewports
                .insert(command.user_id.as_str().to_owned(), text(&viewport));
        }
        let Some(version) = executed.made else {
            return executed.outcome;
        };
        self.touch(&executed.changes, &executed.closed);
        let mut operation = AppliedOperation {
            version,
            operation_id: envelope.operation_id,
            replay_of: envelope.replay_of,
            client_id: envelope.client_id.clone(),
            user_id: command.user_id.clone(),
            seq: envelope.seq,
            command_type: envelope.command.command_type(),
            timestamp: author.timestamp_ms,
            changes: executed.changes,
            conflicts: executed.conflicts,
            target: executed.target,
            skipped: executed.skipped,
            inverse: executed.inverse,
        };
        if let Some(stacks) = &mut self.stacks {
            if let Some(stacks) = stacks.get_mut(&command.user_id) {
                stacks.note(&operation);
            }
            if self.looks_back {
                self.made.push(operation.clone());
            }
        }
        self.done.push((
            command.user_id.clone(),
            user_command(context.graph_id, &operation),
        ));
        self.entries.push((version, text(&operation)));
        operation.inverse = Vec::new();
        self.told.push(operation);
        executed.outcome
    }

    fn touch(&mut self, changes: &[Change], closed: &[ConflictRecord]) {
        for change in changes {
            match change {
                Change::PutNode { node, .. } => drop(self.nodes.insert(node.id.clone())),
                Change::PatchNode { id, .. } | Change::DeleteNode { id } => {
                    self.nodes.insert(id.clone());
                }
                Change::PutEdge { edge, .. } => drop(self.edges.insert(edge.id.clone())),
                Change::PatchEdge { id, .. } | Change::DeleteEdge { id } => {
                    self.edges.insert(id.clone());
                }
                Change::DeleteGraph => self.fate = Fate::Delete,
                Change::SetName { name } => self.settings.name = Some(name.clone()),
                Change::SetPolicy { policy } => self.settings.policy = Some(text(policy)),
                Change::SetGrant { grantee, role } => {
                    self.settings.grants.insert(grantee.to_string(), *role);
                }
                Change::OpenConflict { conflict } => {
                    let id = conflict.conflict_id.clone();
                    self.settings.conflicts.insert(id, (**conflict).clone());
                }
                // The record comes with what was closed.
                Change::CloseConflict { .. } => {}
            }
        }
        for record in closed {
            let id = record.conflict_id.clone();
            self.settings.conflicts.insert(id, record.clone());
        }
    }
}

/// What a user's list of commands says of one.
fn user_command(graph: &GraphId, operation: &AppliedOperation) -> String {
    serde_json::json!({
        "graphId": graph,
        "operationId": operation.operation_id,
        "type": operation.command_type,
        "version": operation.version,
        "timestamp": operation.timestamp,
    })
    .to_string()
}

/// Finds for each command the one that takes its place: a later move of the same node by the same
/// client, if nothing but moves stands between them. Itself, if there is none.
fn survivors(commands: &[QueuedCommand]) -> Vec<usize> {
    let mut survivors: Vec<usize> = (0..commands.len()).collect();
    let mut later: HashMap<(&ClientId, &NodeId), usize> = HashMap::new();
    for (index, command) in commands.iter().enumerate().rev() {
        let moved = command
            .content
            .envelope()
            .and_then(|envelope| envelope.command.only_moves());
        match (command.content.client_id(), moved) {
            (Some(client), Some(node)) => {
                survivors[index] = *later.entry((client, node)).or_insert(index);
            }
            (None, Some(_)) => {}
            (_, None) => later.clear(),
        }
    }
    survivors
}

/// Every recorded outcome passes its place in its client's order, refusals too.
fn last_seqs(settled: &[Settled]) -> Vec<(ClientId, u64)> {
    let mut last: BTreeMap<&ClientId, u64> = BTreeMap::new();
    for one in settled {
        if let (Some(client), Some(seq)) = (&one.client_id, one.seq) {
            let known = last.entry(client).or_default();
            *known = seq.max(*known);
        }
    }
    last.into_iter()
        .map(|(client, seq)| (client.clone(), seq))
        .collect()
}

fn node_record(graph: &Graph, id: &NodeId, now_ms: u64) -> (String, String) {
    let record = match graph.nodes().get(id) {
        Some(entry) => record::present(entry.version, &entry.marks, &node_text(&entry.entity)),
        None => record::tombstone(graph.version(), now_ms),
    };
    (id.as_str().to_owned(), record)
}

fn edge_record(graph: &Graph, id: &EdgeId, now_ms: u64) -> (String, String) {
    let record = match graph.edges().get(id) {
        Some(entry) => record::present(entry.version, &entry.marks, &edge_text(&entry.entity)),
        None => record::tombstone(graph.version(), now_ms),
    };
    (id.as_str().to_owned(), record)
}

fn tombstones(graph: &Graph, nodes: &BTreeSet<NodeId>, edges: &BTreeSet<EdgeId>) -> Vec<String> {
    let nodes = nodes.iter().filter(|id| !graph.nodes().contains_key(*id));
    let edges = edges.iter().filter(|id| !graph.edges().contains_key(*id));
    nodes
        .map(|id| format!("n:{id}"))
        .chain(edges.map(|id| format!("e:{id}")))
        .collect()
}

fn text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("domain values hold only texts, numbers and JSON values")
}
