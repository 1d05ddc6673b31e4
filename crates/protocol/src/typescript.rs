//! Writes the TypeScript twins of the wire types.

use std::path::Path;

use ts_rs::{Config, ExportError, TS};

use crate::alerts::{
    AlertList, AlertNotice, AlertRef, AlertRule, AlertStatus, SetWebhook, SnoozeAlert,
};
use crate::collaboration::{
    ConflictPage, ConflictRateRequest, ConflictRates, ConflictsRequest, GraphSettingsView,
    HistoryPage, HistoryRequest, ResolveConflicts, SendCommand, SentCommand, SettleConflicts,
    SettledConflicts, SettlingConflicts,
};
use crate::console::{
    CreateToken, CreatedToken, ExportRequest, ExportedFile, GraphRef, HealthReport, ImportRef,
    ImportRequest, ImportStarted, LiveFrame, OperationRef, OverviewSnapshot, SystemInfo, TokenList,
    TokenRef, VerifyReport,
};
use crate::http::{CreateGraph, GraphList, OpenSession, SessionToken};
use crate::presence::{PresenceState, ResyncGraph, SessionList};
use crate::queues::{
    AddJob, AddedJob, BulkConfirm, BulkPreview, BulkRef, BulkRequest, BulkRuns, ConfigureQueue,
    DeadLetters, DeadLettersRequest, EditJob, EditedJob, JobDetail, JobPage, JobRef, JobText,
    JobTextRequest, JobsRequest, QueueDetail, QueueList, QueueRef, SchedulerList, SchedulerRef,
};
use crate::reports::{
    EnterFigure, GraphProgress, PerformanceReport, ReportRequest, SnapshotList, SnapshotRef,
    TargetsRequest,
};
use crate::series::{SeriesList, SeriesRange, SeriesRequest};
use crate::system::{
    AuditPage, AuditRequest, DiagnosticsPreview, KeyMemory, LogPage, LogRequest, NodeList,
    RedisReport, SaveDiagnostics,
};
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
    ResyncGraph::export_all(&config)?;
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
    SettleConflicts::export_all(&config)?;
    SettledConflicts::export_all(&config)?;
    SettlingConflicts::export_all(&config)?;
    PresenceState::export_all(&config)?;
    SessionList::export_all(&config)?;
    export_watching(&config)
}

/// Writes what operators watch and steer: queues, system, alerts, reports.
fn export_watching(config: &Config) -> Result<(), ExportError> {
    AlertList::export_all(config)?;
    AlertNotice::export_all(config)?;
    AlertRef::export_all(config)?;
    AlertRule::export_all(config)?;
    AlertStatus::export_all(config)?;
    SetWebhook::export_all(config)?;
    SnoozeAlert::export_all(config)?;
    AddJob::export_all(config)?;
    AddedJob::export_all(config)?;
    EditedJob::export_all(config)?;
    BulkConfirm::export_all(config)?;
    BulkPreview::export_all(config)?;
    BulkRef::export_all(config)?;
    BulkRequest::export_all(config)?;
    BulkRuns::export_all(config)?;
    ConfigureQueue::export_all(config)?;
    DeadLetters::export_all(config)?;
    DeadLettersRequest::export_all(config)?;
    EditJob::export_all(config)?;
    JobDetail::export_all(config)?;
    JobPage::export_all(config)?;
    JobRef::export_all(config)?;
    JobText::export_all(config)?;
    JobTextRequest::export_all(config)?;
    JobsRequest::export_all(config)?;
    QueueDetail::export_all(config)?;
    QueueList::export_all(config)?;
    QueueRef::export_all(config)?;
    SchedulerList::export_all(config)?;
    SchedulerRef::export_all(config)?;
    EnterFigure::export_all(config)?;
    GraphProgress::export_all(config)?;
    PerformanceReport::export_all(config)?;
    ReportRequest::export_all(config)?;
    SnapshotList::export_all(config)?;
    SnapshotRef::export_all(config)?;
    TargetsRequest::export_all(config)?;
    SeriesList::export_all(config)?;
    SeriesRange::export_all(config)?;
    SeriesRequest::export_all(config)?;
    AuditPage::export_all(config)?;
    AuditRequest::export_all(config)?;
    DiagnosticsPreview::export_all(config)?;
    KeyMemory::export_all(config)?;
    LogPage::export_all(config)?;
    LogRequest::export_all(config)?;
    NodeList::export_all(config)?;
    RedisReport::export_all(config)?;
    SaveDiagnostics::export_all(config)
}
