//! Errors as HTTP answers: one shape, a stable code, the trace id.

use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use graphy_model::Rejection;
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::{ReplyClass, StoreError};
use graphy_telemetry::names::{self, label};

/// The header that carries a request's trace id.
pub(crate) const TRACE_HEADER: HeaderName = HeaderName::from_static("x-trace-id");

tokio::task_local! {
    static TRACE: Arc<str>;
}

/// Runs a future inside of a trace.
pub(crate) async fn traced<F: Future>(trace_id: Arc<str>, future: F) -> F::Output {
    TRACE.scope(trace_id, future).await
}

/// Returns the id of the trace that the caller runs in.
pub(crate) fn trace_id() -> Arc<str> {
    TRACE
        .try_with(Arc::clone)
        .unwrap_or_else(|_| new_trace_id())
}

/// Makes a trace id.
pub(crate) fn new_trace_id() -> Arc<str> {
    uuid::Uuid::new_v4().simple().to_string().into()
}

/// A request that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Box<ApiError>,
    retry_after_s: Option<u64>,
}

impl Failure {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        ApiError::new(code, message).into()
    }

    pub(crate) fn on(mut self, field: &str) -> Self {
        self.error.field = Some(field.to_owned());
        self
    }

    pub(crate) fn retry_after(mut self, wait: std::time::Duration) -> Self {
        self.retry_after_s = Some(wait.as_secs_f64().ceil().clamp(1.0, 3600.0) as u64);
        self
    }

    pub(crate) fn error(&self) -> &ApiError {
        &self.error
    }

    pub(crate) fn into_error(self) -> ApiError {
        self.error.traced(&*trace_id())
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self {
            error: Box::new(error),
            retry_after_s: None,
        }
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        ApiError::from(rejection).into()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        if let StoreError::AlreadyExists { what } = error {
            return Self::new(ErrorCode::AlreadyExists, format!("{what} exists already"));
        }
        let trace_id = trace_id();
        let cause = std::error::Error::source(error)
            .map(ToString::to_string)
            .unwrap_or_default();
        match error.class() {
            ReplyClass::Bug | ReplyClass::Permission => {
                tracing::error!(%trace_id, %error, cause, "the store failed");
                Self::new(
                    ErrorCode::Internal,
                    "the store failed in a way that is a fault of ours",
                )
            }
            ReplyClass::StorageFull => Self::new(
                ErrorCode::StorageFull,
                "the store is full; nothing was changed",
            ),
            _ => {
                tracing::warn!(%trace_id, %error, cause, "the store does not answer");
                Self::new(ErrorCode::Unavailable, "the store does not answer now")
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let retry_after_s = self.retry_after_s;
        let error = self.into_error();
        metrics::counter!(names::REFUSALS, label::REASON => error.code.as_str()).increment(1);
        let status = StatusCode::from_u16(error.code.http_status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&error)).into_response();
        let headers = response.headers_mut();
        let waits = retry_after_s.or(match error.code {
            ErrorCode::RateLimited | ErrorCode::Unavailable | ErrorCode::StorageFull => Some(1),
            _ => None,
        });
        if let Some(seconds) = waits {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
