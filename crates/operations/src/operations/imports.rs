//! Operations on imports.

use graphy_model::Action;
use graphy_protocol::console::{ImportProgress, ImportRef, ImportRequest, ImportStarted};
use graphy_protocol::{ApiError, ErrorCode};
use tokio::task::spawn_blocking;

use super::Operations;
use super::graphs::checked_name;
use crate::caller::Caller;
use crate::import;
use crate::importer::Author;

impl Operations {
    /// `graphs.import`: reads a file and begins to make a graph of it. Answers when the file has
    /// been read and found good; how far it is shows in the live frames.
    ///
    /// # Errors
    /// `forbidden`; `invalid` or `too_large` for the file, with line or path; `rate_limited` when
    /// too many imports go on.
    pub async fn graphs_import(
        &self,
        caller: &Caller,
        request: ImportRequest,
    ) -> Result<ImportStarted, ApiError> {
        caller.authorize(Action::CreateGraph)?;
        let name = request
            .name
            .as_deref()
            .map(checked_name)
            .transpose()?
            .map(str::to_owned);
        let limits = self.inner.parts.limits.clone();
        let read = spawn_blocking(move || {
            import::parse(request.format, &request.file_name, &request.text, &limits)
        });
        let read = read
            .await
            .map_err(|_| ApiError::new(ErrorCode::Internal, "the file could not be read"))?;
        let mut plan = read?;
        if let Some(name) = name {
            plan.name = name;
        }
        let author = Author {
            user_id: caller.user_id.clone(),
            role: caller.role,
        };
        self.inner.importer.begin(plan, author).await
    }

    /// `imports.cancel`: stops an import; its graph is removed.
    ///
    /// # Errors
    /// `forbidden`, or `not_found` when no such import goes on.
    pub async fn imports_cancel(
        &self,
        caller: &Caller,
        request: ImportRef,
    ) -> Result<(), ApiError> {
        caller.authorize(Action::CreateGraph)?;
        self.inner.importer.cancel(&request.import_id)
    }

    /// Waits until an import has ended; none if it is not known. For the CLI.
    pub async fn import_ended(&self, import_id: &str) -> Option<ImportProgress> {
        use graphy_protocol::console::ImportState;
        let mut watch = self.inner.importer.watch(import_id)?;
        let ended = watch
            .wait_for(|progress| progress.state != ImportState::Running)
            .await;
        ended.ok().map(|progress| progress.clone())
    }
}
