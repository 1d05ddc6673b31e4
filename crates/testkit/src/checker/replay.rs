//! Decides the whole history again, one command after the other, and compares.

use std::collections::{BTreeMap, HashMap};

use graphy_model::graph::Settings;
use graphy_model::{
    AppliedOperation, Author, Checksum, ClientId, CommandType, Executed, Graph, Limits, NodeId,
    Outcome, Recalled, UndoStacks, UserId, execute,
};

use super::{Commands, StoredGraph, Tracked, Violation, version_of};

/// Checks effects, outcomes and the state that they lead to; returns the checksum at each version.
pub(super) fn check(
    stored: &StoredGraph,
    commands: &Commands<'_>,
    violations: &mut Vec<Violation>,
) -> Vec<Checksum> {
    let idle = without_effect(stored, commands);
    let mut model = Graph::new(stored.graph.epoch().clone(), 0);
    model.load_settings(Settings {
        name: stored.graph.settings().name.clone(),
        owner: stored.graph.settings().owner.clone(),
        ..Settings::default()
    });
    let mut past = Past::default();
    let decide_idle = |model: &mut Graph, violations: &mut Vec<Violation>| {
        for command in idle.get(&model.version()).into_iter().flatten() {
            check_idle(stored, model, command, violations);
        }
    };
    decide_idle(&mut model, violations);
    let mut checksums = vec![model.checksum()];
    for entry in &stored.stream {
        if entry.version != model.version() + 1 {
            // The gap is a violation already; what follows it cannot be decided.
            return checksums;
        }
        match commands.get(&entry.operation_id) {
            Some(command) => {
                let recalled = past.recalled(entry);
                check_entry(stored, &mut model, (command, recalled), entry, violations);
            }
            None => drop(model.apply(entry)),
        }
        checksums.push(model.checksum());
        past.note(entry);
        decide_idle(&mut model, violations);
    }
    check_end(stored, &model, violations);
    checksums
}

/// What undo and restoring look back on.
#[derive(Default)]
struct Past {
    entries: Vec<AppliedOperation>,
    stacks: HashMap<UserId, UndoStacks>,
}

impl Past {
    fn note(&mut self, entry: &AppliedOperation) {
        self.stacks
            .entry(entry.user_id.clone())
            .or_default()
            .note(entry);
        self.entries.push(entry.clone());
    }

    fn recalled(&self, entry: &AppliedOperation) -> Recalled {
        let target = entry.target.as_ref().and_then(|target| {
            let mut entries = self.entries.iter();
            entries.find(|past| past.version == target.version)
        });
        match (entry.command_type, target) {
            (CommandType::RestoreVersion, _) => {
                Recalled::Since(self.entries.iter().rev().cloned().collect())
            }
            (_, Some(operation)) => Recalled::Target {
                operation: Box::new(operation.clone()),
                own: self
                    .stacks
                    .get(&entry.user_id)
                    .map(|stacks| stacks.own().clone())
                    .unwrap_or_default(),
            },
            (_, None) => Recalled::Nothing,
        }
    }
}

