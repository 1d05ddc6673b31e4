//! The history itself: no gap, no ghost, nothing twice.

use std::collections::HashMap;

use graphy_model::{AppliedOperation, ClientId};

use super::{Commands, StoredGraph, Tracked, Violation};

/// Checks the entries of one graph and notes which command made which version.
pub(super) fn check(
    graph: &StoredGraph,
    commands: &mut Commands<'_>,
    violations: &mut Vec<Violation>,
) {
    let mut expected = 1;
    let mut seqs: HashMap<&ClientId, u64> = HashMap::new();
    for entry in &graph.stream {
        if entry.version != expected {
            violations.push(Violation::VersionGap {
                graph: graph.graph_id.clone(),
                expected,
                found: entry.version,
            });
        }
        expected = entry.version + 1;
        if let (Some(client), Some(seq)) = (&entry.client_id, entry.seq) {
            let last = seqs.insert(client, seq).unwrap_or_default();
            if seq <= last {
                violations.push(Violation::Reordered {
                    graph: graph.graph_id.clone(),
                    client: client.clone(),
                    later: entry.operation_id,
                    earlier_version: last,
                    later_version: seq,
                });
            }
        }
        let sent = commands.get_mut(&entry.operation_id);
        let Some(command) = sent.filter(|command| is_of(command, graph, entry)) else {
            violations.push(Violation::Ghost {
                graph: graph.graph_id.clone(),
                version: entry.version,
                operation: entry.operation_id,
            });
            continue;
        };
        if let Some(first) = command.made.replace(entry.version) {
            violations.push(Violation::Twice {
                graph: graph.graph_id.clone(),
                operation: entry.operation_id,
                first,
                second: entry.version,
            });
        }
    }
    if expected != graph.graph.version() + 1 {
        violations.push(Violation::WrongEnd {
            graph: graph.graph_id.clone(),
            history: expected - 1,
            stored: graph.graph.version(),
        });
    }
}

fn is_of(command: &Tracked<'_>, graph: &StoredGraph, entry: &AppliedOperation) -> bool {
    let sending = command.sending;
    sending.graph == graph.graph_id
        && sending.user == entry.user_id
        && sending.envelope.command.command_type() == entry.command_type
}
