//! What each node last said of itself: `node:<id>:status`, a text that lives as long as its node.
//!
//! The text is the writer's; here it is only bounded.

use redis::AsyncCommands as _;

use crate::connection::RedisLink;
use crate::error::StoreError;
use crate::node_registry::{NODE_LIFE, ServerId};

/// How long a status may be, in bytes.
pub const STATUS_BYTES_MAX: usize = 256 * 1024;

/// The status texts of the nodes.
#[derive(Debug, Clone)]
pub struct NodeStatuses {
    link: RedisLink,
}

impl NodeStatuses {
    /// Makes the access to them.
    #[must_use]
    pub fn new(link: RedisLink) -> Self {
        Self { link }
    }

    /// Keeps a node's status for [`NODE_LIFE`].
    ///
    /// # Errors
    /// [`StoreError`], also when the text is longer than [`STATUS_BYTES_MAX`].
    pub async fn publish(&self, id: &ServerId, status: &str) -> Result<(), StoreError> {
        if status.len() > STATUS_BYTES_MAX {
            return Err(StoreError::Corrupt {
                what: "the status of a node",
                detail: format!("it has {} bytes, over {STATUS_BYTES_MAX}", status.len()),
            });
        }
        self.link
            .write()
            .set_ex(key(id.as_str()), status, NODE_LIFE.as_secs())
            .await
            .map_err(StoreError::redis("publish the status of a node"))
    }

    /// Takes a node's status away, when it goes.
    ///
    /// # Errors
    /// [`StoreError`]; then it disappears after [`NODE_LIFE`].
    pub async fn withdraw(&self, id: &ServerId) -> Result<(), StoreError> {
        self.link
            .write()
            .del(key(id.as_str()))
            .await
            .map_err(StoreError::redis("withdraw the status of a node"))
    }

    /// Returns the status of each of these nodes, as far as there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(&self, ids: &[ServerId]) -> Result<Vec<Option<String>>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<String> = ids.iter().map(|id| key(id.as_str())).collect();
        self.link
            .query()
            .mget(keys)
            .await
            .map_err(StoreError::redis("read the statuses of the nodes"))
    }
}

fn key(id: &str) -> String {
    format!("node:{id}:status")
}
