//! Reports: how a deployment did over a span, against the targets of the plans.
//!
//! The ground is the ledger, to which every node adds what it counts ([`Keeper`]). A report reads
//! the slots of its span and works out the table of targets and the charts; what is pure is apart
//! from what reads and writes.
//!
//! **Invariant:** a figure is one that was counted, or says who entered it. What nobody counted has
//! no figure and the verdict `unknown`.

mod axis;
mod canvas;
mod chart;
mod charts;
mod clock;
mod keeper;
mod page;
mod period;
mod rows;
mod sheet;
mod tally;
mod targets;
mod theme;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use graphy_protocol::console::ExportedFile;
use graphy_protocol::reports::{PerformanceReport, ReportFormat, Verdict};
use graphy_protocol::series::AlertMark;
use graphy_store::ledger::{EnteredFigure, LedgerSlot};
use serde_json::json;

use crate::export::ExportError;
use chart::Chart;
pub(crate) use keeper::{Keeper, KeeperParts};

/// What a report is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The environment's name.
    pub(crate) environment: String,
    /// Graphy's version.
    pub(crate) version: String,
    /// When the report is made, in milliseconds since 1970.
    pub(crate) now: u64,
}

/// A report before it has a form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    subject: Subject,
    figures: PerformanceReport,
    charts: Vec<Chart>,
    alerts: Vec<AlertMark>,
}

/// The texts above a report.
struct Heading {
    title: String,
    span: String,
    summary: String,
    made: String,
}

impl Report {
    /// Works a report out. `alerts` are marked on the charts of the series that they watch.
    pub(crate) fn of(
        subject: Subject,
        (from, to): (u64, u64),
        slots: &[LedgerSlot],
        entered: &BTreeMap<String, EnteredFigure>,
        alerts: Vec<AlertMark>,
    ) -> Self {
        let range = charts::series_of(slots, alerts);
        Self {
            subject,
            figures: figures((from, to), slots, entered),
            charts: charts::charts(&range, from, to),
            alerts: range.alerts,
        }
    }

    /// Makes the file. Drawing takes up to a second, so async callers give it a thread.
    ///
    /// # Errors
    /// [`ExportError`] when it cannot be drawn.
    pub(crate) fn file(&self, format: ReportFormat) -> Result<ExportedFile, ExportError> {
        let (extension, mime) = match format {
            ReportFormat::Html => ("html", "text/html"),
            ReportFormat::Svg => ("svg", "image/svg+xml"),
            ReportFormat::Png => ("png", "image/png"),
            ReportFormat::Json => ("json", "application/json"),
        };
        let (text, base64) = match format {
            ReportFormat::Html => (Some(page::page(self)?), None),
            ReportFormat::Svg => (Some(canvas::svg(&sheet::Sheet(self))?), None),
            ReportFormat::Png => (None, Some(BASE64.encode(canvas::png(&sheet::Sheet(self))?))),
            ReportFormat::Json => (Some(self.json()), None),
        };
        let stamp = clock::stamp(self.figures.to);
        Ok(ExportedFile {
            file_name: format!("graphy-performance-{stamp}.{extension}"),
            mime: mime.to_owned(),
            text,
            base64,
        })
    }

    fn json(&self) -> String {
        let charts = self.charts.iter().map(|chart| {
            let lines = chart.lines.iter();
            json!({
                "title": chart.title,
                "unit": chart.unit,
                "stepMs": chart.step_ms,
                "at": chart.at,
                "lines": lines.map(|line| json!({ "label": line.label, "values": line.values }))
                    .collect::<Vec<_>>(),
            })
        });
        let whole = json!({
            "environment": self.subject.environment,
            "version": self.subject.version,
            "madeAt": self.subject.now,
            "report": self.figures,
            "charts": charts.collect::<Vec<_>>(),
            "alerts": self.alerts,
        });
        let mut text = serde_json::to_string_pretty(&whole).expect("numbers and texts only");
        text.push('\n');
        text
    }

    fn coverage_in_words(&self) -> String {
        format!("{:.1} %", self.figures.coverage * 100.0)
    }
}

/// Works the table of targets out.
pub(crate) fn figures(
    (from, to): (u64, u64),
    slots: &[LedgerSlot],
    entered: &BTreeMap<String, EnteredFigure>,
) -> PerformanceReport {
    rows::report(from, to, slots, entered)
}

/// Returns the keys of the metrics that people enter.
pub(crate) fn keys_by_hand() -> Vec<&'static str> {
    let by_hand = targets::TARGETS
        .iter()
        .filter(|target| matches!(target.origin, targets::Origin::ByHand));
    by_hand.map(|target| target.key).collect()
}

/// Says whether a metric of this key is measured; none if there is no such metric.
pub(crate) fn is_measured(key: &str) -> Option<bool> {
    let target = targets::target_of(key)?;
    Some(matches!(target.origin, targets::Origin::Measured(_)))
}

fn heading(report: &Report) -> Heading {
    let Subject {
        environment,
        version,
        now,
    } = &report.subject;
    let PerformanceReport {
        from, to, targets, ..
    } = &report.figures;
    let count = |verdict| targets.iter().filter(|row| row.verdict == verdict).count();
    Heading {
        title: format!("How Graphy did: {environment}"),
        span: format!(
            "{} – {}",
            clock::day_and_time(*from),
            clock::day_and_time(*to)
        ),
        summary: format!(
            "{} targets met, {} missed, {} not known; {} of the time measured",
            count(Verdict::Met),
            count(Verdict::Missed),
            count(Verdict::Unknown),
            report.coverage_in_words()
        ),
        made: format!("Made by Graphy {version} on {}.", clock::day_and_time(*now)),
    }
}

#[cfg(test)]
mod tests;
