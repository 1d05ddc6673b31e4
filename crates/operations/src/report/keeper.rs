//! Adds what this node counts to the ledger, and audits a graph now and then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use graphy_store::{GraphStore, Ledger, LedgerEntry, StoreError};
use graphy_telemetry::names::{self, label};
use graphy_telemetry::{
    Metrics, MetricsSnapshot, RestartPolicy, SharedClock, TaskContext, TaskRegistry, TaskState,
};
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::tally::{Tally, levels};

/// How often the counts are added.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many rounds lie between two audits of one graph.
const AUDIT_ROUNDS: u64 = 6;
/// Larger graphs are audited only when somebody asks.
const AUDIT_ENTITIES_MAX: u64 = 50_000;
/// A rate over less than this says little.
const RATE_MS_MIN: u64 = 5_000;

/// What the keeper works with.
pub(crate) struct KeeperParts {
    pub(crate) store: GraphStore,
    pub(crate) metrics: Metrics,
    pub(crate) clock: SharedClock,
    pub(crate) tasks: TaskRegistry,
    pub(crate) token: CancellationToken,
}

/// Keeps this node's part of the ledger; cheap to clone.
#[derive(Clone)]
pub(crate) struct Keeper {
    inner: Arc<Inner>,
}

struct Inner {
    ledger: Ledger,
    store: GraphStore,
    metrics: Metrics,
    clock: SharedClock,
    tasks: TaskRegistry,
    state: Mutex<State>,
}

/// What was added last.
struct State {
    tally: Tally,
    at: u64,
    /// When adding failed since: before that the node was not fit for work.
    failed_at: Option<u64>,
    /// Parts of a second that the counter of seconds could not take yet, in milliseconds.
    rest_ms: u64,
}

impl Keeper {
    /// Starts the task `report-ledger`; it ends when the token is cancelled.
    pub(crate) fn start(parts: KeeperParts) -> Self {
        let KeeperParts {
            store,
            metrics,
            clock,
            tasks,
            token,
        } = parts;
        let state = State {
            tally: Tally::of(&metrics.snapshot()),
            at: clock.now_ms(),
            failed_at: None,
            rest_ms: 0,
        };
        let inner = Inner {
            ledger: Ledger::new(store.link().clone()),
            store,
            metrics,
            clock,
            tasks: tasks.clone(),
            state: Mutex::new(state),
        };
        let keeper = Self {
            inner: Arc::new(inner),
        };
        let shared = keeper.clone();
        tasks.spawn(
            "report-ledger",
            RestartPolicy::ALWAYS,
            token,
            move |context| {
                let keeper = shared.clone();
                async move {
                    keeper.run(&context).await;
                    Ok(())
                }
            },
        );
        keeper
    }

    /// Returns the ledger.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    async fn run(&self, context: &TaskContext) {
        let started_at = self.inner.state.lock().await.at;
        match self.inner.ledger.opened(started_at).await {
            Ok(Some(down)) => {
                tracing::warn!(down_s = down.as_secs(), "nothing ran since the last crash");
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the time since the last stop is not known"),
        }
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + INTERVAL, INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut round = 0_u64;
        while context
            .token
            .run_until_cancelled(ticks.tick())
            .await
            .is_some()
        {
            round += 1;
            report(self.flush().await);
            if round.is_multiple_of(AUDIT_ROUNDS) {
                report(self.audit().await);
            }
            context.tick();
        }
        report(self.flush().await);
        report(self.inner.ledger.stopped(self.inner.clock.now_ms()).await);
    }