fn check_entry(
    stored: &StoredGraph,
    model: &mut Graph,
    (command, recalled): (&Tracked<'_>, Recalled),
    entry: &AppliedOperation,
    violations: &mut Vec<Violation>,
) {
    let author = Author {
        client: entry.client_id.clone(),
        base_version: command.sending.envelope.base_version,
        timestamp_ms: entry.timestamp,
        user: Some(entry.user_id.clone()),
        role: None,
        operation_id: entry.operation_id,
        recalled,
    };
    let command_sent = &command.sending.envelope.command;
    let executed = execute(model, command_sent, &author, &Limits::default());
    let same_effect = executed.changes == entry.changes && executed.inverse == entry.inverse;
    if same_effect && command.outcome == Some(&executed.outcome) {
        return;
    }
    violations.push(Violation::WrongEffect {
        graph: stored.graph_id.clone(),
        version: entry.version,
        operation: entry.operation_id,
        detail: difference(&executed, entry, command.outcome),
    });
    if !same_effect {
        // Go on from what the history says, so that one fault is told once.
        model.revert(executed.undo);
        drop(model.apply(entry));
    }
}

/// Decides a command again that ended well without an entry of its own.
fn check_idle(
    stored: &StoredGraph,
    model: &mut Graph,
    command: &Tracked<'_>,
    violations: &mut Vec<Violation>,
) {
    let envelope = &command.sending.envelope;
    let author = Author {
        client: envelope.client_id.clone(),
        base_version: envelope.base_version,
        timestamp_ms: envelope.timestamp.unwrap_or_default(),
        operation_id: envelope.operation_id,
        ..Author::default()
    };
    let executed = execute(model, &envelope.command, &author, &Limits::default());
    if !executed.changes.is_empty() || command.outcome != Some(&executed.outcome) {
        violations.push(Violation::WrongEffect {
            graph: stored.graph_id.clone(),
            version: model.version(),
            operation: envelope.operation_id,
            detail: format!(
                "{:?} with {} changes",
                executed.outcome,
                executed.changes.len()
            ),
        });
    }
    model.revert(executed.undo);
}

fn check_end(stored: &StoredGraph, model: &Graph, violations: &mut Vec<Violation>) {
    let sums = [stored.stored, stored.computed, stored.graph.checksum()];
    if sums.iter().any(|sum| *sum != model.checksum()) {
        violations.push(Violation::WrongChecksum {
            graph: stored.graph_id.clone(),
            stored: stored.stored,
            computed: stored.computed,
            replayed: model.checksum(),
        });
    }
    if *model == stored.graph {
        return;
    }
    let node = |id: &&NodeId| model.nodes().get(*id) != stored.graph.nodes().get(*id);
    let nodes = model
        .nodes()
        .keys()
        .chain(stored.graph.nodes().keys())
        .filter(node)
        .count();
    let detail = match nodes {
        0 => "edges or indexes".to_owned(),
        count => format!("nodes (counted from both sides: {count})"),
    };
    violations.push(Violation::WrongState {
        graph: stored.graph_id.clone(),
        detail,
    });
}

/// Finds the commands that ended well without an entry, by the version that they found; those
/// whose place a later move of the same node took are left out, they were never decided.
fn without_effect<'a>(
    stored: &StoredGraph,
    commands: &'a Commands<'a>,
) -> BTreeMap<u64, Vec<&'a Tracked<'a>>> {
    let mut last_moves: HashMap<(&ClientId, &NodeId, u64), usize> = HashMap::new();
    let mut idle: Vec<(u64, &Tracked<'_>)> = Vec::new();
    for command in commands.values() {
        let sending = command.sending;
        if sending.graph != stored.graph_id {
            continue;
        }
        let Some(version) = command.outcome.and_then(version_of) else {
            continue;
        };
        if let Some(node) = sending.envelope.command.only_moves() {
            let place = last_moves
                .entry((&sending.client, node, version))
                .or_default();
            *place = command.place.max(*place);
        }
        if command.made.is_none() {
            idle.push((version, command));
        }
    }
    let mut by_version: BTreeMap<u64, Vec<&Tracked<'_>>> = BTreeMap::new();
    for (version, command) in idle {
        let sending = command.sending;
        let superseded = sending.envelope.command.only_moves().is_some_and(|node| {
            matches!(command.outcome, Some(Outcome::Merged { effect, .. }) if effect.is_empty())
                && last_moves[&(&sending.client, node, version)] > command.place
        });
        if !superseded {
            by_version.entry(version).or_default().push(command);
        }
    }
    by_version
}

fn difference(executed: &Executed, entry: &AppliedOperation, recorded: Option<&Outcome>) -> String {
    if executed.changes != entry.changes {
        return format!(
            "{:?}, the history has {:?}",
            executed.changes, entry.changes
        );
    }
    if executed.inverse != entry.inverse {
        return format!(
            "the inverse {:?}, not {:?}",
            executed.inverse, entry.inverse
        );
    }
    format!("{:?}, recorded is {recorded:?}", executed.outcome)
}
