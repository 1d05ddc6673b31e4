//! Conflicts of all graphs: which wait, how often they are met, and their settlement.

mod list;

use std::collections::{BTreeMap, HashSet};

use graphy_engine::{Origin, SettleConflict, Submission, SyncJob};
use graphy_model::{Action, Choice, Command, Envelope, GraphId, GraphRole, OperationId, UserId};
use graphy_protocol::collaboration::{
    ConflictCauser, ConflictPage, ConflictRateRequest, ConflictRates, ConflictsRequest,
    ResolveConflicts, SettleConflicts, SettledConflict, SettledConflicts, SettlingConflicts,
};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::graph::{ConflictLogEntry, GraphRow};
use uuid::Uuid;

use super::Operations;
use super::past::bounded;
use crate::caller::Caller;
use crate::fault::store_fault;

/// How many conflicts a page has unless asked otherwise.
const PAGE: u32 = 50;
/// How many conflicts a page has at most.
const PAGE_MAX: u32 = 200;
/// How many entries of the log one call looks through.
const LOG_LOOKED_AT_MAX: usize = 20_000;
/// How many conflicts one call settles.
const SETTLED_AT_ONCE_MAX: usize = 100;
/// How many steps the rates have.
const RATE_STEPS: u64 = 60;
/// How far back rates go, in minutes.
const RATE_MINUTES_MAX: u32 = 1440;

