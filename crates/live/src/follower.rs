//! The task of a room: follows its graph's history and tells the members.
//!
//! Events of the bus are the fast way; the history in the store is the truth. On every gap, every
//! hint of one and every audit the room compares itself with the store and fills what is missing.

mod outcomes;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use graphy_model::{ClientId, OperationId};
use graphy_protocol::{ServerFrame, close};
use graphy_store::{BatchEvent, BusEvent, CommandOutcome, History, StoreError};
use graphy_telemetry::traces::{self, Moment, Step as Traced, TraceParent};
use graphy_telemetry::{TaskContext, TaskFailure, names};
use tokio::time::Instant;

use crate::encode::broadcast;
use crate::hub::Shared;
use crate::member::Departure;
use crate::outbox::Closing;
use crate::resume::BEHIND_OPERATIONS_MAX;
use crate::room::{Room, Standing};
use crate::timeline::{Owed, Taken, Timeline};

/// How soon a comparison with the store is tried again after it failed.
const AUDIT_RETRY: Duration = Duration::from_millis(500);
/// How soon grants are read again after that failed.
const REVIEW_RETRY: Duration = Duration::from_millis(200);
/// How many outcomes are looked up at once.
const LOOKUP_MAX: usize = 1000;
/// Of how many conflicts the records are kept until their authors were told.
const CONFLICTS_MAX: usize = 256;

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
    room.begin(&shared.store, &head.meta.owner_id).await?;
    let now = Instant::now();
    let mut follower = Follower {
        timeline: Timeline::new(&head),
        paid_at: None,
        heard_at: None,
        heard_moment: Moment::now(),
        review_at: None,
        conflicts: VecDeque::new(),
        audit_at: now + shared.settings.audit,
        lookup_at: None,
        lookup_wait: shared.settings.silence,
        empty_since: None,
        shared,
        room,
    };
    if follower.room.stand(Standing::Live) == Standing::Live {
        // An earlier run ended by a fault; what its members missed is unknown.
        follower.room.each(|member| member.outbox.mark_resync());
    }
    loop {
        let pay_at = follower.pay_at();
        let step = tokio::select! {
            () = context.token.cancelled() => return Ok(()),
            event = subscription.next() => Step::Event(event),
            () = at(pay_at) => Step::Pay,
            () = at(follower.lookup_at) => Step::Lookup,
            () = at(follower.review_at) => Step::Review,
            () = at(follower.empty_since.map(|since| since + follower.shared.settings.linger)) => Step::Leave,
            () = tokio::time::sleep_until(follower.audit_at) => Step::Audit,
            () = follower.room.changed.notified() => Step::Changed,
        };
        context.tick();
        if follower.take_step(step).await == Course::Over {
            return Ok(());
        }
    }
}

/// Waits for an instant; for none, for ever.
pub(crate) async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

enum Step {
    Event(BusEvent),
    Pay,
    Lookup,
    Review,
    Leave,
    Audit,
    Changed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
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
    /// The same on the clock, for traces.
    heard_moment: Moment,
    /// When grants are read again that could not be read; until then nobody is told anything.
    review_at: Option<Instant>,
    /// Conflicts of which the authors were not told yet.
    conflicts: VecDeque<(OperationId, Bytes)>,
    audit_at: Instant,
    lookup_at: Option<Instant>,
    /// Doubles with each look-up that found nothing.
    lookup_wait: Duration,
    empty_since: Option<Instant>,
}

impl Follower {
    async fn take_step(&mut self, step: Step) -> Course {
        let over = match step {
            Step::Event(BusEvent::Batch(event)) => self.hear(&event).await,
            // Outcomes may have been among what was lost; the history does not hold them all.
            Step::Event(BusEvent::Gap) | Step::Audit => match self.audit().await {
                Course::Goes => self.look_up().await,
                Course::Over => Course::Over,
            },
            Step::Lookup => self.look_up().await,
            Step::Pay | Step::Review => Course::Goes,
            Step::Changed => {
                self.members_changed();
                Course::Goes
            }
            // Others may still see somebody who was lost here and may come back.
            Step::Leave if self.room.board().waits_for_lost() => {
                self.empty_since = Some(Instant::now());
                Course::Goes
            }
            Step::Leave if self.shared.close_if_empty(&self.room) => {
                self.room.over.cancel();
                return Course::Over;
            }
            Step::Leave => {
                self.empty_since = None;
                Course::Goes
            }
        };
        if over == Course::Over {
            return over;
        }
        self.review().await;
        match self.pay_at() {
            Some(due) if due <= Instant::now() => self.pay(),
            _ => Course::Goes,
        }
    }