    /// Adds what was counted since the last time.
    ///
    /// # Errors
    /// When Redis cannot be reached; the counts are added the next time then.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        let mut state = self.inner.state.lock().await;
        let now = self.inner.clock.now_ms();
        let snapshot = self.inner.metrics.snapshot();
        let ready = self.is_ready(&snapshot);
        count_service(&mut state, now, ready);
        let tally = Tally::of(&snapshot);
        let grown = tally.since(&state.tally);
        let entry = LedgerEntry {
            now,
            since: state.at,
            ready_since: ready.then(|| state.failed_at.unwrap_or(state.at)),
            peaks: peaks(&snapshot, &grown, now.saturating_sub(state.at)),
            sums: with_samples(grown, &snapshot),
        };
        match self.inner.ledger.add(&entry).await {
            Ok(()) => {
                (state.tally, state.at, state.failed_at) = (tally, now, None);
                Ok(())
            }
            Err(error) => {
                state.failed_at = Some(now);
                Err(error)
            }
        }
    }

    /// Says whether the node is fit for work, from what its probes found last.
    fn is_ready(&self, snapshot: &MetricsSnapshot) -> bool {
        let failed = |state: &TaskState| matches!(state, TaskState::Failed { .. });
        let tasks_work = !self
            .inner
            .tasks
            .list()
            .iter()
            .any(|task| failed(&task.state));
        tasks_work && probes_pass(snapshot)
    }

    /// Compares one graph's content with its checksum; each minute another one, on one node.
    async fn audit(&self) -> Result<(), StoreError> {
        if !self.inner.ledger.claim_audit().await? {
            return Ok(());
        }
        let graphs = self.inner.store.list().await?;
        let fit =
            |row: &&graphy_store::graph::GraphRow| row.nodes + row.edges <= AUDIT_ENTITIES_MAX;
        let fit: Vec<_> = graphs.iter().filter(fit).collect();
        let minute = usize::try_from(self.inner.clock.now_ms() / 60_000).unwrap_or(0);
        let Some(row) = (!fit.is_empty()).then(|| fit[minute % fit.len()]) else {
            return Ok(());
        };
        // The store counts the result; a graph that changes too fast is left for another time.
        let graph = &row.meta.graph_id;
        match self.inner.store.verify(graph).await {
            Ok(Some(found)) if found.stored != found.computed => {
                tracing::error!(%graph, "a graph's content does not match its checksum");
            }
            Ok(_) | Err(StoreError::Corrupt { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Says whether the self-probes that run in the background came through; true where none runs.
fn probes_pass(snapshot: &MetricsSnapshot) -> bool {
    let probes = snapshot.label_values(names::PROBE_SUCCESS, label::PROBE);
    probes
        .into_iter()
        .all(|probe| snapshot.value(names::PROBE_SUCCESS, &[(label::PROBE, probe)]) != Some(0.0))
}

fn count_service(state: &mut State, now: u64, ready: bool) {
    let since = state.failed_at.unwrap_or(state.at);
    let passed_ms = now.saturating_sub(since) + state.rest_ms;
    state.rest_ms = passed_ms % 1000;
    let word = if ready { "ready" } else { "not_ready" };
    metrics::counter!(names::SERVICE_SECONDS, label::STATE => word).increment(passed_ms / 1000);
}

#[expect(clippy::cast_precision_loss, reason = "a short time")]
fn peaks(
    snapshot: &MetricsSnapshot,
    grown: &BTreeMap<String, f64>,
    passed_ms: u64,
) -> BTreeMap<String, f64> {
    let mut peaks = levels(snapshot);
    if passed_ms >= RATE_MS_MIN {
        let outcomes = grown
            .iter()
            .filter(|(field, _)| field.starts_with("commands."));
        let commands: f64 = outcomes.map(|(_, count)| count).sum();
        let rate = commands * 1000.0 / passed_ms as f64;
        peaks.insert("peak.commands_per_second".to_owned(), rate);
    }
    peaks
}

/// Adds levels that are averaged: their sum, and how many samples it is of.
fn with_samples(
    mut sums: BTreeMap<String, f64>,
    snapshot: &MetricsSnapshot,
) -> BTreeMap<String, f64> {
    let levels = [
        ("redis_latency", names::REDIS_LATENCY),
        ("jobs", names::QUEUE_SIZE),
    ];
    for (field, metric) in levels {
        if let Some(value) = snapshot.value(metric, &[]) {
            sums.insert(format!("{field}.sum"), value);
            sums.insert(format!("{field}.samples"), 1.0);
        }
    }
    sums
}

fn report(done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::debug!(%error, "the ledger was not written");
    }
}
