//! The decision: what a command does to a graph.
//!
//! `execute` either changes the graph and says how, or leaves it as it was and says why. It never
//! panics and never asks for anything but its arguments. A field that somebody else wrote after
//! the author's base version is settled by the graph's [policy](crate::policy).

mod batch;
mod contest;
mod edge;
mod node;
mod restore;
mod right;
mod settings;
mod undo;

use crate::access::Role;
use crate::change::{Change, Skipped, Target};
use crate::command::Command;
use crate::conflict::{ConflictNote, ConflictRecord};
use crate::entity::Viewport;
use crate::graph::{Graph, Presence, Undo};
use crate::ids::{ClientId, ConflictId, OperationId, UserId};
use crate::limits::Limits;
use crate::outcome::{Outcome, RejectCode, Rejection};
use crate::recall::Recalled;
use crate::record::Mark;

pub use crate::conflict::Winner;
pub use right::least_role;

/// What a decision needs to know of a command's author.
#[derive(Debug, Clone, Default)]
pub struct Author {
    /// The client, if it named itself.
    pub client: Option<ClientId>,
    /// The version that the author saw; none means "whatever is there".
    pub base_version: Option<u64>,
    /// When the author acted, in milliseconds, clamped to the server's clock.
    pub timestamp_ms: u64,
    /// Whose token the command came with; none where access is not decided, as in a client.
    pub user: Option<UserId>,
    /// What that token allows; none counts as an editor's.
    pub role: Option<Role>,
    /// The command's identity; names the conflicts that it meets.
    pub operation_id: OperationId,
    /// The piece of history that the command needs.
    pub recalled: Recalled,
}

/// What came of a command.
#[derive(Debug)]
pub struct Executed {
    /// How it ended.
    pub outcome: Outcome,
    /// What it did; may be empty even if it made a version.
    pub changes: Vec<Change>,
    /// What would take it back.
    pub inverse: Vec<Change>,
    /// The fields on which it met another client.
    pub conflicts: Vec<ConflictNote>,
    /// The conflicts that it settled, with their resolutions.
    pub closed: Vec<ConflictRecord>,
    /// What an undo or redo turned round.
    pub target: Option<Target>,
    /// What an undo or redo left as it is.
    pub skipped: Vec<Skipped>,
    /// The viewport to remember, if it was one.
    pub viewport: Option<Viewport>,
    /// The version that it made, if it made one.
    pub made: Option<u64>,
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
        Presence::Present => limits
            .check(command)
            .and_then(|()| draft.check_right(command))
            .and_then(|()| draft.run(command)),
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
    /// The conflicts that wait for a person because of this command.
    opened: Vec<ConflictId>,
    closed: Vec<ConflictRecord>,
    target: Option<Target>,
    skipped: Vec<Skipped>,
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
            opened: Vec::new(),
            closed: Vec::new(),
            target: None,
            skipped: Vec::new(),
            viewport: None,
            undo,
        }
    }

    fn run(&mut self, command: &Command) -> Result<Extent, Rejection> {
        match command {
            Command::CreateNode(node) => self.create_node(node),
            Command::UpdateNode(update) => {
                self.update_node(&update.id, &update.patch, update.base.as_ref())
            }
            Command::DeleteNode(target) => self.delete_node(&target.id),
            Command::CreateEdge(edge) => self.create_edge(edge),
            Command::UpdateEdge(update) => {
                self.update_edge(&update.id, &update.patch, update.base.as_ref())
            }
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
            Command::ResolveConflict(resolution) => self.resolve_conflict(resolution),
            Command::Undo(_) | Command::Redo(_) => self.turn_round(),
            Command::RestoreVersion(wanted) => self.restore(wanted.version),
            Command::UpdatePermissions(wanted) => self.update_permissions(wanted),
            Command::UpdateGraph(wanted) => self.update_graph(wanted),
        }
    }

    fn finish(mut self, result: Result<Extent, Rejection>) -> Executed {
        let mut made = None;
        let outcome = match result {
            Err(rejection) => {
                self.rewind(&Checkpoint::default());
                self.target = None;
                self.skipped.clear();
                Outcome::Rejected(rejection)
            }
            Ok(extent) => {
                // An undo makes a version even if it finds nothing to do, so that it is done with.
                if !self.changes.is_empty() || self.target.is_some() {
                    self.graph.set_version(self.mark.0);
                    made = Some(self.mark.0);
                }
                self.outcome(extent)
            }
        };
        self.inverse.reverse();
        Executed {
            outcome,
            changes: self.changes,
            inverse: self.inverse,
            conflicts: self.conflicts,
            closed: self.closed,
            target: self.target,
            skipped: self.skipped,
            viewport: self.viewport,
            made,
            undo: self.undo,
        }
    }

    fn outcome(&self, extent: Extent) -> Outcome {
        let version = self.graph.version();
        // A later command of a batch may have settled one again.
        let open = &self.graph.settings().conflicts;
        let waiting = self.opened.iter().find(|id| open.contains_key(*id));
        match (waiting, extent) {
            (Some(conflict_id), _) => Outcome::Conflict {
                version,
                conflict_id: conflict_id.clone(),
                effect: self.changes.clone(),
            },
            (None, Extent::Whole) => Outcome::Applied { version },
            (None, Extent::Part) => Outcome::Merged {
                version,
                effect: self.changes.clone(),
            },
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            changes: self.changes.len(),
            inverse: self.inverse.len(),
            conflicts: self.conflicts.len(),
            opened: self.opened.len(),
            closed: self.closed.len(),
            priors: self.undo.len(),
        }
    }

    fn rewind(&mut self, to: &Checkpoint) {
        self.changes.truncate(to.changes);
        self.inverse.truncate(to.inverse);
        self.conflicts.truncate(to.conflicts);
        self.opened.truncate(to.opened);
        self.closed.truncate(to.closed);
        self.graph.revert_to(&mut self.undo, to.priors);
    }
}

/// How far a draft had come.
#[derive(Default)]
struct Checkpoint {
    changes: usize,
    inverse: usize,
    conflicts: usize,
    opened: usize,
    closed: usize,
    priors: usize,
}
