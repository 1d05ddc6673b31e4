//! Judges a run: does what Redis holds agree with what clients sent and were told?
//!
//! One pass over the events and one over each graph's history, so a run of any length can be
//! judged. Nothing here reads a clock or a socket. Together the rules say that each graph behaved
//! as if one careful clerk had carried its commands out one after the other:
//!
//! - the history counts 1..N without a gap and holds only commands that were sent, each once;
//! - every command that was accepted has one outcome, and every client was told that one;
//! - an outcome that names a version is borne out by the history, a refusal left no trace in it;
//! - commands of one client happened in the order in which it sent them, and a command that was
//!   sent after another one's end was told happened after it;
//! - deciding the history again with the model, command by command, does exactly what it says was
//!   done, and leaves exactly the entities, marks and checksum that are stored.
//!
//! What it cannot judge: at which moment a refused command was refused, since refusals make no
//! version; it only knows which reasons a run allows.

mod order;
mod outcomes;
mod replay;
mod stream;
#[cfg(test)]
mod tests;
mod violation;

use std::collections::HashMap;

use graphy_model::{AppliedOperation, Checksum, Graph, GraphId, OperationId, Outcome, RejectCode};

use crate::recording::{Event, Sending};
pub use violation::Violation;

/// One graph as it lies in Redis after the run.
#[derive(Debug, Clone)]
pub struct StoredGraph {
    /// Which graph.
    pub graph_id: GraphId,
    /// Its nodes and edges, read from their hashes.
    pub graph: Graph,
    /// The checksum as stored.
    pub stored: Checksum,
    /// The checksum as computed from the stored texts.
    pub computed: Checksum,
    /// Its whole history.
    pub stream: Vec<AppliedOperation>,
    /// The recorded outcomes of all commands that were sent to it.
    pub outcomes: HashMap<OperationId, Outcome>,
}

/// What a run allows.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The reasons for which commands may be refused.
    pub refusals: Vec<RejectCode>,
}

impl Default for Rules {
    fn default() -> Self {
        let refusals = vec![
            RejectCode::NotFound,
            RejectCode::AlreadyExists,
            RejectCode::DanglingEdge,
        ];
        Self { refusals }
    }
}

/// What a run that breaks no rule amounted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Commands that were sent.
    pub sent: usize,
    /// Commands of which a client was told that they are accepted.
    pub accepted: usize,
    /// Commands of which a client was told how they ended.
    pub told: usize,
    /// Commands that made a version.
    pub effects: usize,
    /// Commands that ended well without a version of their own.
    pub without_effect: usize,
    /// Commands that were refused.
    pub refused: usize,
}

/// A command with all that is known of it.
struct Tracked<'a> {
    sending: &'a Sending,
    /// Its place among everything that was sent.
    place: usize,
    /// The highest version of its graph that any client had been told of before it was sent.
    floor: u64,
    accepted: bool,
    told: bool,
    /// The recorded outcome.
    outcome: Option<&'a Outcome>,
    /// The version that it made, by the history.
    made: Option<u64>,
}

type Commands<'a> = HashMap<OperationId, Tracked<'a>>;

/// Judges a run.
///
/// # Errors
/// Everything that breaks a rule.
pub fn check(
    events: &[Event],
    graphs: &[StoredGraph],
    rules: &Rules,
) -> Result<Summary, Vec<Violation>> {
    let mut violations = Vec::new();
    let mut commands = track(events, graphs, &mut violations);
    for graph in graphs {
        stream::check(graph, &mut commands, &mut violations);
    }
    outcomes::check(&commands, graphs, rules, &mut violations);
    order::check(&commands, &mut violations);
    for graph in graphs {
        replay::check(graph, &commands, &mut violations);
    }
    if violations.is_empty() {
        Ok(summary(&commands))
    } else {
        Err(violations)
    }
}

/// Goes through the events once.
fn track<'a>(
    events: &'a [Event],
    graphs: &'a [StoredGraph],
    violations: &mut Vec<Violation>,
) -> Commands<'a> {
    let recorded: HashMap<&GraphId, &StoredGraph> = graphs
        .iter()
        .map(|graph| (&graph.graph_id, graph))
        .collect();
    let mut commands = Commands::new();
    let mut known: HashMap<&GraphId, u64> = HashMap::new();
    for (place, event) in events.iter().enumerate() {
        match event {
            Event::Sent(sending) => {
                let id = sending.envelope.operation_id;
                let stored = recorded.get(&sending.graph);
                let tracked = Tracked {
                    sending,
                    place,
                    floor: known.get(&sending.graph).copied().unwrap_or_default(),
                    accepted: false,
                    told: false,
                    outcome: stored.and_then(|stored| stored.outcomes.get(&id)),
                    made: None,
                };
                commands.insert(id, tracked);
            }
            Event::Accepted(id) => {
                if let Some(command) = commands.get_mut(id) {
                    command.accepted = true;
                }
            }
            Event::Told {
                operation_id,
                outcome,
            } => {
                let Some(command) = commands.get_mut(operation_id) else {
                    continue;
                };
                command.told = true;
                if first(outcome) != command.outcome {
                    violations.push(Violation::ToldOtherwise {
                        operation: *operation_id,
                        told: outcome.clone(),
                        recorded: command.outcome.cloned(),
                    });
                }
                if let Some(version) = version_of(outcome) {
                    let highest = known.entry(&command.sending.graph).or_default();
                    *highest = version.max(*highest);
                }
            }
        }
    }
    commands
}

/// The outcome that a duplicate repeats.
fn first(outcome: &Outcome) -> Option<&Outcome> {
    match outcome {
        Outcome::Duplicate { first } => first.as_deref(),
        other => Some(other),
    }
}

/// The version that an outcome names.
fn version_of(outcome: &Outcome) -> Option<u64> {
    match first(outcome)? {
        Outcome::Applied { version } | Outcome::Merged { version, .. } => Some(*version),
        Outcome::Duplicate { .. } | Outcome::Conflict { .. } | Outcome::Rejected(_) => None,
    }
}

fn summary(commands: &Commands<'_>) -> Summary {
    let mut summary = Summary {
        sent: commands.len(),
        ..Summary::default()
    };
    for command in commands.values() {
        summary.accepted += usize::from(command.accepted);
        summary.told += usize::from(command.told);
        match (command.made, command.outcome) {
            (Some(_), _) => summary.effects += 1,
            (None, Some(Outcome::Rejected(_))) => summary.refused += 1,
            (None, Some(_)) => summary.without_effect += 1,
            (None, None) => {}
        }
    }
    summary
}
