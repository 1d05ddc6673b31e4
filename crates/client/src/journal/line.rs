//! One client of one graph in the journal: what a session writes through, and what it hears back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;

use graphy_model::{Envelope, OperationId};
use tokio::sync::mpsc;

use super::stored::{Count, Edit, Parked, Sent, Task, command_text};
use super::writer::Request;
use super::{COMMANDS_MAX, JournalFull, ROWS_BYTES_MAX, Totals};

/// What the journal says of what a line asked for. `rolls` tells which count it was asked under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// These are on disk.
    Saved { rolls: u32, ids: Vec<OperationId> },
    /// These are on disk as sent, and may be.
    Marked { rolls: u32, ids: Vec<OperationId> },
    /// These could not be written, and were not.
    Refused {
        ids: Vec<OperationId>,
        reason: String,
    },
    /// Whether the journal can be written.
    Works(bool),
}

/// A line that a session holds; others get another one until it is dropped.
pub(crate) struct Line {
    pub(super) number: u64,
    pub(super) requests: Sender<Request>,
    pub(super) totals: Arc<Totals>,
}

/// A command's place in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) order: u64,
    pub(crate) bytes: usize,
}

impl Line {
    /// Writes a new command down; a [`Notice`] tells when it is on disk.
    pub(crate) fn put(
        &self,
        envelope: &Envelope,
        sent: Sent,
        count: Count,
    ) -> Result<Place, JournalFull> {
        let row = command_text(envelope, sent);
        let bytes = row.len();
        self.totals.take(bytes)?;
        let order = self.totals.next_order.fetch_add(1, Ordering::Relaxed);
        let id = envelope.operation_id;
        self.ask(Edit::Put { order, id, row }, count);
        Ok(Place { order, bytes })
    }

    /// Marks commands as about to be sent; a [`Notice`] tells when they may be.
    pub(crate) fn mark_sent(&self, entries: Vec<(u64, OperationId)>, count: Count) {
        self.ask(Edit::MarkSent(entries), count);
    }

    /// Forgets a command whose end is known.
    pub(crate) fn remove(&self, place: Place, count: Count) {
        self.release(place);
        self.ask(Edit::Remove(place.order), count);
    }

    /// Moves a command to those that wait for a person.
    pub(crate) fn park(&self, place: Place, parked: Parked, count: Count) {
        self.release(place);
        self.ask(Edit::Park(place.order, Box::new(parked)), count);
    }

    /// Writes all commands again, as they are counted now.
    pub(crate) fn rewrite<'a>(
        &self,
        entries: impl Iterator<Item = (Place, &'a Envelope, Sent)>,
        count: Count,
    ) {
        let rows = entries
            .map(|(place, envelope, sent)| {
                let row = command_text(envelope, sent);
                (place.order, envelope.operation_id, row)
            })
            .collect();
        self.ask(Edit::Rewrite(rows), count);
    }

    /// Forgets a refused command.
    pub(crate) fn unpark(&self, id: OperationId, count: Count) {
        self.ask(Edit::Unpark(id), count);
    }

    /// Gives back the room of a command that is not in the journal any more.
    pub(crate) fn release(&self, place: Place) {
        self.totals.give_back(place.bytes);
    }

    fn ask(&self, edit: Edit, count: Count) {
        let line = self.number;
        let task = Task { line, edit, count };
        // The journal ends only after the sessions; what is not written is not told as written.
        drop(self.requests.send(Request::Write(Box::new(task))));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        drop(self.requests.send(Request::Release(self.number)));
    }
}

impl Totals {
    pub(super) fn take(&self, bytes: usize) -> Result<(), JournalFull> {
        let commands = self.commands.fetch_add(1, Ordering::Relaxed) + 1;
        let total = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let full = if commands > COMMANDS_MAX {
            JournalFull::Commands
        } else if total > ROWS_BYTES_MAX {
            JournalFull::Bytes
        } else {
            return Ok(());
        };
        self.give_back(bytes);
        Err(full)
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.commands.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A line and what it held, for the session that goes on with it.
pub struct Kept {
    pub(crate) line: Line,
    pub(crate) count: Count,
    pub(crate) commands: Vec<KeptCommand>,
    pub(crate) parked: Vec<Parked>,
    pub(crate) notices: mpsc::UnboundedReceiver<Notice>,
}

/// A command that outlived the session that took it.
pub(crate) struct KeptCommand {
    pub(crate) envelope: Envelope,
    pub(crate) sent: Sent,
    pub(crate) place: Place,
}

impl Kept {
    /// Returns the name under which the session's commands are counted.
    #[must_use]
    pub fn client_id(&self) -> &graphy_model::ClientId {
        &self.count.client_id
    }

    /// Returns the commands of which the end is not known, in order.
    pub fn pending(&self) -> impl Iterator<Item = &Envelope> {
        self.commands.iter().map(|command| &command.envelope)
    }

    /// Returns the commands that were refused and wait for a person, oldest first.
    #[must_use]
    pub fn parked(&self) -> &[Parked] {
        &self.parked
    }
}
