//! When a rule fires and when it ends. Pure: rule, value and time in, state out.
//!
//! A breach counts only while it is seen: the time between two breaching values, at most
//! [`STEP_MS_MAX`] of it. So a node that slept, a clock that jumped or a series without values never
//! makes a rule fire early. In the same way a firing rule ends once its value was well for as long
//! as the rule asks of a breach, but at most [`WELL_MS_MAX`], so that a value that swings around the
//! limit is one alert and not many.

use graphy_protocol::alerts::{AlertRule, AlertState, Comparison, OnNoData};

/// The most time that may pass between two values and still count.
pub(super) const STEP_MS_MAX: u64 = 5_000;
/// How long a value must be well before a firing rule ends, at most.
pub(super) const WELL_MS_MAX: u64 = 10_000;

/// Where a rule stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Track {
    pub(super) state: AlertState,
    pub(super) since_ms: u64,
    /// The newest value.
    pub(super) value: Option<f64>,
    /// The worst value since it was last well.
    pub(super) worst: Option<f64>,
    /// How long the breach was seen, or, of a firing rule, how long its value has been well.
    lasted_ms: u64,
    /// What was seen last, and when; none if it did not say anything.
    last: Option<(Sight, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    Breach,
    Well,
}

impl Track {
    pub(super) fn new(now_ms: u64) -> Self {
        Self {
            state: AlertState::Unknown,
            since_ms: now_ms,
            value: None,
            worst: None,
            lasted_ms: 0,
            last: None,
        }
    }

    /// A rule that fires according to others, or before a restart.
    pub(super) fn firing(since_ms: u64, worst: Option<f64>) -> Self {
        Self {
            state: AlertState::Firing,
            worst,
            ..Self::new(since_ms)
        }
    }

    /// Takes the value of a moment.
    pub(super) fn step(&mut self, rule: &AlertRule, value: Option<f64>, now_ms: u64) {
        self.value = value;
        if !rule.enabled {
            *self = Self {
                value,
                ..Self::new(now_ms)
            }
            .kept(self, AlertState::Off);
            return;
        }
        let sight = match value {
            Some(value) if breaches(rule, value) => Some(Sight::Breach),
            Some(_) => Some(Sight::Well),
            None => match rule.on_no_data {
                OnNoData::Hold => None,
                OnNoData::Fire => Some(Sight::Breach),
                OnNoData::Clear => Some(Sight::Well),
            },
        };
        let Some(sight) = sight else {
            self.last = None;
            if self.state == AlertState::Off {
                self.enter(AlertState::Unknown, now_ms);
            }
            return;
        };
        // Only time between two equal sights belongs to them.
        let passed_ms = match self.last {
            Some((last, at_ms)) if last == sight => now_ms.saturating_sub(at_ms).min(STEP_MS_MAX),
            _ => 0,
        };
        self.last = Some((sight, now_ms));
        if sight == Sight::Breach {
            self.worst = worse(rule, self.worst, value);
        }
        match (self.state, sight) {
            (AlertState::Firing, Sight::Breach) => self.lasted_ms = 0,
            (AlertState::Firing, Sight::Well) => {
                self.lasted_ms += passed_ms;
                if self.lasted_ms >= (u64::from(rule.for_seconds) * 1000).min(WELL_MS_MAX) {
                    self.enter(AlertState::Ok, now_ms);
                }
            }
            (AlertState::Pending, Sight::Breach) => {
                self.lasted_ms += passed_ms;
                self.fire_if_due(rule, now_ms);
            }
            (_, Sight::Breach) => {
                self.enter(AlertState::Pending, now_ms);
                self.worst = value;
                self.fire_if_due(rule, now_ms);
            }
            (AlertState::Ok, Sight::Well) => {}
            (_, Sight::Well) => self.enter(AlertState::Ok, now_ms),
        }
    }

    fn fire_if_due(&mut self, rule: &AlertRule, now_ms: u64) {
        if self.lasted_ms >= u64::from(rule.for_seconds) * 1000 {
            let worst = self.worst;
            self.enter(AlertState::Firing, now_ms);
            self.worst = worst;
        }
    }

    fn enter(&mut self, state: AlertState, now_ms: u64) {
        self.state = state;
        self.since_ms = now_ms;
        self.lasted_ms = 0;
        if state != AlertState::Firing && state != AlertState::Ok {
            self.worst = None;
        }
    }

    /// The same state as before keeps its time.
    fn kept(mut self, before: &Self, state: AlertState) -> Self {
        self.state = state;
        if before.state == state {
            self.since_ms = before.since_ms;
        }
        self
    }
}

/// Says whether a value is beyond the limit.
pub(super) fn breaches(rule: &AlertRule, value: f64) -> bool {
    match rule.comparison {
        Comparison::Above => value > rule.limit,
        Comparison::Below => value < rule.limit,
    }
}

