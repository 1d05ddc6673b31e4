//! The log of the conflicts of all graphs, as they were met: a capped stream.
//!
//! A moment in the log is that of the stream's ids, which never go back, whichever node wrote.

use graphy_model::{ConflictNote, GraphId, OperationId, UserId};
use redis::FromRedisValue;
use redis::streams::{StreamId, StreamRangeReply};
use serde::{Deserialize, Serialize};

use super::GraphStore;
use super::history::parse;
use super::keys::CONFLICT_LOG;
use crate::error::StoreError;

/// How many entries the log of conflicts keeps, about.
const LOG_LENGTH: usize = 20_000;
/// How many entries are read at once, so that nobody else waits for long.
const ENTRIES_AT_ONCE: usize = 1000;
/// How many conflicts of one command are logged.
const NOTES_MAX: usize = 100;

/// The conflicts that one command met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConflictLogEntry {
    /// When they were met, in milliseconds since 1970; when it is read, by the log's own clock.
    pub at: u64,
    /// The graph that they are in.
    pub graph_id: GraphId,
    /// The command.
    pub operation_id: OperationId,
    /// Whose command it was.
    pub user_id: UserId,
    /// What was met, and how it was settled; at most a hundred of them are kept.
    pub notes: Vec<ConflictNote>,
}

/// A piece of the log, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedConflicts {
    /// The entries.
    pub entries: Vec<ConflictLogEntry>,
    /// When the oldest entry of the whole log was made, in milliseconds; none if it is empty.
    pub since: Option<u64>,
    /// Whether older entries than these may exist.
    pub more: bool,
}

impl GraphStore {
    /// Adds conflicts to the log of all graphs.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses; the graphs' own records are safe by then.
    pub async fn log_conflicts(&self, entries: &[ConflictLogEntry]) -> Result<(), StoreError> {
        let mut pipe = redis::pipe();
        for entry in entries {
            let notes = entry.notes.iter().take(NOTES_MAX).cloned().collect();
            let entry = ConflictLogEntry {
                notes,
                ..entry.clone()
            };
            let text = serde_json::to_string(&entry).expect("entries hold only texts and numbers");
            pipe.cmd("XADD")
                .arg(CONFLICT_LOG)
                .arg("MAXLEN")
                .arg("~")
                .arg(LOG_LENGTH)
                .arg("*")
                .arg("e")
                .arg(text)
                .ignore();
        }
        pipe.query_async(&mut self.link().write())
            .await
            .map_err(StoreError::redis("log conflicts"))
    }

    /// Reads the log of conflicts before `before_ms` from the newest back to `since_ms`:
    /// `count_max` entries and those of the same moment as the last.
    ///
    /// # Errors
    /// When Redis cannot be reached or an entry is not of our form.
    pub async fn logged_conflicts(
        &self,
        since_ms: u64,
        before_ms: Option<u64>,
        count_max: usize,
    ) -> Result<LoggedConflicts, StoreError> {
        // There is no id before the first one to read back from.
        let nothing = before_ms == Some(0);
        let count_max = if nothing { 0 } else { count_max };
        let mut newest = before_ms.map_or_else(|| "+".to_owned(), |before| format!("({before}-0"));
        let oldest = format!("{since_ms}-0");
        let mut entries: Vec<ConflictLogEntry> = Vec::new();
        let mut more = false;
        while entries.len() < count_max {
            let count = (count_max - entries.len()).min(ENTRIES_AT_ONCE);
            let page = self.log_page(&newest, &oldest, Some(count)).await?;
            let full = page.len() == count;
            if let Some((id, _)) = page.last() {
                newest = format!("({id}");
            }
            entries.extend(page.into_iter().map(|(_, entry)| entry));
            more = full;
            if !full {
                break;
            }
        }
        if more && let Some(last) = entries.last().map(|entry| entry.at) {
            let rest = self.log_page(&newest, &format!("{last}-0"), None).await?;
            entries.extend(rest.into_iter().map(|(_, entry)| entry));
        }
        Ok(LoggedConflicts {
            since: self.log_begins().await?,
            more,
            entries,
        })
    }

    /// Reads entries from `newest` back to `oldest`.
    async fn log_page(
        &self,
        newest: &str,
        oldest: &str,
        count: Option<usize>,
    ) -> Result<Vec<(String, ConflictLogEntry)>, StoreError> {
        let mut command = redis::cmd("XREVRANGE");
        command.arg(CONFLICT_LOG).arg(newest).arg(oldest);
        if let Some(count) = count {
            command.arg("COUNT").arg(count);
        }
        let range: StreamRangeReply = command
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read the log of conflicts"))?;
        range.ids.iter().map(read).collect()
    }

    async fn log_begins(&self) -> Result<Option<u64>, StoreError> {
        let range: StreamRangeReply = redis::cmd("XRANGE")
            .arg(CONFLICT_LOG)
            .arg("-")
            .arg("+")
            .arg("COUNT")
            .arg(1)
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis(
                "look for the begin of the log of conflicts",
            ))?;
        Ok(range.ids.first().map(|entry| moment(&entry.id)))
    }
}

fn read(entry: &StreamId) -> Result<(String, ConflictLogEntry), StoreError> {
    let text = entry.map.get("e");
    let text = text.and_then(|text| String::from_redis_value_ref(text).ok());
    let mut read: ConflictLogEntry = parse(&text.unwrap_or_default())?;
    read.at = moment(&entry.id);
    Ok((entry.id.clone(), read))
}

/// Returns the milliseconds of a stream's id.
fn moment(id: &str) -> u64 {
    let ms = id.split('-').next();
    ms.and_then(|ms| ms.parse().ok()).unwrap_or_default()
}
