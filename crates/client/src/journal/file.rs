//! Where a journal's database comes from, and what happens to a damaged one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use graphy_telemetry::clock::{Clock as _, SystemClock};
use redb::{Builder, Database, DatabaseError, StorageError};

use super::store::{Store, StoreError};
use super::{JournalError, Report};

/// The library would use a gigabyte.
const CACHE_BYTES: usize = 4 * 1024 * 1024;

/// Something that a journal can be kept in.
pub trait Source: Send + 'static {
    /// Opens it, alone.
    ///
    /// # Errors
    /// Those of the database.
    fn open(&self) -> Result<Database, DatabaseError>;

    /// Moves what is there away, so that a new one can be made, and says where to.
    ///
    /// # Errors
    /// When the disk refuses.
    fn set_aside(&self) -> io::Result<PathBuf>;

    /// Its name, for messages.
    fn path(&self) -> &Path;
}

/// A file that only its owner reads.
#[derive(Debug, Clone)]
pub struct JournalFile {
    path: PathBuf,
}

impl JournalFile {
    /// Names a file; it need not be there, but its folder must.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
        }
    }
}

impl JournalFile {
    /// Makes the file under another name first: one that was not finished is no journal.
    fn make(&self) -> Result<(), DatabaseError> {
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let unfinished = PathBuf::from(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        drop(database_builder().create_file(file)?);
        fs::rename(&unfinished, &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

impl Source for JournalFile {
    fn open(&self) -> Result<Database, DatabaseError> {
        if !self.path.try_exists()? {
            self.make()?;
        }
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        database_builder().create_file(file)
    }

    fn set_aside(&self) -> io::Result<PathBuf> {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".damaged-{}", SystemClock.now_ms()));
        let aside = PathBuf::from(name);
        fs::rename(&self.path, &aside)?;
        Ok(aside)
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

/// How the journal's database is set up.
pub(super) fn database_builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// How one try to open ended.
enum Tried {
    Opened { store: Store, repaired: bool },
    Damaged(String),
    Failed(JournalError),
}

/// Opens the tables; damaged ones are set aside once, and new ones are made.
pub(super) fn open(source: &impl Source) -> Result<(Store, Report), JournalError> {
    match attempt(source) {
        Tried::Opened { store, repaired } => {
            let report = Report {
                repaired,
                ..Report::default()
            };
            Ok((store, report))
        }
        Tried::Failed(error) => Err(error),
        Tried::Damaged(reason) => {
            let path = source.path().to_path_buf();
            let aside = source.set_aside().map_err(|error| JournalError::SetAside {
                path: path.clone(),
                source: error,
            })?;
            tracing::error!(
                path = %path.display(), aside = %aside.display(), reason,
                "the journal of unsent commands was damaged; it was set aside"
            );
            match attempt(source) {
                Tried::Opened { store, .. } => {
                    let report = Report {
                        set_aside: Some((aside, reason)),
                        ..Report::default()
                    };
                    Ok((store, report))
                }
                Tried::Failed(error) => Err(error),
                Tried::Damaged(reason) => Err(JournalError::Open { path, reason }),
            }
        }
    }
}

/// Opens the tables again after a failed write; nothing is set aside.
pub(super) fn reopen(source: &dyn Source) -> Result<Store, String> {
    let database = source.open().map_err(|error| error.to_string())?;
    Store::new(database).map_err(|error| error.to_string())
}

fn attempt(source: &impl Source) -> Tried {
    // The library checks its file by assertions in places.
    let tried = catch_unwind(AssertUnwindSafe(|| {
        let mut database = source.open()?;
        let was_whole = database.check_integrity()?;
        Ok::<_, DatabaseError>((Store::new(database), !was_whole))
    }));
    let path = source.path().to_path_buf();
    match tried {
        Ok(Ok((Ok(store), repaired))) => Tried::Opened { store, repaired },
        Ok(Ok((Err(StoreError::Format(found)), _))) => {
            Tried::Failed(JournalError::Format { path, found })
        }
        Ok(Ok((Err(StoreError::Database(error)), _))) => match *error {
            redb::Error::Io(error) => Tried::Failed(JournalError::Open {
                path,
                reason: error.to_string(),
            }),
            other => Tried::Damaged(other.to_string()),
        },
        Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => Tried::Failed(JournalError::Busy(path)),
        Ok(Err(DatabaseError::Storage(StorageError::Io(error))))
            if error.kind() != io::ErrorKind::InvalidData
                && error.kind() != io::ErrorKind::UnexpectedEof =>
        {
            Tried::Failed(JournalError::Open {
                path,
                reason: error.to_string(),
            })
        }
        Ok(Err(error)) => Tried::Damaged(error.to_string()),
        Err(_) => Tried::Damaged("the file does not hold together".to_owned()),
    }
}
