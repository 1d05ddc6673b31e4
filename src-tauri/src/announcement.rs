//! How the commands of `graphy` find the node of a running console: through the runtime file.
//!
//! A node that is there already, for instance of `graphy serve`, keeps its file.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use graphy_operations::settings::NodeFile;
use graphy_server::Node;
use serde_json::json;

use crate::node::RunningNode;

/// A written runtime file, to be withdrawn before the node stops.
pub(crate) struct Announcement {
    file: NodeFile,
    data_dir: PathBuf,
}

impl Announcement {
    /// Writes the runtime file; none if another living node has written one.
    ///
    /// # Errors
    /// When there is no token for it, or the folder cannot be written.
    pub(crate) async fn make(
        node: &Node,
        running: &RunningNode,
        data_dir: &Path,
    ) -> anyhow::Result<Option<Self>> {
        if let Ok(Some(old)) = NodeFile::read(data_dir) {
            if old.is_alive() && old.pid != std::process::id() {
                return Ok(None);
            }
            // The node that wrote it did not stop in order. Its token may be of another Redis.
            drop(revoke(running, &old.token_id).await);
        }
        let pid = std::process::id();
        let request = json!({
            "name": format!("commands on this machine (console, process {pid})"),
            "role": "admin",
            "expiresInDays": 365,
        });
        let token = running.dispatch("tokens.create", request).await?;
        let text = |field: &str| token[field].as_str().unwrap_or_default().to_owned();
        // So that this machine's commands can ask how the node fares while Redis is away.
        node.tokens().keep(&text("token")).await?;
        let file = NodeFile {
            api_url: node.api_url(),
            token: text("token"),
            token_id: text("tokenId"),
            redis_url: node.redis().url().expose().to_owned(),
            pid,
        };
        file.write(data_dir)
            .with_context(|| format!("could not write to {}", data_dir.display()))?;
        let data_dir = data_dir.to_path_buf();
        Ok(Some(Self { file, data_dir }))
    }

    /// Takes the file and its token back.
    pub(crate) async fn withdraw(self, running: &RunningNode) {
        if let Err(error) = self.file.remove(&self.data_dir) {
            tracing::warn!(%error, "the runtime file could not be removed");
        }
        if let Err(error) = revoke(running, &self.file.token_id).await {
            tracing::warn!(%error, "the token of this machine's commands could not be revoked");
        }
    }
}

async fn revoke(running: &RunningNode, token_id: &str) -> anyhow::Result<()> {
    running
        .dispatch("tokens.revoke", json!({ "tokenId": token_id }))
        .await?;
    Ok(())
}
