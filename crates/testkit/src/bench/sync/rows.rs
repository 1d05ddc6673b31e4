//! The rows of the table: one load each, for one or several systems.

use std::time::Duration;

use graphy_store::FsyncPolicy;

use super::client::Role;
use super::driver::Plan;
use super::systems::{Running, System};

/// The editors of the main rows, and how often each moves a node.
const EDITORS: usize = 64;
const PERIOD: Duration = Duration::from_millis(100);
/// Before figures count, connections and caches warm up.
const WARM_UP: Duration = Duration::from_secs(4);

const ALL: &[System] = &[System::Graphy, System::Sharedb, System::Hocuspocus];
const WITH_MEMORY: &[System] = &[
    System::Graphy,
    System::Sharedb,
    System::SharedbMemory,
    System::Hocuspocus,
];

/// One load.
pub(super) struct Row {
    /// The name on the command line.
    pub(super) id: &'static str,
    /// What it is, for people.
    pub(super) what: &'static str,
    pub(super) systems: &'static [System],
    pub(super) fsync: FsyncPolicy,
    /// How many server processes share the sockets.
    pub(super) nodes: usize,
    pub(super) editors: usize,
    pub(super) period: Duration,
    /// Sockets that only look on.
    pub(super) watchers: usize,
    pub(super) slow_readers: usize,
    pub(super) churn: Option<(usize, Duration)>,
    /// Which part of the time of a main row it counts for, in per cent.
    share: u64,
}

const MAIN: Row = Row {
    id: "editors",
    what: "64 editors × 10/s on one graph, everysec",
    systems: WITH_MEMORY,
    fsync: FsyncPolicy::EverySecond,
    nodes: 1,
    editors: EDITORS,
    period: PERIOD,
    watchers: 0,
    slow_readers: 0,
    churn: None,
    share: 100,
};

/// All rows.
pub(super) const ROWS: &[Row] = &[
    MAIN,
    Row {
        id: "always",
        what: "the same, every write synced (always)",
        systems: ALL,
        fsync: FsyncPolicy::Always,
        ..MAIN
    },
    Row {
        id: "two-nodes",
        what: "the same on two nodes, everysec",
        systems: ALL,
        nodes: 2,
        share: 40,
        ..MAIN
    },
    Row {
        id: "churn",
        what: "the same, 5 % lose their connection every 5 s",
        systems: ALL,
        churn: Some((3, Duration::from_secs(5))),
        share: 40,
        ..MAIN
    },
    Row {
        id: "slow-reader",
        what: "the same beside a reader of 10 KB/s",
        systems: ALL,
        slow_readers: 1,
        share: 40,
        ..MAIN
    },
    Row {
        id: "active",
        what: "1000 sockets on one graph, 10 of them move once a second",
        systems: ALL,
        editors: 10,
        period: Duration::from_secs(1),
        watchers: 990,
        share: 25,
        ..MAIN
    },
    Row {
        id: "idle",
        what: "10 000 idle sockets on one graph",
        systems: ALL,
        editors: 0,
        watchers: 10_000,
        share: 8,
        ..MAIN
    },
];

impl Row {
    /// Returns for how long the row counts.
    pub(super) fn counted(&self, seconds: u64) -> Duration {
        Duration::from_millis((seconds * 10 * self.share).max(2000))
    }

    /// Returns how many sockets it has.
    pub(super) fn sockets(&self) -> usize {
        self.editors + self.watchers + self.slow_readers
    }

    pub(super) fn plan(&self, running: &Running, counted: Duration) -> Plan {
        // Editors first: an editor's number is its place.
        let roles = std::iter::repeat_n(Role::Editor, self.editors)
            .chain(std::iter::repeat_n(Role::Watcher, self.watchers))
            .chain(std::iter::repeat_n(Role::SlowReader, self.slow_readers));
        let seats: Vec<_> = roles
            .enumerate()
            .map(|(number, role)| running.seat(number, role))
            .collect();
        Plan {
            reader: running.seat(seats.len() + 1, Role::Newcomer),
            filler: running.filler(),
            seats,
            watched: running.watched(),
            period: self.period,
            warm_up: WARM_UP,
            counted,
            churn: self.churn,
        }
    }
}
