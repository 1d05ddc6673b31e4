//! One import on its way.

use std::collections::VecDeque;
use std::time::Duration;

use graphy_engine::Submission;
use graphy_model::{ClientId, Envelope, GraphId, OperationId, Outcome, RejectCode, Rejection};
use graphy_protocol::console::{ImportProgress, ImportState};
use graphy_store::StoreError;
use graphy_store::graph::HIDDEN_LEASE;
use graphy_telemetry::TaskFailure;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::batches::{Batch, cut};
use super::{Author, ImporterParts, STALL_MAX};
use crate::import::ImportPlan;
use crate::journal::EventKind;

/// How many batches are under way at a time.
const WINDOW: usize = 4;
/// How long one look at an outcome takes at most.
const LOOK: Duration = Duration::from_secs(5);
/// How long a stopped import waits for the batches that are still under way.
const DRAIN: Duration = Duration::from_secs(5);
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Why an import ended before its graph was complete.
#[derive(Debug)]
enum Broken {
    Cancelled,
    Failed(String),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A batch of which the outcome is not known yet.
struct UnderWay {
    operation: OperationId,
    entities: u64,
}

pub(super) struct Run {
    parts: ImporterParts,
    plan: ImportPlan,
    author: Author,
    progress: watch::Sender<ImportProgress>,
    cancel: CancellationToken,
    graph: GraphId,
    client: ClientId,
}

impl Run {
    pub(super) fn new(
        parts: ImporterParts,
        plan: ImportPlan,
        author: Author,
        progress: watch::Sender<ImportProgress>,
        cancel: CancellationToken,
    ) -> Self {
        let graph = progress.borrow().graph_id.clone();
        let client = ClientId::new(&format!("import-{}", progress.borrow().import_id))
            .expect("letters and the digits of a UUID are an id");
        Self {
            parts,
            plan,
            author,
            progress,
            cancel,
            graph,
            client,
        }
    }

    /// Fills the graph and reveals it, or removes it.
    pub(super) async fn carry_out(mut self) -> Result<(), TaskFailure> {
        let plan = std::mem::replace(
            &mut self.plan,
            ImportPlan {
                name: String::new(),
                nodes: Vec::new(),
                edges: Vec::new(),
            },
        );
        let (nodes, edges) = (plan.nodes.len(), plan.edges.len());
        let batches = cut(plan, &self.parts.limits);
        let mut under_way = VecDeque::new();
        let filled = tokio::select! {
            filled = self.fill(batches, &mut under_way) => filled,
            broken = self.keep_lease() => Err(broken),
        };
        let name = self.progress.borrow().name.clone();
        match filled {
            Ok(()) => {
                let text = format!("imported {name}: {nodes} nodes, {edges} edges");
                self.parts
                    .journal
                    .note(EventKind::Import, &text, Some(&self.graph));
                self.end(ImportState::Done, None);
            }
            Err(broken) => {
                self.remove(under_way).await;
                let (state, error) = match broken {
                    Broken::Cancelled => (ImportState::Cancelled, None),
                    Broken::Failed(error) => (ImportState::Failed, Some(error)),
                };
                let text = match &error {
                    None => format!("the import of {name} was stopped"),
                    Some(error) => format!("the import of {name} failed: {error}"),
                };
                self.parts.journal.note(EventKind::Import, &text, None);
                self.end(state, error);
            }
        }
        Ok(())
    }

    async fn fill(
        &self,
        batches: Vec<Batch>,
        under_way: &mut VecDeque<UnderWay>,
    ) -> Result<(), Broken> {
        for (index, batch) in batches.into_iter().enumerate() {
            if under_way.len() >= WINDOW {
                self.settle_oldest(under_way).await?;
            }
            let operation = OperationId(Uuid::now_v7());
            let entities = batch.entities;
            let seq = index as u64 + 1;
            // Noted before it is sent: a batch that may have been taken must be waited for.
            under_way.push_back(UnderWay {
                operation,
                entities,
            });
            self.send(operation, seq, batch).await?;
        }
        while !under_way.is_empty() {
            self.settle_oldest(under_way).await?;
        }
        if self.cancel.is_cancelled() {
            return Err(Broken::Cancelled);
        }
        Ok(self.parts.store.reveal(&self.graph).await?)
    }

