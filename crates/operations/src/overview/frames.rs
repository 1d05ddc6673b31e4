//! The live frames of one watcher of the console.
//!
//! A frame is made when its watcher is ready for it, from what is there at that moment. So a slow
//! watcher gets fewer frames, never older ones, and nothing queues up for it.

use std::time::Duration;

use graphy_model::{Action, Role};
use graphy_protocol::console::{ImportProgress, ImportState, LiveFrame, SeriesPoint};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::operations::Operations;

/// The largest frame, in bytes of its JSON text.
pub const FRAME_BYTES_MAX: usize = 48 * 1024;
/// Two frames are at least this far apart.
const GAP_MIN: Duration = Duration::from_millis(100);
/// Without news there is a frame after this time.
const GAP_MAX: Duration = Duration::from_secs(1);
/// How many events a frame tells at most.
const EVENTS_MAX: usize = 50;

/// The live frames of one watcher. Dropping it costs nothing and needs no notice.
pub struct LiveFrames {
    operations: Operations,
    sees_system: bool,
    news: watch::Receiver<u64>,
    sent: Option<Sent>,
}

/// What the watcher has seen.
struct Sent {
    at: Instant,
    sample: u64,
    event: u64,
    alert: u64,
    graphs_revision: u64,
    imports: Vec<ImportProgress>,
}

impl LiveFrames {
    pub(crate) fn new(operations: &Operations, role: Role) -> Self {
        Self {
            operations: operations.clone(),
            sees_system: role.allows(Action::ReadSystem),
            news: operations.inner.pulse.listen(),
            sent: None,
        }
    }

    /// Waits until it is time for a frame and makes it. The first one comes at once and asks the
    /// watcher to read the list of graphs. Cancel-safe.
    pub async fn next(&mut self) -> LiveFrame {
        if let Some(sent) = &self.sent {
            let (earliest, latest) = (sent.at + GAP_MIN, sent.at + GAP_MAX);
            tokio::time::sleep_until(earliest).await;
            // An error means that nothing new can come; then the clock alone makes frames.
            if let Ok(Err(_)) = tokio::time::timeout_at(latest, self.news.changed()).await {
                tokio::time::sleep_until(latest).await;
            }
        }
        self.news.borrow_and_update();
        self.frame()
    }

    /// Returns the frames as a stream without an end.
    pub fn into_stream(self) -> impl futures_util::Stream<Item = LiveFrame> + Send {
        futures_util::stream::unfold(self, |mut frames| async move {
            let frame = frames.next().await;
            Some((frame, frames))
        })
    }

    fn frame(&mut self) -> LiveFrame {
        let inner = &self.operations.inner;
        let before = self.sent.as_ref();
        let graphs_revision = inner.overview.graphs_revision();
        let (sample, points) = inner.overview.points();
        let is_new = before.is_none_or(|sent| sent.sample != sample);
        let points: Vec<SeriesPoint> = if is_new && self.sees_system {
            points
        } else {
            Vec::new()
        };
        // A new watcher has read the events before from `overview.get`, or does so now.
        let last_event = inner.journal.last_id();
        let mut events = match before {
            Some(sent) if self.sees_system => inner.journal.since(sent.event),
            _ => Vec::new(),
        };
        if events.len() > EVENTS_MAX {
            events.drain(..events.len() - EVENTS_MAX);
        }
        // The same holds for the alerts and `alerts.list`.
        let (last_alert, mut alerts) = match before {
            Some(sent) => inner.alerts.notices_since(sent.alert),
            None => (inner.alerts.notices_since(u64::MAX).0, Vec::new()),
        };
        if !self.sees_system {
            alerts.clear();
        }
        let imports = inner.importer.progress();
        let news = imports.iter().filter(|import| match before {
            Some(sent) => !sent.imports.contains(import),
            None => import.state == ImportState::Running,
        });
        let mut frame = LiveFrame {
            at: inner.parts.clock.now_ms(),
            environment: inner.parts.facts.environment.clone(),
            points,
            imports: news.cloned().collect(),
            events,
            alerts,
            graphs_changed: before.is_none_or(|sent| sent.graphs_revision != graphs_revision),
        };
        fit(&mut frame);
        let at = Instant::now();
        self.sent = Some(Sent {
            at,
            sample,
            event: last_event,
            alert: last_alert,
            graphs_revision,
            imports,
        });
        frame
    }
}

/// Makes a frame small enough: without its oldest events, then its oldest alerts, then the points of
/// expressions, which come last and have long names.
fn fit(frame: &mut LiveFrame) {
    let size = |frame: &LiveFrame| serde_json::to_string(frame).map_or(0, |text| text.len());
    while size(frame) > FRAME_BYTES_MAX {
        if !frame.events.is_empty() {
            let half = frame.events.len().div_ceil(2);
            frame.events.drain(..half);
        } else if !frame.alerts.is_empty() {
            let half = frame.alerts.len().div_ceil(2);
            frame.alerts.drain(..half);
        } else if !frame.points.is_empty() {
            frame.points.truncate(frame.points.len() / 2);
        } else {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use graphy_protocol::console::RecentEvent;

    use super::*;

    #[test]
    fn a_frame_is_cut_to_size_from_its_oldest_events() {
        let event = |id: u64| RecentEvent {
            id,
            at: 0,
            kind: "node".to_owned(),
            text: "ä".repeat(1000),
            graph_id: None,
        };
        let mut frame = LiveFrame {
            at: 0,
            environment: "test".to_owned(),
            points: Vec::new(),
            imports: Vec::new(),
            events: (0..50).map(event).collect(),
            alerts: Vec::new(),
            graphs_changed: false,
        };
        fit(&mut frame);
        assert!(serde_json::to_string(&frame).unwrap().len() <= FRAME_BYTES_MAX);
        assert_eq!(frame.events.last().unwrap().id, 49);
        assert!(frame.events.len() > 5);
    }

    #[test]
    fn long_names_of_expressions_do_not_make_a_frame_too_large() {
        let point = |number: usize| SeriesPoint {
            name: format!("{number}{}", "x".repeat(500)),
            value: Some(1.0),
        };
        let mut frame = LiveFrame {
            at: 0,
            environment: "test".to_owned(),
            points: (0..140).map(point).collect(),
            imports: Vec::new(),
            events: Vec::new(),
            alerts: Vec::new(),
            graphs_changed: true,
        };
        fit(&mut frame);
        assert!(serde_json::to_string(&frame).unwrap().len() <= FRAME_BYTES_MAX);
        assert!(frame.points.len() > 50 && frame.points[0].name.starts_with("0x"));
    }
}
