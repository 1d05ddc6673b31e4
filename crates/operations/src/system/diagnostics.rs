//! The diagnostics archive: shown first, then saved exactly as it was shown.
//!
//! **Invariants:** every file is made of chosen fields, never of a whole record of which a secret
//! was taken out; texts that others wrote pass the redactor besides. A preview is kept for
//! [`KEPT`] and there are at most [`PREVIEWS_MAX`], so that what is saved is what a person saw.

mod archive;
mod files;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use graphy_protocol::console::ExportedFile;
use graphy_protocol::system::{DiagnosticsFile, DiagnosticsPreview, SaveDiagnostics};
use graphy_protocol::{ApiError, ErrorCode};
use tokio::time::Instant;
use uuid::Uuid;

use crate::caller::Caller;
use crate::operations::Operations;

/// How long a preview can be saved.
const KEPT: Duration = Duration::from_secs(600);
/// How many previews are kept; an older one goes for a newer one.
const PREVIEWS_MAX: usize = 4;
/// How much of a file a preview shows.
const SHOWN_BYTES: usize = 64 * 1024;

/// What is never in an archive, in words.
const LEFT_OUT: &[&str] = &[
    "tokens, tickets, passwords and keys, in whatever place they are",
    "addresses of webhooks, and the login of Redis",
    "environment variables",
    "graphs: their names, nodes, edges and history",
    "jobs: their data, results and errors; queues are only counted",
    "values of commands in the slow log, and the names of single keys",
    "settings that are texts, paths or addresses of others",
];

/// One file of an archive.
struct File {
    name: &'static str,
    about: &'static str,
    text: String,
}

struct Kept {
    id: String,
    made: Instant,
    /// In ms since the Unix epoch.
    at_ms: u64,
    file_name: String,
    files: Arc<Vec<File>>,
}

/// The previews of one node.
#[derive(Default)]
pub(crate) struct Previews {
    kept: Mutex<VecDeque<Kept>>,
}

impl Previews {
    /// Puts an archive together and keeps it to be saved.
    pub(crate) async fn make(
        &self,
        operations: &Operations,
        caller: &Caller,
    ) -> DiagnosticsPreview {
        let files = Arc::new(files::collect(operations, caller).await);
        let at_ms = operations.inner.parts.clock.now_ms();
        let kept = Kept {
            id: Uuid::new_v4().to_string(),
            made: Instant::now(),
            at_ms,
            file_name: format!("graphy-diagnostics-{at_ms}.tar.gz"),
            files,
        };
        let preview = preview(&kept);
        let mut previews = self.lock();
        previews.retain(|kept| kept.made.elapsed() < KEPT);
        if previews.len() >= PREVIEWS_MAX {
            previews.pop_front();
        }
        previews.push_back(kept);
        preview
    }

    /// Packs what was shown.
    pub(crate) async fn archive(
        &self,
        operations: &Operations,
        caller: &Caller,
        request: SaveDiagnostics,
    ) -> Result<ExportedFile, ApiError> {
        let id = match request.preview_id {
            Some(id) => id,
            None => self.make(operations, caller).await.preview_id,
        };
        let (files, at_ms, file_name) = self.find(&id).ok_or_else(|| {
            let minutes = KEPT.as_secs() / 60;
            let message =
                format!("this preview is gone; one is kept for {minutes} minutes, make a new one");
            ApiError::new(ErrorCode::NotFound, message).on("previewId")
        })?;
        let packed = tokio::task::spawn_blocking(move || archive::pack(&files, at_ms)).await;
        let bytes = match packed {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a diagnostics archive could not be packed");
                return Err(ApiError::new(
                    ErrorCode::Internal,
                    "the archive could not be packed",
                ));
            }
            Err(_) => {
                return Err(ApiError::new(
                    ErrorCode::Internal,
                    "the archive could not be packed",
                ));
            }
        };
        Ok(ExportedFile {
            file_name,
            mime: "application/gzip".to_owned(),
            text: None,
            base64: Some(base64::engine::general_purpose::STANDARD.encode(bytes)),
        })
    }

    fn find(&self, id: &str) -> Option<(Arc<Vec<File>>, u64, String)> {
        let previews = self.lock();
        let mut fresh = previews.iter().filter(|kept| kept.made.elapsed() < KEPT);
        let found = fresh.find(|kept| kept.id == id)?;
        Some((
            Arc::clone(&found.files),
            found.at_ms,
            found.file_name.clone(),
        ))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn preview(kept: &Kept) -> DiagnosticsPreview {
    let file = |file: &File| DiagnosticsFile {
        name: file.name.to_owned(),
        about: file.about.to_owned(),
        bytes: u64::try_from(file.text.len()).unwrap_or(u64::MAX),
        text: file.text[..file.text.floor_char_boundary(SHOWN_BYTES)].to_owned(),
    };
    DiagnosticsPreview {
        at: kept.at_ms,
        preview_id: kept.id.clone(),
        file_name: kept.file_name.clone(),
        files: kept.files.iter().map(file).collect(),
        left_out: LEFT_OUT.iter().map(|text| (*text).to_owned()).collect(),
    }
}
