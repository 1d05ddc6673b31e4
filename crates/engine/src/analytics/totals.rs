//! `UPDATE_METRICS`: counts what all graphs hold, a bounded slice with every run, and checks the
//! checksums of some of them in turn.

use graphy_store::StoreError;
use graphy_store::graph::TotalsState;
use serde_json::{Value, json};

use super::AnalyticsJobs;
use crate::worker::JobFault;

/// How many graphs one run counts.
const GRAPHS_MAX: usize = 2000;
/// How many graphs one run checks.
const CHECKED_MAX: usize = 5;
/// How many entities one run reads for checks, about: no further graph is begun beyond.
const ENTITIES_MAX: u64 = 20_000;
/// How many graphs that do not add up are named.
const MISMATCHED_MAX: usize = 100;

impl AnalyticsJobs {
    pub(super) async fn count(&self) -> Result<Value, JobFault> {
        let store = self.replicas.store();
        let mut state = store.totals().await?;
        let slice = store.totals_of(state.place, GRAPHS_MAX).await?;
        state.count(&slice, slice.places < GRAPHS_MAX, store.now_ms());
        self.check(&mut state).await?;
        store.keep_totals(&state).await?;
        Ok(json!({
            "counted": slice.graphs.len(),
            "verified": state.verified,
            "mismatched": state.mismatched,
        }))
    }

    /// Checks the next graphs in turn.
    async fn check(&self, state: &mut TotalsState) -> Result<(), JobFault> {
        let store = self.replicas.store();
        let slice = store.totals_of(state.verify_place, CHECKED_MAX).await?;
        let mut read = 0;
        let mut places = 0;
        for graph in &slice.graphs {
            if read >= ENTITIES_MAX {
                break;
            }
            places += 1;
            match store.verify(graph).await {
                Ok(None) => state.mismatched.retain(|one| one != graph),
                Ok(Some(found)) => {
                    read += found.nodes + found.edges;
                    state.verified += 1;
                    state.mismatched.retain(|one| one != graph);
                    if found.stored != found.computed {
                        tracing::error!(%graph, version = found.version,
                            "a graph does not add up to its checksum");
                        state.mismatched.push(graph.clone());
                    }
                }
                // It changes faster than it can be read; it has its turn again.
                Err(StoreError::Corrupt { detail, .. }) => {
                    tracing::debug!(%graph, detail, "a checksum was not checked");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let whole = places == slice.graphs.len();
        state.verify_place = if whole && slice.places < CHECKED_MAX {
            0
        } else if whole {
            state.verify_place + slice.places as u64
        } else {
            state.verify_place + places as u64
        };
        let excess = state.mismatched.len().saturating_sub(MISMATCHED_MAX);
        state.mismatched.drain(..excess);
        Ok(())
    }
}
