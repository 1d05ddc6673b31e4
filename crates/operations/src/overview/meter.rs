//! Computes series from readings of the metrics. Pure.

use std::collections::{HashMap, VecDeque};

use graphy_telemetry::MetricsSnapshot;
use graphy_telemetry::metrics::HistogramReading;

use super::expression::{Expression, Selector, Sign, Window};

/// Readings are taken about once a second; one that is early by less than this belongs to its
/// second all the same.
const SLACK_MS: u64 = 500;
/// About how many readings a window holds, however long it is.
const READINGS_OF_WINDOW: u64 = 60;

/// Remembers the readings that the expressions look back on.
#[derive(Debug, Default)]
pub(super) struct Meter {
    turn: u64,
    counters: HashMap<(Selector, Window), Readings<f64>>,
    histograms: HashMap<(Selector, Window), Readings<Option<HistogramReading>>>,
}

/// A reading and when it was taken, in ms.
type Taken<T> = (u64, T);

/// Readings of one metric, oldest first; the first one is the last that is at least a window old,
/// if there is one.
#[derive(Debug)]
struct Readings<T> {
    turn: u64,
    ring: VecDeque<Taken<T>>,
}

impl<T> Default for Readings<T> {
    fn default() -> Self {
        Self {
            turn: 0,
            ring: VecDeque::new(),
        }
    }
}

/// What there is to see at one moment.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) at_ms: u64,
    pub(super) snapshot: &'a MetricsSnapshot,
    /// Gauges that could not be measured now, so that their last values count for nothing.
    pub(super) unmeasured: &'a [&'static str],
}

impl Meter {
    /// Begins to compute the values of a moment. What no expression asks for any more is forgotten.
    pub(super) fn turn<'a>(&'a mut self, moment: Moment<'a>) -> Turn<'a> {
        let last = self.turn;
        self.counters.retain(|_, readings| readings.turn == last);
        self.histograms.retain(|_, readings| readings.turn == last);
        self.turn += 1;
        Turn {
            meter: self,
            moment,
        }
    }
}

/// The computation of one moment.
pub(super) struct Turn<'a> {
    meter: &'a mut Meter,
    moment: Moment<'a>,
}

impl Turn<'_> {
    /// Computes an expression; none where it has no value.
    pub(super) fn value(&mut self, expression: &Expression) -> Option<f64> {
        self.compute(expression).filter(|value| value.is_finite())
    }

    fn compute(&mut self, expression: &Expression) -> Option<f64> {
        match expression {
            Expression::Number(number) => Some(*number),
            Expression::Gauge(selector) => {
                let is_measured = !self.moment.unmeasured.contains(&selector.name.as_str());
                is_measured.then(|| self.read(selector)).flatten()
            }
            Expression::Rate(selector, window) => {
                let (growth, seconds) = self.growth(selector, *window)?;
                (seconds > 0.0).then(|| growth / seconds)
            }
            Expression::Increase(selector, window) => {
                self.growth(selector, *window).map(|(growth, _)| growth)
            }
            Expression::Quantile {
                quantile,
                of,
                window,
                least,
            } => {
                let recent = self.samples(of, *window)?;
                #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
                let is_enough = recent.count as f64 >= *least;
                is_enough.then(|| recent.quantile(*quantile)).flatten()
            }
            Expression::Share { part, whole, least } => {
                // Both are computed, so that both remember their readings.
                let (part, whole) = (self.compute(part), self.compute(whole));
                let whole = whole.filter(|whole| *whole >= *least && *whole > 0.0)?;
                Some(part? / whole)
            }
            Expression::Pair(left, sign, right) => {
                let (left, right) = (self.compute(left), self.compute(right));
                let (left, right) = (left?, right?);
                match sign {
                    Sign::Plus => Some(left + right),
                    Sign::Minus => Some(left - right),
                    Sign::Times => Some(left * right),
                    Sign::Per => (right != 0.0).then(|| left / right),
                }
            }
        }
    }

    fn read(&self, selector: &Selector) -> Option<f64> {
        self.moment
            .snapshot
            .value_where(&selector.name, |labels| selector.fits(labels))
    }

    /// How much a counter has grown, and in how many seconds. One that nobody has raised yet is not
    /// rendered: if it is a counter of ours, it stands at zero.
    fn growth(&mut self, selector: &Selector, window: Window) -> Option<(f64, f64)> {
        let now = self
            .read(selector)
            .or_else(|| selector.is_counter().then_some(0.0))?;
        let key = (selector.clone(), window);
        let readings = self.meter.counters.entry(key).or_default();
        readings.take(self.meter.turn, self.moment.at_ms, window, now);
        let ((from_ms, before), (to_ms, now)) = readings.ends()?;
        let seconds = millis(to_ms.saturating_sub(*from_ms)) / 1000.0;
        Some(((now - before).max(0.0), seconds))
    }

    fn samples(&mut self, selector: &Selector, window: Window) -> Option<HistogramReading> {
        let now = self
            .moment
            .snapshot
            .histogram_where(&selector.name, |labels| selector.fits(labels));
        let key = (selector.clone(), window);
        let readings = self.meter.histograms.entry(key).or_default();
        readings.take(self.meter.turn, self.moment.at_ms, window, now);
        let ((_, before), (_, now)) = readings.ends()?;
        match (before, now) {
            (Some(before), Some(now)) => Some(now.since(before)),
            // Nothing had been recorded when the window began, so all of it is recent.
            (None, now) => now.clone(),
            (Some(_), None) => None,
        }
    }
}

