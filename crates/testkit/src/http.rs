//! The HTTP API as a test uses it.

use std::time::Duration;

use graphy_client::NodeUrl;
use graphy_model::{
    AppliedOperation, Edge, Envelope, Epoch, GraphId, GraphMeta, Node, OperationId, Outcome,
};
use graphy_protocol::http::{AcceptedBatch, CreateGraph, OperationStatus};
use graphy_protocol::{ApiError, ErrorCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// How long one request may take, long polls included.
const REQUEST_WAIT: Duration = Duration::from_secs(40);

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum HttpFailure {
    /// The node said no, or not now.
    #[error("the node answered {code:?}: {message}", code = .0.code, message = .0.message)]
    Refused(ApiError),
    /// There is no answer; whether the request was carried out is unknown.
    #[error("no answer: {0}")]
    Lost(String),
}

impl HttpFailure {
    /// Says whether the same request may succeed at another time or place.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused(error) => error.retryable,
            Self::Lost(_) => true,
        }
    }

    /// Says whether the node answered with a code.
    #[must_use]
    pub fn is(&self, code: ErrorCode) -> bool {
        matches!(self, Self::Refused(error) if error.code == code)
    }
}

/// Where a command stands.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Which graph it concerns.
    pub graph_id: GraphId,
    /// How far it is.
    pub status: OperationStatus,
    /// How it ended, once it has.
    #[serde(default)]
    pub outcome: Option<Outcome>,
}

/// A whole graph as a node tells it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct State {
    /// The life of the graph.
    pub epoch: Epoch,
    /// Its version.
    pub version: u64,
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// Its edges.
    pub edges: Vec<Edge>,
}

/// What happened since a version.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The life of the graph.
    pub epoch: Epoch,
    /// The version before the first operation.
    pub from_version: u64,
    /// The version after the last one.
    pub to_version: u64,
    /// The operations.
    pub changes: Vec<AppliedOperation>,
}

/// A caller with a token; cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpCaller {
    client: reqwest::Client,
    token: String,
}

impl HttpCaller {
    /// Makes a caller.
    ///
    /// # Panics
    /// Never on a machine that has sockets.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        let client = reqwest::Client::builder()
            .timeout(REQUEST_WAIT)
            .no_proxy()
            .build()
            .expect("a plain HTTP client needs nothing from the machine");
        Self {
            client,
            token: token.into(),
        }
    }

    /// Makes a graph.
    ///
    /// # Errors
    /// [`HttpFailure`].
    pub async fn create_graph(
        &self,
        node: &NodeUrl,
        graph: &GraphId,
    ) -> Result<GraphMeta, HttpFailure> {
        let body = CreateGraph {
            name: graph.to_string(),
            graph_id: Some(graph.clone()),
        };
        let request = self.client.post(node.http("/api/v2/graphs")).json(&body);
        self.call(request).await
    }

    /// Sends commands in their order, each with an outcome of its own.
    ///
    /// # Errors
    /// [`HttpFailure`].
    pub async fn send(
        &self,
        node: &NodeUrl,
        graph: &GraphId,
        commands: &[Envelope],
    ) -> Result<AcceptedBatch, HttpFailure> {
        let path = format!("/api/v2/graphs/{graph}/batch");
        let body = json!({ "operations": commands, "atomic": false });
        self.call(self.client.post(node.http(&path)).json(&body))
            .await
    }

    /// Asks where a command stands, once it has ended or after a wait.
    ///
    /// # Errors
    /// [`HttpFailure`].
    pub async fn progress(
        &self,
        node: &NodeUrl,
        operation: OperationId,
        wait: Duration,
    ) -> Result<Progress, HttpFailure> {
        let path = format!("/api/v2/operations/{operation}?wait={}", wait.as_millis());
        self.call(self.client.get(node.http(&path))).await
    }

    /// Reads a whole graph.
    ///
    /// # Errors
    /// [`HttpFailure`].
    pub async fn state(&self, node: &NodeUrl, graph: &GraphId) -> Result<State, HttpFailure> {
        let path = format!("/api/v2/graphs/{graph}/state");
        self.call(self.client.get(node.http(&path))).await
    }

    /// Reads what happened since a version.
    ///
    /// # Errors
    /// [`HttpFailure`].
    pub async fn changes(
        &self,
        node: &NodeUrl,
        graph: &GraphId,
        epoch: &Epoch,
        since: u64,
    ) -> Result<Changes, HttpFailure> {
        let path = format!("/api/v2/graphs/{graph}/changes?since={since}&epoch={epoch}");
        self.call(self.client.get(node.http(&path))).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, HttpFailure> {
        let lost = |error: reqwest::Error| HttpFailure::Lost(format!("{error:?}"));
        let response = request
            .bearer_auth(&self.token)
            .send()
            .await
            .map_err(lost)?;
        if response.status().is_success() {
            return response.json().await.map_err(lost);
        }
        let status = response.status();
        match response.json().await {
            Ok(error) => Err(HttpFailure::Refused(error)),
            Err(error) => Err(HttpFailure::Lost(format!("status {status}: {error}"))),
        }
    }
}
