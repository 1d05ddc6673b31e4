//! Which values of a metric are meant.

use std::fmt;

use graphy_telemetry::names::{self, MetricDefinition, MetricKind};

/// A metric and what its labels must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    /// The Prometheus name.
    pub name: String,
    /// What labels must be; those that are not named may be anything.
    pub labels: Vec<(String, Match)>,
}

/// What a label must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Match {
    /// This.
    Is(String),
    /// Something that the pattern fits.
    Like(String),
}

impl Selector {
    /// Finds the metric in the table, and what it is read as: the `_count` and `_sum` of a histogram
    /// are counters.
    pub(super) fn definition(&self) -> Option<(&'static MetricDefinition, MetricKind)> {
        if let Some(found) = names::definition(&self.name) {
            return Some((found, found.kind));
        }
        let suffixes = ["_count", "_sum"];
        let mut stems = suffixes
            .iter()
            .filter_map(|suffix| self.name.strip_suffix(suffix));
        let found = stems.find_map(names::definition)?;
        (found.kind == MetricKind::Histogram).then_some((found, MetricKind::Counter))
    }

    /// Says whether it is a counter of ours.
    pub(crate) fn is_counter(&self) -> bool {
        self.definition()
            .is_some_and(|(_, kind)| kind == MetricKind::Counter)
    }

    /// Says whether the labels of a value are as they must be.
    #[must_use]
    pub fn fits(&self, labels: &[(String, String)]) -> bool {
        self.labels.iter().all(|(label, wanted)| {
            let found = labels.iter().find(|(key, _)| key == label);
            found.is_some_and(|(_, value)| match wanted {
                Match::Is(text) => text == value,
                Match::Like(pattern) => {
                    let mut ways = pattern.split('|');
                    ways.any(|way| fits(way.as_bytes(), value.as_bytes()))
                }
            })
        })
    }
}

/// Says whether a pattern of plain bytes, `.` and `.*` fits a whole text. Linear but for stars, and
/// texts of labels are short.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'.', b'*', rest @ ..] => (0..=text.len()).any(|skip| fits(rest, &text[skip..])),
        [b'.', rest @ ..] => !text.is_empty() && fits(rest, &text[1..]),
        [byte, rest @ ..] => text.first() == Some(byte) && fits(rest, &text[1..]),
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (place, (label, wanted)) in self.labels.iter().enumerate() {
            f.write_str(if place == 0 { "{" } else { "," })?;
            match wanted {
                Match::Is(text) => write!(f, "{label}=\"{text}\"")?,
                Match::Like(pattern) => write!(f, "{label}=~\"{pattern}\"")?,
            }
        }
        f.write_str(if self.labels.is_empty() { "" } else { "}" })
    }
}
