//! A new token on an open socket.

use graphy_model::{Action, UserId};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::tokens::{Principal, TokenError};

use crate::http::auth::token_failure;
use crate::http::failure::{Failure, new_trace_id};
use crate::state::App;

/// Says who presents a token in place of an earlier one of the same user.
pub(super) async fn check(
    app: &App,
    text: &str,
    user: &UserId,
) -> Result<Principal, Box<ApiError>> {
    let refused = |failure: Failure| Box::new(failure.into_error().traced(&*new_trace_id()));
    let unauthorized = |message: &str| refused(Failure::new(ErrorCode::Unauthorized, message));
    let principal = app.tokens.verify(text).await.map_err(|error| match error {
        TokenError::Store(_) => refused(token_failure(error)),
        TokenError::Expired => unauthorized("the new token has expired"),
        _ => unauthorized("the new token is not valid"),
    })?;
    if principal.user_id != *user {
        return Err(unauthorized("the new token is of another user"));
    }
    if !principal.role.allows(Action::ReadGraph) {
        return Err(unauthorized("the new token does not allow to read graphs"));
    }
    Ok(principal)
}
