//! How long to wait before the next try.

use std::time::Duration;

/// Doubles from a first to a longest wait; each wait is shortened by up to a half at random, so
/// that the clients of a node that went away do not come back as one.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    tries: u32,
}

impl Backoff {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            tries: 0,
        }
    }

    /// How many waits were asked for since the last success.
    pub(super) fn tries(&self) -> u32 {
        self.tries
    }

    pub(super) fn reset(&mut self) {
        self.tries = 0;
    }

    /// Returns the next wait.
    pub(super) fn next_wait(&mut self) -> Duration {
        self.wait_with(rand::random_range(0.5..1.0))
    }

    fn wait_with(&mut self, jitter: f64) -> Duration {
        let factor = 2_u32.saturating_pow(self.tries);
        self.tries = self.tries.saturating_add(1);
        self.first
            .saturating_mul(factor)
            .min(self.longest)
            .mul_f64(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));
        let waits: Vec<_> = (0..8).map(|_| backoff.wait_with(1.0).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        for _ in 0..100 {
            backoff.wait_with(1.0);
        }
        backoff.reset();
        let wait = backoff.next_wait().as_millis();
        assert!((125..=250).contains(&wait), "{wait}");
    }
}
