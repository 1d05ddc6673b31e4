//! Where the reader of the events stands in the graph's history, and what each frame does to it.
//!
//! The position moves only with frames that the reader was given, so that a hello with it asks
//! for exactly what the reader lacks.

use graphy_model::Epoch;
use graphy_protocol::frame::PartialState;
use graphy_protocol::{ServerFrame, Sync};

/// What to do with a frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Give it to the reader, and then move.
    Deliver(Move),
    /// The reader has no use for it.
    Skip,
    /// Something is missing.
    Ask(Lack),
}

/// What the reader lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    /// What follows the position.
    Delta,
    /// The whole state, because the history does not join.
    All,
}

/// Where a frame leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Move {
    /// Nowhere.
    Stay,
    /// To a sync that follows.
    ExpectSync,
    /// To a version.
    To(Epoch, u64),
    /// To the present.
    Arrive(Epoch, u64),
    /// To the middle of a full state.
    Chunk(PartialState),
}

/// The tracker.
#[derive(Debug, Default)]
pub(super) struct Position {
    at: Option<(Epoch, u64)>,
    /// The piece of a full state that the reader holds.
    partial: Option<PartialState>,
    /// Updates mean nothing until a sync has come.
    awaiting_sync: bool,
}

impl Position {
    /// Returns the epoch and version that the reader holds.
    pub(super) fn at(&self) -> Option<&(Epoch, u64)> {
        self.at.as_ref()
    }

    /// Returns the piece of a full state that the reader holds, if one was interrupted.
    pub(super) fn partial(&self) -> Option<&PartialState> {
        self.partial.as_ref()
    }

    /// Says whether a sync is due.
    pub(super) fn awaits_sync(&self) -> bool {
        self.awaiting_sync
    }

    /// Notes that a sync was asked for; what comes before it joins nothing.
    pub(super) fn expect_sync(&mut self) {
        self.awaiting_sync = true;
    }

    /// Forgets the position, so that the next sync brings the whole state.
    pub(super) fn forget(&mut self) {
        self.at = None;
        self.partial = None;
    }

    /// Looks at a frame without moving.
    pub(super) fn judge(&self, frame: &ServerFrame) -> Step {
        match frame {
            ServerFrame::Sync(sync) => self.judge_sync(sync),
            ServerFrame::StateUpdate { .. } if self.awaiting_sync => Step::Skip,
            ServerFrame::StateUpdate {
                epoch,
                from_version,
                to_version,
                ..
            } => match self.version_in(epoch) {
                Some(mine) if mine == *from_version => {
                    Step::Deliver(Move::To(epoch.clone(), *to_version))
                }
                Some(mine) if mine >= *to_version => Step::Skip,
                Some(_) => Step::Ask(Lack::Delta),
                None => Step::Ask(Lack::All),
            },
            ServerFrame::Heartbeat { .. } if self.awaiting_sync => Step::Deliver(Move::Stay),
            ServerFrame::Heartbeat { epoch, version } => match self.version_in(epoch) {
                Some(mine) if mine == *version => Step::Deliver(Move::Stay),
                Some(mine) if mine < *version => Step::Ask(Lack::Delta),
                Some(_) | None => Step::Ask(Lack::All),
            },
            ServerFrame::Welcome { .. } => Step::Deliver(Move::ExpectSync),
            ServerFrame::CommandResult { .. }
            | ServerFrame::Revert { .. }
            | ServerFrame::Presence { .. }
            | ServerFrame::Conflict { .. }
            | ServerFrame::Access { .. }
            | ServerFrame::Token { .. }
            | ServerFrame::Digests { .. }
            | ServerFrame::Error { .. }
            | ServerFrame::GoingAway { .. } => Step::Deliver(Move::Stay),
        }
    }

    fn judge_sync(&self, sync: &Sync) -> Step {
        let (epoch, from, to, last) = match sync {
            Sync::InSync { epoch, version, .. } => (epoch, *version, *version, true),
            Sync::Behind {
                epoch,
                from_version,
                to_version,
                last,
                ..
            } => (epoch, *from_version, *to_version, *last),
            Sync::Repair { .. } => return Step::Deliver(Move::Stay),
            Sync::Full {
                epoch,
                version,
                chunk,
                chunks,
                ..
            } => {
                let goes_on = self.partial.as_ref().is_some_and(|partial| {
                    partial.epoch == *epoch
                        && partial.version == *version
                        && partial.chunks == *chunk
                });
                return if *chunk != 0 && !goes_on {
                    Step::Ask(Lack::All)
                } else if chunk + 1 >= *chunks {
                    Step::Deliver(Move::Arrive(epoch.clone(), *version))
                } else {
                    Step::Deliver(Move::Chunk(PartialState {
                        epoch: epoch.clone(),
                        version: *version,
                        chunks: chunk + 1,
                    }))
                };
            }
        };
        match self.version_in(epoch) {
            Some(mine) if mine == from && last => Step::Deliver(Move::Arrive(epoch.clone(), to)),
            Some(mine) if mine == from => Step::Deliver(Move::To(epoch.clone(), to)),
            // The answer to a question that has been answered already.
            Some(mine) if !self.awaiting_sync && mine >= to => Step::Skip,
            Some(_) if !self.awaiting_sync => Step::Ask(Lack::Delta),
            Some(_) | None => Step::Ask(Lack::All),
        }
    }

