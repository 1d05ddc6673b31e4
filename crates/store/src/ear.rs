//! One pub/sub connection per topic and process, shared by all who listen to a graph.
//!
//! Pub/sub may lose messages (a reconnect, a reader that lags). An ear never hides that: the
//! reader gets [`Heard::Gap`].

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use graphy_model::GraphId;
use graphy_telemetry::tasks::{RestartPolicy, TaskContext, TaskFailure, TaskRegistry};
use redis::aio::PubSubSink;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::connection::RedisLink;
use crate::error::StoreError;

/// How many messages a reader may be behind before it gets a gap instead.
const BACKLOG_MESSAGES: usize = 1024;
/// How often the connection is asked whether it lives; also when unused channels are left.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// How long any one step may take.
const STEP_WAIT: Duration = Duration::from_secs(5);

/// What is listened to: one channel per graph.
pub(crate) trait Topic: Send + Sync + 'static {
    /// What a message says.
    type Message: Clone + Send + Sync + 'static;
    /// The name of the task.
    const TASK: &'static str;

    /// Names a graph's channel.
    fn channel(graph: &GraphId) -> String;
    /// Finds the graph in the name of its channel.
    fn graph_of(channel: &str) -> Option<GraphId>;
    /// Reads a message.
    fn read(payload: &[u8]) -> Result<Self::Message, serde_json::Error>;
}

/// What a listener gets.
#[derive(Debug, Clone)]
pub(crate) enum Heard<M> {
    /// A message.
    Message(M),
    /// Messages may have been lost.
    Gap,
}

type Sender<T> = broadcast::Sender<Heard<<T as Topic>::Message>>;
type Channels<T> = HashMap<GraphId, Sender<T>>;
type Inbox = Arc<tokio::sync::Mutex<mpsc::Receiver<Subscribe>>>;

struct Subscribe {
    graph: GraphId,
    done: oneshot::Sender<Result<(), StoreError>>,
}

/// The process's ear on one topic of all graphs that somebody listens to; cheap to clone.
pub(crate) struct Ear<T: Topic> {
    channels: Arc<Mutex<Channels<T>>>,
    requests: mpsc::Sender<Subscribe>,
}

impl<T: Topic> Clone for Ear<T> {
    fn clone(&self) -> Self {
        Self {
            channels: Arc::clone(&self.channels),
            requests: self.requests.clone(),
        }
    }
}

impl<T: Topic> Ear<T> {
    /// Starts listening in a task of its own.
    pub(crate) fn start(link: RedisLink, tasks: &TaskRegistry, token: CancellationToken) -> Self {
        let channels: Arc<Mutex<Channels<T>>> = Arc::default();
        let (requests, inbox) = mpsc::channel(256);
        let inbox = Arc::new(tokio::sync::Mutex::new(inbox));
        let shared = Arc::clone(&channels);
        tasks.spawn(T::TASK, RestartPolicy::ALWAYS, token, move |context| {
            run::<T>(
                link.clone(),
                Arc::clone(&shared),
                Arc::clone(&inbox),
                context,
            )
        });
        Self { channels, requests }
    }

    /// Listens to a graph. What is told after this returns will be heard, or a gap.
    pub(crate) async fn listen(&self, graph: &GraphId) -> Result<Listener<T>, StoreError> {
        let receiver = with::<T, _>(&self.channels, |channels| {
            let sender = channels
                .entry(graph.clone())
                .or_insert_with(|| broadcast::Sender::new(BACKLOG_MESSAGES));
            sender.subscribe()
        });
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
            Ok(Some(answer)) => answer.map(|()| Listener { receiver }),
            Ok(None) | Err(_) => Err(StoreError::Unanswered {
                action: "listen to a graph",
            }),
        }
    }
}

/// One listener.
pub(crate) struct Listener<T: Topic> {
    receiver: broadcast::Receiver<Heard<T::Message>>,
}

impl<T: Topic> Listener<T> {
    /// Waits for the next message. Cancel-safe. After the ear has stopped it waits for ever.
    pub(crate) async fn next(&mut self) -> Heard<T::Message> {
        match self.receiver.recv().await {
            Ok(heard) => heard,
            Err(broadcast::error::RecvError::Lagged(_)) => Heard::Gap,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Runs one connection until it fails or the ear is stopped.
async fn run<T: Topic>(
    link: RedisLink,
    channels: Arc<Mutex<Channels<T>>>,
    inbox: Inbox,
    context: TaskContext,
) -> Result<(), TaskFailure> {
    // Held for the whole run: there is one run at a time.
    let mut inbox = inbox.lock().await;
    let (mut sink, mut stream) = link.pubsub().await?.split();
    let listened: Vec<GraphId> =
        with::<T, _>(&channels, |channels| channels.keys().cloned().collect());
    let mut subscribed: HashSet<GraphId> = HashSet::new();
    for graph in listened {
        sink.subscribe(T::channel(&graph)).await?;
        subscribed.insert(graph);
    }
    with::<T, _>(&channels, |channels| {
        for sender in channels.values() {
            let _ = sender.send(Heard::Gap);
        }
    });
    let mut ping = tokio::time::interval(PING_INTERVAL);
    ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = context.token.cancelled() => return Ok(()),
            message = stream.next() => match message {
                Some(message) => deliver::<T>(&channels, &message),
                None => return Err(TaskFailure::new("the pub/sub connection ended")),
            },
            request = inbox.recv() => {
                let Some(Subscribe { graph, done }) = request else { return Ok(()) };
                let result = if subscribed.contains(&graph) {
                    Ok(())
                } else {
                    step(sink.subscribe(T::channel(&graph))).await
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
                leave_unused::<T>(&channels, &mut subscribed, &mut sink).await?;
            }
        }
    }
}

async fn step<R>(future: impl Future<Output = redis::RedisResult<R>>) -> Result<R, StoreError> {
    match tokio::time::timeout(STEP_WAIT, future).await {
        Ok(result) => result.map_err(StoreError::redis("listen to a graph")),
        Err(_) => Err(StoreError::Unanswered {
            action: "listen to a graph",
        }),
    }
}

fn with<T: Topic, R>(channels: &Mutex<Channels<T>>, act: impl FnOnce(&mut Channels<T>) -> R) -> R {
    act(&mut channels.lock().unwrap_or_else(PoisonError::into_inner))
}

fn deliver<T: Topic>(channels: &Mutex<Channels<T>>, message: &redis::Msg) {
    let Some(graph) = T::graph_of(message.get_channel_name()) else {
        return;
    };
    let heard = match T::read(message.get_payload_bytes()) {
        Ok(message) => Heard::Message(message),
        Err(error) => {
            tracing::warn!(%graph, %error, "a message on a graph's channel is not of our form");
            Heard::Gap
        }
    };
    with::<T, _>(channels, |channels| {
        if let Some(sender) = channels.get(&graph) {
            let _ = sender.send(heard);
        }
    });
}

/// Leaves the channels to which nobody listens any more.
async fn leave_unused<T: Topic>(
    channels: &Mutex<Channels<T>>,
    subscribed: &mut HashSet<GraphId>,
    sink: &mut PubSubSink,
) -> Result<(), StoreError> {
    let unused: Vec<GraphId> = with::<T, _>(channels, |channels| {
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
        step(sink.unsubscribe(T::channel(&graph))).await?;
    }
    Ok(())
}
