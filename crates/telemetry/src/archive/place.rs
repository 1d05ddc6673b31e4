//! Where segments lie: in a folder that this process has locked, or in memory.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Names a segment: the full steps of an hour, or the minutes of a day; counted since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum SegmentId {
    Full(u64),
    Thin(u64),
}

impl SegmentId {
    fn file_name(self) -> String {
        match self {
            Self::Full(hour) => format!("full-{hour:010}.segment"),
            Self::Thin(day) => format!("thin-{day:010}.segment"),
        }
    }

    fn of_file_name(name: &str) -> Option<Self> {
        let (kind, number) = name.strip_suffix(".segment")?.split_once('-')?;
        match (kind, number.parse().ok()?) {
            ("full", hour) => Some(Self::Full(hour)),
            ("thin", day) => Some(Self::Thin(day)),
            _ => None,
        }
    }
}

/// Where the history is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this folder; it survives a restart.
    Folder(PathBuf),
    /// In memory only, and why.
    Memory(String),
}

/// The segments.
#[derive(Debug)]
pub(super) enum Segments {
    Folder {
        path: PathBuf,
        sizes: BTreeMap<SegmentId, u64>,
        _lock: File,
    },
    Memory(BTreeMap<SegmentId, Vec<u8>>),
}

impl Segments {
    /// Opens the folder, or memory if that cannot be had.
    pub(super) fn open(folder: Option<&Path>) -> (Self, Place) {
        let in_memory = |reason: String| (Self::Memory(BTreeMap::new()), Place::Memory(reason));
        let Some(folder) = folder else {
            return in_memory("this node has no data folder".to_owned());
        };
        match lock(folder) {
            Ok(Some(lock)) => match list(folder) {
                Ok(sizes) => {
                    let path = folder.to_owned();
                    let segments = Self::Folder {
                        path: path.clone(),
                        sizes,
                        _lock: lock,
                    };
                    (segments, Place::Folder(path))
                }
                Err(error) => in_memory(format!("cannot list {}: {error}", folder.display())),
            },
            Ok(None) => in_memory(format!("another process uses {}", folder.display())),
            Err(error) => in_memory(format!("cannot use {}: {error}", folder.display())),
        }
    }

    pub(super) fn sizes(&self) -> BTreeMap<SegmentId, u64> {
        match self {
            Self::Folder { sizes, .. } => sizes.clone(),
            Self::Memory(segments) => {
                let sizes = segments.iter();
                sizes.map(|(id, bytes)| (*id, bytes.len() as u64)).collect()
            }
        }
    }

    /// Returns the bytes of a segment; none if it is not there or cannot be read.
    pub(super) fn read(&self, id: SegmentId) -> Vec<u8> {
        match self {
            Self::Folder { path, sizes, .. } if sizes.contains_key(&id) => {
                let file = path.join(id.file_name());
                fs::read(&file).unwrap_or_else(|error| {
                    tracing::warn!(file = %file.display(), %error, "cannot read metric history");
                    Vec::new()
                })
            }
            Self::Folder { .. } => Vec::new(),
            Self::Memory(segments) => segments.get(&id).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn append(&mut self, id: SegmentId, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Folder { path, sizes, .. } => {
                let mut file = OpenOptions::new()
                    .append(true)
                    .create(true)
                    .mode(0o600)
                    .open(path.join(id.file_name()))?;
                let written = file.write_all(bytes);
                // Also of what was written in part: it takes room.
                sizes.insert(id, file.metadata().map_or(0, |metadata| metadata.len()));
                written
            }
            Self::Memory(segments) => {
                segments.entry(id).or_default().extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    pub(super) fn remove(&mut self, id: SegmentId) {
        match self {
            Self::Folder { path, sizes, .. } => {
                let file = path.join(id.file_name());
                match fs::remove_file(&file) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        tracing::warn!(file = %file.display(), %error, "cannot remove metric history");
                    }
                    _ => drop(sizes.remove(&id)),
                }
            }
            Self::Memory(segments) => drop(segments.remove(&id)),
        }
    }

    /// Has the system write a segment to the disk.
    pub(super) fn sync(&self, id: SegmentId) {
        if let Self::Folder { path, .. } = self
            && let Err(error) =
                File::open(path.join(id.file_name())).and_then(|file| file.sync_data())
        {
            tracing::debug!(%error, "cannot sync metric history");
        }
    }
}

/// Locks the folder for as long as the file lives; none if another process has it.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn list(folder: &Path) -> io::Result<BTreeMap<SegmentId, u64>> {
    let mut sizes = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(id) = entry.file_name().to_str().and_then(SegmentId::of_file_name) {
            sizes.insert(id, entry.metadata()?.len());
        }
    }
    Ok(sizes)
}
