//! What callers ask of the queues in sight: fresh counts, and one queue by its name.

use std::time::Duration;

use graphy_protocol::ApiError;
use graphy_store::StoreError;
use graphy_store::bullmq::QueueName;
use tokio::time::timeout;

use super::Queues;
use super::sight::unfinished;
use crate::fault::store_fault;

/// How long a caller waits for queues to be counted.
const COUNT_WAIT: Duration = Duration::from_secs(2);
/// How old counts may be for a caller not to wait for new ones.
const FRESH_MS: u64 = 2_500;

impl Queues {
    /// Counts the jobs of queues, in one round trip, and keeps what it finds of those in sight.
    /// Returns how many jobs of each wait or run.
    pub(crate) async fn count(
        &self,
        names: Vec<QueueName>,
    ) -> Result<Vec<(QueueName, u64)>, StoreError> {
        let glances = self.reader().glance(&names).await?;
        let sizes = glances.iter().map(unfinished);
        let sizes = names.iter().cloned().zip(sizes).collect();
        let now = self.now_ms();
        self.sight().note(now, names.into_iter().zip(glances));
        Ok(sizes)
    }

    /// Counts the jobs of our own queues; the overview's sampler does so every second.
    pub(crate) async fn count_own(&self) -> Result<Vec<(QueueName, u64)>, StoreError> {
        self.count(self.own().names().collect()).await
    }

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
        self.sight().add([queue.clone()]);
        let counted = self.count(vec![queue.clone()]).await;
        counted.map_err(|error| store_fault(&error))?;
        Ok(true)
    }
}
