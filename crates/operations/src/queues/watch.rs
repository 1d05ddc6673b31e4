//! The task that keeps queues in sight.

use std::time::Duration;

use graphy_protocol::ApiError;
use graphy_store::StoreError;
use graphy_store::bullmq::{EventEdge, EventLook, QueueName};
use graphy_telemetry::{RestartPolicy, TaskContext};
use tokio::time::timeout;

use super::{Queues, QueuesParts, schedulers};
use crate::fault::store_fault;

/// For how long a look at queues keeps them in sight.
pub(crate) const LEASE_MS: u64 = 20_000;
/// How often queues are counted.
const STEP: Duration = Duration::from_secs(1);
/// How often events are read.
const EVENTS_MS: u64 = 3_000;
/// How often workers are listed.
const CLIENTS_MS: u64 = 3_000;
/// How many keys one step of the search looks at.
const SEARCH_STEP_KEYS: u32 = 500;
/// How many keys the search looks at in a second.
const SEARCH_KEYS_PER_SECOND: u64 = 10_000;
/// How long the search rests between two passes.
const SEARCH_REST_MS: u64 = 30_000;
/// How many events are read at once, and how large they may be.
const EVENTS: (u32, u32) = (100, 128 * 1024);
/// Of how many jobs it is looked up how long they had waited.
const WAITS_LOOKED_UP: usize = 3;
/// How long a caller waits for queues to be counted.
const COUNT_WAIT: Duration = Duration::from_secs(2);
/// How old counts may be for a caller not to wait for new ones.
const FRESH_MS: u64 = 2_500;

pub(super) fn spawn(queues: &Queues, parts: &QueuesParts) {
    let queues = queues.clone();
    parts.tasks.spawn(
        "queue-watch",
        RestartPolicy::ALWAYS,
        parts.token.clone(),
        move |context| {
            let watch = Watch::new(queues.clone());
            async move {
                watch.run(&context).await;
                Ok(())
            }
        },
    );
}

impl Queues {
    /// Notes that somebody looks, and waits for fresh counts if nobody did before.
    pub(crate) async fn look(&self) {
        let now = self.now_ms();
        self.sight().looked_at = now;
        let mut counted = self.inner.counted_at.subscribe();
        let is_fresh = |at: &u64| *at + FRESH_MS > now;
        if is_fresh(&counted.borrow_and_update()) {
            return;
        }
        self.inner.wake.notify_one();
        // What is known must do if Redis does not answer.
        let _ = timeout(COUNT_WAIT, counted.wait_for(is_fresh)).await;
    }

    /// Takes a queue into sight that somebody names; false if there is none.
    pub(crate) async fn find(&self, queue: &QueueName) -> Result<bool, ApiError> {
        self.look().await;
        let known = self
            .sight()
            .queues
            .get(queue)
            .is_some_and(|watched| watched.counted_at > 0);
        if known {
            return Ok(true);
        }
        let names = std::slice::from_ref(queue);
        let is_queue = self.reader().are_queues(names).await;
        if is_queue.map_err(|error| store_fault(&error))? != [true] {
            return Ok(false);
        }
        let glances = self.reader().glance(names).await;
        let glances = glances.map_err(|error| store_fault(&error))?;
        let now = self.now_ms();
        let mut sight = self.sight();
        sight.add([queue.clone()]);
        sight.note(now, names.iter().cloned().zip(glances).collect());
        Ok(true)
    }
}

struct Watch {
    queues: Queues,
    clients_at: u64,
    own_at: u64,
    /// Whose schedulers were looked at last.
    schedulers_of: Option<QueueName>,
}

impl Watch {
    fn new(queues: Queues) -> Self {
        Self {
            queues,
            clients_at: 0,
            own_at: 0,
            schedulers_of: None,
        }
    }

    async fn run(mut self, context: &TaskContext) {
        loop {
            let wait = async {
                tokio::select! {
                    () = tokio::time::sleep(STEP) => {}
                    () = self.queues.inner.wake.notified() => {}
                }
            };
            if context.token.run_until_cancelled(wait).await.is_none() {
                return;
            }
            context.tick();
            if let Err(error) = self.step().await {
                tracing::debug!(%error, "the queues were not counted");
            }
        }
    }

