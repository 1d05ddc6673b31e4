//! Alerts: rules on series, watched by one node at a time for the whole deployment.
//!
//! Once a second, when a node has measured, it takes or renews a lease and looks for news
//! (`keeper`). The node that holds the lease compares every rule with the worst value of all
//! nodes and writes what begins and ends to Redis; every node reads it from there, its own too, and
//! tells the people who watch it. So who changes the watch tells nobody twice, and a restart
//! forgets nothing. The decisions are pure: `machine` says when a rule fires, `book` what to
//! write and to tell. `webhook` hands alerts to one address, at least once each.

mod book;
mod circuit;
mod defaults;
mod keeper;
mod machine;
mod post;
mod validate;
mod webhook;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graphy_model::UserId;
use graphy_protocol::alerts::{
    AlertList, AlertNotice, AlertRule, AlertState, AlertStatus, Webhook,
};
use graphy_protocol::series::AlertMark;
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::{AlertStore, StoreError};
use graphy_telemetry::{SharedClock, StatusBoard, TaskRegistry};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::fault::store_fault;
use crate::journal::{EventKind, Journal};
use crate::operations::SystemFacts;
use crate::overview::{Overview, RULE_EXPRESSIONS_MAX};
use crate::pulse::Pulse;
use book::{Book, event_number, news};
use machine::Track;

