//! Watches the rules: one turn for each sample of this node.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use graphy_protocol::alerts::{AlertRule, AlertState, Severity};
use graphy_store::{AlertChange, AlertTick};
use graphy_telemetry::names::{self, label};
use graphy_telemetry::{RestartPolicy, TaskContext, TaskRegistry};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::book::{Delivery, Firing, Planned, event_number, plan};
use super::machine::{Track, worse};
use super::{Alerts, lock};
use crate::overview::Sample;

/// After taking over, a node ends nothing for this long: it may not have heard of all others yet.
const SETTLE_MS: u64 = 5_000;
/// Values of another node count for this long without new ones.
const VALUES_FRESH_MS: u64 = 6_000;
/// Then they are forgotten.
const VALUES_KEPT_MS: u64 = 30_000;
/// Who does not watch tells its values every so many turns.
const TELL_EVERY: u64 = 2;

pub(super) fn spawn(alerts: &Alerts, tasks: &TaskRegistry, token: &CancellationToken) {
    let shared = alerts.clone();
    tasks.spawn(
        "alerts",
        RestartPolicy::ALWAYS,
        token.clone(),
        move |context| {
            let keeper = Keeper::new(shared.clone());
            async move {
                keeper.run(&context).await;
                Ok(())
            }
        },
    );
}

/// What a node tells the one that watches.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    /// Differs from the one before, so that old values are known as such without a common clock.
    turn: u64,
    values: BTreeMap<String, f64>,
}

/// What was heard of another node.
struct Heard {
    turn: u64,
    changed_ms: u64,
    values: BTreeMap<String, f64>,
}

struct Keeper {
    alerts: Alerts,
    turn: u64,
    leads_since_ms: Option<u64>,
    others: HashMap<String, Heard>,
    /// The rules as of the turn before: a rule that was changed is watched anew.
    rules: BTreeMap<String, AlertRule>,
    failed: bool,
}

impl Keeper {
    fn new(alerts: Alerts) -> Self {
        Self {
            alerts,
            turn: 0,
            leads_since_ms: None,
            others: HashMap::new(),
            rules: BTreeMap::new(),
            failed: false,
        }
    }

    async fn run(mut self, context: &TaskContext) {
        let mut samples = self.alerts.inner.overview.samples();
        while let Some(Ok(())) = context.token.run_until_cancelled(samples.changed()).await {
            let sample = samples.borrow_and_update().clone();
            self.turn(&sample).await;
            context.tick();
        }
        let inner = &self.alerts.inner;
        if let Err(error) = inner.store.release(&inner.node).await {
            tracing::debug!(%error, "the watch over the alerts ends by itself");
        }
    }

