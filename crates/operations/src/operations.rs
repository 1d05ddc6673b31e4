//! All that an operator can do, one async function per operation, authorised inside.
//!
//! The functions know nothing of HTTP, IPC or terminals; adapters call them directly or by name
//! through [`Operations::dispatch`]. They are named as in the wire table: `graphs.list` is
//! [`Operations::graphs_list`].

mod alerts;
mod conflicts;
mod deployment;
mod graphs;
mod imports;
mod past;
mod queues;
mod reports;
mod series;
mod sessions;
mod sharing;
mod snapshots;
mod system;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use graphy_engine::Intake;
use graphy_model::Limits;
use graphy_store::{
    AlertStore, AuditLog, GraphStore, NodeRegistry, Replicas, ServerNode, Sessions, TokenStore,
};
use graphy_telemetry::board::StatusBoard;
use graphy_telemetry::{ArchiveSettings, Metrics, Recorder, SharedClock, TaskRegistry};
use tokio_util::sync::CancellationToken;

use crate::alerts::{AlertParts, Alerts};
use crate::health::HealthProbe;
use crate::importer::{Importer, ImporterParts};
use crate::journal::Journal;
use crate::overview::{Overview, OverviewParts};
use crate::pulse::Pulse;
use crate::queues::{Queues, QueuesParts};
use crate::report::{Keeper, KeeperParts};
use crate::system::diagnostics::Previews;
use crate::system::memory::MemoryWalk;
use crate::system::nodes;
use crate::system::redis::RedisReports;

pub use deployment::READ_ONLY;
pub(crate) use series::expression_fault;
pub use system::{MetricsText, SystemFacts};

/// What operations work with.
#[derive(Clone)]
pub struct Parts {
    /// The graphs in Redis.
    pub store: GraphStore,
    /// The graphs in memory.
    pub replicas: Replicas,
    /// The tokens.
    pub tokens: TokenStore,
    /// The list of nodes.
    pub nodes: NodeRegistry,
    /// The connected sessions.
    pub sessions: Sessions,
    /// The door to the queue.
    pub intake: Intake,
    /// The metrics of this process.
    pub metrics: Metrics,
    /// What graphs and commands may weigh.
    pub limits: Limits,
    /// The time.
    pub clock: SharedClock,
    /// Where background tasks are listed.
    pub tasks: TaskRegistry,
    /// Stops the background tasks.
    pub token: CancellationToken,
    /// What the node says of itself.
    pub facts: SystemFacts,
    /// What the parts of the node say of themselves.
    pub board: StatusBoard,
    /// How often the node probes itself when nobody asks; zero for never.
    pub probe_interval: Duration,
    /// Which node this is.
    pub node: ServerNode,
    /// Whether nothing may be changed through this node.
    pub read_only: bool,
    /// Who did what to the deployment.
    pub audit: AuditLog,
    /// Where the history of the metrics is kept.
    pub history: ArchiveSettings,
}

/// The operations of one node; cheap to clone.
#[derive(Clone)]
pub struct Operations {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) importer: Importer,
    pub(crate) overview: Overview,
    pub(crate) recorder: Recorder,
    pub(crate) alerts: Alerts,
    pub(crate) health: HealthProbe,
    pub(crate) journal: Arc<Journal>,
    pub(crate) pulse: Pulse,
    pub(crate) queues: Queues,
    pub(crate) redis_reports: RedisReports,
    pub(crate) memory_walk: MemoryWalk,
    pub(crate) previews: Previews,
    pub(crate) keeper: Keeper,
}

impl Operations {
    /// Makes the operations and starts what they need: the importer's janitor, the watch over queues,
    /// the overview's sampler and its watcher, the rules of alerts, the node's probes and its report,
    /// the walk over the key space. The tasks end when `parts.token` is cancelled.
    #[must_use]
    pub fn start(parts: Parts) -> Self {
        let pulse = Pulse::default();
        let journal = Arc::new(Journal::new(Arc::clone(&parts.clock), pulse.clone()));
        let importer = Importer::start(ImporterParts {
            store: parts.store.clone(),
            intake: parts.intake.clone(),
            limits: parts.limits.clone(),
            journal: Arc::clone(&journal),
            pulse: pulse.clone(),
            tasks: parts.tasks.clone(),
            token: parts.token.clone(),
        });
        let recorder = Recorder::start(parts.history.clone(), &parts.tasks, parts.token.clone());
        let queues = Queues::start(&QueuesParts {
            store: parts.store.clone(),
            intake: parts.intake.clone(),
            clock: Arc::clone(&parts.clock),
            tasks: parts.tasks.clone(),
            token: parts.token.clone(),
        });
        let overview = Overview::start(OverviewParts {
            store: parts.store.clone(),
            nodes: parts.nodes.clone(),
            queues: queues.clone(),
            metrics: parts.metrics.clone(),
            clock: Arc::clone(&parts.clock),
            journal: Arc::clone(&journal),
            pulse: pulse.clone(),
            recorder: recorder.clone(),
            tasks: parts.tasks.clone(),
            token: parts.token.clone(),
        });
        let alerts = Alerts::start(AlertParts {
            store: AlertStore::new(parts.store.link().clone()),
            overview: overview.clone(),
            clock: Arc::clone(&parts.clock),
            journal: Arc::clone(&journal),
            pulse: pulse.clone(),
            facts: parts.facts.clone(),
            board: parts.board.clone(),
            tasks: parts.tasks.clone(),
            token: parts.token.clone(),
        });
        let health = HealthProbe::start(&parts);
        let keeper = Keeper::start(KeeperParts {
            store: parts.store.clone(),
            metrics: parts.metrics.clone(),
            clock: Arc::clone(&parts.clock),
            tasks: parts.tasks.clone(),
            token: parts.token.clone(),
        });
        nodes::start(&parts);
        let memory_walk = MemoryWalk::start(&parts);
        let inner = Inner {
            parts,
            importer,
            overview,
            recorder,
            alerts,
            health,
            journal,
            pulse,
            queues,
            redis_reports: RedisReports::default(),
            memory_walk,
            previews: Previews::default(),
            keeper,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Returns the journal, for what adapters want people to know.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// Returns what the parts of the node say of themselves.
    #[must_use]
    pub fn board(&self) -> &StatusBoard {
        &self.inner.parts.board
    }

    /// Returns the imports, for callers that wait for one in the same process.
    #[must_use]
    pub fn importer(&self) -> &Importer {
        &self.inner.importer
    }
}
