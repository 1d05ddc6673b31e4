//! What is stored of alerts, understood; and what to do about it. Pure.

use std::collections::BTreeMap;

use graphy_model::UserId;
use graphy_protocol::alerts::{
    AlertEvent, AlertNotice, AlertRule, AlertState, Comparison, Severity, Webhook,
};
use graphy_protocol::series::AlertMark;
use graphy_store::StoredAlerts;
use serde::{Deserialize, Serialize};

use super::defaults;
use super::machine::Track;
use super::validate::without_secrets;

/// A rule that fires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Firing {
    /// Whether people were told.
    pub(super) told: bool,
    /// What is written down of it.
    pub(super) event: AlertEvent,
    /// The unit of its series, for the words.
    pub(super) unit: String,
}

/// The rules, what fires, and what people said to it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Book {
    pub(super) revision: u64,
    pub(super) rules: BTreeMap<String, AlertRule>,
    pub(super) firing: BTreeMap<String, Firing>,
    pub(super) snoozes: BTreeMap<String, u64>,
    pub(super) event_count: u64,
    /// The newest first.
    pub(super) events: Vec<AlertEvent>,
    acknowledged: BTreeMap<u64, UserId>,
    webhook: Option<StoredWebhook>,
}

#[derive(Debug, Clone, PartialEq)]
struct StoredWebhook {
    url: String,
    delivered_at: Option<u64>,
    error: Option<String>,
}

impl Book {
    /// Understands what is stored. What cannot be read, because another version wrote it, is left
    /// out; a rule of ours that was changed so is as we bring it.
    pub(super) fn read(stored: StoredAlerts) -> Self {
        let mut rules: BTreeMap<String, AlertRule> = defaults::rules()
            .into_iter()
            .map(|rule| (rule.rule_id.clone(), rule))
            .collect();
        for (id, text) in &stored.rules {
            match serde_json::from_str::<AlertRule>(text) {
                Ok(rule) => drop(rules.insert(id.clone(), rule)),
                Err(error) => tracing::warn!(rule = id, %error, "an alert rule cannot be read"),
            }
        }
        let acknowledged: BTreeMap<u64, UserId> = stored
            .acknowledged
            .into_iter()
            .filter_map(|(event, user)| Some((event, UserId::new(&user).ok()?)))
            .collect();
        let events = stored.events.iter().filter_map(|(id, text)| {
            let mut event: AlertEvent = serde_json::from_str(text).ok()?;
            event.acknowledged_by = acknowledged.get(id).cloned();
            Some(event)
        });
        let webhook = stored.webhook.get("url").map(|url| StoredWebhook {
            url: url.clone(),
            delivered_at: stored
                .webhook
                .get("deliveredAt")
                .and_then(|at| at.parse().ok()),
            error: stored.webhook.get("error").cloned(),
        });
        Self {
            revision: stored.revision,
            rules,
            firing: stored
                .states
                .into_iter()
                .filter_map(|(rule, text)| Some((rule, serde_json::from_str(&text).ok()?)))
                .collect(),
            snoozes: stored.snoozes.into_iter().collect(),
            event_count: stored.event_count,
            events: events.collect(),
            acknowledged,
            webhook,
        }
    }

    /// Returns where alerts are sent, as people may see it.
    pub(super) fn shown_webhook(&self) -> Option<Webhook> {
        self.webhook.as_ref().map(|webhook| Webhook {
            url: without_secrets(&webhook.url),
            delivered_at: webhook.delivered_at,
            error: webhook.error.clone(),
        })
    }

    /// Returns where alerts are sent, secrets included.
    pub(super) fn webhook_url(&self) -> Option<&str> {
        self.webhook.as_ref().map(|webhook| webhook.url.as_str())
    }

    /// Says who looks after a rule that fires.
    pub(super) fn acknowledged_by(&self, rule: &str) -> Option<&UserId> {
        let firing = self.firing.get(rule)?;
        self.acknowledged.get(&event_number(&firing.event))
    }

    /// Returns until when a rule is snoozed, if it is.
    pub(super) fn snoozed_until(&self, rule: &str, now_ms: u64) -> Option<u64> {
        self.snoozes
            .get(rule)
            .copied()
            .filter(|until| *until > now_ms)
    }

    /// Says whether nobody is to be told of a rule now.
    fn is_quiet(&self, rule: &str, now_ms: u64) -> bool {
        self.snoozed_until(rule, now_ms).is_some() || self.acknowledged_by(rule).is_some()
    }

