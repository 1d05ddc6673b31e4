//! The table of success metrics: target against actual, in words. Pure.

use std::collections::BTreeMap;

use graphy_protocol::reports::{PerformanceReport, TargetRow, Verdict};
use graphy_store::ledger::{EnteredFigure, LedgerSlot};

use super::clock::day_and_time;
use super::period::Period;
use super::targets::{Limit, Origin, TARGETS, Target, Unit};

/// Metrics that a target may be missed in without anything being wrong: nobody asked for more.
const ASKED: [&str; 2] = ["tps", "connections_peak"];

/// Works the table out.
pub(super) fn report(
    from: u64,
    to: u64,
    slots: &[LedgerSlot],
    entered: &BTreeMap<String, EnteredFigure>,
) -> PerformanceReport {
    let period = Period::of(slots);
    let rows = TARGETS.iter().map(|target| match target.origin {
        Origin::Measured(measure) => measured(target, measure(&period)),
        Origin::ByHand => by_hand(target, entered.get(target.key)),
    });
    let span = length(from, to);
    PerformanceReport {
        from,
        to,
        coverage: if span > 0.0 {
            (period.measured_ms / span).min(1.0)
        } else {
            0.0
        },
        targets: rows.collect(),
    }
}

fn measured(target: &Target, value: Option<f64>) -> TargetRow {
    let mut verdict = verdict(target.limit, value);
    if verdict == Verdict::Missed && ASKED.contains(&target.key) {
        verdict = Verdict::Unknown;
    }
    TargetRow {
        actual: value.map(|value| in_words(target.unit, value)),
        verdict,
        by_hand: false,
        note: Some(target.note.to_owned()).filter(|note| !note.is_empty()),
        ..row(target)
    }
}

fn by_hand(target: &Target, entered: Option<&EnteredFigure>) -> TargetRow {
    let note = entered.map_or_else(
        || "nobody has entered it".to_owned(),
        |figure| {
            let who = format!("{}, {}", figure.user_id, day_and_time(figure.at));
            if figure.note.is_empty() {
                format!("entered by {who}")
            } else {
                format!("{} (entered by {who})", figure.note)
            }
        },
    );
    let value = entered.map(|figure| figure.value);
    TargetRow {
        actual: value.map(|value| in_words(target.unit, value)),
        verdict: verdict(target.limit, value),
        by_hand: true,
        note: Some(note),
        ..row(target)
    }
}

fn row(target: &Target) -> TargetRow {
    TargetRow {
        key: target.key.to_owned(),
        title: target.title.to_owned(),
        area: target.area,
        target: limit_in_words(target),
        actual: None,
        formula: target.formula.to_owned(),
        verdict: Verdict::Unknown,
        by_hand: false,
        note: None,
    }
}

fn verdict(limit: Limit, value: Option<f64>) -> Verdict {
    match value.and_then(|value| limit.met(value)) {
        Some(true) => Verdict::Met,
        Some(false) => Verdict::Missed,
        None => Verdict::Unknown,
    }
}

fn limit_in_words(target: &Target) -> String {
    let words = |value| in_words(target.unit, value);
    match target.limit {
        // Nothing is more than all.
        Limit::AtLeast(limit) if target.unit == Unit::Share && limit >= 1.0 => words(limit),
        Limit::Below(limit) => format!("< {}", words(limit)),
        Limit::AtMost(limit) => format!("≤ {}", words(limit)),
        Limit::Above(limit) => format!("> {}", words(limit)),
        Limit::AtLeast(limit) => format!("≥ {}", words(limit)),
        Limit::None => "none".to_owned(),
    }
}

/// Writes a figure with its unit. Shares near 1 keep the digits that decide.
pub(super) fn in_words(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Milliseconds => format!("{} ms", short(value)),
        Unit::Seconds => format!("{} s", short(value)),
        Unit::Share => format!("{} %", percent(value * 100.0)),
        Unit::PerSecond => format!("{}/s", short(value)),
        Unit::PerWeek => format!("{}/week", short(value)),
        Unit::Mebibytes => format!("{} MiB", short(value)),
        Unit::Minutes => format!("{} min", short(value)),
        Unit::Percent => format!("{} %", short(value)),
        Unit::Sockets => short(value),
    }
}

/// At least three figures, no zeros at the end.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 || size == 0.0 => 2,
        _ => 3,
    };
    trimmed(&format!("{value:.digits$}"))
}

/// Never rounds up to 100 or down to 0.
fn percent(value: f64) -> String {
    let text = trimmed(&format!("{value:.3}"));
    match text.as_str() {
        "100" if value < 100.0 => "> 99.999".to_owned(),
        "0" if value > 0.0 => "< 0.001".to_owned(),
        _ => text,
    }
}

fn trimmed(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

#[expect(clippy::cast_precision_loss, reason = "spans of at most some months")]
fn length(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64
}