    /// Moves to where a delivered frame leads.
    pub(super) fn advance(&mut self, to: Move) {
        match to {
            Move::Stay => {}
            Move::ExpectSync => self.expect_sync(),
            Move::To(epoch, version) => self.at = Some((epoch, version)),
            Move::Arrive(epoch, version) => {
                *self = Self {
                    at: Some((epoch, version)),
                    partial: None,
                    awaiting_sync: false,
                };
            }
            // Half a state is no state: a break here must bring the rest of it, or the whole.
            Move::Chunk(partial) => {
                *self = Self {
                    at: None,
                    partial: Some(partial),
                    awaiting_sync: true,
                };
            }
        }
    }

    fn version_in(&self, epoch: &Epoch) -> Option<u64> {
        self.at
            .as_ref()
            .filter(|(mine, _)| mine == epoch)
            .map(|(_, version)| *version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphy_model::Checksum;

    fn epoch(text: &str) -> Epoch {
        Epoch::new(text).unwrap()
    }

    fn update(of: &str, from_version: u64, to_version: u64) -> ServerFrame {
        let checksum = Checksum(0);
        ServerFrame::StateUpdate {
            epoch: epoch(of),
            from_version,
            to_version,
            operations: vec![],
            checksum,
        }
    }

    fn full(chunk: u32, chunks: u32) -> ServerFrame {
        ServerFrame::Sync(Sync::Full {
            epoch: epoch("e"),
            version: 5,
            chunk,
            chunks,
            nodes: vec![],
            edges: vec![],
            conflicts: vec![],
            settings: None,
            viewport: None,
            checksum: None,
            landed: vec![],
        })
    }

    #[derive(Debug, PartialEq)]
    enum Did {
        Deliver,
        Arrive,
        Skip,
        AskDelta,
        AskFull,
    }

    fn step(position: &mut Position, frame: &ServerFrame) -> Did {
        match position.judge(frame) {
            Step::Deliver(to) => {
                let arrives = matches!(to, Move::Arrive(..));
                position.advance(to);
                if arrives { Did::Arrive } else { Did::Deliver }
            }
            Step::Skip => Did::Skip,
            Step::Ask(Lack::Delta) => Did::AskDelta,
            Step::Ask(Lack::All) => Did::AskFull,
        }
    }

    fn behind(from_version: u64, to_version: u64) -> ServerFrame {
        ServerFrame::Sync(Sync::Behind {
            epoch: epoch("e"),
            from_version,
            to_version,
            operations: vec![],
            checksum: None,
            landed: vec![],
            last: true,
        })
    }

    #[test]
    fn updates_join_or_ask() {
        let mut position = Position::default();
        assert_eq!(step(&mut position, &full(0, 1)), Did::Arrive);
        assert_eq!(step(&mut position, &update("e", 5, 7)), Did::Deliver);
        assert_eq!(step(&mut position, &update("e", 6, 7)), Did::Skip);
        assert_eq!(step(&mut position, &update("e", 8, 9)), Did::AskDelta);
        position.expect_sync();
        assert_eq!(step(&mut position, &update("e", 7, 8)), Did::Skip);
        assert_eq!(position.at(), Some(&(epoch("e"), 7)));
        assert_eq!(step(&mut position, &behind(7, 9)), Did::Arrive);
        assert_eq!(step(&mut position, &update("e", 9, 10)), Did::Deliver);
    }

    #[test]
    fn a_sync_that_comes_twice_does_no_harm() {
        let mut position = Position::default();
        step(&mut position, &full(0, 1));
        position.expect_sync();
        assert_eq!(step(&mut position, &behind(5, 7)), Did::Arrive);
        assert_eq!(step(&mut position, &behind(5, 7)), Did::Skip);
        position.expect_sync();
        assert_eq!(step(&mut position, &behind(3, 9)), Did::AskFull);
    }

    #[test]
    fn another_life_needs_the_whole_state() {
        let mut position = Position::default();
        step(&mut position, &full(0, 1));
        assert_eq!(step(&mut position, &update("f", 5, 6)), Did::AskFull);
    }

    #[test]
    fn half_a_state_is_none() {
        let mut position = Position::default();
        step(&mut position, &full(0, 1));
        assert_eq!(step(&mut position, &full(0, 3)), Did::Deliver);
        assert_eq!(position.at(), None);
        assert_eq!(step(&mut position, &full(2, 3)), Did::AskFull);
        assert_eq!(step(&mut position, &full(1, 3)), Did::Deliver);
        assert_eq!(step(&mut position, &full(2, 3)), Did::Arrive);
        assert_eq!(position.at(), Some(&(epoch("e"), 5)));
    }

    #[test]
    fn a_heartbeat_tells_of_what_was_missed() {
        let mut position = Position::default();
        step(&mut position, &full(0, 1));
        let beat = |version| ServerFrame::Heartbeat {
            epoch: epoch("e"),
            version,
        };
        assert_eq!(step(&mut position, &beat(5)), Did::Deliver);
        assert_eq!(step(&mut position, &beat(6)), Did::AskDelta);
        assert_eq!(step(&mut position, &beat(4)), Did::AskFull);
    }
}