    /// Hands a batch in, again and again while it is refused for a reason that may pass.
    async fn send(&self, operation: OperationId, seq: u64, batch: Batch) -> Result<(), Broken> {
        let envelope = Envelope {
            operation_id: operation,
            graph_id: Some(self.graph.clone()),
            client_id: Some(self.client.clone()),
            seq: Some(seq),
            command: batch.command,
            base_version: None,
            epoch: None,
            timestamp: None,
            replay_of: None,
        };
        let submission = Submission {
            origin: graphy_engine::Origin::Listener,
            content: envelope.into(),
            user_id: self.author.user_id.clone(),
            role: self.author.role,
        };
        let give_up = Instant::now() + STALL_MAX;
        let mut wait = RETRY_FIRST;
        loop {
            let submitted = self
                .parts
                .intake
                .submit(&self.graph, vec![submission.clone()]);
            match self.unless_cancelled(submitted).await? {
                Ok(()) => return Ok(()),
                Err(rejection) if may_pass(&rejection) && Instant::now() < give_up => {}
                Err(rejection) => return Err(refused(&rejection)),
            }
            self.unless_cancelled(tokio::time::sleep(wait)).await?;
            wait = (wait * 2).min(RETRY_MAX);
        }
    }

    async fn settle_oldest(&self, under_way: &mut VecDeque<UnderWay>) -> Result<(), Broken> {
        let Some(oldest) = under_way.front() else {
            return Ok(());
        };
        let give_up = Instant::now() + STALL_MAX;
        let outcome = loop {
            let looked = self
                .parts
                .intake
                .outcome(&self.graph, oldest.operation, LOOK);
            match self.unless_cancelled(looked).await? {
                Ok(Some(outcome)) => break outcome,
                Err(error) if Instant::now() >= give_up => return Err(error.into()),
                Ok(None) if Instant::now() >= give_up => {
                    let seconds = STALL_MAX.as_secs();
                    let message = format!("no worker has answered for {seconds} seconds");
                    return Err(Broken::Failed(message));
                }
                Ok(None) => {}
                Err(_) => self.unless_cancelled(tokio::time::sleep(RETRY_MAX)).await?,
            }
        };
        check(outcome)?;
        if let Some(settled) = under_way.pop_front() {
            self.progress
                .send_modify(|progress| progress.done += settled.entities);
            self.parts.pulse.beat();
        }
        Ok(())
    }

    /// Renews the lease for as long as it is polled; resolves when that has failed for too long.
    async fn keep_lease(&self) -> Broken {
        let mut ticks = tokio::time::interval(HIDDEN_LEASE / 6);
        let mut renewed = Instant::now();
        loop {
            ticks.tick().await;
            match self.parts.store.renew_lease(&self.graph).await {
                Ok(()) => renewed = Instant::now(),
                Err(error) if renewed.elapsed() > HIDDEN_LEASE => return error.into(),
                Err(_) => {}
            }
        }
    }

    /// Removes the graph once nothing is under way to it any more.
    async fn remove(&self, under_way: VecDeque<UnderWay>) {
        let deadline = Instant::now() + DRAIN;
        for batch in under_way {
            let left = deadline.saturating_duration_since(Instant::now());
            // Unknown is as good as none here: the graph goes in any case.
            let _ = self
                .parts
                .intake
                .outcome(&self.graph, batch.operation, left)
                .await;
        }
        if let Err(error) = self.parts.store.discard(&self.graph).await {
            tracing::warn!(graph = %self.graph, %error, "an abandoned import is left to its lease");
        }
    }

    fn end(&self, state: ImportState, error: Option<String>) {
        self.progress.send_modify(|progress| {
            progress.state = state;
            progress.error = error;
        });
        self.parts.pulse.beat();
    }

    async fn unless_cancelled<T>(&self, future: impl Future<Output = T>) -> Result<T, Broken> {
        self.cancel
            .run_until_cancelled(future)
            .await
            .ok_or(Broken::Cancelled)
    }
}

/// However a run ends, nobody waits for it for ever.
impl Drop for Run {
    fn drop(&mut self) {
        if self.progress.borrow().state == ImportState::Running {
            self.end(
                ImportState::Failed,
                Some("the import was interrupted".to_owned()),
            );
        }
    }
}

fn may_pass(rejection: &Rejection) -> bool {
    matches!(
        rejection.code,
        RejectCode::Unavailable | RejectCode::RateLimited | RejectCode::StorageFull
    )
}

fn refused(rejection: &Rejection) -> Broken {
    Broken::Failed(format!(
        "{} ({})",
        rejection.message,
        rejection.code.as_str()
    ))
}

fn check(outcome: Outcome) -> Result<(), Broken> {
    match outcome {
        Outcome::Applied { .. } | Outcome::Merged { .. } | Outcome::Duplicate { first: None } => {
            Ok(())
        }
        Outcome::Duplicate { first: Some(first) } => check(*first),
        Outcome::Conflict { .. } => Err(Broken::Failed(
            "somebody else wrote to the graph".to_owned(),
        )),
        Outcome::Rejected(rejection) => Err(refused(&rejection)),
    }
}
