//! Time series and their history.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A time series with its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Series {
    /// Its name, stable.
    pub name: String,
    /// Its unit, for people.
    pub unit: String,
    /// What it says.
    pub help: String,
    /// The `/metrics` series or INFO field that it equals.
    pub metric: String,
    /// When each value was taken, in milliseconds since 1970.
    #[ts(type = "number[]")]
    pub at: Vec<u64>,
    /// The values; none where nothing was measured.
    pub values: Vec<Option<f64>>,
}

/// A new value of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SeriesPoint {
    /// Which series.
    pub name: String,
    /// The value; none if nothing was measured.
    pub value: Option<f64>,
}

/// Asks for series over a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeriesRequest {
    /// Which series, 1..=40.
    pub names: Vec<String>,
    /// From when, in milliseconds since 1970.
    #[ts(type = "number")]
    pub from: u64,
    /// Until when, in milliseconds since 1970; now if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub to: Option<u64>,
    /// How many steps at most, 10..=2000; 600 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub steps_max: Option<u32>,
}

/// One series over a time, thinned to steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ThinnedSeries {
    /// Its name.
    pub name: String,
    /// Its unit, for people.
    pub unit: String,
    /// What it says.
    pub help: String,
    /// The mean of each step; none where nothing was measured.
    pub mean: Vec<Option<f64>>,
    /// The least value of each step.
    pub min: Vec<Option<f64>>,
    /// The greatest value of each step.
    pub max: Vec<Option<f64>>,
}

/// Series over a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SeriesRange {
    /// The length of a step, in milliseconds.
    #[ts(type = "number")]
    pub step_ms: u64,
    /// The start of each step, in milliseconds since 1970.
    #[ts(type = "number[]")]
    pub at: Vec<u64>,
    /// The series, in the order asked for.
    pub series: Vec<ThinnedSeries>,
    /// Since when history is kept at all, in milliseconds since 1970.
    #[ts(type = "number")]
    pub since: u64,
    /// Alerts that fired in this time, for marks on the charts.
    pub alerts: Vec<AlertMark>,
}

/// A time in which an alert fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlertMark {
    /// Which rule.
    pub rule_id: String,
    /// What it is called.
    pub title: String,
    /// Which series it watches.
    pub series: String,
    /// From when, in milliseconds since 1970.
    #[ts(type = "number")]
    pub from: u64,
    /// Until when; none while it fires.
    #[ts(type = "number | null")]
    pub to: Option<u64>,
}

/// What can be asked for and watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SeriesInfo {
    /// Its name, stable.
    pub name: String,
    /// Its unit, for people.
    pub unit: String,
    /// What it says.
    pub help: String,
    /// The `/metrics` series, INFO field or formula that it equals.
    pub metric: String,
    /// What it belongs to: `commands`, `queues`, `sync`, `redis`, `process`.
    pub group: String,
}

/// All series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SeriesList {
    /// The series, by group.
    pub series: Vec<SeriesInfo>,
}
