//! What every handler can reach.

use std::sync::Arc;

use graphy_engine::Intake;
use graphy_live::Hub;
use graphy_model::Limits;
use graphy_operations::Operations;
use graphy_store::GraphStore;
use graphy_store::tokens::TokenStore;
use graphy_telemetry::Metrics;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::guard::GuardRules;
use crate::http::rates::Limiters;
use crate::socket::revocation::Revocations;

/// The parts of a running node, shared by all its handlers.
pub(crate) struct Parts {
    pub(crate) store: GraphStore,
    pub(crate) tokens: TokenStore,
    pub(crate) intake: Intake,
    pub(crate) hub: Hub,
    pub(crate) operations: Operations,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    pub(crate) limiters: Limiters,
    pub(crate) guard: GuardRules,
    pub(crate) revocations: Revocations,
    /// Whether nothing can be changed through this node.
    pub(crate) read_only: bool,
    /// Open sockets, so that a stop can wait for them.
    pub(crate) sockets: TaskTracker,
    /// Cancelled when the node begins to stop.
    pub(crate) stopping: CancellationToken,
}

/// A handle on the parts; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(pub(crate) Arc<Parts>);

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
