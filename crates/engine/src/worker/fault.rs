//! Why jobs do not end well, and what that means for them.

use std::fmt;

use graphy_store::StoreError;
use graphy_store::reply::ReplyClass;

use crate::error::EngineError;

/// Why a job did not end well.
#[derive(Debug)]
pub(crate) enum JobFault {
    /// Redis could not do it now; the job is put back without using up an attempt.
    Later(String),
    /// It is too early for it; it waits until this moment, in milliseconds since 1970.
    NotBefore(u64),
    /// It failed for reasons unknown, and is tried again a few times.
    Fault(String),
    /// It can never be done.
    Never(String),
    /// The queue library failed.
    Library(bullmq::Error),
}

impl fmt::Display for JobFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Later(reason) | Self::Fault(reason) | Self::Never(reason) => f.write_str(reason),
            Self::NotBefore(moment_ms) => write!(f, "too early, due at {moment_ms} ms"),
            Self::Library(error) => error.fmt(f),
        }
    }
}

impl From<StoreError> for JobFault {
    fn from(error: StoreError) -> Self {
        match error.class() {
            ReplyClass::Bug => Self::Fault(error.to_string()),
            _ => Self::Later(error.to_string()),
        }
    }
}

impl From<EngineError> for JobFault {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Queue { action, source } => {
                Self::Later(format!("cannot {action}: {source}"))
            }
        }
    }
}

impl From<bullmq::Error> for JobFault {
    fn from(error: bullmq::Error) -> Self {
        Self::Library(error)
    }
}
