//! Carries one job out: decide, write, and say how each command ended.

mod order;
mod refusal;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use graphy_model::{GraphId, Outcome, RejectCode, Rejection, UserId};
use graphy_store::graph::{Applied, BatchWrite, ConflictLogEntry, Fate, OperationState};
use graphy_store::{BatchEvent, GraphStore, Lane, Replica, Replicas, ReplyClass, StoreError};
use graphy_telemetry::names::{self, label};
use graphy_telemetry::tasks::panic_text;
use graphy_telemetry::traces::{self, Moment, Step, TraceParent};

use crate::config::EngineConfig;
use crate::decide::{Context, Decided, Settled, decide};
use crate::job::{JobData, QueuedCommand};
use crate::recall::{Missing, Recall, take_over};
use order::Sorted;

/// How often a batch is decided again because the graph had moved on.
const DECISIONS_MAX: usize = 1000;
/// How many pieces of history a batch may ask for; three for each of its commands.
const LOOKS_BACK_MAX: usize = 400;

/// Why a job could not be carried out now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Redis could not do it; trying again is safe and sensible.
    #[error(transparent)]
    Store(StoreError),
    /// Something is wrong with the commands or with this program.
    #[error("{0}")]
    Fault(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error.class() {
            ReplyClass::Bug => Self::Fault(error.to_string()),
            _ => Self::Store(error),
        }
    }
}

/// What came of a job.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) settled: Vec<Settled>,
    /// Commands that wait for ones that were sent before them.
    pub(crate) held: Vec<QueuedCommand>,
    /// Commands that cannot be carried out, and why; they were rejected as `internal`.
    pub(crate) poisoned: Vec<(QueuedCommand, String)>,
    /// What users did, for their lists.
    pub(crate) done: Vec<(UserId, String)>,
    /// Where commands met other clients.
    pub(crate) met: Vec<ConflictLogEntry>,
}

/// Carries jobs out; cheap to clone.
#[derive(Clone)]
pub(crate) struct Processor {
    pub(crate) replicas: Replicas,
    pub(crate) config: Arc<EngineConfig>,
}

/// The commands of a job that are still to be settled, and what is known of the others.
struct Work<'a> {
    graph: &'a GraphId,
    job_id: &'a str,
    held_since: u64,
    /// Whether the node that made the job may wait for news of it.
    awaited: Awaited,
    /// The span of the job, if one of its commands is traced.
    span: Option<TraceParent>,
    todo: Vec<QueuedCommand>,
    /// To be announced only.
    tell: Vec<Settled>,
}

/// Whether somebody waits for the news of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// A node forms no next job of the graph before it has heard of this one.
    ByItsNode,
    /// It was put aside before, and its node was told.
    ByNobody,
}

enum Turn {
    Again,
    Done(Report),
}

impl Work<'_> {
    /// Writes down for its traced commands when they were decided and written.
    fn trace(&self, ready: &[QueuedCommand], [began, decided, ended]: [Moment; 3], how: &Applied) {
        if self.span.is_none() {
            return;
        }
        let parents: Vec<TraceParent> = ready.iter().filter_map(|one| one.trace).collect();
        traces::record(&parents, Step::Decide, (began, decided), self.span, &[]);
        let how = match how {
            Applied::Written => "written",
            Applied::Known(_) => "known",
            Applied::Behind { .. } => "behind",
            Applied::OtherEpoch => "other epoch",
            Applied::Gone => "gone",
            Applied::NotOurs => "not ours",
        };
        let note = ("graphy.applied", how.into());
        traces::record(&parents, Step::Apply, (decided, ended), self.span, &[note]);
    }
}

impl Processor {
    fn store(&self) -> &GraphStore {
        self.replicas.store()
    }

