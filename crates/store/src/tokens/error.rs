//! What can go wrong with tokens.

use super::{NAME_CHARS_MAX, TOKENS_MAX};
use crate::error::StoreError;

/// Says why a token was not accepted or not made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The text does not have the form of a token.
    #[error("the token is malformed")]
    Malformed,
    /// No such token was made, or it was revoked.
    #[error("the token is not known")]
    Unknown,
    /// The token's life is over.
    #[error("the token has expired")]
    Expired,
    /// The ticket was used before, is too old, or was never made.
    #[error("the ticket is not valid any more")]
    TicketSpent,
    /// The name is empty, too long or not printable.
    #[error("a token's name has 1 to {NAME_CHARS_MAX} printable characters")]
    Name,
    /// The life is zero or too long.
    #[error("a token lives between 1 second and 365 days")]
    Life,
    /// There are too many tokens.
    #[error("there are {TOKENS_MAX} tokens already; revoke some first")]
    TooMany,
    /// Redis could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}
