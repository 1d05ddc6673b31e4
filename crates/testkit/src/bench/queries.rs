//! Reads of a graph of ten thousand nodes.

use std::time::Instant;

use anyhow::bail;
use graphy_model::{GraphId, Role, UserId};
use graphy_store::graph::Visibility;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Target;
use super::report::Row;

const NODES: usize = 10_000;
const READS: usize = 300;

/// Measures full reads, reads of what has not changed, and reads of the last changes.
pub(super) async fn run(target: &Target) -> anyhow::Result<Vec<Row>> {
    let graph = GraphId::new("bench-large")?;
    let store = target.cluster.store();
    let user = UserId::new("bench")?;
    store
        .create(&graph, "Bench", &user, store.now_ms(), Visibility::Listed)
        .await?;
    let token = target.cluster.token(&user, Role::Editor).await;
    let client = reqwest::Client::new();
    let url = |path: &str| {
        target
            .cluster
            .node(0)
            .url()
            .http(&format!("/api/v2/graphs/{graph}{path}"))
    };
    fill(&client, &url("/batch"), &token).await?;
    let state: Value = client
        .get(url("/state"))
        .bearer_auth(&token)
        .send()
        .await?
        .json()
        .await?;
    let (epoch, version) = (state["epoch"].clone(), state["version"].clone());
    let (Some(epoch), Some(version)) = (epoch.as_str(), version.as_u64()) else {
        bail!("the state has no version: {state}");
    };
    let tag = format!("\"{epoch}.{version}\"");
    let since = url(&format!(
        "/changes?since={}&epoch={epoch}",
        version.saturating_sub(100)
    ));
    let mut rows = Vec::new();
    for (what, address, tag) in [
        ("state of 10 000 nodes, whole", url("/state"), None),
        (
            "state of 10 000 nodes, not modified (ETag)",
            url("/state"),
            Some(tag),
        ),
        ("last 100 changes of 10 000 nodes", since, None),
    ] {
        let meter = target.meter();
        let mut latencies = Histogram::<u64>::new(3)?;
        for _ in 0..READS {
            let started = Instant::now();
            let mut request = client.get(&address).bearer_auth(&token);
            if let Some(tag) = &tag {
                request = request.header("If-None-Match", tag);
            }
            let answer = request.send().await?;
            if !(answer.status().is_success() || answer.status() == 304) {
                bail!("a read was refused: {}", answer.text().await?);
            }
            answer.bytes().await?;
            latencies.record(u64::try_from(started.elapsed().as_micros())?)?;
        }
        rows.push(Row::new(what.to_owned(), &latencies, meter.read()?));
    }
    Ok(rows)
}

/// Makes the nodes, a hundred with each request.
async fn fill(client: &reqwest::Client, batch: &str, token: &str) -> anyhow::Result<()> {
    for first in (0..NODES).step_by(100) {
        let operations: Vec<Value> = (first..first + 100)
            .map(|n| {
                let payload = json!({
                    "id": format!("n{n}"), "title": format!("Node number {n}"),
                    "position": { "x": n % 100 * 220, "y": n / 100 * 90 },
                    "data": { "owner": "bench", "rank": n },
                });
                json!({ "operationId": Uuid::now_v7(), "type": "CREATE_NODE", "payload": payload })
            })
            .collect();
        let body = json!({ "operations": operations, "atomic": false });
        let answer = client
            .post(batch)
            .bearer_auth(token)
            .json(&body)
            .send()
            .await?;
        if !answer.status().is_success() {
            bail!("a batch was refused: {}", answer.text().await?);
        }
    }
    Ok(())
}
