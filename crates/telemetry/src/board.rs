//! What the parts of a node say of themselves: workers, circuit breakers, caches, probes.
//!
//! Each part puts one source on the board when it starts; whoever shows the node reads all of them.
//! So no part knows who shows it, and what shows it knows no part. A source must be quick: it is
//! called on an async thread every few seconds.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The worker of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerStatus {
    /// Which queue.
    pub queue: String,
    /// What it calls itself.
    pub name: String,
    /// What it does now.
    pub state: WorkerState,
    /// How many jobs it handles at once.
    pub concurrency: usize,
    /// How many jobs it handles now.
    pub active: usize,
    /// How many jobs it has taken since it started.
    pub fetched: u64,
    /// When it last took one, in ms since the Unix epoch.
    pub last_fetch_ms: Option<u64>,
    /// How often the watchdog had to build it anew.
    pub rebuilds: u32,
}

/// What a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerState {
    /// It fetches jobs.
    Running,
    /// It was told to fetch none.
    Paused,
    /// It fetched nothing though jobs waited, and is made anew.
    Rebuilding,
    /// It has ended.
    Stopped,
}

/// A circuit breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitStatus {
    /// What it guards.
    pub name: String,
    /// Whether it lets calls through.
    pub state: CircuitState,
    /// Since when, in ms since the Unix epoch.
    pub since_ms: u64,
    /// How often it has opened.
    pub trips: u64,
    /// Why it last opened.
    pub reason: Option<String>,
}

/// Whether a circuit breaker lets calls through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitState {
    /// All calls go through.
    Closed,
    /// None do.
    Open,
    /// One does, to see whether it works again.
    HalfOpen,
}

/// A cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheStatus {
    /// Which cache.
    pub name: String,
    /// How many entries it holds.
    pub entries: u64,
    /// How many it may hold.
    pub entries_max: u64,
    /// How long an entry lives, in ms; none if for ever.
    pub ttl_ms: Option<u64>,
    /// How often it had what was wanted.
    pub hits: u64,
    /// How often it had not.
    pub misses: u64,
}

/// A probe that a node makes of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeStatus {
    /// What it goes through.
    pub name: String,
    /// Whether it came through.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// When, in ms since the Unix epoch.
    pub at_ms: u64,
    /// How long it took, in ms.
    pub took_ms: Option<f64>,
}

/// What one part says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartStatus {
    /// Its workers.
    pub workers: Vec<WorkerStatus>,
    /// Its circuit breakers.
    pub circuits: Vec<CircuitStatus>,
    /// Its caches.
    pub caches: Vec<CacheStatus>,
    /// Its probes.
    pub probes: Vec<ProbeStatus>,
}

type Source = Arc<dyn Fn() -> PartStatus + Send + Sync>;

/// The board of one node. Clones are the same board.
#[derive(Clone, Default)]
pub struct StatusBoard {
    sources: Arc<Mutex<Vec<Source>>>,
}

impl StatusBoard {
    /// Puts a part on the board for as long as the node runs.
    pub fn add(&self, source: impl Fn() -> PartStatus + Send + Sync + 'static) {
        self.lock().push(Arc::new(source));
    }

    /// Asks all parts, in the order in which they were added.
    #[must_use]
    pub fn read(&self) -> PartStatus {
        // Asked without the lock, so that a part may add another.
        let sources = self.lock().clone();
        let mut all = PartStatus::default();
        for source in sources {
            let part = source();
            all.workers.extend(part.workers);
            all.circuits.extend(part.circuits);
            all.caches.extend(part.caches);
            all.probes.extend(part.probes);
        }
        all
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Source>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for StatusBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusBoard")
            .field("sources", &self.lock().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_are_read_in_order() {
        let board = StatusBoard::default();
        for name in ["graphs", "tokens"] {
            board.add(move || PartStatus {
                caches: vec![CacheStatus {
                    name: name.to_owned(),
                    entries: 1,
                    entries_max: 2,
                    ttl_ms: None,
                    hits: 3,
                    misses: 4,
                }],
                ..PartStatus::default()
            });
        }
        let names: Vec<_> = board.read().caches.into_iter().map(|c| c.name).collect();
        assert_eq!(names, ["graphs", "tokens"]);
    }
}
