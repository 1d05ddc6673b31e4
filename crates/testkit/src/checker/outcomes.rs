//! Every accepted command has one outcome, and the history bears it out.

use std::collections::HashMap;

use graphy_model::{GraphId, Outcome};

use super::{Commands, Rules, StoredGraph, Tracked, Violation, version_of};
use crate::recording::Demand;

/// Checks every command that was sent.
pub(super) fn check(
    commands: &Commands<'_>,
    graphs: &[StoredGraph],
    rules: &Rules,
    violations: &mut Vec<Violation>,
) {
    let ends: HashMap<&GraphId, u64> = graphs
        .iter()
        .map(|graph| (&graph.graph_id, graph.graph.version()))
        .collect();
    for (operation, command) in commands {
        let graph = &command.sending.graph;
        let end = ends.get(graph).copied().unwrap_or_default();
        let Some(outcome) = command.outcome else {
            if command.accepted {
                violations.push(Violation::Lost {
                    graph: graph.clone(),
                    operation: *operation,
                });
            }
            if command.made.is_some() {
                violations.push(not_borne_out(command));
            }
            continue;
        };
        if !is_borne_out(outcome, command.made, end) {
            violations.push(not_borne_out(command));
        }
        if !is_allowed(outcome, command, rules) {
            violations.push(Violation::NotAllowed {
                graph: graph.clone(),
                operation: *operation,
                outcome: outcome.clone(),
            });
        }
    }
}

fn is_borne_out(outcome: &Outcome, made: Option<u64>, end: u64) -> bool {
    match (version_of(outcome), made) {
        (Some(version), Some(made)) => version == made,
        // What had no effect is decided again by the replay.
        (Some(version), None) => version <= end,
        (None, made) => made.is_none(),
    }
}

fn is_allowed(outcome: &Outcome, command: &Tracked<'_>, rules: &Rules) -> bool {
    match outcome {
        // Whether there was something to merge or to ask about is decided again by the replay.
        Outcome::Applied { .. } | Outcome::Merged { .. } | Outcome::Conflict { .. } => true,
        Outcome::Rejected(rejection) => {
            command.sending.demand == Demand::Outcome && rules.refusals.contains(&rejection.code)
        }
        // The first outcome is recorded, never that of a repetition.
        Outcome::Duplicate { .. } => false,
    }
}

fn not_borne_out(command: &Tracked<'_>) -> Violation {
    Violation::NotBorneOut {
        graph: command.sending.graph.clone(),
        operation: command.sending.envelope.operation_id,
        outcome: command.outcome.cloned(),
        made: command.made,
    }
}
