//! What clients did and were told, in the order in which it happened.
//!
//! A place in the list is a time: whatever stands before was over before. Clients therefore note a
//! command before they send it, and what they were told after they read it.

use std::sync::{Arc, Mutex, PoisonError};

use graphy_model::{ClientId, Envelope, GraphId, OperationId, Outcome, UserId};

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
}

/// The list that all clients of a run write; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    events: Arc<Mutex<Vec<Event>>>,
}

impl Recorder {
    /// Notes what happened just now.
    pub fn note(&self, event: Event) {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event);
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

    /// Returns what has happened so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
