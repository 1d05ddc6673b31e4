//! Keeps each client's commands in the order in which it sent them.

use std::collections::HashMap;

use graphy_model::{ClientId, Outcome, RejectCode, Rejection};
use graphy_store::Replica;

use super::{Failure, Processor, Work};
use crate::decide::Settled;
use crate::job::QueuedCommand;

/// How long ago a command of an already counted seq must have been made to be taken for one whose
/// outcome is not kept any more, in milliseconds.
const FORGOTTEN_AFTER_MS: u64 = 24 * 3600 * 1000;

/// The commands of a job by what can be done with them now.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// To be decided, in order.
    pub(super) ready: Vec<QueuedCommand>,
    /// To be told only.
    pub(super) settled: Vec<Settled>,
    /// To be recorded without a decision.
    pub(super) record: Vec<Settled>,
    /// To wait for those before them.
    pub(super) held: Vec<QueuedCommand>,
}

/// Where a command stands in its client's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Next,
    Late,
    Early,
}

impl Processor {
    /// Sorts the commands that are left to do.
    pub(super) async fn sort(
        &self,
        replica: &mut Replica,
        work: &Work<'_>,
    ) -> Result<Sorted, Failure> {
        self.fetch_seqs(replica, work, |replica, client| {
            !replica.seqs.contains_key(client)
        })
        .await?;
        let mut places = places(replica, &work.todo);
        if places.iter().any(|place| *place != Place::Next) {
            // Another worker may have handled commands of these clients.
            self.fetch_seqs(replica, work, |_, _| true).await?;
            places = self::places(replica, &work.todo);
        }
        let hold_ms = u64::try_from(self.config.hold_max.as_millis()).unwrap_or(u64::MAX);
        let patient = self.store().now_ms().saturating_sub(work.held_since) < hold_ms;
        let mut sorted = Sorted::default();
        let mut late = Vec::new();
        for (command, place) in work.todo.iter().zip(places) {
            let envelope = command.content.envelope();
            let epoch = envelope.and_then(|envelope| envelope.epoch.as_ref());
            if epoch.is_some_and(|epoch| epoch != replica.graph.epoch()) {
                let message = "the graph has another epoch now; synchronise and send it again";
                let rejection = Rejection::new(RejectCode::StaleEpoch, message).on("epoch");
                sorted.settled.push(Settled::new(command, rejection.into()));
                continue;
            }
            match place {
                Place::Next => sorted.ready.push(command.clone()),
                Place::Late => late.push(command),
                Place::Early if patient => sorted.held.push(command.clone()),
                Place::Early => {
                    let message = "the commands before this one did not arrive in time";
                    sorted.refuse_order(command, message);
                }
            }
        }
        self.settle_late(work, &mut sorted, &late).await?;
        Ok(sorted)
    }

    /// Finds out about commands whose place in the order was passed before.
    async fn settle_late(
        &self,
        work: &Work<'_>,
        sorted: &mut Sorted,
        late: &[&QueuedCommand],
    ) -> Result<(), Failure> {
        let ids: Vec<_> = late.iter().map(|command| command.operation_id()).collect();
        let outcomes = self.store().outcomes_of(work.graph, &ids).await?;
        for (command, outcome) in late.iter().zip(outcomes) {
            let now_ms = self.store().now_ms();
            let made_at = command.operation_id().made_at_ms();
            let forgotten =
                made_at.is_some_and(|at| now_ms.saturating_sub(at) > FORGOTTEN_AFTER_MS);
            if outcome.is_some() || forgotten {
                let outcome = Outcome::Duplicate {
                    first: outcome.map(Box::new),
                };
                sorted.settled.push(Settled::new(command, outcome));
            } else {
                let message = "a command with this seq or a later one has been handled";
                sorted.refuse_order(command, message);
            }
        }
        Ok(())
    }

    async fn fetch_seqs(
        &self,
        replica: &mut Replica,
        work: &Work<'_>,
        wanted: impl Fn(&Replica, &ClientId) -> bool,
    ) -> Result<(), Failure> {
        let mut clients: Vec<ClientId> = work
            .todo
            .iter()
            .filter(|command| command.content.seq().is_some())
            .filter_map(|command| command.content.client_id().cloned())
            .filter(|client| wanted(replica, client))
            .collect();
        clients.sort();
        clients.dedup();
        let seqs = self.store().last_seqs(work.graph, &clients).await?;
        replica.seqs.extend(clients.into_iter().zip(seqs));
        Ok(())
    }
}

impl Sorted {
    fn refuse_order(&mut self, command: &QueuedCommand, message: &str) {
        let rejection = Rejection::new(RejectCode::OutOfOrder, message).on("seq");
        self.record.push(Settled::new(command, rejection.into()));
    }
}

fn places(replica: &Replica, commands: &[QueuedCommand]) -> Vec<Place> {
    let mut last: HashMap<&ClientId, u64> = HashMap::new();
    commands
        .iter()
        .map(|command| {
            let (Some(client), Some(seq)) = (command.content.client_id(), command.content.seq())
            else {
                return Place::Next;
            };
            let last = last
                .entry(client)
                .or_insert_with(|| replica.seqs.get(client).copied().unwrap_or_default());
            if seq <= *last {
                Place::Late
            } else if seq == *last + 1 {
                *last = seq;
                Place::Next
            } else {
                Place::Early
            }
        })
        .collect()
}
