//! Who calls an operation, and whether they may.

use graphy_model::{Action, Role, UserId};
use graphy_protocol::{ApiError, ErrorCode};

/// Who calls an operation, as the adapter found out from their token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The person or service.
    pub user_id: UserId,
    /// What they are trusted with.
    pub role: Role,
    /// Finds the call in the logs.
    pub trace_id: String,
}

impl Caller {
    /// Checks that the caller may do something.
    ///
    /// # Errors
    /// `forbidden`, with the role that it takes.
    pub fn authorize(&self, action: Action) -> Result<(), ApiError> {
        if self.role.allows(action) {
            return Ok(());
        }
        let (have, need) = (self.role.as_str(), action.least_role().as_str());
        let message = format!("the role {have} does not allow this, it takes {need}");
        Err(ApiError::new(ErrorCode::Forbidden, message).traced(self.trace_id.as_str()))
    }
}
