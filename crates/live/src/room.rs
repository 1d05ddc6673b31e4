//! One graph with open sockets: follows its history and tells the members.
//!
//! Events of the bus are the fast way; the history in the store is the truth. On every gap, every
//! hint of one and every audit the room compares itself with the store and fills what is missing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use graphy_model::{ClientId, GraphId, OperationId, Outcome};
use graphy_protocol::{ServerFrame, close};
use graphy_store::{BatchEvent, BusEvent, CommandOutcome, History, StoreError};
use graphy_telemetry::{TaskContext, TaskFailure, names};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::encode::broadcast;
use crate::hub::Shared;
use crate::outbox::{Closing, Outbox};
use crate::resume::BEHIND_OPERATIONS_MAX;
use crate::timeline::{Owed, Taken, Timeline};

/// How soon a comparison with the store is tried again after it failed.
const AUDIT_RETRY: Duration = Duration::from_millis(500);
/// How many outcomes are looked up at once.
const LOOKUP_MAX: usize = 1000;

/// Whether a room can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Opening,
    Live,
    Gone,
}

/// The members of one graph, and how to reach them.
pub(crate) struct Room {
    pub(crate) graph_id: GraphId,
    members: Mutex<Vec<Arc<Outbox>>>,
    standing: watch::Sender<Standing>,
    changed: Arc<Notify>,
    /// Whether somebody may wait for an outcome since the last look-up.
    awaited: Arc<AtomicBool>,
}

/// Tells a room's task that somebody waits for an outcome.
#[derive(Clone)]
pub(crate) struct RoomSignal {
    changed: Arc<Notify>,
    awaited: Arc<AtomicBool>,
}

impl RoomSignal {
    /// Wakes the task unless it knows already: one wake-up for a burst of commands.
    pub(crate) fn notify(&self) {
        if !self.awaited.swap(true, Ordering::AcqRel) {
            self.changed.notify_one();
        }
    }
}

impl Room {
    pub(crate) fn new(graph_id: GraphId) -> Self {
        let standing = watch::Sender::new(Standing::Opening);
        Self {
            graph_id,
            members: Mutex::default(),
            standing,
            changed: Arc::default(),
            awaited: Arc::default(),
        }
    }

    pub(crate) fn signal(&self) -> RoomSignal {
        RoomSignal {
            changed: Arc::clone(&self.changed),
            awaited: Arc::clone(&self.awaited),
        }
    }

    /// Waits until the room can be used, or never will be.
    pub(crate) async fn opened(&self) -> Standing {
        let mut standing = self.standing.subscribe();
        let opened = standing
            .wait_for(|standing| *standing != Standing::Opening)
            .await;
        opened.map_or(Standing::Gone, |standing| *standing)
    }

    pub(crate) fn add(&self, outbox: &Arc<Outbox>) {
        self.members().push(Arc::clone(outbox));
    }

    pub(crate) fn remove(&self, outbox: &Arc<Outbox>) {
        self.members().retain(|member| !Arc::ptr_eq(member, outbox));
        self.changed.notify_one();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members().is_empty()
    }

    pub(crate) fn each(&self, act: impl FnMut(&Arc<Outbox>)) {
        self.members().iter().for_each(act);
    }

