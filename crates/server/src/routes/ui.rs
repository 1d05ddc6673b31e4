//! The user interface, embedded in the binary.

use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use graphy_protocol::ErrorCode;
use rust_embed::RustEmbed;

use crate::http::failure::Failure;

/// Scripts and data come from this server only. Styles may stand in the page: the component
/// library puts them there.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; \
     connect-src 'self' ws: wss:; worker-src 'self' blob:; manifest-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
struct Files;

/// Serves a file of the interface, or its page for every other path that a person may open.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") || path == "ws" {
        return Failure::new(ErrorCode::NotFound, "there is no such route").into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        let message = "only GET and HEAD are answered here";
        return Failure::new(ErrorCode::MethodNotAllowed, message).into_response();
    }
    if let Some(file) = Files::get(path) {
        return send(path, file, &headers);
    }
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_none_or(|kinds| kinds.contains("text/html") || kinds.contains("*/*"));
    let looks_like_file = path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'));
    match Files::get("index.html") {
        Some(page) if wants_page && !looks_like_file => send("index.html", page, &headers),
        _ => Failure::new(ErrorCode::NotFound, "there is no such file").into_response(),
    }
}

fn send(path: &str, file: rust_embed::EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16]));
    // Names under assets/ hold a hash of their content.
    let lasting = path.starts_with("assets/");
    let cache = if lasting {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let base = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, cache)];
    let held = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if held.is_some_and(|held| held.split(',').any(|one| one.trim() == tag)) {
        return (StatusCode::NOT_MODIFIED, base).into_response();
    }
    let kind = media_type(path);
    let mut response =
        (base, [(header::CONTENT_TYPE, kind)], Body::from(file.data)).into_response();
    let headers = response.headers_mut();
    if kind.starts_with("text/html") {
        let policy = header::HeaderValue::from_static(CONTENT_SECURITY_POLICY);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        let deny = header::HeaderValue::from_static("DENY");
        headers.insert(header::X_FRAME_OPTIONS, deny);
    }
    response
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
