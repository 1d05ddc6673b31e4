//! Bearer tokens of requests.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use graphy_model::{Action, UserId};
use graphy_protocol::ErrorCode;
use graphy_store::tokens::{Principal, TokenError};

use super::failure::Failure;
use super::listener::Peer;
use crate::state::App;

/// Who makes a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Principal);

/// Who makes a request that may do with less than a verified token.
#[derive(Debug)]
pub(crate) enum Presented {
    /// The store says that the token is good.
    Verified(Caller),
    /// The store does not answer; the token was good a while ago.
    Recalled(Caller, Failure),
}

impl Caller {
    /// Refuses the caller if their role does not allow an action.
    pub(crate) fn may(&self, action: Action) -> Result<(), Failure> {
        if self.0.role.allows(action) {
            return Ok(());
        }
        let (role, least) = (self.0.role.as_str(), action.least_role().as_str());
        let message = format!("a token of role {role} does not allow this; it needs {least}");
        Err(Failure::new(ErrorCode::Forbidden, message))
    }

    pub(crate) fn user_id(&self) -> &UserId {
        &self.0.user_id
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match Presented::from_request_parts(parts, app).await? {
            Presented::Verified(caller) => Ok(caller),
            Presented::Recalled(_, failure) => Err(failure),
        }
    }
}

impl FromRequestParts<App> for Presented {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match identify(parts, app).await {
            Ok(presented) => {
                let (Self::Verified(caller) | Self::Recalled(caller, _)) = &presented;
                let taken = app.limiters.take_token_request(&caller.0.token_id);
                taken.map_err(too_many_requests)?;
                Ok(presented)
            }
            Err(failure) => {
                if let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<Peer>>() {
                    let taken = app.limiters.take_address_request(peer.0.ip());
                    taken.map_err(too_many_requests)?;
                }
                Err(failure)
            }
        }
    }
}

fn too_many_requests(wait: std::time::Duration) -> Failure {
    Failure::new(ErrorCode::RateLimited, "requests come too fast").retry_after(wait)
}

async fn identify(parts: &Parts, app: &App) -> Result<Presented, Failure> {
    let header = parts.headers.get(header::AUTHORIZATION);
    let Some(header) = header.and_then(|value| value.to_str().ok()) else {
        let message = "the request has no bearer token";
        return Err(Failure::new(ErrorCode::Unauthorized, message));
    };
    let token = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let Some(token) = token else {
        let message = "the Authorization header is not `Bearer <token>`";
        return Err(Failure::new(ErrorCode::Unauthorized, message));
    };
    match app.tokens.verify(token).await {
        Ok(principal) => Ok(Presented::Verified(Caller(principal))),
        Err(error @ TokenError::Store(_)) => {
            let failure = token_failure(error);
            match app.tokens.recall(token) {
                Some(principal) => Ok(Presented::Recalled(Caller(principal), failure)),
                None => Err(failure),
            }
        }
        Err(error) => Err(token_failure(error)),
    }
}

/// Turns a token's refusal into an answer.
pub(crate) fn token_failure(error: TokenError) -> Failure {
    match error {
        TokenError::Store(error) => error.into(),
        TokenError::Malformed
        | TokenError::Unknown
        | TokenError::Expired
        | TokenError::TicketSpent => Failure::new(ErrorCode::Unauthorized, error.to_string()),
        TokenError::Name | TokenError::Life | TokenError::TooMany => {
            Failure::new(ErrorCode::Invalid, error.to_string())
        }
    }
}
