//! Packs files as `.tar.gz`.

use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use super::File;

/// Packs the files into one folder.
pub(super) fn pack(files: &[File], at_ms: u64) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for file in files {
        let mut header = Header::new_gnu();
        header.set_size(u64::try_from(file.text.len()).unwrap_or(u64::MAX));
        header.set_mode(0o600);
        header.set_mtime(at_ms / 1000);
        let name = format!("graphy-diagnostics/{}", file.name);
        archive.append_data(&mut header, name, file.text.as_bytes())?;
    }
    archive.into_inner()?.finish()
}
