//! Reads of a graph's history and of what became of commands.

use std::collections::BTreeMap;

use graphy_model::{AppliedOperation, ClientId, GraphId, OperationId, Outcome, UserId, Viewport};
use redis::FromRedisValue;
use redis::streams::StreamRangeReply;

use super::GraphStore;
use super::keys::{GraphKeys, operation, user_commands};
use crate::error::StoreError;

/// How long the projection of a command's progress is kept, in seconds.
const OPERATION_TTL_S: i64 = 300;
/// How many commands a user's list keeps.
const USER_COMMANDS_MAX: isize = 100;

/// The part of a history that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum History {
    /// The operations after the version, without a gap; cut off at the asked count.
    Operations(Vec<AppliedOperation>),
    /// Some of them are not kept any more.
    TooOld,
}

/// How far a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationState {
    /// It waits.
    Pending,
    /// A worker has it.
    Processing,
    /// It ended well.
    Completed,
    /// It was refused.
    Failed,
}

impl OperationState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// Returns the state that an outcome ends in.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Rejected(_) => Self::Failed,
            _ => Self::Completed,
        }
    }
}

/// A command's progress as anybody may ask for it.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationView {
    /// The graph that it concerns.
    pub graph_id: GraphId,
    /// How far it is.
    pub state: OperationState,
    /// How it ended, once it has.
    pub outcome: Option<Outcome>,
}

impl GraphStore {
    /// Reads the history after a version, oldest first.
    ///
    /// # Errors
    /// When Redis cannot be reached or the history is not of our form.
    pub async fn operations_since(
        &self,
        id: &GraphId,
        version: u64,
        count_max: usize,
    ) -> Result<History, StoreError> {
        let keys = GraphKeys::new(id);
        let mut redis = self.link().query();
        let mut pipe = redis::pipe();
        pipe.cmd("HGET").arg(keys.state()).arg("version");
        pipe.cmd("XRANGE")
            .arg(keys.operations())
            .arg(format!("({version}-0"))
            .arg("+")
            .arg("COUNT")
            .arg(count_max);
        let (stored, range): (Option<u64>, StreamRangeReply) =
            pipe.query_async(&mut redis)
                .await
                .map_err(StoreError::redis("read a history"))?;
        let operations = range
            .ids
            .iter()
            .map(|entry| {
                let text = entry
                    .map
                    .get("o")
                    .and_then(|text| String::from_redis_value_ref(text).ok());
                parse::<AppliedOperation>(&text.unwrap_or_default())
            })
            .collect::<Result<Vec<_>, _>>()?;
        let first = operations.first().map(|operation| operation.version);
        let complete = match first {
            Some(first) => first == version + 1,
            None => stored.unwrap_or_default() <= version,
        };
        Ok(if complete {
            History::Operations(operations)
        } else {
            History::TooOld
        })
    }

