//! The one error shape of every boundary, and its closed set of codes.

use graphy_model::{RejectCode, Rejection};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $wire:literal, $http:literal, $retryable:literal;)*) => {
        /// Why a request failed; a closed set that programs may switch on.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema,
        )]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $wire)] $name,)*
        }

        impl ErrorCode {
            /// Every code, for tables and tests.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the code as it stands on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire),* }
            }

            /// Returns the HTTP status that goes with it.
            #[must_use]
            pub fn http_status(self) -> u16 {
                match self { $(Self::$name => $http),* }
            }

            /// Says whether the same request may succeed later.
            #[must_use]
            pub fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable),* }
            }
        }
    };
}

codes! {
    /// The request breaks a rule of form.
    Invalid = "invalid", 400, false;
    /// It is over a limit.
    TooLarge = "too_large", 413, false;
    /// There is no valid token.
    Unauthorized = "unauthorized", 401, false;
    /// The token does not allow it.
    Forbidden = "forbidden", 403, false;
    /// What it names does not exist.
    NotFound = "not_found", 404, false;
    /// What it makes exists.
    AlreadyExists = "already_exists", 409, false;
    /// It would leave an edge without an end.
    DanglingEdge = "dangling_edge", 409, false;
    /// It was made against another life of the graph.
    StaleEpoch = "stale_epoch", 409, true;
    /// The commands before it did not arrive in time.
    OutOfOrder = "out_of_order", 409, true;
    /// It is too old to be told from one already handled.
    Expired = "expired", 410, false;
    /// The history that it asks for is not kept any more.
    TooOld = "too_old", 410, false;
    /// The path does not know the method.
    MethodNotAllowed = "method_not_allowed", 405, false;
    /// Too many requests.
    RateLimited = "rate_limited", 429, true;
    /// The store is full.
    StorageFull = "storage_full", 507, true;
    /// The store, or this node, cannot serve it now.
    Unavailable = "unavailable", 503, true;
    /// It took too long; whether it happened is unknown.
    Timeout = "timeout", 504, true;
    /// A fault of ours.
    Internal = "internal", 500, true;
}

impl From<RejectCode> for ErrorCode {
    fn from(code: RejectCode) -> Self {
        match code {
            RejectCode::Invalid => Self::Invalid,
            RejectCode::TooLarge => Self::TooLarge,
            RejectCode::NotFound => Self::NotFound,
            RejectCode::AlreadyExists => Self::AlreadyExists,
            RejectCode::DanglingEdge => Self::DanglingEdge,
            RejectCode::Forbidden => Self::Forbidden,
            RejectCode::StaleEpoch => Self::StaleEpoch,
            RejectCode::OutOfOrder => Self::OutOfOrder,
            RejectCode::Expired => Self::Expired,
            RejectCode::RateLimited => Self::RateLimited,
            RejectCode::StorageFull => Self::StorageFull,
            RejectCode::Unavailable => Self::Unavailable,
            RejectCode::Internal => Self::Internal,
        }
    }
}

/// An error as every caller sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, thiserror::Error)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    /// The reason, for programs.
    pub code: ErrorCode,
    /// The reason, for people; safe to show.
    pub message: String,
    /// What else may help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub detail: Option<String>,
    /// The field at fault, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Finds the request in the logs.
    pub trace_id: String,
}

impl ApiError {
    /// Makes an error; the trace id is set where the request is known.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
            field: None,
            retryable: code.retryable(),
            trace_id: String::new(),
        }
    }

    /// Names the field at fault.
    #[must_use]
    pub fn on(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds what else may help.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the request in the logs.
    #[must_use]
    pub fn traced(mut self, trace_id: impl Into<String>) -> Self {
        self.trace_id = trace_id.into();
        self
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        let mut error = Self::new(rejection.code.into(), rejection.message);
        error.field = rejection.field;
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rejection_has_the_same_code_on_the_wire() {
        for code in RejectCode::ALL {
            let error = ErrorCode::from(code);
            assert_eq!(error.as_str(), code.as_str());
            assert_eq!(error.retryable(), code.retryable());
            assert_eq!(
                serde_json::to_string(&error).unwrap(),
                format!("\"{}\"", code.as_str())
            );
        }
    }
}
