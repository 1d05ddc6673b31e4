//! `graphy alerts`: rules, what fires, and what people say to it.

use clap::{Args, Subcommand, ValueEnum};
use graphy_protocol::alerts::{
    AlertEvent, AlertList, AlertRef, AlertRule, AlertState, AlertStatus, Comparison, OnNoData,
    SetWebhook, Severity, SnoozeAlert, Webhook,
};
use graphy_telemetry::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::exit::Failure;
use crate::number::finite;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, quantity, span, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct AlertsArguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the rules and where they stand, what fires first
    List,
    /// List what fired, the newest first
    History,
    /// Say that you look after a rule that fires
    Ack {
        /// Which rule
        rule: String,
    },
    /// Have nobody be told of a rule for a while
    Snooze {
        /// Which rule
        rule: String,
        /// For how many minutes, at most 10080; 0 ends it
        minutes: u32,
    },
    /// Make or change a rule
    Set(Box<SetArguments>),
    /// Remove a rule; one that Graphy brings is as it was brought again
    Remove {
        /// Which rule
        rule: String,
    },
    /// Show, set, test or remove where alerts are sent
    Webhook {
        /// The http:// or https:// address; the node sends to it
        // `url` is the name of the option that says which node is talked to.
        #[arg(value_name = "ADDRESS")]
        address: Option<String>,
        /// Remove it
        #[arg(long, conflicts_with_all = ["address", "test"])]
        remove: bool,
        /// Send a test
        #[arg(long)]
        test: bool,
    },
}

