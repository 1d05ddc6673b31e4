//! Looks every two seconds at what has changed around this node: tells the journal, and measures
//! what the store knows of all graphs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use graphy_model::GraphId;
use graphy_store::graph::{GraphRow, LISTED_GRAPHS_MAX};
use graphy_store::{LinkState, ServerNode};
use graphy_telemetry::names::{self, label};
use graphy_telemetry::{RestartPolicy, TaskContext, TaskState};
use tokio::time::Instant;

use super::{Overview, totals};
use crate::journal::EventKind;

const STEP: Duration = Duration::from_secs(2);
/// Refusals are told at most once in this time.
const REFUSALS_STEP: Duration = Duration::from_secs(10);
/// More changes than this at once are told as a number.
const CHANGES_TOLD_MAX: usize = 5;

pub(super) fn spawn(overview: &Overview) {
    let parts = &overview.inner.parts;
    let shared = overview.clone();
    parts.tasks.spawn(
        "overview-watcher",
        RestartPolicy::ALWAYS,
        parts.token.clone(),
        move |context| {
            let watcher = Watcher::new(shared.clone());
            async move {
                watcher.run(&context).await;
                Ok(())
            }
        },
    );
}

struct Watcher {
    overview: Overview,
    /// None until it was first read: what is there at the start is no news.
    graphs: Option<BTreeMap<GraphId, String>>,
    nodes: Option<BTreeMap<String, ServerNode>>,
    /// Restarts and end of each task.
    tasks: BTreeMap<Arc<str>, (u32, bool)>,
    refused: Option<f64>,
    refusals_told: Instant,
    history_told: bool,
}

impl Watcher {
    fn new(overview: Overview) -> Self {
        Self {
            overview,
            graphs: None,
            nodes: None,
            tasks: BTreeMap::new(),
            refused: None,
            refusals_told: Instant::now(),
            history_told: false,
        }
    }

