//! What a connection looks like as a circuit breaker.
//!
//! Without a connection nothing is sent: the circuit is open. While a new one is being made, it is
//! half-open.

use std::sync::{Mutex, MutexGuard, PoisonError};

use graphy_telemetry::board::{CircuitState, CircuitStatus};
use graphy_telemetry::clock::{Clock as _, SystemClock};

/// The circuit of one connection.
#[derive(Debug)]
pub(super) struct Circuit {
    seen: Mutex<Seen>,
}

#[derive(Debug, Clone)]
struct Seen {
    state: CircuitState,
    since_ms: u64,
    trips: u64,
    reason: Option<String>,
}

impl Default for Circuit {
    fn default() -> Self {
        Self {
            seen: Mutex::new(Seen {
                state: CircuitState::HalfOpen,
                since_ms: SystemClock.now_ms(),
                trips: 0,
                reason: None,
            }),
        }
    }
}

impl Circuit {
    /// A connection is there.
    pub(super) fn close(&self) {
        self.lock().enter(CircuitState::Closed);
    }

    /// A connection is being made.
    pub(super) fn trying(&self) {
        self.lock().enter(CircuitState::HalfOpen);
    }

    /// The connection was lost, or could not be made.
    pub(super) fn open(&self, reason: &str) {
        let mut seen = self.lock();
        // A try that fails is part of the same trip.
        seen.trips += u64::from(seen.state == CircuitState::Closed);
        seen.reason = Some(reason.to_owned());
        seen.enter(CircuitState::Open);
    }

    pub(super) fn status(&self, name: &str) -> CircuitStatus {
        let seen = self.lock().clone();
        CircuitStatus {
            name: format!("redis {name}"),
            state: seen.state,
            since_ms: seen.since_ms,
            trips: seen.trips,
            reason: seen.reason,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn enter(&mut self, state: CircuitState) {
        if self.state != state {
            self.state = state;
            self.since_ms = SystemClock.now_ms();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_one_trip_however_often_it_is_tried_again() {
        let circuit = Circuit::default();
        assert_eq!(circuit.status("x").state, CircuitState::HalfOpen);
        circuit.close();
        circuit.open("lost");
        circuit.trying();
        circuit.open("refused");
        let status = circuit.status("x");
        assert_eq!(
            (status.state, status.trips, status.reason.as_deref()),
            (CircuitState::Open, 1, Some("refused"))
        );
        circuit.trying();
        circuit.close();
        circuit.open("lost again");
        assert_eq!(circuit.status("x").trips, 2);
    }
}
