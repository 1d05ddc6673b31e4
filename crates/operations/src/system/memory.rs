//! Memory of Redis by families of keys.
//!
//! A task walks the key space in small steps, at most [`KEYS_PER_SECOND`] keys a second, and rests
//! between passes and while nobody has asked for a minute. So a large Redis is never held up, and
//! one that nobody looks at is left alone.

use std::sync::Arc;
use std::time::Duration;

use graphy_protocol::ApiError;
use graphy_protocol::system::KeyMemory;
use graphy_store::StoreError;
use graphy_store::key_space::{KeySpace, STEP_KEYS};
use graphy_telemetry::{RestartPolicy, SharedClock, TaskContext};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::families::Families;
use crate::fault::store_fault;
use crate::operations::Parts;

/// How many keys are looked at per second, about.
const KEYS_PER_SECOND: usize = 2_000;
/// The walk rests when nobody has asked for so long.
const WATCHED: Duration = Duration::from_secs(60);
/// How long it rests after a pass.
const REST: Duration = Duration::from_secs(60);
/// How long who asks first waits for a first pass.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// What is shown before a pass has ended is renewed after so many steps.
const STEPS_PER_VIEW: u32 = 10;

/// The walk of one node.
#[derive(Clone)]
pub(crate) struct MemoryWalk {
    shared: Arc<Shared>,
}

struct Shared {
    space: KeySpace,
    clock: SharedClock,
    /// When somebody last asked.
    asked: watch::Sender<Option<Instant>>,
    latest: watch::Sender<Option<KeyMemory>>,
}

impl MemoryWalk {
    /// Starts the task `key-families`.
    pub(crate) fn start(parts: &Parts) -> Self {
        let walk = Self {
            shared: Arc::new(Shared {
                space: KeySpace::new(parts.store.link().clone()),
                clock: Arc::clone(&parts.clock),
                asked: watch::Sender::new(None),
                latest: watch::Sender::new(None),
            }),
        };
        let runs = walk.clone();
        parts.tasks.spawn(
            "key-families",
            RestartPolicy::ALWAYS,
            parts.token.clone(),
            move |context| {
                let walk = runs.clone();
                async move {
                    let token = context.token.clone();
                    token
                        .run_until_cancelled(walk.run(&context))
                        .await
                        .unwrap_or(Ok(()))?;
                    Ok(())
                }
            },
        );
        walk
    }

    /// Returns what was found last; who asks first waits a moment for something to show.
    pub(crate) async fn answer(&self) -> Result<KeyMemory, ApiError> {
        self.shared.asked.send_replace(Some(Instant::now()));
        let mut latest = self.shared.latest.subscribe();
        let whole = |found: &Option<KeyMemory>| {
            found
                .as_ref()
                .is_some_and(|found| found.completed_at.is_some())
        };
        // Too late is no error: a partial view, or an empty one, says how far it got.
        let _ = timeout(FIRST_WAIT, latest.wait_for(whole)).await;
        if let Some(found) = latest.borrow().clone() {
            return Ok(found);
        }
        let keys_total = self.shared.space.count().await;
        Ok(KeyMemory {
            completed_at: None,
            keys_seen: 0,
            keys_total: keys_total.map_err(|error| store_fault(&error))?,
            families: Vec::new(),
        })
    }

    async fn run(&self, context: &TaskContext) -> Result<(), StoreError> {
        loop {
            self.somebody_watches().await;
            self.pass(context).await?;
            context.tick();
            tokio::time::sleep(REST).await;
        }
    }

    async fn somebody_watches(&self) {
        let mut asked = self.shared.asked.subscribe();
        // The sender lives as long as `self`, so the wait can only end by the value.
        let _ = asked
            .wait_for(|asked| asked.is_some_and(|at| at.elapsed() < WATCHED))
            .await;
    }

    async fn pass(&self, context: &TaskContext) -> Result<(), StoreError> {
        let mut families = Families::default();
        let mut cursor = 0;
        let mut steps = 0;
        loop {
            let began = Instant::now();
            let step = self.shared.space.step(cursor).await?;
            let mut measured: Vec<&str> = Vec::new();
            for key in &step.keys {
                if families.count(key) {
                    measured.push(key);
                }
            }
            let sizes = self.shared.space.memory(&measured).await?;
            for (key, size) in measured.iter().zip(sizes) {
                if let Some(bytes) = size {
                    families.measure(key, bytes);
                }
            }
            cursor = step.cursor;
            steps += 1;
            context.tick();
            if cursor == 0 {
                return self.show(&families, Some(self.shared.clock.now_ms())).await;
            }
            let first = self
                .shared
                .latest
                .borrow()
                .as_ref()
                .is_none_or(|found| found.completed_at.is_none());
            if first && steps % STEPS_PER_VIEW == 1 {
                self.show(&families, None).await?;
            }
            tokio::time::sleep_until(began + pause_after(step.keys.len())).await;
            self.somebody_watches().await;
        }
    }

    async fn show(&self, families: &Families, completed_at: Option<u64>) -> Result<(), StoreError> {
        let keys_total = self.shared.space.count().await?;
        self.shared.latest.send_replace(Some(KeyMemory {
            completed_at,
            keys_seen: families.keys,
            keys_total,
            families: families.list(),
        }));
        Ok(())
    }
}

/// Says how long a step with so many keys may take of the budget. A step over an empty part of the
/// key space costs too.
fn pause_after(keys: usize) -> Duration {
    let keys = u32::try_from(keys.max(STEP_KEYS / 4)).unwrap_or(u32::MAX);
    let per_second = u32::try_from(KEYS_PER_SECOND).unwrap_or(u32::MAX);
    Duration::from_secs(1) * keys / per_second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_keep_to_the_budget() {
        let steps = u32::try_from(KEYS_PER_SECOND / STEP_KEYS).unwrap();
        assert!(pause_after(STEP_KEYS) * steps >= Duration::from_secs(1));
        assert!(pause_after(0) > Duration::ZERO);
    }
}
