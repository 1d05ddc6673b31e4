//! The model of a server node: a line of commands, a worker, a room.

use std::collections::{BTreeMap, HashMap, HashSet};

use graphy_model::{
    AppliedOperation, Author, Command, Epoch, Graph, Limits, OperationId, Outcome, Recalled,
    RejectCode, Rejection, execute,
};

use super::Bug;
use super::session::Session;
use super::store::{Job, Store, Write, Written};
use super::wire::Sent;

/// The most commands of one job.
const JOB_COMMANDS_MAX: usize = 8;

pub(super) struct Node {
    pub(super) alive: bool,
    /// Whether it reaches the store.
    pub(super) connected: bool,
    /// Grows with each start, so that what a dead one had begun is not finished.
    pub(super) generation: u64,
    pub(super) waiting: Vec<Sent>,
    pub(super) unfinished: Option<u64>,
    pub(super) sessions: BTreeMap<u64, Session>,
    /// The position up to which the room was told.
    pub(super) room: (Epoch, u64),
    /// The graph that the worker decides against; may be behind.
    replica: Option<Graph>,
    pub(super) news_at_ms: u64,
}

/// What came of a job.
pub(super) struct Decided {
    pub(super) from_version: u64,
    pub(super) operations: Vec<AppliedOperation>,
    pub(super) outcomes: Vec<(OperationId, usize, Outcome)>,
    /// Commands that wait for ones that were sent before them.
    pub(super) held: Vec<Sent>,
    pub(super) duplicates: u64,
}

impl Node {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            alive: true,
            connected: true,
            generation: 0,
            waiting: Vec::new(),
            unfinished: None,
            sessions: BTreeMap::new(),
            room: (store.graph.epoch().clone(), store.graph.version()),
            replica: None,
            news_at_ms: 0,
        }
    }

    /// Forgets everything, as a process does that is killed.
    pub(super) fn die(&mut self) {
        self.alive = false;
        self.generation += 1;
        self.waiting.clear();
        self.unfinished = None;
        self.sessions.clear();
        self.replica = None;
    }

    /// Takes the commands of the next job, if none is unfinished.
    pub(super) fn next_job(&mut self, id: u64) -> Option<Job> {
        if self.unfinished.is_some() || self.waiting.is_empty() {
            return None;
        }
        let count = self.waiting.len().min(JOB_COMMANDS_MAX);
        self.unfinished = Some(id);
        Some(Job {
            id,
            commands: self.waiting.drain(..count).collect(),
            not_before_ms: 0,
        })
    }

    /// Decides a job and writes it, as often as the graph has moved on.
    ///
    /// # Errors
    /// The invariant that the job breaks.
    pub(super) fn carry_out(
        &mut self,
        job: &Job,
        store: &mut Store,
        bug: Bug,
    ) -> Result<Decided, String> {
        let mut seen = HashSet::new();
        let mut todo: Vec<Sent> = job
            .commands
            .iter()
            .filter(|sent| seen.insert(sent.operation_id))
            .cloned()
            .collect();
        let mut told = Vec::new();
        for _ in 0..100 {
            let mut replica = match self.replica.take() {
                Some(replica) if replica.epoch() == store.graph.epoch() => replica,
                _ => store.graph.clone(),
            };
            let from_version = replica.version();
            let (ready, held) = in_order(&todo, store, &mut told, bug);
            let (write, outcomes) = decide(&mut replica, &ready, store, bug)?;
            let operations = write.entries.clone();
            match store.write(write)? {
                Written::Done => {
                    if replica.checksum() != store.graph.checksum() {
                        return Err("the decision and its replay differ".to_owned());
                    }
                    self.replica = Some(replica);
                    let duplicates = told.len() as u64;
                    told.extend(outcomes);
                    return Ok(Decided {
                        from_version,
                        operations,
                        outcomes: told,
                        held,
                        duplicates,
                    });
                }
                Written::Behind => {
                    // Nothing of the decision may stay: begin from what the store has.
                    self.replica = Some(store.graph.clone());
                }
                Written::OtherEpoch => self.replica = None,
                Written::Known(known) => {
                    self.replica = None;
                    for (id, outcome) in known {
                        if let Some(at) = todo.iter().position(|sent| sent.operation_id == id) {
                            let sent = todo.remove(at);
                            told.push((id, sent.client, duplicate(outcome)));
                        }
                    }
                }
            }
        }
        Err("a job was decided a hundred times".to_owned())
    }
}

fn duplicate(first: Outcome) -> Outcome {
    Outcome::Duplicate {
        first: Some(Box::new(first)),
    }
}

