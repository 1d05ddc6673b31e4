//! The durable queue: commands whose end is not known, on disk, so that they outlive the program.
//!
//! One file for each deployment. A session holds one *line* of it: a client's name, its count of
//! commands in one graph, and the commands themselves. Commands that refuse to land are set aside
//! for a person and block nothing. Writes that arrive together are one transaction; a transaction
//! is on disk before anybody hears of it.
//!
//! **Invariants:** a command is sent only after it is on disk, and marked there as sent before it
//! is. A row leaves the file only with the command's end, with a refusal that its author was told,
//! or to the refused ones. Two programs never use one file.

mod file;
mod line;
mod store;
mod stored;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::mpsc::{self, Sender};

use graphy_model::GraphId;
use tokio::sync::oneshot;

pub use file::{JournalFile, Source};
pub use line::Kept;
pub(crate) use line::{KeptCommand, Line, Notice, Place};
pub use stored::Parked;
pub(crate) use stored::{Count, Sent};
use writer::{Request, Writer};

/// The most commands that a journal holds.
pub const COMMANDS_MAX: usize = 10_000;
/// The most bytes that its commands may have together.
pub const ROWS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most refused commands of one graph that wait for a person; beyond, the oldest goes.
pub const PARKED_MAX: usize = 1_000;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another program has it.
    #[error("another program uses the journal {0}; close that program first")]
    Busy(PathBuf),
    /// It cannot be opened for a reason that is not in the file.
    #[error("could not open the journal {path}: {reason}")]
    Open {
        /// Where it is.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// It is damaged and cannot be moved away.
    #[error("could not set the damaged journal {path} aside")]
    SetAside {
        /// Where it is.
        path: PathBuf,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
    /// A newer program wrote it.
    #[error("the journal {path} has form {found}, which this program does not know")]
    Format {
        /// Where it is.
        path: PathBuf,
        /// Its form.
        found: u64,
    },
    /// It cannot be read or written now.
    #[error("the journal {path} cannot be used: {reason}")]
    Failing {
        /// Where it is.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// It was closed.
    #[error("the journal is closed")]
    Closed,
}

/// Which limit a new command would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JournalFull {
    /// Too many commands.
    #[error("{COMMANDS_MAX} commands wait for the server; no more are kept until it answers")]
    Commands,
    /// Too many bytes.
    #[error(
        "the commands that wait for the server have {} MiB; no more are kept until it answers",
        ROWS_BYTES_MAX / 1024 / 1024
    )]
    Bytes,
}

/// What was wrong when a journal was opened, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Where a file went that was damaged beyond repair, and why it was moved.
    pub set_aside: Option<(PathBuf, String)>,
    /// Whether the file was damaged and repaired; what was last written may be missing.
    pub repaired: bool,
    /// Rows that this program cannot read; they stay where they are.
    pub unreadable: usize,
}

/// What a journal holds when it is opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Usage {
    commands: usize,
    bytes: usize,
    next_order: u64,
    unreadable: usize,
}

/// What a journal holds at present, its unwritten part included.
#[derive(Debug, Default)]
struct Totals {
    commands: AtomicUsize,
    bytes: AtomicUsize,
    next_order: AtomicU64,
}

/// An open journal; clones share it. It is closed when the last clone and line are gone.
#[derive(Clone)]
pub struct Journal {
    requests: Sender<Request>,
    totals: Arc<Totals>,
    path: Arc<Path>,
    report: Arc<Report>,
}

impl Journal {
    /// Opens the journal in a file, and makes it if there is none. Blocks for as long as that
    /// takes. A damaged file is set aside beside itself.
    ///
    /// # Errors
    /// When another program has it, or the disk refuses.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Self::open_from(JournalFile::new(path))
    }

    /// Opens a journal that is kept somewhere else than in a file of this machine.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_from(source: impl Source) -> Result<Self, JournalError> {
        let path: Arc<Path> = Arc::from(source.path());
        let (store, report) = file::open(&source)?;
        let usage = store.usage().map_err(|error| JournalError::Failing {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })?;
        let totals = Arc::new(Totals {
            commands: AtomicUsize::new(usage.commands),
            bytes: AtomicUsize::new(usage.bytes),
            next_order: AtomicU64::new(usage.next_order),
        });
        let report = Report {
            unreadable: usage.unreadable,
            ..report
        };
        let (requests, inbox) = mpsc::channel();
        let writer = Writer::new(Box::new(source), store, Arc::clone(&totals));
        std::thread::Builder::new()
            .name("graphy-journal".to_owned())
            .spawn(move || writer.run(&inbox))
            .map_err(|error| JournalError::Open {
                path: path.to_path_buf(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            requests,
            totals,
            path,
            report: Arc::new(report),
        })
    }

    /// Says what was wrong when it was opened.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how many commands it holds.
    #[must_use]
    pub fn commands(&self) -> usize {
        self.totals
            .commands
            .load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Takes a line of a graph for a session: the one that was used before, with what other lines
    /// of that graph left unfinished, or a new one.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub async fn keep(&self, graph: &GraphId) -> Result<Kept, JournalError> {
        let (reply, answer) = oneshot::channel();
        let graph = graph.clone();
        self.requests
            .send(Request::Keep {
                graph,
                requests: self.requests.clone(),
                reply,
            })
            .map_err(|_| JournalError::Closed)?;
        answer.await.map_err(|_| JournalError::Closed)?
    }

    /// Waits until everything that was asked for before is on disk, or could not be written.
    pub async fn settle(&self) {
        let (reply, answer) = oneshot::channel();
        if self.requests.send(Request::Settle(reply)).is_ok() {
            // An error says that the journal is closed; then nothing is left to wait for.
            drop(answer.await);
        }
    }

    /// Writes what is left and closes the file, so that another program may open it. Lines that
    /// are still held write no more.
    pub async fn close(self) {
        let (reply, answer) = oneshot::channel();
        if self.requests.send(Request::Close(reply)).is_ok() {
            drop(answer.await);
        }
    }
}
