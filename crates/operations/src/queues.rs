//! Every BullMQ queue on this Redis, kept in sight on a budget.
//!
//! The jobs of our own queues are counted once a second, by the overview's sampler through
//! [`Queues::count_own`]. While somebody looks, a task counts those of all other known queues as
//! often, in one round trip, and reads what costs more (events, workers, schedulers, the search for
//! foreign queues) in bounded pieces. A call of an operation counts as a look for
//! [`watch::LEASE_MS`].
//!
//! Changes go through [`graphy_engine::inspect::QueueActions`].

pub(crate) mod bulk;
pub(crate) mod check;
pub(crate) mod dead_letters;
pub(crate) mod detail;
pub(crate) mod filter;
pub(crate) mod fingerprint;
mod look;
pub(crate) mod moments;
pub(crate) mod one;
pub(crate) mod own;
pub(crate) mod page;
pub(crate) mod row;
pub(crate) mod schedulers;
pub(crate) mod sight;
pub(crate) mod summary;
pub(crate) mod tally;
pub(crate) mod watch;
pub(crate) mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graphy_engine::Intake;
use graphy_engine::inspect::QueueActions;
use graphy_protocol::queues::{QueueList, QueueRef, QueueSummary};
use graphy_store::GraphStore;
use graphy_store::bullmq::{QueueName, QueueReader};
use graphy_telemetry::{SharedClock, TaskRegistry};
use tokio::sync::{Notify, watch as channel};
use tokio_util::sync::CancellationToken;

use own::OwnQueues;
use sight::Sight;

/// How many points the series of a queue have in the list.
const LIST_POINTS: usize = 60;

/// What the watch over queues works with.
pub(crate) struct QueuesParts {
    pub(crate) store: GraphStore,
    pub(crate) intake: Intake,
    pub(crate) clock: SharedClock,
    pub(crate) tasks: TaskRegistry,
    pub(crate) token: CancellationToken,
}

/// The queues of this Redis; cheap to clone.
#[derive(Clone)]
pub(crate) struct Queues {
    inner: Arc<Inner>,
}

struct Inner {
    reader: QueueReader,
    actions: QueueActions,
    store: GraphStore,
    intake: Intake,
    tasks: TaskRegistry,
    token: CancellationToken,
    clock: SharedClock,
    own: OwnQueues,
    sight: Mutex<Sight>,
    /// Wakes the watch when somebody looks after a while in which nobody did.
    wake: Notify,
    /// When the queues were last counted.
    counted_at: channel::Sender<u64>,
}

impl Queues {
    /// Starts the watch; it ends when the token is cancelled.
    pub(crate) fn start(parts: &QueuesParts) -> Self {
        let link = parts.store.link();
        let own = OwnQueues::of(parts.intake.queues());
        let queues = Self {
            inner: Arc::new(Inner {
                reader: QueueReader::new(link.clone()),
                actions: QueueActions::new(link.clone()),
                store: parts.store.clone(),
                intake: parts.intake.clone(),
                tasks: parts.tasks.clone(),
                token: parts.token.clone(),
                clock: Arc::clone(&parts.clock),
                sight: Mutex::new(Sight::new(own.clone())),
                own,
                wake: Notify::new(),
                counted_at: channel::Sender::new(0),
            }),
        };
        watch::spawn(&queues, parts);
        queues
    }

    pub(crate) fn reader(&self) -> &QueueReader {
        &self.inner.reader
    }

    pub(crate) fn actions(&self) -> &QueueActions {
        &self.inner.actions
    }

    /// Says which queues are ours.
    pub(crate) fn own(&self) -> &OwnQueues {
        &self.inner.own
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.inner.clock.now_ms()
    }

    fn sight(&self) -> MutexGuard<'_, Sight> {
        self.inner
            .sight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a queue's name as the wire has it.
pub(crate) fn reference(queue: &QueueName) -> QueueRef {
    QueueRef {
        prefix: Some(queue.prefix.clone()),
        queue: queue.queue.clone(),
    }
}

impl Queues {
    /// Lists the queues, those in trouble first.
    pub(crate) fn list(&self) -> QueueList {
        let now = self.now_ms();
        let sight = self.sight();
        let counted = sight
            .queues
            .iter()
            .filter(|(_, watched)| watched.counted_at > 0);
        let mut queues: Vec<QueueSummary> = counted
            .map(|(name, watched)| summary::summary(&sight, name, watched, now, LIST_POINTS))
            .collect();
        let rank = |queue: &QueueSummary| {
            (
                queue.troubles.first().copied().is_none(),
                queue.troubles.first().copied(),
            )
        };
        queues.sort_by(|a, b| {
            let names = |queue: &QueueSummary| (queue.queue.clone(), queue.prefix.clone());
            rank(a).cmp(&rank(b)).then_with(|| names(a).cmp(&names(b)))
        });
        QueueList {
            at: now,
            since: if sight.since == 0 { now } else { sight.since },
            queues,
            search: sight.search_state(),
        }
    }

    /// Returns how many failed jobs queues keep.
    pub(crate) fn failed_jobs(&self, only: Option<&QueueName>) -> Vec<(QueueName, u64)> {
        let sight = self.sight();
        let wanted = sight.queues.iter();
        wanted
            .filter(|(name, _)| only.is_none_or(|only| only == *name))
            .map(|(name, watched)| (name.clone(), watched.glance.failed))
            .collect()
    }
}
