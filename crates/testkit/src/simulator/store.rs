//! The model of Redis: a queue that keeps, one write that compares, an ordered history.

use std::collections::{HashMap, VecDeque};

use graphy_model::{
    AppliedOperation, Checksum, ClientId, Epoch, Graph, OperationId, Outcome, UndoStacks, UserId,
};

use super::Bug;
use super::wire::Sent;

/// A job of the queue.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) commands: Vec<Sent>,
    /// Nobody may take it before this time: it is locked by a worker, or waits.
    pub(super) not_before_ms: u64,
}

/// What a decided batch writes.
pub(super) struct Write {
    pub(super) epoch: Epoch,
    pub(super) expected: u64,
    pub(super) entries: Vec<AppliedOperation>,
    pub(super) outcomes: Vec<(OperationId, ClientId, u64, Outcome)>,
}

/// What became of a write.
pub(super) enum Written {
    Done,
    Behind,
    OtherEpoch,
    Known(Vec<(OperationId, Outcome)>),
}

pub(super) struct Store {
    pub(super) graph: Graph,
    pub(super) history: Vec<AppliedOperation>,
    pub(super) applied: HashMap<OperationId, Outcome>,
    pub(super) seqs: HashMap<ClientId, u64>,
    pub(super) queue: VecDeque<Job>,
    /// The checksum at every version of every epoch.
    pub(super) checksums: HashMap<(Epoch, u64), Checksum>,
    /// Every operation that ever made a version, and which one.
    pub(super) made: HashMap<OperationId, (Epoch, u64)>,
    bug: Bug,
    epochs: u64,
}

impl Store {
    pub(super) fn new(bug: Bug) -> Self {
        let epoch = Epoch::new("epoch-0").expect("a fixed text of the form of an id");
        let graph = Graph::new(epoch.clone(), 0);
        Self {
            checksums: HashMap::from([((epoch, 0), graph.checksum())]),
            graph,
            history: Vec::new(),
            applied: HashMap::new(),
            seqs: HashMap::new(),
            queue: VecDeque::new(),
            made: HashMap::new(),
            bug,
            epochs: 0,
        }
    }

    pub(super) fn seq_of(&self, client: &ClientId) -> u64 {
        self.seqs.get(client).copied().unwrap_or_default()
    }

    /// Writes a batch if the graph is still as it was decided against.
    ///
    /// # Errors
    /// The invariant that the batch breaks.
    pub(super) fn write(&mut self, write: Write) -> Result<Written, String> {
        if write.epoch != *self.graph.epoch() {
            return Ok(Written::OtherEpoch);
        }
        if self.bug != Bug::NoDedupe {
            let known = write.outcomes.iter().filter_map(|(id, ..)| {
                let outcome = self.applied.get(id)?;
                Some((*id, outcome.clone()))
            });
            let known: Vec<_> = known.collect();
            if !known.is_empty() {
                return Ok(Written::Known(known));
            }
        }
        if write.expected != self.graph.version() {
            return Ok(Written::Behind);
        }
        for entry in write.entries {
            if entry.version != self.graph.version() + 1 {
                return Err(format!("version {} does not follow", entry.version));
            }
            let at = (write.epoch.clone(), entry.version);
            if let Some(first) = self.made.insert(entry.operation_id, at) {
                let id = entry.operation_id;
                return Err(format!("operation {id:?} happened at {first:?} and again"));
            }
            let _undo = self.graph.apply(&entry);
            let at = (write.epoch.clone(), entry.version);
            self.checksums.insert(at, self.graph.checksum());
            self.history.push(entry);
        }
        for (id, client, seq, outcome) in write.outcomes {
            let last = self.seqs.entry(client).or_default();
            if self.bug != Bug::NoDedupe && seq != *last + 1 {
                return Err(format!("seq {seq} of {id:?} does not follow {last}"));
            }
            *last = seq.max(*last);
            self.applied.insert(id, outcome);
        }
        self.check_whole()?;
        Ok(Written::Done)
    }

    fn check_whole(&self) -> Result<(), String> {
        let nodes = self.graph.nodes();
        for entry in self.graph.edges().values() {
            for end in [&entry.entity.source, &entry.entity.target] {
                if !nodes.contains_key(end) {
                    return Err(format!("edge {} lacks its end {end}", entry.entity.id));
                }
            }
        }
        for entry in nodes.values() {
            if let Some(parent) = &entry.entity.parent
                && !nodes.contains_key(parent)
            {
                return Err(format!(
                    "node {} lacks its parent {parent}",
                    entry.entity.id
                ));
            }
        }
        Ok(())
    }

    /// Returns the operations after a version; none if they are not kept.
    pub(super) fn since(&self, version: u64) -> Option<Vec<AppliedOperation>> {
        if version == self.graph.version() {
            return Some(Vec::new());
        }
        let first = self.history.first()?.version;
        if version + 1 < first || version > self.graph.version() {
            return None;
        }
        let skip = usize::try_from(version + 1 - first).unwrap_or(usize::MAX);
        Some(self.history[skip..].to_vec())
    }

    /// Begins another life: the history is gone, what it made is not.
    pub(super) fn renew_epoch(&mut self) {
        self.epochs += 1;
        let epoch = Epoch::new(&format!("epoch-{}", self.epochs)).expect("a text of id form");
        let old = &self.graph;
        let mut graph = Graph::new(epoch.clone(), old.version());
        graph.load_settings(old.settings().clone());
        for entry in old.nodes().values() {
            graph.load_node(
                entry.version,
                entry.marks.clone(),
                entry.entity.clone(),
                entry.hash,
            );
        }
        for entry in old.edges().values() {
            graph.load_edge(
                entry.version,
                entry.marks.clone(),
                entry.entity.clone(),
                entry.hash,
            );
        }
        self.checksums
            .insert((epoch, graph.version()), graph.checksum());
        self.graph = graph;
        self.history.clear();
    }

    pub(super) fn stacks_of(&self, user: &UserId) -> UndoStacks {
        let mut stacks = UndoStacks::default();
        for entry in self.history.iter().filter(|entry| entry.user_id == *user) {
            stacks.note(entry);
        }
        stacks
    }
}
