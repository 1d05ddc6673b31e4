//! Writes the TypeScript twins of the wire types.

use std::path::Path;

use ts_rs::{Config, ExportError, TS};

use crate::collaboration::{
    ConflictPage, ConflictRateRequest, ConflictRates, ConflictsRequest, GraphSettingsView,
    HistoryPage, HistoryRequest, ResolveConflicts, SendCommand, SentCommand, SettledConflicts,
};
use crate::console::{
    CreateToken, CreatedToken, ExportRequest, ExportedFile, GraphRef, HealthReport, ImportRef,
    ImportRequest, ImportStarted, LiveFrame, OperationRef, OverviewSnapshot, SystemInfo, TokenList,
    TokenRef, VerifyReport,
};
use crate::http::{CreateGraph, GraphList, OpenSession, SessionToken};
use crate::presence::{PresenceState, SessionList};
use crate::{ApiError, Hello, ServerFrame};

/// Writes every wire type, and what it is made of, as TypeScript files into a folder.
///
/// # Errors
/// When a file cannot be written.
pub fn export_typescript(folder: &Path) -> Result<(), ExportError> {
    let config = Config::default().with_out_dir(folder);
    ApiError::export_all(&config)?;
    Hello::export_all(&config)?;
    ServerFrame::export_all(&config)?;
    graphy_model::Command::export_all(&config)?;
    LiveFrame::export_all(&config)?;
    OverviewSnapshot::export_all(&config)?;
    ImportRequest::export_all(&config)?;
    ImportStarted::export_all(&config)?;
    ImportRef::export_all(&config)?;
    ExportRequest::export_all(&config)?;
    ExportedFile::export_all(&config)?;
    VerifyReport::export_all(&config)?;
    HealthReport::export_all(&config)?;
    SystemInfo::export_all(&config)?;
    CreateToken::export_all(&config)?;
    CreatedToken::export_all(&config)?;
    TokenList::export_all(&config)?;
    TokenRef::export_all(&config)?;
    GraphRef::export_all(&config)?;
    OperationRef::export_all(&config)?;
    CreateGraph::export_all(&config)?;
    GraphList::export_all(&config)?;
    OpenSession::export_all(&config)?;
    SessionToken::export_all(&config)?;
    ConflictPage::export_all(&config)?;
    ConflictRateRequest::export_all(&config)?;
    ConflictRates::export_all(&config)?;
    ConflictsRequest::export_all(&config)?;
    GraphSettingsView::export_all(&config)?;
    HistoryPage::export_all(&config)?;
    HistoryRequest::export_all(&config)?;
    ResolveConflicts::export_all(&config)?;
    SendCommand::export_all(&config)?;
    SentCommand::export_all(&config)?;
    SettledConflicts::export_all(&config)?;
    PresenceState::export_all(&config)?;
    SessionList::export_all(&config)
}
