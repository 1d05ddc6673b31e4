//! Reads what a run left in Redis, past every node.

use std::collections::HashMap;

use graphy_model::{GraphId, OperationId};
use graphy_store::{GraphStore, History, StoreError};

use crate::checker::StoredGraph;
use crate::recording::Event;

/// How many outcomes are looked up at once.
const OUTCOMES_AT_ONCE: usize = 1000;

/// Reads the graphs that commands were sent to.
///
/// # Errors
/// When Redis cannot be reached, a graph is gone, or its history does not begin at 1.
pub async fn read_graphs(
    store: &GraphStore,
    events: &[Event],
) -> Result<Vec<StoredGraph>, StoreError> {
    let mut sent: HashMap<GraphId, Vec<OperationId>> = HashMap::new();
    for event in events {
        if let Event::Sent(sending) = event {
            let ids = sent.entry(sending.graph.clone()).or_default();
            ids.push(sending.envelope.operation_id);
        }
    }
    let mut graphs = Vec::with_capacity(sent.len());
    for (graph_id, ids) in sent {
        graphs.push(read_graph(store, graph_id, &ids).await?);
    }
    Ok(graphs)
}

async fn read_graph(
    store: &GraphStore,
    graph_id: GraphId,
    ids: &[OperationId],
) -> Result<StoredGraph, StoreError> {
    let missing = |what: &'static str| StoreError::Corrupt {
        what,
        detail: graph_id.to_string(),
    };
    let graph = store
        .load(&graph_id)
        .await?
        .ok_or_else(|| missing("a graph that is gone"))?;
    let found = store
        .verify(&graph_id)
        .await?
        .ok_or_else(|| missing("a graph that is gone"))?;
    let History::Operations(stream) = store
        .operations_since(&graph_id, 0, usize::MAX >> 1)
        .await?
    else {
        return Err(missing("a history without its beginning"));
    };
    let mut outcomes = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(OUTCOMES_AT_ONCE) {
        let found = store.outcomes_of(&graph_id, ids).await?;
        outcomes.extend(
            ids.iter()
                .zip(found)
                .filter_map(|(id, outcome)| outcome.map(|outcome| (*id, outcome))),
        );
    }
    let (stored, computed) = (found.stored, found.computed);
    Ok(StoredGraph {
        graph_id,
        graph,
        stored,
        computed,
        stream,
        outcomes,
    })
}
