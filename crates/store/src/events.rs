//! What the apply script tells: one pub/sub connection per process, shared by all who listen.
//!
//! Pub/sub may lose messages (a reconnect, a reader that lags). The bus never hides that: the
//! reader gets [`BusEvent::Gap`] and compares itself with the history.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use graphy_model::{AppliedOperation, Checksum, ClientId, Epoch, GraphId, OperationId, Outcome};
use graphy_telemetry::tasks::{RestartPolicy, TaskContext, TaskFailure, TaskRegistry};
use redis::aio::PubSubSink;
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::connection::RedisLink;
use crate::error::StoreError;
use crate::graph::keys::GraphKeys;

/// How many messages a reader may be behind before it gets a gap instead.
const BACKLOG_MESSAGES: usize = 1024;
/// How often the connection is asked whether it lives; also when unused channels are left.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// How long any one step may take.
const STEP_WAIT: Duration = Duration::from_secs(5);

/// How one command of a batch ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandOutcome {
    /// Which command.
    pub operation_id: OperationId,
    /// Whose command, if its author has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// How it ended.
    pub outcome: Outcome,
}

/// A batch that was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchEvent {
    /// Which graph.
    pub graph_id: GraphId,
    /// The job that carried the batch.
    pub job_id: String,
    /// The life of the graph.
    pub epoch: Epoch,
    /// The version before the batch.
    pub from_version: u64,
    /// The version after it; the same if nothing was applied.
    pub to_version: u64,
    /// The checksum after it.
    pub checksum: Checksum,
    /// What was applied, in order, without inverses.
    pub operations: Vec<AppliedOperation>,
    /// How every command of the batch ended.
    pub outcomes: Vec<CommandOutcome>,
}

/// What a listener gets.
#[derive(Debug, Clone)]
pub enum BusEvent {
    /// A batch was applied.
    Batch(Arc<BatchEvent>),
    /// Messages may have been lost; the history knows.
    Gap,
}

type Channels = HashMap<GraphId, broadcast::Sender<BusEvent>>;

struct Subscribe {
    graph: GraphId,
    done: oneshot::Sender<Result<(), StoreError>>,
}

/// The process's ear on all graphs that somebody listens to; cheap to clone.
#[derive(Clone)]
pub struct EventBus {
    channels: Arc<Mutex<Channels>>,
    requests: mpsc::Sender<Subscribe>,
}

impl EventBus {
    /// Starts the bus as task `event-bus`.
    #[must_use]
    pub fn start(link: RedisLink, tasks: &TaskRegistry, token: CancellationToken) -> Self {
        let channels: Arc<Mutex<Channels>> = Arc::default();
        let (requests, inbox) = mpsc::channel(256);
        let inbox = Arc::new(tokio::sync::Mutex::new(inbox));
        let shared = Arc::clone(&channels);
        tasks.spawn("event-bus", RestartPolicy::ALWAYS, token, move |context| {
            run(
                link.clone(),
                Arc::clone(&shared),
                Arc::clone(&inbox),
                context,
            )
        });
        Self { channels, requests }
    }

    /// Listens to a graph. What is applied after this returns will be heard, or a gap.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn subscribe(&self, graph: &GraphId) -> Result<Subscription, StoreError> {
        let receiver = {
            let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
            let sender = channels
                .entry(graph.clone())
                .or_insert_with(|| broadcast::Sender::new(BACKLOG_MESSAGES));
            sender.subscribe()
        };
        let (done, confirmed) = oneshot::channel();
        let request = Subscribe {
            graph: graph.clone(),
            done,
        };
        let answer = async {
            self.requests.send(request).await.ok()?;
            confirmed.await.ok()
        };
        match tokio::time::timeout(STEP_WAIT, answer).await {
            Ok(Some(answer)) => answer.map(|()| Subscription { receiver }),
            Ok(None) | Err(_) => Err(StoreError::Unanswered {
                action: "listen to a graph",
            }),
        }
    }
}

/// One listener.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<BusEvent>,
}