    /// Carries a job out. Running the same job again is safe.
    ///
    /// # Errors
    /// [`Failure::Store`] when Redis cannot do it now.
    pub(crate) async fn run(&self, job_id: &str, job: JobData) -> Result<Report, Failure> {
        let mut seen = HashSet::new();
        let todo: Vec<QueuedCommand> = job
            .commands
            .into_iter()
            .filter(|one| seen.insert(one.operation_id()))
            .collect();
        let awaited = match job.held_since {
            None => Awaited::ByItsNode,
            Some(_) => Awaited::ByNobody,
        };
        let held_since = job.held_since.unwrap_or_else(|| self.store().now_ms());
        let work = Work {
            graph: &job.graph_id,
            job_id,
            held_since,
            awaited,
            span: job.span,
            todo: todo.clone(),
            tell: Vec::new(),
        };
        match self.settle(work).await {
            Err(Failure::Fault(reason)) => {
                tracing::error!(graph = %job.graph_id, job_id, %reason, "a batch failed as a whole");
                let job = (&job.graph_id, job_id, job.span);
                self.one_by_one(job, held_since, todo).await
            }
            other => other,
        }
    }

    /// Carries commands out one at a time, so that one that cannot be is the only one to suffer.
    async fn one_by_one(
        &self,
        (graph, job_id, span): (&GraphId, &str, Option<TraceParent>),
        held_since: u64,
        commands: Vec<QueuedCommand>,
    ) -> Result<Report, Failure> {
        let mut report = Report::default();
        for command in commands {
            let alone = Work {
                graph,
                job_id,
                held_since,
                awaited: Awaited::ByNobody,
                span,
                todo: vec![command.clone()],
                tell: Vec::new(),
            };
            let result = match self.settle(alone).await {
                Err(Failure::Fault(reason)) => {
                    let message = "the server could not carry the command out";
                    let rejection = Rejection::new(RejectCode::Internal, message);
                    let settled = Settled::new(&command, rejection.into());
                    report.poisoned.push((command, reason));
                    self.record_refusal(graph, job_id, settled).await?
                }
                other => other?,
            };
            report.settled.extend(result.settled);
            report.held.extend(result.held);
        }
        Ok(report)
    }

    async fn settle(&self, mut work: Work<'_>) -> Result<Report, Failure> {
        let mut lane = self.replicas.lane(work.graph).await;
        for _ in 0..DECISIONS_MAX {
            match self.attempt(&mut lane, &mut work).await? {
                Turn::Again => {}
                Turn::Done(report) => {
                    drop(lane);
                    self.note_conflicts(&report.met).await;
                    self.note(work.graph, &report).await;
                    return Ok(report);
                }
            }
        }
        Err(Failure::Fault(format!(
            "graph {} never stood still",
            work.graph
        )))
    }

    /// Decides and writes once. The lane is left empty unless it holds what Redis has.
    async fn attempt(&self, lane: &mut Lane, work: &mut Work<'_>) -> Result<Turn, Failure> {
        let Some(mut replica) = lane.take().await? else {
            return self.refuse_all(work).await.map(Turn::Done);
        };
        let sorted = self.sort(&mut replica, work).await?;
        if sorted.ready.is_empty() && sorted.record.is_empty() {
            lane.put(replica);
            self.announce(work, &sorted.settled).await?;
            return Ok(Turn::Done(finish(work, Vec::new(), sorted)));
        }
        let began = Moment::now();
        let decided = self.decide(&mut replica, work, &sorted).await?;
        let was_decided = Moment::now();
        let applied = self.store().apply(work.graph, &decided.write).await?;
        work.trace(&sorted.ready, [began, was_decided, Moment::now()], &applied);
        match applied {
            Applied::Written => {
                if decided.write.fate == Fate::Delete {
                    // A listing takes it off as well, should this fail.
                    let _ = self.store().unlist(work.graph).await;
                }
                remember_seqs(&mut replica, &decided.write);
                take_over(&mut replica.stacks, decided.stacks);
                lane.put(replica);
                let mut report = finish(work, decided.settled, sorted);
                report.done = decided.done;
                report.met = decided.met;
                Ok(Turn::Done(report))
            }
            Applied::Known(known) => {
                decided.revert(&mut replica.graph);
                self.set_known_apart(work, &mut replica, known)?;
                lane.put(replica);
                Ok(Turn::Again)
            }
            Applied::Behind { missed, .. } => {
                decided.revert(&mut replica.graph);
                if catch_up(&mut replica, &missed) {
                    lane.put(replica);
                }
                Ok(Turn::Again)
            }
            Applied::OtherEpoch => Ok(Turn::Again),
            Applied::Gone => self.refuse_all(work).await.map(Turn::Done),
            Applied::NotOurs => {
                let message = "the graph belongs to the legacy system for now";
                self.refuse(work, &Rejection::new(RejectCode::Unavailable, message))
                    .await
                    .map(Turn::Done)
            }
        }
    }

