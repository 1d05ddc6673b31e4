//! A circuit breaker: after failures in a row, a pause in which nothing is tried. Pure.

use graphy_telemetry::board::{CircuitState, CircuitStatus};

/// So many failures in a row open it.
const FAILURES_MAX: u32 = 5;
/// The waits between two attempts: doubled from the first to the longest.
const WAIT_FIRST_MS: u64 = 1_000;
const WAIT_LONGEST_MS: u64 = 60_000;

/// The state of one circuit.
#[derive(Debug, Clone)]
pub(super) struct Circuit {
    name: &'static str,
    failures: u32,
    state: CircuitState,
    since_ms: u64,
    trips: u64,
    reason: Option<String>,
    next_ms: u64,
}

impl Circuit {
    pub(super) fn new(name: &'static str, now_ms: u64) -> Self {
        Self {
            name,
            failures: 0,
            state: CircuitState::Closed,
            since_ms: now_ms,
            trips: 0,
            reason: None,
            next_ms: 0,
        }
    }

    /// Says whether an attempt may be made now; an open circuit lets one through after its pause.
    pub(super) fn allows(&mut self, now_ms: u64) -> bool {
        // A clock that was set back must not make a pause endless.
        let is_due = now_ms >= self.next_ms || self.next_ms > now_ms + WAIT_LONGEST_MS;
        if is_due && self.state == CircuitState::Open {
            self.enter(CircuitState::HalfOpen, now_ms);
        }
        is_due
    }

    pub(super) fn succeeded(&mut self, now_ms: u64) {
        self.failures = 0;
        self.next_ms = 0;
        if self.state != CircuitState::Closed {
            self.enter(CircuitState::Closed, now_ms);
        }
    }

    pub(super) fn failed(&mut self, reason: &str, now_ms: u64) {
        self.failures = self.failures.saturating_add(1);
        let doubled = WAIT_FIRST_MS << (self.failures - 1).min(6);
        self.next_ms = now_ms + doubled.min(WAIT_LONGEST_MS);
        self.reason = Some(reason.to_owned());
        let was_open = self.state != CircuitState::Closed;
        if was_open || self.failures >= FAILURES_MAX {
            self.trips += u64::from(!was_open);
            self.enter(CircuitState::Open, now_ms);
        }
    }

    /// Forgets failures, because the other side is another one now.
    pub(super) fn reset(&mut self, now_ms: u64) {
        self.succeeded(now_ms);
        self.reason = None;
    }

    pub(super) fn status(&self) -> CircuitStatus {
        CircuitStatus {
            name: self.name.to_owned(),
            state: self.state,
            since_ms: self.since_ms,
            trips: self.trips,
            reason: self.reason.clone(),
        }
    }

    fn enter(&mut self, state: CircuitState, now_ms: u64) {
        if self.state != state {
            self.state = state;
            self.since_ms = now_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_open_it_and_a_success_closes_it() {
        let mut circuit = Circuit::new("webhook", 0);
        let mut now = 0;
        for wait in [1_000, 2_000, 4_000, 8_000, 16_000] {
            assert!(circuit.allows(now));
            circuit.failed("answered 500", now);
            assert!(!circuit.allows(now + wait - 1));
            now += wait;
        }
        assert_eq!(circuit.status().state, CircuitState::Open);
        assert!(circuit.allows(now));
        assert_eq!(circuit.status().state, CircuitState::HalfOpen);
        circuit.failed("answered 500", now);
        assert_eq!(
            (circuit.status().state, circuit.status().trips),
            (CircuitState::Open, 1)
        );
        circuit.succeeded(now + 60_000);
        assert_eq!(circuit.status().state, CircuitState::Closed);
        assert!(circuit.allows(0));
        circuit.failed("answered 500", 100_000_000);
        assert!(circuit.allows(5), "a clock that was set back");
    }
}
