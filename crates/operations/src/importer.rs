//! Carries import plans out through the ordinary command pipeline.
//!
//! An import fills a hidden graph with `BATCH_UPDATE` commands of one client, a few of them under
//! way at a time, and reveals the graph after the last one has been applied. Whatever goes wrong
//! before that, the graph is discarded. If this process dies, the graph's lease ends and the next
//! node that looks removes it.
//!
//! **Invariant:** nobody sees a graph before its last batch is applied, and no trace is left of a
//! graph that was not revealed.

mod batches;
mod run;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use graphy_engine::Intake;
use graphy_model::{GraphId, Limits, Role, UserId};
use graphy_protocol::console::{ImportProgress, ImportStarted, ImportState};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::GraphStore;
use graphy_store::graph::{HIDDEN_LEASE, Visibility};
use graphy_telemetry::{RestartPolicy, TaskFailure, TaskRegistry};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::fault::store_fault;
use crate::import::ImportPlan;
use crate::journal::{EventKind, Journal};
use crate::pulse::Pulse;

pub(crate) use batches::check_weight;

/// How many imports may go on at once.
pub const RUNNING_MAX: usize = 4;
/// How many ended imports are remembered.
pub const ENDED_KEPT: usize = 12;
/// How long an import waits for any of its batches before it gives up.
pub const STALL_MAX: Duration = Duration::from_secs(120);

/// In whose name an import is done.
#[derive(Debug, Clone)]
pub struct Author {
    /// The person.
    pub user_id: UserId,
    /// What they are trusted with.
    pub role: Role,
}

/// What imports need.
#[derive(Clone)]
pub(crate) struct ImporterParts {
    pub(crate) store: GraphStore,
    pub(crate) intake: Intake,
    pub(crate) limits: Limits,
    pub(crate) journal: Arc<Journal>,
    pub(crate) pulse: Pulse,
    pub(crate) tasks: TaskRegistry,
    pub(crate) token: CancellationToken,
}

/// The imports of this node; cheap to clone.
#[derive(Clone)]
pub struct Importer {
    parts: ImporterParts,
    imports: Arc<Mutex<BTreeMap<String, Import>>>,
}

struct Import {
    progress: watch::Sender<ImportProgress>,
    cancel: CancellationToken,
}

impl Importer {
    /// Makes the importer and starts its janitor as task `import-janitor`.
    pub(crate) fn start(parts: ImporterParts) -> Self {
        let (store, journal) = (parts.store.clone(), Arc::clone(&parts.journal));
        parts.tasks.spawn(
            "import-janitor",
            RestartPolicy::ALWAYS,
            parts.token.clone(),
            move |context| {
                let (store, journal) = (store.clone(), Arc::clone(&journal));
                async move {
                    let mut ticks = tokio::time::interval(HIDDEN_LEASE / 3);
                    while context
                        .token
                        .run_until_cancelled(ticks.tick())
                        .await
                        .is_some()
                    {
                        context.tick();
                        let count = store.discard_expired().await?;
                        if count > 0 {
                            let text = format!("removed what {count} broken imports left behind");
                            journal.note(EventKind::Import, &text, None);
                        }
                    }
                    Ok(())
                }
            },
        );
        Self {
            parts,
            imports: Arc::default(),
        }
    }

    /// Makes a hidden graph and begins to fill it. Resolves when the work has begun.
    ///
    /// # Errors
    /// `rate_limited` when too many imports go on, `unavailable` when Redis does not answer.
    pub async fn begin(&self, plan: ImportPlan, author: Author) -> Result<ImportStarted, ApiError> {
        let id = Uuid::now_v7().simple().to_string();
        let graph_id = GraphId::new(&id).expect("the digits of a UUID are an id");
        let progress = ImportProgress {
            import_id: id.clone(),
            graph_id: graph_id.clone(),
            name: plan.name.clone(),
            total: plan.len() as u64,
            done: 0,
            state: ImportState::Running,
            error: None,
        };
        let progress = watch::Sender::new(progress);
        let cancel = self.parts.token.child_token();
        self.enter(
            &id,
            Import {
                progress: progress.clone(),
                cancel: cancel.clone(),
            },
        )?;
        let store = &self.parts.store;
        let now_ms = store.now_ms();
        let made = store
            .create(
                &graph_id,
                &plan.name,
                &author.user_id,
                now_ms,
                Visibility::Hidden,
            )
            .await;
        if let Err(error) = made {
            self.lock().remove(&id);
            return Err(store_fault(&error));
        }
        self.parts.pulse.beat();
        let run = run::Run::new(self.parts.clone(), plan, author, progress, cancel.clone());
        let mut run = Some(run);
        self.parts
            .tasks
            .spawn("import", RestartPolicy::Never, cancel, move |_context| {
                let run = run.take();
                async move {
                    match run {
                        Some(run) => run.carry_out().await,
                        None => Err(TaskFailure::new("an import runs only once")),
                    }
                }
            });
        Ok(ImportStarted {
            import_id: id,
            graph_id,
        })
    }

    /// Stops an import. Its graph is removed shortly after.
    ///
    /// # Errors
    /// `not_found` when no such import goes on.
    pub fn cancel(&self, import_id: &str) -> Result<(), ApiError> {
        let imports = self.lock();
        let import = imports.get(import_id).filter(|import| import.is_running());
        let Some(import) = import else {
            let message = "no such import goes on";
            return Err(ApiError::new(ErrorCode::NotFound, message).on("importId"));
        };
        import.cancel.cancel();
        Ok(())
    }

    /// Returns where the imports stand: those that go on and the last ones that ended, by age.
    #[must_use]
    pub fn progress(&self) -> Vec<ImportProgress> {
        self.lock()
            .values()
            .map(|import| import.progress.borrow().clone())
            .collect()
    }

    /// Watches one import; none if it is not known, or not any more.
    #[must_use]
    pub fn watch(&self, import_id: &str) -> Option<watch::Receiver<ImportProgress>> {
        self.lock()
            .get(import_id)
            .map(|import| import.progress.subscribe())
    }

    fn enter(&self, id: &str, import: Import) -> Result<(), ApiError> {
        let mut imports = self.lock();
        let running = imports
            .values()
            .filter(|import| import.is_running())
            .count();
        if running >= RUNNING_MAX {
            let message = format!("{running} imports go on already; wait for one of them");
            return Err(ApiError::new(ErrorCode::RateLimited, message));
        }
        let ended = imports.iter().filter(|(_, import)| !import.is_running());
        let surplus = (imports.len() - running + 1).saturating_sub(ENDED_KEPT);
        // The ids grow with time, so the first ones are the oldest.
        let oldest: Vec<String> = ended.take(surplus).map(|(id, _)| id.clone()).collect();
        for id in oldest {
            imports.remove(&id);
        }
        imports.insert(id.to_owned(), import);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Import>> {
        self.imports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Import {
    fn is_running(&self) -> bool {
        self.progress.borrow().state == ImportState::Running
    }
}
