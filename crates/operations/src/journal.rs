//! What happened lately on this node, for the people who watch it.
//!
//! A ring in memory: bounded, lost with the process. It is not the audit log.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use graphy_model::GraphId;
use graphy_model::envelope::clip;
use graphy_protocol::console::RecentEvent;
use graphy_telemetry::SharedClock;

use crate::pulse::Pulse;

/// How many events are kept.
pub const EVENTS_MAX: usize = 200;

/// What sort of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A graph came or went.
    Graph,
    /// An import began or ended.
    Import,
    /// A node that carries commands out came or went.
    Worker,
    /// The connection to Redis, or Redis itself.
    Redis,
    /// A token was made or revoked.
    Token,
    /// Commands were refused.
    Rejection,
    /// A node came or went, or one of its tasks failed.
    Node,
    /// An alert began or ended.
    Alert,
}

impl EventKind {
    /// Returns the kind as it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Import => "import",
            Self::Worker => "worker",
            Self::Redis => "redis",
            Self::Token => "token",
            Self::Rejection => "rejection",
            Self::Node => "node",
            Self::Alert => "alert",
        }
    }
}

/// The ring of recent events.
#[derive(Debug)]
pub struct Journal {
    clock: SharedClock,
    pulse: Pulse,
    ring: Mutex<VecDeque<RecentEvent>>,
}

impl Journal {
    pub(crate) fn new(clock: SharedClock, pulse: Pulse) -> Self {
        Self {
            clock,
            pulse,
            ring: Mutex::default(),
        }
    }

    /// Notes that something happened now.
    pub fn note(&self, kind: EventKind, text: &str, graph: Option<&GraphId>) {
        {
            let mut ring = self.lock();
            let id = ring.back().map_or(1, |last| last.id + 1);
            if ring.len() == EVENTS_MAX {
                ring.pop_front();
            }
            ring.push_back(RecentEvent {
                id,
                at: self.clock.now_ms(),
                kind: kind.as_str().to_owned(),
                text: clip(text),
                graph_id: graph.cloned(),
            });
        }
        self.pulse.beat();
    }

    /// Returns the newest events, newest first.
    #[must_use]
    pub fn newest(&self, count: usize) -> Vec<RecentEvent> {
        self.lock().iter().rev().take(count).cloned().collect()
    }

    /// Returns what happened after an event, oldest first, as far as it is kept.
    #[must_use]
    pub fn since(&self, id: u64) -> Vec<RecentEvent> {
        self.lock()
            .iter()
            .filter(|event| event.id > id)
            .cloned()
            .collect()
    }

    /// Returns the id of the newest event, 0 if there is none.
    #[must_use]
    pub fn last_id(&self) -> u64 {
        self.lock().back().map_or(0, |event| event.id)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<RecentEvent>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use graphy_telemetry::ManualClock;

    use super::*;

    #[test]
    fn the_ring_is_bounded_and_counts_on() {
        let journal = Journal::new(ManualClock::at(5).shared(), Pulse::default());
        for count in 0..=EVENTS_MAX {
            journal.note(EventKind::Graph, &format!("event {count}"), None);
        }
        let newest = journal.newest(2);
        assert_eq!((newest[0].id, newest[1].id), (201, 200));
        assert_eq!(journal.since(0).len(), EVENTS_MAX);
        assert_eq!(journal.since(200)[0].text, "event 200");
        assert_eq!(journal.last_id(), 201);
    }
}
