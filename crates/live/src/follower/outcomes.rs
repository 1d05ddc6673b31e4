//! Tells authors how their commands ended, in the stream of the graph.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use graphy_model::{ClientId, OperationId, Outcome};
use graphy_protocol::ServerFrame;
use graphy_store::CommandOutcome;
use graphy_telemetry::names;
use graphy_telemetry::traces::{self, Step as Traced, TraceParent};

use super::Follower;

impl Follower {
    /// Tells each author in the room of its commands, conflicts with their records.
    pub(super) fn tell_outcomes(&mut self, outcomes: &[CommandOutcome]) {
        let mut by_client: HashMap<&ClientId, Vec<Told>> = HashMap::new();
        for one in outcomes {
            let Some(client) = &one.client_id else {
                continue;
            };
            let frames = by_client.entry(client).or_default();
            let text = result_text(one.operation_id, &one.outcome);
            frames.push((one.operation_id, text, one.traceparent));
            if matches!(one.outcome, Outcome::Conflict { .. }) {
                let records = self.conflicts.iter();
                let records = records.filter(|(id, _)| *id == one.operation_id);
                frames.extend(records.map(|(id, text)| (*id, text.clone(), None)));
            }
        }
        if by_client.is_empty() {
            return;
        }
        let contested: HashSet<OperationId> = outcomes
            .iter()
            .filter(|one| matches!(one.outcome, Outcome::Conflict { .. }))
            .map(|one| one.operation_id)
            .collect();
        let mut shown = HashSet::new();
        self.room.each(|member| {
            let outbox = &member.outbox;
            let told = by_client.get(&member.who.client_id);
            for (operation, text, trace) in told.into_iter().flatten() {
                outbox.settle(*operation);
                match trace.and_then(|trace| traces::begin(trace, Traced::Deliver)) {
                    Some(delivery) => outbox.push_outcome(text.clone(), delivery),
                    None => outbox.push_text(text.clone()),
                }
                if contested.contains(operation) {
                    shown.insert(*operation);
                }
            }
        });
        metrics::counter!(names::VISIBLE_CONFLICTS).increment(shown.len() as u64);
    }
}

/// A frame for the author of a command, and where the command's trace goes on.
type Told = (OperationId, Bytes, Option<TraceParent>);

/// Writes what the author of a command is told.
fn result_text(operation_id: OperationId, outcome: &Outcome) -> Bytes {
    let refused = match outcome {
        Outcome::Rejected(rejection) => Some(rejection),
        Outcome::Duplicate { first: Some(first) } => match &**first {
            Outcome::Rejected(rejection) => Some(rejection),
            _ => None,
        },
        _ => None,
    };
    let frame = match refused {
        Some(rejection) => ServerFrame::Revert {
            operation_id,
            code: rejection.code,
            message: rejection.message.clone(),
            field: rejection.field.clone(),
        },
        None => ServerFrame::CommandResult {
            operation_id,
            outcome: outcome.clone(),
        },
    };
    frame.to_text().into()
}
