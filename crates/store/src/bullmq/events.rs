//! The stream of a queue's events, read in bounded pieces.

use std::sync::LazyLock;

use redis::{Script, Value};

use super::{QueueName, QueueReader, elements, text, value};
use crate::error::StoreError;

static EVENTS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("events.lua")));

/// How much one call looks at, whatever it is asked for.
const LOOK_ENTRIES_MAX: u32 = 500;

/// Which events are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLook {
    /// Those after this id, the oldest first, or those before it, the newest first.
    pub from: EventEdge,
    /// How many entries are looked at; at most 500 at a time.
    pub entries: u32,
    /// How many bytes they may have together.
    pub bytes: u32,
    /// Only events of this job, with their details.
    pub job: Option<String>,
}

/// Where a look begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventEdge {
    /// After an id, forwards.
    After(String),
    /// Before an id, backwards.
    Before(String),
    /// At the newest, backwards.
    Newest,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPage {
    /// The last id that was looked at.
    pub last_id: String,
    /// How many entries were looked at.
    pub looked_at: u32,
    /// Whether there are no more.
    pub ended: bool,
    /// The events, in the order of the look.
    pub events: Vec<StreamEvent>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// What.
    pub event: String,
    /// Of which job; empty if of none.
    pub job_id: String,
    /// Its reason, progress, due time or former state.
    pub detail: Option<String>,
}

impl QueueReader {
    /// Looks at events of a queue.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn events(
        &self,
        queue: &QueueName,
        look: &EventLook,
    ) -> Result<EventPage, StoreError> {
        let (direction, id) = match &look.from {
            EventEdge::After(id) => ("after", id.as_str()),
            EventEdge::Before(id) => ("before", id.as_str()),
            EventEdge::Newest => ("before", "+"),
        };
        let answer: Value = EVENTS
            .key(queue.key("events"))
            .arg(direction)
            .arg(id)
            .arg(look.entries.min(LOOK_ENTRIES_MAX))
            .arg(look.bytes)
            .arg(look.job.as_deref().unwrap_or_default())
            .invoke_async(&mut self.link.query())
            .await
            .map_err(StoreError::redis("read the events of a queue"))?;
        let mut parts = elements(Some(answer)).into_iter();
        let mut next = || parts.next().flatten();
        let (last_id, looked_at, ended) = (text(next()), value(next()), value(next()));
        let events = elements(next());
        Ok(EventPage {
            last_id: last_id.unwrap_or_default(),
            looked_at: looked_at.unwrap_or_default(),
            ended: ended.unwrap_or(true),
            events: events.into_iter().filter_map(event).collect(),
        })
    }
}

fn event(entry: Option<Value>) -> Option<StreamEvent> {
    let mut parts = elements(entry).into_iter();
    let id = text(parts.next()?)?;
    Some(StreamEvent {
        at: id.split('-').next()?.parse().ok()?,
        event: text(parts.next()?)?,
        job_id: text(parts.next()?)?,
        detail: text(parts.next()?),
    })
}
