//! `graphy metrics history`: what figures were, and which figures there are.

use clap::Args;
use graphy_protocol::series::{SeriesList, SeriesRange, SeriesRequest, ThinnedSeries};

use crate::exit::Failure;
use crate::moment::Moment;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, now_ms, quantity, span, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// Series or expressions, as `graphy metrics series` lists them
    #[arg(required = true)]
    series: Vec<String>,
    /// From when: -30m, -6h, -7d, or a date as 2026-11-28T10:00Z
    #[arg(
        long,
        value_name = "MOMENT",
        default_value = "-1h",
        allow_hyphen_values = true
    )]
    from: Moment,
    /// Until when, in the same form [default: now]
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true)]
    to: Option<Moment>,
    /// How many steps at most, 10 to 2000
    #[arg(long, default_value_t = 30, value_name = "COUNT")]
    steps: u32,
}

pub(super) async fn run(
    node: &RemoteNode,
    arguments: &HistoryArguments,
    output: Output,
) -> Result<(), Failure> {
    let now_ms = now_ms();
    let request = SeriesRequest {
        names: arguments.series.clone(),
        from: arguments.from.resolve(now_ms),
        to: arguments.to.map(|to| to.resolve(now_ms)),
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
