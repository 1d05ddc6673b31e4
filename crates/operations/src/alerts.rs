//! Alerts: rules on series, watched by one node at a time for the whole deployment.
//!
//! Once a second, when a node has measured, it takes or renews a lease and looks for news
//! (`keeper`). The node that holds the lease compares every rule with the worst value of all
//! nodes and writes what begins and ends to Redis; every node reads it from there, its own too, and
//! tells the people who watch it. So who changes the watch tells nobody twice, and a restart
//! forgets nothing. The decisions are pure: `machine` says when a rule fires, `book` what to
//! write and to tell. `orders` is what people see and do. `webhook` hands alerts to one address, at
//! least once each.

mod book;
mod circuit;
mod defaults;
mod keeper;
mod machine;
mod orders;
mod post;
mod validate;
mod webhook;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graphy_protocol::ApiError;
use graphy_protocol::alerts::AlertNotice;
use graphy_protocol::series::AlertMark;
use graphy_store::{AlertStore, StoreError};
use graphy_telemetry::{SharedClock, StatusBoard, TaskRegistry};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::fault::store_fault;
use crate::journal::{EventKind, Journal};
use crate::operations::SystemFacts;
use crate::overview::Overview;
use crate::pulse::Pulse;
use book::{Book, news};
use machine::Track;

/// How many notices are kept for watchers that are slow.
const NOTICES_MAX: usize = 100;

/// What alerts need.
pub(crate) struct AlertParts {
    pub(crate) store: AlertStore,
    pub(crate) overview: Overview,
    pub(crate) clock: SharedClock,
    pub(crate) journal: Arc<Journal>,
    pub(crate) pulse: Pulse,
    pub(crate) facts: SystemFacts,
    pub(crate) board: StatusBoard,
    pub(crate) tasks: TaskRegistry,
    pub(crate) token: CancellationToken,
}

/// The alerts as one node sees them; cheap to clone.
#[derive(Clone)]
pub(crate) struct Alerts {
    inner: Arc<Inner>,
}

struct Inner {
    store: AlertStore,
    overview: Overview,
    clock: SharedClock,
    journal: Arc<Journal>,
    pulse: Pulse,
    facts: SystemFacts,
    /// The name under which this node watches.
    node: String,
    seen: Mutex<Seen>,
    notices: Mutex<Notices>,
    leads: AtomicBool,
    sender: webhook::Sender,
    /// Something may be to be delivered.
    due: Notify,
    /// Counts readings, so that of two at once the later one counts.
    reads: AtomicU64,
}

#[derive(Default)]
struct Seen {
    /// None until it was read for the first time: what fired before is no news.
    book: Option<Book>,
    /// The reading that it is from.
    read: u64,
    tracks: BTreeMap<String, Track>,
}

#[derive(Default)]
struct Notices {
    last: u64,
    ring: VecDeque<(u64, AlertNotice)>,
}

impl Alerts {
    /// Begins to watch, in the tasks `alerts` and `alert-webhook`.
    pub(crate) fn start(parts: AlertParts) -> Self {
        let sender = webhook::Sender::new(Arc::clone(&parts.clock));
        sender.show_on(&parts.board);
        let alerts = Self {
            inner: Arc::new(Inner {
                store: parts.store,
                overview: parts.overview,
                clock: parts.clock,
                journal: parts.journal,
                pulse: parts.pulse,
                facts: parts.facts,
                node: Uuid::now_v7().simple().to_string(),
                seen: Mutex::default(),
                notices: Mutex::default(),
                leads: AtomicBool::new(false),
                sender,
                due: Notify::new(),
                reads: AtomicU64::new(0),
            }),
        };
        keeper::spawn(&alerts, &parts.tasks, &parts.token);
        webhook::spawn(&alerts, &parts.tasks, &parts.token);
        alerts
    }

    /// Returns the notices after one, and the number of the last one.
    pub(crate) fn notices_since(&self, number: u64) -> (u64, Vec<AlertNotice>) {
        let notices = lock(&self.inner.notices);
        let newer = notices.ring.iter().filter(|(id, _)| *id > number);
        (
            notices.last,
            newer.map(|(_, notice)| notice.clone()).collect(),
        )
    }

    /// Returns the times in which alerts on some series fired.
    pub(crate) fn marks(&self, series: &[String], from_ms: u64, to_ms: u64) -> Vec<AlertMark> {
        let seen = lock(&self.inner.seen);
        let book = seen.book.as_ref();
        book.map_or_else(Vec::new, |book| book.marks(series, from_ms, to_ms))
    }

    async fn refresh(&self) -> Result<(), ApiError> {
        self.reload().await.map_err(|error| store_fault(&error))
    }

    /// Reads what is stored, and tells what is new.
    async fn reload(&self) -> Result<(), StoreError> {
        let read = self.inner.reads.fetch_add(1, Ordering::Relaxed) + 1;
        let book = Book::read(self.inner.store.read().await?);
        let now_ms = self.inner.clock.now_ms();
        let watched: Vec<&str> = book
            .rules
            .values()
            .filter(|rule| rule.enabled)
            .map(|rule| rule.series.as_str())
            .collect();
        self.inner.overview.book().watch(watched.into_iter());
        let told = {
            let mut seen = lock(&self.inner.seen);
            if seen.read > read {
                return Ok(());
            }
            seen.read = read;
            let told = seen.book.as_ref().map(|known| news(known, &book, now_ms));
            seen.tracks.retain(|id, _| book.rules.contains_key(id));
            seen.book = Some(book);
            told.unwrap_or_default()
        };
        for (notice, is_told) in told {
            self.tell(notice, is_told);
        }
        Ok(())
    }

    fn tell(&self, notice: AlertNotice, is_told: bool) {
        let verb = if notice.firing { "fires" } else { "ended" };
        let text = format!("alert {verb}: {} ({})", notice.title, notice.text);
        self.inner.journal.note(EventKind::Alert, &text, None);
        if is_told {
            let mut notices = lock(&self.inner.notices);
            notices.last += 1;
            let number = notices.last;
            if notices.ring.len() == NOTICES_MAX {
                notices.ring.pop_front();
            }
            notices.ring.push_back((number, notice));
        }
        self.inner.pulse.beat();
    }

    fn leads(&self) -> bool {
        self.inner.leads.load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
