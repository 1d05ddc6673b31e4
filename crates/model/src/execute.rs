//! The decision: what a command does to a graph.
//!
//! `execute` either changes the graph and says how, or leaves it as it was and says why. It never
//! panics and never asks for anything but its arguments. The only resolver so far is last write
//! wins: a field that somebody else wrote after the author's base version goes to the write with
//! the later (time, client).

mod batch;
mod edge;
mod node;

use crate::change::Change;
use crate::command::Command;
use crate::entity::Viewport;
use crate::graph::{Graph, Presence, Undo};
use crate::ids::ClientId;
use crate::limits::Limits;
use crate::outcome::{Outcome, RejectCode, Rejection};
use crate::patch::Field;
use crate::record::{Mark, Marks};

/// What a decision needs to know of a command's author.
#[derive(Debug, Clone, Default)]
pub struct Author {
    /// The client, if it named itself.
    pub client: Option<ClientId>,
    /// The version that the author saw; none means "whatever is there".
    pub base_version: Option<u64>,
    /// When the author acted, in milliseconds, clamped to the server's clock.
    pub timestamp_ms: u64,
}

/// One field on which two clients met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictNote {
    /// The field.
    pub field: Field,
    /// Who kept it.
    pub winner: Winner,
}

/// Who kept a contested field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Winner {
    /// The command under decision.
    Mine,
    /// What was stored.
    Theirs,
}

/// What came of a command.
#[derive(Debug)]
pub struct Executed {
    /// How it ended.
    pub outcome: Outcome,
    /// What it did; empty if it made no version.
    pub changes: Vec<Change>,
    /// What would take it back.
    pub inverse: Vec<Change>,
    /// The fields on which it met another client.
    pub conflicts: Vec<ConflictNote>,
    /// The viewport to remember, if it was one.
    pub viewport: Option<Viewport>,
    /// Takes the change of the graph back.
    pub undo: Undo,
}

/// Decides a command and carries it out on the graph.
pub fn execute(graph: &mut Graph, command: &Command, author: &Author, limits: &Limits) -> Executed {
    let mut draft = Draft::start(graph, author, limits);
    let result = match draft.graph.presence() {
        Presence::Deleted => {
            Err(Rejection::new(RejectCode::NotFound, "the graph was deleted").on("graphId"))
        }
        Presence::Present => limits.check(command).and_then(|()| draft.run(command)),
    };
    draft.finish(result)
}

/// How much of a command happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    Part,
}

/// A command in the middle of being carried out.
struct Draft<'a> {
    graph: &'a mut Graph,
    author: &'a Author,
    limits: &'a Limits,
    mark: Mark,
    changes: Vec<Change>,
    /// Newest last; turned round at the end.
    inverse: Vec<Change>,
    conflicts: Vec<ConflictNote>,
    viewport: Option<Viewport>,
    undo: Undo,
}

impl<'a> Draft<'a> {
    fn start(graph: &'a mut Graph, author: &'a Author, limits: &'a Limits) -> Self {
        let mark = Mark(
            graph.version() + 1,
            author.client.clone(),
            author.timestamp_ms,
        );
        let undo = graph.start();
        Self {
            graph,
            author,
            limits,
            mark,
            changes: Vec::new(),
            inverse: Vec::new(),
            conflicts: Vec::new(),
            viewport: None,
            undo,
        }
    }

    fn run(&mut self, command: &Command) -> Result<Extent, Rejection> {
        match command {
            Command::CreateNode(node) => self.create_node(node),
            Command::UpdateNode(update) => self.update_node(&update.id, &update.patch),
            Command::DeleteNode(target) => self.delete_node(&target.id),
            Command::CreateEdge(edge) => self.create_edge(edge),
            Command::UpdateEdge(update) => self.update_edge(&update.id, &update.patch),
            Command::DeleteEdge(target) => self.delete_edge(&target.id),
            Command::BatchUpdate(batch) => self.batch(batch),
            Command::UpdateViewport(viewport) => {
                self.viewport = Some(*viewport);
                Ok(Extent::Whole)
            }
            Command::DeleteGraph(_) => {
                self.graph.delete(&mut self.undo);
                self.changes.push(Change::DeleteGraph);
                Ok(Extent::Whole)
            }
        }
    }

    fn finish(mut self, result: Result<Extent, Rejection>) -> Executed {
        let outcome = match result {
            Err(rejection) => {
                self.rewind(&Checkpoint::default());
                Outcome::Rejected(rejection)
            }
            Ok(extent) => {
                if !self.changes.is_empty() {
                    self.graph.set_version(self.mark.0);
                }
                let version = self.graph.version();
                match extent {
                    Extent::Whole => Outcome::Applied { version },
                    Extent::Part => Outcome::Merged {
                        version,
                        effect: self.changes.clone(),
                    },
                }
            }
        };
        self.inverse.reverse();
        Executed {
            outcome,
            changes: self.changes,
            inverse: self.inverse,
            conflicts: self.conflicts,
            viewport: self.viewport,
            undo: self.undo,
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            changes: self.changes.len(),
            inverse: self.inverse.len(),
            conflicts: self.conflicts.len(),
            priors: self.undo.len(),
        }
    }

    fn rewind(&mut self, to: &Checkpoint) {
        self.changes.truncate(to.changes);
        self.inverse.truncate(to.inverse);
        self.conflicts.truncate(to.conflicts);
        self.graph.revert_to(&mut self.undo, to.priors);
    }

    /// Says who gets a field, and notes it if two clients met on it.
    fn contest(&mut self, marks: &Marks, field: &Field) -> Winner {
        let Some(theirs) = marks.get(field).or_else(|| marks.get(&Field::All)) else {
            return Winner::Mine;
        };
        let base = self.author.base_version.unwrap_or(u64::MAX);
        let same_client = theirs.1.is_some() && theirs.1 == self.author.client;
        if theirs.0 <= base || same_client || theirs.0 == self.mark.0 {
            return Winner::Mine;
        }
        let mine = (self.author.timestamp_ms, &self.author.client);
        let winner = if mine >= (theirs.2, &theirs.1) {
            Winner::Mine
        } else {
            Winner::Theirs
        };
        self.conflicts.push(ConflictNote {
            field: field.clone(),
            winner,
        });
        winner
    }
}

/// How far a draft had come.
#[derive(Default)]
struct Checkpoint {
    changes: usize,
    inverse: usize,
    conflicts: usize,
    priors: usize,
}