    async fn turn(&mut self, sample: &Sample) {
        self.turn += 1;
        let now_ms = self.alerts.inner.clock.now_ms();
        let values: BTreeMap<&str, f64> = sample
            .values
            .iter()
            .filter_map(|(name, value)| Some((&**name, (*value)?)))
            .collect();
        let leads = match self.hear(&values, now_ms).await {
            Ok(leads) => {
                self.failed = false;
                leads
            }
            Err(error) => {
                // Rules go on being measured, so that they are up to date when Redis is back.
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::warn!(%error, "alerts cannot be written or told");
                }
                false
            }
        };
        self.lead(leads, now_ms);
        self.step(&values, leads, now_ms);
        if leads && let Err(error) = self.write(now_ms).await {
            tracing::warn!(%error, "an alert could not be written; it is tried again");
        }
        self.gauge();
    }

    /// Takes the lease or tells who has it what was measured, and reads what is new.
    async fn hear(
        &mut self,
        values: &BTreeMap<&str, f64>,
        now_ms: u64,
    ) -> Result<bool, graphy_store::StoreError> {
        let inner = Arc::clone(&self.alerts.inner);
        let told = (self.turn.is_multiple_of(TELL_EVERY) && self.leads_since_ms.is_none())
            .then(|| self.watched_values(values));
        let AlertTick {
            leads,
            revision,
            values,
        } = inner.store.tick(&inner.node, told.as_deref()).await?;
        let known = lock(&inner.seen).book.as_ref().map(|book| book.revision);
        if known != Some(revision) {
            self.alerts.reload().await?;
        }
        let gone = self.note_others(values, now_ms);
        inner.store.forget_values(&gone).await?;
        Ok(leads)
    }

    /// What this node measured of the series that rules watch.
    fn watched_values(&self, values: &BTreeMap<&str, f64>) -> String {
        let series = self.rules.values().filter(|rule| rule.enabled);
        let watched = series.filter_map(|rule| {
            let value = values.get(rule.series.as_str())?;
            Some((rule.series.clone(), *value))
        });
        let told = Told {
            turn: self.turn,
            values: watched.collect(),
        };
        serde_json::to_string(&told).expect("finite numbers under texts are JSON")
    }

    /// Takes what other nodes told, and returns which of them have fallen silent for good.
    fn note_others(&mut self, told: Vec<(String, String)>, now_ms: u64) -> Vec<String> {
        let mut gone = Vec::new();
        let mut others = HashMap::new();
        for (node, text) in told {
            let Ok(told) = serde_json::from_str::<Told>(&text) else {
                gone.push(node);
                continue;
            };
            let changed_ms = match self.others.get(&node) {
                Some(heard) if heard.turn == told.turn => heard.changed_ms,
                _ => now_ms,
            };
            if now_ms.saturating_sub(changed_ms) > VALUES_KEPT_MS {
                gone.push(node);
                continue;
            }
            let heard = Heard {
                turn: told.turn,
                changed_ms,
                values: told.values,
            };
            others.insert(node, heard);
        }
        self.others = others;
        gone
    }

    fn lead(&mut self, leads: bool, now_ms: u64) {
        let inner = &self.alerts.inner;
        if leads && self.leads_since_ms.is_none() {
            tracing::debug!(node = inner.node, "this node watches the alerts");
        }
        self.leads_since_ms = match (leads, self.leads_since_ms) {
            (false, _) => None,
            (true, since) => since.or(Some(now_ms)),
        };
        inner.leads.store(leads, Ordering::Relaxed);
    }

    /// Gives every rule its value: the worst of all nodes.
    fn step(&mut self, values: &BTreeMap<&str, f64>, leads: bool, now_ms: u64) {
        let takes_over = self.leads_since_ms == Some(now_ms);
        let mut seen = lock(&self.alerts.inner.seen);
        let super::Seen { book, tracks, .. } = &mut *seen;
        let Some(book) = book else { return };
        for (id, rule) in &book.rules {
            let mut value = values.get(rule.series.as_str()).copied();
            for heard in self.others.values() {
                if now_ms.saturating_sub(heard.changed_ms) <= VALUES_FRESH_MS {
                    value = worse(rule, value, heard.values.get(&rule.series).copied());
                }
            }
            let firing = book.firing.get(id);
            let track = tracks
                .entry(id.clone())
                .or_insert_with(|| Track::new(now_ms));
            // What is written counts more than what a node thinks that does not watch.
            match firing {
                Some(firing) if track.state != AlertState::Firing && (!leads || takes_over) => {
                    *track = Track::firing(firing.event.from, firing.event.worst);
                }
                None if self.rules.get(id).is_some_and(|before| before != rule) => {
                    *track = Track::new(now_ms);
                }
                _ => {}
            }
            track.step(rule, value, now_ms);
        }
        if self.rules != book.rules {
            self.rules.clone_from(&book.rules);
        }
    }

    /// Writes what begins and ends.
    async fn write(&self, now_ms: u64) -> Result<(), graphy_store::StoreError> {
        let inner = &self.alerts.inner;
        let may_end = self
            .leads_since_ms
            .is_some_and(|since| now_ms.saturating_sub(since) >= SETTLE_MS);
        loop {
            let planned = {
                let seen = lock(&inner.seen);
                let Some(book) = &seen.book else {
                    return Ok(());
                };
                let unit_of = |series: &str| self.alerts.unit_of(series);
                plan(book, &seen.tracks, unit_of, may_end, now_ms)
            };
            if planned.is_empty() {
                return Ok(());
            }
            for one in &planned {
                if !self.write_one(one).await? {
                    // Another node watches by now, or somebody changed something: look again later.
                    return self.alerts.reload().await;
                }
            }
            // What was written is told like what others wrote; more may begin now.
            self.alerts.reload().await?;
            inner.due.notify_one();
        }
    }

    async fn write_one(&self, planned: &Planned) -> Result<bool, graphy_store::StoreError> {
        let inner = &self.alerts.inner;
        let state = planned.firing.as_ref().map(as_json::<Firing>);
        let event = planned
            .event
            .as_ref()
            .map(|event| (event_number(event), as_json(event)));
        let delivery = self.delivery(planned);
        let change = AlertChange {
            node: &inner.node,
            rule: &planned.rule,
            state: state.as_deref(),
            event: event.as_ref().map(|(id, text)| (*id, text.as_str())),
            delivery: delivery.as_deref(),
        };
        inner.store.change(change).await
    }

    /// Returns what the webhook is to be told, if there is one.
    fn delivery(&self, planned: &Planned) -> Option<String> {
        let notice = planned.notice.as_ref()?;
        let seen = lock(&self.alerts.inner.seen);
        let book = seen.book.as_ref()?;
        book.webhook_url()?;
        let firing = planned
            .firing
            .as_ref()
            .or_else(|| book.firing.get(&planned.rule))?;
        let event = planned.event.as_ref().unwrap_or(&firing.event);
        let rule = book.rules.get(&planned.rule);
        let facts = &self.alerts.inner.facts;
        let state = if notice.firing { "firing" } else { "ended" };
        Some(as_json(&Delivery {
            id: format!("{}-{state}", event.event_id),
            state,
            rule_id: &event.rule_id,
            title: &event.title,
            severity: event.severity,
            series: &event.series,
            comparison: rule.map(|rule| rule.comparison),
            limit: event.limit,
            worst: event.worst,
            unit: &firing.unit,
            text: &notice.text,
            note: rule.map_or("", |rule| rule.note.as_str()),
            from: event.from,
            to: event.to,
            environment: &facts.environment,
            console: &facts.api_url,
        }))
    }

    fn gauge(&self) {
        let seen = lock(&self.alerts.inner.seen);
        let firing = || seen.book.iter().flat_map(|book| book.firing.values());
        for (severity, word) in [
            (Severity::Info, "info"),
            (Severity::Warning, "warning"),
            (Severity::Critical, "critical"),
        ] {
            let count = firing()
                .filter(|one| one.event.severity == severity)
                .count();
            #[expect(clippy::cast_precision_loss, reason = "there are some hundred rules")]
            metrics::gauge!(names::ALERTS_FIRING, label::SEVERITY => word).set(count as f64);
        }
    }
}

fn as_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data with finite numbers is JSON")
}
