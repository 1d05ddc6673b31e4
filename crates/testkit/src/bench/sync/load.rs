//! The load: who moves which node when, and what every replica must look like at the end.
//!
//! Each editor has three nodes of its own and moves them in turn, so two editors never touch the
//! same value and every system, whatever its rules for conflicts, must end with the same graph.
//! Move `n` of an editor writes `x = n + 1` and `y = 2x + 1`: a value tells which move it is of.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// How many nodes the graph has.
pub(super) const NODES: usize = 200;
/// How many nodes each editor moves in turn.
const NODES_PER_EDITOR: usize = 3;

/// One move of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) node: usize,
    pub(super) x: u32,
}

impl Move {
    /// The move's other coordinate.
    pub(super) fn y(self) -> u32 {
        y_of(self.x)
    }
}

/// Returns the other coordinate of a node whose move wrote `x`.
pub(super) fn y_of(x: u32) -> u32 {
    if x == 0 { 0 } else { 2 * x + 1 }
}

/// When which move is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) editors: usize,
    /// Each editor moves a node this often.
    pub(super) period: Duration,
    /// How many moves each editor makes.
    pub(super) moves: u32,
    pub(super) start: Instant,
    /// Moves due from here on count.
    pub(super) counted_from: Instant,
}

impl Load {
    /// Returns an editor's move by its number.
    pub(super) fn of(editor: usize, number: u32) -> Move {
        let node = editor * NODES_PER_EDITOR + number as usize % NODES_PER_EDITOR;
        Move {
            node,
            x: number + 1,
        }
    }

    /// Returns when a move is due. Editors are spread over the period, as people are.
    pub(super) fn due(&self, editor: usize, number: u32) -> Instant {
        let share = u32::try_from(editor).unwrap_or(u32::MAX);
        let all = u32::try_from(self.editors.max(1)).unwrap_or(u32::MAX);
        self.start + self.period * number + self.period * share / all
    }

    /// Returns what `x` of a node is after all moves.
    pub(super) fn last(&self, node: usize) -> u32 {
        let editor = node / NODES_PER_EDITOR;
        if editor >= self.editors {
            return 0;
        }
        (0..self.moves)
            .rev()
            .take(NODES_PER_EDITOR)
            .map(|number| Self::of(editor, number))
            .find(|last| last.node == node)
            .map_or(0, |last| last.x)
    }

    /// Says whether a move counts.
    fn counts(&self, due: Instant) -> bool {
        due >= self.counted_from
    }

    /// Returns how many moves count.
    pub(super) fn counted_moves(&self) -> u64 {
        let count = |editor| {
            (0..self.moves)
                .filter(|number| self.counts(self.due(editor, *number)))
                .count() as u64
        };
        (0..self.editors).map(count).sum()
    }
}

/// What one client holds of the graph: the coordinates of each node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replica {
    x: Vec<u32>,
}

impl Replica {
    pub(super) fn new() -> Self {
        Self { x: vec![0; NODES] }
    }

    /// Takes a move in without counting it.
    pub(super) fn hold(&mut self, it: Move) {
        self.x[it.node] = it.x;
    }

    /// Returns a hash of all coordinates.
    pub(super) fn hash(&self) -> u64 {
        let bytes: Vec<u8> = self.x.iter().flat_map(|x| x.to_le_bytes()).collect();
        xxhash_rust::xxh3::xxh3_64(&bytes)
    }

    /// Says whether every move is there, the last one of each node on top.
    pub(super) fn is_complete(&self, load: &Load) -> bool {
        (0..NODES).all(|node| self.x[node] == load.last(node))
    }
}

/// What was measured.
pub(super) struct Tally {
    pub(super) load: Load,
    /// From when a move was due until its author knew it was taken, in microseconds.
    pub(super) ack: Histogram<u64>,
    /// From when a move was due until another client had it, in microseconds.
    pub(super) broadcast: Histogram<u64>,
    /// From when a move was due until the driver sent it, in microseconds.
    pub(super) late: Histogram<u64>,
    /// From the loss of a connection until its client was up to date again, in microseconds.
    pub(super) resume: Histogram<u64>,
    /// How often a value was older than one that its client had seen.
    pub(super) regressions: u64,
    /// How many moves arrived only as part of a later one of the same node.
    pub(super) merged: u64,
}

