//! Alerts as notifications of the desktop, so that somebody hears of them who does not look.
//!
//! One task follows the deployment in use, also while no window shows its live figures. What is shown
//! is decided by [`Door`], which is pure; the bus of the desktop is called elsewhere, and a desktop
//! without one costs a line in the log.

use std::collections::VecDeque;
use std::time::Duration;

use graphy_client::ConsoleStream;
use graphy_protocol::ApiError;
use graphy_protocol::alerts::{AlertNotice, Severity};
use graphy_telemetry::clock::{Clock as _, SystemClock};
use tauri::{AppHandle, Manager as _};

use crate::desk::{Active, Desk};
use crate::node::EmbeddedNode;

/// How many notifications there may be in [`RATE_MS`]; the rest is told as a number.
const RATE_MAX: usize = 5;
const RATE_MS: u64 = 60_000;
/// How long to wait before a deployment that was lost is followed again.
const RETRY: Duration = Duration::from_secs(5);
/// How often it is checked whether the console looks at another deployment.
const CHECK: Duration = Duration::from_secs(2);

/// A notification of the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Message {
    summary: String,
    body: String,
    urgency: Urgency,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Urgency {
    Normal,
    Critical,
}

/// What the person looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// The alerts, in a window that has the focus.
    Alerts,
    Elsewhere,
}

/// Lets through what is worth a notification.
#[derive(Debug, Default)]
struct Door {
    /// When notifications were shown, the oldest first.
    shown: VecDeque<u64>,
    held_back: u64,
}

impl Door {
    /// Decides about a notice.
    fn decide(&mut self, notice: &AlertNotice, sight: Sight, now_ms: u64) -> Option<Message> {
        if notice.severity == Severity::Info || sight == Sight::Alerts {
            return None;
        }
        // A clock that was set back must not close the door for long.
        self.shown.retain(|at| {
            (at.saturating_sub(RATE_MS)..at.saturating_add(RATE_MS)).contains(&now_ms)
        });
        if self.shown.len() >= RATE_MAX {
            self.held_back += 1;
            return None;
        }
        self.shown.push_back(now_ms);
        let word = match (notice.firing, notice.severity) {
            (false, _) => "Ended",
            (true, Severity::Critical) => "Critical",
            (true, Severity::Info | Severity::Warning) => "Warning",
        };
        let mut body = notice.text.clone();
        match std::mem::take(&mut self.held_back) {
            0 => {}
            1 => body.push_str("\nOne more alert was not shown."),
            count => body.push_str(&format!("\n{count} more alerts were not shown.")),
        }
        Some(Message {
            summary: format!("{word}: {}", notice.title),
            body,
            urgency: if notice.firing && notice.severity == Severity::Critical {
                Urgency::Critical
            } else {
                Urgency::Normal
            },
        })
    }
}

