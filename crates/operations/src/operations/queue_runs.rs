//! The bulk actions that are under way, for whoever comes later.

use graphy_model::Action;
use graphy_protocol::ApiError;
use graphy_protocol::queues::BulkRuns;

use super::Operations;
use crate::caller::Caller;

impl Operations {
    /// `queues.runs`: the bulk actions that go on, and those that can be taken back.
    ///
    /// # Errors
    /// `forbidden`, or that of the store.
    pub async fn queues_runs(&self, caller: &Caller) -> Result<BulkRuns, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        let runs = self.queues().runs().await?;
        Ok(BulkRuns { runs })
    }
}
