//! As many commands as go through: the rate of applied commands.

use std::time::Instant;

use anyhow::{Context, bail};
use graphy_client::{GraphSession, SessionConfig, SessionEvent};
use graphy_model::command::UpdateNode;
use graphy_model::{
    ClientId, Command, GraphId, Node, NodeId, NodePatch, OperationId, Position, Role, UserId,
};
use graphy_protocol::ServerFrame;
use graphy_store::graph::Visibility;
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Target;
use super::report::Row;

/// How many callers send at the same time.
const CALLERS: usize = 16;
/// How many commands one measurement sends, over all callers.
const COMMANDS: usize = 48_000;
/// How many nodes each caller makes and then moves in turn.
const NODES: usize = 50;
/// How many commands an HTTP batch holds.
const BATCH: usize = 100;
/// How many commands a socket has under way.
const WINDOW: usize = 200;

/// How commands come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// `POST …/batch`, not atomic, one batch after the other.
    HttpBatch,
    /// A WebSocket session with a window of commands under way.
    WebSocket,
}

/// Sends commands through a door to one or many graphs and measures until all are applied.
pub(super) async fn run(target: &Target, door: Door, graphs: usize) -> anyhow::Result<Row> {
    let store = target.cluster.store();
    let owner = UserId::new("bench")?;
    let ids: Vec<GraphId> = (0..graphs)
        .map(|n| GraphId::new(&format!("bench-{n}")))
        .collect::<Result<_, _>>()?;
    for id in &ids {
        store
            .create(id, "Bench", &owner, store.now_ms(), Visibility::Listed)
            .await?;
    }
    let mut callers = Vec::new();
    for number in 0..CALLERS {
        let user = UserId::new(&format!("caller-{number}"))?;
        let caller = Caller {
            number,
            url: target.cluster.node(0).url(),
            token: target.cluster.token(&user, Role::Editor).await,
            // A caller keeps to its own graphs if there are enough of them.
            graphs: ids
                .iter()
                .skip(number % graphs)
                .step_by(CALLERS.min(graphs))
                .cloned()
                .collect(),
        };
        callers.push(caller);
    }
    let meter = target.meter();
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|caller| {
            tokio::spawn(async move {
                match door {
                    Door::HttpBatch => caller.by_http().await,
                    Door::WebSocket => caller.by_socket().await,
                }
            })
        })
        .collect();
    let mut latencies = Histogram::<u64>::new(3)?;
    for task in tasks {
        latencies.add(task.await??)?;
    }
    let reading = meter.read()?;
    let what = format!(
        "{} to {graphs} graph{}, fsync {}",
        match door {
            Door::HttpBatch => "HTTP batches of 100",
            Door::WebSocket => "WebSocket, 200 under way",
        },
        if graphs == 1 { "" } else { "s" },
        target.fsync_name()
    );
    Ok(Row::new(what, &latencies, reading))
}

struct Caller {
    number: usize,
    url: graphy_client::NodeUrl,
    token: String,
    graphs: Vec<GraphId>,
}

impl Caller {
    fn command(&self, step: usize) -> anyhow::Result<Command> {
        let id = NodeId::new(&format!("n{}-{}", self.number, step % NODES))?;
        #[expect(clippy::cast_precision_loss, reason = "a coordinate")]
        let position = Position {
            x: step as f64,
            y: 1.5,
        };
        Ok(if step < NODES {
            Command::CreateNode(Node {
                data: Default::default(),
                id,
                kind: "default".to_owned(),
                parent: None,
                position,
                progress: None,
                size: None,
                title: format!("Node {step}"),
            })
        } else {
            let patch = NodePatch {
                position: Some(position),
                ..NodePatch::default()
            };
            Command::UpdateNode(UpdateNode {
                id,
                patch,
                base: None,
            })
        })
    }

    /// Sends batches; a batch is done when the outcome of its last command is there.
    async fn by_http(self) -> anyhow::Result<Histogram<u64>> {
        let mut latencies = Histogram::<u64>::new(3)?;
        let client = reqwest::Client::new();
        let batches = COMMANDS / CALLERS / BATCH / self.graphs.len();
        for graph in &self.graphs {
            let url = self.url.http(&format!("/api/v2/graphs/{graph}/batch"));
            for batch in 0..batches {
                let mut last = Uuid::nil();
                let operations = (0..BATCH)
                    .map(|index| {
                        last = Uuid::now_v7();
                        let step = batch * BATCH + index;
                        let mut value = serde_json::to_value(self.command(step)?)?;
                        value["operationId"] = json!(last);
                        value["clientId"] = json!(format!("caller-{}", self.number));
                        value["seq"] = json!(step + 1);
                        Ok(value)
                    })
                    .collect::<anyhow::Result<Vec<_>>>()?;
                let started = Instant::now();
                let body = json!({ "operations": operations, "atomic": false });
                let answer = client
                    .post(&url)
                    .bearer_auth(&self.token)
                    .json(&body)
                    .send()
                    .await?;
                if !answer.status().is_success() {
                    bail!("a batch was refused: {}", answer.text().await?);
                }
                if batch + 1 == batches {
                    self.wait_for(&client, OperationId(last)).await?;
                }
                let elapsed = u64::try_from(started.elapsed().as_micros())?;
                latencies.record_n(elapsed, BATCH as u64)?;
            }
        }
        Ok(latencies)
    }

    async fn wait_for(&self, client: &reqwest::Client, id: OperationId) -> anyhow::Result<()> {
        let url = self
            .url
            .http(&format!("/api/v2/operations/{id}?wait=30000"));
        let answer: serde_json::Value = client
            .get(&url)
            .bearer_auth(&self.token)
            .send()
            .await?
            .json()
            .await?;
        match answer["status"].as_str() {
            Some("completed") => Ok(()),
            _ => bail!("operation {id} did not complete: {answer}"),
        }
    }

    /// Keeps a window of commands under way; a command is done when its result is there.
    async fn by_socket(self) -> anyhow::Result<Histogram<u64>> {
        let mut latencies = Histogram::<u64>::new(3)?;
        let count = COMMANDS / CALLERS / self.graphs.len();
        for graph in &self.graphs {
            let config = SessionConfig {
                url: self.url.clone(),
                token: self.token.clone(),
                graph_id: graph.clone(),
                client_id: ClientId::new(&format!("caller-{}", self.number))?,
            };
            let (session, mut events) = GraphSession::open(config);
            let mut sent: std::collections::HashMap<OperationId, Instant> =
                std::collections::HashMap::new();
            let mut step = 0;
            while step < count || !sent.is_empty() {
                while step < count && sent.len() < WINDOW {
                    let id = session.send(self.command(step)?)?;
                    sent.insert(id, Instant::now());
                    step += 1;
                }
                if let Some(id) = next_result(&mut events).await?
                    && let Some(at) = sent.remove(&id)
                {
                    latencies.record(u64::try_from(at.elapsed().as_micros())?)?;
                }
            }
            session.close().await;
        }
        Ok(latencies)
    }
}

/// Waits for the next event and returns whose end it tells, if it tells one.
pub(super) async fn next_result(
    events: &mut mpsc::Receiver<SessionEvent>,
) -> anyhow::Result<Option<OperationId>> {
    let event = events.recv().await.context("the session ended")?;
    let SessionEvent::Frame(received) = event else {
        return Ok(None);
    };
    match received.frame {
        ServerFrame::CommandResult { operation_id, .. } => Ok(Some(operation_id)),
        ServerFrame::Revert {
            operation_id,
            message,
            ..
        } => {
            bail!("operation {operation_id} was refused: {message}")
        }
        _ => Ok(None),
    }
}
