//! `graphy metrics realtime`: figures as they change.

use std::collections::BTreeMap;

use clap::Args;
use graphy_client::ConsoleStream;
use graphy_protocol::console::{LiveFrame, OverviewSnapshot, SeriesPoint};
use graphy_protocol::series::{SeriesInfo, SeriesList, SeriesRange, SeriesRequest};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_telemetry::clock::{Clock as _, SystemClock};

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{quantity, table};

/// The command's arguments.
#[derive(Debug, Default, Args)]
pub(crate) struct RealtimeArguments {
    /// Series or expressions, as `graphy metrics series` lists them [default: those of the overview]
    series: Vec<String>,
    /// Stop after so many frames
    #[arg(long, value_name = "COUNT")]
    frames: Option<u64>,
}

/// How far a new expression is asked back: only so that it is measured from now on.
const ASK_BACK_MS: u64 = 10_000;

/// Shows series until Ctrl-C; for programs, each frame of the node is one JSON line.
pub(super) async fn run(
    node: &RemoteNode,
    arguments: &RealtimeArguments,
    output: Output,
) -> Result<(), Failure> {
    let series = chosen(node, &arguments.series).await?;
    let mut now: BTreeMap<String, Option<f64>> = BTreeMap::new();
    if arguments.series.is_empty() {
        let snapshot: OverviewSnapshot = node.ask("overview.get").await?;
        let last = |values: &[Option<f64>]| values.last().copied().flatten();
        now = snapshot
            .series
            .iter()
            .map(|one| (one.name.clone(), last(&one.values)))
            .collect();
    }
    let mut stream = ConsoleStream::open(&node.url, &node.token).await?;
    let (mut shown, mut frames) = (0, 0);
    loop {
        if !output.is_json() {
            let text = figures(&series, &now);
            // On a screen, go up over what was shown before and write over it.
            let up = match (shown, output.is_screen()) {
                (0, _) => String::new(),
                (lines, true) => format!("\u{1b}[{lines}A\u{1b}[J"),
                (_, false) => "\n".to_owned(),
            };
            shown = text.lines().count();
            output.raw(&format!("{up}{text}"))?;
        }
        if arguments.frames.is_some_and(|most| frames >= most) {
            return Ok(());
        }
        let frame = tokio::select! {
            frame = stream.next() => frame?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        frames += 1;
        let frame = narrowed(frame, &series, arguments);
        if output.is_json() {
            output.result(&frame, |_| String::new())?;
        }
        for SeriesPoint { name, value } in frame.points {
            now.insert(name, value);
        }
    }
}

/// Finds the series that were named, and has expressions measured.
async fn chosen(node: &RemoteNode, names: &[String]) -> Result<Vec<SeriesInfo>, Failure> {
    if names.is_empty() {
        let snapshot: OverviewSnapshot = node.ask("overview.get").await?;
        let infos = snapshot.series.into_iter().map(|one| SeriesInfo {
            name: one.name,
            unit: one.unit,
            help: one.help,
            metric: one.metric,
            group: String::new(),
        });
        return Ok(infos.collect());
    }
    let request = SeriesRequest {
        names: names.to_vec(),
        from: SystemClock.now_ms().saturating_sub(ASK_BACK_MS),
        to: None,
        steps_max: Some(100),
    };
    let range: SeriesRange = node.call("series.range", &request).await?;
    let list: SeriesList = node.ask("series.list").await?;
    let found = range.series.iter().map(|one| {
        let info = list.series.iter().find(|info| info.name == one.name);
        info.cloned().ok_or_else(|| {
            let message = format!("the node does not measure {}", one.name);
            Failure::Api(ApiError::new(ErrorCode::NotFound, message))
        })
    });
    found.collect()
}

/// Leaves in a frame the figures that were chosen, if some were.
fn narrowed(
    mut frame: LiveFrame,
    series: &[SeriesInfo],
    arguments: &RealtimeArguments,
) -> LiveFrame {
    if !arguments.series.is_empty() {
        frame
            .points
            .retain(|point| series.iter().any(|info| info.name == point.name));
    }
    frame
}

fn figures(series: &[SeriesInfo], now: &BTreeMap<String, Option<f64>>) -> String {
    let rows: Vec<Vec<String>> = series
        .iter()
        .map(|series| {
            let value = now.get(&series.name).copied().flatten();
            let value = value.map_or_else(|| "–".to_owned(), |value| quantity(value, &series.unit));
            vec![series.name.clone(), value, series.help.clone()]
        })
        .collect();
    table(&["FIGURE", "NOW", "MEANING"], &[1], &rows)
}
