//! The pieces of history that undo, redo and restoring need while a batch is decided.
//!
//! Deciding never waits. When it finds that it lacks a piece, it says which; the caller fetches
//! that and decides again.

use std::collections::HashMap;

use graphy_model::{AppliedOperation, Command, Recalled, UndoStacks, UserId};
use graphy_store::{GraphStore, StoreError};

use crate::job::QueuedCommand;

/// How many versions a graph can be brought back at once.
pub(crate) const RESTORED_VERSIONS_MAX: u64 = 5000;

/// Of how many users a graph in memory remembers what they may take back.
const STACKS_MAX: usize = 64;

/// A piece of history that a decision lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// What a user may take back.
    Stacks(UserId),
    /// One entry.
    Entry(u64),
    /// Every entry after this version.
    Since(u64),
}

/// The pieces that were fetched for one batch.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    /// None for an entry that is not kept any more.
    entries: HashMap<u64, Option<AppliedOperation>>,
    /// The wanted version with all entries after it, newest first; none if some are not kept.
    since: HashMap<u64, Option<Vec<AppliedOperation>>>,
}

/// The operations that the batch under decision has made so far, oldest first.
pub(crate) type Made = Vec<AppliedOperation>;

impl Recall {
    /// Finds the piece that a command needs.
    ///
    /// # Errors
    /// What has to be fetched first.
    pub(crate) fn of(
        &self,
        command: &Command,
        user: &UserId,
        stacks: &HashMap<UserId, UndoStacks>,
        made: &Made,
    ) -> Result<Recalled, Missing> {
        let (named, redo) = match command {
            Command::Undo(target) => (target.operation_id, false),
            Command::Redo(target) => (target.operation_id, true),
            Command::RestoreVersion(wanted) => return self.since(wanted.version, made),
            _ => return Ok(Recalled::Nothing),
        };
        let Some(stacks) = stacks.get(user) else {
            return Err(Missing::Stacks(user.clone()));
        };
        let step = if redo {
            stacks.to_redo(named)
        } else {
            stacks.to_undo(named)
        };
        let Some(step) = step else {
            return Ok(Recalled::Nothing);
        };
        let of_this_batch = made.iter().find(|one| one.version == step.version);
        let operation = match of_this_batch {
            Some(operation) => Some(operation.clone()),
            None => match self.entries.get(&step.version) {
                Some(entry) => entry.clone(),
                None => return Err(Missing::Entry(step.version)),
            },
        };
        Ok(
            operation.map_or(Recalled::Nothing, |operation| Recalled::Target {
                operation: Box::new(operation),
                own: stacks.own().clone(),
            }),
        )
    }

    fn since(&self, version: u64, made: &Made) -> Result<Recalled, Missing> {
        let newer = made.iter().rev().filter(|one| one.version > version);
        let stored = match self.since.get(&version) {
            Some(Some(stored)) => stored,
            Some(None) => return Ok(Recalled::Nothing),
            None => return Err(Missing::Since(version)),
        };
        Ok(Recalled::Since(newer.chain(stored).cloned().collect()))
    }

    /// Fetches a piece; `version` is where the graph stands before the batch.
    ///
    /// # Errors
    /// When Redis cannot be reached or the history is not of our form.
    pub(crate) async fn fetch(
        &mut self,
        missing: Missing,
        store: &GraphStore,
        graph: &graphy_model::GraphId,
        version: u64,
        stacks: &mut HashMap<UserId, UndoStacks>,
    ) -> Result<(), StoreError> {
        match missing {
            Missing::Stacks(user) => {
                let found = store.undo_stacks(graph, &user, version).await?;
                stacks.insert(user, found);
            }
            Missing::Entry(wanted) => {
                let found = store.operations_back(graph, wanted, wanted, 1).await?;
                self.entries.insert(wanted, found.into_iter().next());
            }
            Missing::Since(wanted) => {
                let count = version.saturating_sub(wanted);
                let found = if count == 0 {
                    Some(Vec::new())
                } else if count > RESTORED_VERSIONS_MAX {
                    None
                } else {
                    let count = usize::try_from(count).unwrap_or(usize::MAX);
                    let found = store
                        .operations_back(graph, version, wanted + 1, count)
                        .await?;
                    (found.len() == count).then_some(found)
                };
                self.since.insert(wanted, found);
            }
        }
        Ok(())
    }
}

/// Copies the stacks of those who sent something: nobody else's can change.
pub(crate) fn of_authors(
    stacks: &HashMap<UserId, UndoStacks>,
    commands: &[QueuedCommand],
) -> HashMap<UserId, UndoStacks> {
    let mut copied = HashMap::new();
    for user in commands.iter().map(|command| &command.user_id) {
        if let Some(own) = stacks.get(user).filter(|_| !copied.contains_key(user)) {
            copied.insert(user.clone(), own.clone());
        }
    }
    copied
}

/// Takes over what authors may take back after a batch that was written.
pub(crate) fn take_over(
    stacks: &mut HashMap<UserId, UndoStacks>,
    after: HashMap<UserId, UndoStacks>,
) {
    stacks.extend(after);
    if stacks.len() > STACKS_MAX {
        // They are found again in the history when they are asked for.
        stacks.clear();
    }
}
