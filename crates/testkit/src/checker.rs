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
//!   done, and leaves exactly the entities, marks and checksum that are stored;
//! - every subscriber was given the history without a gap, in order, from the whole state on that it
//!   got first; where something was left out, the whole state came instead; after each delivery it
//!   held what the model holds at that version, and it was told of no end whose version it had not;
//! - every reading shows what the model holds at its version, nothing older than what anybody knew
//!   when it was asked for, and nobody reads the past after the present;
//! - every command of a job that is done has an outcome, and jobs hold only commands that were sent.
//!
//! A command whose end nobody was told may have happened or not, but not twice; if it did, all of
//! the above holds for it as well.
//!
//! What it cannot judge: at which moment a refused command was refused, since refusals make no
//! version; it only knows which reasons a run allows.

mod delivery;
mod jobs;
mod order;
mod outcomes;
mod reads;
mod replay;
mod stream;
#[cfg(test)]
mod tests;
mod violation;

use std::collections::HashMap;

use graphy_model::{
    AppliedOperation, Checksum, Epoch, Graph, GraphId, OperationId, Outcome, RejectCode,
};

use crate::recording::{Event, Noted, ReadId, Reading, Sending};
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

/// How a job of the queue ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// It is done.
    Completed,
    /// It is kept as a record of what could not be carried out.
    Failed,
}

/// A job of the queue after the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredJob {
    /// Its id.
    pub job_id: String,
    /// How it ended.
    pub end: JobEnd,
    /// The commands that it carried.
    pub operations: Vec<OperationId>,
}

/// All that is known of a run.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What clients did and lived through.
    pub events: &'a [Noted],
    /// What lies in Redis.
    pub graphs: &'a [StoredGraph],
    /// The jobs that the queue still keeps.
    pub jobs: &'a [StoredJob],
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
    /// Commands of which only a part happened, or that wait for a person.
    pub contested: usize,
    /// Commands that were refused.
    pub refused: usize,
    /// Commands whose end no client was told, and that made a version all the same.
    pub silent_effects: usize,
    /// Operations that subscribers were given, each counted for each subscriber.
    pub delivered: usize,
    /// Times that a subscriber was given the whole state.
    pub wholes: usize,
    /// Readings.
    pub reads: usize,
    /// Jobs that were looked at.
    pub jobs: usize,
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

/// A reading with what was known when it was asked for.
struct TrackedRead<'a> {
    graph: &'a GraphId,
    floor: u64,
    reading: &'a Reading,
}

/// What the model makes of a graph's history.
struct Chronicle<'a> {
    epoch: &'a Epoch,
    stream: &'a [AppliedOperation],
    /// The checksum at each version from 0 on, as far as the history has no gap.
    checksums: Vec<Checksum>,
}

impl Chronicle<'_> {
    /// Returns what made a version.
    fn operation(&self, version: u64) -> Option<OperationId> {
        let index = usize::try_from(version.checked_sub(1)?).ok()?;
        let entry = self.stream.get(index)?;
        (entry.version == version).then_some(entry.operation_id)
    }

    fn checksum(&self, version: u64) -> Option<Checksum> {
        let index = usize::try_from(version).ok()?;
        self.checksums.get(index).copied()
    }
}

type Chronicles<'a> = HashMap<&'a GraphId, Chronicle<'a>>;

/// Judges a run.
///
/// # Errors
/// Everything that breaks a rule.
pub fn check(evidence: &Evidence<'_>, rules: &Rules) -> Result<Summary, Vec<Violation>> {
    let Evidence {
        events,
        graphs,
        jobs,
    } = *evidence;
    let mut violations = Vec::new();
    let Story {
        mut commands,
        reads,
        ..
    } = Story::read(events, graphs, &mut violations);
    for graph in graphs {
        stream::check(graph, &mut commands, &mut violations);
    }
    outcomes::check(&commands, graphs, rules, &mut violations);
    order::check(&commands, &mut violations);
    let mut chronicles = Chronicles::new();
    for graph in graphs {
        let chronicle = Chronicle {
            epoch: graph.graph.epoch(),
            stream: &graph.stream,
            checksums: replay::check(graph, &commands, &mut violations),
        };
        chronicles.insert(&graph.graph_id, chronicle);
    }
    let mut summary = summary(&commands);
    delivery::check(
        events,
        &commands,
        &chronicles,
        &mut summary,
        &mut violations,
    );
    reads::check(&reads, &chronicles, &mut violations);
    jobs::check(jobs, &commands, &mut violations);
    (summary.reads, summary.jobs) = (reads.len(), jobs.len());
    if violations.is_empty() {
        Ok(summary)
    } else {
        Err(violations)
    }
}

