//! What clients did and were told, in the order in which it happened.
//!
//! All clients of a run share one clock that never goes back, and it is read as the list grows: a
//! place in the list is a time, and whatever stands before was over before. Clients therefore note
//! a command or a question before they send it, and what they were told after they read it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use graphy_model::{Checksum, ClientId, Envelope, Epoch, GraphId, OperationId, Outcome, UserId};

/// What must become of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// It cannot meet anything that stands against it, so it must be carried out.
    Effect,
    /// It may meet what others did, so it may also be refused.
    Outcome,
}

/// A command as it was sent for the first time.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Who keeps an order: commands of one client on one graph happen as they were sent.
    pub client: ClientId,
    /// The graph that it concerns.
    pub graph: GraphId,
    /// Whose token it was sent with.
    pub user: UserId,
    /// The command.
    pub envelope: Envelope,
    /// What must become of it.
    pub demand: Demand,
}

/// What a subscriber was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// What happened after a version, in order; nothing, if that is the present.
    Operations {
        /// The version before the first one.
        from_version: u64,
        /// The operations with their versions.
        operations: Vec<(u64, OperationId)>,
    },
    /// The whole state at a version, whatever the subscriber held before.
    Whole {
        /// The version.
        version: u64,
    },
}

impl Delivery {
    /// Returns the version at which the subscriber stands after it.
    #[must_use]
    pub fn to_version(&self) -> u64 {
        match self {
            Self::Operations {
                from_version,
                operations,
            } => operations
                .last()
                .map_or(*from_version, |(version, _)| *version),
            Self::Whole { version } => *version,
        }
    }
}

/// A delivery with what became of it at the subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Who follows the graph.
    pub subscriber: ClientId,
    /// Which graph.
    pub graph: GraphId,
    /// In which life of the graph.
    pub epoch: Epoch,
    /// What came.
    pub delivery: Delivery,
    /// The checksum of what the subscriber holds now, computed by itself from its own texts.
    pub checksum: Checksum,
}

/// Names one reading of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadId(pub u64);

/// What a reader got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Which question this answers.
    pub read: ReadId,
    /// Who asked.
    pub reader: ClientId,
    /// The life of the graph.
    pub epoch: Epoch,
    /// The version that the reader holds now.
    pub version: u64,
    /// The checksum of what the reader holds now, computed by itself from its own texts.
    pub checksum: Checksum,
}

/// Something that happened at a client.
#[derive(Debug, Clone)]
pub enum Event {
    /// A command is about to be sent; noted once, however often it is sent.
    Sent(Box<Sending>),
    /// The server said that it has a command.
    Accepted(OperationId),
    /// The server said how a command ended.
    Told {
        /// Which command.
        operation_id: OperationId,
        /// How it ended.
        outcome: Outcome,
    },
    /// A subscriber took in what it was given.
    Delivered(Box<Delivered>),
    /// A graph is about to be read; noted once, however often it is asked for.
    ReadBegan {
        /// Names the question.
        read: ReadId,
        /// Which graph.
        graph: GraphId,
    },
    /// A reader took in what it got.
    Read(Box<Reading>),
}

/// Something that happened, and when.
#[derive(Debug, Clone)]
pub struct Noted {
    /// The time since the run began.
    pub at: Duration,
    /// What happened.
    pub event: Event,
}

#[derive(Debug)]
struct List {
    began: Instant,
    noted: Vec<Noted>,
    reads: u64,
}

/// The list that all clients of a run write; cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    list: Arc<Mutex<List>>,
}

impl Default for Recorder {
    fn default() -> Self {
        let list = List {
            began: Instant::now(),
            noted: Vec::new(),
            reads: 0,
        };
        Self {
            list: Arc::new(Mutex::new(list)),
        }
    }
}

impl Recorder {
    /// Notes what happened just now.
    pub fn note(&self, event: Event) {
        let mut list = self.lock();
        // Under the lock, so that the order of the list is that of the clock.
        let at = list.began.elapsed();
        list.noted.push(Noted { at, event });
    }

    /// Notes that a command is about to be sent.
    pub fn sent(&self, sending: Sending) {
        self.note(Event::Sent(Box::new(sending)));
    }

    /// Notes how a command ended, as a client was told.
    pub fn told(&self, operation_id: OperationId, outcome: Outcome) {
        self.note(Event::Told {
            operation_id,
            outcome,
        });
    }

    /// Notes that a graph is about to be read, and names the question.
    pub fn read_began(&self, graph: &GraphId) -> ReadId {
        let read = {
            let mut list = self.lock();
            list.reads += 1;
            ReadId(list.reads)
        };
        self.note(Event::ReadBegan {
            read,
            graph: graph.clone(),
        });
        read
    }

    /// Returns what has happened so far.
    #[must_use]
    pub fn events(&self) -> Vec<Noted> {
        self.lock().noted.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
