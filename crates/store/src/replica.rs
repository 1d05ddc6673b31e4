//! Graphs in memory, kept equal to Redis.
//!
//! Each graph has one lane: whoever holds it reads or decides alone. A lane is an async lock that
//! is held across Redis calls on purpose, because "decide, write, take over" must not interleave
//! within a process; between processes the apply script's compare-and-swap does the same.
//!
//! **Invariant:** what stands in a lane is a state that Redis had. A holder that is interrupted
//! between decision and write leaves the lane empty, and the next holder loads again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use graphy_model::{AppliedOperation, ClientId, Graph, GraphId, UndoStacks, UserId};
use graphy_telemetry::board::CacheStatus;
use graphy_telemetry::names;
use tokio::sync::{Mutex as LaneLock, OwnedMutexGuard};
use tokio::time::Instant;

use crate::error::StoreError;
use crate::graph::GraphStore;

/// How many graphs are kept in memory unless configured otherwise.
pub const REPLICAS_MAX: usize = 256;

/// What may be kept in memory, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaSettings {
    /// How many graphs that nobody uses are kept at most.
    pub replicas_max: usize,
    /// How long a graph is kept that nobody uses; none keeps it until others need its place.
    pub idle_max: Option<Duration>,
}

impl Default for ReplicaSettings {
    fn default() -> Self {
        Self {
            replicas_max: REPLICAS_MAX,
            idle_max: None,
        }
    }
}

/// A graph in memory with what the order of commands needs.
#[derive(Debug)]
pub struct Replica {
    /// The graph.
    pub graph: Graph,
    /// The last handled seq of clients, as far as they were asked for.
    pub seqs: HashMap<ClientId, u64>,
    /// What users may take back, as far as that was asked for.
    pub stacks: HashMap<UserId, UndoStacks>,
}

impl Replica {
    /// Replays an operation that somebody else applied.
    pub fn replay(&mut self, operation: &AppliedOperation) {
        let _undo = self.graph.apply(operation);
        if let (Some(client), Some(seq)) = (&operation.client_id, operation.seq)
            && let Some(last) = self.seqs.get_mut(client)
        {
            *last = (*last).max(seq);
        }
        if let Some(stacks) = self.stacks.get_mut(&operation.user_id) {
            stacks.note(operation);
        }
    }
}

struct Slot {
    lane: Arc<LaneLock<Option<Replica>>>,
    used: AtomicU64,
    /// When it was last asked for, in ms since the set was made.
    used_ms: AtomicU64,
}

/// The graphs in memory of one process; cheap to clone.
#[derive(Clone)]
pub struct Replicas {
    inner: Arc<Inner>,
}

struct Inner {
    store: GraphStore,
    slots: Mutex<HashMap<GraphId, Arc<Slot>>>,
    clock: AtomicU64,
    born: Instant,
    settings: ReplicaSettings,
    counts: Arc<Counts>,
}