/// Keeps each client's order: what was handled is told again, what is early waits.
fn in_order(
    todo: &[Sent],
    store: &Store,
    told: &mut Vec<(OperationId, usize, Outcome)>,
    bug: Bug,
) -> (Vec<Sent>, Vec<Sent>) {
    let (mut ready, mut held) = (Vec::new(), Vec::new());
    let mut next: HashMap<_, u64> = HashMap::new();
    for sent in todo {
        let last = next
            .entry(sent.client_id.clone())
            .or_insert_with(|| store.seq_of(&sent.client_id));
        if bug == Bug::NoDedupe || sent.seq == *last + 1 {
            *last = sent.seq.max(*last);
            ready.push(sent.clone());
        } else if sent.seq <= *last {
            if !told.iter().any(|(id, ..)| *id == sent.operation_id) {
                let first = store.applied.get(&sent.operation_id).cloned();
                let outcome = match first {
                    Some(first) => duplicate(first),
                    None => Rejection::new(RejectCode::Expired, "too old").into(),
                };
                told.push((sent.operation_id, sent.client, outcome));
            }
        } else {
            held.push(sent.clone());
        }
    }
    (ready, held)
}

/// How commands ended: which one, whose, and its outcome.
type Ends = Vec<(OperationId, usize, Outcome)>;

fn decide(
    graph: &mut Graph,
    ready: &[Sent],
    store: &Store,
    bug: Bug,
) -> Result<(Write, Ends), String> {
    let mut write = Write {
        epoch: graph.epoch().clone(),
        expected: graph.version(),
        entries: Vec::new(),
        outcomes: Vec::new(),
    };
    let mut outcomes = Vec::new();
    for sent in ready {
        let recalled = recall(sent, store, &write.entries, bug);
        let own: Option<std::collections::BTreeSet<u64>> = match &recalled {
            Recalled::Target { .. } => Some(own_versions(sent, store, &write.entries)),
            _ => None,
        };
        let before = own.is_some().then(|| graph.clone());
        let author = Author {
            client: Some(sent.client_id.clone()),
            base_version: Some(sent.base_version),
            timestamp_ms: sent.made_at_ms,
            user: Some(sent.user_id.clone()),
            role: None,
            operation_id: sent.operation_id,
            recalled,
        };
        let executed = execute(graph, &sent.command, &author, &Limits::default());
        if let (Some(own), Some(before)) = (own, before) {
            super::session::check_undo(&executed.changes, &before, &own)?;
        }
        if let Some(version) = executed.made {
            write.entries.push(AppliedOperation {
                version,
                operation_id: sent.operation_id,
                replay_of: None,
                client_id: Some(sent.client_id.clone()),
                user_id: sent.user_id.clone(),
                seq: Some(sent.seq),
                command_type: sent.command.command_type(),
                timestamp: sent.made_at_ms,
                changes: executed.changes,
                conflicts: executed.conflicts,
                target: executed.target,
                skipped: executed.skipped,
                inverse: executed.inverse,
            });
        }
        let row = (
            sent.operation_id,
            sent.client_id.clone(),
            sent.seq,
            executed.outcome.clone(),
        );
        write.outcomes.push(row);
        outcomes.push((sent.operation_id, sent.client, executed.outcome));
    }
    Ok((write, outcomes))
}

fn own_versions(
    sent: &Sent,
    store: &Store,
    made: &[AppliedOperation],
) -> std::collections::BTreeSet<u64> {
    let all = store.history.iter().chain(made);
    all.filter(|entry| entry.user_id == sent.user_id)
        .map(|entry| entry.version)
        .collect()
}

fn recall(sent: &Sent, store: &Store, made: &[AppliedOperation], bug: Bug) -> Recalled {
    let redo = match sent.command {
        Command::Undo(_) => false,
        Command::Redo(_) => true,
        _ => return Recalled::Nothing,
    };
    let mut stacks = store.stacks_of(&sent.user_id);
    for entry in made.iter().filter(|entry| entry.user_id == sent.user_id) {
        stacks.note(entry);
    }
    let step = if redo {
        stacks.to_redo(None)
    } else {
        stacks.to_undo(None)
    };
    let entry = step.and_then(|step| {
        let mut all = store.history.iter().chain(made);
        all.find(|entry| entry.version == step.version)
    });
    let own = if bug == Bug::UndoForgetsOthers {
        // As if everything were one's own; the values are still compared.
        (0..=store.graph.version() + made.len() as u64).collect()
    } else {
        stacks.own().clone()
    };
    entry.map_or(Recalled::Nothing, |operation| Recalled::Target {
        operation: Box::new(operation.clone()),
        own,
    })
}
