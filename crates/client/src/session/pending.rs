//! The commands of which the end is not known, in the order of their making.
//!
//! Bounded: the queue holds at most [`PENDING_MAX`] commands. How many of them are on the wire at
//! once follows what the server takes: one more for each that it handled, half as many after it
//! said that they come too fast, never more than [`WINDOW_MAX`].

use std::collections::VecDeque;

use graphy_model::ids::ID_CHARS_MAX;
use graphy_model::{ClientId, Envelope, Epoch, OperationId};

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

#[derive(Debug)]
struct Entry {
    envelope: Envelope,
    progress: Progress,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Pending {
    name: ClientId,
    client_id: ClientId,
    /// How many times the count began anew.
    rolls: u32,
    next_seq: u64,
    entries: VecDeque<Entry>,
    in_flight: usize,
    window: usize,
}

/// The queue is full.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Pending {
    pub(super) fn new(client_id: ClientId) -> Self {
        Self {
            name: client_id.clone(),
            client_id,
            rolls: 0,
            next_seq: 1,
            entries: VecDeque::new(),
            in_flight: 0,
            window: WINDOW_FIRST,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the name under which commands are counted at present.
    pub(super) fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// Begins the count anew, under a name that no server has counted yet; true if that made a
    /// difference.
    ///
    /// Needed when the count has a hole that nobody will fill, or when the server's side of it is
    /// gone. Ids stay, so what was counted under the old name is known as a duplicate.
    pub(super) fn roll(&mut self) -> bool {
        if self.next_seq == 1 {
            return false;
        }
        self.rolls += 1;
        let suffix = format!(".{}", self.rolls);
        let room = ID_CHARS_MAX - suffix.len();
        let name = self.name.as_str();
        let name = format!("{}{suffix}", &name[..name.len().min(room)]);
        self.client_id = ClientId::new(&name).expect("an id with digits behind a dot is an id");
        self.take_all_back();
        self.next_seq = 1;
        for entry in &mut self.entries {
            entry.envelope.client_id = Some(self.client_id.clone());
            entry.envelope.seq = Some(self.next_seq);
            self.next_seq += 1;
        }
        true
    }

    /// Forgets a command that the server refused without counting it; true if it leaves a hole
    /// in the count.
    pub(super) fn settle_uncounted(&mut self, id: OperationId) -> bool {
        let Some(index) = self.position(id) else {
            return false;
        };
        let is_last = self.entries[index].envelope.seq == Some(self.next_seq - 1);
        self.settle(id);
        if is_last {
            self.next_seq -= 1;
        }
        !is_last
    }

    /// Takes a command in and gives it its place in the client's order.
    pub(super) fn push(&mut self, mut envelope: Envelope) -> Result<(), Full> {
        if self.entries.len() >= PENDING_MAX {
            return Err(Full);
        }
        envelope.client_id = Some(self.client_id.clone());
        envelope.seq = Some(self.next_seq);
        self.next_seq += 1;
        self.entries.push_back(Entry {
            envelope,
            progress: Progress::Unsent,
        });
        Ok(())
    }

    /// Returns the next command to send, as made against the given epoch.
    pub(super) fn next_to_send(&mut self, epoch: Option<&Epoch>) -> Option<Envelope> {
        if self.in_flight >= self.window {
            return None;
        }
        let entry = self
            .entries
            .iter_mut()
            .find(|entry| entry.progress == Progress::Unsent)?;
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

    /// Forgets a command whose end is known; says whether it was there.
    pub(super) fn settle(&mut self, id: OperationId) -> bool {
        let Some(index) = self.position(id) else {
            return false;
        };
        if let Some(entry) = self.entries.remove(index)
            && entry.progress == Progress::InFlight
        {
            self.in_flight -= 1;
        }
        true
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
        }
    }

    fn queue() -> Pending {
        Pending::new(ClientId::new("c").unwrap())
    }

    #[test]
    fn order_survives_a_lost_socket_and_a_retry() {
        let mut pending = queue();
        let epoch = Epoch::new("e").unwrap();
        let ids: Vec<_> = (0..4)
            .map(|_| {
                let envelope = envelope("e");
                let id = envelope.operation_id;
                pending.push(envelope).unwrap();
                id
            })
            .collect();
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
        assert!(pending.settle(ids[1]));
        assert!(!pending.settle(ids[1]));
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
            pending.push(envelope("e")).unwrap();
        }
        assert_eq!(pending.push(envelope("e")), Err(Full));
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
        let ids: Vec<_> = (0..3)
            .map(|_| {
                let envelope = envelope("e");
                let id = envelope.operation_id;
                pending.push(envelope).unwrap();
                id
            })
            .collect();
        // The newest one leaves no hole; an older one does.
        assert!(!pending.settle_uncounted(ids[2]));
        pending.push(envelope("e")).unwrap();
        assert!(pending.settle_uncounted(ids[0]));
        assert!(pending.roll());
        assert_eq!(pending.client_id().as_str(), "c.1");
        let first = pending.next_to_send(None).unwrap();
        assert_eq!((first.operation_id, first.seq), (ids[1], Some(1)));
        assert_eq!(first.client_id.as_ref(), Some(pending.client_id()));
        assert_eq!(pending.next_to_send(None).unwrap().seq, Some(2));
    }

    #[test]
    fn a_version_of_another_life_is_not_sent() {
        let mut pending = queue();
        pending.push(envelope("old")).unwrap();
        pending.push(envelope("new")).unwrap();
        let new = Epoch::new("new").unwrap();
        let first = pending.next_to_send(Some(&new)).unwrap();
        assert_eq!((first.base_version, first.epoch), (None, Some(new.clone())));
        assert_eq!(
            pending.next_to_send(Some(&new)).unwrap().base_version,
            Some(4)
        );
    }
}
