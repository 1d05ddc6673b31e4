//! The commands that the interface may call. Each is one call of something else.
//!
//! Whoever sits in front of the window owns the machine that the node runs on, so calls act as the
//! node's local administrator. Every error is an `ApiError`, as over HTTP.

use std::sync::Arc;

use graphy_client::journal::Kept;
use graphy_client::{GraphSession, SendError, SessionConfig, Timing};
use graphy_model::{ClientId, Envelope, GraphId, Rejection};
use graphy_protocol::{ApiError, ErrorCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tauri::ipc::{Channel, InvokeResponseBody};
use tauri::{AppHandle, Manager as _, State, WebviewWindow};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::desk::Desk;
use crate::downloads::{self, Content, SaveError};
use crate::graph_stream::{self, Through};
use crate::node::EmbeddedNode;
use crate::profiles::Environment;
use crate::sessions::{GraphView, Sessions, View};
use crate::{live_stream, read_only, window};

pub(crate) type Answer<T> = Result<T, ApiError>;

/// The answer of [`deployment`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deployment {
    generation: u64,
    environment: Environment,
    profile: String,
    read_only: bool,
    is_embedded: bool,
}

/// Says which deployment this page is loaded for; its calls name the generation.
#[tauri::command]
pub(crate) async fn deployment(desk: State<'_, Desk>) -> Answer<Deployment> {
    let active = desk.active().await?;
    let profile = active.profile();
    Ok(Deployment {
        generation: active.generation(),
        environment: profile.environment,
        profile: profile.name.clone(),
        read_only: profile.read_only,
        is_embedded: profile.is_embedded(),
    })
}

/// Runs an operation of the console.
#[tauri::command]
pub(crate) async fn rpc(
    desk: State<'_, Desk>,
    node: State<'_, EmbeddedNode>,
    generation: u64,
    operation: String,
    payload: Value,
) -> Answer<Value> {
    let active = desk.active_for(generation).await?;
    active.dispatch(&node, &operation, payload).await
}

/// Sends live figures to a channel until the view is closed; returns the view's id.
#[tauri::command]
pub(crate) async fn live_open(
    window: WebviewWindow,
    desk: State<'_, Desk>,
    node: State<'_, EmbeddedNode>,
    sessions: State<'_, Sessions>,
    generation: u64,
    channel: Channel<InvokeResponseBody>,
) -> Answer<String> {
    let remote = desk.active_for(generation).await?.remote()?;
    let end = CancellationToken::new();
    let view = View::live(end.clone());
    let Some(remote) = remote else {
        let running = node.running().await?;
        let id = sessions.keep(window.label(), view)?;
        tauri::async_runtime::spawn(live_stream::forward(running, channel, end));
        return Ok(id);
    };
    let id = sessions.keep(window.label(), view)?;
    tauri::async_runtime::spawn(live_stream::forward_remote(remote, channel, end));
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
    client_id: ClientId,
    /// Whether unsent commands outlive this program.
    durable: bool,
    kept: Vec<KeptCommand>,
}

/// A command that was left from the last time.
#[derive(Serialize)]
struct KeptCommand {
    envelope: Envelope,
    /// Why it was refused, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    parked: Option<Rejection>,
}

