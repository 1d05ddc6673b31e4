//! Who may talk to us from a browser: the Host and Origin headers.
//!
//! A page on another site can make a browser send requests here. It cannot forge Origin, so writes
//! and handshakes from other origins are refused; and after DNS rebinding it still sends its own
//! name as Host, so a loopback listener answers only to loopback names.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use graphy_protocol::ErrorCode;

use super::failure::Failure;
use crate::state::App;

/// Origins of Tauri windows, which carry the same interface.
const WINDOW_ORIGINS: [&str; 3] = [
    "tauri://localhost",
    "http://tauri.localhost",
    "https://tauri.localhost",
];

/// Which names and origins a listener answers to.
#[derive(Debug, Clone, Default)]
pub(crate) struct GuardRules {
    /// Whether only loopback names are answered.
    pub(crate) loopback_only: bool,
    /// Further host names, without port.
    pub(crate) hosts: Vec<String>,
    /// Further origins.
    pub(crate) origins: Vec<String>,
}

impl GuardRules {
    fn allows_host(&self, host: &str) -> bool {
        let name = host_name(host);
        let loopback = matches!(name, "localhost" | "[::1]")
            || name
                .parse::<std::net::Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback());
        loopback
            || !self.loopback_only
            || self
                .hosts
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(name))
    }

    fn allows_origin(&self, origin: &str, host: &str) -> bool {
        let own = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(|authority| authority.eq_ignore_ascii_case(host));
        own || WINDOW_ORIGINS.contains(&origin)
            || self.origins.iter().any(|allowed| allowed == origin)
    }
}

/// Cuts the port off an authority.
fn host_name(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if host[colon + 1..].bytes().all(|byte| byte.is_ascii_digit()) => {
            &host[..colon]
        }
        _ => host,
    }
}

/// Refuses requests whose Host or Origin is not ours.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    match check(
        &app.guard,
        request.method(),
        request.uri(),
        request.headers(),
    ) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

fn check(
    rules: &GuardRules,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), Failure> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = uri
        .authority()
        .map(axum::http::uri::Authority::as_str)
        .or(text(header::HOST));
    let Some(host) = host else {
        return Err(Failure::new(ErrorCode::Invalid, "a request names its host").on("host"));
    };
    if !rules.allows_host(host) {
        let message = "this node does not answer to that host name";
        return Err(Failure::new(ErrorCode::Forbidden, message).on("host"));
    }
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let handshake = headers.contains_key(header::UPGRADE);
    match text(header::ORIGIN) {
        Some(origin) if (handshake || !reads) && !rules.allows_origin(origin, host) => {
            let message = "requests from that origin are not taken";
            Err(Failure::new(ErrorCode::Forbidden, message).on("origin"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(method: &str, pairs: &[(&str, &str)]) -> Result<(), String> {
        let rules = GuardRules {
            loopback_only: true,
            hosts: vec!["graphy.lan".into()],
            origins: vec!["http://localhost:5173".into()],
        };
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        check(&rules, &method, &Uri::from_static("/x"), &headers)
            .map_err(|failure| failure.into_error().field.unwrap_or_default())
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for good in [
            "127.0.0.1:80",
            "localhost:1",
            "[::1]:9",
            "127.9.9.9",
            "graphy.lan:3",
        ] {
            assert_eq!(verdict("GET", &[("host", good)]), Ok(()), "{good}");
        }
        for bad in [
            "evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.1",
            "localhost.evil",
            "",
        ] {
            assert_eq!(
                verdict("GET", &[("host", bad)]),
                Err("host".into()),
                "{bad}"
            );
        }
        assert_eq!(verdict("GET", &[]), Err("host".into()));
    }

    #[test]
    fn writes_and_handshakes_come_from_our_own_pages() {
        let host = ("host", "127.0.0.1:80");
        for good in [
            "http://127.0.0.1:80",
            "tauri://localhost",
            "http://tauri.localhost",
            "http://localhost:5173",
        ] {
            assert_eq!(verdict("POST", &[host, ("origin", good)]), Ok(()), "{good}");
        }
        for bad in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:81",
            "tauri://localhost.evil",
        ] {
            assert_eq!(
                verdict("POST", &[host, ("origin", bad)]),
                Err("origin".into()),
                "{bad}"
            );
            let handshake = [host, ("origin", bad), ("upgrade", "websocket")];
            assert_eq!(verdict("GET", &handshake), Err("origin".into()), "{bad}");
            assert_eq!(
                verdict("GET", &[host, ("origin", bad)]),
                Ok(()),
                "reads carry a token"
            );
        }
        assert_eq!(
            verdict("DELETE", &[host]),
            Ok(()),
            "programs send no origin"
        );
    }
}
