//! The audit log: who did what to the deployment, in the stream `audit:log`.
//!
//! Two entries are written for each action: the intent before it, the outcome after it. So an
//! action whose process died half-way is in the log as begun. Entries are only ever added; the
//! oldest go when there are more than a set number. The hash `{audit:log}:outcomes` maps the id of an
//! intent to its outcome; it is made of the stream and exists for readers only.

use redis::streams::{StreamId, StreamRangeReply};
use redis::{AsyncCommands as _, Script};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use graphy_telemetry::SharedClock;

use crate::connection::RedisLink;
use crate::error::StoreError;

/// How many actions are kept unless configured otherwise.
pub const ACTIONS_MAX: usize = 100_000;
/// How long the text of an intent may be, in bytes.
pub const INTENT_BYTES_MAX: usize = 16 * 1024;
/// How many entries of the stream one call of [`AuditLog::list`] looks at.
const LOOKED_AT_MAX: usize = 5_000;
/// How many entries are read at once.
const PAGE: usize = 500;

const LOG: &str = "audit:log";
/// In the slot of the stream on a Redis Cluster.
const OUTCOMES: &str = "{audit:log}:outcomes";

/// Adds an entry and drops what is beyond the bound, with the outcomes that hang on it. `ARGV`:
/// field, text, entries kept, id of the intent if this is an outcome.
const ADD: &str = "
local id = redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2], 'of', ARGV[4])
if ARGV[4] ~= '' and #redis.call('XRANGE', KEYS[1], ARGV[4], ARGV[4]) > 0 then
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[2])
end
local surplus = redis.call('XLEN', KEYS[1]) - tonumber(ARGV[3])
if surplus > 0 then
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', math.min(surplus, 100))
  for _, entry in ipairs(oldest) do
    redis.call('HDEL', KEYS[2], entry[1])
    redis.call('XDEL', KEYS[1], entry[1])
  end
end
return id";

/// What somebody is about to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// When, in ms since the Unix epoch.
    pub at: u64,
    /// Who.
    pub user_id: String,
    /// Which operation.
    pub operation: String,
    /// To what, in words.
    pub target: String,
    /// What was asked, without secrets.
    pub detail: Value,
    /// Finds it in the logs.
    pub trace_id: String,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// When, in ms since the Unix epoch.
    pub at: u64,
    /// In which way.
    pub outcome: Outcome,
    /// What came of it, in words.
    pub result: Option<String>,
}

/// In which way an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It failed, perhaps half-way.
    Failed,
    /// It was refused; nothing was done.
    Refused,
}

/// An action as the log tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// Names it; ids grow with time.
    pub id: String,
    /// What was about to be done.
    pub intent: Intent,
    /// How it ended; none if the log does not know.
    pub ending: Option<Ending>,
}

/// Which actions are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only those before this one.
    pub before: Option<String>,
    /// Only those of this user.
    pub user_id: Option<String>,
    /// Only operations whose names begin with this.
    pub operation: Option<String>,
    /// How many at most.
    pub limit: usize,
}

/// Actions, and where the next page begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuditSlice {
    /// The actions, the newest first.
    pub records: Vec<AuditRecord>,
    /// What to ask for next; none at the end. A page may have fewer actions than were asked for and
    /// still have a next one: only so many entries are looked at per call.
    pub next: Option<String>,
}

/// The audit log of a deployment.
#[derive(Clone)]
pub struct AuditLog {
    link: RedisLink,
    clock: SharedClock,
    actions_max: usize,
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditLog").finish_non_exhaustive()
    }
}

impl AuditLog {
    /// Makes a log that keeps about the last `actions_max` actions.
    #[must_use]
    pub fn new(link: RedisLink, clock: SharedClock, actions_max: usize) -> Self {
        Self {
            link,
            clock,
            actions_max: actions_max.max(1),
        }
    }