impl Subscription {
    /// Waits for the next event. Cancel-safe. After the bus has stopped it waits for ever.
    pub async fn next(&mut self) -> BusEvent {
        match self.receiver.recv().await {
            Ok(event) => event,
            Err(broadcast::error::RecvError::Lagged(_)) => BusEvent::Gap,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

type Inbox = Arc<tokio::sync::Mutex<mpsc::Receiver<Subscribe>>>;

/// Runs one connection until it fails or the bus is stopped.
async fn run(
    link: RedisLink,
    channels: Arc<Mutex<Channels>>,
    inbox: Inbox,
    context: TaskContext,
) -> Result<(), TaskFailure> {
    // Held for the whole run: there is one run at a time.
    let mut inbox = inbox.lock().await;
    let (mut sink, mut stream) = link.pubsub().await?.split();
    let listened: Vec<GraphId> = with(&channels, |channels| channels.keys().cloned().collect());
    let mut subscribed: std::collections::HashSet<GraphId> = std::collections::HashSet::new();
    for graph in listened {
        sink.subscribe(GraphKeys::new(&graph).events()).await?;
        subscribed.insert(graph);
    }
    with(&channels, |channels| {
        for sender in channels.values() {
            let _ = sender.send(BusEvent::Gap);
        }
    });
    let mut ping = tokio::time::interval(PING_INTERVAL);
    ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = context.token.cancelled() => return Ok(()),
            message = stream.next() => match message {
                Some(message) => deliver(&channels, &message),
                None => return Err(TaskFailure::new("the pub/sub connection ended")),
            },
            request = inbox.recv() => {
                let Some(Subscribe { graph, done }) = request else { return Ok(()) };
                let result = if subscribed.contains(&graph) {
                    Ok(())
                } else {
                    let channel = GraphKeys::new(&graph).events();
                    step(sink.subscribe(channel)).await
                };
                let failed = result.is_err();
                if !failed {
                    subscribed.insert(graph);
                }
                let _ = done.send(result);
                if failed {
                    return Err(TaskFailure::new("a subscription failed"));
                }
            }
            _ = ping.tick() => {
                context.tick();
                step(sink.ping::<redis::Value>()).await?;
                leave_unused(&channels, &mut subscribed, &mut sink).await?;
            }
        }
    }
}

async fn step<T>(future: impl Future<Output = redis::RedisResult<T>>) -> Result<T, StoreError> {
    match tokio::time::timeout(STEP_WAIT, future).await {
        Ok(result) => result.map_err(StoreError::redis("listen to a graph")),
        Err(_) => Err(StoreError::Unanswered {
            action: "listen to a graph",
        }),
    }
}

fn with<T>(channels: &Mutex<Channels>, act: impl FnOnce(&mut Channels) -> T) -> T {
    act(&mut channels.lock().unwrap_or_else(PoisonError::into_inner))
}

fn deliver(channels: &Mutex<Channels>, message: &redis::Msg) {
    let Some(graph) = GraphKeys::graph_of_channel(message.get_channel_name()) else {
        return;
    };
    let event = match serde_json::from_slice::<BatchEvent>(message.get_payload_bytes()) {
        Ok(batch) => BusEvent::Batch(Arc::new(batch)),
        Err(error) => {
            tracing::warn!(%graph, %error, "a message on a graph's channel is not of our form");
            BusEvent::Gap
        }
    };
    with(channels, |channels| {
        if let Some(sender) = channels.get(&graph) {
            let _ = sender.send(event);
        }
    });
}

/// Leaves the channels to which nobody listens any more.
async fn leave_unused(
    channels: &Mutex<Channels>,
    subscribed: &mut std::collections::HashSet<GraphId>,
    sink: &mut PubSubSink,
) -> Result<(), StoreError> {
    let unused: Vec<GraphId> = with(channels, |channels| {
        let unused: Vec<GraphId> = channels
            .iter()
            .filter(|(graph, sender)| sender.receiver_count() == 0 && subscribed.contains(*graph))
            .map(|(graph, _)| graph.clone())
            .collect();
        for graph in &unused {
            channels.remove(graph);
        }
        unused
    });
    for graph in unused {
        subscribed.remove(&graph);
        step(sink.unsubscribe(GraphKeys::new(&graph).events())).await?;
    }
    Ok(())
}
