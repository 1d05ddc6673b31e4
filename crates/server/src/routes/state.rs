//! The whole state of a graph.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use graphy_model::{Action, GraphId, GraphRole};
use graphy_protocol::ErrorCode;
use graphy_store::Head;

use crate::http::auth::Caller;
use crate::http::body::GraphPath;
use crate::http::failure::Failure;
use crate::openapi::answers::ReadFailures;
use crate::openapi::schema;
use crate::routes::commands::no_such_graph;
use crate::state::App;

/// Reads the whole graph. Its text is written once per version and shared by all who ask.
#[utoipa::path(
    get,
    path = "/api/v2/graphs/{graphId}/state",
    tag = "graphs",
    params(
        ("graphId" = schema::Id, Path, description = "Which graph"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag that the caller holds"),
    ),
    responses(
        (status = 200, description = "The state", body = schema::State,
            headers(("ETag" = String, description = "`\"<epoch>.<version>\"`"))),
        (status = 304, description = "The state is the one that the caller holds"),
        ReadFailures,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn state(
    State(app): State<App>,
    caller: Caller,
    GraphPath(id): GraphPath,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    caller.may(Action::ReadGraph)?;
    let head = readable(&app, &caller, &id).await?;
    let tag = format!("\"{}.{}\"", head.epoch, head.version);
    if holds(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, etag(&tag)).into_response());
    }
    let snapshot = app
        .hub
        .snapshots()
        .at(&id, &head)
        .await
        .map_err(|error| Failure::from(&*error))?;
    let snapshot = snapshot.ok_or_else(|| no_such_graph(&id))?;
    let viewport = app.store.viewport(&id, caller.user_id()).await?;
    let end = match viewport {
        Some(viewport) => {
            let viewport = serde_json::to_string(&viewport)
                .map_err(|_| Failure::new(ErrorCode::Internal, "the viewport is not JSON"))?;
            Bytes::from(format!(r#","viewport":{viewport}}}"#))
        }
        None => Bytes::from_static(b"}"),
    };
    let parts = [snapshot.open_body(), end];
    let length: usize = parts.iter().map(Bytes::len).sum();
    let parts = parts.map(Ok::<_, std::convert::Infallible>);
    let body = Body::from_stream(futures_util::stream::iter(parts));
    let tag = format!("\"{}.{}\"", snapshot.epoch, snapshot.version);
    let mut response = (etag(&tag), body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CONTENT_LENGTH, length.into());
    Ok(response)
}

/// Returns where a graph stands, if the caller may read it.
pub(crate) async fn readable(app: &App, caller: &Caller, id: &GraphId) -> Result<Head, Failure> {
    let found = app
        .store
        .access(id, caller.user_id(), caller.0.role)
        .await?;
    let (head, access) = found.ok_or_else(|| no_such_graph(id))?;
    if access == GraphRole::None {
        let message = format!("there is no access to graph {id}");
        return Err(Failure::new(ErrorCode::Forbidden, message).on("graphId"));
    }
    Ok(head)
}

fn etag(tag: &str) -> [(header::HeaderName, String); 2] {
    [
        (header::ETAG, tag.to_owned()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ]
}

/// Says whether one of the tags that the caller holds is this one.
fn holds(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|list| {
            list.split(',')
                .map(|held| held.trim().trim_start_matches("W/"))
                .any(|held| held == tag || held == "*")
        })
}
