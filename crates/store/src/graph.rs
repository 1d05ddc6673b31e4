//! Graphs in Redis: their keys, the one script that writes them, and reads of all kinds.
//!
//! **Invariant:** a graph's nodes, edges, version, checksum, history and outcomes change only in
//! `apply.lua`, all together, and only if nobody else changed them since the decision.

mod access;
mod apply;
mod conflict_log;
mod conflicts;
mod history;
pub(crate) mod keys;
mod lifecycle;
mod load;
mod past;
mod progress;
mod snapshots;
mod totals;

pub use apply::{Applied, BatchWrite, Fate, SettingsWrite};
pub use conflict_log::{ConflictLogEntry, LoggedConflicts};
pub use conflicts::{ConflictIndex, IndexedConflict};
pub use history::{History, OperationState, OperationView};
pub use lifecycle::{GraphRow, HIDDEN_LEASE, LISTED_GRAPHS_MAX, Visibility};
pub use load::Verification;
pub use progress::StoredProgress;
pub use snapshots::{NewSnapshot, Snapshot, SnapshotRoom};
pub use totals::{GraphTotals, TotalsSlice, TotalsState};

use graphy_model::{Checksum, Epoch, GraphMeta, Policy};
use graphy_telemetry::clock::SharedClock;

use crate::connection::RedisLink;

/// Where a graph stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The life of the graph.
    pub epoch: Epoch,
    /// Its version.
    pub version: u64,
    /// Its checksum.
    pub checksum: Checksum,
    /// What else is known of it.
    pub meta: GraphMeta,
    /// How many nodes it has.
    pub nodes: u64,
    /// How many edges it has.
    pub edges: u64,
    /// How its conflicts are settled.
    pub policy: Policy,
    /// How many conflicts wait for a person.
    pub open_conflicts: u64,
}

/// Graphs in Redis; cheap to clone.
#[derive(Clone)]
pub struct GraphStore {
    link: RedisLink,
    clock: SharedClock,
}

impl GraphStore {
    /// Makes a store on a connection.
    #[must_use]
    pub fn new(link: RedisLink, clock: SharedClock) -> Self {
        Self { link, clock }
    }

    /// Returns the connection.
    #[must_use]
    pub fn link(&self) -> &RedisLink {
        &self.link
    }

    /// Returns the time, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }
}