impl Tally {
    pub(super) fn new(load: Load) -> Self {
        let histogram = || Histogram::new(3).expect("three digits are allowed");
        Self {
            load,
            ack: histogram(),
            broadcast: histogram(),
            late: histogram(),
            resume: histogram(),
            regressions: 0,
            merged: 0,
        }
    }

    /// Notes that a client holds a move, and with it all earlier ones of the node.
    pub(super) fn delivered(
        &mut self,
        replica: &mut Replica,
        own: Option<usize>,
        at: Instant,
        it: Move,
    ) {
        let held = &mut replica.x[it.node];
        if it.x < *held {
            self.regressions += 1;
        }
        if it.x <= *held {
            return;
        }
        let editor = it.node / NODES_PER_EDITOR;
        if own != Some(editor) {
            let step = u32::try_from(NODES_PER_EDITOR).unwrap_or(1);
            let mut x = it.x;
            while x > *held && x > 0 {
                let due = self.load.due(editor, x - 1);
                if self.load.counts(due) {
                    record(&mut self.broadcast, due, at);
                    self.merged += u64::from(x != it.x);
                }
                x = x.saturating_sub(step);
            }
        }
        *held = it.x;
    }

    /// Notes that an editor knows that a move was taken.
    pub(super) fn acked(&mut self, editor: usize, x: u32, at: Instant) {
        let due = self.load.due(editor, x.saturating_sub(1));
        if self.load.counts(due) {
            record(&mut self.ack, due, at);
        }
    }

    /// Notes when a move was sent.
    pub(super) fn sent(&mut self, editor: usize, number: u32, at: Instant) {
        let due = self.load.due(editor, number);
        if self.load.counts(due) {
            record(&mut self.late, due, at);
        }
    }
}

/// Records the time between two instants.
pub(super) fn record(histogram: &mut Histogram<u64>, from: Instant, to: Instant) {
    let micros = to.saturating_duration_since(from).as_micros();
    let micros = u64::try_from(micros).unwrap_or(u64::MAX);
    histogram.record(micros).expect("the histogram grows");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load() -> Load {
        let start = Instant::now();
        Load {
            editors: 2,
            period: Duration::from_millis(100),
            moves: 7,
            start,
            counted_from: start,
        }
    }

    #[test]
    fn the_last_move_of_each_node_is_known() {
        let load = load();
        assert_eq!([0, 1, 2].map(|node| load.last(node)), [7, 5, 6]);
        assert_eq!(load.last(6), 0, "nobody moves it");
    }

    #[test]
    fn a_value_counts_for_the_moves_it_stands_for() {
        let load = load();
        let mut tally = Tally::new(load);
        let mut replica = Replica::new();
        let at = load.start + Duration::from_secs(1);
        tally.delivered(&mut replica, None, at, Move { node: 0, x: 7 });
        assert_eq!((tally.broadcast.len(), tally.merged), (3, 2));
        tally.delivered(&mut replica, None, at, Move { node: 0, x: 4 });
        assert_eq!((tally.broadcast.len(), tally.regressions), (3, 1));
        assert!(!replica.is_complete(&load));
    }

    #[test]
    fn own_moves_are_held_but_not_counted_as_broadcast() {
        let load = load();
        let mut tally = Tally::new(load);
        let mut replica = Replica::new();
        for editor in 0..2 {
            for number in 0..load.moves {
                let own = Load::of(editor, number);
                tally.delivered(&mut replica, Some(editor), load.start, own);
            }
        }
        assert!(replica.is_complete(&load));
        assert_eq!(tally.broadcast.len(), 0);
        assert_ne!(replica.hash(), Replica::new().hash());
    }
}
