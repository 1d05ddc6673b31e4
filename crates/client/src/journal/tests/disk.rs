//! A disk in memory that notes what is asked of it, and can be told to fail.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::{Database, DatabaseError, StorageBackend};

use crate::journal::file::database_builder;
use crate::journal::{Journal, JournalError, Source};

/// What happened to the disk.
#[derive(Debug, Clone)]
pub(super) enum Event {
    SetLen(u64),
    Write(u64, Vec<u8>),
    Sync,
    /// The empty journal was there.
    Made,
    /// The test was told that so many commands are safe, and asked to forget so many.
    Told {
        saved: usize,
        removed: usize,
    },
}

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    events: Vec<Event>,
    /// How many more writes and syncs succeed; none for all.
    patience: Option<usize>,
    asides: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Disk(Arc<Mutex<Content>>);

impl Disk {
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let content = Content {
            bytes,
            ..Content::default()
        };
        Self(Arc::new(Mutex::new(content)))
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    pub(super) fn note(&self, event: Event) {
        self.lock().events.push(event);
    }

    pub(super) fn fail_after(&self, writes: Option<usize>) {
        self.lock().patience = writes;
    }

    pub(super) fn asides(&self) -> usize {
        self.lock().asides.len()
    }

    pub(super) fn journal(&self) -> Result<Journal, JournalError> {
        Journal::open_from(DiskSource(self.clone()))
    }

    fn spend(content: &mut Content) -> io::Result<()> {
        match &mut content.patience {
            Some(0) => Err(io::Error::from(io::ErrorKind::StorageFull)),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Does what an event says to a disk's bytes.
pub(super) fn replay(bytes: &mut Vec<u8>, event: &Event) {
    match event {
        Event::SetLen(len) => bytes.resize(usize::try_from(*len).unwrap(), 0),
        Event::Write(offset, data) => {
            let start = usize::try_from(*offset).unwrap();
            if bytes.len() < start + data.len() {
                bytes.resize(start + data.len(), 0);
            }
            bytes[start..start + data.len()].copy_from_slice(data);
        }
        Event::Sync | Event::Made | Event::Told { .. } => {}
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let content = self.lock();
        let start = usize::try_from(offset).unwrap();
        let piece = content.bytes.get(start..start + out.len());
        out.copy_from_slice(piece.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut content = self.lock();
        Self::spend(&mut content)?;
        let event = Event::SetLen(len);
        replay(&mut content.bytes, &event);
        content.events.push(event);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut content = self.lock();
        Self::spend(&mut content)?;
        content.events.push(Event::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut content = self.lock();
        Self::spend(&mut content)?;
        let event = Event::Write(offset, data.to_vec());
        replay(&mut content.bytes, &event);
        content.events.push(event);
        Ok(())
    }
}

struct DiskSource(Disk);

impl Source for DiskSource {
    fn open(&self) -> Result<Database, DatabaseError> {
        database_builder().create_with_backend(self.0.clone())
    }

    fn set_aside(&self) -> io::Result<PathBuf> {
        let mut content = self.0.lock();
        let bytes = std::mem::take(&mut content.bytes);
        content.asides.push(bytes);
        Ok(PathBuf::from("aside"))
    }

    fn path(&self) -> &Path {
        Path::new("disk")
    }
}
