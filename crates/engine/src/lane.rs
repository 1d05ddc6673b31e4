//! The line of commands of one graph at one node: one unfinished job at a time.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use graphy_model::{ClientId, GraphId, RejectCode, Rejection, UserId};
use graphy_store::{BusEvent, Subscription};
use graphy_telemetry::tasks::{RestartPolicy, TaskFailure};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::intake::Inner;
use crate::job::{Origin, QueuedCommand};
use crate::weight;

/// How long a line stays open without traffic.
const IDLE: Duration = Duration::from_secs(10);
/// How long to wait for a job's news before its state is looked up.
const NEWS_WAIT: Duration = Duration::from_secs(1);
/// How long putting a job into the queue is tried.
const ADD_WAIT: Duration = Duration::from_secs(8);
/// The most bytes of commands in one job, roughly.
const JOB_BYTES_MAX: usize = 1024 * 1024;

/// Commands of one caller, waiting to become durable.
pub(crate) struct Waiting {
    pub(crate) commands: Vec<QueuedCommand>,
    pub(crate) accepted: oneshot::Sender<Result<(), Rejection>>,
    /// Room in the node's memory for commands that wait; given back once they are durable.
    pub(crate) room: OwnedSemaphorePermit,
}

/// Who waits for an answer, and the room that their commands take.
struct Caller {
    accepted: oneshot::Sender<Result<(), Rejection>>,
    _room: OwnedSemaphorePermit,
}

/// The commands that wait for their turn.
#[derive(Default)]
struct Buffer {
    commands: VecDeque<QueuedCommand>,
    /// Callers and how many commands, counted from the front, have to be durable for each.
    callers: VecDeque<(usize, Caller)>,
}

impl Buffer {
    fn push(&mut self, waiting: Waiting) {
        self.commands.extend(waiting.commands);
        let caller = Caller {
            accepted: waiting.accepted,
            _room: waiting.room,
        };
        self.callers.push_back((self.commands.len(), caller));
    }

    /// Answers the callers whose commands are among the first `count`, which leave the buffer.
    fn accepted(&mut self, count: usize) {
        self.commands.drain(..count);
        for (needed, _) in &mut self.callers {
            *needed = needed.saturating_sub(count);
        }
        while self.callers.front().is_some_and(|(needed, _)| *needed == 0) {
            if let Some((_, caller)) = self.callers.pop_front() {
                let _ = caller.accepted.send(Ok(()));
            }
        }
    }

    fn refuse_all(&mut self, rejection: &Rejection) {
        self.commands.clear();
        for (_, caller) in self.callers.drain(..) {
            let _ = caller.accepted.send(Err(rejection.clone()));
        }
    }
}

pub(crate) struct Line {
    intake: Arc<Inner>,
    graph: GraphId,
    inbox: mpsc::Receiver<Waiting>,
    buffer: Buffer,
    /// When the last job started, and whose commands it carried.
    last: Option<(Instant, Whose)>,
}

/// Whose commands a job carries.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whose {
    /// All are of one client, or of one user's requests.
    One(Option<ClientId>, UserId),
    Several,
}

impl Line {
    /// Opens a line and starts its task.
    pub(crate) fn open(intake: Arc<Inner>, graph: GraphId) -> mpsc::Sender<Waiting> {
        let (sender, inbox) = mpsc::channel(intake.config.waiting_commands_max);
        let name = format!("intake {graph}");
        let (tasks, token) = (intake.tasks.clone(), intake.token.clone());
        let mut line = Some(Self {
            intake,
            graph,
            inbox,
            buffer: Buffer::default(),
            last: None,
        });
        tasks.spawn(name, RestartPolicy::Never, token, move |_| {
            let line = line.take();
            async move {
                match line {
                    Some(line) => line.run().await,
                    None => Err(TaskFailure::new("a line runs only once")),
                }
            }
        });
        sender
    }

    async fn run(mut self) -> Result<(), TaskFailure> {
        let mut events: Option<Subscription> = None;
        loop {
            if self.buffer.commands.is_empty() && !self.wait_for_commands().await {
                return Ok(());
            }
            self.take_what_waits();
            self.keep_pace().await;
            if events.is_none() {
                match self.intake.events.subscribe(&self.graph).await {
                    Ok(subscription) => events = Some(subscription),
                    Err(error) => {
                        let message = format!("redis cannot be reached: {error}");
                        self.buffer
                            .refuse_all(&Rejection::new(RejectCode::Unavailable, message));
                        continue;
                    }
                }
            }
            let count = self.batch_size();
            let job_id = Uuid::now_v7().to_string();
            let started = Instant::now();
            self.last = Some((started, self.whose()));
            if let Err(rejection) = self.enqueue(&job_id, count).await {
                self.buffer.refuse_all(&rejection);
                continue;
            }
            self.buffer.accepted(count);
            if let Some(events) = &mut events {
                self.wait_for_news(events, &job_id).await;
            }
            self.note_duration(started.elapsed());
        }
    }