    /// Decides, fetching the pieces of history that turn out to be needed.
    async fn decide(
        &self,
        replica: &mut Replica,
        work: &Work<'_>,
        sorted: &Sorted,
    ) -> Result<Decided, Failure> {
        let mut recall = Recall::default();
        for _ in 0..LOOKS_BACK_MAX {
            let version = replica.graph.version();
            match self.decide_with(&recall, replica, work, sorted)? {
                Ok(decided) => return Ok(decided),
                Err(missing) => {
                    let stacks = &mut replica.stacks;
                    recall
                        .fetch(missing, self.store(), work.graph, version, stacks)
                        .await?;
                }
            }
        }
        Err(Failure::Fault("a batch looked back for ever".to_owned()))
    }

    fn decide_with(
        &self,
        recall: &Recall,
        replica: &mut Replica,
        work: &Work<'_>,
        sorted: &Sorted,
    ) -> Result<Result<Decided, Missing>, Failure> {
        let context = Context {
            recall,
            graph_id: work.graph,
            job_id: work.job_id,
            now_ms: self.store().now_ms(),
            limits: &self.config.limits,
            poison: self.config.poison,
        };
        let told: Vec<Settled> = work.tell.iter().chain(&sorted.settled).cloned().collect();
        let (graph, stacks) = (&mut replica.graph, &replica.stacks);
        let (ready, record) = (&sorted.ready, sorted.record.clone());
        let decision = AssertUnwindSafe(|| decide(graph, stacks, ready, record, &told, context));
        catch_unwind(decision).map_err(|panic| {
            metrics::counter!(names::TASK_PANICS, label::TASK => "decide").increment(1);
            Failure::Fault(panic_text(&*panic).to_owned())
        })
    }

    /// Takes the commands that had been handled before out of the work.
    fn set_known_apart(
        &self,
        work: &mut Work<'_>,
        replica: &mut Replica,
        known: Vec<(graphy_model::OperationId, String)>,
    ) -> Result<(), Failure> {
        for (id, text) in known {
            let first = serde_json::from_str(&text)
                .map_err(|error| Failure::Fault(format!("a stored outcome is broken: {error}")))?;
            let outcome = Outcome::Duplicate {
                first: Some(Box::new(first)),
            };
            if let Some(at) = work.todo.iter().position(|one| one.operation_id() == id) {
                let command = work.todo.remove(at);
                if let (Some(client), Some(seq)) =
                    (command.content.client_id(), command.content.seq())
                {
                    let last = replica.seqs.entry(client.clone()).or_default();
                    *last = (*last).max(seq);
                }
                work.tell.push(Settled::new(&command, outcome));
            }
        }
        Ok(())
    }

    async fn refuse_all(&self, work: &mut Work<'_>) -> Result<Report, Failure> {
        let rejection = Rejection::new(RejectCode::NotFound, "the graph does not exist");
        self.refuse(work, &rejection.on("graphId")).await
    }

    /// Refuses what is left without recording it: there is no graph of ours to record it in.
    async fn refuse(&self, work: &mut Work<'_>, why: &Rejection) -> Result<Report, Failure> {
        let ids: Vec<_> = work.todo.iter().map(QueuedCommand::operation_id).collect();
        let firsts = self.store().outcomes_of(work.graph, &ids).await?;
        for (command, first) in std::mem::take(&mut work.todo).iter().zip(firsts) {
            // The job may run a second time, after the graph was deleted by its first run.
            let outcome = match first {
                Some(first) => Outcome::Duplicate {
                    first: Some(Box::new(first)),
                },
                None => why.clone().into(),
            };
            work.tell.push(Settled::new(command, outcome));
        }
        self.announce(work, &[]).await?;
        Ok(finish(work, Vec::new(), Sorted::default()))
    }

