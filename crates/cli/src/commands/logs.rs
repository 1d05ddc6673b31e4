//! `graphy logs`: the newest lines of a node's log.

use std::time::Duration;

use clap::Args;
use graphy_protocol::system::{LogLine, LogPage, LogRequest};

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::moment;

/// How often the node is asked for more.
const POLL: Duration = Duration::from_millis(700);

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct LogsArguments {
    /// Go on with new lines, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Only this level and worse: error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Only lines that contain this; upper and lower case are the same
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// How many lines at most, 1 to 1000 [default: 200]
    #[arg(long, short, value_name = "LINES")]
    limit: Option<u32>,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: &LogsArguments,
    output: Output,
) -> Result<(), Failure> {
    let mut request = LogRequest {
        level: arguments.level.clone(),
        text: arguments.text.clone(),
        after: None,
        limit: arguments.limit,
    };
    if !arguments.follow {
        let page: LogPage = node.call("system.logs", &request).await?;
        return output.result(&page, |page| {
            page.lines.iter().map(text).collect::<Vec<_>>().join("\n")
        });
    }
    loop {
        let page: LogPage = node.call("system.logs", &request).await?;
        for line in &page.lines {
            output.result(line, text)?;
        }
        // A node that was started anew counts from 1 again.
        request.after = Some(page.last_id);
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

fn text(line: &LogLine) -> String {
    let fields: String = line
        .fields
        .iter()
        .map(|(name, value)| format!(" {name}={value}"))
        .collect();
    let at = moment(line.at);
    format!(
        "{at} {:5} {}: {}{fields}",
        line.level, line.target, line.message
    )
}