    async fn step(&mut self) -> Result<(), StoreError> {
        let now = self.queues.now_ms();
        let watched = self.is_watched(now);
        if watched {
            self.search(now).await?;
            if now >= self.clients_at + CLIENTS_MS {
                self.clients_at = now;
                self.list_workers().await?;
            }
        }
        if now >= self.own_at + SEARCH_REST_MS {
            self.own_at = now;
            let own = self.queues.own().names().collect();
            self.find(own).await?;
        }
        let names = self.queues.sight().counted(watched);
        let glances = self.queues.reader().glance(&names).await?;
        let at = self.queues.now_ms();
        let glances = names.iter().cloned().zip(glances).collect();
        self.queues.sight().note(at, glances);
        if watched {
            self.queues.inner.counted_at.send_replace(at);
            self.age_of_oldest(&names).await?;
            self.events(at, &names).await?;
            self.schedulers(&names).await?;
        }
        Ok(())
    }

    /// Says whether somebody looks; if nobody did before, rates are counted from now on.
    fn is_watched(&self, now: u64) -> bool {
        let mut sight = self.queues.sight();
        let watched = sight.looked_at > 0 && sight.looked_at + LEASE_MS > now;
        match (watched, sight.since) {
            (true, 0) => sight.since = now,
            (false, 1..) => {
                sight.since = 0;
                sight.clients = None;
                for queue in sight.queues.values_mut() {
                    queue.tally.restart(0, None);
                }
            }
            _ => {}
        }
        watched
    }

    /// Goes on with the search, as far as the budget of a second reaches.
    async fn search(&self, now: u64) -> Result<(), StoreError> {
        let reader = self.queues.reader();
        let (mut cursor, rests) = {
            let sight = self.queues.sight();
            let search = &sight.search;
            let rests = search
                .completed_at
                .is_some_and(|at| at + SEARCH_REST_MS > now);
            (search.cursor, rests && search.cursor == 0)
        };
        if rests {
            return Ok(());
        }
        if cursor == 0 {
            let keys_total = reader.count_keys().await?;
            let mut sight = self.queues.sight();
            sight.search.keys_seen = 0;
            sight.search.keys_total = keys_total;
        }
        let mut found = Vec::new();
        let mut seen = 0;
        while seen < SEARCH_KEYS_PER_SECOND {
            let step = reader.scan(cursor, SEARCH_STEP_KEYS).await?;
            seen += u64::from(SEARCH_STEP_KEYS);
            cursor = step.cursor;
            found.extend(step.found);
            if cursor == 0 {
                break;
            }
        }
        found.sort();
        found.dedup();
        self.find(found).await?;
        if cursor == 0 {
            self.forget_gone().await?;
        }
        let mut sight = self.queues.sight();
        let search = &mut sight.search;
        search.cursor = cursor;
        search.keys_seen = (search.keys_seen + seen).min(search.keys_total);
        if cursor == 0 {
            search.keys_seen = search.keys_total;
            search.completed_at = Some(now);
        }
        Ok(())
    }

    /// Forgets queues that exist no more.
    async fn forget_gone(&self) -> Result<(), StoreError> {
        let known = self.queues.sight().counted(true);
        for names in known.chunks(100) {
            let are = self.queues.reader().are_queues(names).await?;
            let gone = names.iter().zip(are).filter(|(_, is)| !is);
            let mut sight = self.queues.sight();
            for (name, _) in gone {
                sight.queues.remove(name);
                sight.search.cut = false;
            }
        }
        Ok(())
    }

    /// Takes those of the names into sight that are queues.
    async fn find(&self, mut names: Vec<QueueName>) -> Result<(), StoreError> {
        {
            let sight = self.queues.sight();
            names.retain(|name| !sight.queues.contains_key(name));
        }
        // A key space full of names that look like queues is looked at in pieces.
        for names in names.chunks(100) {
            let are = self.queues.reader().are_queues(names).await?;
            let found = names.iter().zip(are).filter(|(_, is)| *is);
            self.queues.sight().add(found.map(|(name, _)| name.clone()));
        }
        Ok(())
    }

    /// Lists the workers; a queue that has one is a queue.
    async fn list_workers(&self) -> Result<(), StoreError> {
        let clients = self.queues.reader().clients().await?;
        let mut named: Vec<QueueName> = clients
            .iter()
            .flatten()
            .map(|client| client.queue.clone())
            .collect();
        named.sort();
        named.dedup();
        self.find(named).await?;
        self.queues.sight().clients = clients;
        Ok(())
    }

