//! `graphy metrics`: what a node measures, now and before.

mod history;
mod realtime;

use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;

/// The command's arguments.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct MetricsArguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// Show the main figures as they change, until Ctrl-C
    #[arg(long, short)]
    watch: bool,
    /// Print only series whose names begin with this
    #[arg(long, value_name = "PREFIX", conflicts_with = "watch")]
    filter: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show figures as they change, until Ctrl-C; the same as --watch
    Realtime(realtime::RealtimeArguments),
    /// Show what figures were
    History(history::HistoryArguments),
    /// List the series that can be shown, watched and kept
    Series,
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
    match &arguments.action {
        Some(Action::Realtime(chosen)) => return realtime::run(node, chosen, output).await,
        Some(Action::History(asked)) => return history::run(node, asked, output).await,
        Some(Action::Series) => return history::list(node, output).await,
        None if arguments.watch => {
            return realtime::run(node, &realtime::RealtimeArguments::default(), output).await;
        }
        None => {}
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
