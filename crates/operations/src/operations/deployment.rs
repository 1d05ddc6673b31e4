//! Operations that look at the deployment: nodes, Redis, memory, logs, diagnostics, audit log.

use graphy_model::Action;
use graphy_protocol::ApiError;
use graphy_protocol::ErrorCode;
use graphy_protocol::console::ExportedFile;
use graphy_protocol::system::{
    AuditPage, AuditRequest, DiagnosticsPreview, KeyMemory, LogPage, LogRequest, NodeList,
    RedisReport, SaveDiagnostics,
};
use serde_json::Value;

use super::Operations;
use crate::audit;
use crate::caller::Caller;
use crate::system::{logs, nodes};

impl Operations {
    /// `system.redis`: what the Redis server tells about itself, in words.
    ///
    /// # Errors
    /// `forbidden`, or that of the store.
    pub async fn system_redis(&self, caller: &Caller) -> Result<RedisReport, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        self.inner.redis_reports.read(&self.inner.parts).await
    }

    /// `system.memory`: memory of Redis by families of keys.
    ///
    /// # Errors
    /// `forbidden`, or that of the store.
    pub async fn system_memory(&self, caller: &Caller) -> Result<KeyMemory, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        self.inner.memory_walk.answer().await
    }

    /// `system.nodes`: all nodes, each as it described itself a moment ago.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn system_nodes(&self, caller: &Caller) -> Result<NodeList, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        Ok(nodes::list(&self.inner.parts).await)
    }

    /// `system.logs`: the newest lines of this node's log.
    ///
    /// # Errors
    /// `forbidden`, `invalid`.
    pub async fn system_logs(
        &self,
        caller: &Caller,
        request: LogRequest,
    ) -> Result<LogPage, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        logs::page(&request)
    }

    /// `system.preview_diagnostics`: what a diagnostics archive would hold.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn system_preview_diagnostics(
        &self,
        caller: &Caller,
    ) -> Result<DiagnosticsPreview, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        Ok(self.inner.previews.make(self, caller).await)
    }

    /// `system.save_diagnostics`: the archive of a preview, exactly as it was shown.
    ///
    /// # Errors
    /// `forbidden`, `not_found` for a preview that is gone.
    pub async fn system_save_diagnostics(
        &self,
        caller: &Caller,
        request: SaveDiagnostics,
    ) -> Result<ExportedFile, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        self.inner.previews.archive(self, caller, request).await
    }

    /// `audit.list`: who did what to the deployment, the newest first.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, or that of the store.
    pub async fn audit_list(
        &self,
        caller: &Caller,
        request: AuditRequest,
    ) -> Result<AuditPage, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        audit::page(&self.inner.parts.audit, request).await
    }

    /// Writes down that somebody is about to do something that the audit log tells of: for adapters
    /// that do it by other ways than [`Operations::dispatch`].
    ///
    /// # Errors
    /// `unavailable` when it cannot be written; then it must not be done.
    pub async fn audit_begin(
        &self,
        caller: &Caller,
        operation: &str,
        payload: &Value,
    ) -> Result<audit::Begun, ApiError> {
        audit::begin(&self.inner.parts.audit, caller, operation, payload).await
    }

    /// Refuses what would change something if the deployment is read-only.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_writable(&self) -> Result<(), ApiError> {
        if self.inner.parts.read_only {
            return Err(ApiError::new(ErrorCode::Forbidden, READ_ONLY));
        }
        Ok(())
    }
}

/// What is said to who wants to change something in a read-only deployment.
pub const READ_ONLY: &str = "this deployment is read-only; nothing can be changed through it";