    /// Tells outcomes that no write carries.
    async fn announce(&self, work: &Work<'_>, also: &[Settled]) -> Result<(), Failure> {
        let nothing = work.tell.is_empty() && also.is_empty();
        if nothing && work.awaited == Awaited::ByNobody {
            return Ok(());
        }
        let head = self.store().head(work.graph).await?;
        let (epoch, version, checksum) = match head {
            Some(head) => (head.epoch, head.version, head.checksum),
            None => {
                let epoch = graphy_model::Epoch::new("none").expect("a fixed text of id form");
                (epoch, 0, graphy_model::Checksum::default())
            }
        };
        let event = BatchEvent {
            graph_id: work.graph.clone(),
            job_id: work.job_id.to_owned(),
            epoch,
            from_version: version,
            to_version: version,
            checksum,
            operations: Vec::new(),
            outcomes: work
                .tell
                .iter()
                .chain(also)
                .map(Settled::announced)
                .collect(),
            resync: Vec::new(),
        };
        let message =
            serde_json::to_string(&event).expect("events hold only texts, numbers and JSON values");
        Ok(self.store().announce(work.graph, &message).await?)
    }

    /// Counts the conflicts of a written batch, and keeps them for those who ask.
    async fn note_conflicts(&self, met: &[ConflictLogEntry]) {
        for note in met.iter().flat_map(|entry| &entry.notes) {
            let kind = note.resolution.as_str();
            metrics::counter!(names::CONFLICTS, label::RESOLUTION_TYPE => kind).increment(1);
        }
        if !met.is_empty()
            && let Err(error) = self.store().log_conflicts(met).await
        {
            tracing::warn!(%error, "conflicts were not logged");
        }
    }

    /// Counts the outcomes and keeps them for those who ask for a command's progress.
    async fn note(&self, graph: &GraphId, report: &Report) {
        let now_ms = self.store().now_ms();
        let mut rows = Vec::with_capacity(report.settled.len());
        for one in &report.settled {
            let kind = one.command_type.map_or("UNREADABLE", |kind| kind.as_str());
            let status = one.outcome.metric_status();
            metrics::counter!(
                names::COMMANDS_PROCESSED, label::TYPE => kind, label::STATUS => status
            )
            .increment(1);
            #[expect(clippy::cast_precision_loss, reason = "a short time in milliseconds")]
            let seconds = now_ms.saturating_sub(one.accepted_at) as f64 / 1000.0;
            metrics::histogram!(names::COMMAND_DURATION, label::TYPE => kind).record(seconds);
            let text = serde_json::to_string(&one.outcome)
                .expect("outcomes hold only texts, numbers and JSON values");
            rows.push((one.operation_id, OperationState::of(&one.outcome), text));
        }
        if let Err(error) = self.store().note_outcomes(graph, &rows, &report.done).await {
            // Only a projection: a reader repairs it from the graph's own record.
            tracing::debug!(%graph, %error, "the progress of commands was not noted");
        }
    }
}

fn finish(work: &mut Work<'_>, decided: Vec<Settled>, sorted: Sorted) -> Report {
    let mut settled = std::mem::take(&mut work.tell);
    settled.extend(sorted.settled);
    settled.extend(decided);
    Report {
        settled,
        held: sorted.held,
        ..Report::default()
    }
}

fn remember_seqs(replica: &mut Replica, write: &BatchWrite) {
    for (client, seq) in &write.seqs {
        let last = replica.seqs.entry(client.clone()).or_default();
        *last = (*last).max(*seq);
    }
}

/// Replays what a replica missed; false if it did not come further that way.
fn catch_up(replica: &mut Replica, missed: &[graphy_model::AppliedOperation]) -> bool {
    for operation in missed {
        if operation.version != replica.graph.version() + 1 {
            return false;
        }
        replica.replay(operation);
    }
    !missed.is_empty()
}
