//! `graphy metrics history`: what figures were, and which figures there are.

use clap::Args;
use graphy_protocol::series::{SeriesList, SeriesRange, SeriesRequest, ThinnedSeries};
use graphy_telemetry::clock::{Clock as _, SystemClock};

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, quantity, span, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// Series or expressions, as `graphy metrics series` lists them
    #[arg(required = true)]
    series: Vec<String>,
    /// From when: -30m, -6h, -7d, or milliseconds since 1970
    #[arg(long, default_value = "-1h", value_parser = moment, allow_hyphen_values = true)]
    from: Moment,
    /// Until when, in the same form [default: now]
    #[arg(long, value_parser = moment, allow_hyphen_values = true)]
    to: Option<Moment>,
    /// How many steps at most, 10 to 2000
    #[arg(long, default_value_t = 30, value_name = "COUNT")]
    steps: u32,
}

/// A moment, as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So many milliseconds before now.
    Before(u64),
    /// So many milliseconds since 1970.
    At(u64),
}

impl Moment {
    /// Returns it in milliseconds since 1970.
    pub(crate) fn ms(self, now_ms: u64) -> u64 {
        match self {
            Self::Before(ms) => now_ms.saturating_sub(ms),
            Self::At(ms) => ms,
        }
    }
}

/// Reads a moment.
pub(crate) fn moment(text: &str) -> Result<Moment, String> {
    let wrong = || format!("{text:?} is no time: write -30m, -6h, -7d or milliseconds since 1970");
    let Some(before) = text.strip_prefix('-') else {
        return text.parse().map(Moment::At).map_err(|_| wrong());
    };
    let (number, unit_ms) = match before.char_indices().last() {
        Some((end, 's')) => (&before[..end], 1_000),
        Some((end, 'm')) => (&before[..end], 60_000),
        Some((end, 'h')) => (&before[..end], 3_600_000),
        Some((end, 'd')) => (&before[..end], 86_400_000),
        _ => return Err(wrong()),
    };
    let count: u64 = number.parse().map_err(|_| wrong())?;
    count
        .checked_mul(unit_ms)
        .map(Moment::Before)
        .ok_or_else(wrong)
}

pub(super) async fn run(
    node: &RemoteNode,
    arguments: &HistoryArguments,
    output: Output,
) -> Result<(), Failure> {
    let now_ms = SystemClock.now_ms();
    let request = SeriesRequest {
        names: arguments.series.clone(),
        from: arguments.from.ms(now_ms),
        to: arguments.to.map(|to| to.ms(now_ms)),
        steps_max: Some(arguments.steps),
    };
    let range: SeriesRange = node.call("series.range", &request).await?;
    output.result(&range, |range| text(range, now_ms))
}

pub(super) async fn list(node: &RemoteNode, output: Output) -> Result<(), Failure> {
    let list: SeriesList = node.ask("series.list").await?;
    output.result(&list, |list| {
        let rows: Vec<Vec<String>> = list
            .series
            .iter()
            .map(|one| {
                let name = one.name.clone();
                vec![one.group.clone(), name, one.unit.clone(), one.help.clone()]
            })
            .collect();
        table(&["GROUP", "SERIES", "UNIT", "MEANING"], &[], &rows)
    })
}

fn text(range: &SeriesRange, now_ms: u64) -> String {
    let mut head = vec!["WHEN"];
    head.extend(range.series.iter().map(|one| one.name.as_str()));
    let cell = |one: &ThinnedSeries, step: usize| {
        let value = |values: &[Option<f64>]| values.get(step).copied().flatten();
        let (Some(min), Some(mean), Some(max)) =
            (value(&one.min), value(&one.mean), value(&one.max))
        else {
            return "–".to_owned();
        };
        let shown = quantity(mean, &one.unit);
        let (min, max) = (quantity(min, &one.unit), quantity(max, &one.unit));
        if min == max {
            shown
        } else {
            format!("{shown} ({min} to {max})")
        }
    };
    let rows: Vec<Vec<String>> = range
        .at
        .iter()
        .enumerate()
        .map(|(step, at)| {
            let mut row = vec![ago(now_ms, *at)];
            row.extend(range.series.iter().map(|one| cell(one, step)));
            row
        })
        .collect();
    let right: Vec<usize> = (1..head.len()).collect();
    let kept = format!(
        "steps of {}; history is kept since {}",
        span(range.step_ms),
        ago(now_ms, range.since)
    );
    format!("{}\n{kept}", table(&head, &right, &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        assert_eq!(moment("-6h"), Ok(Moment::Before(21_600_000)));
        assert_eq!(moment("-90s").unwrap().ms(100_000), 10_000);
        assert_eq!(moment("1700000000000"), Ok(Moment::At(1_700_000_000_000)));
        for wrong in [
            "6h",
            "-",
            "-h",
            "-1w",
            "yesterday",
            "-99999999999999999999d",
        ] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
