//! Files that a node sends, and where they go.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use graphy_protocol::console::ExportedFile;

use crate::exit::Failure;

/// A file that was written.
pub(crate) struct Written {
    pub(crate) file: String,
    pub(crate) mime: String,
    pub(crate) bytes: usize,
}

/// Writes a file where it is wanted; none if it went to standard output (`-`). Without a place it
/// gets the name that the node proposes, and a file of that name is not overwritten.
pub(crate) fn save(file: ExportedFile, wanted: Option<&Path>) -> Result<Option<Written>, Failure> {
    let content = match (file.text, file.base64) {
        (Some(text), _) => text.into_bytes(),
        (None, Some(base64)) => base64::engine::general_purpose::STANDARD
            .decode(base64)
            .context("the node sent a file that cannot be decoded")?,
        (None, None) => return Err(anyhow::anyhow!("the node sent an empty file").into()),
    };
    if wanted == Some(Path::new("-")) {
        let mut out = std::io::stdout().lock();
        out.write_all(&content)?;
        out.flush()?;
        return Ok(None);
    }
    let path = match wanted {
        Some(path) => path.to_owned(),
        None => {
            let path = PathBuf::from(&file.file_name);
            if path.exists() {
                let message = format!(
                    "{} exists; name the file with -o to overwrite it",
                    path.display()
                );
                return Err(Failure::Usage(message));
            }
            path
        }
    };
    std::fs::write(&path, &content).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Some(Written {
        file: path.display().to_string(),
        mime: file.mime,
        bytes: content.len(),
    }))
}
