//! The node inside the console: its start, its first graph, and its orderly end.
//!
//! **Invariant:** whoever asks for the node while it starts waits until the start has succeeded or
//! failed; nobody sees half a node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use graphy_client::NodeUrl;
use graphy_operations::settings as node;
use graphy_operations::{Caller, LiveFrames, Operations};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_server::{Node, NodeSettings};
use serde_json::{Value, json};
use tauri::{AppHandle, Manager as _};
use tokio::sync::{Mutex, watch};

use crate::announcement::Announcement;
use crate::settings::Settings;

/// The first graph of a new node: what this very program is built from.
const FIRST_GRAPH: &str = include_str!("../../Cargo.lock");

/// The node and where it stands.
pub(crate) struct EmbeddedNode {
    state: watch::Sender<State>,
    /// The running node itself, for the one who stops it.
    node: Mutex<Option<Owned>>,
    stopping: AtomicBool,
}

/// A running node and what has to be taken back before it stops.
struct Owned {
    node: Node,
    running: Arc<RunningNode>,
    announcement: Option<Announcement>,
}

enum State {
    Starting,
    Running(Arc<RunningNode>),
    Failed(ApiError),
    Stopped,
}

impl Default for EmbeddedNode {
    fn default() -> Self {
        Self {
            state: watch::Sender::new(State::Stopped),
            node: Mutex::new(None),
            stopping: AtomicBool::new(false),
        }
    }
}

impl EmbeddedNode {
    /// The node, once it has started.
    ///
    /// # Errors
    /// The reason why it could not start, or `unavailable` when it has stopped.
    pub(crate) async fn running(&self) -> Result<Arc<RunningNode>, ApiError> {
        let mut state = self.state.subscribe();
        let settled = state
            .wait_for(|state| !matches!(state, State::Starting))
            .await;
        match settled.as_deref() {
            Ok(State::Running(node)) => Ok(Arc::clone(node)),
            Ok(State::Failed(error)) => Err(error.clone()),
            Ok(State::Starting | State::Stopped) | Err(_) => Err(ApiError::new(
                ErrorCode::Unavailable,
                "the node has stopped",
            )),
        }
    }

    /// Makes a token for one view of a graph; it never leaves this process.
    ///
    /// # Errors
    /// `unavailable` when the node or its Redis is not there.
    pub(crate) async fn token(&self) -> Result<String, ApiError> {
        let unavailable = |reason: &str| ApiError::new(ErrorCode::Unavailable, reason);
        match self.node.lock().await.as_ref() {
            Some(owned) => owned.node.local_token().await.map_err(|error| {
                unavailable("the node cannot open a view now").with_detail(error.to_string())
            }),
            None => Err(unavailable("the node has stopped")),
        }
    }

    /// Notes that the node is about to start; false if it has or is.
    pub(crate) fn prepare_start(&self) -> bool {
        self.state.send_if_modified(|state| {
            let rests = matches!(state, State::Stopped | State::Failed(_));
            if rests {
                *state = State::Starting;
            }
            rests
        })
    }

    /// Notes that the console is to end; true for the first who says so.
    pub(crate) fn begin_stop(&self) -> bool {
        !self.stopping.swap(true, Ordering::SeqCst)
    }

    /// Stops the node: clients are told, work is finished, and a Redis of our own ends.
    pub(crate) async fn stop(&self) {
        let mut state = self.state.subscribe();
        // A start that is under way is short and must not be torn in half.
        drop(
            state
                .wait_for(|state| !matches!(state, State::Starting))
                .await,
        );
        self.state.send_replace(State::Stopped);
        if let Some(owned) = self.node.lock().await.take() {
            if let Some(announcement) = owned.announcement {
                announcement.withdraw(&owned.running).await;
            }
            owned.node.shutdown().await;
        }
    }

