//! What the nodes of a deployment share about alerts: rules, what fires, what people said to it,
//! what is still to be told, and who watches.
//!
//! Texts are opaque here; what they mean is decided elsewhere. Everything is bounded: rules by the
//! caller's limit, events and deliveries by [`EVENTS_MAX`] and [`DELIVERIES_MAX`].
//!
//! **Invariant:** what fires is changed only by the holder of the lease, checked in the same script;
//! so a node that lost the lease without noticing changes nothing. Every change raises the revision.

mod rules;
mod scripts;
mod webhook;

use std::collections::HashMap;
use std::time::Duration;

use redis::AsyncCommands as _;

use crate::connection::RedisLink;
use crate::error::StoreError;

/// How long the lease of the watching node lasts.
pub const LEASE_LIFE: Duration = Duration::from_secs(12);
/// The lease is renewed when it has less than this left: not every second, for a write each time
/// would be felt by an idle server.
const LEASE_LOW: Duration = Duration::from_secs(8);
/// How many events are kept.
pub const EVENTS_MAX: u64 = 1000;
/// How many deliveries may wait; beyond, the oldest are given up.
pub const DELIVERIES_MAX: u64 = 500;
/// How many sets of values of other nodes are read.
pub const NODES_MAX: usize = 256;

const LEASE: &str = "{alerts}:lease";
const REVISION: &str = "{alerts}:revision";
const VALUES: &str = "{alerts}:values";
const RULES: &str = "{alerts}:rules";
const STATES: &str = "{alerts}:states";
const SNOOZES: &str = "{alerts}:snoozes";
const ACKNOWLEDGED: &str = "{alerts}:acknowledged";
const EVENTS: &str = "{alerts}:events";
const EVENT_COUNT: &str = "{alerts}:event_count";
const DELIVERIES: &str = "{alerts}:deliveries";
const WEBHOOK: &str = "{alerts}:webhook";

/// The alerts in Redis.
#[derive(Debug, Clone)]
pub struct AlertStore {
    link: RedisLink,
}

/// What a node learns each second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertTick {
    /// Whether this node watches.
    pub leads: bool,
    /// Grows with every change.
    pub revision: u64,
    /// For the node that watches: what the others measured, by their names.
    pub values: Vec<(String, String)>,
}

/// All that is stored but for the deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredAlerts {
    /// Grows with every change.
    pub revision: u64,
    /// Rules by their ids.
    pub rules: HashMap<String, String>,
    /// What fires, by the ids of the rules.
    pub states: HashMap<String, String>,
    /// Until when rules are snoozed, in ms since 1970, by their ids.
    pub snoozes: HashMap<String, u64>,
    /// Who looks after an event, by the ids of events.
    pub acknowledged: HashMap<u64, String>,
    /// How many events there have been; the id of the newest.
    pub event_count: u64,
    /// The newest events, the newest first.
    pub events: Vec<(u64, String)>,
    /// Fields of the webhook: `url`, `deliveredAt`, `error`.
    pub webhook: HashMap<String, String>,
}

/// A change of what fires.
#[derive(Debug, Clone, Copy)]
pub struct AlertChange<'a> {
    /// The node that watches.
    pub node: &'a str,
    /// Which rule.
    pub rule: &'a str,
    /// Its new state; none if it does not fire any more.
    pub state: Option<&'a str>,
    /// The event that begins or ends with it.
    pub event: Option<(u64, &'a str)>,
    /// What is to be told, if anything.
    pub delivery: Option<&'a str>,
}

impl AlertStore {
    /// Makes a store on a link.
    #[must_use]
    pub fn new(link: RedisLink) -> Self {
        Self { link }
    }

    /// Takes or renews the lease if nobody else has it, and looks for news. `values` are told to
    /// the node that watches.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tick(&self, node: &str, values: Option<&str>) -> Result<AlertTick, StoreError> {
        let mut call = scripts::TICK.key(LEASE);
        call.key(REVISION)
            .key(VALUES)
            .arg(node)
            .arg(millis(LEASE_LIFE))
            .arg(millis(LEASE_LOW))
            .arg(values.unwrap_or_default());
        let (leads, revision, values): (u8, u64, Vec<String>) = call
            .invoke_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("watch the alerts"))?;
        let mut pairs = values.into_iter();
        let mut others = Vec::new();
        while let (Some(node), Some(values)) = (pairs.next(), pairs.next()) {
            if others.len() < NODES_MAX {
                others.push((node, values));
            }
        }
        Ok(AlertTick {
            leads: leads == 1,
            revision,
            values: others,
        })
    }

    /// Gives the lease back, so that another node need not wait for its end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release(&self, node: &str) -> Result<(), StoreError> {
        let mut call = scripts::RELEASE.key(LEASE);
        let released: Result<u8, _> = call
            .key(VALUES)
            .arg(node)
            .invoke_async(&mut self.link.write())
            .await;
        released
            .map(drop)
            .map_err(StoreError::redis("give up watching the alerts"))
    }

    /// Forgets the values of nodes that are gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_values(&self, nodes: &[String]) -> Result<(), StoreError> {
        if nodes.is_empty() {
            return Ok(());
        }
        let mut connection = self.link.write();
        let removed: Result<u64, _> = connection.hdel(VALUES, nodes).await;
        removed
            .map(drop)
            .map_err(StoreError::redis("forget the values of a node"))
    }

    /// Reads everything at one moment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(&self) -> Result<StoredAlerts, StoreError> {
        let mut call = scripts::READ.key(REVISION);
        for key in [
            RULES,
            STATES,
            SNOOZES,
            ACKNOWLEDGED,
            EVENT_COUNT,
            EVENTS,
            WEBHOOK,
        ] {
            call.key(key);
        }
        type Read = (
            u64,
            HashMap<String, String>,
            HashMap<String, String>,
            HashMap<String, u64>,
            HashMap<u64, String>,
            u64,
            HashMap<u64, String>,
            HashMap<String, String>,
        );
        let read: Result<Read, _> = call.invoke_async(&mut self.link.query()).await;
        let (revision, rules, states, snoozes, acknowledged, event_count, events, webhook) =
            read.map_err(StoreError::redis("read the alerts"))?;
        let mut events: Vec<(u64, String)> = events.into_iter().collect();
        events.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        Ok(StoredAlerts {
            revision,
            rules,
            states,
            snoozes,
            acknowledged,
            event_count,
            events,
            webhook,
        })
    }

    /// Changes what fires, if the node still watches and no other event came between; says whether.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn change(&self, change: AlertChange<'_>) -> Result<bool, StoreError> {
        let mut call = scripts::CHANGE.key(LEASE);
        for key in [
            REVISION,
            STATES,
            EVENTS,
            EVENT_COUNT,
            ACKNOWLEDGED,
            DELIVERIES,
        ] {
            call.key(key);
        }
        let (event, event_text) = match change.event {
            Some((id, text)) => (id.to_string(), text),
            None => (String::new(), ""),
        };
        call.arg(change.node)
            .arg(change.rule)
            .arg(change.state.unwrap_or_default())
            .arg(event)
            .arg(event_text)
            .arg(change.delivery.unwrap_or_default())
            .arg(EVENTS_MAX)
            .arg(DELIVERIES_MAX);
        let changed: Result<u8, _> = call.invoke_async(&mut self.link.write()).await;
        changed
            .map(|changed| changed == 1)
            .map_err(StoreError::redis("change what fires"))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
