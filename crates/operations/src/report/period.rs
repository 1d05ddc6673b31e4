//! What a deployment did over a span: the slots of the ledger, added up. Pure.

use std::collections::BTreeMap;

use graphy_store::LedgerSlot;
use graphy_telemetry::metrics::HistogramReading;
use graphy_telemetry::names::{AWAY_BUCKETS, SECONDS_BUCKETS};

use super::tally::{AWAY_SECONDS, bucket};

/// The outcomes of commands; a repeat has none of its own.
pub(super) const SETTLED: [&str; 4] = [
    "commands.success",
    "commands.conflict",
    "commands.rejected",
    "commands.failed",
];

/// A span and what was counted in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Period {
    /// For how much of the span there are measurements, in milliseconds.
    pub(super) measured_ms: f64,
    /// For how long it was fit for work, in milliseconds.
    pub(super) ready_ms: f64,
    /// For how long nothing ran that should have, in milliseconds.
    pub(super) down_ms: f64,
    sums: BTreeMap<String, f64>,
    peaks: BTreeMap<String, f64>,
}

impl Period {
    pub(super) fn of(slots: &[LedgerSlot]) -> Self {
        let mut period = Self::default();
        for slot in slots {
            period.measured_ms += slot.measured_ms;
            period.ready_ms += slot.ready_ms;
            period.down_ms += slot.down_ms;
            for (field, value) in &slot.values {
                if field.starts_with("peak.") {
                    let known = period.peaks.entry(field.clone()).or_insert(*value);
                    *known = known.max(*value);
                } else {
                    *period.sums.entry(field.clone()).or_insert(0.0) += value;
                }
            }
        }
        period
    }

    /// Returns the sum of some fields.
    pub(super) fn sum(&self, fields: &[&str]) -> f64 {
        let found = fields.iter().filter_map(|field| self.sums.get(*field));
        found.fold(0.0, |sum, value| sum + value)
    }

    /// Returns which share of `whole` is `part`; none if there is no whole.
    pub(super) fn share(&self, part: &[&str], whole: &[&str]) -> Option<f64> {
        let whole = self.sum(whole);
        (whole > 0.0).then(|| self.sum(part) / whole)
    }

    /// Returns how many commands reached an outcome, repeats left out.
    pub(super) fn commands(&self) -> f64 {
        self.sum(&SETTLED)
    }

    /// Returns the greatest level.
    pub(super) fn peak(&self, field: &str) -> Option<f64> {
        self.peaks.get(field).copied()
    }

    /// Returns a quantile of a histogram, in milliseconds.
    pub(super) fn quantile_ms(&self, field: &str, quantile: f64) -> Option<f64> {
        let seconds = self.histogram(field).quantile(quantile)?;
        Some(seconds * 1000.0)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are whole and not negative"
    )]
    fn histogram(&self, field: &str) -> HistogramReading {
        let bounds: &[f64] = if field == AWAY_SECONDS {
            &AWAY_BUCKETS
        } else {
            &SECONDS_BUCKETS
        };
        let count = |bound: f64| self.sum(&[&bucket(field, bound)]).round() as u64;
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        HistogramReading {
            buckets: bounds.map(|bound| (bound, count(bound))).collect(),
            sum: self.sum(&[&format!("{field}.sum")]),
            count: count(f64::INFINITY),
        }
    }
}