    /// Looks up since when the job at the front of each queue has been there.
    async fn age_of_oldest(&self, names: &[QueueName]) -> Result<(), StoreError> {
        let fronts: Vec<(QueueName, String)> = {
            let sight = self.queues.sight();
            let fronts = names.iter().filter_map(|name| {
                let glance = &sight.queues.get(name)?.glance;
                let front = glance
                    .next_waiting
                    .as_ref()
                    .or(glance.next_prioritized.as_ref());
                Some((name.clone(), front?.clone()))
            });
            fronts.collect()
        };
        let times = self.queues.reader().times(&fronts).await?;
        let mut sight = self.queues.sight();
        for ((name, _), times) in fronts.iter().zip(times) {
            if let Some(watched) = sight.queues.get_mut(name) {
                watched.oldest_at = times.added_at;
            }
        }
        Ok(())
    }

    /// Reads what happened in the queues since the last time.
    async fn events(&self, now: u64, names: &[QueueName]) -> Result<(), StoreError> {
        for name in names {
            let (last, due) = {
                let sight = self.queues.sight();
                let Some(watched) = sight.queues.get(name) else {
                    continue;
                };
                let tally = &watched.tally;
                let due = tally.events_at + EVENTS_MS <= now;
                (tally.last_event.clone(), due)
            };
            if due {
                self.events_of(now, name, last).await?;
            }
        }
        Ok(())
    }

    async fn events_of(
        &self,
        now: u64,
        name: &QueueName,
        last: Option<String>,
    ) -> Result<(), StoreError> {
        let reader = self.queues.reader();
        let look = |from, entries| EventLook {
            from,
            entries,
            bytes: EVENTS.1,
            job: None,
        };
        let Some(last) = last else {
            let newest = reader.events(name, &look(EventEdge::Newest, 1)).await?;
            let id = if newest.looked_at == 0 {
                "0-0".to_owned()
            } else {
                newest.last_id
            };
            if let Some(watched) = self.queues.sight().queues.get_mut(name) {
                watched.tally.restart(now, Some(id));
            }
            return Ok(());
        };
        let page = reader
            .events(name, &look(EventEdge::After(last), EVENTS.0))
            .await?;
        // Too much happened to read all of it: the newest piece stands for the rest.
        let sample = if page.ended {
            None
        } else {
            let top = reader
                .events(name, &look(EventEdge::Newest, 1))
                .await?
                .last_id;
            let sample = reader
                .events(name, &look(EventEdge::Newest, EVENTS.0))
                .await?;
            Some((top, sample))
        };
        let unknown = {
            let mut sight = self.queues.sight();
            let Some(watched) = sight.queues.get_mut(name) else {
                return Ok(());
            };
            let fetched = |page: &graphy_store::bullmq::EventPage| {
                page.events.iter().any(|event| event.event == "active")
            };
            if fetched(sample.as_ref().map_or(&page, |(_, sample)| sample)) {
                watched.note_fetch();
            }
            match sample {
                Some((top, sample)) => {
                    watched.tally.last_event = Some(top);
                    watched.tally.take_sample(now, &sample)
                }
                None => {
                    watched.tally.last_event = Some(page.last_id.clone());
                    watched.tally.take_in(now, &page)
                }
            }
        };
        self.look_waits_up(now, name, unknown).await
    }

    /// Looks up how long some jobs had waited whose waiting was not seen.
    async fn look_waits_up(
        &self,
        now: u64,
        name: &QueueName,
        mut jobs: Vec<String>,
    ) -> Result<(), StoreError> {
        jobs.truncate(WAITS_LOOKED_UP);
        let jobs: Vec<_> = jobs.into_iter().map(|id| (name.clone(), id)).collect();
        let times = self.queues.reader().times(&jobs).await?;
        let mut sight = self.queues.sight();
        let Some(watched) = sight.queues.get_mut(name) else {
            return Ok(());
        };
        for times in times {
            if let (Some(added), Some(started)) = (times.added_at, times.started_at) {
                let wait = started.saturating_sub(added + times.delay_ms);
                watched.tally.note_wait(started, wait);
            }
        }
        watched.tally.note_latency(now);
        Ok(())
    }

    /// Looks at the schedulers of one queue, another one each time.
    async fn schedulers(&mut self, names: &[QueueName]) -> Result<(), StoreError> {
        let after = self.schedulers_of.take();
        let next = names
            .iter()
            .find(|name| after.as_ref().is_none_or(|after| *name > after))
            .or(names.first());
        let Some(name) = next else {
            return Ok(());
        };
        let stored = self.queues.reader().schedulers(name).await?;
        let now = self.queues.now_ms();
        let broken = stored
            .iter()
            .any(|one| schedulers::fault(one, now).is_some());
        if let Some(watched) = self.queues.sight().queues.get_mut(name) {
            watched.broken_scheduler = broken;
        }
        self.schedulers_of = Some(name.clone());
        Ok(())
    }
}
