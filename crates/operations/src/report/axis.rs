//! Where the marks of axes are. Pure.

use super::clock::{month_and_day, time, time_with_seconds};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Distances of marks that people read easily.
const STEPS: [u64; 18] = [
    1_000,
    5_000,
    10_000,
    30_000,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
];
/// The most marks of time.
const TIME_MARKS_MAX: u64 = 8;

/// Returns the moments that are marked, and what is written there.
pub(super) fn times(from: u64, to: u64) -> Vec<(u64, String)> {
    let span = to.saturating_sub(from);
    let fits = |step: &&u64| span / **step < TIME_MARKS_MAX;
    let step = STEPS.iter().find(fits).copied().unwrap_or(30 * DAY);
    let first = from.div_ceil(step) * step;
    let mut marks = Vec::new();
    let mut at = first;
    while at <= to && marks.len() as u64 <= TIME_MARKS_MAX {
        let text = if step >= DAY || (at % DAY == 0 && span > DAY / 2) {
            month_and_day(at)
        } else if step < MINUTE {
            time_with_seconds(at)
        } else {
            time(at)
        };
        marks.push((at, text));
        at += step;
    }
    marks
}

/// Returns a round number not below the greatest value, and the distance of marks up to it.
pub(super) fn scale(greatest: f64) -> (f64, f64) {
    const MARKS: f64 = 4.0;
    if greatest <= 0.0 || !greatest.is_finite() {
        return (1.0, 0.25);
    }
    let raw = greatest / MARKS;
    let power = 10_f64.powf(raw.log10().floor());
    let factors = [1.0, 2.0, 2.5, 5.0, 10.0];
    let step = factors
        .iter()
        .map(|factor| factor * power)
        .find(|step| *step * MARKS >= greatest * 0.999_999)
        .unwrap_or(10.0 * power);
    ((greatest / step).ceil().max(1.0) * step, step)
}

/// Writes a value at an axis whose marks are `step` apart.
pub(super) fn mark(value: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let (value, step, unit) = match value.abs().max(step) {
        size if size >= 1e9 => (value / 1e9, step / 1e9, " G"),
        size if size >= 1e6 => (value / 1e6, step / 1e6, " M"),
        size if size >= 1e4 => (value / 1e3, step / 1e3, " k"),
        _ => (value, step, ""),
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0..=9"
    )]
    let mut digits = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    // A step such as 2.5 needs one more.
    let shift = 10_f64.powi(i32::try_from(digits).unwrap_or(0));
    if (step * shift - (step * shift).round()).abs() > 1e-6 {
        digits += 1;
    }
    format!("{value:.digits$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_marked_at_round_numbers() {
        let marks = |greatest: f64| {
            let (top, step) = scale(greatest);
            (mark(top, step), mark(step, step))
        };
        assert_eq!(marks(93.0), ("100".to_owned(), "25".to_owned()));
        assert_eq!(marks(0.0007), ("0.0008".to_owned(), "0.0002".to_owned()));
        assert_eq!(marks(9.9), ("10.0".to_owned(), "2.5".to_owned()));
        assert_eq!(marks(41_000.0), ("60 k".to_owned(), "20 k".to_owned()));
        assert_eq!(marks(0.0), ("1.00".to_owned(), "0.25".to_owned()));
    }

    #[test]
    fn times_are_marked_at_round_moments() {
        let day = 86_400_000;
        let marks = times(20_000 * day + 1, 20_001 * day);
        let texts: Vec<&str> = marks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(
            texts,
            ["04:00", "08:00", "12:00", "16:00", "20:00", "10-05"]
        );
        assert!(times(0, 31 * day).len() <= 9);
        assert_eq!(times(5, 5), []);
    }
}
