//! (in the making)
use graphy_model::{Command, Limits, RejectCode, Rejection};

/// What an envelope and the batch around it weigh besides the command itself, at most.
pub(crate) const ENVELOPE_BYTES: usize = 1024;

/// Checks that a batch of this one command would not be too heavy.
///
/// # Errors
/// `too_large`.
pub fn check_weight(command: &Command, limits: &Limits) -> Result<(), Rejection> {
    let size = weight(command);
    let limit = limits.command_bytes_max.saturating_sub(ENVELOPE_BYTES);
    if size <= limit {
        return Ok(());
    }
    let message = format!("as a command it has {size} bytes, the limit is {limit}");
    Err(Rejection::new(RejectCode::TooLarge, message))
}

/// Returns the bytes of a command's JSON text.
pub(crate) fn weight(command: &Command) -> usize {
    serde_json::to_string(command).map_or(usize::MAX, |text| text.len())
}
