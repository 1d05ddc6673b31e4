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
use std::sync::{Arc, Mutex, PoisonError};

use graphy_model::{AppliedOperation, ClientId, Graph, GraphId, UndoStacks, UserId};
use graphy_telemetry::names;
use tokio::sync::{Mutex as LaneLock, OwnedMutexGuard};

use crate::error::StoreError;
use crate::graph::GraphStore;

/// How many graphs are kept in memory unless configured otherwise.
pub const REPLICAS_MAX: usize = 256;

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
    replicas_max: usize,
}

impl Replicas {
    /// Makes an empty set that keeps at most `replicas_max` graphs that nobody uses.
    #[must_use]
    pub fn new(store: GraphStore, replicas_max: usize) -> Self {
        let inner = Inner {
            store,
            slots: Mutex::new(HashMap::new()),
            clock: AtomicU64::new(0),
            replicas_max: replicas_max.max(1),
        };
        Self {
            inner: Arc::new(inner),
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
        let mut slots = self
            .inner
            .slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(id.clone()).or_insert_with(|| {
            Arc::new(Slot {
                lane: Arc::default(),
                used: AtomicU64::new(now),
            })
        });
        slot.used.store(now, Ordering::Relaxed);
        let lane = Arc::clone(&slot.lane);
        if slots.len() > self.inner.replicas_max {
            evict(&mut slots);
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a count of graphs, far below 2^52"
        )]
        metrics::gauge!(names::REPLICAS_LOADED).set(slots.len() as f64);
        lane
    }
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
                return Ok(Some(self.guard.insert(replica)));
            }
            // What is passed now may hold commands of clients whose seqs are remembered here.
            replica.seqs.clear();
            replica.stacks.clear();
            if self.store.catch_up(&self.id, &mut replica.graph).await? {
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
        }
        Ok(self.guard.take())
    }

    /// Puts a graph into the lane.
    pub fn put(&mut self, replica: Replica) {
        *self.guard = Some(replica);
    }

    async fn load(&mut self) -> Result<Option<&mut Replica>, StoreError> {
        *self.guard = None;
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
