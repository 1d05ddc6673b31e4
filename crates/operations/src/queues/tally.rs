//! What is remembered of one queue: its depth, its rates and how long jobs wait.

use std::collections::{HashMap, VecDeque};

use graphy_protocol::series::Series;
use graphy_store::bullmq::{EventPage, StreamEvent};

/// How far series reach back.
const SERIES_MS: u64 = 15 * 60 * 1000;
/// How many points a series has at most.
const POINTS_MAX: usize = 900;
/// How far rates look back.
const RATE_MS: u64 = 60_000;
/// How far the share of failures looks back.
const SHARE_MS: u64 = 300_000;
/// How short a time is too short to speak of a rate.
const RATE_MS_MIN: u64 = 2_000;
/// How many waits are remembered.
const WAITS_MAX: usize = 1000;
/// How many jobs are remembered as waiting.
const WAITING_MAX: usize = 2000;

/// How many jobs ended over a piece of time.
#[derive(Debug, Clone, Copy, Default)]
struct Ended {
    at: u64,
    completed: f64,
    failed: f64,
}

/// The memory of one queue.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    depth: VecDeque<(u64, u64)>,
    latency: VecDeque<(u64, Option<f64>)>,
    ended: VecDeque<Ended>,
    waits: VecDeque<(u64, u64)>,
    waiting_since: HashMap<String, u64>,
    /// Up to where the stream of events was read.
    pub(crate) last_event: Option<String>,
    /// When events were last read.
    pub(crate) events_at: u64,
    /// Since when events are read without a pause.
    pub(crate) since: u64,
}

impl Tally {
    /// Notes how many jobs are unfinished.
    pub(crate) fn note_depth(&mut self, at: u64, unfinished: u64) {
        self.depth.push_back((at, unfinished));
        trim(&mut self.depth, at);
    }

    /// Begins to count events anew, from the newest on.
    pub(crate) fn restart(&mut self, at: u64, last_event: Option<String>) {
        self.ended.clear();
        self.waits.clear();
        self.waiting_since.clear();
        self.last_event = last_event;
        self.events_at = at;
        self.since = at;
    }

    /// Takes in all events since the last time. Returns jobs that were taken and of which it is
    /// not known since when they had waited.
    pub(crate) fn take_in(&mut self, at: u64, page: &EventPage) -> Vec<String> {
        let (completed, failed) = ends(&page.events);
        self.note_ended(at, completed, failed);
        self.follow(&page.events)
    }

    /// Takes in the newest events where there were too many since the last time: what ended among
    /// them is scaled up to the time that has passed.
    pub(crate) fn take_sample(&mut self, at: u64, page: &EventPage) -> Vec<String> {
        let passed = at.saturating_sub(self.events_at).max(1);
        let newest = page.events.first().map_or(at, |event| event.at);
        let oldest = page.events.last().map_or(at, |event| event.at);
        let spanned = newest.saturating_sub(oldest).max(1);
        #[expect(clippy::cast_precision_loss, reason = "short times in milliseconds")]
        let scale = passed as f64 / spanned as f64;
        let (completed, failed) = ends(&page.events);
        self.note_ended(at, completed * scale, failed * scale);
        self.waiting_since.clear();
        let mut events = page.events.clone();
        events.reverse();
        self.follow(&events)
    }

    fn note_ended(&mut self, at: u64, completed: f64, failed: f64) {
        self.events_at = at;
        self.ended.push_back(Ended {
            at,
            completed,
            failed,
        });
        while self.ended.front().is_some_and(|one| one.at + SHARE_MS < at) {
            self.ended.pop_front();
        }
    }

    /// Follows jobs from their waiting to their worker.
    fn follow(&mut self, events: &[StreamEvent]) -> Vec<String> {
        let mut unknown = Vec::new();
        for event in events {
            match event.event.as_str() {
                "waiting" => {
                    if self.waiting_since.len() >= WAITING_MAX {
                        self.waiting_since.clear();
                    }
                    self.waiting_since.insert(event.job_id.clone(), event.at);
                }
                "active" => match self.waiting_since.remove(&event.job_id) {
                    Some(since) => self.note_wait(event.at, event.at.saturating_sub(since)),
                    None => unknown.push(event.job_id.clone()),
                },
                _ => {}
            }
        }
        unknown
    }

