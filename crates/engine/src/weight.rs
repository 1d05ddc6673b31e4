//! What waiting commands weigh, roughly: enough to bound memory and the size of jobs.

use graphy_model::Command;
use graphy_model::command::Base;
use serde_json::Value;

use crate::job::QueuedCommand;

/// What an envelope weighs without its payload, in bytes of JSON and in memory.
const ENVELOPE_BYTES: usize = 512;

/// Estimates the size of a command's text, in bytes; never far below it.
pub(crate) fn of(command: &QueuedCommand) -> usize {
    let payload = command
        .content
        .envelope()
        .map_or(0, |envelope| of_command(&envelope.command));
    ENVELOPE_BYTES + payload
}

fn of_command(command: &Command) -> usize {
    const FIELDS_BYTES: usize = 256;
    let texts = match command {
        Command::CreateNode(node) => node.title.len() + node.kind.len() + of_data(node.data.iter()),
        Command::UpdateNode(update) => {
            let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
            let base = update.base.as_ref().map_or(0, of_base);
            let unset = update.patch.unset.len() * 64;
            let patch = &update.patch;
            text(&patch.title) + text(&patch.kind) + base + unset + of_data(patch.data.iter())
        }
        Command::CreateEdge(edge) => {
            let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
            text(&edge.label) + text(&edge.kind) + of_data(edge.data.iter())
        }
        Command::UpdateEdge(update) => {
            let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
            let patch = &update.patch;
            let base = update.base.as_ref().map_or(0, of_base);
            text(&patch.label) + text(&patch.kind) + of_data(patch.data.iter()) + base
        }
        Command::BatchUpdate(batch) => batch.operations.iter().map(of_command).sum(),
        Command::DeleteNode(_)
        | Command::DeleteEdge(_)
        | Command::UpdateViewport(_)
        | Command::DeleteGraph(_)
        | Command::Undo(_)
        | Command::Redo(_)
        | Command::RestoreVersion(_)
        | Command::UpdatePermissions(_) => 0,
        Command::ResolveConflict(resolution) => resolution.value.as_ref().map_or(0, of_value),
        Command::UpdateGraph(update) => {
            update.name.as_ref().map_or(0, String::len) + update.policy.len() * 64
        }
    };
    FIELDS_BYTES + texts
}

fn of_base(base: &Base) -> usize {
    base.0.values().map(|value| 24 + of_value(value)).sum()
}

fn of_data<'a>(entries: impl Iterator<Item = (&'a String, &'a Value)>) -> usize {
    entries
        .map(|(key, value)| key.len() + 4 + of_value(value))
        .sum()
}

fn of_value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 24,
        Value::String(text) => text.len() + 24,
        Value::Array(values) => 24 + values.iter().map(of_value).sum::<usize>(),
        Value::Object(map) => 24 + of_data(map.iter()),
    }
}