/// Follows the deployment in use for as long as the console runs.
pub(crate) async fn watch(app: AppHandle) {
    let mut door = Door::default();
    while let Ok(active) = app.state::<Desk>().active().await {
        if let Err(error) = follow(&app, &active, &mut door).await {
            tracing::debug!(%error, "alerts of the deployment are not heard now");
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Follows one deployment until the console looks at another one.
async fn follow(app: &AppHandle, active: &Active, door: &mut Door) -> Result<(), ApiError> {
    let is_in_use = || {
        let present = app.state::<Desk>().present();
        present.is_some_and(|present| present.generation() == active.generation())
    };
    if let Some(node) = active.remote()? {
        let mut stream = ConsoleStream::open(node.url(), node.token()).await?;
        while is_in_use() {
            if let Ok(frame) = tokio::time::timeout(CHECK, stream.next()).await {
                show(app, door, &frame?.alerts).await;
            }
        }
        return Ok(());
    }
    let embedded = app.state::<EmbeddedNode>();
    let mut frames = embedded.running().await?.live_frames()?;
    while is_in_use() {
        if let Ok(frame) = tokio::time::timeout(CHECK, frames.next()).await {
            show(app, door, &frame.alerts).await;
        }
    }
    Ok(())
}

async fn show(app: &AppHandle, door: &mut Door, notices: &[AlertNotice]) {
    for notice in notices {
        let Some(message) = door.decide(notice, sight(app), SystemClock.now_ms()) else {
            continue;
        };
        // The bus answers late or never where the desktop is stuck.
        let sent = tauri::async_runtime::spawn_blocking(move || send(&message));
        match tokio::time::timeout(RETRY, sent).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => {
                tracing::info!(%error, "the desktop does not show notifications");
            }
            Ok(Err(_)) | Err(_) => tracing::info!("the desktop did not take a notification"),
        }
    }
}

fn send(message: &Message) -> Result<(), notify_rust::error::Error> {
    notify_rust::Notification::new()
        .appname("Graphy")
        .icon("graphy-console")
        .summary(&message.summary)
        .body(&message.body)
        .urgency(match message.urgency {
            Urgency::Normal => notify_rust::Urgency::Normal,
            Urgency::Critical => notify_rust::Urgency::Critical,
        })
        .show()
        .map(drop)
}

/// Says whether somebody looks at the alerts.
fn sight(app: &AppHandle) -> Sight {
    let looks = app.webview_windows().values().any(|window| {
        let page = window.url().ok();
        let page = page.as_ref().and_then(|url| url.fragment());
        window.is_focused().unwrap_or(false) && page.is_some_and(is_alerts)
    });
    if looks {
        Sight::Alerts
    } else {
        Sight::Elsewhere
    }
}

fn is_alerts(fragment: &str) -> bool {
    let page = fragment.trim_start_matches('/').split('/').next();
    page == Some("alerts")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(severity: Severity, firing: bool) -> AlertNotice {
        AlertNotice {
            rule_id: "slow".to_owned(),
            title: "Redis answers late".to_owned(),
            severity,
            firing,
            text: "9 ms, limit 5 ms".to_owned(),
            at: 0,
        }
    }

    #[test]
    fn what_matters_is_shown_to_who_does_not_look() {
        let mut door = Door::default();
        let mut decide = |severity, firing, sight| door.decide(&notice(severity, firing), sight, 0);
        assert_eq!(decide(Severity::Info, true, Sight::Elsewhere), None);
        assert_eq!(decide(Severity::Critical, true, Sight::Alerts), None);
        let bad = decide(Severity::Critical, true, Sight::Elsewhere).unwrap();
        assert_eq!(bad.summary, "Critical: Redis answers late");
        assert_eq!(
            (bad.body.as_str(), bad.urgency),
            ("9 ms, limit 5 ms", Urgency::Critical)
        );
        let good = decide(Severity::Critical, false, Sight::Elsewhere).unwrap();
        assert_eq!(
            (good.summary.as_str(), good.urgency),
            ("Ended: Redis answers late", Urgency::Normal)
        );
        let warning = decide(Severity::Warning, true, Sight::Elsewhere).unwrap();
        assert_eq!(warning.summary, "Warning: Redis answers late");
    }

    #[test]
    fn a_storm_of_alerts_is_no_storm_of_notifications() {
        let mut door = Door::default();
        let warning = notice(Severity::Warning, true);
        let shown =
            (0..100).filter_map(|ms| door.decide(&warning, Sight::Elsewhere, 1_000_000 + ms));
        assert_eq!(shown.count(), RATE_MAX);
        let later = door
            .decide(&warning, Sight::Elsewhere, 1_000_100 + RATE_MS)
            .unwrap();
        assert!(
            later.body.ends_with("95 more alerts were not shown."),
            "{}",
            later.body
        );
        assert!(
            door.decide(&warning, Sight::Elsewhere, 5).is_some(),
            "a clock that was set back"
        );
    }

    #[test]
    fn the_page_is_read_from_the_address() {
        assert!(is_alerts("/alerts") && is_alerts("/alerts/redis-latency"));
        assert!(!is_alerts("/overview") && !is_alerts("") && !is_alerts("/graph/alerts"));
    }
}
