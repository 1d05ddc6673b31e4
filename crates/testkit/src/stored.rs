//! Reads what a run left in Redis, past every node.

use std::collections::HashMap;

use graphy_model::{GraphId, OperationId};
use graphy_store::{GraphStore, History, RedisLink, StoreError};
use serde::Deserialize;

use crate::checker::{JobEnd, StoredGraph, StoredJob};
use crate::recording::{Event, Noted};

/// What the keys of the queue of commands begin with.
const QUEUE: &str = "bull:graph-commands";
/// How many outcomes are looked up at once.
const OUTCOMES_AT_ONCE: usize = 1000;

/// Reads the graphs that commands were sent to.
///
/// # Errors
/// When Redis cannot be reached, a graph is gone, or its history does not begin at 1.
pub async fn read_graphs(
    store: &GraphStore,
    events: &[Noted],
) -> Result<Vec<StoredGraph>, StoreError> {
    let mut sent: HashMap<GraphId, Vec<OperationId>> = HashMap::new();
    for Noted { event, .. } in events {
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

/// What the names of the graphs begin with that nodes probe themselves on.
const PROBE_GRAPHS: &str = "probe-";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobData {
    graph_id: String,
    commands: Vec<JobCommand>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobCommand {
    operation_id: OperationId,
}

/// Reads the jobs that are over and that the queue still keeps.
///
/// # Errors
/// When Redis cannot be reached, or a job is not of our form.
pub async fn read_jobs(link: &RedisLink) -> Result<Vec<StoredJob>, StoreError> {
    let mut redis = link.query();
    let mut jobs = Vec::new();
    for (name, end) in [("completed", JobEnd::Completed), ("failed", JobEnd::Failed)] {
        let ids: Vec<String> = redis::cmd("ZRANGE")
            .arg(format!("{QUEUE}:{name}"))
            .arg(&[0, -1])
            .query_async(&mut redis)
            .await
            .map_err(StoreError::redis("list jobs"))?;
        for ids in ids.chunks(OUTCOMES_AT_ONCE) {
            let mut pipe = redis::pipe();
            for id in ids {
                pipe.hget(format!("{QUEUE}:{id}"), "data");
            }
            let found: Vec<Option<String>> = pipe
                .query_async(&mut redis)
                .await
                .map_err(StoreError::redis("read jobs"))?;
            for (job_id, data) in ids.iter().zip(found) {
                // A job may have been thrown away since it was listed.
                let Some(data) = data else { continue };
                let data: JobData =
                    serde_json::from_str(&data).map_err(|error| StoreError::Corrupt {
                        what: "a job",
                        detail: error.to_string(),
                    })?;
                // Nodes probe themselves now and then; no client sends that.
                if data.graph_id.starts_with(PROBE_GRAPHS) {
                    continue;
                }
                jobs.push(StoredJob {
                    job_id: job_id.clone(),
                    end,
                    operations: data.commands.iter().map(|one| one.operation_id).collect(),
                });
            }
        }
    }
    Ok(jobs)
}
