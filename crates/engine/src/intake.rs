//! Takes commands in: "accepted" is said only once they are durable in the queue.
//!
//! Commands of one graph form a line. While a job of the graph is unfinished, newcomers wait in
//! the line; then up to a hundred of them become the next job. An idle system adds no delay, a
//! busy one makes bigger batches, and the order of each client holds by construction. There is no
//! timer and no second job of the same graph from the same node.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use graphy_model::{
    Action, Command, Envelope, GraphId, OperationId, Outcome, RejectCode, Rejection, Role, UserId,
};
use graphy_store::{BusEvent, EventBus, GraphStore, RedisLink, StoreError};
use graphy_telemetry::tasks::TaskRegistry;
use graphy_telemetry::traces::{self, Moment, OpenSpan, Step, TraceParent};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::job::{Content, Origin, QueuedCommand};
use crate::lane::{Line, Waiting};
use crate::queue::CommandQueue;
use crate::queues::Queues;
use crate::weight;

/// How often a caller who waits for an outcome looks it up in case the news of it was lost.
const OUTCOME_POLL: Duration = Duration::from_secs(1);
/// How much may wait in all lines of a node, in KiB.
const WAITING_KIB_MAX: usize = 128 * 1024;
/// How old an operation id may be: the memory of handled operations reaches back a day.
const OPERATION_AGE_MAX_MS: u64 = 23 * 3600 * 1000;

/// A command with what is known of who sent it.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What is asked, or what was refused already and has to keep its place.
    pub content: Content,
    /// Whose token it came with.
    pub user_id: UserId,
    /// What the token allows.
    pub role: Role,
    /// How it came in.
    pub origin: Origin,
}

/// The door to the queue, one per node; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: EngineConfig,
    pub(crate) store: GraphStore,
    pub(crate) events: EventBus,
    pub(crate) queue: CommandQueue,
    pub(crate) queues: Queues,
    pub(crate) tasks: TaskRegistry,
    pub(crate) token: CancellationToken,
    /// Memory for commands that wait in all lines, in KiB.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) lines: Mutex<HashMap<GraphId, mpsc::Sender<Waiting>>>,
    /// A moving average of the time from a batch's job to its news, in microseconds.
    pub(crate) processing_us: AtomicU64,
}

