//! Faults of the layers below, as callers of operations see them.

use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::{ReplyClass, StoreError, TokenError};

/// Says what a failed data layer means to a caller. The reasons themselves go to the log: they
/// may name hosts and files.
pub(crate) fn store_fault(error: &StoreError) -> ApiError {
    if let StoreError::AlreadyExists { .. } = error {
        return ApiError::new(ErrorCode::AlreadyExists, error.to_string());
    }
    let code = match error.class() {
        ReplyClass::StorageFull => ErrorCode::StorageFull,
        ReplyClass::Unknown => ErrorCode::Timeout,
        ReplyClass::Permission | ReplyClass::Bug => ErrorCode::Internal,
        _ => ErrorCode::Unavailable,
    };
    tracing::warn!(%error, source = std::error::Error::source(error), "an operation failed");
    let message = match code {
        ErrorCode::StorageFull => "the store is full",
        ErrorCode::Timeout => "the store did not answer in time",
        ErrorCode::Internal => "the data could not be read or written",
        _ => "the store cannot be reached",
    };
    ApiError::new(code, message).with_detail(error.to_string())
}

/// Says what a failed token operation means to a caller.
pub(crate) fn token_fault(error: &TokenError) -> ApiError {
    match error {
        TokenError::Store(error) => store_fault(error),
        TokenError::Name => ApiError::new(ErrorCode::Invalid, error.to_string()).on("name"),
        TokenError::Life => {
            ApiError::new(ErrorCode::Invalid, error.to_string()).on("expiresInDays")
        }
        TokenError::TooMany => ApiError::new(ErrorCode::TooLarge, error.to_string()),
        TokenError::Malformed
        | TokenError::Unknown
        | TokenError::Expired
        | TokenError::TicketSpent => ApiError::new(ErrorCode::Unauthorized, error.to_string()),
    }
}