    /// Reads how commands ended; none for those that have not, or too long ago.
    ///
    /// # Errors
    /// When Redis cannot be reached or an outcome is not of our form.
    pub async fn outcomes_of(
        &self,
        id: &GraphId,
        operations: &[OperationId],
    ) -> Result<Vec<Option<Outcome>>, StoreError> {
        if operations.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = operations.iter().map(ToString::to_string).collect();
        let texts: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(GraphKeys::new(id).applied())
            .arg(ids)
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("look outcomes up"))?;
        texts
            .into_iter()
            .map(|text| text.map(|text| parse(&text)).transpose())
            .collect()
    }

    /// Reads the last handled seq of clients.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn last_seqs(
        &self,
        id: &GraphId,
        clients: &[ClientId],
    ) -> Result<Vec<u64>, StoreError> {
        if clients.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = clients.iter().map(ClientId::as_str).collect();
        let seqs: Vec<Option<u64>> = redis::cmd("HMGET")
            .arg(GraphKeys::new(id).versions())
            .arg(names)
            .query_async(&mut self.link().write())
            .await
            .map_err(StoreError::redis("read client seqs"))?;
        Ok(seqs.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// Reads where a person looked last; the graph's own viewport if they never did.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn viewport(
        &self,
        id: &GraphId,
        user: &UserId,
    ) -> Result<Option<Viewport>, StoreError> {
        let texts: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(GraphKeys::new(id).viewport())
            .arg(user.as_str())
            .arg("default")
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read a viewport"))?;
        texts
            .into_iter()
            .flatten()
            .next()
            .map(|text| parse(&text))
            .transpose()
    }

    /// Notes that commands wait, so that their progress can be asked for.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub async fn note_pending(
        &self,
        id: &GraphId,
        operations: &[OperationId],
    ) -> Result<(), StoreError> {
        if operations.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for id_of_command in operations {
            let key = operation(*id_of_command);
            pipe.hset(&key, "graphId", id.as_str()).ignore();
            pipe.cmd("HSETNX")
                .arg(&key)
                .arg("status")
                .arg("pending")
                .ignore();
            pipe.expire(&key, OPERATION_TTL_S).ignore();
        }
        pipe.query_async(&mut self.link().write())
            .await
            .map_err(StoreError::redis("note pending commands"))
    }

    /// Notes how commands ended, for those who ask for their progress, and what users did, in
    /// their lists of the last hundred.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses; the outcomes themselves are safe by then.
    pub async fn note_outcomes(
        &self,
        id: &GraphId,
        outcomes: &[(OperationId, OperationState, String)],
        done: &[(UserId, String)],
    ) -> Result<(), StoreError> {
        if outcomes.is_empty() && done.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        let mut of_users: BTreeMap<&UserId, Vec<&str>> = BTreeMap::new();
        for (user, text) in done {
            of_users.entry(user).or_default().push(text);
        }
        for (user, texts) in of_users {
            let key = user_commands(user);
            pipe.lpush(&key, texts).ignore();
            pipe.ltrim(&key, 0, USER_COMMANDS_MAX - 1).ignore();
        }
        for (id_of_command, state, outcome) in outcomes {
            let key = operation(*id_of_command);
            let fields = [
                ("graphId", id.as_str()),
                ("status", state.as_str()),
                ("outcome", outcome),
            ];
            pipe.hset_multiple(&key, &fields).ignore();
            pipe.expire(&key, OPERATION_TTL_S).ignore();
        }
        pipe.query_async(&mut self.link().write())
            .await
            .map_err(StoreError::redis("note outcomes"))
    }

    /// Reads a user's last commands in all graphs, the newest first: at most a hundred JSON texts
    /// of `{graphId, operationId, type, version, timestamp}`.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn user_commands(&self, user: &UserId) -> Result<Vec<String>, StoreError> {
        redis::cmd("LRANGE")
            .arg(user_commands(user))
            .arg(0)
            .arg(USER_COMMANDS_MAX - 1)
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read a user's commands"))
    }

    /// Reads how far a command is; none if it is not known, or not any more.
    ///
    /// The projection is repaired from the graph's own record if it lags.
    ///
    /// # Errors
    /// When Redis cannot be reached or the record is not of our form.
    pub async fn operation(&self, id: OperationId) -> Result<Option<OperationView>, StoreError> {
        let fields: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(operation(id))
            .arg(&["graphId", "status", "outcome"])
            .query_async(&mut self.link().query())
            .await
            .map_err(StoreError::redis("read a command's progress"))?;
        let [Some(graph), status, outcome] = fields.as_slice() else {
            return Ok(None);
        };
        let corrupt = |detail| StoreError::Corrupt {
            what: "a command's progress",
            detail,
        };
        let graph_id = GraphId::new(graph).map_err(|error| corrupt(error.to_string()))?;
        let outcome = match outcome {
            Some(text) => Some(parse(text)?),
            None => self.outcomes_of(&graph_id, &[id]).await?.pop().flatten(),
        };
        let state = match (&outcome, status.as_deref()) {
            (Some(outcome), _) => OperationState::of(outcome),
            (None, Some("processing")) => OperationState::Processing,
            (None, _) => OperationState::Pending,
        };
        Ok(Some(OperationView {
            graph_id,
            state,
            outcome,
        }))
    }
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt {
        what: "a stored JSON text",
        detail: error.to_string(),
    })
}
