//! Snapshots of graphs: compressed copies beside the graph, bounded in number and size.
//!
//! Two hashes per graph, one small for the list and one for the copies, so that the keys that a
//! deletion takes away are known beforehand, on a Cluster too.

use std::sync::LazyLock;

use graphy_model::{Checksum, Epoch, GraphId, UserId};
use redis::{AsyncCommands, Script};
use serde::{Deserialize, Serialize};

use super::GraphStore;
use super::history::parse;
use super::keys::GraphKeys;
use crate::error::StoreError;

/// Keeps a snapshot and makes room for it by removing the oldest ones.
static KEEP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("snapshots.lua")));

/// What is known of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Its name among those of its graph.
    pub snapshot_id: String,
    /// The life of the graph.
    pub epoch: Epoch,
    /// The graph's version.
    pub version: u64,
    /// The graph's checksum at that version.
    pub checksum: Checksum,
    /// When it was made, in milliseconds since 1970.
    pub at: u64,
    /// How many nodes it holds.
    pub nodes: u64,
    /// How many edges it holds.
    pub edges: u64,
    /// How large it is as stored, in bytes.
    pub bytes: u64,
    /// Who asked for it; none if nobody did.
    pub user_id: Option<UserId>,
}

/// A snapshot that is to be kept.
#[derive(Debug, Clone)]
pub struct NewSnapshot {
    /// What is known of it.
    pub snapshot: Snapshot,
    /// The copy, compressed.
    pub data: Vec<u8>,
}

/// How much room the snapshots of one graph may take; the newest is kept whatever it weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotRoom {
    /// How many there may be.
    pub count_max: usize,
    /// How many bytes they may take together.
    pub bytes_max: u64,
}

impl GraphStore {
    /// Keeps a snapshot; returns whether the graph was still there. Keeping it twice under the same
    /// id changes nothing.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn keep_snapshot(
        &self,
        id: &GraphId,
        new: &NewSnapshot,
        room: SnapshotRoom,
    ) -> Result<bool, StoreError> {
        let keys = GraphKeys::new(id);
        let row = serde_json::to_string(&new.snapshot).expect("rows hold only texts and numbers");
        let kept: u8 = KEEP
            .key(keys.state())
            .key(keys.snapshots())
            .key(keys.snapshot_data())
            .arg(new.snapshot.epoch.as_str())
            .arg(&new.snapshot.snapshot_id)
            .arg(row)
            .arg(&new.data[..])
            .arg(room.count_max)
            .arg(room.bytes_max)
            .invoke_async(&mut self.link().write())
            .await
            .map_err(StoreError::redis("keep a snapshot"))?;
        Ok(kept == 1)
    }

    /// Lists the snapshots of a graph, the newest first.
    ///
    /// # Errors
    /// When Redis cannot be reached or a row is not of our form.
    pub async fn snapshots(&self, id: &GraphId) -> Result<Vec<Snapshot>, StoreError> {
        // Bounded by the room that each new one was given.
        let rows: Vec<String> = self
            .link()
            .query()
            .hvals(GraphKeys::new(id).snapshots())
            .await
            .map_err(StoreError::redis("list snapshots"))?;
        let mut snapshots: Vec<Snapshot> = rows
            .iter()
            .map(|row| parse(row))
            .collect::<Result<_, _>>()?;
        snapshots.sort_by(|a, b| {
            (b.at, b.version, &b.snapshot_id).cmp(&(a.at, a.version, &a.snapshot_id))
        });
        Ok(snapshots)
    }

    /// Reads a snapshot and its copy; none if there is none of that id.
    ///
    /// # Errors
    /// When Redis cannot be reached or holds what is not of our form.
    pub async fn snapshot(
        &self,
        id: &GraphId,
        snapshot_id: &str,
    ) -> Result<Option<NewSnapshot>, StoreError> {
        let keys = GraphKeys::new(id);
        let (row, data): (Option<String>, Option<Vec<u8>>) = redis::pipe()
            .hget(keys.snapshots(), snapshot_id)
            .hget(keys.snapshot_data(), snapshot_id)
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read a snapshot"))?;
        let (Some(row), Some(data)) = (row, data) else {
            return Ok(None);
        };
        let snapshot = parse(&row)?;
        Ok(Some(NewSnapshot { snapshot, data }))
    }
}