/// How many rules may be kept, besides those that Graphy brings and nobody has changed.
const RULES_MAX: usize = 200;
/// How many events a list holds.
const EVENTS_LISTED_MAX: usize = 200;
/// The longest snooze.
const SNOOZE_MINUTES_MAX: u32 = 10_080;
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

    pub(crate) async fn list(&self) -> Result<AlertList, ApiError> {
        self.refresh().await?;
        let now_ms = self.inner.clock.now_ms();
        let seen = lock(&self.inner.seen);
        let book = seen.book.as_ref().ok_or_else(unread)?;
        let mut rules: Vec<AlertStatus> = book
            .rules
            .values()
            .map(|rule| self.status(rule, &seen, now_ms))
            .collect();
        let weight = |status: &AlertStatus| match status.state {
            AlertState::Firing => 0,
            AlertState::Pending => 1,
            AlertState::Ok | AlertState::Unknown => 2,
            AlertState::Off => 3,
        };
        rules.sort_by_key(|status| (weight(status), std::cmp::Reverse(status.rule.severity)));
        Ok(AlertList {
            at: now_ms,
            rules,
            events: book
                .events
                .iter()
                .take(EVENTS_LISTED_MAX)
                .cloned()
                .collect(),
            webhook: book.shown_webhook(),
        })
    }

    pub(crate) async fn save(&self, rule: AlertRule) -> Result<AlertStatus, ApiError> {
        let series = self.inner.overview.book();
        let rule = validate::rule(rule, series)?;
        self.refresh().await?;
        if !series.is_fixed(&rule.series) && self.expressions_besides(&rule) >= RULE_EXPRESSIONS_MAX
        {
            let message =
                format!("series: at most {RULE_EXPRESSIONS_MAX} rules may watch expressions");
            return Err(ApiError::new(ErrorCode::Invalid, message).on("series"));
        }
        let text = serde_json::to_string(&rule).expect("a rule of finite numbers is JSON");
        let store = &self.inner.store;
        let kept = store.save_rule(&rule.rule_id, &text, RULES_MAX).await;
        if !kept.map_err(|error| store_fault(&error))? {
            let message = format!("ruleId: at most {RULES_MAX} rules are kept; remove one first");
            return Err(ApiError::new(ErrorCode::Invalid, message).on("ruleId"));
        }
        self.status_of(&rule.rule_id).await
    }

    /// Removes a rule; one that Graphy brings is as it was brought again.
    pub(crate) async fn remove(&self, rule: &str) -> Result<(), ApiError> {
        validate::check_id(rule)?;
        let removed = self.inner.store.remove_rule(rule).await;
        let removed = removed.map_err(|error| store_fault(&error))?;
        if !removed && !defaults::brings(rule) {
            return Err(no_rule(rule));
        }
        self.refresh().await
    }

    pub(crate) async fn acknowledge(
        &self,
        rule: &str,
        user: &UserId,
    ) -> Result<AlertStatus, ApiError> {
        self.known(rule).await?;
        let event = {
            let seen = lock(&self.inner.seen);
            let firing = seen.book.as_ref().and_then(|book| book.firing.get(rule));
            firing.map(|firing| event_number(&firing.event))
        };
        let Some(event) = event else {
            let message = format!("ruleId: {rule} does not fire, there is nothing to acknowledge");
            return Err(ApiError::new(ErrorCode::Invalid, message).on("ruleId"));
        };
        let noted = self.inner.store.acknowledge(event, user.as_str()).await;
        noted.map_err(|error| store_fault(&error))?;
        self.status_of(rule).await
    }

    pub(crate) async fn snooze(&self, rule: &str, minutes: u32) -> Result<AlertStatus, ApiError> {
        if minutes > SNOOZE_MINUTES_MAX {
            let message = format!("minutes must be 0 to {SNOOZE_MINUTES_MAX}, not {minutes}");
            return Err(ApiError::new(ErrorCode::Invalid, message).on("minutes"));
        }
        self.known(rule).await?;
        let until = self.inner.clock.now_ms() + u64::from(minutes) * 60_000;
        let until = (minutes > 0).then_some(until);
        let noted = self.inner.store.snooze(rule, until).await;
        noted.map_err(|error| store_fault(&error))?;
        self.status_of(rule).await
    }

    pub(crate) async fn set_webhook(&self, url: Option<&str>) -> Result<(), ApiError> {
        if let Some(url) = url {
            validate::url(url)?;
        }
        let set = self.inner.store.set_webhook(url).await;
        set.map_err(|error| store_fault(&error))?;
        self.refresh().await
    }

    /// Sends a test to the webhook and says how it went.
    pub(crate) async fn test_webhook(&self) -> Result<Webhook, ApiError> {
        self.refresh().await?;
        let url = {
            let seen = lock(&self.inner.seen);
            let url = seen.book.as_ref().and_then(Book::webhook_url);
            url.map(str::to_owned)
        };
        let Some(url) = url else {
            return Err(ApiError::new(ErrorCode::NotFound, "there is no webhook"));
        };
        webhook::test(self, &url).await;
        self.refresh().await?;
        let seen = lock(&self.inner.seen);
        let shown = seen.book.as_ref().and_then(Book::shown_webhook);
        shown.ok_or_else(|| ApiError::new(ErrorCode::NotFound, "the webhook was removed meanwhile"))
    }

    async fn known(&self, rule: &str) -> Result<(), ApiError> {
        validate::check_id(rule)?;
        self.refresh().await?;
        let seen = lock(&self.inner.seen);
        let is_known = seen
            .book
            .as_ref()
            .is_some_and(|book| book.rules.contains_key(rule));
        is_known.then_some(()).ok_or_else(|| no_rule(rule))
    }

    async fn status_of(&self, rule: &str) -> Result<AlertStatus, ApiError> {
        self.refresh().await?;
        let seen = lock(&self.inner.seen);
        let book = seen.book.as_ref().ok_or_else(unread)?;
        let found = book.rules.get(rule).ok_or_else(|| no_rule(rule))?;
        Ok(self.status(found, &seen, self.inner.clock.now_ms()))
    }

    fn status(&self, rule: &AlertRule, seen: &Seen, now_ms: u64) -> AlertStatus {
        let id = rule.rule_id.as_str();
        let book = seen.book.as_ref();
        let firing = book.and_then(|book| book.firing.get(id));
        let track = seen.tracks.get(id);
        let (state, since) = match (firing, track) {
            _ if !rule.enabled => (
                AlertState::Off,
                track.map_or(now_ms, |track| track.since_ms),
            ),
            (Some(firing), _) => (AlertState::Firing, firing.event.from),
            (None, Some(track)) => match track.state {
                // It fires once that is written.
                AlertState::Firing => (AlertState::Pending, track.since_ms),
                state => (state, track.since_ms),
            },
            (None, None) => (AlertState::Unknown, now_ms),
        };
        AlertStatus {
            rule: rule.clone(),
            built_in: defaults::brings(id),
            unit: self.unit_of(&rule.series),
            state,
            since,
            value: track.and_then(|track| track.value),
            acknowledged_by: book.and_then(|book| book.acknowledged_by(id)).cloned(),
            snoozed_until: book.and_then(|book| book.snoozed_until(id, now_ms)),
        }
    }

    fn expressions_besides(&self, rule: &AlertRule) -> usize {
        let series = self.inner.overview.book();
        let seen = lock(&self.inner.seen);
        let rules = seen.book.iter().flat_map(|book| book.rules.values());
        rules
            .filter(|other| other.rule_id != rule.rule_id && !series.is_fixed(&other.series))
            .count()
    }

    fn unit_of(&self, series: &str) -> String {
        let found = self.inner.overview.book().find(series);
        found.map_or_else(|_| String::new(), |(_, info)| info.unit)
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

fn no_rule(rule: &str) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("there is no rule {rule:?}")).on("ruleId")
}

fn unread() -> ApiError {
    ApiError::new(ErrorCode::Unavailable, "the alerts have not been read yet")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
