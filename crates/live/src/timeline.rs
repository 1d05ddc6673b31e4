//! Where a room is in its graph's history, and what it has not told its members yet.
//!
//! Pure: it decides what to do with an event, the room does it.
//!
//! **Invariant:** the queued segments follow each other without a gap and end at the position.

use graphy_model::{AppliedOperation, Change, Checksum, ConflictRecord, Epoch, OperationId};
use graphy_store::{BatchEvent, CommandOutcome, Head};

use crate::encode::{EncodedOperation, Segment};

/// What an event means for the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is queued, or was known.
    InOrder,
    /// Operations before it are missing.
    Gap,
    /// It is of another life of the graph.
    OtherEpoch,
}

/// What the room owes its members.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    pub(crate) segments: Vec<Segment>,
    pub(crate) outcomes: Vec<CommandOutcome>,
    /// Conflicts that operations left to a person.
    pub(crate) conflicts: Vec<(OperationId, ConflictRecord)>,
    /// Whether the graph was deleted by one of the operations.
    pub(crate) deleted: bool,
}

impl Owed {
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.outcomes.is_empty()
    }
}

/// A room's place in the history.
#[derive(Debug)]
pub(crate) struct Timeline {
    epoch: Epoch,
    version: u64,
    owed: Owed,
    grants_changed: bool,
}

impl Timeline {
    pub(crate) fn new(head: &Head) -> Self {
        Self {
            epoch: head.epoch.clone(),
            version: head.version,
            owed: Owed::default(),
            grants_changed: false,
        }
    }

    /// Says whether grants may have changed since this was asked last.
    pub(crate) fn take_grants_changed(&mut self) -> bool {
        std::mem::take(&mut self.grants_changed)
    }

    pub(crate) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Takes an event in. Outcomes are owed whatever happens to the operations: the caller fills
    /// a gap before it pays, so results still come after their updates.
    pub(crate) fn take(&mut self, event: &BatchEvent) -> Taken {
        self.owed.outcomes.extend(event.outcomes.iter().cloned());
        if event.epoch != self.epoch {
            return Taken::OtherEpoch;
        }
        if event.from_version > self.version {
            return Taken::Gap;
        }
        if event.to_version > self.version {
            self.append(&event.operations, event.to_version, event.checksum);
        }
        Taken::InOrder
    }

    /// Takes in what the history says happened since the position, up to a head.
    ///
    /// False if the operations do not reach from the position to the head.
    pub(crate) fn fill(&mut self, operations: &[AppliedOperation], head: &Head) -> bool {
        let reached = operations.partition_point(|operation| operation.version <= head.version);
        let operations = &operations[..reached];
        let contiguous = operations
            .iter()
            .zip(self.version + 1..)
            .all(|(operation, version)| operation.version == version);
        if !contiguous || operations.last().map(|last| last.version) != Some(head.version) {
            return false;
        }
        self.append(operations, head.version, head.checksum);
        true
    }

    /// Goes to a head without telling how; the members have to be synchronised.
    pub(crate) fn jump(&mut self, head: &Head) {
        self.epoch = head.epoch.clone();
        self.version = head.version;
        self.owed.segments.clear();
        self.grants_changed = true;
    }

    /// Hands over what is owed.
    pub(crate) fn pay(&mut self) -> Owed {
        std::mem::take(&mut self.owed)
    }

    fn append(&mut self, operations: &[AppliedOperation], to: u64, checksum: Checksum) {
        let known = operations.partition_point(|operation| operation.version <= self.version);
        let new = &operations[known..];
        for operation in new {
            self.look_at(operation);
        }
        let operations = new.iter().map(EncodedOperation::new).collect();
        self.owed.segments.push(Segment {
            from: self.version,
            to,
            checksum,
            operations,
        });
        self.version = to;
    }

