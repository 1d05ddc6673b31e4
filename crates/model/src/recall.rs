//! What a decision has to know of the past: which operations are whose, and what they did.
//!
//! Undo, redo and restoring look back; everything else is decided on the present alone. Whoever
//! decides hands the piece of history that a command needs to [`execute`](crate::execute()).

use std::collections::BTreeSet;

use crate::change::AppliedOperation;
use crate::command::CommandType;
use crate::ids::OperationId;

/// The piece of history that a command needs.
#[derive(Debug, Clone, Default)]
pub enum Recalled {
    /// It needs none, or there is none.
    #[default]
    Nothing,
    /// What an undo or redo turns round.
    Target {
        /// The operation, with its inverse.
        operation: Box<AppliedOperation>,
        /// The versions that the same user made, as far as they are known.
        own: BTreeSet<u64>,
    },
    /// Every operation after the version that is wanted back, newest first, with inverses.
    Since(Vec<AppliedOperation>),
}

/// One step that may be turned round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The version that it made.
    pub version: u64,
    /// Which operation it was.
    pub operation_id: OperationId,
}

/// What one user may take back and bring back in one graph, newest last.
///
/// Built from the user's operations in their order; the same operations give the same stacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UndoStacks {
    undo: Vec<Step>,
    redo: Vec<Step>,
    own: BTreeSet<u64>,
}

impl UndoStacks {
    /// The most steps that can be taken back.
    pub const STEPS_MAX: usize = 1000;
    /// How many of a user's versions are remembered as their own.
    const OWN_MAX: usize = 2000;

    /// Takes in the user's next operation, inverse included.
    pub fn note(&mut self, operation: &AppliedOperation) {
        if self
            .own
            .last()
            .is_some_and(|last| *last >= operation.version)
        {
            return;
        }
        self.own.insert(operation.version);
        if self.own.len() > Self::OWN_MAX {
            self.own.pop_first();
        }
        let step = Step {
            version: operation.version,
            operation_id: operation.operation_id,
        };
        let turned = operation.target.as_ref().map(|target| target.version);
        let empty = operation.inverse.is_empty();
        match operation.command_type {
            CommandType::Undo => {
                self.undo.retain(|step| Some(step.version) != turned);
                if !empty {
                    push(&mut self.redo, step);
                }
            }
            CommandType::Redo => {
                self.redo.retain(|step| Some(step.version) != turned);
                if !empty {
                    push(&mut self.undo, step);
                }
            }
            _ if empty => {}
            _ => {
                push(&mut self.undo, step);
                self.redo.clear();
            }
        }
    }

    /// Returns the step that an undo without a name takes back, or the named one.
    #[must_use]
    pub fn to_undo(&self, named: Option<OperationId>) -> Option<Step> {
        find(&self.undo, named)
    }

    /// Returns the undo that a redo without a name turns round, or the named one.
    #[must_use]
    pub fn to_redo(&self, named: Option<OperationId>) -> Option<Step> {
        find(&self.redo, named)
    }

    /// Returns the versions that the user made.
    #[must_use]
    pub fn own(&self) -> &BTreeSet<u64> {
        &self.own
    }

    /// Returns how many steps can be taken back and brought back.
    #[must_use]
    pub fn depths(&self) -> (usize, usize) {
        (self.undo.len(), self.redo.len())
    }
}

fn push(steps: &mut Vec<Step>, step: Step) {
    steps.push(step);
    if steps.len() > UndoStacks::STEPS_MAX {
        steps.remove(0);
    }
}

fn find(steps: &[Step], named: Option<OperationId>) -> Option<Step> {
    match named {
        None => steps.last().copied(),
        Some(named) => steps
            .iter()
            .rev()
            .find(|step| step.operation_id == named)
            .copied(),
    }
}
