//! Sixty-four editors at ten moves a second on one graph: how long until each knows.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context;
use graphy_client::{GraphSession, SessionConfig};
use graphy_model::command::UpdateNode;
use graphy_model::{
    ClientId, Command, GraphId, Node, NodeId, NodePatch, OperationId, Position, Role, UserId,
};
use graphy_store::graph::Visibility;
use hdrhistogram::Histogram;
use tokio::time::Instant;

use super::Target;
use super::flood::next_result;
use super::report::Row;

const EDITORS: usize = 64;
const NODES: usize = 200;
/// Each editor moves a node this often.
const PERIOD: Duration = Duration::from_millis(100);
/// Before this, connections and caches warm up.
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(15);

/// Measures from the time at which a move was due until its result is at its author.
pub(super) async fn run(target: &Target) -> anyhow::Result<Row> {
    let graph = GraphId::new("bench")?;
    let store = target.cluster.store();
    let owner = UserId::new("bench")?;
    store
        .create(&graph, "Bench", &owner, store.now_ms(), Visibility::Listed)
        .await?;
    fill(target, &graph).await?;
    let start = Instant::now() + Duration::from_millis(500);
    let mut tasks = Vec::new();
    for number in 0..EDITORS {
        let user = UserId::new(&format!("editor-{number}"))?;
        let config = SessionConfig {
            url: target.cluster.node(0).url(),
            token: target.cluster.token(&user, Role::Editor).await,
            graph_id: graph.clone(),
            client_id: ClientId::new(&format!("editor-{number}"))?,
        };
        // Spread over the period, as people are.
        let offset = PERIOD * u32::try_from(number)? / u32::try_from(EDITORS)?;
        tasks.push(tokio::spawn(edit(config, number, start + offset)));
    }
    tokio::time::sleep_until(start + WARM_UP).await;
    let meter = target.meter();
    tokio::time::sleep(MEASURED).await;
    let reading = meter.read()?;
    let mut latencies = Histogram::<u64>::new(3)?;
    for task in tasks {
        latencies.add(task.await??)?;
    }
    let what = format!(
        "64 editors × 10/s on one graph, fsync {}",
        target.fsync_name()
    );
    Ok(Row::new(what, &latencies, reading))
}

async fn fill(target: &Target, graph: &GraphId) -> anyhow::Result<()> {
    let user = UserId::new("filler")?;
    let config = SessionConfig {
        url: target.cluster.node(0).url(),
        token: target.cluster.token(&user, Role::Editor).await,
        graph_id: graph.clone(),
        client_id: ClientId::new("filler")?,
    };
    let (session, mut events) = GraphSession::open(config);
    for number in 0..NODES {
        session.send(Command::CreateNode(Node {
            data: Default::default(),
            id: NodeId::new(&format!("n{number}"))?,
            kind: "default".to_owned(),
            parent: None,
            position: Position::default(),
            progress: None,
            size: None,
            title: format!("Node {number}"),
        }))?;
    }
    let mut done = 0;
    while done < NODES {
        done += usize::from(next_result(&mut events).await?.is_some());
    }
    session.close().await;
    Ok(())
}

async fn edit(
    config: SessionConfig,
    number: usize,
    start: Instant,
) -> anyhow::Result<Histogram<u64>> {
    let (session, mut events) = GraphSession::open(config);
    let mut latencies = Histogram::<u64>::new(3)?;
    let mut due: HashMap<OperationId, Instant> = HashMap::new();
    let (from, until) = (start + WARM_UP, start + WARM_UP + MEASURED);
    let mut next = start;
    loop {
        tokio::select! {
            result = next_result(&mut events) => {
                if let Some(at) = result?.and_then(|id| due.remove(&id))
                    && (from..until).contains(&at)
                {
                    latencies.record(u64::try_from(at.elapsed().as_micros())?)?;
                }
            }
            () = tokio::time::sleep_until(next), if next < until => {
                #[expect(clippy::cast_precision_loss, reason = "a coordinate")]
                let x = (next - start).as_millis() as f64;
                let patch = NodePatch {
                    position: Some(Position { x, y: 1.0 }),
                    ..NodePatch::default()
                };
                let id = NodeId::new(&format!("n{}", (number * 3) % NODES))?;
                let command = Command::UpdateNode(UpdateNode { id, patch, base: None });
                due.insert(session.send(command).context("a session takes moves")?, next);
                next += PERIOD;
            }
        }
        if next >= until && due.is_empty() {
            session.close().await;
            return Ok(latencies);
        }
    }
}