    async fn start(&self, settings: &node::Settings) -> anyhow::Result<Arc<RunningNode>> {
        let node = Box::pin(Node::start(NodeSettings::from(settings))).await?;
        let url = node
            .api_url()
            .parse()
            .context("the node has no usable address")?;
        let (operations, caller) = (node.operations().clone(), node.local_admin());
        let running = Arc::new(RunningNode {
            operations,
            caller,
            url,
        });
        let announced = Announcement::make(&node, &running, &settings.data_dir).await;
        // The windows work without it.
        let announcement = announced.unwrap_or_else(|error| {
            tracing::warn!(
                error = format!("{error:#}"),
                "commands will not find this node"
            );
            None
        });
        let owned = Owned {
            node,
            running: Arc::clone(&running),
            announcement,
        };
        *self.node.lock().await = Some(owned);
        Ok(running)
    }
}

/// What windows use of a node that serves.
pub(crate) struct RunningNode {
    operations: Operations,
    caller: Caller,
    url: NodeUrl,
}

impl RunningNode {
    /// Runs an operation as the local administrator.
    ///
    /// # Errors
    /// Those of the operation.
    pub(crate) async fn dispatch(&self, name: &str, payload: Value) -> Result<Value, ApiError> {
        let trace_id = uuid::Uuid::now_v7().simple().to_string();
        let caller = Caller {
            trace_id,
            ..self.caller.clone()
        };
        self.operations.dispatch(&caller, name, payload).await
    }

    /// Follows the live figures.
    ///
    /// # Errors
    /// `forbidden`, which the local administrator is not.
    pub(crate) fn live_frames(&self) -> Result<LiveFrames, ApiError> {
        self.operations.live_frames(&self.caller)
    }

    /// Where the node listens on this machine.
    pub(crate) fn url(&self) -> &NodeUrl {
        &self.url
    }

    /// Imports the first graph through the ordinary operation, unless there is a graph already.
    async fn give_first_graph(&self) -> Result<(), ApiError> {
        let list = self.dispatch("graphs.list", json!({})).await?;
        if list["graphs"]
            .as_array()
            .is_some_and(|graphs| !graphs.is_empty())
        {
            return Ok(());
        }
        let request = json!({
            "format": "cargo-lock",
            "name": "Graphy's own dependencies",
            "fileName": "Cargo.lock",
            "text": FIRST_GRAPH,
        });
        self.dispatch("graphs.import", request).await.map(drop)
    }
}

/// Starts the node and gives a new one its first graph.
pub(crate) async fn boot(app: AppHandle) {
    let settings = app.state::<Settings>().node.clone();
    let embedded = app.state::<EmbeddedNode>();
    match embedded.start(&settings).await {
        Ok(node) => {
            tracing::info!(url = ?node.url(), "the node runs");
            embedded
                .state
                .send_replace(State::Running(Arc::clone(&node)));
            if let Err(error) = node.give_first_graph().await {
                tracing::warn!(%error, "the first graph could not be imported");
            }
        }
        Err(error) => {
            let reason = format!("{error:#}");
            tracing::error!(reason, "the node could not start");
            let message = "the node inside this console could not start";
            let error = ApiError::new(ErrorCode::Unavailable, message).with_detail(reason);
            embedded.state.send_replace(State::Failed(error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_caller_waits_for_the_start_and_learns_why_it_failed() {
        let embedded = EmbeddedNode::default();
        assert!(embedded.prepare_start());
        assert!(!embedded.prepare_start(), "it starts once");
        let (asked, ()) = tokio::join!(embedded.running(), async {
            let error = ApiError::new(ErrorCode::Unavailable, "no redis-server was found");
            embedded.state.send_replace(State::Failed(error));
        });
        assert_eq!(asked.err().unwrap().message, "no redis-server was found");
    }

    #[tokio::test]
    async fn the_first_request_to_end_stops_the_node_and_the_second_ends_the_process() {
        let embedded = EmbeddedNode::default();
        assert!(embedded.begin_stop());
        assert!(!embedded.begin_stop());
        embedded
            .state
            .send_replace(State::Failed(ApiError::new(ErrorCode::Internal, "x")));
        embedded.stop().await;
        assert_eq!(
            embedded.running().await.err().unwrap().code,
            ErrorCode::Unavailable
        );
    }
}