    /// Reviews the members after a change of the grants, before they are told what came with it.
    async fn review(&mut self) {
        if !self.timeline.take_grants_changed() && self.review_at.is_none() {
            return;
        }
        self.review_at = match self.room.review(&self.shared.store).await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(graph = %self.room.graph_id, %error, "cannot read the grants");
                Some(Instant::now() + REVIEW_RETRY)
            }
        };
    }

    fn pay_at(&self) -> Option<Instant> {
        if self.review_at.is_some() {
            return None;
        }
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

    async fn hear(&mut self, event: &BatchEvent) -> Course {
        let now = Instant::now();
        if self.heard_at.is_none() {
            self.heard_at = Some(now);
            self.heard_moment = Moment::now();
        }
        self.lookup_wait = self.shared.settings.silence;
        if self.lookup_at.is_some() {
            self.lookup_at = Some(now + self.lookup_wait);
        }
        if !event.resync.is_empty() {
            self.room.each(|member| {
                if event.resync.contains(&member.who.client_id) {
                    member.outbox.mark_resync();
                }
            });
        }
        match self.timeline.take(event) {
            Taken::InOrder => Course::Goes,
            Taken::Gap | Taken::OtherEpoch => match self.compare().await {
                Ok(course) => course,
                Err(_) => {
                    // The outcomes just taken must not overtake their updates.
                    self.room.each(|member| member.outbox.mark_resync());
                    self.audit_at = Instant::now() + AUDIT_RETRY;
                    Course::Goes
                }
            },
        }
    }

    /// Compares the position with the store and fills what is missing.
    async fn audit(&mut self) -> Course {
        self.audit_at = Instant::now() + self.shared.settings.audit;
        match self.compare().await {
            Ok(course) => course,
            Err(error) => {
                tracing::debug!(graph = %self.room.graph_id, %error, "cannot compare with the store");
                self.audit_at = Instant::now() + AUDIT_RETRY;
                Course::Goes
            }
        }
    }

    async fn compare(&mut self) -> Result<Course, StoreError> {
        let Some(head) = self.shared.store.head(&self.room.graph_id).await? else {
            self.tell_deletion().await;
            Self::end(&self.shared, &self.room);
            return Ok(Course::Over);
        };
        let version = self.timeline.version();
        if head.epoch == *self.timeline.epoch() && head.version == version {
            return Ok(Course::Goes);
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
                return Ok(Course::Goes);
            }
        }
        tracing::info!(graph = %self.room.graph_id, "members are brought to the present anew");
        self.timeline.jump(&head);
        self.room.each(|member| member.outbox.mark_resync());
        Ok(Course::Goes)
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
                resync: Vec::new(),
            };
            self.timeline.take(&event);
        }
        self.pay();
    }

    /// Looks up how the commands ended that members wait for.
    async fn look_up(&mut self) -> Course {
        self.lookup_at = None;
        self.room.awaited.store(false, Ordering::Release);
        let mut waiting: Vec<(ClientId, OperationId)> = Vec::new();
        self.room.each(|member| {
            let ids = member.outbox.awaited_ids();
            waiting.extend(ids.into_iter().map(|id| (member.who.client_id.clone(), id)));
        });
        if waiting.is_empty() {
            return Course::Goes;
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
                return Course::Goes;
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
                    traceparent: None,
                })
            })
            .collect();
        if found.is_empty() {
            return Course::Goes;
        }
        // Their versions come first; where these cannot be read, the members read them themselves
        // before they are told anything.
        let course = match self.compare().await {
            Ok(course) => course,
            Err(_) => {
                self.room.each(|member| member.outbox.mark_resync());
                self.audit_at = Instant::now() + AUDIT_RETRY;
                Course::Goes
            }
        };
        if course == Course::Goes {
            self.review().await;
            // Without a review nobody is told; the outcomes are found again by the next look-up.
            if self.review_at.is_none() {
                self.pay();
                self.tell_outcomes(&found);
            }
        }
        course
    }

    /// Tells the members what they are owed.
    fn pay(&mut self) -> Course {
        let Owed {
            segments,
            outcomes,
            conflicts,
            deleted,
        } = self.timeline.pay();
        self.paid_at = Some(Instant::now());
        let updates = broadcast(self.timeline.epoch(), segments);
        self.room.each(|member| {
            for update in &updates {
                member.outbox.push_update(update);
            }
        });
        self.keep_conflicts(conflicts);
        self.trace_broadcast(&outcomes);
        self.tell_outcomes(&outcomes);
        if let Some(heard_at) = self.heard_at.take() {
            metrics::histogram!(names::BROADCAST_DURATION).record(heard_at.elapsed().as_secs_f64());
        }
        if deleted {
            Self::end(&self.shared, &self.room);
            return Course::Over;
        }
        Course::Goes
    }

    /// Writes down for traced commands when their news was put out for all sockets.
    fn trace_broadcast(&self, outcomes: &[CommandOutcome]) {
        if !traces::enabled() {
            return;
        }
        let parents: Vec<TraceParent> = outcomes.iter().filter_map(|one| one.traceparent).collect();
        let sockets = i64::try_from(self.room.size()).unwrap_or(i64::MAX);
        let notes = [
            (
                "graphy.graph_id",
                self.room.graph_id.as_str().to_owned().into(),
            ),
            ("graphy.sockets", sockets.into()),
        ];
        let span = (self.heard_moment, Moment::now());
        traces::record(&parents, Traced::Broadcast, span, None, &notes);
    }

    fn keep_conflicts(&mut self, conflicts: Vec<(OperationId, graphy_model::ConflictRecord)>) {
        for (operation, record) in conflicts {
            let record = Box::new(record);
            let text = ServerFrame::Conflict { record }.to_text();
            self.conflicts.push_back((operation, text.into()));
        }
        let surplus = self.conflicts.len().saturating_sub(CONFLICTS_MAX);
        self.conflicts.drain(..surplus);
    }

    /// Closes the room for good: its graph is gone.
    fn end(shared: &Arc<Shared>, room: &Arc<Room>) {
        shared.forget(room);
        room.stand(Standing::Gone);
        room.over.cancel();
        room.each(|member| {
            member.depart(Departure::Goodbye);
            let reason = "the graph does not exist any more";
            member.outbox.close(Closing {
                code: close::NOT_FOUND,
                reason,
            });
        });
    }
}
