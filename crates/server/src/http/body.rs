//! Request bodies and paths, checked before they are decoded.

use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use graphy_model::envelope::{clip, decode};
use graphy_model::json::check_text;
use graphy_model::{GraphId, OperationId};
use graphy_protocol::ErrorCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::Failure;

/// How deep a body may be nested: what entities may hold, and the shells around them.
pub(crate) const BODY_DEPTH_MAX: usize = 40;

/// A JSON body, decoded.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let value = read_json(request, state).await?;
        Ok(Self(decode(value, "")?))
    }
}

/// A JSON body whose form is checked later.
pub(crate) struct RawBody(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        read_json(request, state).await.map(Self)
    }
}

async fn read_json<S: Send + Sync>(request: Request, state: &S) -> Result<Value, Failure> {
    if !is_json(request.headers()) {
        let message = "the body must be sent as application/json";
        return Err(Failure::new(ErrorCode::Invalid, message).on("content-type"));
    }
    let bytes = Bytes::from_request(request, state)
        .await
        .map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
                Failure::new(ErrorCode::TooLarge, "the body is over the limit")
            }
            _ => Failure::new(ErrorCode::Invalid, "the body cannot be read to its end"),
        })?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::new(ErrorCode::Invalid, "the body is not UTF-8"))?;
    check_text(text, BODY_DEPTH_MAX)?;
    serde_json::from_str(text).map_err(|error| {
        let error = clip(&error.to_string());
        Failure::new(ErrorCode::Invalid, format!("the body is not JSON: {error}"))
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The graph that the path names.
pub(crate) struct GraphPath(pub(crate) GraphId);

impl<S: Send + Sync> FromRequestParts<S> for GraphPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let text = path_text(parts, state, "graphId").await?;
        GraphId::new(&text)
            .map(Self)
            .map_err(|error| Failure::new(ErrorCode::Invalid, error.to_string()).on("graphId"))
    }
}

/// The operation that the path names.
pub(crate) struct OperationPath(pub(crate) OperationId);

impl<S: Send + Sync> FromRequestParts<S> for OperationPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let text = path_text(parts, state, "operationId").await?;
        let id = text.parse().map_err(|_| {
            Failure::new(ErrorCode::Invalid, "an operation id is a UUID").on("operationId")
        })?;
        Ok(Self(OperationId(id)))
    }
}

async fn path_text<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &str,
) -> Result<String, Failure> {
    let path = Path::<String>::from_request_parts(parts, state).await;
    path.map(|Path(text)| text)
        .map_err(|_| Failure::new(ErrorCode::Invalid, "the path is not readable").on(name))
}

/// The query of a URL, decoded.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| {
                let message = clip(&rejection.body_text());
                Failure::new(ErrorCode::Invalid, message).on("query")
            })
    }
}