    async fn run(mut self, context: &TaskContext) {
        let overview = self.overview.clone();
        let mut link = overview.inner.parts.store.link().state();
        let mut ticks = tokio::time::interval(STEP);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = context.token.cancelled() => return,
                _ = ticks.tick() => {
                    self.look_at_graphs().await;
                    self.look_at_nodes().await;
                    self.look_at_tasks();
                    self.look_at_refusals();
                    self.look_at_history();
                    totals::measure(&overview.inner.parts.store).await;
                }
                () = overview.inner.look.notified() => self.look_at_graphs().await,
                changed = link.changed() => match changed {
                    Ok(()) => self.tell_link(&link.borrow_and_update().clone()),
                    // The link is gone, and this node with it.
                    Err(_) => context.token.cancelled().await,
                },
            }
            context.tick();
        }
    }

    async fn look_at_graphs(&mut self) {
        // While Redis is away there is nothing to see, and the link has told so.
        let Ok(rows) = self.overview.inner.parts.store.list().await else {
            return;
        };
        let open: u64 = rows.iter().map(|row| row.open_conflicts).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a thousand in each of a thousand graphs"
        )]
        metrics::gauge!(names::OPEN_CONFLICTS).set(open as f64);
        let is_cut = rows.len() >= usize::try_from(LISTED_GRAPHS_MAX).unwrap_or(usize::MAX);
        let named = |row: &GraphRow| (row.meta.graph_id.clone(), row.meta.name.clone());
        let now: BTreeMap<GraphId, String> = rows.iter().map(named).collect();
        let Some(before) = self.graphs.replace(now.clone()) else {
            return;
        };
        if before == now {
            return;
        }
        let journal = &self.overview.inner.parts.journal;
        let added: Vec<_> = rows
            .iter()
            .filter(|row| !before.contains_key(&row.meta.graph_id))
            .collect();
        for row in added.iter().take(CHANGES_TOLD_MAX) {
            let text = match row.nodes {
                0 => format!("graph {} was made", row.meta.name),
                nodes => format!("graph {} appeared with {nodes} nodes", row.meta.name),
            };
            journal.note(EventKind::Graph, &text, Some(&row.meta.graph_id));
        }
        if added.len() > CHANGES_TOLD_MAX {
            let text = format!("{} more graphs were made", added.len() - CHANGES_TOLD_MAX);
            journal.note(EventKind::Graph, &text, None);
        }
        if !is_cut {
            let gone: Vec<_> = before
                .iter()
                .filter(|(id, _)| !now.contains_key(*id))
                .collect();
            for (id, name) in gone.iter().take(CHANGES_TOLD_MAX) {
                journal.note(
                    EventKind::Graph,
                    &format!("graph {name} was deleted"),
                    Some(id),
                );
            }
            if gone.len() > CHANGES_TOLD_MAX {
                let text = format!("{} more graphs were deleted", gone.len() - CHANGES_TOLD_MAX);
                journal.note(EventKind::Graph, &text, None);
            }
        }
        self.overview
            .inner
            .graphs_revision
            .fetch_add(1, Ordering::Relaxed);
        self.overview.inner.parts.pulse.beat();
    }

    async fn look_at_nodes(&mut self) {
        let Ok(nodes) = self.overview.inner.parts.nodes.list().await else {
            return;
        };
        let now: BTreeMap<String, ServerNode> = nodes
            .into_iter()
            .map(|node| (node.id.to_string(), node))
            .collect();
        let Some(before) = self.nodes.replace(now.clone()) else {
            return;
        };
        let tell = |node: &ServerNode, verb: &str| {
            let works = node.role == "worker" || node.role == "all";
            let kind = if works {
                EventKind::Worker
            } else {
                EventKind::Node
            };
            let text = format!(
                "{} on {} (process {}) {verb}",
                node.role, node.host, node.pid
            );
            self.overview.inner.parts.journal.note(kind, &text, None);
        };
        let new = now.iter().filter(|(id, _)| !before.contains_key(*id));
        new.for_each(|(_, node)| tell(node, "started"));
        let gone = before.iter().filter(|(id, _)| !now.contains_key(*id));
        gone.for_each(|(_, node)| tell(node, "is gone"));
    }

    fn look_at_tasks(&mut self) {
        let parts = &self.overview.inner.parts;
        for status in parts.tasks.list() {
            let (name, failed) = (
                &status.name,
                matches!(status.state, TaskState::Failed { .. }),
            );
            let now = (status.restarts, failed);
            let before = self.tasks.insert(Arc::clone(name), now).unwrap_or_default();
            let text = match &status.state {
                TaskState::Failed { reason } if !before.1 => {
                    format!("task {name} failed for good: {reason}")
                }
                TaskState::Restarting { reason } if now.0 > before.0 => {
                    format!("task {name} failed and starts again: {reason}")
                }
                _ if now.0 > before.0 => format!("task {name} failed and was started again"),
                _ => continue,
            };
            parts.journal.note(EventKind::Node, &text, None);
        }
    }

    fn look_at_history(&mut self) {
        let parts = &self.overview.inner.parts;
        if let (false, Some(reason)) = (self.history_told, parts.recorder.fallback()) {
            self.history_told = true;
            let text = format!("metric history will not outlive this process: {reason}");
            parts.journal.note(EventKind::Node, &text, None);
        }
    }

    fn look_at_refusals(&mut self) {
        if self.refused.is_some() && self.refusals_told.elapsed() < REFUSALS_STEP {
            return;
        }
        self.refusals_told = Instant::now();
        let parts = &self.overview.inner.parts;
        let snapshot = parts.metrics.snapshot();
        let commands = snapshot.value(names::COMMANDS_PROCESSED, &[(label::STATUS, "rejected")]);
        let now = commands.unwrap_or(0.0) + snapshot.value(names::REFUSALS, &[]).unwrap_or(0.0);
        let Some(before) = self.refused.replace(now) else {
            return;
        };
        if now > before {
            let seconds = REFUSALS_STEP.as_secs();
            let text = format!(
                "refused in {seconds} s: {} (commands, requests)",
                now - before
            );
            parts.journal.note(EventKind::Rejection, &text, None);
        }
    }

    fn tell_link(&self, state: &LinkState) {
        let text = match state {
            LinkState::Connected => "the connection to redis is up",
            LinkState::Connecting | LinkState::Disconnected { .. } => {
                "the connection to redis is lost"
            }
        };
        self.overview
            .inner
            .parts
            .journal
            .note(EventKind::Redis, text, None);
    }
}
