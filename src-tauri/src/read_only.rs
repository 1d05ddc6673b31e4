//! What may be done where nothing may be changed.

use graphy_protocol::{ApiError, ErrorCode};

/// The operations that change nothing. What is not named here is refused, for a deployment may
/// have operations that this console does not know.
const READING: [&str; 13] = [
    "graphs.list",
    "graphs.export",
    "graph.verify",
    "graph.settings",
    "history.list",
    "conflicts.list",
    "conflicts.rate",
    "sessions.list",
    "overview.get",
    "health.check",
    "metrics.get",
    "system.info",
    "tokens.list",
];

/// Refuses an operation unless it only reads.
///
/// # Errors
/// `forbidden`.
pub(crate) fn check(operation: &str) -> Result<(), ApiError> {
    if READING.contains(&operation) {
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
    use graphy_operations::dispatch::OPERATIONS;

    #[test]
    fn only_operations_that_exist_are_named() {
        for name in READING {
            assert!(OPERATIONS.iter().any(|entry| entry.name == name), "{name}");
            check(name).unwrap();
        }
        for name in ["graphs.create", "commands.send", "tokens.revoke", "x.y"] {
            assert_eq!(check(name).unwrap_err().code, ErrorCode::Forbidden);
        }
    }
}