    /// Returns the time of its entries, in ms since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Writes down what is about to be done, and returns its id. What is not written down must not
    /// be done.
    ///
    /// # Errors
    /// [`StoreError`]; the entry may be there all the same.
    pub async fn begin(&self, intent: &Intent) -> Result<String, StoreError> {
        let text = serde_json::to_string(intent).expect("plain data becomes JSON");
        if text.len() > INTENT_BYTES_MAX {
            return Err(StoreError::Corrupt {
                what: "an intent",
                detail: format!("it has {} bytes, over {INTENT_BYTES_MAX}", text.len()),
            });
        }
        self.add("intent", &text, "", "write an intent into the audit log")
            .await
    }

    /// Writes down how it ended.
    ///
    /// # Errors
    /// [`StoreError`]; then the log says of the action that it was begun.
    pub async fn end(&self, id: &str, ending: &Ending) -> Result<(), StoreError> {
        let text = serde_json::to_string(ending).expect("plain data becomes JSON");
        self.add("outcome", &text, id, "write an outcome into the audit log")
            .await
            .map(drop)
    }

    /// Lists actions, the newest first.
    ///
    /// # Errors
    /// [`StoreError`], also when `query.before` is not the id of an entry.
    pub async fn list(&self, query: &AuditQuery) -> Result<AuditSlice, StoreError> {
        let mut found: Vec<(String, Intent)> = Vec::new();
        let mut end = match &query.before {
            Some(id) if is_entry_id(id) => format!("({id}"),
            Some(_) => {
                return Err(StoreError::Corrupt {
                    what: "the place in the audit log",
                    detail: "it is not the id of an entry".to_owned(),
                });
            }
            None => "+".to_owned(),
        };
        let mut looked_at = 0;
        let mut next = None;
        'pages: while looked_at < LOOKED_AT_MAX {
            let page: StreamRangeReply = self
                .link
                .query()
                .xrevrange_count(LOG, &end, "-", PAGE)
                .await
                .map_err(StoreError::redis("read the audit log"))?;
            let whole = page.ids.len() == PAGE;
            for entry in &page.ids {
                looked_at += 1;
                let Some(intent) = read_intent(entry) else {
                    continue;
                };
                if !wanted(&intent, query) {
                    continue;
                }
                if found.len() == query.limit {
                    next = found.last().map(|(id, _)| id.clone());
                    break 'pages;
                }
                found.push((entry.id.clone(), intent));
            }
            if !whole {
                break;
            }
            let last = page.ids.last().map(|entry| entry.id.clone());
            end = format!("({}", last.clone().unwrap_or_default());
            if looked_at >= LOOKED_AT_MAX {
                next = last;
            }
        }
        let records = self.with_endings(found).await?;
        Ok(AuditSlice { records, next })
    }

    async fn with_endings(
        &self,
        found: Vec<(String, Intent)>,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        let endings: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(OUTCOMES)
            .arg(ids)
            .query_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("read the outcomes of the audit log"))?;
        let record = |((id, intent), ending): (_, Option<String>)| AuditRecord {
            id,
            intent,
            ending: ending.and_then(|text| serde_json::from_str(&text).ok()),
        };
        Ok(found.into_iter().zip(endings).map(record).collect())
    }

    async fn add(
        &self,
        field: &str,
        text: &str,
        of: &str,
        action: &'static str,
    ) -> Result<String, StoreError> {
        Script::new(ADD)
            .key(LOG)
            .key(OUTCOMES)
            .arg(field)
            .arg(text)
            // An action is two entries.
            .arg(self.actions_max.saturating_mul(2))
            .arg(of)
            .invoke_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis(action))
    }
}

fn read_intent(entry: &StreamId) -> Option<Intent> {
    let text: String = entry.get("intent")?;
    serde_json::from_str(&text).ok()
}

fn wanted(intent: &Intent, query: &AuditQuery) -> bool {
    let begins = |prefix: &String| intent.operation.starts_with(prefix.as_str());
    query
        .user_id
        .as_ref()
        .is_none_or(|user| *user == intent.user_id)
        && query.operation.as_ref().is_none_or(begins)
}

fn is_entry_id(text: &str) -> bool {
    let is_number = |part: &str| {
        (1..=20).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split_once('-')
        .is_some_and(|(time, count)| is_number(time) && is_number(count))
}
