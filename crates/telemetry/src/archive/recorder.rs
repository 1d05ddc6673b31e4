//! The archive for async code: rows in, stretches out, and never a blocked thread.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Archive, ArchiveSettings, Place, Range, RangeQuery, Row};
use crate::names;
use crate::tasks::{RestartPolicy, TaskContext, TaskFailure, TaskRegistry};

/// How often rows are written; a killed process loses at most so much.
pub const FLUSH_INTERVAL: Duration = Duration::from_secs(5);
/// How many rows may wait to be written, should the disk be slow; then the oldest are lost.
const TAIL_ROWS_MAX: usize = 600;

/// The history of this process. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Recorder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: ArchiveSettings,
    /// None until the task has opened it. Locked only where blocking is allowed.
    archive: Mutex<Option<Archive>>,
    /// Rows that are not written yet. Locked for a moment only.
    tail: Mutex<Vec<Row>>,
    place: watch::Sender<Option<Place>>,
}

impl Recorder {
    /// Opens the history in the task `metric-history`, which writes what is recorded every
    /// [`FLUSH_INTERVAL`] and when `token` is cancelled.
    #[must_use]
    pub fn start(
        settings: ArchiveSettings,
        tasks: &TaskRegistry,
        token: CancellationToken,
    ) -> Self {
        let recorder = Self {
            inner: Arc::new(Inner {
                settings,
                archive: Mutex::new(None),
                tail: Mutex::default(),
                place: watch::Sender::new(None),
            }),
        };
        let shared = recorder.clone();
        tasks.spawn(
            "metric-history",
            RestartPolicy::ALWAYS,
            token,
            move |context| {
                let recorder = shared.clone();
                async move { recorder.run(&context).await }
            },
        );
        recorder
    }

    /// Records the values of one moment. Values that are no finite numbers are left out.
    pub fn record(&self, at_ms: u64, values: impl Iterator<Item = (Arc<str>, f64)>) {
        let row = Row {
            second: at_ms / 1000,
            values: values.filter(|(_, value)| value.is_finite()).collect(),
        };
        let mut tail = lock(&self.inner.tail);
        if tail.len() == TAIL_ROWS_MAX {
            tail.remove(0);
        }
        tail.push(row);
    }

    /// Says where the history is kept; none until it is open.
    #[must_use]
    pub fn place(&self) -> watch::Receiver<Option<Place>> {
        self.inner.place.subscribe()
    }

    /// Says why the history is kept in memory although it has a folder, if that is so.
    #[must_use]
    pub fn fallback(&self) -> Option<String> {
        match &*self.inner.place.borrow() {
            Some(Place::Memory(reason)) if self.inner.settings.folder.is_some() => {
                Some(reason.clone())
            }
            _ => None,
        }
    }

    /// Reads a stretch of history.
    ///
    /// # Errors
    /// When the runtime ends.
    pub async fn range(&self, query: RangeQuery) -> Result<Range, TaskFailure> {
        self.blocking(move |archive, tail| archive.range(&query, tail.as_slice()))
            .await
    }

    /// Says how many bytes the history takes.
    ///
    /// # Errors
    /// When the runtime ends.
    pub async fn bytes(&self) -> Result<u64, TaskFailure> {
        self.blocking(|archive, _| archive.bytes()).await
    }

    /// Writes now what was recorded.
    ///
    /// # Errors
    /// When the runtime ends. A disk that does not take it is told in the log.
    pub async fn flush(&self) -> Result<(), TaskFailure> {
        let inner = Arc::clone(&self.inner);
        self.blocking(move |archive, _| {
            // Under the archive's lock, so that no reader misses the rows or sees them twice.
            measure_disk(inner.settings.folder.as_deref());
            let rows = std::mem::take(&mut *lock(&inner.tail));
            if rows.is_empty() {
                return;
            }
            if let Err(error) = archive.append(&rows) {
                tracing::warn!(%error, rows = rows.len(), "metric history was not written");
            }
        })
        .await
    }

    async fn run(&self, context: &TaskContext) -> Result<(), TaskFailure> {
        let mut ticks = tokio::time::interval(FLUSH_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let goes_on = context.token.run_until_cancelled(ticks.tick()).await;
            self.flush().await?;
            context.tick();
            if goes_on.is_none() {
                return Ok(());
            }
        }
    }

    /// Runs something on the archive where blocking is allowed; opens it if it is not open.
    async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Archive, &Vec<Row>) -> T + Send + 'static,
    ) -> Result<T, TaskFailure> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || {
            let mut archive = lock(&inner.archive);
            let archive = archive.get_or_insert_with(|| {
                let archive = Archive::open(inner.settings.clone());
                if let (Some(_), Place::Memory(reason)) = (&inner.settings.folder, archive.place())
                {
                    tracing::warn!(reason, "metric history is kept in memory only");
                }
                inner.place.send_replace(Some(archive.place().clone()));
                archive
            });
            let tail = lock(&inner.tail).clone();
            act(archive, &tail)
        });
        done.await
            .map_err(|error| TaskFailure::new(format!("metric history: {error}")))
    }
}

/// Sets the gauge [`names::DATA_DISK_FREE`] for the disk that the history lies on.
fn measure_disk(folder: Option<&Path>) {
    let Some(folder) = folder else { return };
    if let (Ok(free), Ok(total)) = (fs4::available_space(folder), fs4::total_space(folder))
        && total > 0
    {
        #[expect(clippy::cast_precision_loss, reason = "a share needs no exact bytes")]
        metrics::gauge!(names::DATA_DISK_FREE).set(free as f64 / total as f64);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
