//! The stretches of time of the ledger.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// How long the stretches are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotSize {
    /// A minute.
    Minute,
    /// Five minutes.
    Fine,
    /// An hour.
    Hour,
}

impl SlotSize {
    /// All sizes, the finest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Fine, Self::Hour];

    /// Returns the length, in milliseconds.
    #[must_use]
    pub fn length_ms(self) -> u64 {
        match self {
            Self::Minute => 60_000,
            Self::Fine => 300_000,
            Self::Hour => 3_600_000,
        }
    }

    /// Returns how long slots of this size are kept after they were last added to.
    #[must_use]
    pub fn kept(self) -> Duration {
        match self {
            Self::Minute => Duration::from_secs(4 * 3600),
            Self::Fine => Duration::from_secs(2 * 86_400),
            Self::Hour => Duration::from_secs(31 * 86_400),
        }
    }

    /// Returns the start of the slot that a moment lies in.
    #[must_use]
    pub fn start(self, at: u64) -> u64 {
        at - at % self.length_ms()
    }

    /// Returns the finest size whose slots are all still kept.
    pub(super) fn reaching(from: u64, to: u64, now: u64) -> Self {
        let reaches = |size: &Self| {
            let kept = super::millis(size.kept());
            from + kept >= now && to.saturating_sub(from) <= kept
        };
        let found = Self::ALL.into_iter().find(reaches);
        found.unwrap_or(Self::Hour)
    }

    pub(super) fn starts(self, from: u64, to: u64) -> impl Iterator<Item = u64> {
        let step = usize::try_from(self.length_ms()).expect("an hour in milliseconds");
        (self.start(from)..to.max(from)).step_by(step)
    }

    pub(super) fn key(self, start: u64) -> String {
        match self {
            Self::Minute => format!("{{ledger}}:minute:{start}"),
            Self::Fine => format!("{{ledger}}:fine:{start}"),
            Self::Hour => format!("{{ledger}}:hour:{start}"),
        }
    }
}

/// What was counted in one stretch of time, by all nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerSlot {
    /// When it begins, in milliseconds since 1970.
    pub start: u64,
    /// How long it is, in milliseconds.
    pub length_ms: u64,
    /// For how long at least one node measured, in milliseconds.
    pub measured_ms: f64,
    /// For how long at least one node was fit for work, in milliseconds.
    pub ready_ms: f64,
    /// For how long nothing ran that should have, in milliseconds.
    pub down_ms: f64,
    /// Sums and peaks by their names.
    pub values: BTreeMap<String, f64>,
}

impl LedgerSlot {
    pub(super) fn from_hash(start: u64, size: SlotSize, hash: HashMap<String, String>) -> Self {
        let mut values: BTreeMap<String, f64> = hash
            .into_iter()
            .filter_map(|(field, value)| Some((field, value.parse().ok()?)))
            .collect();
        let mut take = |field: &str| values.remove(field).unwrap_or(0.0);
        let (measured_ms, ready_ms, down_ms) =
            (take("measured.ms"), take("ready.ms"), take("down.ms"));
        take("measured.until");
        take("ready.until");
        Self {
            start,
            length_ms: size.length_ms(),
            measured_ms,
            ready_ms,
            down_ms,
            values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_spans_are_read_by_the_hour() {
        let (hour, day, now) = (3_600_000, 86_400_000, 1_000 * 86_400_000);
        let recent = SlotSize::reaching(now - hour, now, now);
        assert_eq!(recent, SlotSize::Minute);
        assert_eq!(SlotSize::reaching(now - day, now, now), SlotSize::Fine);
        assert_eq!(SlotSize::reaching(now - 3 * day, now, now), SlotSize::Hour);
        let old = now - 10 * day;
        assert_eq!(SlotSize::reaching(old, old + hour, now), SlotSize::Hour);
        let starts: Vec<u64> = SlotSize::Hour.starts(now + 5, now + hour + 5).collect();
        assert_eq!(starts, [now, now + hour]);
        assert_eq!(SlotSize::Fine.starts(now, now).count(), 0);
    }
}
