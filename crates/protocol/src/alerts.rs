//! Payloads of alerts: rules on series, what fires, and what people said to it.

use graphy_model::UserId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How bad it is when a rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

/// How a value is compared with the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    /// Fires when the value is greater.
    Above,
    /// Fires when the value is less.
    Below,
}

/// What a rule does while its series has no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum OnNoData {
    /// Stays as it is.
    #[default]
    Hold,
    /// Counts it as a breach.
    Fire,
    /// Counts it as well.
    Clear,
}

/// A rule on one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertRule {
    /// Names the rule, 1..=64 of `[a-z0-9-]`.
    pub rule_id: String,
    /// What it is called, 1..=120 characters.
    pub title: String,
    /// Which series it watches.
    pub series: String,
    /// How the value is compared.
    pub comparison: Comparison,
    /// With what.
    pub limit: f64,
    /// How long the limit must be breached before it fires, in seconds, 0..=86 400.
    pub for_seconds: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What to do without values.
    #[serde(default)]
    pub on_no_data: OnNoData,
    /// Whether it is watched.
    pub enabled: bool,
    /// Where the limit comes from, or what to do when it fires; at most 1000 characters.
    #[serde(default)]
    pub note: String,
}

/// Where a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// Nobody watches it.
    Off,
    /// The series had no value yet.
    Unknown,
    /// All is well.
    Ok,
    /// The limit is breached, not yet for long enough.
    Pending,
    /// It fires.
    Firing,
}

/// A rule and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlertStatus {
    /// The rule.
    pub rule: AlertRule,
    /// Whether it is one that Graphy brings, perhaps changed.
    pub built_in: bool,
    /// The unit of its series.
    pub unit: String,
    /// Where it stands.
    pub state: AlertState,
    /// Since when, in milliseconds since 1970.
    #[ts(type = "number")]
    pub since: u64,
    /// The newest value of its series.
    pub value: Option<f64>,
    /// Who has said that they look after it, while it fires.
    pub acknowledged_by: Option<UserId>,
    /// Until when nobody is told of it, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub snoozed_until: Option<u64>,
}

/// An alert that fired once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlertEvent {
    /// Counts events, the newest is the greatest.
    pub event_id: String,
    /// Which rule.
    pub rule_id: String,
    /// What it was called.
    pub title: String,
    /// Which series it watched.
    pub series: String,
    /// How bad it was.
    pub severity: Severity,
    /// When it began to fire, in milliseconds since 1970.
    #[ts(type = "number")]
    pub from: u64,
    /// When it ended; none while it fires.
    #[ts(type = "number | null")]
    pub to: Option<u64>,
    /// The worst value.
    pub worst: Option<f64>,
    /// The limit at that time.
    pub limit: f64,
    /// Who said that they look after it.
    pub acknowledged_by: Option<UserId>,
}

/// All rules and what fired lately.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlertList {
    /// When it was read, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// The rules, what fires first.
    pub rules: Vec<AlertStatus>,
    /// What fired, newest first, at most 200.
    pub events: Vec<AlertEvent>,
    /// Where firing alerts are sent.
    pub webhook: Option<Webhook>,
}

/// Where firing and ended alerts are sent to as a POST of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Its address, without what may be secret in it.
    pub url: String,
    /// When it last took an alert, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub delivered_at: Option<u64>,
    /// Why the last attempt failed; none if it did not.
    pub error: Option<String>,
}

/// Sets or removes the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetWebhook {
    /// An `http://` or `https://` address, at most 2000 characters; null removes it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub url: Option<String>,
}

/// Names one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertRef {
    /// Which rule.
    pub rule_id: String,
}

/// Says that nobody is to be told of a rule for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnoozeAlert {
    /// Which rule.
    pub rule_id: String,
    /// For how long, in minutes, 0..=10 080; 0 ends it.
    pub minutes: u32,
}

/// An alert that began or ended; part of the live frames.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlertNotice {
    /// Which rule.
    pub rule_id: String,
    /// What it is called.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it began or ended.
    pub firing: bool,
    /// The value and the limit, in words.
    pub text: String,
    /// When, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
}
