//! What can go wrong in the engine.

use graphy_store::StoreError;

/// Says what the engine attempted and why it failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The queue library or its Redis refused.
    #[error("cannot {action}")]
    Queue {
        /// What was attempted.
        action: &'static str,
        /// What the library said.
        #[source]
        source: bullmq::Error,
    },
    /// The data layer failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EngineError {
    pub(crate) fn queue(action: &'static str) -> impl FnOnce(bullmq::Error) -> Self {
        move |source| Self::Queue { action, source }
    }
}
