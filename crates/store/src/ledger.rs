//! What a deployment counted, per stretch of time: the ground of its reports.
//!
//! Each node adds its counts to the slot of the moment; counts of all nodes come together there, so
//! shares and quantiles of any span are exact and outlive every process. There are three sizes of
//! slot: a minute, kept for some hours, five minutes, kept for two days, and an hour, kept for a
//! month.
//!
//! Also kept: figures that a person entered because nothing here can measure them.
//!
//! **Invariant:** the memory is bounded by the number of slots times the number of fields.

mod figures;
mod slot;

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use redis::{AsyncCommands as _, Script};

use crate::connection::RedisLink;
use crate::error::StoreError;
use crate::hashes::read_hashes;

pub use figures::{EnteredFigure, FIGURES_MAX};
pub use slot::{LedgerSlot, SlotSize};

static ADD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("ledger/add.lua")));

/// A deployment that was not heard of for this long was down, unless it had been stopped. Nodes add
/// their counts every ten seconds, so less would take a late one for dead.
pub const HEARD_WITHIN: Duration = Duration::from_secs(20);
/// Who was down for longer had been given up.
const DOWN_MAX: Duration = Duration::from_secs(7 * 86_400);

const HEARD: &str = "{ledger}:heard";
const AUDIT: &str = "{ledger}:audit";
/// How often a graph is audited.
const AUDIT_INTERVAL: Duration = Duration::from_secs(50);
/// How many slots are read in one round trip.
const READ_SLOTS: usize = 100;

/// What a node counted since it last added.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LedgerEntry {
    /// Until when, in milliseconds since 1970.
    pub now: u64,
    /// Since when it was measured.
    pub since: u64,
    /// Since when the node was fit for work; none if it is not.
    pub ready_since: Option<u64>,
    /// What adds up.
    pub sums: BTreeMap<String, f64>,
    /// Of what the greatest value counts.
    pub peaks: BTreeMap<String, f64>,
}

/// The slots in Redis; cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    link: RedisLink,
}

impl Ledger {
    /// Makes the ledger on a connection.
    #[must_use]
    pub fn new(link: RedisLink) -> Self {
        Self { link }
    }

    /// Adds what a node counted.
    ///
    /// # Errors
    /// When Redis cannot be reached; then it is not known whether the entry was added.
    pub async fn add(&self, entry: &LedgerEntry) -> Result<(), StoreError> {
        let mut call = ADD.prepare_invoke();
        for size in SlotSize::ALL {
            call.key(size.key(size.start(entry.now)));
        }
        call.key(HEARD);
        let ready = entry.ready_since.map(|since| since.to_string());
        call.arg(entry.now)
            .arg(entry.since)
            .arg(ready.unwrap_or_default());
        call.arg(entry.sums.len());
        for size in SlotSize::ALL {
            call.arg(size.kept().as_secs());
        }
        for (field, value) in entry.sums.iter().chain(&entry.peaks) {
            call.arg(field).arg(value);
        }
        let added: Result<(), _> = call.invoke_async(&mut self.link.write()).await;
        added.map_err(StoreError::redis("add to the ledger"))
    }

    /// Notes that a node starts at `now`. If the deployment was neither heard of since nor
    /// stopped in good order, the time between counts as down.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn opened(&self, now: u64) -> Result<Option<Duration>, StoreError> {
        let heard: (Option<u64>, Option<String>) = redis::pipe()
            .hget(HEARD, "at")
            .hget(HEARD, "stopped")
            .hset_multiple(
                HEARD,
                &[("at", now.to_string()), ("stopped", "0".to_owned())],
            )
            .ignore()
            .query_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("note that a node starts"))?;
        let (Some(at), Some("0")) = (heard.0, heard.1.as_deref()) else {
            return Ok(None);
        };
        let down = Duration::from_millis(now.saturating_sub(at));
        if down <= HEARD_WITHIN || down > DOWN_MAX {
            return Ok(None);
        }
        self.note_down(at, now).await?;
        Ok(Some(down))
    }

    /// Spreads a time in which nothing ran over its slots.
    async fn note_down(&self, from: u64, to: u64) -> Result<(), StoreError> {
        let mut pipe = redis::pipe();
        for size in SlotSize::ALL {
            let first = from.max(to.saturating_sub(millis(size.kept())));
            for start in size.starts(first, to) {
                let (begin, end) = (start.max(from), (start + size.length_ms()).min(to));
                let key = size.key(start);
                pipe.hincr(&key, "down.ms", end.saturating_sub(begin))
                    .ignore();
                pipe.expire(
                    &key,
                    i64::try_from(size.kept().as_secs()).unwrap_or(i64::MAX),
                )
                .ignore();
            }
        }
        pipe.exec_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("note that nothing ran"))
    }

    /// Notes that a node is stopped in good order. Another one that runs takes it back.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn stopped(&self, now: u64) -> Result<(), StoreError> {
        let fields = [("at", now.to_string()), ("stopped", "1".to_owned())];
        let mut link = self.link.write();
        let noted: Result<(), _> = link.hset_multiple(HEARD, &fields).await;
        noted.map_err(StoreError::redis("note that a node stops"))
    }

    /// Says whether the caller is to audit a graph now: one node of a deployment at a time.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn claim_audit(&self) -> Result<bool, StoreError> {
        let claimed: Result<Option<String>, _> = redis::cmd("SET")
            .arg(AUDIT)
            .arg(1)
            .arg("NX")
            .arg("EX")
            .arg(AUDIT_INTERVAL.as_secs())
            .query_async(&mut self.link.write())
            .await;
        Ok(claimed
            .map_err(StoreError::redis("claim an audit"))?
            .is_some())
    }

    /// Returns the slots that a span touches, in their order, of the size that reaches back so
    /// far; slots in which nothing was counted are left out.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn read(&self, from: u64, to: u64, now: u64) -> Result<Vec<LedgerSlot>, StoreError> {
        let size = SlotSize::reaching(from, to, now);
        let first = from.max(now.saturating_sub(millis(size.kept())));
        let starts: Vec<u64> = size.starts(first, to).collect();
        let mut slots = Vec::new();
        for some in starts.chunks(READ_SLOTS) {
            let keys = some.iter().map(|start| size.key(*start));
            let hashes = read_hashes(&self.link, "read the ledger", keys).await?;
            slots.extend(
                some.iter()
                    .zip(hashes)
                    .filter(|(_, hash)| !hash.is_empty())
                    .map(|(start, hash)| LedgerSlot::from_hash(*start, size, hash)),
            );
        }
        Ok(slots)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
