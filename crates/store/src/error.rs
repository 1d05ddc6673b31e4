//! What can go wrong in the data layer.

use std::io;
use std::path::PathBuf;

use redis::RedisError;

use crate::reply::{ReplyClass, classify};

/// Says what was attempted in the data layer and why it failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A command to Redis failed; [`StoreError::class`] says what to do.
    #[error("cannot {action}")]
    Redis {
        /// What was attempted, for example `read the version of a graph`.
        action: &'static str,
        /// What Redis or the connection said.
        #[source]
        source: RedisError,
    },
    /// Redis answered with something that our data never looks like.
    #[error("cannot read {what}: {detail}")]
    Corrupt {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// What was to be made is there.
    #[error("{what} exists already")]
    AlreadyExists {
        /// What was to be made.
        what: String,
    },
    /// No answer came in time; whether it happened is unknown.
    #[error("cannot {action}: no answer in time")]
    Unanswered {
        /// What was attempted.
        action: &'static str,
    },
    /// The text is not the URL of a Redis server that we can use.
    #[error(
        "cannot use the redis url: {reason}; it looks like \
         redis://[user][:password@]host[:port][/db] or redis+unix:///path"
    )]
    InvalidUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// No connection was made in time.
    #[error("cannot connect to redis at {endpoint}")]
    Connect {
        /// The server, without its password.
        endpoint: String,
        /// The last failure.
        #[source]
        source: RedisError,
    },
    /// The server may throw data away when its memory is full.
    #[error(
        "redis at {endpoint} has maxmemory-policy {policy}, which throws data away; set it to \
         noeviction"
    )]
    EvictionPolicy {
        /// The server, without its password.
        endpoint: String,
        /// The policy that it has.
        policy: String,
    },
    /// There is no server binary to run.
    #[error(
        "cannot find redis-server or valkey-server on the PATH; install the package redis-server \
         (Debian, Ubuntu: apt install redis-server; Fedora: dnf install valkey; macOS: brew \
         install redis) or give the URL of a running server"
    )]
    ServerNotFound,
    /// The configured server binary cannot be run.
    #[error("cannot use {} as the redis server: it is not an executable file", path.display())]
    ServerNotExecutable {
        /// The configured path.
        path: PathBuf,
    },
    /// Another process runs a private Redis on this data folder.
    #[error("the data folder {} is in use by {}", path.display(), holder_text(*holder))]
    DataDirLocked {
        /// The data folder.
        path: PathBuf,
        /// The process that holds it, if it says so.
        holder: Option<u32>,
    },
    /// There is no private Redis to attach to.
    #[error("no private redis runs on the data folder {}", path.display())]
    NotRunning {
        /// The data folder.
        path: PathBuf,
    },
    /// The private Redis did not start.
    #[error("cannot start the private redis: {reason}")]
    ServerStart {
        /// What it said last, or what is wrong.
        reason: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was attempted, for example `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl StoreError {
    /// Returns a function that makes a failed Redis command an error: `.map_err(StoreError::redis("…"))`.
    pub fn redis(action: &'static str) -> impl FnOnce(RedisError) -> Self {
        move |source| Self::Redis { action, source }
    }

    /// Returns a function that makes a failed file operation an error.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }

    /// Says what kind of failure this is and what to do about it.
    #[must_use]
    pub fn class(&self) -> ReplyClass {
        match self {
            Self::Redis { source, .. } | Self::Connect { source, .. } => classify(source),
            Self::NotRunning { .. } | Self::ServerStart { .. } => ReplyClass::NotSent,
            Self::Unanswered { .. } => ReplyClass::Unknown,
            Self::Corrupt { .. }
            | Self::AlreadyExists { .. }
            | Self::InvalidUrl { .. }
            | Self::EvictionPolicy { .. }
            | Self::ServerNotFound
            | Self::ServerNotExecutable { .. }
            | Self::DataDirLocked { .. }
            | Self::File { .. } => ReplyClass::Bug,
        }
    }
}

fn holder_text(holder: Option<u32>) -> String {
    holder.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}
