//! How a command can fail, and the exit code of each way.

use std::process::ExitCode;

use graphy_operations::settings::SettingsError;
use graphy_protocol::{ApiError, ErrorCode};
use graphy_server::NodeError;
use graphy_store::{ReplyClass, StoreError};

/// An exit code; the numbers are a promise to scripts and stand in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did not work.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// No node, or no Redis, answers.
    Unreachable = 3,
    /// The token is not valid, or does not allow it.
    Denied = 4,
    /// What it names does not exist.
    NotFound = 5,
    /// A check ran and found something wrong.
    Unsound = 6,
    /// The person at the terminal stopped it.
    Interrupted = 130,
}

/// The codes as the help shows them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    it worked
  1    it did not work; the message says why
  2    the command line or the configuration is wrong
  3    no node, or no Redis, answers
  4    the token is not valid, or does not allow it
  5    what it names does not exist
  6    a check ran and found something wrong (health, verify, a test of the webhook)
  130  stopped by Ctrl-C";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The command line is wrong in a way that clap cannot see.
    #[error("{0}")]
    Usage(String),
    /// Nothing answers.
    #[error("{0}")]
    Unreachable(String),
    /// The node refused.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A check found something wrong.
    #[error("{0}")]
    Unsound(String),
    /// Ctrl-C.
    #[error("stopped")]
    Interrupted,
    /// Anything else.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let blame = blame_of(&error);
        blame(error.into())
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        let blame = match &error {
            NodeError::Store(cause) => blame_of(cause),
            _ => Self::Other,
        };
        blame(anyhow::Error::from(error).context("the node could not start"))
    }
}

/// Returns what to call a failure of the store: the fault of a setting, of a Redis that is away, or
/// neither.
fn blame_of(error: &StoreError) -> fn(anyhow::Error) -> Failure {
    match error {
        StoreError::EvictionPolicy { .. }
        | StoreError::InvalidUrl { .. }
        | StoreError::ServerNotFound
        | StoreError::ServerNotExecutable { .. } => |error| Failure::Usage(with_causes(&error)),
        // It answers, and takes neither password nor database.
        StoreError::Connect { .. }
            if matches!(error.class(), ReplyClass::Permission | ReplyClass::Bug) =>
        {
            |error| Failure::Usage(with_causes(&error))
        }
        StoreError::Connect { .. }
        | StoreError::NotRunning { .. }
        | StoreError::ServerStart { .. } => |error| Failure::Unreachable(with_causes(&error)),
        _ => Failure::Other,
    }
}

impl Failure {
    /// Returns the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Settings(_) | Self::Usage(_) => Exit::Usage,
            Self::Unreachable(_) => Exit::Unreachable,
            Self::Unsound(_) => Exit::Unsound,
            Self::Interrupted => Exit::Interrupted,
            Self::Other(_) => Exit::Failed,
            Self::Api(error) => match error.code {
                ErrorCode::Unauthorized | ErrorCode::Forbidden => Exit::Denied,
                ErrorCode::NotFound => Exit::NotFound,
                ErrorCode::Unavailable => Exit::Unreachable,
                _ => Exit::Failed,
            },
        }
    }

    /// Returns the failure as the one error shape of every boundary.
    pub(crate) fn to_api_error(&self) -> ApiError {
        let code = match self {
            Self::Api(error) => return error.clone(),
            Self::Settings(_) | Self::Usage(_) => ErrorCode::Invalid,
            Self::Unreachable(_) => ErrorCode::Unavailable,
            Self::Unsound(_) | Self::Interrupted | Self::Other(_) => ErrorCode::Internal,
        };
        ApiError::new(code, self.text())
    }

    /// Returns the failure with all its causes, for people.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Other(error) => with_causes(error),
            Self::Api(error) => {
                let named = error.field.as_ref();
                let field = named.filter(|field| !error.message.contains(field.as_str()));
                let field = field.map(|field| format!("{field}: ")).unwrap_or_default();
                let detail = error.detail.as_ref().map(|detail| format!(": {detail}"));
                format!("{field}{}{}", error.message, detail.unwrap_or_default())
            }
            Self::Settings(_)
            | Self::Usage(_)
            | Self::Unreachable(_)
            | Self::Unsound(_)
            | Self::Interrupted => self.to_string(),
        }
    }
}

/// Joins an error and its causes. Some libraries repeat their cause in their own text; what has
/// been said is not said again.
pub(crate) fn with_causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Repeating(#[source] std::io::Error);

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let refused = || std::io::Error::other("connection refused");
        let repeated = anyhow::Error::new(Repeating(refused())).context("cannot connect");
        assert_eq!(
            Failure::Other(repeated).text(),
            "cannot connect: connection refused"
        );
        let once = anyhow::Error::new(refused()).context("cannot connect");
        assert_eq!(
            Failure::Other(once).text(),
            "cannot connect: connection refused"
        );
    }
}
