//! The one thread that writes the journal: what arrives together becomes one transaction.
//!
//! After a failed write the file is opened anew before the next one. New commands of the failed
//! transaction are refused, because their authors wait; everything else is owed and tried again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use graphy_model::{ClientId, GraphId, OperationId};
use graphy_telemetry::clock::{Clock as _, SystemClock};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::file::{Source, reopen};
use super::line::{Kept, KeptCommand, Line, Notice, Place};
use super::store::{Found, FoundCommand, Store};
use super::stored::{Count, Edit, Sent, Task};
use super::{JournalError, Totals};

/// The most edits of one transaction.
const BATCH_MAX: usize = 4_096;
/// How long the ends of commands may wait for company; losing one costs only a question.
const LAZY_FOR: Duration = Duration::from_millis(50);
/// How often what is owed is tried again.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// A count that was not used for longer may be unknown to the server, which keeps it for 30 days.
const COUNT_AGE_MAX_MS: u64 = 7 * 24 * 3600 * 1000;
/// Servers refuse ids that are older than 23 hours; an unsent command gets a new one before.
const ID_AGE_MAX_MS: u64 = 22 * 3600 * 1000;

/// What the thread is asked for.
pub(crate) enum Request {
    Keep {
        graph: GraphId,
        requests: Sender<Request>,
        reply: oneshot::Sender<Result<Kept, JournalError>>,
    },
    Write(Box<Task>),
    Release(u64),
    Settle(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

pub(super) struct Writer {
    source: Box<dyn Source>,
    /// None after a failed write, until the file was opened anew.
    store: Option<Store>,
    totals: Arc<Totals>,
    lines: HashMap<u64, mpsc::UnboundedSender<Notice>>,
    last_line: u64,
    owed: Vec<Task>,
    /// Commands that were refused, and may be in the file all the same.
    refused: Vec<(u64, u64)>,
    works: bool,
}

impl Writer {
    pub(super) fn new(source: Box<dyn Source>, store: Store, totals: Arc<Totals>) -> Self {
        Self {
            source,
            store: Some(store),
            totals,
            lines: HashMap::new(),
            last_line: 0,
            owed: Vec::new(),
            refused: Vec::new(),
            works: true,
        }
    }

    /// Serves until it is closed or nobody is left who could ask.
    pub(super) fn run(mut self, inbox: &Receiver<Request>) {
        let mut carried = None;
        loop {
            let first = match carried.take() {
                Some(request) => Some(request),
                None if self.owed.is_empty() => match inbox.recv() {
                    Ok(request) => Some(request),
                    Err(_) => return,
                },
                None => match inbox.recv_timeout(RETRY_EVERY) {
                    Ok(request) => Some(request),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return self.write(Vec::new()),
                },
            };
            match first {
                None => self.write(Vec::new()),
                Some(Request::Write(task)) => {
                    let (batch, next) = gather(*task, inbox);
                    carried = next;
                    self.write(batch);
                }
                Some(Request::Keep {
                    graph,
                    requests,
                    reply,
                }) => {
                    let kept = self.keep(&graph, requests);
                    // Whoever asked may have gone; the line is released by its drop.
                    drop(reply.send(kept));
                }
                Some(Request::Release(line)) => {
                    self.lines.remove(&line);
                }
                Some(Request::Settle(reply)) => {
                    // Whoever waited may have gone.
                    reply.send(()).ok();
                }
                Some(Request::Close(reply)) => {
                    if !self.owed.is_empty() {
                        self.write(Vec::new());
                    }
                    drop(self.store.take());
                    reply.send(()).ok();
                    return;
                }
            }
        }
    }

    /// Writes a batch and tells the lines.
    fn write(&mut self, batch: Vec<Task>) {
        let mut tasks = std::mem::take(&mut self.owed);
        tasks.extend(batch);
        match self.try_write(&tasks) {
            Ok(()) => {
                self.set_works(true, "");
                self.tell_written(&tasks);
            }
            Err(reason) => {
                self.store = None;
                self.set_works(false, &reason);
                self.refuse(tasks, &reason);
            }
        }
    }

    fn try_write(&mut self, tasks: &[Task]) -> Result<(), String> {
        let store = match &self.store {
            Some(store) => store,
            None => self.store.insert(reopen(&*self.source)?),
        };
        if !self.refused.is_empty() {
            store
                .forget(&self.refused)
                .map_err(|error| error.to_string())?;
            self.refused.clear();
        }
        store
            .write(tasks, SystemClock.now_ms())
            .map_err(|error| error.to_string())
    }

    fn tell_written(&self, tasks: &[Task]) {
        let mut saved: BTreeMap<(u64, u32), Vec<OperationId>> = BTreeMap::new();
        let mut marked: BTreeMap<(u64, u32), Vec<OperationId>> = BTreeMap::new();
        for Task { line, edit, count } in tasks {
            let key = (*line, count.rolls);
            match edit {
                Edit::Put { id, .. } => saved.entry(key).or_default().push(*id),
                Edit::Rewrite(entries) => saved
                    .entry(key)
                    .or_default()
                    .extend(entries.iter().map(|(_, id, _)| *id)),
                Edit::MarkSent(entries) => marked
                    .entry(key)
                    .or_default()
                    .extend(entries.iter().map(|(_, id)| *id)),
                Edit::Remove(_) | Edit::Park(..) | Edit::Unpark(_) => {}
            }
        }
        for ((line, rolls), ids) in saved {
            self.tell(line, Notice::Saved { rolls, ids });
        }
        for ((line, rolls), ids) in marked {
            self.tell(line, Notice::Marked { rolls, ids });
        }
    }

    fn refuse(&mut self, tasks: Vec<Task>, reason: &str) {
        let mut refused: BTreeMap<u64, Vec<OperationId>> = BTreeMap::new();
        for task in tasks {
            if let Edit::Put { order, id, .. } = &task.edit {
                self.refused.push((task.line, *order));
                refused.entry(task.line).or_default().push(*id);
            } else {
                self.owed.push(task);
            }
        }
        for (line, ids) in refused {
            let reason = reason.to_owned();
            self.tell(line, Notice::Refused { ids, reason });
        }
    }

    fn set_works(&mut self, works: bool, reason: &str) {
        if self.works == works {
            return;
        }
        self.works = works;
        let path = self.source.path().display();
        if works {
            tracing::info!(%path, "the journal can be written again");
        } else {
            tracing::error!(%path, reason, "the journal cannot be written");
        }
        for line in self.lines.keys() {
            self.tell(*line, Notice::Works(works));
        }
    }

    fn tell(&self, line: u64, notice: Notice) {
        if let Some(notices) = self.lines.get(&line) {
            // A session that has ended does not listen.
            drop(notices.send(notice));
        }
    }

    fn keep(&mut self, graph: &GraphId, requests: Sender<Request>) -> Result<Kept, JournalError> {
        if !self.owed.is_empty() || self.store.is_none() {
            self.write(Vec::new());
        }
        let path = self.source.path().to_path_buf();
        let failing = |reason: String| JournalError::Failing {
            path: path.clone(),
            reason,
        };
        let Some(store) = &self.store else {
            return Err(failing("it cannot be written".to_owned()));
        };
        let now_ms = SystemClock.now_ms();
        let busy: HashSet<u64> = self.lines.keys().copied().collect();
        let idle = store.idle_lines(graph, &busy);
        let idle = idle.map_err(|error| failing(error.to_string()))?;
        let last = store.last_line();
        let last = last.map_err(|error| failing(error.to_string()))?;
        let number = last.max(self.last_line) + 1;
        let mut start = Start::of(idle, number, &self.totals);
        start.freshen(now_ms);
        let parked = store.parked(graph);
        let parked = parked.map_err(|error| failing(error.to_string()))?;
        let written = store.take_over(graph, &start.found, &start.taken, &start.ended, now_ms);
        if let Err(error) = written {
            let error = failing(error.to_string());
            self.store = None;
            return Err(error);
        }
        let Found {
            line: number,
            count,
            commands,
            ..
        } = start.found;
        self.last_line = self.last_line.max(number);
        let (sender, notices) = mpsc::unbounded_channel();
        self.lines.insert(number, sender);
        Ok(Kept {
            line: Line {
                number,
                requests,
                totals: Arc::clone(&self.totals),
            },
            count,
            commands: commands.into_iter().map(kept).collect(),
            parked,
            notices,
        })
    }
}

/// Takes what waits already; the ends of commands alone wait a little for more.
fn gather(first: Task, inbox: &Receiver<Request>) -> (Vec<Task>, Option<Request>) {
    let mut batch = vec![first];
    let until = Instant::now() + LAZY_FOR;
    loop {
        let is_lazy = |task: &Task| matches!(task.edit, Edit::Remove(_));
        let next = if batch.iter().all(is_lazy) {
            inbox.recv_timeout(until.saturating_duration_since(Instant::now()))
        } else {
            inbox.try_recv().map_err(|_| RecvTimeoutError::Timeout)
        };
        match next {
            Ok(Request::Write(task)) => batch.push(*task),
            Ok(other) => return (batch, Some(other)),
            Err(_) => return (batch, None),
        }
        if batch.len() >= BATCH_MAX {
            return (batch, None);
        }
    }
}

/// How a session begins: one line, with what others of its graph left unfinished.
struct Start<'a> {
    found: Found,
    taken: Vec<(u64, u64)>,
    ended: Vec<u64>,
    totals: &'a Totals,
}

impl<'a> Start<'a> {
    fn of(idle: Vec<Found>, number: u64, totals: &'a Totals) -> Self {
        let mut idle = idle.into_iter();
        let found = idle.next().unwrap_or_else(|| Found {
            line: number,
            count: Count::new(new_name()),
            touched_at: u64::MAX,
            commands: Vec::new(),
        });
        let own = found.commands.iter();
        let taken = own.map(|command| (found.line, command.order)).collect();
        let mut start = Self {
            found,
            taken,
            ended: Vec::new(),
            totals,
        };
        for other in idle {
            start.adopt(other);
        }
        start
    }

