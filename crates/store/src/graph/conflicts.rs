//! Reads of grants and conflicts, and the log of conflicts of all graphs.

use graphy_model::{
    ConflictNote, ConflictRecord, Grantee, Grants, GraphId, GraphRole, OperationId, UserId,
};
use redis::AsyncCommands;
use redis::FromRedisValue;
use redis::streams::StreamRangeReply;
use serde::{Deserialize, Serialize};

use super::GraphStore;
use super::history::parse;
use super::keys::{CONFLICT_LOG, GraphKeys};
use crate::error::StoreError;

/// How many entries the log of conflicts keeps, about.
const LOG_LENGTH: usize = 20_000;

/// The conflicts that one command met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConflictLogEntry {
    /// When they were met, in milliseconds since 1970.
    pub at: u64,
    /// The graph that they are in.
    pub graph_id: GraphId,
    /// The command.
    pub operation_id: OperationId,
    /// Whose command it was.
    pub user_id: UserId,
    /// What was met, and how it was settled.
    pub notes: Vec<ConflictNote>,
}

/// A piece of the log, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedConflicts {
    /// The entries.
    pub entries: Vec<ConflictLogEntry>,
    /// When the oldest entry of the whole log was made, in milliseconds; none if it is empty.
    pub since: Option<u64>,
    /// Whether older entries than these exist.
    pub more: bool,
}

impl GraphStore {
    /// Reads a graph's grants.
    ///
    /// # Errors
    /// When Redis cannot be reached or a grant is not of our form.
    pub async fn grants(&self, id: &GraphId) -> Result<Grants, StoreError> {
        let pairs: Vec<(String, String)> = self
            .link()
            .query()
            .hgetall(GraphKeys::new(id).acl())
            .await
            .map_err(StoreError::redis("read a graph's grants"))?;
        let corrupt = |detail: &str| StoreError::Corrupt {
            what: "a grant",
            detail: detail.to_owned(),
        };
        let grants = pairs.iter().map(|(grantee, role)| {
            let grantee: Grantee =
                serde_json::from_value(grantee.as_str().into()).map_err(|_| corrupt(grantee))?;
            let role = GraphRole::parse(role).ok_or_else(|| corrupt(role))?;
            Ok((grantee, role))
        });
        grants.collect::<Result<_, StoreError>>().map(Grants)
    }

    /// Reads the conflicts of a graph that wait for a person, the oldest first.
    ///
    /// # Errors
    /// When Redis cannot be reached or a record is not of our form.
    pub async fn open_conflicts(&self, id: &GraphId) -> Result<Vec<ConflictRecord>, StoreError> {
        let keys = GraphKeys::new(id);
        let ids: Vec<String> = self
            .link()
            .query()
            .zrange(keys.open_conflicts(), 0, -1)
            .await
            .map_err(StoreError::redis("list open conflicts"))?;
        self.conflict_records(&keys, &ids).await
    }

    /// Reads the settled conflicts of a graph, the newest first, at most `count_max`.
    ///
    /// # Errors
    /// When Redis cannot be reached or a record is not of our form.
    pub async fn settled_conflicts(
        &self,
        id: &GraphId,
        count_max: usize,
    ) -> Result<Vec<ConflictRecord>, StoreError> {
        let keys = GraphKeys::new(id);
        let last = isize::try_from(count_max).unwrap_or(isize::MAX) - 1;
        let ids: Vec<String> = self
            .link()
            .query()
            .zrevrange(keys.closed_conflicts(), 0, last)
            .await
            .map_err(StoreError::redis("list settled conflicts"))?;
        self.conflict_records(&keys, &ids).await
    }

    async fn conflict_records(
        &self,
        keys: &GraphKeys,
        ids: &[String],
    ) -> Result<Vec<ConflictRecord>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(keys.conflicts())
            .arg(ids)
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read conflicts"))?;
        texts.iter().flatten().map(|text| parse(text)).collect()
    }

    /// Adds conflicts to the log of all graphs.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses; the graphs' own records are safe by then.
    pub async fn log_conflicts(&self, entries: &[ConflictLogEntry]) -> Result<(), StoreError> {
        let mut pipe = redis::pipe();
        for entry in entries {
            let text = serde_json::to_string(entry).expect("entries hold only texts and numbers");
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

    /// Reads the log of conflicts from the newest back to `since_ms`, at most `count_max` entries
    /// before `before_ms`.
    ///
    /// # Errors
    /// When Redis cannot be reached or an entry is not of our form.
    pub async fn logged_conflicts(
        &self,
        since_ms: u64,
        before_ms: Option<u64>,
        count_max: usize,
    ) -> Result<LoggedConflicts, StoreError> {
        let newest = before_ms.map_or_else(|| "+".to_owned(), |before| format!("({before}-0"));
        let mut pipe = redis::pipe();
        pipe.cmd("XREVRANGE")
            .arg(CONFLICT_LOG)
            .arg(newest)
            .arg(since_ms)
            .arg("COUNT")
            .arg(count_max);
        pipe.cmd("XRANGE")
            .arg(CONFLICT_LOG)
            .arg("-")
            .arg("+")
            .arg("COUNT")
            .arg(1);
        let (range, oldest): (StreamRangeReply, StreamRangeReply) = pipe
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read the log of conflicts"))?;
        let read = |reply: &StreamRangeReply| {
            let texts = reply.ids.iter().filter_map(|entry| entry.map.get("e"));
            texts
                .map(|text| {
                    parse::<ConflictLogEntry>(
                        &String::from_redis_value_ref(text).unwrap_or_default(),
                    )
                })
                .collect::<Result<Vec<_>, _>>()
        };
        let entries = read(&range)?;
        Ok(LoggedConflicts {
            since: read(&oldest)?.first().map(|entry| entry.at),
            more: range.ids.len() == count_max,
            entries,
        })
    }
}
