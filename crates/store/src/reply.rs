//! The one place that says what an error from Redis means and what to do about it.
//!
//! redis-rs knows only some of the server's error codes by type; `OOM`, `MISCONF`, `NOREPLICAS` and
//! others arrive as plain texts, and as nothing at all when they happen inside a pipeline. So this
//! module looks at the code's text, also of the first error inside a pipeline or transaction.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError};

/// What an error from Redis means for the one who sent the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyClass {
    /// Not applied; the server is busy or not ready. Send again after the wait.
    Retry {
        /// The shortest sensible wait; double it each time.
        after: Duration,
    },
    /// Not applied; the server cannot keep what it is given (disk, replicas). Send again after the
    /// wait, and show that writes are refused.
    WritesRefused {
        /// The shortest sensible wait; double it each time.
        after: Duration,
    },
    /// Not applied; this connection leads to the wrong place. The link replaces it by itself.
    Reconnect,
    /// Not applied; it never left this process. The link is down or overloaded.
    NotSent,
    /// Not applied; the memory limit of the server is reached. Do not send again soon.
    StorageFull,
    /// Applied or not: nobody knows. Send again under the same ids and read the first outcome.
    Unknown,
    /// Not applied; login or rights are wrong. Sending again does not help.
    Permission,
    /// Not applied; the server does not know the script. Load it and send again.
    NoScript,
    /// Not applied; the consumer group does not exist. Make it and send again.
    GroupMissing,
    /// The consumer group exists already, which is what was wanted.
    GroupExists,
    /// Not applied; the key lives on another node of the cluster.
    Redirect,
    /// The command is wrong. A script that raised an error may have written before it did.
    Bug,
}

impl ReplyClass {
    /// Says whether sending the same command again, under the same ids, can help.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        match self {
            Self::Retry { .. }
            | Self::WritesRefused { .. }
            | Self::Reconnect
            | Self::NotSent
            | Self::Unknown
            | Self::NoScript
            | Self::GroupMissing
            | Self::Redirect => true,
            Self::StorageFull | Self::Permission | Self::GroupExists | Self::Bug => false,
        }
    }

    /// Says whether the command may have had its effect.
    #[must_use]
    pub fn may_be_applied(self) -> bool {
        matches!(self, Self::Unknown | Self::Bug | Self::GroupExists)
    }

    /// Returns how long to wait at least before sending again.
    #[must_use]
    pub fn retry_after(self) -> Duration {
        match self {
            Self::Retry { after } | Self::WritesRefused { after } => after,
            _ => Duration::from_millis(50),
        }
    }
}

const fn retry_ms(ms: u64) -> ReplyClass {
    ReplyClass::Retry {
        after: Duration::from_millis(ms),
    }
}

const fn refused_ms(ms: u64) -> ReplyClass {
    ReplyClass::WritesRefused {
        after: Duration::from_millis(ms),
    }
}

/// Says what an error means.
#[must_use]
pub fn classify(error: &RedisError) -> ReplyClass {
    if is_not_sent(error) {
        return ReplyClass::NotSent;
    }
    if let Some((code, detail)) = server_code(error) {
        return classify_code(&code, &detail);
    }
    match error.kind() {
        // A server that closes or drops a connection, a time-out, or bytes that are no reply: what
        // was in flight may or may not have been done.
        ErrorKind::Io | ErrorKind::Parse => ReplyClass::Unknown,
        ErrorKind::AuthenticationFailed => ReplyClass::Permission,
        ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => retry_ms(200),
        _ => ReplyClass::Bug,
    }
}

/// Says what an error reply of the server means, by its code and the text after it.
#[must_use]
pub fn classify_code(code: &str, detail: &str) -> ReplyClass {
    match code {
        "LOADING" => retry_ms(100),
        "BUSY" => retry_ms(50),
        "TRYAGAIN" => retry_ms(50),
        "CLUSTERDOWN" | "MASTERDOWN" => retry_ms(200),
        "NOREPLICAS" | "MISCONF" => refused_ms(200),
        "READONLY" | "UNBLOCKED" => ReplyClass::Reconnect,
        "OOM" => ReplyClass::StorageFull,
        "NOAUTH" | "WRONGPASS" | "NOPERM" => ReplyClass::Permission,
        "NOSCRIPT" => ReplyClass::NoScript,
        "NOGROUP" => ReplyClass::GroupMissing,
        "BUSYGROUP" => ReplyClass::GroupExists,
        "MOVED" | "ASK" => ReplyClass::Redirect,
        "ERR" if detail.contains("max number of clients") => retry_ms(500),
        "ERR" if detail.contains("invalid password") => ReplyClass::Permission,
        // ERR, EXECABORT without a cause, CROSSSLOT, WRONGTYPE, NOTBUSY, UNKILLABLE, NOSUB, a
        // script's own error, and codes that do not exist yet.
        _ => ReplyClass::Bug,
    }
}

/// Returns the server's code and text: of the reply itself, or of the first error in a pipeline or
/// aborted transaction.
fn server_code(error: &RedisError) -> Option<(String, String)> {
    let errors = error.clone().into_server_errors();
    let first = errors.as_deref().and_then(<[_]>::first);
    first
        .map(|(_, error)| {
            (
                error.code().to_owned(),
                error.details().unwrap_or_default().to_owned(),
            )
        })
        .or_else(|| {
            let detail = error.detail().unwrap_or_default().to_owned();
            error.code().map(|code| (code.to_owned(), detail))
        })
}

/// Why the link did not send a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// There is no connection at the moment.
    Disconnected,
    /// Too many commands wait already.
    Overloaded,
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disconnected => "redis is not connected, the command was not sent",
            Self::Overloaded => "too many commands wait for redis, the command was not sent",
        })
    }
}

impl std::error::Error for NotSent {}

impl From<NotSent> for RedisError {
    fn from(reason: NotSent) -> Self {
        io::Error::new(io::ErrorKind::NotConnected, reason).into()
    }
}

fn is_not_sent(error: &RedisError) -> bool {
    let Some(source) = error.source() else {
        return false;
    };
    // redis-rs keeps an io error behind a shared pointer to any error.
    let shared = source.downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>();
    let io_error = shared.map_or_else(
        || source.downcast_ref::<io::Error>(),
        |shared| shared.as_ref().downcast_ref::<io::Error>(),
    );
    io_error
        .and_then(io::Error::get_ref)
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<NotSent>)
}

#[cfg(test)]
mod tests;
