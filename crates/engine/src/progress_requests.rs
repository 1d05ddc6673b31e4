//! Asks for progress to be rolled up after commands that may have changed it: one job per graph,
//! however many commands.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use graphy_model::{Command, Field, GraphId};
use tokio::time::Instant;

use crate::job::QueuedCommand;
use crate::jobs::{AnalyticsJob, OfGraph};
use crate::queues::Queues;

/// For how many graphs it is remembered that somebody asked; beyond, more is asked than needed.
const REMEMBERED_MAX: usize = 10_000;

/// The way to ask; cheap to clone.
#[derive(Clone)]
pub(crate) struct ProgressRequests {
    queues: Queues,
    asked: Arc<Mutex<HashMap<GraphId, Instant>>>,
}

impl ProgressRequests {
    pub(crate) fn new(queues: Queues) -> Self {
        Self {
            queues,
            asked: Arc::default(),
        }
    }

    /// Asks for the progress of a graph. A job that was asked for a moment ago has not begun yet
    /// and will see what has happened since.
    pub(crate) async fn ask(&self, graph: &GraphId) {
        let delay = self.queues.config().queues.progress_delay;
        if !self.is_due(graph, delay / 2) {
            return;
        }
        let job = AnalyticsJob::CalculateProgress(OfGraph {
            graph_id: graph.clone(),
        });
        if let Err(error) = self.queues.analyse_after(&job, delay).await {
            tracing::warn!(%graph, %error, "progress was not asked to be rolled up");
            self.lock().remove(graph);
        }
    }

    fn is_due(&self, graph: &GraphId, spacing: Duration) -> bool {
        let now = Instant::now();
        let mut asked = self.lock();
        if asked.get(graph).is_some_and(|at| now < *at + spacing) {
            return false;
        }
        if asked.len() >= REMEMBERED_MAX {
            asked.retain(|_, at| now < *at + spacing);
        }
        if asked.len() < REMEMBERED_MAX {
            asked.insert(graph.clone(), now);
        }
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<GraphId, Instant>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says whether a command may change what is rolled up.
pub(crate) fn touches_progress(command: &QueuedCommand) -> bool {
    let envelope = command.content.envelope();
    envelope.is_some_and(|envelope| of_command(&envelope.command))
}

fn of_command(command: &Command) -> bool {
    match command {
        // A new node has no edges yet.
        Command::CreateNode(_)
        | Command::UpdateViewport(_)
        | Command::UpdatePermissions(_)
        | Command::UpdateGraph(_)
        | Command::DeleteGraph(_) => false,
        Command::UpdateNode(update) => {
            update.patch.progress.is_some() || update.patch.unset.contains(&Field::Progress)
        }
        Command::UpdateEdge(update) => {
            let patch = &update.patch;
            patch.weight.is_some() || patch.unset.contains(&Field::Weight)
        }
        Command::DeleteNode(_)
        | Command::CreateEdge(_)
        | Command::DeleteEdge(_)
        | Command::ResolveConflict(_)
        | Command::Undo(_)
        | Command::Redo(_)
        | Command::RestoreVersion(_) => true,
        Command::BatchUpdate(batch) => batch.operations.iter().any(of_command),
    }
}
