//! The task that keeps queues in sight.

mod events;
mod search;

use std::time::Duration;

use graphy_store::StoreError;
use graphy_store::bullmq::QueueName;
use graphy_telemetry::{RestartPolicy, TaskContext};

use super::{Queues, QueuesParts, schedulers};

/// For how long a look at queues keeps them in sight.
pub(crate) const LEASE_MS: u64 = 20_000;
/// How often queues are counted.
const STEP: Duration = Duration::from_secs(1);
/// How often workers are listed.
const CLIENTS_MS: u64 = 3_000;
/// How long the search rests between two passes.
const SEARCH_REST_MS: u64 = 30_000;

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
        if watched {
            let uncounted = self.queues.sight().uncounted();
            self.queues.count(uncounted).await?;
            let at = self.queues.now_ms();
            self.queues.inner.counted_at.send_replace(at);
            let names = self.queues.sight().names();
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
