//! Refuses what would change something when the deployment is read-only.
//!
//! By method, so that a route that is added later is refused too: everything but reading is, except
//! a few routes that only let somebody in, and the console's operations, of which
//! `graphy_operations` lets those through that read.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use graphy_operations::READ_ONLY;
use graphy_protocol::ErrorCode;

use super::failure::Failure;
use crate::state::App;

/// Routes whose requests change nothing of what people keep here.
const LET_THROUGH: [&str; 3] = [
    "/api/v2/session",
    "/api/v2/session/renew",
    // Each operation is checked there.
    "/api/v2/console/",
];

/// The middleware.
pub(crate) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if app.read_only && !reads && !is_let_through(request.uri().path()) {
        return Failure::new(ErrorCode::Forbidden, READ_ONLY).into_response();
    }
    next.run(request).await
}

fn is_let_through(path: &str) -> bool {
    LET_THROUGH
        .iter()
        .any(|allowed| path == *allowed || (allowed.ends_with('/') && path.starts_with(allowed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_routes_are_let_through() {
        for path in [
            "/api/v2/session",
            "/api/v2/session/renew",
            "/api/v2/console/graphs.list",
        ] {
            assert!(is_let_through(path), "{path}");
        }
        for path in [
            "/api/v2/sessions",
            "/api/v2/graphs",
            "/api/v2/session/x",
            "/api/v2/consoles/x",
        ] {
            assert!(!is_let_through(path), "{path}");
        }
    }
}
