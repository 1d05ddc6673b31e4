//! What people see of alerts, and what they do to rules and to what fires.

use graphy_model::UserId;
use graphy_protocol::alerts::{AlertList, AlertRule, AlertState, AlertStatus, Webhook};
use graphy_protocol::{ApiError, ErrorCode};

use super::book::{Book, event_number};
use super::{Alerts, Seen, defaults, lock, validate, webhook};
use crate::fault::store_fault;
use crate::overview::RULE_EXPRESSIONS_MAX;

/// How many rules may be kept, besides those that Graphy brings and nobody has changed.
const RULES_MAX: usize = 200;
/// How many events a list holds.
const EVENTS_LISTED_MAX: usize = 200;
/// The longest snooze.
const SNOOZE_MINUTES_MAX: u32 = 10_080;

impl Alerts {
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
        let Some(url) = webhook::url(self) else {
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

    pub(super) fn unit_of(&self, series: &str) -> String {
        let found = self.inner.overview.book().find(series);
        found.map_or_else(|_| String::new(), |(_, info)| info.unit)
    }
}

fn no_rule(rule: &str) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("there is no rule {rule:?}")).on("ruleId")
}

fn unread() -> ApiError {
    ApiError::new(ErrorCode::Unavailable, "the alerts have not been read yet")
}
