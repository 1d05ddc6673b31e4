//! A running node, reached over HTTP.

use std::time::Duration;

use graphy_client::NodeUrl;
use graphy_operations::settings::{NODE_FILE, NodeFile, Settings};
use graphy_protocol::{ApiError, ErrorCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::exit::Failure;

/// How long a node may take to answer; a check of a large graph takes a while.
const ANSWER_WAIT: Duration = Duration::from_secs(60);

/// A node and the right to ask it.
pub(crate) struct RemoteNode {
    pub(crate) url: NodeUrl,
    pub(crate) token: String,
    http: reqwest::Client,
}

impl RemoteNode {
    /// Takes the node that the configuration names, else the one of this machine.
    pub(crate) fn find(settings: &Settings) -> Result<Self, Failure> {
        let (url, token) = match &settings.target {
            Some(target) => (target.url.clone(), target.token.expose().to_owned()),
            None => {
                let file = local_node(settings)?;
                let url = file.api_url.parse().map_err(anyhow::Error::from)?;
                (url, file.token)
            }
        };
        let http = reqwest::Client::builder()
            .timeout(ANSWER_WAIT)
            .build()
            .map_err(anyhow::Error::from)?;
        Ok(Self { url, token, http })
    }

    /// Calls an operation by its name.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        operation: &str,
        payload: &impl Serialize,
    ) -> Result<T, Failure> {
        let request = self
            .http
            .post(self.url.http(&format!("/api/v2/console/{operation}")))
            .bearer_auth(&self.token)
            .json(payload);
        let unreachable = |error: reqwest::Error| {
            let cause = innermost(&error);
            Failure::Unreachable(format!("no node answers at {}: {cause}", self.url))
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| {
                let message = format!(
                    "the answer to {operation} from {} is not understood",
                    self.url
                );
                Failure::Other(anyhow::Error::from(error).context(message))
            });
        }
        let error = serde_json::from_slice(&body).unwrap_or_else(|_| {
            let message = format!("{} answered {operation} with status {status}", self.url);
            ApiError::new(ErrorCode::Internal, message)
        });
        Err(Failure::Api(error))
    }

    /// Calls an operation that takes nothing.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, operation: &str) -> Result<T, Failure> {
        self.call(operation, &Value::Object(serde_json::Map::new()))
            .await
    }
}

/// Finds the node that runs on this machine.
pub(crate) fn local_node(settings: &Settings) -> Result<NodeFile, Failure> {
    let folder = settings.data_dir.display();
    let found = NodeFile::read(&settings.data_dir).map_err(|error| {
        let error = anyhow::Error::from(error);
        Failure::Other(error.context(format!("cannot read {NODE_FILE} in {folder}")))
    })?;
    match found {
        Some(file) if file.is_alive() => Ok(file),
        Some(file) => Err(Failure::Unreachable(format!(
            "the node of {folder} (process {}) has ended; start one with `graphy serve`, \
             or name one with --url and --token",
            file.pid
        ))),
        None => Err(Failure::Unreachable(format!(
            "no node runs on {folder}; start one with `graphy serve`, \
             or name one with --url and --token"
        ))),
    }
}

/// The cause at the bottom says most: "connection refused".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
