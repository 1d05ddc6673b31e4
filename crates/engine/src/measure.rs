//! Figures of the queues and of all graphs that every node exports alike.

use std::time::Duration;

use graphy_store::GraphStore;
use graphy_telemetry::names::{self, label};
use graphy_telemetry::tasks::{RestartPolicy, TaskContext, TaskFailure, TaskRegistry};
use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;

use crate::definition::QueueKind;
use crate::queues::Queues;

/// How often the figures are read.
const STEP: Duration = Duration::from_secs(5);
/// How long reading may take before it counts as not done.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

impl Queues {
    /// Keeps the figures of the queues and the counts of all graphs up to date, as task
    /// `queue-figures`.
    pub fn measure(&self, store: GraphStore, tasks: &TaskRegistry, token: CancellationToken) {
        let queues = self.clone();
        tasks.spawn(
            "queue-figures",
            RestartPolicy::ALWAYS,
            token,
            move |context| run(queues.clone(), store.clone(), context),
        );
    }

    async fn measure_sizes(&self) {
        for kind in QueueKind::ALL {
            // What cannot be read now stays as it was; the age of Redis' answers shows elsewhere.
            if let Ok(Ok(counts)) = timeout(ANSWER_WAIT, self.counts(kind)).await {
                metrics::gauge!(names::QUEUE_SIZE, label::QUEUE_NAME => kind.name())
                    .set(as_figure(counts.unfinished()));
            }
        }
    }
}

async fn run(queues: Queues, store: GraphStore, context: TaskContext) -> Result<(), TaskFailure> {
    let mut ticks = tokio::time::interval(STEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while context
        .token
        .run_until_cancelled(ticks.tick())
        .await
        .is_some()
    {
        queues.measure_sizes().await;
        measure_totals(&store).await;
        context.tick();
    }
    Ok(())
}

async fn measure_totals(store: &GraphStore) {
    let Ok(Ok(state)) = timeout(ANSWER_WAIT, store.totals()).await else {
        return;
    };
    let Some(totals) = state.totals else { return };
    metrics::gauge!(names::GRAPHS).set(as_figure(totals.graphs));
    metrics::gauge!(names::GRAPH_NODES).set(as_figure(totals.nodes));
    metrics::gauge!(names::GRAPH_EDGES).set(as_figure(totals.edges));
    metrics::gauge!(names::HISTORY_ENTRIES).set(as_figure(totals.history_entries));
    let mismatches = state.mismatched.len() as u64;
    metrics::gauge!(names::CHECKSUM_MISMATCHES).set(as_figure(mismatches));
    let age_ms = store.now_ms().saturating_sub(state.completed_at);
    metrics::gauge!(names::TOTALS_AGE).set(as_figure(age_ms) / 1000.0);
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn as_figure(count: u64) -> f64 {
    count as f64
}