    fn members(&self) -> MutexGuard<'_, Vec<Arc<Outbox>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a room until nobody is in it, its graph is gone or the hub stops.
pub(crate) async fn run(
    shared: Arc<Shared>,
    room: Arc<Room>,
    context: TaskContext,
) -> Result<(), TaskFailure> {
    // The order matters: what happens after the subscription is heard, what happened before it is
    // in the head.
    let mut subscription = shared.bus.subscribe(&room.graph_id).await?;
    let Some(head) = shared.store.head(&room.graph_id).await? else {
        Follower::end(&shared, &room);
        return Ok(());
    };
    let now = Instant::now();
    let mut follower = Follower {
        timeline: Timeline::new(&head),
        paid_at: None,
        heard_at: None,
        audit_at: now + shared.settings.audit,
        lookup_at: None,
        lookup_wait: shared.settings.silence,
        empty_since: None,
        shared,
        room,
    };
    if follower.room.standing.send_replace(Standing::Live) == Standing::Live {
        // An earlier run ended by a fault; what its members missed is unknown.
        follower.room.each(|outbox| outbox.mark_resync());
    }
    loop {
        let pay_at = follower.pay_at();
        let step = tokio::select! {
            () = context.token.cancelled() => return Ok(()),
            event = subscription.next() => Step::Event(event),
            () = at(pay_at) => Step::Pay,
            () = at(follower.lookup_at) => Step::Lookup,
            () = at(follower.empty_since.map(|since| since + follower.shared.settings.linger)) => Step::Leave,
            () = tokio::time::sleep_until(follower.audit_at) => Step::Audit,
            () = follower.room.changed.notified() => Step::Changed,
        };
        context.tick();
        if follower.take_step(step).await == Presence::Over {
            return Ok(());
        }
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

enum Step {
    Event(BusEvent),
    Pay,
    Lookup,
    Leave,
    Audit,
    Changed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Goes,
    Over,
}

struct Follower {
    shared: Arc<Shared>,
    room: Arc<Room>,
    timeline: Timeline,
    /// When members were told something last.
    paid_at: Option<Instant>,
    /// When the oldest event came that members were not told of.
    heard_at: Option<Instant>,
    audit_at: Instant,
    lookup_at: Option<Instant>,
    /// Doubles with each look-up that found nothing.
    lookup_wait: Duration,
    empty_since: Option<Instant>,
}

impl Follower {
    async fn take_step(&mut self, step: Step) -> Presence {
        let over = match step {
            Step::Event(BusEvent::Batch(event)) => self.hear(&event).await,
            // Outcomes may have been among what was lost; the history does not hold them all.
            Step::Event(BusEvent::Gap) | Step::Audit => match self.audit().await {
                Presence::Goes => self.look_up().await,
                Presence::Over => Presence::Over,
            },
            Step::Lookup => self.look_up().await,
            Step::Pay => Presence::Goes,
            Step::Changed => {
                self.members_changed();
                Presence::Goes
            }
            Step::Leave if self.shared.close_if_empty(&self.room) => return Presence::Over,
            Step::Leave => {
                self.empty_since = None;
                Presence::Goes
            }
        };
        if over == Presence::Over {
            return over;
        }
        match self.pay_at() {
            Some(due) if due <= Instant::now() => self.pay(),
            _ => Presence::Goes,
        }
    }

    fn pay_at(&self) -> Option<Instant> {
        let next = self
            .paid_at
            .map_or_else(Instant::now, |at| at + self.shared.settings.merge);
        self.timeline.owes().then_some(next)
    }

    fn members_changed(&mut self) {
        if self.room.is_empty() {
            self.empty_since.get_or_insert_with(Instant::now);
        } else {
            self.empty_since = None;
            if self.lookup_at.is_none() && self.room.awaited.load(Ordering::Acquire) {
                self.lookup_at = Some(Instant::now() + self.lookup_wait);
            }
        }
    }

    async fn hear(&mut self, event: &BatchEvent) -> Presence {
        let now = Instant::now();
        self.heard_at.get_or_insert(now);
        self.lookup_wait = self.shared.settings.silence;
        if self.lookup_at.is_some() {
            self.lookup_at = Some(now + self.lookup_wait);
        }
        match self.timeline.take(event) {
            Taken::InOrder => Presence::Goes,
            Taken::Gap | Taken::OtherEpoch => match self.compare().await {
                Ok(presence) => presence,
                Err(_) => {
                    // The outcomes just taken must not overtake their updates.
                    self.room.each(|outbox| outbox.mark_resync());
                    self.audit_at = Instant::now() + AUDIT_RETRY;
                    Presence::Goes
                }
            },
        }
    }

    /// Compares the position with the store and fills what is missing.
    async fn audit(&mut self) -> Presence {
        self.audit_at = Instant::now() + self.shared.settings.audit;
        match self.compare().await {
            Ok(presence) => presence,
            Err(error) => {
                tracing::debug!(graph = %self.room.graph_id, %error, "cannot compare with the store");
                self.audit_at = Instant::now() + AUDIT_RETRY;
                Presence::Goes
            }
        }
    }

    async fn compare(&mut self) -> Result<Presence, StoreError> {
        let Some(head) = self.shared.store.head(&self.room.graph_id).await? else {
            self.tell_deletion().await;
            Self::end(&self.shared, &self.room);
            return Ok(Presence::Over);
        };
        let version = self.timeline.version();
        if head.epoch == *self.timeline.epoch() && head.version == version {
            return Ok(Presence::Goes);
        }
        if head.epoch == *self.timeline.epoch()
            && head.version > version
            && head.version - version <= BEHIND_OPERATIONS_MAX
        {
            let count = usize::try_from(head.version - version).unwrap_or(usize::MAX);
            let id = &self.room.graph_id;
            if let History::Operations(operations) = self
                .shared
                .store
                .operations_since(id, version, count)
                .await?
                && self.timeline.fill(&operations, &head)
            {
                return Ok(Presence::Goes);
            }
        }
        tracing::info!(graph = %self.room.graph_id, "members are brought to the present anew");
        self.timeline.jump(&head);
        self.room.each(|outbox| outbox.mark_resync());
        Ok(Presence::Goes)
    }

    /// Tells the members of the operation that deleted the graph, if the history still has it.
    async fn tell_deletion(&mut self) {
        let version = self.timeline.version();
        let id = &self.room.graph_id;
        if let Ok(History::Operations(operations)) = self
            .shared
            .store
            .operations_since(id, version, LOOKUP_MAX)
            .await
            && let Some(last) = operations.last().map(|last| last.version)
        {
            let event = BatchEvent {
                graph_id: id.clone(),
                job_id: String::new(),
                epoch: self.timeline.epoch().clone(),
                from_version: version,
                to_version: last,
                checksum: graphy_model::Checksum::default(),
                operations,
                outcomes: Vec::new(),
            };
            self.timeline.take(&event);
        }
        self.pay();
    }

    /// Looks up how the commands ended that members wait for.
    async fn look_up(&mut self) -> Presence {
        self.lookup_at = None;
        self.room.awaited.store(false, Ordering::Release);
        let mut waiting: Vec<(ClientId, OperationId)> = Vec::new();
        self.room.each(|outbox| {
            let ids = outbox.awaited_ids();
            waiting.extend(ids.into_iter().map(|id| (outbox.client_id.clone(), id)));
        });
        if waiting.is_empty() {
            return Presence::Goes;
        }
        // Ids are in the order of their making, and so are the answers then.
        waiting.sort_unstable_by_key(|(_, id)| *id);
        // Whatever is not found now is looked for again, until nobody waits; less and less often,
        // because workers may be stopped.
        self.lookup_wait = (2 * self.lookup_wait).min(self.shared.settings.audit);
        self.lookup_at = Some(Instant::now() + self.lookup_wait);
        let ids: Vec<OperationId> = waiting.iter().map(|(_, id)| *id).collect();
        let mut outcomes = Vec::with_capacity(ids.len());
        for some in ids.chunks(LOOKUP_MAX) {
            let looked_up = self.shared.store.outcomes_of(&self.room.graph_id, some);
            let Ok(found) = looked_up.await else {
                return Presence::Goes;
            };
            outcomes.extend(found);
        }
        let found: Vec<CommandOutcome> = waiting
            .into_iter()
            .zip(outcomes)
            .filter_map(|((client_id, operation_id), outcome)| {
                Some(CommandOutcome {
                    operation_id,
                    client_id: Some(client_id),
                    outcome: outcome?,
                })
            })
            .collect();
        if found.is_empty() {
            return Presence::Goes;
        }
        // Their versions come first; where these cannot be read, the members read them themselves
        // before they are told anything.
        let presence = match self.compare().await {
            Ok(presence) => presence,
            Err(_) => {
                self.room.each(|outbox| outbox.mark_resync());
                self.audit_at = Instant::now() + AUDIT_RETRY;
                Presence::Goes
            }
        };
        if presence == Presence::Goes {
            self.pay();
            self.tell_outcomes(&found);
        }
        presence
    }

    /// Tells the members what they are owed.
    fn pay(&mut self) -> Presence {
        let Owed {
            segments,
            outcomes,
            deleted,
        } = self.timeline.pay();
        self.paid_at = Some(Instant::now());
        let updates = broadcast(self.timeline.epoch(), segments);
        self.room
            .each(|outbox| updates.iter().for_each(|update| outbox.push_update(update)));
        self.tell_outcomes(&outcomes);
        if let Some(heard_at) = self.heard_at.take() {
            metrics::histogram!(names::BROADCAST_DURATION).record(heard_at.elapsed().as_secs_f64());
        }
        if deleted {
            Self::end(&self.shared, &self.room);
            return Presence::Over;
        }
        Presence::Goes
    }

    fn tell_outcomes(&self, outcomes: &[CommandOutcome]) {
        let mut by_client: HashMap<&ClientId, Vec<(OperationId, Bytes)>> = HashMap::new();
        for one in outcomes {
            if let Some(client) = &one.client_id {
                let text = result_text(one.operation_id, &one.outcome);
                by_client
                    .entry(client)
                    .or_default()
                    .push((one.operation_id, text));
            }
        }
        if by_client.is_empty() {
            return;
        }
        self.room.each(|outbox| {
            for (operation, text) in by_client.get(&outbox.client_id).into_iter().flatten() {
                outbox.settle(*operation);
                outbox.push_text(text.clone());
            }
        });
    }

    /// Closes the room for good: its graph is gone.
    fn end(shared: &Arc<Shared>, room: &Arc<Room>) {
        shared.forget(room);
        room.standing.send_replace(Standing::Gone);
        room.each(|outbox| {
            let reason = "the graph does not exist any more";
            outbox.close(Closing {
                code: close::NOT_FOUND,
                reason,
            });
        });
    }
}

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
