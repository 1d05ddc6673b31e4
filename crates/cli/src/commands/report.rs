//! `graphy report`: how the deployment did, against the targets of the plans.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use graphy_protocol::console::ExportedFile;
use graphy_protocol::reports::{
    EnterFigure, PerformanceReport, ReportFormat, ReportRequest, TargetsRequest, Verdict,
};
use serde::Serialize;
use serde_json::Value;

use crate::exit::Failure;
use crate::files::save;
use crate::moment::Moment;
use crate::number::finite;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{now_ms, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write a report with charts and the success metrics to a file
    Performance(PerformanceArguments),
    /// Print the success metrics: target against actual
    Targets(SpanArguments),
    /// Enter a figure that nothing here measures, or take it back
    Enter(EnterArguments),
}

/// The span of a report.
#[derive(Debug, Clone, Copy, Args)]
struct SpanArguments {
    /// From when: -30m, -24h, -7d, or a date as 2026-11-28T10:00Z
    #[arg(
        long,
        value_name = "MOMENT",
        default_value = "-24h",
        allow_hyphen_values = true
    )]
    from: Moment,
    /// Until when; now without it
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true)]
    to: Option<Moment>,
}

#[derive(Debug, Args)]
struct PerformanceArguments {
    #[command(flatten)]
    span: SpanArguments,
    /// A page of its own, a picture, or the figures
    #[arg(long, short, value_enum, default_value = "html")]
    format: Format,
    /// Where to write; `-` writes to standard output. Without it the file is named after the end of
    /// the span, and a file of that name is not overwritten
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Html,
    Png,
    Svg,
    Json,
}

#[derive(Debug, Args)]
struct EnterArguments {
    /// Which metric, as `graphy report targets` names it
    key: String,
    /// Its value; without it the figure is taken back
    #[arg(allow_negative_numbers = true, value_parser = finite)]
    value: Option<f64>,
    /// Where the figure comes from
    #[arg(long, default_value = "")]
    note: String,
}

#[derive(Serialize)]
struct WrittenReport {
    file: String,
    mime: String,
    bytes: usize,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: ReportArguments,
    output: Output,
) -> Result<(), Failure> {
    match arguments.what {
        What::Performance(arguments) => performance(node, &arguments, output).await,
        What::Targets(span) => targets(node, span, output).await,
        What::Enter(arguments) => enter(node, arguments, output).await,
    }
}

async fn performance(
    node: &RemoteNode,
    arguments: &PerformanceArguments,
    output: Output,
) -> Result<(), Failure> {
    let now_ms = now_ms();
    let request = ReportRequest {
        from: arguments.span.from.resolve(now_ms),
        to: arguments.span.to.map(|to| to.resolve(now_ms)),
        format: match arguments.format {
            Format::Html => ReportFormat::Html,
            Format::Png => ReportFormat::Png,
            Format::Svg => ReportFormat::Svg,
            Format::Json => ReportFormat::Json,
        },
    };
    let file: ExportedFile = node.call("reports.performance", &request).await?;
    let wanted: Option<&Path> = arguments.output.as_deref();
    let Some(written) = save(file, wanted)? else {
        return Ok(());
    };
    let written = WrittenReport {
        file: written.file,
        mime: written.mime,
        bytes: written.bytes,
    };
    output.result(&written, |written| {
        format!("wrote {} ({} bytes)", written.file, written.bytes)
    })
}

async fn targets(node: &RemoteNode, span: SpanArguments, output: Output) -> Result<(), Failure> {
    let now_ms = now_ms();
    let request = TargetsRequest {
        from: span.from.resolve(now_ms),
        to: span.to.map(|to| to.resolve(now_ms)),
    };
    let report: PerformanceReport = node.call("reports.targets", &request).await?;
    output.result(&report, text)
}

fn text(report: &PerformanceReport) -> String {
    let rows: Vec<Vec<String>> = report
        .targets
        .iter()
        .map(|row| {
            let verdict = match row.verdict {
                Verdict::Met => "met",
                Verdict::Missed => "MISSED",
                Verdict::Unknown => "unknown",
            };
            vec![
                row.key.clone(),
                row.title.clone(),
                row.target.clone(),
                row.actual.clone().unwrap_or_else(|| "–".to_owned()),
                verdict.to_owned(),
            ]
        })
        .collect();
    format!(
        "measured for {:.1} % of the time\n{}",
        report.coverage * 100.0,
        table(
            &["KEY", "METRIC", "TARGET", "ACTUAL", "VERDICT"],
            &[],
            &rows
        )
    )
}

async fn enter(
    node: &RemoteNode,
    arguments: EnterArguments,
    output: Output,
) -> Result<(), Failure> {
    let EnterArguments { key, value, note } = arguments;
    let said = match value {
        Some(value) => format!("entered {value} for {key}"),
        None => format!("took the figure of {key} back"),
    };
    let figure = EnterFigure { key, value, note };
    let _: Value = node.call("reports.enter", &figure).await?;
    output.result(&figure, |_| said)
}
