//! Trace ids, request metrics, time-outs and caught panics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use graphy_protocol::ErrorCode;
use graphy_telemetry::names::{self, label};
use graphy_telemetry::traces;

use super::failure::{Failure, TRACE_HEADER, new_trace_id, traced};

/// No answer takes longer; a long poll takes 30 s.
const ANSWER_WAIT: Duration = Duration::from_secs(40);

/// The header that names the trace which a request belongs to (W3C Trace Context).
const TRACE_PARENT: &str = "traceparent";

/// Gives the request a trace id, counts it, and turns a panic or an endless wait into an answer.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace_id = new_trace_id();
    let route: Arc<str> = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".into(), |path| path.as_str().into());
    let parent = request.headers().get(TRACE_PARENT).cloned();
    let parent = parent.as_ref().and_then(|value| value.to_str().ok());
    let answer = traces::within_request(parent, next.run(request));
    let answer = AssertUnwindSafe(tokio::time::timeout(ANSWER_WAIT, answer));
    let mut response = traced(Arc::clone(&trace_id), async {
        match answer.catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => {
                Failure::new(ErrorCode::Timeout, "the answer took too long").into_response()
            }
            Err(_) => {
                metrics::counter!(names::TASK_PANICS, label::TASK => "http").increment(1);
                tracing::error!(%route, "a request handler panicked");
                Failure::new(ErrorCode::Internal, "the request met a fault of ours").into_response()
            }
        }
    })
    .await;
    let status = response.status().as_u16().to_string();
    let labels = [(label::ROUTE, route.to_string()), (label::STATUS, status)];
    metrics::counter!(names::HTTP_REQUESTS, &labels).increment(1);
    metrics::histogram!(names::HTTP_DURATION, label::ROUTE => route.to_string())
        .record(started.elapsed().as_secs_f64());
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&trace_id) {
        headers.insert(TRACE_HEADER, value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