/// Opens a graph: its frames and the state of its connection go to the channel.
#[tauri::command]
pub(crate) async fn graph_open(
    window: WebviewWindow,
    desk: State<'_, Desk>,
    node: State<'_, EmbeddedNode>,
    sessions: State<'_, Sessions>,
    generation: u64,
    graph_id: Value,
    channel: Channel<InvokeResponseBody>,
) -> Answer<GraphOpened> {
    let active = desk.active_for(generation).await?;
    let graph_id: GraphId = argument("graphId", graph_id)?;
    let url = active.url(&node).await?;
    let tokens = active.tokens(&node).await?;
    let read_only = active.profile().read_only;
    sessions.end_unseen(&graph_id).await;
    let mut config = SessionConfig {
        url,
        token: tokens.borrow().clone(),
        graph_id: graph_id.clone(),
        client_id: ClientId::new(&Uuid::now_v7().to_string())
            .expect("a uuid has the form of an id"),
    };
    // What waits for a deployment that may be changed is not sent through one that may not.
    let kept = if read_only {
        None
    } else {
        active.keep(&graph_id).await.ok()
    };
    let is_kept = kept.is_some();
    let mut left = Vec::new();
    if let Some(kept) = &kept {
        config.client_id = kept.client_id().clone();
        left = left_over(kept);
    }
    let client_id = config.client_id.clone();
    let (session, events) = GraphSession::open_lasting(config, Timing::default(), kept, tokens);
    let hidden = CancellationToken::new();
    let view = View::Graph(GraphView {
        graph_id,
        session: Arc::new(session),
        is_kept,
        read_only,
        hidden: hidden.clone(),
    });
    let session_id = sessions.keep(window.label(), view)?;
    let through = if read_only {
        Through::ReadOnly
    } else {
        Through::Everything
    };
    tauri::async_runtime::spawn(graph_stream::forward(events, channel, through, hidden));
    Ok(GraphOpened {
        session_id,
        client_id,
        durable: is_kept || read_only,
        kept: left,
    })
}

fn left_over(kept: &Kept) -> Vec<KeptCommand> {
    let parked = kept.parked().iter().map(|parked| KeptCommand {
        envelope: parked.envelope.clone(),
        parked: Some(parked.rejection.clone()),
    });
    let pending = kept.pending().map(|envelope| KeptCommand {
        envelope: envelope.clone(),
        parked: None,
    });
    parked.chain(pending).collect()
}

/// Queues a command for sending; the session numbers it and sends it again until its end is known.
#[tauri::command]
pub(crate) async fn graph_send(
    window: WebviewWindow,
    sessions: State<'_, Sessions>,
    session_id: String,
    command: Value,
) -> Answer<()> {
    let graph = sessions.graph(window.label(), &session_id)?;
    if graph.read_only {
        return Err(read_only::forbidden());
    }
    let envelope = Envelope::from_value(command)?;
    graph.session.send_envelope(envelope).map_err(send_error)
}

/// Asks for what the interface lacks, or for everything.
#[tauri::command]
pub(crate) async fn graph_request_sync(
    window: WebviewWindow,
    sessions: State<'_, Sessions>,
    session_id: String,
    full: bool,
) -> Answer<()> {
    let session = sessions.graph(window.label(), &session_id)?.session;
    if full {
        session.request_full_sync();
    } else {
        session.request_sync();
    }
    Ok(())
}

/// Asks for the digests of all buckets or, if some are named, for what is in those.
#[tauri::command]
pub(crate) async fn graph_repair(
    window: WebviewWindow,
    sessions: State<'_, Sessions>,
    session_id: String,
    buckets: Option<Vec<u16>>,
) -> Answer<()> {
    let session = sessions.graph(window.label(), &session_id)?.session;
    match buckets {
        Some(buckets) => session.request_buckets(buckets),
        None => session.request_digests(),
    }
    Ok(())
}

/// Tells the others where this person is.
#[tauri::command]
pub(crate) async fn graph_presence(
    window: WebviewWindow,
    sessions: State<'_, Sessions>,
    session_id: String,
    state: Value,
) -> Answer<()> {
    let session = sessions.graph(window.label(), &session_id)?.session;
    session.set_presence(argument("state", state)?);
    Ok(())
}

/// Forgets a refused command that a person has seen.
#[tauri::command]
pub(crate) async fn graph_discard(
    window: WebviewWindow,
    sessions: State<'_, Sessions>,
    session_id: String,
    operation_id: Value,
) -> Answer<()> {
    let session = sessions.graph(window.label(), &session_id)?.session;
    session.discard(argument("operationId", operation_id)?);
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
pub(crate) fn argument<T: DeserializeOwned>(name: &str, value: Value) -> Answer<T> {
    serde_json::from_value(value).map_err(|error| {
        ApiError::new(ErrorCode::Invalid, format!("{name} is not valid: {error}")).on(name)
    })
}

fn send_error(error: SendError) -> ApiError {
    match error {
        SendError::Rejected(rejection) => rejection.into(),
        SendError::QueueFull | SendError::JournalFull(_) => {
            ApiError::new(ErrorCode::RateLimited, error.to_string())
        }
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