    /// Returns the times in which alerts on some series fired.
    pub(super) fn marks(&self, series: &[String], from_ms: u64, to_ms: u64) -> Vec<AlertMark> {
        let events = self.events.iter().filter(|event| {
            series.contains(&event.series)
                && event.from <= to_ms
                && event.to.is_none_or(|to| to >= from_ms)
        });
        events
            .map(|event| AlertMark {
                rule_id: event.rule_id.clone(),
                title: event.title.clone(),
                series: event.series.clone(),
                from: event.from,
                to: event.to,
            })
            .collect()
    }
}

/// Returns the number of an event; 0 if it has none, which no event has.
pub(super) fn event_number(event: &AlertEvent) -> u64 {
    event.event_id.parse().unwrap_or_default()
}

/// What the watching node should write.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) rule: String,
    /// None if it does not fire any more.
    pub(super) firing: Option<Firing>,
    /// Written down, if it begins or ends.
    pub(super) event: Option<AlertEvent>,
    /// To be told.
    pub(super) notice: Option<AlertNotice>,
}

/// Compares how rules stand with what is written, and returns what to write. At most one alert
/// begins at a time, as events are numbered.
pub(super) fn plan(
    book: &Book,
    tracks: &BTreeMap<String, Track>,
    unit_of: impl Fn(&str) -> String,
    may_end: bool,
    now_ms: u64,
) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut begins = false;
    for (id, rule) in &book.rules {
        let state = tracks.get(id).map(|track| track.state);
        match (book.firing.get(id), state, tracks.get(id)) {
            (None, Some(AlertState::Firing), Some(track)) if !begins => {
                begins = true;
                planned.push(begin(book, rule, track, unit_of(&rule.series), now_ms));
            }
            (Some(firing), Some(AlertState::Ok | AlertState::Off), track) if may_end => {
                let worst = track.and_then(|track| track.worst);
                planned.push(end(
                    book,
                    firing,
                    worst,
                    track.and_then(|track| track.value),
                    now_ms,
                ));
            }
            (Some(firing), Some(AlertState::Firing), track)
                if !firing.told && !book.is_quiet(id, now_ms) =>
            {
                let mut told = firing.clone();
                told.told = true;
                let value = track.and_then(|track| track.value);
                planned.push(Planned {
                    rule: id.clone(),
                    notice: Some(notice(&told, true, value, now_ms)),
                    firing: Some(told),
                    event: None,
                });
            }
            _ => {}
        }
    }
    // A rule that was removed while it fired.
    let orphans = book
        .firing
        .iter()
        .filter(|(id, _)| !book.rules.contains_key(*id));
    planned.extend(orphans.map(|(_, firing)| end(book, firing, None, None, now_ms)));
    planned
}

fn begin(book: &Book, rule: &AlertRule, track: &Track, unit: String, now_ms: u64) -> Planned {
    let event = AlertEvent {
        event_id: (book.event_count + 1).to_string(),
        rule_id: rule.rule_id.clone(),
        title: rule.title.clone(),
        series: rule.series.clone(),
        severity: rule.severity,
        from: now_ms,
        to: None,
        worst: track.worst,
        limit: rule.limit,
        acknowledged_by: None,
    };
    let firing = Firing {
        told: book.snoozed_until(&rule.rule_id, now_ms).is_none(),
        event: event.clone(),
        unit,
    };
    Planned {
        rule: rule.rule_id.clone(),
        notice: firing
            .told
            .then(|| notice(&firing, true, track.value, now_ms)),
        firing: Some(firing),
        event: Some(event),
    }
}

fn end(
    book: &Book,
    firing: &Firing,
    worst: Option<f64>,
    value: Option<f64>,
    now_ms: u64,
) -> Planned {
    let rule = &firing.event.rule_id;
    let event = AlertEvent {
        to: Some(now_ms.max(firing.event.from)),
        worst: worst.or(firing.event.worst),
        ..firing.event.clone()
    };
    let is_told = firing.told && !book.is_quiet(rule, now_ms);
    Planned {
        rule: rule.clone(),
        firing: None,
        notice: is_told.then(|| {
            // The rule may have been changed since it began to fire.
            let mut firing = firing.clone();
            if let Some(rule) = book.rules.get(rule) {
                firing.event.limit = rule.limit;
            }
            notice(&firing, false, value, now_ms)
        }),
        event: Some(event),
    }
}