    fn take_what_waits(&mut self) {
        while self.buffer.commands.len() < self.intake.config.waiting_commands_max
            && let Ok(waiting) = self.inbox.try_recv()
        {
            self.buffer.push(waiting);
        }
    }

    /// Lets commands of other clients join the next job, if a job has just started.
    ///
    /// A client that waits for each outcome before it sends on would only be slowed down, and a
    /// full job has nothing to wait for.
    async fn keep_pace(&mut self) {
        let Some((started, whose)) = &self.last else {
            return;
        };
        let next = *started + self.intake.config.pace;
        let full = self.buffer.commands.len() >= self.intake.config.limits.batch_commands_max;
        let alone = *whose != Whose::Several && *whose == self.whose();
        if full || alone || next <= Instant::now() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            () = self.intake.token.cancelled() => {}
        }
        self.take_what_waits();
    }

    fn whose(&self) -> Whose {
        let mut all = self.buffer.commands.iter();
        let Some(first) = all.next() else {
            return Whose::Several;
        };
        let name = |command: &QueuedCommand| {
            let client = command.content.client_id().cloned();
            (client, command.user_id.clone())
        };
        let one = name(first);
        if all.all(|command| name(command) == one) {
            Whose::One(one.0, one.1)
        } else {
            Whose::Several
        }
    }

    /// Waits for the next commands; false if there were none for a while or the node stops.
    async fn wait_for_commands(&mut self) -> bool {
        let waiting = tokio::select! {
            waiting = tokio::time::timeout(IDLE, self.inbox.recv()) => waiting.ok().flatten(),
            () = self.intake.token.cancelled() => None,
        };
        if let Some(waiting) = waiting {
            self.buffer.push(waiting);
            return true;
        }
        // Commands enter under the same lock, so none can slip in between this look and the end.
        let intake = Arc::clone(&self.intake);
        let mut lines = intake.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(waiting) = self.inbox.try_recv() {
            self.buffer.push(waiting);
            return true;
        }
        lines.remove(&self.graph);
        false
    }

    fn batch_size(&self) -> usize {
        let mut bytes = 0;
        let fits = self.buffer.commands.iter().take_while(|command| {
            bytes += weight::of(command);
            bytes <= JOB_BYTES_MAX
        });
        fits.take(self.intake.config.limits.batch_commands_max)
            .count()
            .max(1)
    }

    /// Puts the first commands into the queue, under the same job id until it is known to be there.
    async fn enqueue(&mut self, job_id: &str, count: usize) -> Result<(), Rejection> {
        let commands = self.buffer.commands.make_contiguous()[..count].to_vec();
        let asked = commands
            .iter()
            .filter(|command| command.origin == Origin::Request);
        let ids: Vec<_> = asked.map(QueuedCommand::operation_id).collect();
        let deadline = Instant::now() + ADD_WAIT;
        let mut wait = Duration::from_millis(20);
        loop {
            let added = timeout_at(
                deadline,
                self.intake.queue.add(job_id, &self.graph, &commands),
            );
            let reason = match added.await {
                Ok(Ok(())) => break,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer in time".to_owned(),
            };
            if Instant::now() + wait >= deadline {
                let full = reason.contains("OOM");
                let code = if full {
                    RejectCode::StorageFull
                } else {
                    RejectCode::Unavailable
                };
                return Err(Rejection::new(
                    code,
                    format!("the queue cannot take commands: {reason}"),
                ));
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(1));
        }
        if let Err(error) = self.intake.store.note_pending(&self.graph, &ids).await {
            // Only a projection; the outcome will be noted later.
            tracing::debug!(graph = %self.graph, %error, "pending commands were not noted");
        }
        Ok(())
    }

    /// Waits until a job has been carried out, whoever did it and however the news was lost.
    async fn wait_for_news(&self, events: &mut Subscription, job_id: &str) {
        // A fixed time: news of other jobs must not put the look-up off.
        let mut look_at = Instant::now() + NEWS_WAIT;
        loop {
            let event = tokio::select! {
                event = timeout_at(look_at, events.next()) => event,
                () = self.intake.token.cancelled() => return,
            };
            match event {
                Ok(BusEvent::Batch(batch)) if batch.job_id == job_id => return,
                Ok(BusEvent::Batch(_)) if Instant::now() < look_at => {}
                Ok(_) | Err(_) => {
                    look_at = Instant::now() + NEWS_WAIT;
                    if matches!(self.intake.queue.is_over(job_id).await, Ok(true)) {
                        return;
                    }
                }
            }
        }
    }

    fn note_duration(&self, elapsed: Duration) {
        let now = u64::try_from(elapsed.as_micros())
            .unwrap_or(u64::MAX)
            .min(60_000_000);
        let average = self.intake.processing_us.load(Ordering::Relaxed);
        self.intake
            .processing_us
            .store((average * 7 + now) / 8, Ordering::Relaxed);
    }
}