    fn look_at(&mut self, operation: &AppliedOperation) {
        for change in &operation.changes {
            match change {
                Change::DeleteGraph => self.owed.deleted = true,
                Change::SetGrant { .. } => self.grants_changed = true,
                Change::OpenConflict { conflict } => {
                    let conflict = ConflictRecord::clone(conflict);
                    self.owed.conflicts.push((operation.operation_id, conflict));
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphy_model::{CommandType, GraphId, GraphMeta, NodeId, OperationId, UserId};

    fn head(epoch: &str, version: u64) -> Head {
        let owner_id = UserId::new("ann").unwrap();
        let graph_id = GraphId::new("g").unwrap();
        let name = String::new();
        Head {
            epoch: Epoch::new(epoch).unwrap(),
            version,
            checksum: Checksum(version),
            meta: GraphMeta {
                graph_id,
                name,
                owner_id,
                created_at: 0,
                updated_at: 0,
            },
            nodes: 0,
            edges: 0,
            policy: Default::default(),
            open_conflicts: 0,
        }
    }

    fn operations(from: u64, to: u64) -> Vec<AppliedOperation> {
        (from + 1..=to)
            .map(|version| AppliedOperation {
                version,
                operation_id: OperationId(uuid::Uuid::from_u128(u128::from(version))),
                replay_of: None,
                client_id: None,
                user_id: UserId::new("ann").unwrap(),
                seq: None,
                command_type: CommandType::DeleteNode,
                timestamp: 1,
                changes: vec![Change::DeleteNode {
                    id: NodeId::new("a").unwrap(),
                }],
                conflicts: vec![],
                target: None,
                skipped: vec![],
                inverse: vec![],
            })
            .collect()
    }

    fn event(from: u64, to: u64) -> BatchEvent {
        BatchEvent {
            graph_id: GraphId::new("g").unwrap(),
            job_id: "j".into(),
            epoch: Epoch::new("e").unwrap(),
            from_version: from,
            to_version: to,
            checksum: Checksum(to),
            operations: operations(from, to),
            outcomes: vec![],
            resync: Vec::new(),
        }
    }

    fn ranges(timeline: &mut Timeline) -> Vec<(u64, u64, usize)> {
        let owed = timeline.pay();
        owed.segments
            .iter()
            .map(|s| (s.from, s.to, s.operations.len()))
            .collect()
    }

    #[test]
    fn events_in_order_are_queued_and_known_ones_are_not() {
        let mut timeline = Timeline::new(&head("e", 3));
        assert_eq!(timeline.take(&event(3, 5)), Taken::InOrder);
        assert_eq!(timeline.take(&event(3, 5)), Taken::InOrder);
        assert_eq!(
            timeline.take(&event(4, 7)),
            Taken::InOrder,
            "an overlap counts from the position"
        );
        assert_eq!(ranges(&mut timeline), [(3, 5, 2), (5, 7, 2)]);
        assert!(!timeline.owes());
    }

    #[test]
    fn a_gap_is_seen_and_can_be_filled() {
        let mut timeline = Timeline::new(&head("e", 3));
        assert_eq!(timeline.take(&event(5, 6)), Taken::Gap);
        assert!(
            !timeline.fill(&operations(4, 6), &head("e", 6)),
            "version 4 is missing"
        );
        assert!(
            !timeline.fill(&operations(3, 5), &head("e", 6)),
            "version 6 is missing"
        );
        assert!(
            timeline.fill(&operations(3, 9), &head("e", 6)),
            "what is past the head is left out"
        );
        assert_eq!(ranges(&mut timeline), [(3, 6, 3)]);
        assert_eq!(timeline.version(), 6);
    }

    #[test]
    fn another_epoch_is_not_mixed_in() {
        let mut timeline = Timeline::new(&head("f", 3));
        assert_eq!(timeline.take(&event(3, 5)), Taken::OtherEpoch);
        timeline.jump(&head("e", 5));
        assert_eq!((timeline.epoch().as_str(), timeline.version()), ("e", 5));
        assert!(!timeline.owes());
    }

    #[test]
    fn the_end_of_a_graph_is_seen() {
        let mut timeline = Timeline::new(&head("e", 0));
        let mut last = event(0, 1);
        last.operations[0].changes = vec![Change::DeleteGraph];
        timeline.take(&last);
        assert!(timeline.pay().deleted);
    }
}
