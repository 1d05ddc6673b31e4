//! Liveness, readiness and metrics; open to everybody who reaches the listener.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use graphy_protocol::console::HealthCheck;

use crate::openapi::answers::PlainFailures;
use crate::openapi::schema;
use crate::state::App;

/// Says that the process is up.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    responses((status = 200, description = "The process is up", body = schema::Alive), PlainFailures)
)]
pub(crate) async fn live() -> Response {
    Json(serde_json::json!({ "status": "up" })).into_response()
}

/// Says whether the node should be sent work: whether a command of its own went through queue,
/// Redis and event bus a short time ago.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses(
        (status = 200, description = "The node works", body = schema::HealthReport),
        (status = 503, description = "The node does not work", body = schema::HealthReport),
        PlainFailures,
    )
)]
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let mut report = app.operations.readiness().await;
    if app.stopping.is_cancelled() {
        let (name, detail) = ("node".to_owned(), "the node is stopping".to_owned());
        report.checks.push(HealthCheck {
            name,
            ok: false,
            detail,
            age_ms: 0,
        });
        report.ready = false;
    }
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(report)).into_response()
}

/// Returns all metrics in the Prometheus text format.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses(
        (status = 200, description = "The metrics", body = String, content_type = "text/plain"),
        PlainFailures,
    )
)]
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.render()).into_response()
}
