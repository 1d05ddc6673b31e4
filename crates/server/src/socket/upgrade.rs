//! What RFC 6455 demands of a handshake, section 4.2.1, where axum is more lenient or stricter.
//!
//! axum looks at the first line of a field and takes any key. Here fields are lists, as HTTP has
//! them, the key must be what a client makes, and a version that is not spoken is answered with
//! the one that is.

use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use graphy_protocol::ErrorCode;

use crate::http::failure::Failure;

/// The version of the protocol that is spoken.
const VERSION: HeaderValue = HeaderValue::from_static("13");
/// A key is 16 bytes in base64: 22 letters and two fillers.
const KEY_LETTERS: usize = 22;

/// A handshake that keeps the RFC.
pub(crate) struct Upgrade(pub(crate) WebSocketUpgrade);

/// Why a handshake is refused.
pub(crate) enum Refused {
    /// It is not of the form that the RFC demands.
    Form(Failure),
    /// It speaks another version.
    Version,
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let headers = &mut parts.headers;
        check(headers)?;
        // axum compares whole fields, and only their first line.
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        WebSocketUpgrade::from_request_parts(parts, state)
            .await
            .map(Self)
            .map_err(|rejection| form(&rejection.body_text()))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Form(failure) => failure.into_response(),
            Self::Version => {
                let message = "only version 13 of the WebSocket protocol is spoken";
                let failure = Failure::new(ErrorCode::Invalid, message).on("upgrade");
                let mut response = failure.into_response();
                *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
                let headers = response.headers_mut();
                headers.insert(header::SEC_WEBSOCKET_VERSION, VERSION);
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
                response
            }
        }
    }
}

fn check(headers: &HeaderMap) -> Result<(), Refused> {
    if !lists(headers, &header::CONNECTION, "upgrade") {
        return Err(form("`Connection` must list `upgrade`"));
    }
    if !lists(headers, &header::UPGRADE, "websocket") {
        return Err(form("`Upgrade` must list `websocket`"));
    }
    if only(headers, &header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(Refused::Version);
    }
    if !only(headers, &header::SEC_WEBSOCKET_KEY).is_some_and(is_key) {
        return Err(form("`Sec-WebSocket-Key` must be 16 bytes in base64, once"));
    }
    Ok(())
}

fn form(message: &str) -> Refused {
    Refused::Form(Failure::new(ErrorCode::Invalid, message).on("upgrade"))
}

/// Says whether a field names a word, on any of its lines.
fn lists(headers: &HeaderMap, field: &HeaderName, word: &str) -> bool {
    headers
        .get_all(field)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(word))
}

/// Returns the value of a field that must come once.
fn only<'a>(headers: &'a HeaderMap, field: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(field).iter();
    values.next().filter(|_| values.next().is_none())
}

fn is_key(value: &HeaderValue) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let bytes = value.as_bytes();
    bytes.len() == KEY_LETTERS + 2
        && bytes[..KEY_LETTERS].iter().all(letter)
        && bytes.ends_with(b"==")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sixteen_bytes_in_base64() {
        let is_key = |text: &'static str| is_key(&HeaderValue::from_static(text));
        assert!(is_key("dGhlIHNhbXBsZSBub25jZQ=="));
        assert!(is_key("+/+/+/+/+/+/+/+/+/+/+w=="));
        for wrong in [
            "",
            "==",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZWU=",
            "dGhlIHNhbXBsZSBub25jZQ===",
            "dGhlIHNhbXBsZSBub25j!Q==",
        ] {
            assert!(!is_key(wrong), "{wrong}");
        }
    }
}
