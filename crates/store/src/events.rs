//! What the apply script tells: one pub/sub connection per process, shared by all who listen.
//!
//! Pub/sub may lose messages (a reconnect, a reader that lags). The bus never hides that: the
//! reader gets [`BusEvent::Gap`] and compares itself with the history.

use std::sync::Arc;

use graphy_model::{AppliedOperation, Checksum, ClientId, Epoch, GraphId, OperationId, Outcome};
use graphy_telemetry::TaskRegistry;
use graphy_telemetry::traces::TraceParent;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::connection::RedisLink;
use crate::ear::{Ear, Heard, Listener, Topic};
use crate::error::StoreError;
use crate::graph::Head;
use crate::graph::keys::GraphKeys;

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
    /// Where its trace goes on, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
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
    /// Clients whom the nodes that hold them are to bring to the present anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resync: Vec<ClientId>,
}

impl BatchEvent {
    /// Makes an event that says where a graph stands and changes nothing: whoever listens compares
    /// itself with the history if it stands elsewhere.
    #[must_use]
    pub fn position(graph: &GraphId, job_id: &str, head: &Head) -> Self {
        Self {
            graph_id: graph.clone(),
            job_id: job_id.to_owned(),
            epoch: head.epoch.clone(),
            from_version: head.version,
            to_version: head.version,
            checksum: head.checksum,
            operations: Vec::new(),
            outcomes: Vec::new(),
            resync: Vec::new(),
        }
    }
}

/// What a listener gets.
#[derive(Debug, Clone)]
pub enum BusEvent {
    /// A batch was applied.
    Batch(Arc<BatchEvent>),
    /// Messages may have been lost; the history knows.
    Gap,
}

struct Batches;

impl Topic for Batches {
    type Message = Arc<BatchEvent>;
    const TASK: &'static str = "event-bus";

    fn channel(graph: &GraphId) -> String {
        GraphKeys::new(graph).events()
    }

    fn graph_of(channel: &str) -> Option<GraphId> {
        GraphKeys::graph_of_channel(channel)
    }

    fn read(payload: &[u8]) -> Result<Self::Message, serde_json::Error> {
        serde_json::from_slice(payload).map(Arc::new)
    }
}

/// The process's ear on all graphs that somebody listens to; cheap to clone.
#[derive(Clone)]
pub struct EventBus {
    ear: Ear<Batches>,
}

impl EventBus {
    /// Starts the bus as task `event-bus`.
    #[must_use]
    pub fn start(link: RedisLink, tasks: &TaskRegistry, token: CancellationToken) -> Self {
        Self {
            ear: Ear::start(link, tasks, token),
        }
    }

    /// Listens to a graph. What is applied after this returns will be heard, or a gap.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn subscribe(&self, graph: &GraphId) -> Result<Subscription, StoreError> {
        let listener = self.ear.listen(graph).await?;
        Ok(Subscription { listener })
    }
}

/// One listener.
pub struct Subscription {
    listener: Listener<Batches>,
}

impl Subscription {
    /// Waits for the next event. Cancel-safe. After the bus has stopped it waits for ever.
    pub async fn next(&mut self) -> BusEvent {
        match self.listener.next().await {
            Heard::Message(batch) => BusEvent::Batch(batch),
            Heard::Gap => BusEvent::Gap,
        }
    }
}
