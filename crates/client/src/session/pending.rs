//! The commands of which the end is not known, in the order of their making.
//!
//! Bounded: the queue holds at most [`PENDING_MAX`] commands. How many of them are on the wire at
//! once follows what the server takes: one more for each that it handled, half as many after it
//! said that they come too fast, never more than [`WINDOW_MAX`].

use std::collections::VecDeque;

use graphy_model::{ClientId, Envelope, Epoch, OperationId};

use crate::journal::{Count, Place, Sent};

/// The most commands that may wait for their end.
pub const PENDING_MAX: usize = 10_000;

/// The most commands that are sent and not answered.
pub(super) const WINDOW_MAX: usize = 256;

/// How many it may be at first.
const WINDOW_FIRST: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Unsent,
    InFlight,
}

/// What the journal knows of a command. Without a journal every command is `Sent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    /// It is on its way to the disk.
    Saving(Sent),
    /// It is on disk as one that has not been sent.
    Unsent,
    /// The disk is about to learn that it will be sent.
    Marking,
    /// It may be sent.
    Sent,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) envelope: Envelope,
    pub(super) place: Option<Place>,
    progress: Progress,
    record: Record,
}

impl Entry {
    pub(super) fn sent(&self) -> Sent {
        match self.record {
            Record::Saving(sent) => sent,
            Record::Unsent | Record::Marking => Sent::No,
            Record::Sent => Sent::Maybe,
        }
    }
}

/// The queue.
#[derive(Debug)]
pub(super) struct Pending {
    count: Count,
    entries: VecDeque<Entry>,
    in_flight: usize,
    window: usize,
}

