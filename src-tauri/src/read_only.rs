//! What may be done where nothing may be changed.

use graphy_operations::dispatch::{Effect, OPERATIONS};
use graphy_protocol::{ApiError, ErrorCode};

/// Refuses an operation unless it only reads. One that this console does not know is refused too,
/// for a deployment may be newer.
///
/// # Errors
/// `forbidden`.
pub(crate) fn check(operation: &str) -> Result<(), ApiError> {
    let known = OPERATIONS.iter().find(|entry| entry.name == operation);
    if known.is_some_and(|entry| entry.effect == Effect::Reads) {
        return Ok(());
    }
    Err(forbidden())
}

/// The refusal of everything that would change something.
pub(crate) fn forbidden() -> ApiError {
    let message = "this profile is read-only; nothing can be changed through it";
    ApiError::new(ErrorCode::Forbidden, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_is_let_through() {
        for name in [
            "graphs.list",
            "graphs.export",
            "overview.get",
            "tokens.list",
        ] {
            check(name).unwrap();
        }
        for name in ["graphs.create", "commands.send", "tokens.revoke", "x.y"] {
            assert_eq!(check(name).unwrap_err().code, ErrorCode::Forbidden);
        }
    }
}
