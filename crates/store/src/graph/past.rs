//! Reads of what was, for undo and for restoring.

use graphy_model::{AppliedOperation, GraphId, UndoStacks, UserId};
use redis::FromRedisValue;
use redis::streams::StreamRangeReply;

use super::GraphStore;
use super::history::parse;
use super::keys::GraphKeys;
use crate::error::StoreError;

/// How far back a user's own operations are looked for, in versions.
const LOOK_BACK_MAX: u64 = 10_000;
/// How many history entries are read at once.
const PAGE: usize = 1000;

impl GraphStore {
    /// Reads history entries from version `newest` down to `oldest`, newest first, as far as they
    /// are kept and at most `count_max`.
    ///
    /// # Errors
    /// When Redis cannot be reached or the history is not of our form.
    pub async fn operations_back(
        &self,
        id: &GraphId,
        newest: u64,
        oldest: u64,
        count_max: usize,
    ) -> Result<Vec<AppliedOperation>, StoreError> {
        let range: StreamRangeReply = redis::cmd("XREVRANGE")
            .arg(GraphKeys::new(id).operations())
            .arg(format!("{newest}-0"))
            .arg(format!("{oldest}-0"))
            .arg("COUNT")
            .arg(count_max)
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read a history backwards"))?;
        let texts = range.ids.iter().map(|entry| {
            let text = entry.map.get("o");
            text.and_then(|text| String::from_redis_value_ref(text).ok())
                .unwrap_or_default()
        });
        texts.map(|text| parse(&text)).collect()
    }

    /// Returns the oldest version to which a graph can be brought back.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn oldest_version(&self, id: &GraphId) -> Result<Option<u64>, StoreError> {
        let range: StreamRangeReply = redis::cmd("XRANGE")
            .arg(GraphKeys::new(id).operations())
            .arg("-")
            .arg("+")
            .arg("COUNT")
            .arg(1)
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("look for the oldest version"))?;
        let first = range
            .ids
            .first()
            .and_then(|entry| entry.id.split('-').next());
        Ok(first
            .and_then(|version| version.parse::<u64>().ok())
            .map(|version| version.saturating_sub(1)))
    }

    /// Finds out what a user may take back in a graph that stands at `version`.
    ///
    /// Looks back over at most ten thousand versions.
    ///
    /// # Errors
    /// When Redis cannot be reached or the history is not of our form.
    pub async fn undo_stacks(
        &self,
        id: &GraphId,
        user: &UserId,
        version: u64,
    ) -> Result<UndoStacks, StoreError> {
        let oldest = version.saturating_sub(LOOK_BACK_MAX);
        let mut own = Vec::new();
        let mut newest = version;
        while newest > oldest {
            let page = self.operations_back(id, newest, oldest, PAGE).await?;
            let Some(last) = page.last() else { break };
            newest = last.version.saturating_sub(1);
            let full = page.len() == PAGE;
            own.extend(page.into_iter().filter(|one| one.user_id == *user));
            if !full {
                break;
            }
        }
        let mut stacks = UndoStacks::default();
        for operation in own.iter().rev() {
            stacks.note(operation);
        }
        Ok(stacks)
    }
}