    /// Goes on with another line's commands under this one's name. The server knows those that it
    /// has handled by their ids.
    fn adopt(&mut self, other: Found) {
        self.ended.push(other.line);
        for mut command in other.commands {
            self.taken.push((other.line, command.order));
            command.order = self.totals.next_order.fetch_add(1, Ordering::Relaxed);
            self.found.count.number(&mut command.envelope);
            self.found.commands.push(command);
        }
    }

    /// Renews what servers forget or refuse with time.
    fn freshen(&mut self, now_ms: u64) {
        let Found {
            count,
            touched_at,
            commands,
            ..
        } = &mut self.found;
        for command in commands.iter_mut() {
            let made_at = command.envelope.operation_id.made_at_ms();
            let is_old = made_at.is_some_and(|at| now_ms.saturating_sub(at) > ID_AGE_MAX_MS);
            if is_old && command.sent == Sent::No {
                command.envelope.operation_id = OperationId(Uuid::now_v7());
            }
        }
        if now_ms.saturating_sub(*touched_at) > COUNT_AGE_MAX_MS {
            *count = count.begun_anew();
            for command in commands {
                count.number(&mut command.envelope);
            }
        }
    }
}

fn kept(command: FoundCommand) -> KeptCommand {
    KeptCommand {
        place: Place {
            order: command.order,
            bytes: command.bytes,
        },
        envelope: command.envelope,
        sent: command.sent,
    }
}

fn new_name() -> ClientId {
    ClientId::new(&Uuid::now_v7().to_string()).expect("a uuid has the form of an id")
}