impl Operations {
    /// `conflicts.list`: conflicts that wait for a person, or were settled, newest first.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of the store.
    pub async fn conflicts_list(
        &self,
        caller: &Caller,
        request: ConflictsRequest,
    ) -> Result<ConflictPage, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let limit = bounded(request.limit, PAGE, PAGE_MAX)?;
        let graphs = self
            .readable_graphs(caller, request.graph_id.as_ref())
            .await?;
        let open = graphs.iter().map(|graph| graph.open_conflicts).sum();
        let store = &self.inner.parts.store;
        let listed = list::list(store, &graphs, &request, limit).await;
        let (conflicts, next) = listed.map_err(|error| store_fault(&error))?;
        Ok(ConflictPage {
            conflicts,
            open,
            next,
        })
    }

    /// `conflicts.rate`: how often conflicts were met, by the way they were settled.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of the store.
    pub async fn conflicts_rate(
        &self,
        caller: &Caller,
        request: ConflictRateRequest,
    ) -> Result<ConflictRates, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let minutes = request.minutes.unwrap_or(60);
        if !(1..=RATE_MINUTES_MAX).contains(&minutes) {
            let message = format!("minutes is from 1 to {RATE_MINUTES_MAX}, not {minutes}");
            return Err(ApiError::new(ErrorCode::Invalid, message).on("minutes"));
        }
        let graphs = self
            .readable_graphs(caller, request.graph_id.as_ref())
            .await?;
        let store = &self.inner.parts.store;
        let now = store.now_ms();
        let step_ms = u64::from(minutes) * 60_000 / RATE_STEPS;
        let from = (now / step_ms + 1).saturating_sub(RATE_STEPS) * step_ms;
        let log = store
            .logged_conflicts(from, None, LOG_LOOKED_AT_MAX)
            .await
            .map_err(|error| store_fault(&error))?;
        // What was cut off, or trimmed away, is not known to be zero.
        let oldest = log.entries.last().filter(|_| log.more);
        let since = oldest.map_or(log.since.unwrap_or(now), |entry| entry.at);
        let mut rates = ConflictRates {
            since,
            step_ms,
            at: (0..RATE_STEPS).map(|step| from + step * step_ms).collect(),
            by_resolution: BTreeMap::new(),
            by_field: BTreeMap::new(),
            causers: Vec::new(),
        };
        let mut causers: BTreeMap<UserId, u64> = BTreeMap::new();
        let readable: HashSet<&GraphId> = graphs.iter().map(|row| &row.meta.graph_id).collect();
        let entries = log.entries.iter();
        for entry in entries.filter(|entry| readable.contains(&entry.graph_id)) {
            count(&mut rates, entry, from);
            *causers.entry(entry.user_id.clone()).or_default() += entry.notes.len() as u64;
        }
        rates.causers = causers
            .into_iter()
            .map(|(user_id, conflicts)| ConflictCauser { user_id, conflicts })
            .collect();
        rates
            .causers
            .sort_by_key(|causer| std::cmp::Reverse(causer.conflicts));
        rates.causers.truncate(10);
        Ok(rates)
    }

    /// `conflicts.settle`: has all open conflicts of a graph settled in the same way, by jobs that
    /// survive this node.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or `unavailable` when the queue cannot be reached; what
    /// was asked for by then goes on.
    pub async fn conflicts_settle(
        &self,
        caller: &Caller,
        request: SettleConflicts,
    ) -> Result<SettlingConflicts, ApiError> {
        caller.authorize(Action::EditGraph)?;
        let SettleConflicts { graph_id, choice } = request;
        self.permitted(caller, &graph_id, GraphRole::Edit).await?;
        if !matches!(choice, Choice::Mine | Choice::Theirs) {
            let message = "all conflicts at once are settled by mine or by theirs";
            return Err(ApiError::new(ErrorCode::Invalid, message).on("choice"));
        }
        let parts = &self.inner.parts;
        let open = parts.store.open_conflicts(&graph_id).await;
        let open = open.map_err(|error| store_fault(&error))?;
        let conflicts = open.len() as u64;
        for record in open {
            let job = SyncJob::ResolveConflict(SettleConflict {
                graph_id: graph_id.clone(),
                conflict_id: record.conflict_id,
                choice,
                value: None,
                user_id: caller.user_id.clone(),
                role: caller.role,
            });
            parts.intake.queues().sync(&job).await.map_err(|error| {
                tracing::warn!(%error, "a conflict was not asked to be settled");
                let message = "the queue sync-operations cannot be reached";
                ApiError::new(ErrorCode::Unavailable, message).with_detail(error.to_string())
            })?;
        }
        Ok(SettlingConflicts { conflicts })
    }

    /// `conflicts.resolve`: settles conflicts of one graph in the same way.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, `timeout`, or that of the queue. Conflicts that could
    /// not be settled are named in the answer.
    pub async fn conflicts_resolve(
        &self,
        caller: &Caller,
        request: ResolveConflicts,
    ) -> Result<SettledConflicts, ApiError> {
        caller.authorize(Action::EditGraph)?;
        let graph = &request.graph_id;
        self.permitted(caller, graph, GraphRole::Edit).await?;
        let count = request.conflict_ids.len();
        if !(1..=SETTLED_AT_ONCE_MAX).contains(&count) {
            let message =
                format!("1 to {SETTLED_AT_ONCE_MAX} conflicts are settled at once, not {count}");
            return Err(ApiError::new(ErrorCode::Invalid, message).on("conflictIds"));
        }
        let envelopes: Vec<Envelope> = request
            .conflict_ids
            .iter()
            .map(|conflict_id| Envelope {
                operation_id: OperationId(Uuid::now_v7()),
                graph_id: Some(graph.clone()),
                client_id: None,
                seq: None,
                command: Command::ResolveConflict(graphy_model::command::ResolveConflict {
                    conflict_id: conflict_id.clone(),
                    choice: request.choice,
                    value: request.value.clone(),
                }),
                base_version: None,
                epoch: None,
                timestamp: None,
                replay_of: None,
            })
            .collect();
        let ids: Vec<OperationId> = envelopes.iter().map(|one| one.operation_id).collect();
        let submissions = envelopes
            .into_iter()
            .map(|envelope| Submission {
                origin: Origin::Request,
                content: envelope.into(),
                user_id: caller.user_id.clone(),
                role: caller.role,
            })
            .collect();
        self.inner.parts.intake.submit(graph, submissions).await?;
        let mut settled = Vec::with_capacity(count);
        for (conflict_id, operation_id) in request.conflict_ids.into_iter().zip(ids) {
            let outcome = self.outcome_of(graph, operation_id).await?;
            settled.push(SettledConflict {
                conflict_id,
                operation_id,
                outcome,
            });
        }
        Ok(SettledConflicts { settled })
    }

    /// Lists the graphs that the caller may read, or the one that they name.
    pub(super) async fn readable_graphs(
        &self,
        caller: &Caller,
        only: Option<&GraphId>,
    ) -> Result<Vec<GraphRow>, ApiError> {
        if let Some(graph) = only {
            let head = self.permitted(caller, graph, GraphRole::View).await?;
            return Ok(vec![GraphRow {
                version: head.version,
                nodes: head.nodes,
                edges: head.edges,
                open_conflicts: head.open_conflicts,
                meta: head.meta,
            }]);
        }
        let store = &self.inner.parts.store;
        let rows = store.list_for(&caller.user_id, caller.role).await;
        rows.map_err(|error| store_fault(&error))
    }
}

/// Checks that a request names its graph.
pub(super) fn named(graph: Option<&GraphId>) -> Result<&GraphId, ApiError> {
    graph.ok_or_else(|| ApiError::new(ErrorCode::Invalid, "name a graph").on("graphId"))
}

fn count(rates: &mut ConflictRates, entry: &ConflictLogEntry, from: u64) {
    let step = entry.at.saturating_sub(from) / rates.step_ms;
    let step = usize::try_from(step.min(RATE_STEPS - 1)).unwrap_or_default();
    for note in &entry.notes {
        let steps = rates
            .by_resolution
            .entry(note.resolution.as_str().to_owned())
            .or_insert_with(|| vec![0; rates.at.len()]);
        steps[step] += 1;
        *rates.by_field.entry(note.field.to_string()).or_default() += 1;
    }
}
