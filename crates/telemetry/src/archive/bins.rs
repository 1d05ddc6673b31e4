//! Thinning: many values become their least, mean, greatest and count. Pure.

/// The values of one series in one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The least.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
    /// How many there were.
    pub count: u64,
}

impl Bin {
    /// A bin of one value.
    #[must_use]
    pub fn of(value: f64) -> Self {
        Self {
            min: value,
            mean: value,
            max: value,
            count: 1,
        }
    }

    /// Adds the values of another bin.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn add(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.count += other.count;
        let share = other.count as f64 / self.count as f64;
        // Rounding must not carry a mean out of its bounds.
        self.mean = (self.mean + (other.mean - self.mean) * share).clamp(self.min, self.max);
    }
}

/// Adds a bin to a place that may be empty.
pub(super) fn add_to(place: &mut Option<Bin>, bin: &Bin) {
    match place {
        Some(there) => there.add(bin),
        None => *place = Some(*bin),
    }
}

/// The lengths of steps that people read well, in ms.
const STEPS_MS: [u64; 18] = [
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    2 * 60_000,
    5 * 60_000,
    10 * 60_000,
    15 * 60_000,
    30 * 60_000,
    3_600_000,
    2 * 3_600_000,
    3 * 3_600_000,
    6 * 3_600_000,
    12 * 3_600_000,
    24 * 3_600_000,
];

/// Returns the shortest step, of at least `least_ms`, that needs at most `steps_max` for a range.
/// Beyond the table it is a whole number of days.
pub(super) fn step_of(from_ms: u64, to_ms: u64, least_ms: u64, steps_max: u64) -> u64 {
    let fits = |step: u64| to_ms / step - from_ms / step < steps_max.max(1);
    let day = 24 * 3_600_000;
    let listed = STEPS_MS
        .into_iter()
        .find(|step| *step >= least_ms && fits(*step));
    listed.unwrap_or_else(|| {
        let days = (to_ms - from_ms) / day / steps_max.max(2).saturating_sub(1) + 1;
        (days..)
            .map(|days| days * day)
            .find(|step| fits(*step))
            .unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bin_of(values: &[f64]) -> Option<Bin> {
        let mut bin = None;
        for value in values {
            add_to(&mut bin, &Bin::of(*value));
        }
        bin
    }

    proptest! {
        #[test]
        fn bins_of_bins_are_the_bin_of_all(
            parts in prop::collection::vec(prop::collection::vec(-1e9..1e9_f64, 1..20), 1..10)
        ) {
            let all: Vec<f64> = parts.concat();
            let mut thinned = None;
            for part in &parts {
                add_to(&mut thinned, &bin_of(part).unwrap());
            }
            let thinned = thinned.unwrap();
            let least = all.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            prop_assert_eq!(thinned.min, least);
            prop_assert_eq!(thinned.max, greatest);
            prop_assert_eq!(thinned.count, all.len() as u64);
            prop_assert!((thinned.mean - mean).abs() < 1e-4, "{} {}", thinned.mean, mean);
        }

        #[test]
        fn a_step_is_never_longer_than_it_must_be(
            from in 0..2_000_000_000_000_u64, length in 0..100_000_000_000_u64, max in 10..2000_u64
        ) {
            let to = from + length;
            let step = step_of(from, to, 1000, max);
            prop_assert!(to / step - from / step < max);
        }
    }

    #[test]
    fn a_day_of_600_steps_has_steps_of_five_minutes() {
        assert_eq!(step_of(0, 86_400_000 - 1, 1000, 600), 300_000);
        assert_eq!(step_of(0, 599_000, 1000, 600), 1000);
        assert_eq!(step_of(0, 599_000, 60_000, 600), 60_000);
    }
}
