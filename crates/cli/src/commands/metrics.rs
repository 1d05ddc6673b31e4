//! `graphy metrics`: what a node measures.

use std::collections::BTreeMap;

use clap::Args;
use graphy_client::ConsoleStream;
use graphy_protocol::console::{OverviewSnapshot, Series};
use serde::Deserialize;

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{quantity, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct MetricsArguments {
    /// Show the main figures as they change, until Ctrl-C
    #[arg(long, short)]
    watch: bool,
    /// Print only series whose names begin with this
    #[arg(long, value_name = "PREFIX", conflicts_with = "watch")]
    filter: Option<String>,
}

#[derive(Deserialize, serde::Serialize)]
struct MetricsText {
    text: String,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: &MetricsArguments,
    output: Output,
) -> Result<(), Failure> {
    if arguments.watch {
        return watch(node, output).await;
    }
    let mut metrics: MetricsText = node.ask("metrics.get").await?;
    if let Some(prefix) = &arguments.filter {
        metrics.text = filtered(&metrics.text, prefix);
    }
    output.result(&metrics, |metrics| metrics.text.clone())
}

fn filtered(text: &str, prefix: &str) -> String {
    let wanted = |line: &&str| {
        let name = line
            .strip_prefix("# HELP ")
            .or_else(|| line.strip_prefix("# TYPE "));
        name.unwrap_or(line).starts_with(prefix)
    };
    text.lines().filter(wanted).collect::<Vec<_>>().join("\n")
}

/// Shows the series of the overview page; each frame of the node is one JSON line for programs.
async fn watch(node: &RemoteNode, output: Output) -> Result<(), Failure> {
    let snapshot: OverviewSnapshot = node.ask("overview.get").await?;
    let mut now: BTreeMap<String, Option<f64>> = snapshot
        .series
        .iter()
        .map(|series| (series.name.clone(), series.values.last().copied().flatten()))
        .collect();
    let mut stream = ConsoleStream::open(&node.url, &node.token).await?;
    let mut shown = 0;
    loop {
        if !output.is_json() {
            let text = figures(&snapshot.series, &now);
            // On a screen, go up over what was shown before and write over it.
            let up = match (shown, output.is_screen()) {
                (0, _) => String::new(),
                (lines, true) => format!("\u{1b}[{lines}A\u{1b}[J"),
                (_, false) => "\n".to_owned(),
            };
            shown = text.lines().count();
            output.raw(&format!("{up}{text}"))?;
        }
        let frame = tokio::select! {
            frame = stream.next() => frame?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        if output.is_json() {
            output.result(&frame, |_| String::new())?;
        }
        for point in frame.points {
            now.insert(point.name, point.value);
        }
    }
}

fn figures(series: &[Series], now: &BTreeMap<String, Option<f64>>) -> String {
    let rows: Vec<Vec<String>> = series
        .iter()
        .map(|series| {
            let value = now.get(&series.name).copied().flatten();
            let value = value.map_or_else(|| "–".to_owned(), |value| quantity(value, &series.unit));
            vec![series.name.replace('_', " "), value, series.help.clone()]
        })
        .collect();
    table(&["FIGURE", "NOW", "MEANING"], &[1], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_keeps_series_with_their_help() {
        let text = "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 2\nb 3\n";
        assert_eq!(filtered(text, "a_").lines().count(), 3);
        assert_eq!(filtered(text, "b"), "b 3");
    }
}
