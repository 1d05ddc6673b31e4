//! The bridge for old consumers: what happens, told once more under the names of the
//! collaboration plan. Which name stands for which is decided in `docs/adr/015`.
//!
//! It only listens and repeats; nothing of Graphy reads what it writes. One node does it at a
//! time, the holder of a short lease in Redis.
//!
//! **Invariant:** an operation is in its graph's stream at most once and in the order of versions,
//! whoever holds the lease: the entry's id is the version, and who finds it there leaves it.

mod lease;
mod people;
mod translate;

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use futures_util::StreamExt;
use graphy_model::{AppliedOperation, Epoch, GraphId};
use graphy_telemetry::tasks::{RestartPolicy, TaskContext, TaskFailure, TaskRegistry};
use redis::Script;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::connection::RedisLink;
use crate::error::StoreError;
use crate::events::BatchEvent;
use crate::graph::keys::GraphKeys;
use crate::graph::{GraphStore, History};
use lease::Lease;
use people::People;
use translate::{Broadcast, Names};

/// The channels of all graphs.
const EVENTS: &str = "graph:{*}:events";
const PRESENCE: &str = "graph:{*}:presence";
/// The life of each graph whose stream is kept.
const EPOCHS: &str = "bridge:epochs";
/// The most operations that are made good after a change of the leader.
const MISSED_MAX: usize = 10_000;
/// Of how many graphs the place in the stream is remembered.
const PLACES_MAX: usize = 10_000;

static APPEND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("bridge/append.lua")));

/// How the bridge tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeSettings {
    /// What its channels begin with, if with anything.
    pub prefix: Option<String>,
    /// About how many operations the stream of a graph keeps.
    pub stream_length_max: usize,
}

/// Starts the bridge as task `bridge`.
pub fn start(
    link: &RedisLink,
    store: &GraphStore,
    settings: &BridgeSettings,
    tasks: &TaskRegistry,
    token: CancellationToken,
) {
    let (link, store, settings) = (link.clone(), store.clone(), settings.clone());
    tasks.spawn("bridge", RestartPolicy::ALWAYS, token, move |context| {
        let bridge = Bridge {
            link: link.clone(),
            store: store.clone(),
            names: Names::new(settings.prefix.as_deref()),
            stream_length_max: settings.stream_length_max,
            places: HashMap::new(),
            people: People::default(),
        };
        bridge.run(context)
    });
}

struct Bridge {
    link: RedisLink,
    store: GraphStore,
    names: Names,
    stream_length_max: usize,
    /// Where the streams end, as far as this holder of the lease knows.
    places: HashMap<GraphId, (Epoch, u64)>,
    people: People,
}

impl Bridge {
    async fn run(mut self, context: TaskContext) -> Result<(), TaskFailure> {
        let mut lease = Lease::new(self.link.clone());
        let mut round = interval(lease::RENEWAL);
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while context
            .token
            .run_until_cancelled(round.tick())
            .await
            .is_some()
        {
            context.tick();
            if !lease.take().await? {
                continue;
            }
            tracing::info!("this node tells old consumers what happens");
            let led = self.lead(&mut lease, &context).await;
            self.places.clear();
            self.people = People::default();
            led?;
        }
        lease.release().await?;
        Ok(())
    }

    /// Listens and repeats for as long as the lease is held.
    async fn lead(&mut self, lease: &mut Lease, context: &TaskContext) -> Result<(), TaskFailure> {
        let (mut sink, mut stream) = self.link.pubsub().await?.split();
        sink.psubscribe(&[EVENTS, PRESENCE]).await?;
        let mut round = interval(lease::RENEWAL);
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = context.token.cancelled() => return Ok(()),
                message = stream.next() => match message {
                    Some(message) => self.hear(&message).await?,
                    None => return Err(TaskFailure::new("the pub/sub connection ended")),
                },
                _ = round.tick() => {
                    context.tick();
                    if !lease.take().await? {
                        return Ok(());
                    }
                    let gone = self.people.quiet(Instant::now());
                    self.tell(self.names.people(&gone)).await?;
                }
            }
        }
    }

    async fn hear(&mut self, message: &redis::Msg) -> Result<(), StoreError> {
        let (channel, payload) = (message.get_channel_name(), message.get_payload_bytes());
        if let Some(graph) = GraphKeys::graph_of_channel(channel) {
            if let Ok(event) = serde_json::from_slice::<BatchEvent>(payload) {
                self.repeat(&graph, event).await?;
            }
        } else if let Some(graph) = GraphKeys::graph_of(channel, "presence")
            && let Ok(news) = serde_json::from_slice(payload)
        {
            let moves = self.people.hear(&graph, news, Instant::now());
            self.tell(self.names.people(&moves)).await?;
        }
        Ok(())
    }

    async fn repeat(&mut self, graph: &GraphId, event: BatchEvent) -> Result<(), StoreError> {
        if event.operations.is_empty() {
            return Ok(());
        }
        let place = match self.places.get(graph) {
            Some((epoch, place)) if *epoch == event.epoch => *place,
            _ => self.append(graph, &event.epoch, &[]).await?.0,
        };
        let mut operations = event.operations;
        // A stream that was just begun begins here.
        if place > 0 && event.from_version > place {
            let missed = self
                .store
                .operations_since(graph, place, MISSED_MAX)
                .await?;
            if let History::Operations(missed) = missed {
                let new = operations.iter().map(|operation| operation.version).min();
                let before = |one: &AppliedOperation| new.is_none_or(|new| one.version < new);
                let missed: Vec<_> = missed.into_iter().filter(before).collect();
                operations.splice(0..0, missed);
            }
        }
        let (place, appended) = self.append(graph, &event.epoch, &operations).await?;
        if self.places.len() >= PLACES_MAX {
            self.places.clear();
        }
        self.places.insert(graph.clone(), (event.epoch, place));
        let new = operations
            .iter()
            .filter(|one| appended.contains(&one.version));
        self.tell(new.map(|one| self.names.operation(graph, one)).collect())
            .await
    }

    /// Appends what is not there yet; returns where the stream ends, and what was appended.
    async fn append(
        &self,
        graph: &GraphId,
        epoch: &Epoch,
        operations: &[AppliedOperation],
    ) -> Result<(u64, Vec<u64>), StoreError> {
        let mut call = APPEND.prepare_invoke();
        call.key(translate::stream(graph)).key(EPOCHS);
        call.arg(graph.as_str()).arg(epoch.as_str());
        call.arg(self.stream_length_max);
        for operation in operations {
            call.arg(operation.version);
            call.arg(translate::operation(graph, operation).to_string());
        }
        let appended: Result<Vec<u64>, _> = call.invoke_async(&mut self.link.write()).await;
        let mut appended = appended.map_err(StoreError::redis("append to the bridge's stream"))?;
        let place = appended.pop().unwrap_or_default();
        Ok((place, appended))
    }

    async fn tell(&self, broadcasts: Vec<Broadcast>) -> Result<(), StoreError> {
        if broadcasts.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for Broadcast { channel, text } in broadcasts {
            pipeline.publish(channel, text).ignore();
        }
        let told = pipeline.exec_async(&mut self.link.query()).await;
        told.map_err(StoreError::redis("tell old consumers"))
    }
}

/// A node that says nothing for this long has nobody any more: nodes say everything every ten
/// seconds.
const NODE_QUIET: Duration = Duration::from_secs(30);
