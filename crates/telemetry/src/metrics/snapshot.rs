//! Reads the Prometheus text format back into numbers.
//!
//! It understands what our own recorder writes: `name{label="value",…} number`. It does not keep
//! time stamps or exemplars, which the recorder never writes.

use std::collections::BTreeMap;

type Labels = Vec<(String, String)>;

#[derive(Debug, Clone, PartialEq)]
struct Sample {
    labels: Labels,
    value: f64,
}

/// All values of the recorder at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricsSnapshot {
    samples: BTreeMap<String, Vec<Sample>>,
}

/// A histogram at one moment, or the difference between two moments.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramReading {
    /// Upper bounds and how many samples are not above them, in growing order; the last is infinity.
    pub buckets: Vec<(f64, u64)>,
    /// Sum of all samples.
    pub sum: f64,
    /// Number of samples.
    pub count: u64,
}

impl MetricsSnapshot {
    /// Parses the Prometheus text format; lines that are not samples are skipped.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut samples: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
        for (name, sample) in text.lines().filter_map(parse_line) {
            samples.entry(name).or_default().push(sample);
        }
        Self { samples }
    }

    /// Returns the sum of a counter's or gauge's series that carry all the given labels, or `None`
    /// when there is none.
    #[must_use]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut values = self
            .matching(name, labels)
            .map(|sample| sample.value)
            .peekable();
        values.peek().is_some().then(|| values.sum())
    }

    /// Returns the sum of a counter's or gauge's series whose labels fit, or `None` when there is
    /// none.
    #[must_use]
    pub fn value_where(
        &self,
        name: &str,
        fits: impl Fn(&[(String, String)]) -> bool,
    ) -> Option<f64> {
        let samples = self.samples.get(name).into_iter().flatten();
        let mut values = samples
            .filter(|sample| fits(&sample.labels))
            .map(|sample| sample.value)
            .peekable();
        values.peek().is_some().then(|| values.sum())
    }

    /// Returns a histogram summed over its series that carry all the given labels, or `None` when
    /// there is none.
    #[must_use]
    pub fn histogram(&self, name: &str, labels: &[(&str, &str)]) -> Option<HistogramReading> {
        self.histogram_where(name, |have| carry(have, labels))
    }

    /// Returns a histogram summed over its series whose labels fit, or `None` when there is none.
    #[must_use]
    pub fn histogram_where(
        &self,
        name: &str,
        fits: impl Fn(&[(String, String)]) -> bool,
    ) -> Option<HistogramReading> {
        let mut buckets: Vec<(f64, u64)> = Vec::new();
        let samples = self.samples.get(&format!("{name}_bucket"));
        let samples = samples.into_iter().flatten();
        for sample in samples.filter(|sample| fits(&sample.labels)) {
            let bound = sample.labels.iter().find(|(key, _)| key == "le");
            let Some(bound) = bound.and_then(|(_, bound)| parse_number(bound)) else {
                continue;
            };
            match buckets.iter_mut().find(|(known, _)| *known == bound) {
                Some((_, count)) => *count += as_count(sample.value),
                None => buckets.push((bound, as_count(sample.value))),
            }
        }
        if buckets.is_empty() {
            return None;
        }
        buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        Some(HistogramReading {
            buckets,
            sum: self
                .value_where(&format!("{name}_sum"), &fits)
                .unwrap_or(0.0),
            count: self
                .value_where(&format!("{name}_count"), &fits)
                .map_or(0, as_count),
        })
    }

    /// Returns the values that a label takes among a metric's series, sorted.
    #[must_use]
    pub fn label_values(&self, name: &str, label: &str) -> Vec<&str> {
        let mut values: Vec<_> = self
            .matching(name, &[])
            .flat_map(|sample| sample.labels.iter())
            .filter(|(key, _)| key == label)
            .map(|(_, value)| value.as_str())
            .collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    fn matching<'a>(
        &'a self,
        name: &str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = &'a Sample> {
        self.samples
            .get(name)
            .into_iter()
            .flatten()
            .filter(move |sample| carry(&sample.labels, labels))
    }
}

fn carry(have: &[(String, String)], wanted: &[(&str, &str)]) -> bool {
    wanted.iter().all(|(key, value)| {
        have.iter()
            .any(|(have_key, have)| have_key == key && have == value)
    })
}