#[derive(Debug, Args)]
struct SetArguments {
    /// Which rule, 1 to 64 of a-z, 0-9 and -
    rule: String,
    /// The series or expression that it watches, as `graphy metrics series` lists them
    #[arg(long)]
    series: Option<String>,
    /// Fire when the value is greater than this
    #[arg(
        long,
        value_name = "LIMIT",
        allow_hyphen_values = true,
        value_parser = finite,
        conflicts_with = "below"
    )]
    above: Option<f64>,
    /// Fire when the value is less than this
    #[arg(long, value_name = "LIMIT", allow_hyphen_values = true, value_parser = finite)]
    below: Option<f64>,
    /// How long the limit must be breached, in seconds
    #[arg(long, value_name = "SECONDS")]
    for_seconds: Option<u32>,
    /// What it is called [default: its name]
    #[arg(long)]
    title: Option<String>,
    /// How bad it is [default: warning]
    #[arg(long, value_enum)]
    severity: Option<SeverityWord>,
    /// What to do without values [default: hold]
    #[arg(long, value_enum)]
    on_no_data: Option<NoDataWord>,
    /// Where the limit comes from, or what to do when it fires
    #[arg(long)]
    note: Option<String>,
    /// Watch it
    #[arg(long, conflicts_with = "off")]
    on: bool,
    /// Do not watch it
    #[arg(long)]
    off: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SeverityWord {
    Info,
    Warning,
    Critical,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum NoDataWord {
    Hold,
    Fire,
    Clear,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: AlertsArguments,
    output: Output,
) -> Result<(), Failure> {
    match arguments.action.unwrap_or(Action::List) {
        Action::List => {
            let list: AlertList = node.ask("alerts.list").await?;
            output.result(&list, rules)
        }
        Action::History => {
            let list: AlertList = node.ask("alerts.list").await?;
            output.result(&list.events, |events| history(events, list.at))
        }
        Action::Ack { rule } => {
            let request = AlertRef { rule_id: rule };
            let status: AlertStatus = node.call("alerts.acknowledge", &request).await?;
            output.result(&status, line)
        }
        Action::Snooze { rule, minutes } => {
            let rule_id = rule;
            let request = SnoozeAlert { rule_id, minutes };
            let status: AlertStatus = node.call("alerts.snooze", &request).await?;
            output.result(&status, line)
        }
        Action::Set(wanted) => {
            let list: AlertList = node.ask("alerts.list").await?;
            let known = list.rules.into_iter().map(|status| status.rule);
            let known = known.into_iter().find(|rule| rule.rule_id == wanted.rule);
            let rule = merged(*wanted, known)?;
            let status: AlertStatus = node.call("alerts.save", &rule).await?;
            output.result(&status, line)
        }
        Action::Remove { rule } => {
            let request = AlertRef { rule_id: rule };
            let _: Value = node.call("alerts.remove", &request).await?;
            output.result(&request, |request| format!("removed {}", request.rule_id))
        }
        Action::Webhook {
            address,
            remove,
            test,
        } => webhook(node, address, remove, test, output).await,
    }
}

async fn webhook(
    node: &RemoteNode,
    address: Option<String>,
    remove: bool,
    test: bool,
    output: Output,
) -> Result<(), Failure> {
    if address.is_some() || remove {
        let request = SetWebhook { url: address };
        let _: Value = node.call("alerts.set_webhook", &request).await?;
    }
    if test {
        let webhook: Webhook = node.ask("alerts.test_webhook").await?;
        let error = webhook.error.clone();
        output.result(&webhook, |webhook| match &webhook.error {
            Some(error) => format!("{} did not take the test: {error}", webhook.url),
            None => format!("{} took the test", webhook.url),
        })?;
        return error.map_or(Ok(()), |error| {
            Err(Failure::Unsound(format!(
                "the webhook did not take the test: {error}"
            )))
        });
    }
    let list: AlertList = node.ask("alerts.list").await?;
    output.result(&list.webhook, |webhook| match webhook {
        Some(webhook) => {
            let state = match (&webhook.error, webhook.delivered_at) {
                (Some(error), _) => format!("failed: {error}"),
                (None, Some(at)) => format!("last took an alert {}", ago(list.at, at)),
                (None, None) => "has taken no alert yet".to_owned(),
            };
            format!("{}: {state}", webhook.url)
        }
        None => "alerts are sent nowhere".to_owned(),
    })
}

/// Puts what was asked for over the rule as it is, or over a new one.
fn merged(wanted: SetArguments, known: Option<AlertRule>) -> Result<AlertRule, Failure> {
    let limit = match (wanted.above, wanted.below) {
        (Some(limit), _) => Some((Comparison::Above, limit)),
        (_, Some(limit)) => Some((Comparison::Below, limit)),
        (None, None) => None,
    };
    let mut rule = match (known, &wanted.series, limit) {
        (Some(known), _, _) => known,
        (None, Some(series), Some((comparison, limit))) => AlertRule {
            rule_id: wanted.rule.clone(),
            title: wanted.rule.clone(),
            series: series.clone(),
            comparison,
            limit,
            for_seconds: 0,
            severity: Severity::Warning,
            on_no_data: OnNoData::Hold,
            enabled: true,
            note: String::new(),
        },
        (None, _, _) => {
            let message = "a new rule needs --series and --above or --below";
            return Err(Failure::Usage(message.to_owned()));
        }
    };
    if let Some(series) = wanted.series {
        rule.series = series;
    }
    if let Some((comparison, limit)) = limit {
        (rule.comparison, rule.limit) = (comparison, limit);
    }
    rule.for_seconds = wanted.for_seconds.unwrap_or(rule.for_seconds);
    rule.title = wanted.title.unwrap_or(rule.title);
    rule.note = wanted.note.unwrap_or(rule.note);
    rule.enabled = (rule.enabled || wanted.on) && !wanted.off;
    if let Some(severity) = wanted.severity {
        rule.severity = match severity {
            SeverityWord::Info => Severity::Info,
            SeverityWord::Warning => Severity::Warning,
            SeverityWord::Critical => Severity::Critical,
        };
    }
    if let Some(word) = wanted.on_no_data {
        rule.on_no_data = match word {
            NoDataWord::Hold => OnNoData::Hold,
            NoDataWord::Fire => OnNoData::Fire,
            NoDataWord::Clear => OnNoData::Clear,
        };
    }
    Ok(rule)
}

fn rules(list: &AlertList) -> String {
    let rows: Vec<Vec<String>> = list
        .rules
        .iter()
        .map(|status| {
            let value = status
                .value
                .map_or_else(|| "–".to_owned(), |value| quantity(value, &status.unit));
            vec![
                state(status, list.at),
                severity(status.rule.severity).to_owned(),
                status.rule.rule_id.clone(),
                value,
                limit(status),
                status.rule.title.clone(),
            ]
        })
        .collect();
    table(
        &["STATE", "SEVERITY", "RULE", "VALUE", "LIMIT", "TITLE"],
        &[3],
        &rows,
    )
}

fn limit(status: &AlertStatus) -> String {
    let sign = match status.rule.comparison {
        Comparison::Above => ">",
        Comparison::Below => "<",
    };
    let limit = quantity(status.rule.limit, &status.unit);
    format!("{sign} {limit} for {} s", status.rule.for_seconds)
}

fn state(status: &AlertStatus, now_ms: u64) -> String {
    let mut text = match status.state {
        AlertState::Off => "off".to_owned(),
        AlertState::Unknown => "no data".to_owned(),
        AlertState::Ok => "ok".to_owned(),
        AlertState::Pending => "pending".to_owned(),
        AlertState::Firing => format!("FIRING {}", span(now_ms.saturating_sub(status.since))),
    };
    if let Some(user) = &status.acknowledged_by {
        text.push_str(&format!(", {user} looks after it"));
    }
    if let Some(until) = status.snoozed_until {
        text.push_str(&format!(
            ", snoozed for {}",
            span(until.saturating_sub(now_ms))
        ));
    }
    text
}

fn line(status: &AlertStatus) -> String {
    let state = state(status, SystemClock.now_ms());
    format!(
        "{}: {state} ({} {})",
        status.rule.rule_id,
        status.rule.series,
        limit(status)
    )
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn history(events: &[AlertEvent], now_ms: u64) -> String {
    let rows: Vec<Vec<String>> = events
        .iter()
        .map(|event| {
            let lasted = match event.to {
                Some(to) => span(to.saturating_sub(event.from)),
                None => "goes on".to_owned(),
            };
            vec![
                event.event_id.clone(),
                ago(now_ms, event.from),
                lasted,
                severity(event.severity).to_owned(),
                event.rule_id.clone(),
                event
                    .worst
                    .map_or_else(|| "–".to_owned(), |worst| quantity(worst, "")),
                quantity(event.limit, ""),
                event
                    .acknowledged_by
                    .as_ref()
                    .map_or_else(String::new, ToString::to_string),
            ]
        })
        .collect();
    let head = [
        "ID",
        "BEGAN",
        "LASTED",
        "SEVERITY",
        "RULE",
        "WORST",
        "LIMIT",
        "LOOKED AFTER BY",
    ];
    table(&head, &[5, 6], &rows)
}
