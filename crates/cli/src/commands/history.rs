//! `graphy history`: who changed what in a graph, and back to an earlier version.

use clap::Args;
use graphy_model::{GraphId, UserId};
use graphy_protocol::collaboration::{
    Effect, EffectKind, HistoryEntry, HistoryPage, HistoryRequest,
};
use graphy_telemetry::clock::{Clock as _, SystemClock};

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, table};

/// The longest value that a line shows, in characters.
const VALUE_CHARS_MAX: usize = 40;

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// Which graph
    graph: GraphId,
    /// How many operations, the newest first
    #[arg(long, short = 'n', default_value_t = 20, value_name = "COUNT")]
    limit: u32,
    /// Only versions before this one
    #[arg(long, value_name = "VERSION")]
    before: Option<u64>,
    /// Only what this user did
    #[arg(long, value_name = "USER")]
    user: Option<UserId>,
    /// Only what concerns this node or edge
    #[arg(long, value_name = "ID")]
    entity: Option<String>,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: HistoryArguments,
    output: Output,
) -> Result<(), Failure> {
    let request = HistoryRequest {
        graph_id: Some(arguments.graph),
        before: arguments.before,
        limit: Some(arguments.limit),
        user_id: arguments.user,
        entity_id: arguments.entity,
    };
    let page: HistoryPage = node.call("history.list", &request).await?;
    output.result(&page, text)
}

fn text(page: &HistoryPage) -> String {
    if page.entries.is_empty() {
        return "Nothing of that kind is in the history.".to_owned();
    }
    let now = SystemClock.now_ms();
    let rows: Vec<Vec<String>> = page.entries.iter().map(|entry| row(entry, now)).collect();
    table(&["VERSION", "WHEN", "WHO", "WHAT", "CHANGE"], &[0], &rows)
}

fn row(entry: &HistoryEntry, now: u64) -> Vec<String> {
    let change = entry.effects.first().map(effect).unwrap_or_default();
    let others = entry.effects.len().saturating_sub(1) as u64 + entry.more_effects;
    let change = match (others, entry.skipped.len()) {
        (0, 0) => change,
        (others, 0) => format!("{change} and {others} more"),
        (_, skipped) => format!("{change} ({skipped} left as they were)"),
    };
    vec![
        entry.version.to_string(),
        ago(now, entry.at),
        entry.user_id.to_string(),
        entry.command_type.as_str().to_owned(),
        change,
    ]
}

fn effect(effect: &Effect) -> String {
    let what = effect.entity_id.as_deref().unwrap_or("graph");
    let field = effect.field.as_deref().unwrap_or("");
    match effect.kind {
        EffectKind::Created => format!("{what} made"),
        EffectKind::Deleted => format!("{what} deleted"),
        EffectKind::Changed | EffectKind::Settings => {
            let (before, after) = (short(&effect.before), short(&effect.after));
            format!("{what} {field}: {before} → {after}")
        }
        EffectKind::ConflictOpened => format!("conflict about {what} {field}"),
        EffectKind::ConflictSettled => format!("conflict settled as {}", short(&effect.after)),
    }
}

/// Writes a value in one short line.
pub(crate) fn short(value: &serde_json::Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_CHARS_MAX {
        return text;
    }
    let cut: String = text.chars().take(VALUE_CHARS_MAX).collect();
    format!("{cut}…")
}
