//! The archive for those who are to help.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a diagnostics archive would hold, to be looked at before it is saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticsPreview {
    /// When it was put together, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// Names it, so that what is saved is what was shown.
    pub preview_id: String,
    /// The name of the archive.
    pub file_name: String,
    /// Its files.
    pub files: Vec<DiagnosticsFile>,
    /// What is never part of it, in words.
    pub left_out: Vec<String>,
}

/// One file of a diagnostics archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticsFile {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Its size, in bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Its first 64 KiB.
    pub text: String,
}

/// Asks for the archive of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveDiagnostics {
    /// Which preview; a new one is put together if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub preview_id: Option<String>,
}
