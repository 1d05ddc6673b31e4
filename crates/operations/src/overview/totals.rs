//! Figures of all graphs together, which every node exports alike.

use graphy_store::GraphStore;
use graphy_telemetry::names;

/// Sets them to what the store holds. What cannot be read now stays as it was: how old the totals
/// are is itself a figure.
pub(super) async fn measure(store: &GraphStore) {
    let Ok(state) = store.totals().await else {
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