impl Intake {
    /// Opens the door.
    ///
    /// # Errors
    /// When the queue cannot be opened.
    pub async fn start(
        config: EngineConfig,
        link: &RedisLink,
        store: GraphStore,
        events: EventBus,
        tasks: TaskRegistry,
        token: CancellationToken,
    ) -> Result<Self, EngineError> {
        let queues = Queues::open(link, &config).await?;
        let inner = Inner {
            config,
            store,
            events,
            queue: queues.commands().clone(),
            queues,
            tasks,
            token,
            room: Arc::new(Semaphore::new(WAITING_KIB_MAX)),
            lines: Mutex::new(HashMap::new()),
            processing_us: AtomicU64::new(5_000),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Returns all queues.
    #[must_use]
    pub fn queues(&self) -> &Queues {
        &self.inner.queues
    }

    /// Returns the events of all graphs, as this node hears them.
    #[must_use]
    pub fn events(&self) -> &EventBus {
        &self.inner.events
    }

    /// Returns the queue of commands, for its counts.
    #[must_use]
    pub fn queue(&self) -> &CommandQueue {
        &self.inner.queue
    }

    /// Returns how long a command takes at present, in milliseconds.
    #[must_use]
    pub fn estimated_processing_ms(&self) -> u64 {
        self.inner
            .processing_us
            .load(Ordering::Relaxed)
            .div_ceil(1000)
    }

    /// Resolves when the commands are durable in the queue, one after the other in this order.
    ///
    /// Cancel-safe in the sense that matters: commands handed in may still be taken, and handing
    /// them in again under the same ids does not double them. Where traces are on, the trace of
    /// each command begins here.
    ///
    /// # Errors
    /// Why none of the commands was accepted, as far as this node knows.
    pub async fn submit(
        &self,
        graph: &GraphId,
        commands: Vec<Submission>,
    ) -> Result<(), Rejection> {
        if !traces::enabled() {
            return self.submit_traced(graph, commands, &[]).await;
        }
        let now = Moment::now();
        let mut spans: Vec<Option<OpenSpan>> = commands
            .iter()
            .map(|submission| begin_trace(graph, submission, now))
            .collect();
        let parents: Vec<Option<TraceParent>> = spans
            .iter()
            .map(|span| span.as_ref().map(OpenSpan::parent))
            .collect();
        let result = self.submit_traced(graph, commands, &parents).await;
        if let Err(rejection) = &result {
            for span in spans.iter_mut().flatten() {
                span.fail(rejection.code.as_str());
            }
        }
        result
    }

    /// Does the same for commands whose traces began before, each at the place of its command;
    /// commands without a place there are not traced.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub async fn submit_traced(
        &self,
        graph: &GraphId,
        commands: Vec<Submission>,
        traces: &[Option<TraceParent>],
    ) -> Result<(), Rejection> {
        let handed_in = Moment::now();
        let result = self.put(graph, commands, traces).await;
        let parents: Vec<TraceParent> = traces.iter().copied().flatten().collect();
        if !parents.is_empty() && result.is_ok() {
            traces::record(
                &parents,
                Step::Intake,
                (handed_in, Moment::now()),
                None,
                &[],
            );
        }
        result
    }

    async fn put(
        &self,
        graph: &GraphId,
        commands: Vec<Submission>,
        traces: &[Option<TraceParent>],
    ) -> Result<(), Rejection> {
        if commands.is_empty() {
            return Ok(());
        }
        if commands.len() > self.inner.config.limits.batch_commands_max {
            let limit = self.inner.config.limits.batch_commands_max;
            let message = format!("at most {limit} commands can be sent at once");
            return Err(Rejection::new(RejectCode::TooLarge, message).on("operations"));
        }
        let now_ms = self.inner.store.now_ms();
        let commands = commands
            .into_iter()
            .enumerate()
            .map(|(place, submission)| {
                let trace = traces.get(place).copied().flatten();
                self.admit(submission, trace, now_ms)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (accepted, answer) = oneshot::channel();
        let room = self.room_for(&commands)?;
        self.enter(
            graph,
            Waiting {
                commands,
                accepted,
                room,
            },
        )?;
        let unavailable = |message: &str| Rejection::new(RejectCode::Unavailable, message);
        match tokio::time::timeout(self.inner.config.accept_wait, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(unavailable("the node is stopping")),
            Err(_) => Err(unavailable(
                "the workers do not keep up; the command may still be taken",
            )),
        }
    }

    /// Checks a command at the door.
    ///
    /// What listens to the graph hears of a refusal in its turn: the refusal goes through the
    /// queue like a command, so that it takes its place in the client's order.
    fn admit(
        &self,
        submission: Submission,
        trace: Option<TraceParent>,
        now_ms: u64,
    ) -> Result<QueuedCommand, Rejection> {
        let Submission {
            content,
            user_id,
            role,
            origin,
        } = submission;
        let checked = content
            .envelope()
            .map_or(Ok(()), |envelope| self.check(envelope, role, now_ms));
        let command = QueuedCommand {
            content,
            user_id,
            role,
            accepted_at: now_ms,
            origin,
            trace,
        };
        match (checked, origin) {
            (Ok(()), _) => Ok(command),
            (Err(rejection), Origin::Listener) => Ok(command.refused(rejection)),
            (Err(rejection), Origin::Request) => Err(rejection),
        }
    }

    fn check(&self, envelope: &Envelope, role: Role, now_ms: u64) -> Result<(), Rejection> {
        let action = match &envelope.command {
            // Whether its author may do it in this graph is decided with the command.
            Command::UpdateViewport(_) => Action::ReadGraph,
            _ => Action::EditGraph,
        };
        if !role.allows(action) {
            let (kind, role) = (envelope.command.command_type().as_str(), role.as_str());
            let message = format!("the role {role} does not allow {kind}");
            return Err(Rejection::new(RejectCode::Forbidden, message));
        }
        self.inner.config.limits.check(&envelope.command)?;
        let made_at = envelope.operation_id.made_at_ms();
        if made_at.is_some_and(|at| now_ms.saturating_sub(at) > OPERATION_AGE_MAX_MS) {
            let message = "the operation id is older than 23 hours; send the intent under a new id";
            return Err(Rejection::new(RejectCode::Expired, message).on("operationId"));
        }
        Ok(())
    }

    /// Takes room for commands that are about to wait.
    fn room_for(&self, commands: &[QueuedCommand]) -> Result<OwnedSemaphorePermit, Rejection> {
        let bytes: usize = commands.iter().map(weight::of).sum();
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        Arc::clone(&self.inner.room)
            .try_acquire_many_owned(kib)
            .map_err(|_| {
                let message = "too many commands wait at this node; try again shortly";
                Rejection::new(RejectCode::RateLimited, message)
            })
    }

    /// Joins the graph's line, opening it if there is none.
    fn enter(&self, graph: &GraphId, waiting: Waiting) -> Result<(), Rejection> {
        let mut lines = self
            .inner
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut waiting = waiting;
        for _ in 0..2 {
            let line = lines
                .entry(graph.clone())
                .or_insert_with(|| Line::open(Arc::clone(&self.inner), graph.clone()));
            match line.try_send(waiting) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(_)) => {
                    let message = "too many commands wait for this graph; try again shortly";
                    return Err(Rejection::new(RejectCode::RateLimited, message));
                }
                Err(mpsc::error::TrySendError::Closed(back)) => {
                    // The line closed for lack of traffic just now.
                    lines.remove(graph);
                    waiting = back;
                }
            }
        }
        Err(Rejection::new(
            RejectCode::Unavailable,
            "the node is stopping",
        ))
    }

    /// Waits until an operation has an outcome, at most `wait`; none if it has not by then.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn outcome(
        &self,
        graph: &GraphId,
        operation: OperationId,
        wait: Duration,
    ) -> Result<Option<Outcome>, StoreError> {
        let deadline = tokio::time::Instant::now() + wait;
        let mut events = self.inner.events.subscribe(graph).await?;
        loop {
            let mut known = self.inner.store.outcomes_of(graph, &[operation]).await?;
            if let Some(outcome) = known.pop().flatten() {
                return Ok(Some(outcome));
            }
            let poll = tokio::time::Instant::now() + OUTCOME_POLL;
            loop {
                let event = tokio::time::timeout_at(poll.min(deadline), events.next()).await;
                match event {
                    Ok(BusEvent::Batch(batch)) => {
                        let found = batch
                            .outcomes
                            .iter()
                            .find(|one| one.operation_id == operation);
                        if let Some(found) = found {
                            return Ok(Some(found.outcome.clone()));
                        }
                    }
                    Ok(BusEvent::Gap) => break,
                    Err(_) if tokio::time::Instant::now() >= deadline => return Ok(None),
                    Err(_) => break,
                }
            }
        }
    }

    /// Waits until nothing waits in this node's lines, at most `wait`.
    pub async fn drain(&self, wait: Duration) {
        let deadline = tokio::time::Instant::now() + wait;
        while tokio::time::Instant::now() < deadline {
            let idle = {
                let lines = self
                    .inner
                    .lines
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                lines
                    .values()
                    .all(|line| line.capacity() == line.max_capacity())
            };
            if idle {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Begins the trace of a command that came in at a moment.
#[must_use]
pub fn begin_trace(graph: &GraphId, submission: &Submission, at: Moment) -> Option<OpenSpan> {
    let mut span = traces::begin_command(at)?;
    let content = &submission.content;
    span.note("graphy.graph_id", graph.as_str().to_owned());
    span.note("graphy.operation_id", content.operation_id().to_string());
    let kind = content
        .command_type()
        .map_or("UNREADABLE", |kind| kind.as_str());
    span.note("graphy.command_type", kind);
    Some(span)
}
