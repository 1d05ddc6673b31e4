//! The commands that the interface may call. Each is one call of something else.
//!
//! Whoever sits in front of the window owns the machine that the node runs on, so calls act as the
//! node's local administrator. Every error is an `ApiError`, as over HTTP.

use std::sync::Arc;

use graphy_client::{GraphSession, SendError, SessionConfig};
use graphy_model::Envelope;
use graphy_protocol::{ApiError, ErrorCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tauri::ipc::{Channel, InvokeResponseBody};
use tauri::{AppHandle, Manager as _, State, WebviewWindow};
use tokio_util::sync::CancellationToken;

use crate::downloads::{self, Content, SaveError};
use crate::node::EmbeddedNode;
use crate::sessions::{Sessions, View};
use crate::{graph_stream, live_stream, window};

type Answer<T> = Result<T, ApiError>;

/// Runs an operation of the console.
#[tauri::command]
pub(crate) async fn rpc(
    node: State<'_, EmbeddedNode>,
    operation: String,
    payload: Value,
) -> Answer<Value> {
    node.running().await?.dispatch(&operation, payload).await
}

/// Sends live figures to a channel until the view is closed; returns the view's id.
#[tauri::command]
pub(crate) async fn live_open(
    window: WebviewWindow,
    node: State<'_, EmbeddedNode>,
    sessions: State<'_, Sessions>,
    channel: Channel<InvokeResponseBody>,
) -> Answer<String> {
    let node = node.running().await?;
    let end = CancellationToken::new();
    let id = sessions.keep(window.label(), View::live(end.clone()))?;
    tauri::async_runtime::spawn(live_stream::forward(node, channel, end));
    Ok(id)
}

/// Ends live figures.
#[tauri::command]
pub(crate) async fn live_close(
    window: WebviewWindow,
    sessions: State<'_, Sessions>,
    id: String,
) -> Answer<()> {
    sessions.close(window.label(), &id);
    Ok(())
}

/// The answer of [`graph_open`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphOpened {
    session_id: String,
}

/// Opens a graph: its frames and the state of its connection go to the channel.
#[tauri::command]
pub(crate) async fn graph_open(
    window: WebviewWindow,
    node: State<'_, EmbeddedNode>,
    sessions: State<'_, Sessions>,
    graph_id: Value,
    client_id: Value,
    channel: Channel<InvokeResponseBody>,
) -> Answer<GraphOpened> {
    let running = node.running().await?;
    let config = SessionConfig {
        url: running.url().clone(),
        token: node.token().await?,
        graph_id: argument("graphId", graph_id)?,
        client_id: argument("clientId", client_id)?,
    };
    let (session, events) = GraphSession::open(config);
    let session_id = sessions.keep(window.label(), View::Graph(Arc::new(session)))?;
    tauri::async_runtime::spawn(graph_stream::forward(events, channel));
    Ok(GraphOpened { session_id })
}

/// Queues a command for sending; the session numbers it and sends it again until its end is known.
#[tauri::command]
pub(crate) async fn graph_send(
    window: WebviewWindow,
    sessions: State<'_, Sessions>,
    session_id: String,
    command: Value,
) -> Answer<()> {
    let session = sessions.graph(window.label(), &session_id)?;
    let envelope = Envelope::from_value(command)?;
    session.send_envelope(envelope).map_err(send_error)
}

/// Asks for what the interface lacks, or for everything.
#[tauri::command]
pub(crate) async fn graph_request_sync(
    window: WebviewWindow,
    sessions: State<'_, Sessions>,
    session_id: String,
    full: bool,
) -> Answer<()> {
    let session = sessions.graph(window.label(), &session_id)?;
    if full {
        session.request_full_sync();
    } else {
        session.request_sync();
    }
    Ok(())
}

/// Closes a graph.
#[tauri::command]
pub(crate) async fn graph_close(
    window: WebviewWindow,
    sessions: State<'_, Sessions>,
    session_id: String,
) -> Answer<()> {
    sessions.close(window.label(), &session_id);
    Ok(())
}

/// Saves a file in the user's downloads folder and returns its path.
#[tauri::command]
pub(crate) async fn save_file(
    app: AppHandle,
    name: String,
    text: Option<String>,
    base64: Option<String>,
) -> Answer<String> {
    let content = match (text, base64) {
        (Some(text), None) => Content::Text(text),
        (None, Some(base64)) => Content::Base64(base64),
        _ => {
            let message = "a file has either text or base64";
            return Err(ApiError::new(ErrorCode::Invalid, message).on("text"));
        }
    };
    let folder = app.path().download_dir().or_else(|_| app.path().home_dir());
    let folder = folder.map_err(|_| {
        ApiError::new(
            ErrorCode::Unavailable,
            "this user has no folder to save files in",
        )
    })?;
    let saved =
        tauri::async_runtime::spawn_blocking(move || downloads::save(&folder, &name, content));
    match saved.await {
        Ok(Ok(path)) => Ok(path.to_string_lossy().into_owned()),
        Ok(Err(error)) => Err(save_error(&error)),
        Err(error) => Err(ApiError::new(ErrorCode::Internal, error.to_string())),
    }
}

/// Opens one more window, an equal client of the same node.
#[tauri::command]
pub(crate) async fn open_window(app: AppHandle) -> Answer<()> {
    match window::open(&app) {
        Ok(_) => Ok(()),
        Err(error) => Err(ApiError::new(ErrorCode::Unavailable, error.to_string())),
    }
}

/// Reads an argument as its type; a wrong one is the caller's mistake and named.
fn argument<T: DeserializeOwned>(name: &str, value: Value) -> Answer<T> {
    serde_json::from_value(value).map_err(|error| {
        ApiError::new(ErrorCode::Invalid, format!("{name} is not valid: {error}")).on(name)
    })
}

fn send_error(error: SendError) -> ApiError {
    match error {
        SendError::Rejected(rejection) => rejection.into(),
        SendError::QueueFull => ApiError::new(ErrorCode::RateLimited, error.to_string()),
        SendError::Closed => ApiError::new(ErrorCode::Unavailable, error.to_string()),
    }
}

fn save_error(error: &SaveError) -> ApiError {
    let code = match error {
        SaveError::Encoding { .. } => ErrorCode::Invalid,
        SaveError::TooLarge { .. } => ErrorCode::TooLarge,
        SaveError::Write { .. } => ErrorCode::Unavailable,
    };
    let answer = ApiError::new(code, error.to_string());
    match std::error::Error::source(error) {
        Some(source) => answer.with_detail(source.to_string()),
        None => answer,
    }
}