    /// Notes how long a job had waited when it was taken.
    pub(crate) fn note_wait(&mut self, at: u64, wait_ms: u64) {
        self.waits.push_back((at, wait_ms));
        while self.waits.len() > WAITS_MAX {
            self.waits.pop_front();
        }
    }

    /// Writes the latency of the present into its series.
    pub(crate) fn note_latency(&mut self, at: u64) {
        let p95 = self.latency_p95_ms(at);
        self.latency.push_back((at, p95));
        trim(&mut self.latency, at);
    }

    /// Returns jobs per second that ended well and badly in the minute before events were last
    /// read; none if too little was seen, or nothing lately.
    pub(crate) fn rates(&self, at: u64) -> Option<(f64, f64)> {
        let seen = self.events_at.saturating_sub(self.since).min(RATE_MS);
        if self.since == 0 || seen < RATE_MS_MIN || self.events_at + RATE_MS < at {
            return None;
        }
        let after = self.events_at.saturating_sub(RATE_MS);
        let (completed, failed) = sum(self.ended.iter().filter(|one| one.at > after));
        #[expect(
            clippy::cast_precision_loss,
            reason = "at most a minute in milliseconds"
        )]
        let seconds = seen as f64 / 1000.0;
        Some((completed / seconds, failed / seconds))
    }

    /// Returns how many jobs ended in the last minutes, and the part of them that failed.
    pub(crate) fn failures(&self) -> (f64, Option<f64>) {
        let (completed, failed) = sum(self.ended.iter());
        let all = completed + failed;
        (all, (all > 0.0).then(|| failed / all))
    }

    /// Returns what 95 % of the jobs of the last minute waited less than.
    pub(crate) fn latency_p95_ms(&self, at: u64) -> Option<f64> {
        let recent = self.waits.iter().filter(|(when, _)| when + RATE_MS > at);
        let mut waits: Vec<u64> = recent.map(|(_, wait)| *wait).collect();
        waits.sort_unstable();
        let place = (waits.len() * 95).div_ceil(100).checked_sub(1)?;
        #[expect(clippy::cast_precision_loss, reason = "a wait in milliseconds")]
        waits.get(place).map(|wait| *wait as f64)
    }

    /// Returns how long until `waiting` jobs are gone at the pace of the last minute.
    pub(crate) fn drain_eta_ms(&self, at: u64, waiting: u64) -> Option<u64> {
        let (since, then) = *self.depth.iter().find(|(when, _)| when + RATE_MS > at)?;
        let (_, now) = *self.depth.back()?;
        let passed = at.saturating_sub(since);
        if waiting == 0 || passed < RATE_MS_MIN || now >= then {
            return None;
        }
        waiting
            .checked_mul(passed)
            .map(|product| product / (then - now))
    }

    /// Returns the depth as a series of at most `points` points.
    pub(crate) fn depth_series(&self, points: usize) -> Series {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 jobs")]
        let values = self
            .depth
            .iter()
            .map(|(at, depth)| (*at, Some(*depth as f64)));
        let (at, values) = thin(&values.collect::<Vec<_>>(), points);
        Series {
            name: "queue.depth".to_owned(),
            unit: "jobs".to_owned(),
            help: "Jobs that are not finished".to_owned(),
            metric: "bullmq_queue_size".to_owned(),
            at,
            values,
        }
    }

    /// Returns the latency as a series of at most `points` points.
    pub(crate) fn latency_series(&self, points: usize) -> Series {
        let (at, values) = thin(&self.latency.iter().copied().collect::<Vec<_>>(), points);
        Series {
            name: "queue.latency".to_owned(),
            unit: "ms".to_owned(),
            help: "95 % of the jobs of a minute waited less; from a sample".to_owned(),
            metric: "bullmq_queue_latency_seconds".to_owned(),
            at,
            values,
        }
    }
}

fn ends(events: &[StreamEvent]) -> (f64, f64) {
    let count = |what: &str| events.iter().filter(|event| event.event == what).count();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred events")]
    (count("completed") as f64, count("failed") as f64)
}

