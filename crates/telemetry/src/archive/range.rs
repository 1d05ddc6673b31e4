//! Reading a stretch of history, thinned to as many steps as are wanted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::bins::{Bin, add_to, step_of};
use super::codec::Blocks;
use super::content::{Content, Row};
use super::place::SegmentId;
use super::{Archive, HOUR_S, HOURS_OF_DAY};

/// Asks for a stretch of history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeQuery {
    /// Which series.
    pub names: Vec<Arc<str>>,
    /// From when, in ms since the Unix epoch.
    pub from_ms: u64,
    /// Until when, this moment included.
    pub to_ms: u64,
    /// How many steps at most.
    pub steps_max: u32,
}

/// A stretch of history.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// The length of a step in ms.
    pub step_ms: u64,
    /// The start of each step, in ms since the Unix epoch; whole multiples of the length.
    pub at: Vec<u64>,
    /// For each series that was asked for, what each step holds; none where nothing was measured.
    pub series: Vec<Vec<Option<Bin>>>,
    /// Since when history is kept at all, in ms since the Unix epoch; none if there is none.
    pub since_ms: Option<u64>,
}

/// The steps that are being filled.
struct Steps {
    first: u64,
    step_ms: u64,
    from_ms: u64,
    to_ms: u64,
    series: Vec<Vec<Option<Bin>>>,
}

impl Steps {
    fn add(&mut self, place: usize, at_ms: u64, bin: &Bin) {
        if (self.from_ms..=self.to_ms).contains(&at_ms) {
            let step = usize::try_from(at_ms / self.step_ms - self.first).unwrap_or(usize::MAX);
            if let Some(there) = self.series[place].get_mut(step) {
                add_to(there, bin);
            }
        }
    }
}

impl Archive {
    /// Reads a stretch of history; `tail` are rows that are not appended yet.
    #[must_use]
    pub fn range(&self, query: &RangeQuery, tail: &[Row]) -> Range {
        let (from_ms, to_ms) = (query.from_ms, query.to_ms.max(query.from_ms));
        let hour_of = |ms: u64| ms / 1000 / HOUR_S;
        let hours = hour_of(from_ms)..=hour_of(to_ms);
        let days = hours.start() / HOURS_OF_DAY..=hours.end() / HOURS_OF_DAY;
        let kept = self.segments.sizes();
        let full: BTreeSet<u64> = kept
            .keys()
            .filter_map(|id| match id {
                SegmentId::Full(hour) if hours.contains(hour) => Some(*hour),
                _ => None,
            })
            .collect();
        let thin: Vec<u64> = kept
            .keys()
            .filter_map(|id| match id {
                SegmentId::Thin(day) if days.contains(day) => Some(*day),
                _ => None,
            })
            .collect();
        // Where only minutes are left, steps of seconds would be full of holes.
        let oldest_full = full.first().copied().unwrap_or(u64::MAX);
        let reaches_minutes = thin
            .iter()
            .any(|day| *hours.start() < oldest_full && day * HOURS_OF_DAY < oldest_full)
            && self.since.is_some_and(|since| since / HOUR_S < oldest_full);
        let least_ms = if reaches_minutes { 60_000 } else { 1_000 };
        let step_ms = step_of(from_ms, to_ms, least_ms, query.steps_max.into());
        let first = from_ms / step_ms;
        let count = usize::try_from(to_ms / step_ms - first + 1).unwrap_or(usize::MAX);
        let mut steps = Steps {
            first,
            step_ms,
            // A step that is cut by the beginning of the range is shown whole.
            from_ms: first * step_ms,
            to_ms,
            series: vec![vec![None; count]; query.names.len()],
        };
        let from_seconds: BTreeSet<u64> = full
            .into_iter()
            .filter(|hour| step_ms < 60_000 || !self.thinned.contains(hour))
            .collect();
        for day in thin {
            self.add_minutes(day, &from_seconds, &query.names, &mut steps);
        }
        for hour in from_seconds {
            self.add_seconds(hour, &query.names, &mut steps);
        }
        for row in tail {
            for (name, value) in &row.values {
                let places = query.names.iter().enumerate();
                for (place, _) in places.filter(|(_, wanted)| *wanted == name) {
                    steps.add(place, row.second * 1000, &Bin::of(*value));
                }
            }
        }
        let tail_since = tail.iter().map(|row| row.second).min();
        let since = [self.since, tail_since].into_iter().flatten().min();
        Range {
            step_ms,
            at: (0..count as u64)
                .map(|step| (first + step) * step_ms)
                .collect(),
            series: steps.series,
            since_ms: since.map(|second| second * 1000),
        }
    }

    fn add_seconds(&self, hour: u64, names: &[Arc<str>], steps: &mut Steps) {
        let segment = self.segments.read(SegmentId::Full(hour));
        let mut places = Places::of(names);
        for content in Blocks::of(&segment) {
            match Content::read(content) {
                Some(Content::Names(found)) => places.learn(&found),
                Some(Content::Full(full)) => full.each(
                    |id| places.of_id(id),
                    |place, second, value| {
                        places.each(place, |place| {
                            steps.add(place, second * 1000, &Bin::of(value));
                        });
                    },
                ),
                Some(Content::Thin(_)) | None => {}
            }
        }
    }

    fn add_minutes(
        &self,
        day: u64,
        from_seconds: &BTreeSet<u64>,
        names: &[Arc<str>],
        steps: &mut Steps,
    ) {
        let segment = self.segments.read(SegmentId::Thin(day));
        let mut places = Places::of(names);
        // Of several blocks of one hour the last one knows all of it.
        let mut hours = BTreeMap::new();
        for content in Blocks::of(&segment) {
            match Content::read(content) {
                Some(Content::Names(found)) => places.learn(&found),
                Some(Content::Thin(thin)) if !thin.is_empty() => {
                    hours.insert(thin.hour, thin);
                }
                Some(Content::Thin(_) | Content::Full(_)) | None => {}
            }
        }
        for thin in hours
            .values()
            .filter(|thin| !from_seconds.contains(&thin.hour))
        {
            thin.each(
                |id| places.of_id(id),
                |place, minute, bin| {
                    places.each(place, |place| {
                        steps.add(place, minute * 60_000, &bin);
                    });
                },
            );
        }
    }
}

/// Which columns of a segment go where; a name may be asked for more than once.
struct Places<'a> {
    names: &'a [Arc<str>],
    first_of_id: HashMap<u64, usize>,
}

impl<'a> Places<'a> {
    fn of(names: &'a [Arc<str>]) -> Self {
        Self {
            names,
            first_of_id: HashMap::new(),
        }
    }

    fn learn(&mut self, found: &[(u64, Arc<str>)]) {
        for (id, name) in found {
            match self.names.iter().position(|wanted| wanted == name) {
                Some(place) => self.first_of_id.insert(*id, place),
                None => self.first_of_id.remove(id),
            };
        }
    }

    fn of_id(&self, id: u64) -> Option<usize> {
        self.first_of_id.get(&id).copied()
    }

    fn each(&self, first: usize, mut take: impl FnMut(usize)) {
        let same = self.names.iter().enumerate().skip(first);
        same.filter(|(_, name)| **name == self.names[first])
            .for_each(|(place, _)| take(place));
    }
}