/// What changed between two readings, for people: each with whether they are to be told, or only
/// find it in the list of events.
pub(super) fn news(before: &Book, after: &Book, now_ms: u64) -> Vec<(AlertNotice, bool)> {
    let is_same = |one: &Firing, other: &Firing| one.event.event_id == other.event.event_id;
    let mut news = Vec::new();
    for (rule, was) in &before.firing {
        if after.firing.get(rule).is_none_or(|now| !is_same(was, now)) {
            let is_told = was.told && !before.is_quiet(rule, now_ms);
            news.push((notice(was, false, None, now_ms), is_told));
        }
    }
    for (rule, now) in &after.firing {
        let was = before.firing.get(rule).filter(|was| is_same(was, now));
        match was {
            None => news.push((notice(now, true, now.event.worst, now_ms), now.told)),
            Some(was) if now.told && !was.told => {
                news.push((notice(now, true, now.event.worst, now_ms), true));
            }
            Some(_) => {}
        }
    }
    news
}

fn notice(firing: &Firing, begins: bool, value: Option<f64>, now_ms: u64) -> AlertNotice {
    let event = &firing.event;
    let limit = in_words(event.limit, &firing.unit);
    let text = match (begins, value) {
        (true, Some(value)) => format!("{}, limit {limit}", in_words(value, &firing.unit)),
        (true, None) => format!("no value, limit {limit}"),
        (false, Some(value)) => {
            format!(
                "well again: {}, limit {limit}",
                in_words(value, &firing.unit)
            )
        }
        (false, None) => format!("limit {limit}"),
    };
    AlertNotice {
        rule_id: event.rule_id.clone(),
        title: event.title.clone(),
        severity: event.severity,
        firing: begins,
        text,
        at: if begins { event.from } else { now_ms },
    }
}

/// Writes a value with the precision that its size deserves.
pub(super) fn in_words(value: f64, unit: &str) -> String {
    let short = |value: f64| {
        let digits = match value.abs() {
            size if size >= 100.0 || value.fract() == 0.0 => 0,
            size if size >= 1.0 => 1,
            _ => 3,
        };
        format!("{value:.digits$}")
    };
    match unit {
        "share" => {
            let text = format!("{:.3}", value * 100.0);
            format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
        }
        "bytes" => format!("{} MiB", short(value / 1_048_576.0)),
        "" | "0 or 1" => short(value),
        unit => format!("{} {unit}", short(value)),
    }
}

/// What is handed to a webhook; documented in `docs/alerts.md`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery<'a> {
    /// The same for every attempt.
    pub(super) id: String,
    /// `firing`, `ended` or `test`.
    pub(super) state: &'static str,
    pub(super) rule_id: &'a str,
    pub(super) title: &'a str,
    pub(super) severity: Severity,
    pub(super) series: &'a str,
    pub(super) comparison: Option<Comparison>,
    pub(super) limit: f64,
    pub(super) worst: Option<f64>,
    pub(super) unit: &'a str,
    pub(super) text: &'a str,
    pub(super) note: &'a str,
    pub(super) from: u64,
    pub(super) to: Option<u64>,
    pub(super) environment: &'a str,
    pub(super) console: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well() {
        assert_eq!(in_words(0.0012, "share"), "0.12 %");
        assert_eq!(in_words(0.9995, "share"), "99.95 %");
        assert_eq!(in_words(123.456, "ms"), "123 ms");
        assert_eq!(in_words(5.25, "ms"), "5.2 ms");
        assert_eq!(in_words(3.0, "connections"), "3 connections");
        assert_eq!(in_words(1_048_576.0 * 1.5, "bytes"), "1.5 MiB");
    }

    #[test]
    fn what_ends_is_held_against_the_limit_of_now() {
        let mut rule = defaults::rules().remove(0);
        rule.limit = 0.0;
        let track = Track::firing(1_000, Some(7.0));
        let mut book = Book::default();
        let begun = begin(&book, &rule, &track, "jobs".to_owned(), 1_000);
        let firing = begun.firing.unwrap();
        rule.limit = 5.0;
        book.rules.insert(rule.rule_id.clone(), rule);
        let ended = end(&book, &firing, Some(7.0), Some(2.0), 2_000);
        assert_eq!(
            ended.notice.unwrap().text,
            "well again: 2 jobs, limit 5 jobs"
        );
        assert_eq!(ended.event.unwrap().limit, 0.0, "what it fired at stays");
    }

    #[test]
    fn what_graphy_brings_can_be_kept() {
        let book = crate::overview::SeriesBook::new();
        for rule in defaults::rules() {
            assert!(!rule.note.is_empty(), "{} has no note", rule.rule_id);
            assert!(book.is_fixed(&rule.series), "{}", rule.series);
            let id = rule.rule_id.clone();
            assert_eq!(
                super::super::validate::rule(rule.clone(), &book).as_ref(),
                Ok(&rule),
                "{id}"
            );
        }
    }
}