fn sum<'a>(ended: impl Iterator<Item = &'a Ended>) -> (f64, f64) {
    ended.fold((0.0, 0.0), |(completed, failed), one| {
        (completed + one.completed, failed + one.failed)
    })
}

fn trim<T>(points: &mut VecDeque<(u64, T)>, at: u64) {
    while points.len() > POINTS_MAX || points.front().is_some_and(|one| one.0 + SERIES_MS < at) {
        points.pop_front();
    }
}

/// Joins neighbours until there are few enough; each point is the mean at its last moment.
fn thin(points: &[(u64, Option<f64>)], most: usize) -> (Vec<u64>, Vec<Option<f64>>) {
    let together = points.len().div_ceil(most.max(1)).max(1);
    points
        .rchunks(together)
        .rev()
        .map(|group| {
            let known: Vec<f64> = group.iter().filter_map(|(_, value)| *value).collect();
            #[expect(clippy::cast_precision_loss, reason = "a few points")]
            let mean = known.iter().sum::<f64>() / known.len() as f64;
            let at = group.last().map_or(0, |(at, _)| *at);
            (at, (!known.is_empty()).then_some(mean))
        })
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: u64, what: &str, job: &str) -> StreamEvent {
        StreamEvent {
            at,
            event: what.to_owned(),
            job_id: job.to_owned(),
            detail: None,
        }
    }

    fn page(events: Vec<StreamEvent>) -> EventPage {
        EventPage {
            events,
            ..EventPage::default()
        }
    }

    #[test]
    fn rates_and_waits_come_from_events() {
        let mut tally = Tally::default();
        assert_eq!(tally.rates(1), None);
        tally.restart(10_000, None);
        let unknown = tally.take_in(
            20_000,
            &page(vec![
                event(12_000, "waiting", "1"),
                event(12_250, "active", "1"),
                event(13_000, "active", "2"),
                event(14_000, "completed", "1"),
                event(15_000, "failed", "2"),
            ]),
        );
        assert_eq!(unknown, ["2"]);
        assert_eq!(tally.rates(20_000), Some((0.1, 0.1)));
        assert_eq!(tally.failures(), (2.0, Some(0.5)));
        assert_eq!(tally.latency_p95_ms(20_000), Some(250.0));
        assert_eq!(tally.latency_p95_ms(80_000), None);
    }

    #[test]
    fn a_sample_is_scaled_to_the_time_that_passed() {
        let mut tally = Tally::default();
        tally.restart(10_000, None);
        // Newest first: two ends within half a second, four seconds after the last look.
        let sample = page(vec![
            event(13_900, "completed", "9"),
            event(13_400, "completed", "8"),
        ]);
        tally.take_sample(14_000, &sample);
        assert_eq!(tally.rates(14_000), Some((4.0, 0.0)));
    }

    #[test]
    fn a_rate_neither_falls_between_two_readings_nor_is_nought_before_the_first() {
        let mut tally = Tally::default();
        tally.restart(10_000, None);
        assert_eq!(tally.rates(13_500), None);
        tally.take_in(14_000, &page(vec![event(13_000, "completed", "1")]));
        assert_eq!(tally.rates(14_000), Some((0.25, 0.0)));
        assert_eq!(tally.rates(16_900), tally.rates(14_000));
        assert_eq!(tally.rates(80_000), None, "nobody has looked for a minute");
    }

    #[test]
    fn the_end_is_foreseen_only_while_the_queue_gets_shorter() {
        let mut tally = Tally::default();
        for second in 0..=10 {
            tally.note_depth(second * 1000, 100 - second * 5);
        }
        assert_eq!(tally.drain_eta_ms(10_000, 50), Some(10_000));
        tally.note_depth(11_000, 200);
        assert_eq!(tally.drain_eta_ms(11_000, 50), None);
    }

    #[test]
    fn series_are_thinned_to_means() {
        let points: Vec<_> = (1..=10).map(|at| (at, Some(at as f64))).collect();
        let (at, values) = thin(&points, 5);
        assert_eq!(at, [2, 4, 6, 8, 10]);
        assert_eq!(values[0], Some(1.5));
    }
}
