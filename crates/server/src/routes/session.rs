//! From a one-time ticket to a token.

use axum::Json;
use axum::extract::{ConnectInfo, State};
use graphy_protocol::ErrorCode;
use graphy_protocol::http::{OpenSession, SessionToken};

use graphy_store::tokens::IssuedToken;

use crate::http::auth::{Caller, token_failure};
use crate::http::body::Body;
use crate::http::failure::Failure;
use crate::http::listener::Peer;
use crate::openapi::answers::SessionFailures;
use crate::openapi::schema;
use crate::state::App;

/// Exchanges the one-time ticket of a printed URL for a token.
#[utoipa::path(
    post,
    path = "/api/v2/session",
    tag = "session",
    request_body = OpenSession,
    responses(
        (status = 200, description = "The token of this browser or window", body = schema::SessionToken),
        SessionFailures,
    )
)]
pub(crate) async fn open(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Body(request): Body<OpenSession>,
) -> Result<Json<SessionToken>, Failure> {
    if let Err(wait) = app.limiters.take_handshake(peer.0.ip()) {
        let message = "too many sessions are asked for from this address";
        return Err(Failure::new(ErrorCode::RateLimited, message).retry_after(wait));
    }
    let issued = app
        .tokens
        .redeem_ticket(&request.ticket)
        .await
        .map_err(token_failure)?;
    Ok(Json(answer(issued)))
}

/// Exchanges a session's token for a younger one before it expires.
///
/// The old one lives on to its own end: whoever asks again because an answer was lost may do so.
#[utoipa::path(
    post,
    path = "/api/v2/session/renew",
    tag = "session",
    responses(
        (status = 200, description = "The younger token", body = schema::SessionToken),
        SessionFailures,
    )
)]
pub(crate) async fn renew(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    caller: Caller,
) -> Result<Json<SessionToken>, Failure> {
    if let Err(wait) = app.limiters.take_handshake(peer.0.ip()) {
        let message = "too many sessions are asked for from this address";
        return Err(Failure::new(ErrorCode::RateLimited, message).retry_after(wait));
    }
    let renewed = app.tokens.renew_session(&caller.0).await;
    let issued = renewed.map_err(token_failure)?.ok_or_else(|| {
        let message = "only a session's token is renewed; a named one lives as long as it was made";
        Failure::new(ErrorCode::Invalid, message)
    })?;
    Ok(Json(answer(issued)))
}

fn answer(issued: IssuedToken) -> SessionToken {
    SessionToken {
        token: issued.text.expose(),
        user_id: issued.record.user_id,
        role: issued.record.role,
        expires_at: issued.record.expires_at.unwrap_or(u64::MAX),
    }
}