/// What the events say, gone through once.
struct Story<'a> {
    commands: Commands<'a>,
    reads: Vec<TrackedRead<'a>>,
    /// The graph of each question that was asked, and what was known then.
    asked: HashMap<ReadId, (&'a GraphId, u64)>,
    /// The highest version of each graph that anybody knew so far.
    known: HashMap<&'a GraphId, u64>,
}

impl<'a> Story<'a> {
    fn read(
        events: &'a [Noted],
        graphs: &'a [StoredGraph],
        violations: &mut Vec<Violation>,
    ) -> Self {
        let recorded: HashMap<&GraphId, &StoredGraph> = graphs
            .iter()
            .map(|graph| (&graph.graph_id, graph))
            .collect();
        let mut story = Self {
            commands: Commands::new(),
            reads: Vec::new(),
            asked: HashMap::new(),
            known: HashMap::new(),
        };
        let mut before = std::time::Duration::ZERO;
        for (place, Noted { at, event }) in events.iter().enumerate() {
            if *at < before {
                violations.push(Violation::ClockWentBack { place });
            }
            before = *at;
            match event {
                Event::Sent(sending) => {
                    let stored = recorded.get(&sending.graph);
                    let outcomes = stored.map(|stored| &stored.outcomes);
                    story.send(place, sending, outcomes);
                }
                Event::Accepted(id) => {
                    if let Some(command) = story.commands.get_mut(id) {
                        command.accepted = true;
                    }
                }
                Event::Told {
                    operation_id,
                    outcome,
                } => story.tell(*operation_id, outcome, violations),
                Event::Delivered(delivered) => {
                    story.learn(&delivered.graph, delivered.delivery.to_version());
                }
                Event::ReadBegan { read, graph } => {
                    let floor = story.known(graph);
                    story.asked.insert(*read, (graph, floor));
                }
                Event::Read(reading) => {
                    let Some((graph, floor)) = story.asked.remove(&reading.read) else {
                        violations.push(Violation::UnaskedRead {
                            reader: reading.reader.clone(),
                        });
                        continue;
                    };
                    story.learn(graph, reading.version);
                    story.reads.push(TrackedRead {
                        graph,
                        floor,
                        reading,
                    });
                }
            }
        }
        story
    }

    fn send(
        &mut self,
        place: usize,
        sending: &'a Sending,
        outcomes: Option<&'a HashMap<OperationId, Outcome>>,
    ) {
        let id = sending.envelope.operation_id;
        let tracked = Tracked {
            sending,
            place,
            floor: self.known(&sending.graph),
            accepted: false,
            told: false,
            outcome: outcomes.and_then(|outcomes| outcomes.get(&id)),
            made: None,
        };
        self.commands.insert(id, tracked);
    }

    fn tell(&mut self, id: OperationId, outcome: &Outcome, violations: &mut Vec<Violation>) {
        let Some(command) = self.commands.get_mut(&id) else {
            return;
        };
        command.told = true;
        if first(outcome) != command.outcome {
            violations.push(Violation::ToldOtherwise {
                operation: id,
                told: outcome.clone(),
                recorded: command.outcome.cloned(),
            });
        }
        let graph = &command.sending.graph;
        if let Some(version) = version_of(outcome) {
            self.learn(graph, version);
        }
    }

    fn known(&self, graph: &GraphId) -> u64 {
        self.known.get(graph).copied().unwrap_or_default()
    }

    fn learn(&mut self, graph: &'a GraphId, version: u64) {
        let highest = self.known.entry(graph).or_default();
        *highest = version.max(*highest);
    }
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
    first(outcome)?.version()
}

fn summary(commands: &Commands<'_>) -> Summary {
    let mut summary = Summary {
        sent: commands.len(),
        ..Summary::default()
    };
    for command in commands.values() {
        summary.accepted += usize::from(command.accepted);
        summary.told += usize::from(command.told);
        summary.silent_effects += usize::from(!command.told && command.made.is_some());
        let contested = matches!(
            command.outcome,
            Some(Outcome::Merged { .. } | Outcome::Conflict { .. })
        );
        summary.contested += usize::from(contested && command.made.is_some());
        match (command.made, command.outcome) {
            (Some(_), _) => summary.effects += 1,
            (None, Some(Outcome::Rejected(_))) => summary.refused += 1,
            (None, Some(_)) => summary.without_effect += 1,
            (None, None) => {}
        }
    }
    summary
}
