//! What was rolled up of a graph's progress: beside the graph, not part of its history.

use std::sync::LazyLock;

use graphy_model::{Epoch, GraphId};
use redis::{AsyncCommands, Script};

use super::GraphStore;
use super::keys::GraphKeys;
use crate::error::StoreError;

/// Keeps what was computed, unless the graph is gone, lives another life, or holds newer already.
static KEEP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r#"
local state = redis.call("HMGET", KEYS[1], "epoch", "deleted")
if state[1] ~= ARGV[1] or state[2] then return 0 end
local kept = redis.call("HMGET", KEYS[2], "epoch", "version")
if kept[1] == ARGV[1] and tonumber(kept[2]) > tonumber(ARGV[2]) then return 0 end
redis.call("HSET", KEYS[2], "epoch", ARGV[1], "version", ARGV[2], "at", ARGV[3], "nodes", ARGV[4])
return 1
"#,
    )
});

/// What was rolled up of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProgress {
    /// The life of the graph.
    pub epoch: Epoch,
    /// At which version.
    pub version: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The nodes, as JSON of whoever computed them.
    pub nodes: String,
}

impl GraphStore {
    /// Keeps what was rolled up of a graph; false if the graph has gone or newer is kept.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn keep_progress(
        &self,
        id: &GraphId,
        progress: &StoredProgress,
    ) -> Result<bool, StoreError> {
        let keys = GraphKeys::new(id);
        let kept: u8 = KEEP
            .key(keys.state())
            .key(keys.progress())
            .arg(progress.epoch.as_str())
            .arg(progress.version)
            .arg(progress.at)
            .arg(&progress.nodes)
            .invoke_async(&mut self.link().write())
            .await
            .map_err(StoreError::redis("keep the progress of a graph"))?;
        Ok(kept == 1)
    }

    /// Reads what was rolled up of a graph; none if nothing was yet.
    ///
    /// # Errors
    /// When Redis cannot be reached or holds what is not of our form.
    pub async fn progress(&self, id: &GraphId) -> Result<Option<StoredProgress>, StoreError> {
        let fields: [Option<String>; 4] = self
            .link()
            .query()
            .hmget(
                GraphKeys::new(id).progress(),
                &["epoch", "version", "at", "nodes"],
            )
            .await
            .map_err(StoreError::redis("read the progress of a graph"))?;
        let [Some(epoch), Some(version), Some(at), Some(nodes)] = fields else {
            return Ok(None);
        };
        let corrupt = |_| StoreError::Corrupt {
            what: "the progress of a graph",
            detail: format!("graph {id} has it of version {version:?}"),
        };
        Ok(Some(StoredProgress {
            epoch: Epoch::new(&epoch).map_err(|error| StoreError::Corrupt {
                what: "the progress of a graph",
                detail: error.to_string(),
            })?,
            version: version.parse().map_err(corrupt)?,
            at: at.parse().map_err(corrupt)?,
            nodes,
        }))
    }
}