/// How often a graph that was wanted was in memory.
#[derive(Debug, Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Replicas {
    /// Makes an empty set that keeps at most `replicas_max` graphs that nobody uses.
    #[must_use]
    pub fn new(store: GraphStore, replicas_max: usize) -> Self {
        let settings = ReplicaSettings {
            replicas_max,
            ..ReplicaSettings::default()
        };
        Self::with(store, settings)
    }

    /// Makes an empty set.
    #[must_use]
    pub fn with(store: GraphStore, settings: ReplicaSettings) -> Self {
        let inner = Inner {
            store,
            slots: Mutex::new(HashMap::new()),
            clock: AtomicU64::new(0),
            born: Instant::now(),
            settings: ReplicaSettings {
                replicas_max: settings.replicas_max.max(1),
                ..settings
            },
            counts: Arc::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Forgets the graphs that nobody has used for longer than they may be kept.
    pub fn forget_idle(&self) {
        let Some(idle_max) = self.inner.settings.idle_max else {
            return;
        };
        let idle_max_ms = u64::try_from(idle_max.as_millis()).unwrap_or(u64::MAX);
        let now_ms = self.now_ms();
        let mut slots = self.slots();
        slots.retain(|_, slot| {
            let idle_ms = now_ms.saturating_sub(slot.used_ms.load(Ordering::Relaxed));
            Arc::strong_count(&slot.lane) > 1 || idle_ms <= idle_max_ms
        });
        show_count(slots.len());
    }

    /// Returns how well the memory works.
    #[must_use]
    pub fn cache_status(&self) -> CacheStatus {
        let inner = &self.inner;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        CacheStatus {
            name: "graphs".to_owned(),
            entries: count(self.slots().len()),
            entries_max: count(inner.settings.replicas_max),
            ttl_ms: inner
                .settings
                .idle_max
                .and_then(|idle| u64::try_from(idle.as_millis()).ok()),
            hits: inner.counts.hits.load(Ordering::Relaxed),
            misses: inner.counts.misses.load(Ordering::Relaxed),
        }
    }

    /// Returns the store that the graphs come from.
    #[must_use]
    pub fn store(&self) -> &GraphStore {
        &self.inner.store
    }

    /// Waits for a graph's lane and takes it.
    pub async fn lane(&self, id: &GraphId) -> Lane {
        let lane = self.slot(id);
        Lane {
            id: id.clone(),
            store: self.inner.store.clone(),
            counts: Arc::clone(&self.inner.counts),
            guard: lane.lock_owned().await,
        }
    }

    /// Runs `read` on the graph as it is in Redis now; none if there is no such graph.
    ///
    /// # Errors
    /// When Redis cannot be reached or holds what is not of our form.
    pub async fn read<T>(
        &self,
        id: &GraphId,
        read: impl FnOnce(&Graph) -> T,
    ) -> Result<Option<T>, StoreError> {
        let mut lane = self.lane(id).await;
        Ok(lane.current().await?.map(|replica| read(&replica.graph)))
    }

    fn slot(&self, id: &GraphId) -> Arc<LaneLock<Option<Replica>>> {
        let now = self.inner.clock.fetch_add(1, Ordering::Relaxed);
        let mut slots = self.slots();
        let slot = slots.entry(id.clone()).or_insert_with(|| {
            Arc::new(Slot {
                lane: Arc::default(),
                used: AtomicU64::new(now),
                used_ms: AtomicU64::new(0),
            })
        });
        slot.used.store(now, Ordering::Relaxed);
        slot.used_ms.store(self.now_ms(), Ordering::Relaxed);
        let lane = Arc::clone(&slot.lane);
        if slots.len() > self.inner.settings.replicas_max {
            evict(&mut slots);
        }
        show_count(slots.len());
        lane
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<GraphId, Arc<Slot>>> {
        self.inner
            .slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.inner.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count of graphs, far below 2^52"
)]
fn show_count(graphs: usize) {
    metrics::gauge!(names::REPLICAS_LOADED).set(graphs as f64);
}

/// Drops the graph that was unused the longest, if there is one that nobody uses.
fn evict(slots: &mut HashMap<GraphId, Arc<Slot>>) {
    let idle = slots
        .iter()
        .filter(|(_, slot)| Arc::strong_count(&slot.lane) == 1);
    let oldest = idle.min_by_key(|(_, slot)| slot.used.load(Ordering::Relaxed));
    if let Some(id) = oldest.map(|(id, _)| id.clone()) {
        slots.remove(&id);
    }
}

/// The only access to one graph in memory, while it is held.
pub struct Lane {
    id: GraphId,
    store: GraphStore,
    counts: Arc<Counts>,
    guard: OwnedMutexGuard<Option<Replica>>,
}

impl Lane {
    /// Returns the graph as it is in Redis now; none if there is no such graph.
    ///
    /// # Errors
    /// When Redis cannot be reached or holds what is not of our form.
    pub async fn current(&mut self) -> Result<Option<&mut Replica>, StoreError> {
        let Some(head) = self.store.head(&self.id).await? else {
            *self.guard = None;
            return Ok(None);
        };
        if let Some(mut replica) = self.guard.take()
            && replica.graph.epoch() == &head.epoch
            && replica.graph.version() <= head.version
        {
            if replica.graph.version() == head.version {
                self.counts.hits.fetch_add(1, Ordering::Relaxed);
                return Ok(Some(self.guard.insert(replica)));
            }
            // What is passed now may hold commands of clients whose seqs are remembered here.
            replica.seqs.clear();
            replica.stacks.clear();
            if self.store.catch_up(&self.id, &mut replica.graph).await? {
                self.counts.hits.fetch_add(1, Ordering::Relaxed);
                return Ok(Some(self.guard.insert(replica)));
            }
        }
        self.load().await
    }

    /// Takes the graph out of the lane, loading it if it is not there; it may be behind Redis.
    ///
    /// Whoever takes it puts it back with [`Lane::put`] once it is a state that Redis has.
    ///
    /// # Errors
    /// When Redis cannot be reached or holds what is not of our form.
    pub async fn take(&mut self) -> Result<Option<Replica>, StoreError> {
        if self.guard.is_none() {
            self.load().await?;
        } else {
            self.counts.hits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(self.guard.take())
    }

    /// Puts a graph into the lane.
    pub fn put(&mut self, replica: Replica) {
        *self.guard = Some(replica);
    }

    async fn load(&mut self) -> Result<Option<&mut Replica>, StoreError> {
        *self.guard = None;
        self.counts.misses.fetch_add(1, Ordering::Relaxed);
        let graph = self.store.load(&self.id).await?;
        Ok(graph.map(|graph| {
            self.guard.insert(Replica {
                graph,
                seqs: HashMap::new(),
                stacks: HashMap::new(),
            })
        }))
    }
}