impl HistogramReading {
    /// Returns what was recorded after `earlier` was read. A recorder that started anew in between
    /// counts from zero.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        if self.count < earlier.count {
            return self.clone();
        }
        let before = |bound: f64| {
            earlier
                .buckets
                .iter()
                .find(|(known, _)| *known == bound)
                .map_or(0, |(_, count)| *count)
        };
        Self {
            buckets: self
                .buckets
                .iter()
                .map(|&(bound, count)| (bound, count.saturating_sub(before(bound))))
                .collect(),
            sum: self.sum - earlier.sum,
            count: self.count - earlier.count,
        }
    }

    /// Estimates a quantile (0..=1) by linear interpolation inside its bucket, as Prometheus'
    /// `histogram_quantile` does; samples above the last finite bound count as that bound.
    /// `None` when there are no samples.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let total = self.buckets.last().map_or(0, |(_, count)| *count);
        if total == 0 {
            return None;
        }
        let rank = quantile.clamp(0.0, 1.0) * total as f64;
        let (mut lower, mut below) = (0.0, 0);
        for &(bound, count) in &self.buckets {
            if count as f64 >= rank && count > below {
                if bound.is_infinite() {
                    return Some(lower);
                }
                let share = (rank - below as f64) / (count - below) as f64;
                return Some(lower + (bound - lower) * share);
            }
            (lower, below) = (bound, count);
        }
        None
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are whole"
)]
fn as_count(value: f64) -> u64 {
    value as u64
}

fn parse_number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        other => other.parse().ok(),
    }
}

fn parse_line(line: &str) -> Option<(String, Sample)> {
    if line.starts_with('#') {
        return None;
    }
    // Label values may hold spaces, the number may not: the last space parts them.
    let (series, number) = line.trim_end().rsplit_once(' ')?;
    let value = parse_number(number)?;
    let Some((name, labels)) = series.split_once('{') else {
        return Some((
            series.to_owned(),
            Sample {
                labels: Vec::new(),
                value,
            },
        ));
    };
    let labels = parse_labels(labels.strip_suffix('}')?)?;
    Some((name.to_owned(), Sample { labels, value }))
}

fn parse_labels(text: &str) -> Option<Labels> {
    let mut labels = Labels::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (key, quoted) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut characters = quoted.char_indices();
        let end = loop {
            match characters.next()? {
                (end, '"') => break end,
                (_, '\\') => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, character) => value.push(character),
            }
        };
        labels.push((key.to_owned(), value));
        rest = quoted[end + 1..]
            .strip_prefix(',')
            .unwrap_or(&quoted[end + 1..]);
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
# HELP c_total some help {with="braces"} 5
# TYPE c_total counter
c_total{type="A",status="ok"} 3
c_total{type="B",status="ok"} 4
c_total{type="A",status="odd \"x\", {y}\n"} 1

g 2.5
d_seconds_bucket{type="A",le="0.1"} 1
d_seconds_bucket{type="A",le="1"} 3
d_seconds_bucket{type="A",le="+Inf"} 4
d_seconds_bucket{type="B",le="0.1"} 0
d_seconds_bucket{type="B",le="1"} 6
d_seconds_bucket{type="B",le="+Inf"} 6
d_seconds_sum{type="A"} 7.5
d_seconds_count{type="A"} 4
d_seconds_sum{type="B"} 3
d_seconds_count{type="B"} 6
"#;

    #[test]
    fn values_are_summed_over_the_series_that_match() {
        let snapshot = MetricsSnapshot::parse(TEXT);
        assert_eq!(snapshot.value("c_total", &[]), Some(8.0));
        assert_eq!(snapshot.value("c_total", &[("status", "ok")]), Some(7.0));
        assert_eq!(
            snapshot.value("c_total", &[("type", "A"), ("status", "ok")]),
            Some(3.0)
        );
        assert_eq!(
            snapshot.value("c_total", &[("status", "odd \"x\", {y}\n")]),
            Some(1.0)
        );
        assert_eq!(snapshot.value("c_total", &[("type", "C")]), None);
        assert_eq!(snapshot.value("g", &[]), Some(2.5));
        assert_eq!(snapshot.label_values("c_total", "type"), ["A", "B"]);
    }

    #[test]
    fn histograms_are_summed_bucket_by_bucket() {
        let snapshot = MetricsSnapshot::parse(TEXT);
        let all = snapshot.histogram("d_seconds", &[]).expect("present");
        assert_eq!(all.buckets, [(0.1, 1), (1.0, 9), (f64::INFINITY, 10)]);
        assert_eq!((all.sum, all.count), (10.5, 10));
        assert_eq!(snapshot.histogram("none", &[]), None);
    }

    #[test]
    fn quantiles_interpolate_and_differences_start_anew() {
        let snapshot = MetricsSnapshot::parse(TEXT);
        let a = snapshot
            .histogram("d_seconds", &[("type", "A")])
            .expect("present");
        assert_eq!(a.quantile(0.25), Some(0.1));
        assert_eq!(a.quantile(0.5), Some(0.55));
        assert_eq!(a.quantile(1.0), Some(1.0));
        let b = snapshot
            .histogram("d_seconds", &[("type", "B")])
            .expect("present");
        assert_eq!(b.since(&a).count, 2);
        assert_eq!(a.since(&b), a);
        assert_eq!(a.since(&a).quantile(0.95), None);
    }
}
