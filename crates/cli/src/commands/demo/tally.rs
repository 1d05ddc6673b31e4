//! What all bots together did, and how long it took.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

/// The counts of all bots.
pub(super) struct Tally {
    counts: Mutex<Counts>,
}

struct Counts {
    sent: u64,
    applied: u64,
    refused: u64,
    offline: u64,
    resyncs: u64,
    /// Send to result, in microseconds, since the last summary.
    latency: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        let latency = Histogram::new_with_bounds(1, 60_000_000, 3);
        let latency = latency.expect("the bounds are in order and three digits are allowed");
        let counts = Counts {
            sent: 0,
            applied: 0,
            refused: 0,
            offline: 0,
            resyncs: 0,
            latency,
        };
        Self {
            counts: Mutex::new(counts),
        }
    }
}

/// The counts at one moment.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    #[serde(skip)]
    at: Instant,
    pub(super) bots: usize,
    pub(super) sent: u64,
    pub(super) applied: u64,
    pub(super) refused: u64,
    pub(super) pending: u64,
    pub(super) offline: u64,
    pub(super) resyncs: u64,
    p50_ms: f64,
    p95_ms: f64,
}

/// What happened between two summaries.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rates {
    #[serde(flatten)]
    total: Summary,
    sent_per_second: f64,
    applied_per_second: f64,
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sent(&self) {
        self.lock().sent += 1;
    }

    pub(super) fn applied(&self, after: Option<Duration>) {
        let mut counts = self.lock();
        counts.applied += 1;
        if let Some(after) = after {
            let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
            counts.latency.saturating_record(micros);
        }
    }

    pub(super) fn refused(&self) {
        self.lock().refused += 1;
    }

    pub(super) fn offline(&self) {
        self.lock().offline += 1;
    }

    pub(super) fn resynced(&self) {
        self.lock().resyncs += 1;
    }

    /// Returns the counts; latencies are those since the last call.
    pub(super) fn summary(&self, bots: usize) -> Summary {
        let mut counts = self.lock();
        // Milliseconds with one digit are exact enough for floating point.
        #[expect(
            clippy::cast_precision_loss,
            reason = "latencies are far below 2^52 µs"
        )]
        let ms =
            |quantile| (counts.latency.value_at_quantile(quantile) as f64 / 100.0).round() / 10.0;
        let summary = Summary {
            at: Instant::now(),
            bots,
            sent: counts.sent,
            applied: counts.applied,
            refused: counts.refused,
            pending: counts.sent.saturating_sub(counts.applied + counts.refused),
            offline: counts.offline,
            resyncs: counts.resyncs,
            p50_ms: ms(0.5),
            p95_ms: ms(0.95),
        };
        counts.latency.reset();
        summary
    }
}

impl Summary {
    /// Compares with an earlier moment.
    pub(super) fn since(&self, before: &Self) -> Rates {
        let seconds = self.at.duration_since(before.at).as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let rate = |now: u64, before: u64| (now.saturating_sub(before) as f64 / seconds).round();
        Rates {
            total: self.clone(),
            sent_per_second: rate(self.sent, before.sent),
            applied_per_second: rate(self.applied, before.applied),
        }
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = &self.total;
        write!(
            f,
            "{} bots · {} sent/s · {} applied/s · p50 {} ms · p95 {} ms · {} pending · {} refused",
            total.bots,
            self.sent_per_second,
            self.applied_per_second,
            total.p50_ms,
            total.p95_ms,
            total.pending,
            total.refused,
        )?;
        if total.offline > 0 {
            write!(f, " · {} reconnects", total.offline)?;
        }
        Ok(())
    }
}
