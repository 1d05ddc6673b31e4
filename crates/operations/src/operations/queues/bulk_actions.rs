//! What operators do to many jobs at once.

use graphy_model::Action;
use graphy_protocol::ApiError;
use graphy_protocol::queues::{BulkConfirm, BulkPreview, BulkRef, BulkRequest, BulkRun, BulkRuns};

use crate::caller::Caller;
use crate::operations::Operations;
use crate::queues::check;

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

    /// `queues.preview`: what a bulk action would do.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, or that of the store.
    pub async fn queues_preview(
        &self,
        caller: &Caller,
        request: BulkRequest,
    ) -> Result<BulkPreview, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        check::filter(&request.filter)?;
        let queue = self.queues().existing(&request.queue, "queue").await?;
        self.queues().preview(caller, &queue, &request).await
    }

    /// `queues.run`: does what a preview said.
    ///
    /// # Errors
    /// `forbidden`, `expired`, `already_exists` while another one runs on the queue, or that of
    /// the store.
    pub async fn queues_run(
        &self,
        caller: &Caller,
        request: BulkConfirm,
    ) -> Result<BulkRun, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let confirmation = check::id(&request.confirmation, "confirmation")?;
        self.queues().confirm(caller, confirmation).await
    }

    /// `queues.run_status`: how far a bulk action is.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, or that of the store.
    pub async fn queues_run_status(
        &self,
        caller: &Caller,
        request: BulkRef,
    ) -> Result<BulkRun, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        self.queues()
            .run_status(check::id(&request.run_id, "runId")?)
            .await
    }

    /// `queues.run_stop`: stops a bulk action.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, or that of the store.
    pub async fn queues_run_stop(
        &self,
        caller: &Caller,
        request: BulkRef,
    ) -> Result<BulkRun, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        self.queues()
            .stop_run(check::id(&request.run_id, "runId")?)
            .await
    }

    /// `queues.run_undo`: puts back what a bulk action removed.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `expired`, or that of the store.
    pub async fn queues_run_undo(
        &self,
        caller: &Caller,
        request: BulkRef,
    ) -> Result<BulkRun, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        self.queues()
            .undo_run(check::id(&request.run_id, "runId")?)
            .await
    }
}