/// Returns the worse of two values.
pub(super) fn worse(rule: &AlertRule, one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(match rule.comparison {
            Comparison::Above => one.max(other),
            Comparison::Below => one.min(other),
        }),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use graphy_protocol::alerts::Severity;
    use proptest::prelude::*;

    use super::*;

    fn rule(for_seconds: u32, on_no_data: OnNoData) -> AlertRule {
        AlertRule {
            rule_id: "slow".to_owned(),
            title: "Slow".to_owned(),
            series: "command_p95_ms".to_owned(),
            comparison: Comparison::Above,
            limit: 100.0,
            for_seconds,
            severity: Severity::Warning,
            on_no_data,
            enabled: true,
            note: String::new(),
        }
    }

    /// Runs a rule over values of consecutive seconds and writes down the states.
    fn run(rule: &AlertRule, values: &[Option<f64>]) -> String {
        let mut track = Track::new(0);
        let states = (1..).zip(values).map(|(second, value)| {
            track.step(rule, *value, second * 1000);
            match track.state {
                AlertState::Off => '-',
                AlertState::Unknown => '?',
                AlertState::Ok => '.',
                AlertState::Pending => 'p',
                AlertState::Firing => 'F',
            }
        });
        states.collect()
    }

    const BAD: Option<f64> = Some(101.0);
    const GOOD: Option<f64> = Some(100.0);

    #[test]
    fn a_rule_fires_after_its_time_and_ends_when_all_is_well() {
        let rule = rule(3, OnNoData::Hold);
        let values = [
            None, GOOD, BAD, BAD, BAD, BAD, BAD, GOOD, BAD, GOOD, GOOD, GOOD, GOOD,
        ];
        assert_eq!(run(&rule, &values), "?.pppFFFFFFF.");
        assert_eq!(
            run(&super::tests::rule(0, OnNoData::Hold), &[BAD, GOOD, BAD]),
            "F.F"
        );
    }

    #[test]
    fn without_values_a_rule_does_as_it_is_told() {
        let values = [BAD, BAD, None, None, None, BAD, BAD, None, None, GOOD];
        assert_eq!(run(&rule(2, OnNoData::Hold), &values), "ppppppFFFF");
        assert_eq!(run(&rule(2, OnNoData::Fire), &values), "ppFFFFFFFF");
        assert_eq!(run(&rule(2, OnNoData::Clear), &values), "pp...pp...");
    }

    #[test]
    fn a_rule_that_is_off_says_so_and_begins_anew() {
        let mut off = rule(0, OnNoData::Hold);
        off.enabled = false;
        let mut track = Track::firing(5, Some(200.0));
        track.step(&off, BAD, 1_000);
        track.step(&off, BAD, 2_000);
        assert_eq!((track.state, track.since_ms), (AlertState::Off, 1_000));
        off.enabled = true;
        track.step(&off, None, 3_000);
        assert_eq!(track.state, AlertState::Unknown);
    }

    #[test]
    fn the_worst_value_is_that_of_this_breach() {
        let rule = rule(1, OnNoData::Hold);
        let mut track = Track::new(0);
        for (second, value) in [(1, 500.0), (2, 1.0), (3, 110.0), (4, 130.0), (5, 120.0)] {
            track.step(&rule, Some(value), second * 1000);
        }
        assert_eq!(
            (track.state, track.worst),
            (AlertState::Firing, Some(130.0))
        );
    }

    proptest! {
        /// Whatever the values and however time passes: a rule fires only after a breach that was
        /// seen for long enough, and while it does, it was not seen well for as long.
        #[test]
        fn no_rule_fires_early_or_late(
            for_seconds in 0..20_u32,
            steps in prop::collection::vec(
                (prop_oneof![4 => 900..1100_u64, 1 => 0..100_000_u64], prop::option::of(0..200_u32)),
                1..120,
            ),
        ) {
            let rule = rule(for_seconds, OnNoData::Hold);
            let need_ms = u64::from(for_seconds) * 1000;
            let mut track = Track::new(0);
            let (mut now, mut breach_ms, mut well_ms) = (1_000_000_u64, 0_u64, 0_u64);
            let mut before: Option<bool> = None;
            for (gap, value) in steps {
                now += gap;
                let was = track.state;
                track.step(&rule, value.map(f64::from), now);
                let sight = value.map(|value| value > 100);
                let seen = if before == sight { gap.min(STEP_MS_MAX) } else { 0 };
                match sight {
                    Some(true) => { breach_ms += seen; well_ms = 0; }
                    Some(false) => { well_ms += seen; breach_ms = 0; }
                    None => {}
                }
                before = sight;
                if was != AlertState::Firing && track.state == AlertState::Firing {
                    prop_assert!(sight == Some(true) && breach_ms >= need_ms, "early: {breach_ms}");
                }
                if was != AlertState::Firing && sight == Some(true) && breach_ms >= need_ms {
                    prop_assert_eq!(track.state, AlertState::Firing, "late");
                }
                if was == AlertState::Firing && track.state != AlertState::Firing {
                    prop_assert!(sight == Some(false) && well_ms >= need_ms.min(WELL_MS_MAX));
                }
                if sight.is_none() {
                    prop_assert_eq!(track.state, was, "no data holds");
                }
            }
        }
    }
}