impl<T> Readings<T> {
    /// Adds the reading of this turn, once, and forgets those that no window needs.
    fn take(&mut self, turn: u64, at_ms: u64, window: Window, value: T) {
        if self.turn == turn {
            return;
        }
        self.turn = turn;
        let window_ms = window.0 * 1000;
        // A clock that was set back makes the times worthless.
        if self.ring.back().is_some_and(|(last, _)| *last > at_ms) {
            self.ring.clear();
        }
        let count = self.ring.len();
        if count >= 2 {
            let apart = self.ring[count - 1].0 - self.ring[count - 2].0;
            if apart + SLACK_MS < window_ms / READINGS_OF_WINDOW {
                self.ring.pop_back();
            }
        }
        self.ring.push_back((at_ms, value));
        let start = (at_ms + SLACK_MS.min(window_ms / 2)).saturating_sub(window_ms);
        while self.ring.len() > 2 && self.ring[1].0 <= start {
            self.ring.pop_front();
        }
    }

    /// Returns the reading at the window's start and the newest one, if there are two.
    fn ends(&self) -> Option<(&Taken<T>, &Taken<T>)> {
        (self.ring.len() >= 2)
            .then(|| self.ring.front().zip(self.ring.back()))
            .flatten()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the time between two readings is short"
)]
fn millis(duration_ms: u64) -> f64 {
    duration_ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(commands: u32, conflicts: u32, fast: u32, slow: u32) -> MetricsSnapshot {
        let all = fast + slow;
        MetricsSnapshot::parse(&format!(
            "optimistic_commands_processed_total{{type=\"CREATE_NODE\",status=\"success\"}} {commands}\n\
             optimistic_conflicts_total{{resolution_type=\"x\"}} {conflicts}\n\
             optimistic_command_duration_seconds_bucket{{type=\"CREATE_NODE\",le=\"0.01\"}} {fast}\n\
             optimistic_command_duration_seconds_bucket{{type=\"CREATE_NODE\",le=\"0.1\"}} {all}\n\
             optimistic_command_duration_seconds_bucket{{type=\"CREATE_NODE\",le=\"+Inf\"}} {all}\n\
             optimistic_command_duration_seconds_count{{type=\"CREATE_NODE\"}} {all}\n\
             bullmq_queue_size{{queue_name=\"graph-commands\"}} 7\n\
             bullmq_queue_size{{queue_name=\"other\"}} 100\n\
             graphy_redis_latency_seconds 0.0025\n"
        ))
    }

    fn values(
        meter: &mut Meter,
        at_ms: u64,
        snapshot: &MetricsSnapshot,
        unmeasured: &[&'static str],
        texts: &[&str],
    ) -> Vec<Option<f64>> {
        let mut turn = meter.turn(Moment {
            at_ms,
            snapshot,
            unmeasured,
        });
        texts
            .iter()
            .map(|text| turn.value(&Expression::parse(text).unwrap()))
            .collect()
    }

    const COMMANDS: &str = "rate(optimistic_commands_processed_total[1s])";
    const P95: &str = "1000 * quantile(0.95, optimistic_command_duration_seconds[10s])";
    const QUEUE: &str = "bullmq_queue_size{queue_name=\"graph-commands\"}";
    const CONFLICTS: &str = "increase(optimistic_conflicts_total[10s]) / \
         increase(optimistic_commands_processed_total[10s])";
    const LATENCY: &str = "1000 * graphy_redis_latency_seconds";
    const FAILED: &str = "increase(optimistic_commands_processed_total{status=\"failed\"}[10s])";

    #[test]
    fn series_follow_from_the_metrics() {
        let mut meter = Meter::default();
        let texts = [COMMANDS, P95, QUEUE, CONFLICTS, LATENCY, FAILED, "nowhere"];
        let first = values(&mut meter, 0, &snapshot(100, 10, 100, 0), &[], &texts);
        assert_eq!(first, [None, None, Some(7.0), None, Some(2.5), None, None]);
        let second = snapshot(140, 20, 100, 40);
        let second = values(&mut meter, 2_000, &second, &["bullmq_queue_size"], &texts);
        assert_eq!(second[0], Some(20.0));
        assert!((90.0..=100.0).contains(&second[1].unwrap()), "{second:?}");
        assert_eq!(second[2], None, "what was not measured is a gap");
        assert_eq!(second[3..], [Some(0.25), Some(2.5), Some(0.0), None]);
    }

    #[test]
    fn what_is_older_than_the_window_does_not_count() {
        let mut meter = Meter::default();
        let texts = [COMMANDS, P95, CONFLICTS];
        for second in 0..30 {
            values(
                &mut meter,
                second * 1_000,
                &snapshot(100, 50, 10, 90),
                &[],
                &texts,
            );
        }
        let kept = meter
            .histograms
            .values()
            .map(|readings| readings.ring.len());
        assert!(kept.max().unwrap() <= 12);
        let quiet = values(&mut meter, 30_000, &snapshot(100, 50, 10, 90), &[], &texts);
        assert_eq!(quiet, [Some(0.0), None, None]);
        values(
            &mut meter,
            31_000,
            &snapshot(100, 50, 10, 90),
            &[],
            &[COMMANDS],
        );
        values(
            &mut meter,
            32_000,
            &snapshot(100, 50, 10, 90),
            &[],
            &[COMMANDS],
        );
        assert!(
            meter.histograms.is_empty(),
            "what nobody asks for is forgotten"
        );
    }

    #[test]
    fn a_long_window_is_remembered_by_few_readings_and_is_right() {
        let mut meter = Meter::default();
        let text = "increase(optimistic_commands_processed_total[1h])";
        for second in 0..9_000_u32 {
            let now = snapshot(second, 0, 0, 0);
            let value = values(&mut meter, u64::from(second) * 1_000, &now, &[], &[text])[0];
            if second > 3_600 {
                let value = value.unwrap();
                assert!((3_600.0..3_700.0).contains(&value), "{value} at {second}");
            }
        }
        let kept = meter.counters.values().map(|readings| readings.ring.len());
        assert!(kept.max().unwrap() <= 65);
    }

    #[test]
    fn too_few_events_say_nothing() {
        let mut meter = Meter::default();
        let share = "share(increase(optimistic_conflicts_total[1m]), \
             increase(optimistic_commands_processed_total[1m]), 50)";
        let quantile = "quantile(0.5, optimistic_command_duration_seconds[1m], 50)";
        let texts = [share, quantile];
        values(&mut meter, 0, &snapshot(0, 0, 0, 0), &[], &texts);
        let few = values(&mut meter, 1_000, &snapshot(49, 9, 49, 0), &[], &texts);
        assert_eq!(few, [None, None]);
        let enough = values(&mut meter, 2_000, &snapshot(50, 10, 50, 0), &[], &texts);
        assert_eq!(enough[0], Some(0.2));
        assert!(enough[1].is_some());
    }
}
