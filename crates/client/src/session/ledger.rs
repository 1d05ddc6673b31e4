//! The queue of a session and, if it has one, its line in the journal: each change of the one is
//! written to the other.

use graphy_model::{
    ClientId, Command, Envelope, Epoch, OperationId, Outcome, RejectCode, Rejection,
};
use graphy_telemetry::clock::{Clock as _, SystemClock};

use super::SendError;
use super::pending::{Entry, Pending};
use crate::journal::{Count, KeptCommand, Line, Notice, Parked, Sent};

/// The queue and its line.
pub(super) struct Ledger {
    pending: Pending,
    line: Option<Line>,
}

/// How a command ended, as far as the queue is concerned.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ending {
    /// What could happen of it has happened.
    Landed,
    /// It was refused after it was counted.
    Refused(Rejection),
    /// It was refused before it was counted.
    TurnedAway(Rejection),
}

impl Ending {
    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Rejected(rejection) => Self::Refused(rejection.clone()),
            Outcome::Duplicate { first: Some(first) } => Self::of(first),
            Outcome::Applied { .. }
            | Outcome::Merged { .. }
            | Outcome::Conflict { .. }
            | Outcome::Duplicate { first: None } => Self::Landed,
        }
    }
}

impl Ledger {
    /// A queue that ends with its session.
    pub(super) fn in_memory(client_id: ClientId) -> Self {
        Self {
            pending: Pending::new(Count::new(client_id)),
            line: None,
        }
    }

    /// A queue that goes on where the journal has it.
    pub(super) fn kept(line: Line, count: Count, commands: Vec<KeptCommand>) -> Self {
        let mut pending = Pending::new(count);
        for KeptCommand {
            envelope,
            sent,
            place,
        } in commands
        {
            pending.restore(envelope, place, sent);
        }
        Self {
            pending,
            line: Some(line),
        }
    }

    /// Gives the line back to the journal; nothing is written any more.
    pub(super) fn let_go(&mut self) {
        self.line = None;
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn client_id(&self) -> &ClientId {
        self.pending.client_id()
    }

    pub(super) fn oldest(&self, count_max: usize) -> Vec<OperationId> {
        self.pending.oldest(count_max)
    }

    pub(super) fn next_to_send(&mut self, epoch: Option<&Epoch>) -> Option<Envelope> {
        self.pending.next_to_send(epoch)
    }

    pub(super) fn take_back(&mut self, id: OperationId) -> bool {
        self.pending.take_back(id)
    }

    pub(super) fn take_all_back(&mut self) {
        self.pending.take_all_back();
    }

    pub(super) fn widen(&mut self) {
        self.pending.widen();
    }

    pub(super) fn narrow(&mut self) {
        self.pending.narrow();
    }

    /// Takes a command in; `sent` says whether it will be sent as soon as it is on disk.
    pub(super) fn push(&mut self, mut envelope: Envelope, sent: Sent) -> Result<(), SendError> {
        if !self.pending.has_room() {
            return Err(SendError::QueueFull);
        }
        let before = self.pending.count().clone();
        self.pending.number(&mut envelope);
        let place = match &self.line {
            None => None,
            Some(line) => match line.put(&envelope, sent, self.pending.count().clone()) {
                Ok(place) => Some(place),
                Err(full) => {
                    self.pending.recount(before);
                    return Err(full.into());
                }
            },
        };
        self.pending.push(envelope, place, sent);
        Ok(())
    }

    /// Has the journal mark what is to be sent next.
    pub(super) fn mark(&mut self) {
        if let Some(line) = &self.line {
            let marks = self.pending.begin_marking();
            if !marks.is_empty() {
                line.mark_sent(marks, self.pending.count().clone());
            }
        }
    }

    /// Notes how a command ended; true if that leaves a hole in the count.
    pub(super) fn settle(&mut self, id: OperationId, ending: Ending) -> bool {
        let (entry, leaves_hole) = match &ending {
            Ending::TurnedAway(_) => self.pending.settle_uncounted(id),
            Ending::Landed | Ending::Refused(_) => (self.pending.settle(id), false),
        };
        if let Some(entry) = entry {
            self.record_end(entry, ending);
        }
        leaves_hole
    }

    fn record_end(&self, entry: Entry, ending: Ending) {
        let (Some(line), Some(place)) = (&self.line, entry.place) else {
            return;
        };
        let count = self.pending.count().clone();
        let is_edit = !matches!(entry.envelope.command, Command::UpdateViewport(_));
        match ending {
            Ending::Refused(rejection) | Ending::TurnedAway(rejection) if is_edit => {
                let parked = Parked {
                    envelope: entry.envelope,
                    rejection,
                    at_ms: SystemClock.now_ms(),
                };
                line.park(place, parked, count);
            }
            Ending::Landed | Ending::Refused(_) | Ending::TurnedAway(_) => {
                line.remove(place, count);
            }
        }
    }

    /// Gives up on everything that waits, for one reason.
    pub(super) fn park_all(&mut self, rejection: &Rejection) {
        if self.line.is_none() {
            return;
        }
        for id in self.pending.oldest(usize::MAX) {
            self.settle(id, Ending::Refused(rejection.clone()));
        }
    }

    /// Forgets a refused command that a person has seen.
    pub(super) fn discard(&self, id: OperationId) {
        if let Some(line) = &self.line {
            line.unpark(id, self.pending.count().clone());
        }
    }

    /// Notes the life of the graph in which commands are counted; says whether it is another one
    /// than before.
    pub(super) fn counted_in(&mut self, epoch: Epoch) -> bool {
        let changed = self.pending.count().epoch.as_ref() != Some(&epoch);
        let another = self.pending.counted_in(epoch);
        if changed && let Some(line) = &self.line {
            // Nothing to write but the count.
            line.mark_sent(Vec::new(), self.pending.count().clone());
        }
        another
    }

    /// Begins the count anew; true if that made a difference.
    pub(super) fn roll(&mut self) -> bool {
        let rolled = self.pending.roll();
        if rolled && let Some(line) = &self.line {
            let entries = self.pending.entries().filter_map(|entry| {
                let place = entry.place?;
                Some((place, &entry.envelope, entry.sent()))
            });
            line.rewrite(entries, self.pending.count().clone());
        }
        rolled
    }

    /// Takes in what the journal says. Returns the commands that it refused, and whether their
    /// going has begun a new count.
    pub(super) fn hear(&mut self, notice: Notice) -> (Vec<(OperationId, Rejection)>, bool) {
        match notice {
            Notice::Saved { rolls, ids } => self.pending.saved(rolls, &ids),
            Notice::Marked { rolls, ids } => self.pending.marked(rolls, &ids),
            Notice::Works(_) => {}
            Notice::Refused { ids, reason } => return self.take_refusal(&ids, &reason),
        }
        (Vec::new(), false)
    }

    fn take_refusal(
        &mut self,
        ids: &[OperationId],
        reason: &str,
    ) -> (Vec<(OperationId, Rejection)>, bool) {
        let message = format!("the command could not be kept on this machine: {reason}");
        let rejection = Rejection::new(RejectCode::Unavailable, message);
        let mut hole = false;
        // From the newest on, so that the count goes back without a hole if it can.
        for id in ids.iter().rev() {
            let (entry, leaves_hole) = self.pending.settle_uncounted(*id);
            hole |= leaves_hole;
            let place = entry.and_then(|entry| entry.place);
            if let (Some(line), Some(place)) = (&self.line, place) {
                line.release(place);
            }
        }
        let refused = ids.iter().map(|id| (*id, rejection.clone())).collect();
        (refused, hole && self.roll())
    }
}
