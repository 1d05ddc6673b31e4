//! The channel on which nodes tell each other who is in a graph: `graph:{<id>}:presence`.
//!
//! It carries texts that only the hubs understand. Presence lives in no stream and under no key;
//! what is lost on the way is told again by the next full message.

use graphy_model::GraphId;
use graphy_telemetry::TaskRegistry;
use redis::AsyncCommands;
use tokio_util::sync::CancellationToken;

use crate::connection::RedisLink;
use crate::ear::{Ear, Heard, Listener, Topic};
use crate::error::StoreError;
use crate::graph::keys::GraphKeys;

struct Peers;

impl Topic for Peers {
    type Message = bytes::Bytes;
    const TASK: &'static str = "presence-bus";

    fn channel(graph: &GraphId) -> String {
        GraphKeys::new(graph).presence()
    }

    fn graph_of(channel: &str) -> Option<GraphId> {
        GraphKeys::graph_of(channel, "presence")
    }

    fn read(payload: &[u8]) -> Result<Self::Message, serde_json::Error> {
        Ok(bytes::Bytes::copy_from_slice(payload))
    }
}

/// What nodes hear of each other.
#[derive(Debug, Clone)]
pub enum PresenceNews {
    /// A node told something.
    Message(bytes::Bytes),
    /// Something may have been missed.
    Gap,
}

/// The way of presence between nodes; cheap to clone.
#[derive(Clone)]
pub struct PresenceBus {
    ear: Ear<Peers>,
    link: RedisLink,
}

impl PresenceBus {
    /// Starts listening as task `presence-bus`.
    #[must_use]
    pub fn start(link: RedisLink, tasks: &TaskRegistry, token: CancellationToken) -> Self {
        let ear = Ear::start(link.clone(), tasks, token);
        Self { ear, link }
    }

    /// Listens to a graph.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn listen(&self, graph: &GraphId) -> Result<PresenceListener, StoreError> {
        let listener = self.ear.listen(graph).await?;
        Ok(PresenceListener { listener })
    }

    /// Tells the other nodes; returns how many listeners there are, this node included.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn publish(&self, graph: &GraphId, text: &str) -> Result<usize, StoreError> {
        let told = self.link.query().publish(Peers::channel(graph), text).await;
        told.map_err(StoreError::redis("tell who is in a graph"))
    }
}

/// One listener.
pub struct PresenceListener {
    listener: Listener<Peers>,
}

impl PresenceListener {
    /// Waits for the next news. Cancel-safe.
    pub async fn next(&mut self) -> PresenceNews {
        match self.listener.next().await {
            Heard::Message(text) => PresenceNews::Message(text),
            Heard::Gap => PresenceNews::Gap,
        }
    }
}