impl Pending {
    pub(super) fn new(count: Count) -> Self {
        Self {
            count,
            entries: VecDeque::new(),
            in_flight: 0,
            window: WINDOW_FIRST,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns where the count stands.
    pub(super) fn count(&self) -> &Count {
        &self.count
    }

    /// Notes the life of the graph in which commands are counted; says whether it is another one
    /// than before.
    pub(super) fn counted_in(&mut self, epoch: Epoch) -> bool {
        let before = self.count.epoch.replace(epoch);
        before.is_some() && before != self.count.epoch
    }

    /// Returns the name under which commands are counted at present.
    pub(super) fn client_id(&self) -> &ClientId {
        &self.count.client_id
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Begins the count anew, under a name that no server has counted yet; true if that made a
    /// difference.
    ///
    /// Needed when the count has a hole that nobody will fill, or when the server's side of it is
    /// gone. Ids stay, so what was counted under the old name is known as a duplicate.
    pub(super) fn roll(&mut self) -> bool {
        if self.count.next_seq == 1 {
            return false;
        }
        self.count = self.count.begun_anew();
        self.take_all_back();
        for entry in &mut self.entries {
            self.count.number(&mut entry.envelope);
            if entry.place.is_some() {
                entry.record = Record::Saving(entry.sent());
            }
        }
        true
    }

    /// Forgets a command that the server refused without counting it; the second value says
    /// whether it leaves a hole in the count.
    pub(super) fn settle_uncounted(&mut self, id: OperationId) -> (Option<Entry>, bool) {
        let Some(entry) = self.settle(id) else {
            return (None, false);
        };
        let is_last = entry.envelope.seq == Some(self.count.next_seq - 1);
        if is_last {
            self.count.next_seq -= 1;
        }
        (Some(entry), !is_last)
    }

    /// Says whether there is room for one more command.
    pub(super) fn has_room(&self) -> bool {
        self.entries.len() < PENDING_MAX
    }

    /// Gives a command its place in the client's order.
    pub(super) fn number(&mut self, envelope: &mut Envelope) {
        self.count.number(envelope);
    }

    /// Takes the last number back.
    pub(super) fn recount(&mut self, before: Count) {
        self.count = before;
    }

    /// Takes a numbered command in. One with a place in the journal waits until it is there.
    pub(super) fn push(&mut self, envelope: Envelope, place: Option<Place>, sent: Sent) {
        let record = match place {
            Some(_) => Record::Saving(sent),
            None => Record::Sent,
        };
        self.push_as(envelope, place, record);
    }

    /// Takes a command in that the journal has.
    pub(super) fn restore(&mut self, envelope: Envelope, place: Place, sent: Sent) {
        let record = match sent {
            Sent::No => Record::Unsent,
            Sent::Maybe => Record::Sent,
        };
        self.push_as(envelope, Some(place), record);
    }

    fn push_as(&mut self, envelope: Envelope, place: Option<Place>, record: Record) {
        self.entries.push_back(Entry {
            envelope,
            place,
            progress: Progress::Unsent,
            record,
        });
    }

    /// Notes that commands are on disk.
    pub(super) fn saved(&mut self, rolls: u32, ids: &[OperationId]) {
        self.change_records(rolls, ids, |record| match record {
            Record::Saving(Sent::No) => Record::Unsent,
            Record::Saving(Sent::Maybe) => Record::Sent,
            other => other,
        });
    }

    /// Notes that commands are on disk as sent.
    pub(super) fn marked(&mut self, rolls: u32, ids: &[OperationId]) {
        self.change_records(rolls, ids, |record| match record {
            Record::Marking => Record::Sent,
            other => other,
        });
    }

    /// Ids come in the order of the queue, so one walk finds them.
    fn change_records(&mut self, rolls: u32, ids: &[OperationId], to: impl Fn(Record) -> Record) {
        // What was asked for under an older count is asked for again under the new one.
        if rolls != self.count.rolls {
            return;
        }
        let mut entries = self.entries.iter_mut();
        for id in ids {
            let found = entries
                .by_ref()
                .find(|entry| entry.envelope.operation_id == *id);
            match found {
                Some(entry) => entry.record = to(entry.record),
                // It was settled meanwhile; begin again from the front for those after it.
                None => entries = self.entries.iter_mut(),
            }
        }
    }

    /// Returns the commands that would be sent next but for the journal, to be marked there.
    pub(super) fn begin_marking(&mut self) -> Vec<(u64, OperationId)> {
        let mut marks = Vec::new();
        for entry in self.entries.iter_mut().take(self.window) {
            if entry.record == Record::Unsent
                && let Some(place) = entry.place
            {
                entry.record = Record::Marking;
                marks.push((place.order, entry.envelope.operation_id));
            }
        }
        marks
    }

    /// Returns the next command to send, as made against the given epoch.
    pub(super) fn next_to_send(&mut self, epoch: Option<&Epoch>) -> Option<Envelope> {
        if self.in_flight >= self.window {
            return None;
        }
        let entry = self
            .entries
            .iter_mut()
            .find(|entry| entry.progress == Progress::Unsent)
            .filter(|entry| entry.record == Record::Sent)?;
        entry.progress = Progress::InFlight;
        self.in_flight += 1;
        let mut envelope = entry.envelope.clone();
        // What was made in another life of the graph knows no version of this one.
        if envelope.epoch.as_ref() != epoch {
            envelope.base_version = None;
            envelope.epoch = epoch.cloned();
        }
        Some(envelope)
    }

    /// Forgets a command whose end is known, and returns it if it was there.
    pub(super) fn settle(&mut self, id: OperationId) -> Option<Entry> {
        let entry = self.entries.remove(self.position(id)?)?;
        if entry.progress == Progress::InFlight {
            self.in_flight -= 1;
        }
        Some(entry)
    }

    /// Notes that the server handles what it gets.
    pub(super) fn widen(&mut self) {
        self.window = WINDOW_MAX.min(self.window + 1);
    }

    /// Notes that commands come too fast for the server.
    pub(super) fn narrow(&mut self) {
        self.window = (self.window / 2).max(1);
    }

    /// Marks a command as not sent, so that it goes out again; says whether it was there.
    pub(super) fn take_back(&mut self, id: OperationId) -> bool {
        let Some(index) = self.position(id) else {
            return false;
        };
        let entry = &mut self.entries[index];
        if entry.progress == Progress::InFlight {
            entry.progress = Progress::Unsent;
            self.in_flight -= 1;
        }
        true
    }

    /// Marks every command as not sent: the socket that had them is gone.
    pub(super) fn take_all_back(&mut self) {
        for entry in &mut self.entries {
            entry.progress = Progress::Unsent;
        }
        self.in_flight = 0;
    }

    /// Returns the oldest commands, at most `count_max`, to ask the server about.
    pub(super) fn oldest(&self, count_max: usize) -> Vec<OperationId> {
        self.entries
            .iter()
            .take(count_max)
            .map(|entry| entry.envelope.operation_id)
            .collect()
    }

    fn position(&self, id: OperationId) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.envelope.operation_id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::new_operation_id;
    use graphy_model::Command;
    use graphy_model::command::NoPayload;

    fn envelope(epoch: &str) -> Envelope {
        Envelope {
            operation_id: new_operation_id(),
            graph_id: None,
            client_id: None,
            seq: None,
            command: Command::DeleteGraph(NoPayload {}),
            base_version: Some(4),
            epoch: Some(Epoch::new(epoch).unwrap()),
            timestamp: None,
            replay_of: None,
        }
    }

    fn queue() -> Pending {
        Pending::new(Count::new(ClientId::new("c").unwrap()))
    }

    fn push(pending: &mut Pending, mut envelope: Envelope) -> OperationId {
        let id = envelope.operation_id;
        pending.number(&mut envelope);
        pending.push(envelope, None, Sent::Maybe);
        id
    }

    #[test]
    fn order_survives_a_lost_socket_and_a_retry() {
        let mut pending = queue();
        let epoch = Epoch::new("e").unwrap();
        let ids: Vec<_> = (0..4).map(|_| push(&mut pending, envelope("e"))).collect();
        let sent = |pending: &mut Pending| {
            std::iter::from_fn(|| pending.next_to_send(Some(&epoch)))
                .map(|envelope| (envelope.seq.unwrap(), envelope.operation_id))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            sent(&mut pending)
                .iter()
                .map(|(seq, _)| *seq)
                .collect::<Vec<_>>(),
            [1, 2, 3, 4]
        );
        assert!(pending.settle(ids[1]).is_some());
        assert!(pending.settle(ids[1]).is_none());
        pending.take_all_back();
        assert_eq!(sent(&mut pending), [(1, ids[0]), (3, ids[2]), (4, ids[3])]);
        assert!(pending.take_back(ids[2]));
        assert_eq!(sent(&mut pending), [(3, ids[2])]);
        assert_eq!(pending.oldest(2), [ids[0], ids[2]]);
    }

    #[test]
    fn the_wire_and_the_queue_are_bounded() {
        let mut pending = queue();
        for _ in 0..PENDING_MAX {
            assert!(pending.has_room());
            push(&mut pending, envelope("e"));
        }
        assert!(!pending.has_room());
        let mut sent = 0;
        while pending.next_to_send(None).is_some() {
            sent += 1;
        }
        assert_eq!(sent, WINDOW_FIRST);
        let room = |pending: &mut Pending| {
            pending.take_all_back();
            std::iter::from_fn(|| pending.next_to_send(None)).count()
        };
        pending.narrow();
        assert_eq!(room(&mut pending), WINDOW_FIRST / 2);
        (0..20).for_each(|_| pending.narrow());
        assert_eq!(room(&mut pending), 1);
        (0..2 * WINDOW_MAX).for_each(|_| pending.widen());
        assert_eq!(room(&mut pending), WINDOW_MAX);
    }

    #[test]
    fn a_new_count_has_a_new_name_and_the_same_ids() {
        let mut pending = queue();
        assert!(!pending.roll());
        let ids: Vec<_> = (0..3).map(|_| push(&mut pending, envelope("e"))).collect();
        // The newest one leaves no hole; an older one does.
        assert!(!pending.settle_uncounted(ids[2]).1);
        push(&mut pending, envelope("e"));
        assert!(pending.settle_uncounted(ids[0]).1);
        assert!(pending.roll());
        assert_eq!(pending.client_id().as_str(), "c.1");
        let first = pending.next_to_send(None).unwrap();
        assert_eq!((first.operation_id, first.seq), (ids[1], Some(1)));
        assert_eq!(first.client_id.as_ref(), Some(pending.client_id()));
        assert_eq!(pending.next_to_send(None).unwrap().seq, Some(2));
    }

    #[test]
    fn a_command_goes_out_after_the_journal_has_it_and_knows_of_it() {
        let mut pending = queue();
        let place = |order| Some(Place { order, bytes: 1 });
        let ids: Vec<_> = (0..3)
            .map(|order| {
                let mut envelope = envelope("e");
                pending.number(&mut envelope);
                let id = envelope.operation_id;
                let sent = if order == 0 { Sent::Maybe } else { Sent::No };
                pending.push(envelope, place(order), sent);
                id
            })
            .collect();
        let next = |pending: &mut Pending| Some(pending.next_to_send(None)?.operation_id);
        assert_eq!(next(&mut pending), None);
        pending.saved(0, &ids[..2]);
        assert_eq!(next(&mut pending), Some(ids[0]));
        assert_eq!(next(&mut pending), None, "the journal takes it for unsent");
        assert_eq!(pending.begin_marking(), [(1, ids[1])]);
        assert_eq!(pending.begin_marking(), []);
        pending.marked(0, &[ids[1]]);
        assert_eq!(next(&mut pending), Some(ids[1]));
        assert_eq!(next(&mut pending), None);
        // A new count is on disk before it is used, and what was said of the old one is void.
        assert!(pending.roll());
        pending.saved(0, &ids);
        assert_eq!(next(&mut pending), None);
        pending.saved(1, &ids);
        assert_eq!(next(&mut pending), Some(ids[0]));
    }

    #[test]
    fn a_version_of_another_life_is_not_sent() {
        let mut pending = queue();
        push(&mut pending, envelope("old"));
        push(&mut pending, envelope("new"));
        let new = Epoch::new("new").unwrap();
        let first = pending.next_to_send(Some(&new)).unwrap();
        assert_eq!((first.base_version, first.epoch), (None, Some(new.clone())));
        assert_eq!(
            pending.next_to_send(Some(&new)).unwrap().base_version,
            Some(4)
        );
    }
}
