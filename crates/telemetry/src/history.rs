//! Fixed-step ring buffers of named series: what the console's charts show at once when they open.
//!
//! All series share one time axis. A step in which a series got no value is a gap, never a zero.
//! Memory is bounded by series × steps × 16 bytes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Recent values of named series on a common time axis. Safe to share by reference.
#[derive(Debug)]
pub struct History {
    step_ms: u64,
    capacity: usize,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    /// Number of the newest step, counted in steps since the Unix epoch.
    newest_step: Option<u64>,
    names: Vec<&'static str>,
    /// One row per step, oldest first; `row[i]` belongs to `names[i]`, a short row has gaps.
    rows: VecDeque<Vec<Option<f64>>>,
}

/// One series as a chart wants it: `at` and `values` have the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The name it was recorded under.
    pub name: &'static str,
    /// Start of each step, in ms since the Unix epoch.
    pub at: Vec<u64>,
    /// The value of each step, `None` for a gap.
    pub values: Vec<Option<f64>>,
}

impl Series {
    /// Iterates over the steps that have a value.
    pub fn points(&self) -> impl Iterator<Item = (u64, f64)> {
        self.at
            .iter()
            .zip(&self.values)
            .filter_map(|(at, value)| value.map(|value| (*at, value)))
    }
}

impl History {
    /// Makes an empty history of `capacity` steps of `step_ms` each.
    ///
    /// # Panics
    /// When either is zero.
    #[must_use]
    pub fn new(step_ms: u64, capacity: usize) -> Self {
        assert!(
            step_ms > 0 && capacity > 0,
            "a history needs a step and room for one"
        );
        Self {
            step_ms,
            capacity,
            ring: Mutex::default(),
        }
    }

    /// Makes the console's history: 15 minutes in steps of one second.
    #[must_use]
    pub fn of_fifteen_minutes() -> Self {
        Self::new(1_000, 900)
    }

    /// Returns the length of a step in ms.
    #[must_use]
    pub fn step_ms(&self) -> u64 {
        self.step_ms
    }

    /// Records values for the step that `at_ms` lies in. A second value for the same step replaces
    /// the first; steps older than the window are ignored.
    pub fn record(&self, at_ms: u64, values: &[(&'static str, f64)]) {
        let step = at_ms / self.step_ms;
        let mut ring = self.lock();
        let Some(row) = ring.row_of(step, self.capacity) else {
            return;
        };
        for &(name, value) in values.iter().filter(|(_, value)| value.is_finite()) {
            let column = ring.column_of(name);
            let row = &mut ring.rows[row];
            if row.len() <= column {
                row.resize(column + 1, None);
            }
            row[column] = Some(value);
        }
    }

    /// Returns all series, in the order in which they were first recorded.
    #[must_use]
    pub fn series(&self) -> Vec<Series> {
        let ring = self.lock();
        let Some(newest) = ring.newest_step else {
            return Vec::new();
        };
        let oldest = newest + 1 - ring.rows.len() as u64;
        let at: Vec<u64> = (oldest..=newest).map(|step| step * self.step_ms).collect();
        let names = ring.names.iter().enumerate();
        names
            .map(|(column, name)| Series {
                name,
                at: at.clone(),
                values: ring
                    .rows
                    .iter()
                    .map(|row| row.get(column).copied().flatten())
                    .collect(),
            })
            .collect()
    }

    /// Returns the newest value of each series together with its step's start.
    #[must_use]
    pub fn latest(&self) -> Vec<(&'static str, u64, f64)> {
        let series = self.series();
        series
            .iter()
            .filter_map(|series| {
                series
                    .points()
                    .last()
                    .map(|(at, value)| (series.name, at, value))
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// Makes room for `step` and returns its row, or `None` when it is older than the window.
    fn row_of(&mut self, step: u64, capacity: usize) -> Option<usize> {
        let newest = match self.newest_step {
            Some(newest) if step.saturating_sub(newest) < capacity as u64 => newest,
            // The first step, or one after a pause longer than the window.
            _ => {
                self.rows.clear();
                self.rows.push_back(Vec::new());
                self.newest_step = Some(step);
                return Some(0);
            }
        };
        for _ in newest..step {
            if self.rows.len() == capacity {
                self.rows.pop_front();
            }
            self.rows.push_back(Vec::new());
        }
        self.newest_step = Some(newest.max(step));
        let age = usize::try_from(newest.max(step) - step).ok()?;
        self.rows.len().checked_sub(age + 1)
    }

    fn column_of(&mut self, name: &'static str) -> usize {
        let known = self.names.iter().position(|known| *known == name);
        known.unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(history: &History, name: &str) -> Vec<Option<f64>> {
        let series = history.series();
        series
            .into_iter()
            .find(|series| series.name == name)
            .expect("recorded")
            .values
    }

    #[test]
    fn steps_without_a_value_are_gaps() {
        let history = History::new(1_000, 10);
        history.record(5_000, &[("a", 1.0)]);
        history.record(7_400, &[("a", 3.0), ("b", 9.0)]);
        assert_eq!(values(&history, "a"), [Some(1.0), None, Some(3.0)]);
        assert_eq!(values(&history, "b"), [None, None, Some(9.0)]);
        assert_eq!(history.series()[0].at, [5_000, 6_000, 7_000]);
        assert_eq!(history.latest(), [("a", 7_000, 3.0), ("b", 7_000, 9.0)]);
    }

    #[test]
    fn the_oldest_steps_fall_out() {
        let history = History::new(10, 3);
        for step in 0..7_u32 {
            history.record(u64::from(step) * 10, &[("a", f64::from(step))]);
        }
        assert_eq!(values(&history, "a"), [Some(4.0), Some(5.0), Some(6.0)]);
        assert_eq!(history.series()[0].at, [40, 50, 60]);
    }

    #[test]
    fn a_pause_longer_than_the_window_starts_anew() {
        let history = History::new(10, 3);
        history.record(0, &[("a", 1.0)]);
        history.record(10_000, &[("a", 2.0)]);
        assert_eq!(values(&history, "a"), [Some(2.0)]);
    }

    #[test]
    fn late_values_find_their_step_and_too_late_ones_are_ignored() {
        let history = History::new(10, 3);
        for step in 10..13_u32 {
            history.record(u64::from(step) * 10, &[("a", f64::from(step))]);
        }
        history.record(105, &[("a", 0.5)]);
        history.record(50, &[("a", 99.0)]);
        assert_eq!(values(&history, "a"), [Some(0.5), Some(11.0), Some(12.0)]);
    }

    #[test]
    fn numbers_that_no_chart_can_show_are_gaps() {
        let history = History::new(10, 3);
        history.record(0, &[("a", f64::NAN), ("b", 1.0)]);
        assert_eq!(history.series().len(), 1);
    }
}
