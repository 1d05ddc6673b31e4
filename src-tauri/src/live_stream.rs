//! The live figures on their way to one window.
//!
//! Frames are made by the operations, at most some ten a second and merged there; this passes them
//! on until the view is closed. From a deployment elsewhere they come over a socket, which is
//! opened again whenever it is lost.

use std::sync::Arc;
use std::time::Duration;

use graphy_client::ConsoleStream;
use graphy_protocol::console::LiveFrame;
use graphy_protocol::{ApiError, ErrorCode};
use serde_json::json;
use tauri::ipc::{Channel, InvokeResponseBody};
use tokio_util::sync::CancellationToken;

use crate::node::RunningNode;
use crate::remote::RemoteNode;

/// The waits before a lost socket is opened again.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LONGEST: Duration = Duration::from_secs(10);
/// How long a deployment elsewhere may be silent.
const SILENCE: Duration = Duration::from_secs(20);

/// Passes frames on until the view, the window or the node ends.
pub(crate) async fn forward(
    node: Arc<RunningNode>,
    channel: Channel<InvokeResponseBody>,
    end: CancellationToken,
) {
    let mut frames = match node.live_frames() {
        Ok(frames) => frames,
        Err(error) => {
            tracing::error!(%error, "the local administrator may not see live figures");
            return;
        }
    };
    loop {
        let frame = tokio::select! {
            () = end.cancelled() => return,
            frame = frames.next() => frame,
        };
        if !pass_on(&frame, &channel) {
            return;
        }
    }
}

/// Passes frames of a deployment elsewhere on until the view or the window ends, or access does.
pub(crate) async fn forward_remote(
    node: RemoteNode,
    channel: Channel<InvokeResponseBody>,
    end: CancellationToken,
) {
    let (mut attempt, mut wait) = (0_u32, RETRY_FIRST);
    loop {
        let begun = attempt;
        let lost = tokio::select! {
            () = end.cancelled() => return,
            lost = follow(&node, &channel, &mut attempt) => lost,
        };
        let Some(error) = lost else {
            return;
        };
        if matches!(error.code, ErrorCode::Unauthorized | ErrorCode::Forbidden) {
            let status = json!({
                "status": "closed", "code": error.code, "message": error.message,
            });
            tell(&channel, &status.to_string());
            return;
        }
        wait = if attempt < begun {
            RETRY_FIRST
        } else {
            (wait * 2).min(RETRY_LONGEST)
        };
        attempt += 1;
        let retry_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let status = json!({ "status": "offline", "attempt": attempt, "retryInMs": retry_in_ms });
        if !tell(&channel, &status.to_string()) {
            return;
        }
        tokio::select! {
            () = end.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Follows one socket to its end; none if the window is gone.
async fn follow(
    node: &RemoteNode,
    channel: &Channel<InvokeResponseBody>,
    attempt: &mut u32,
) -> Option<ApiError> {
    let mut stream = match ConsoleStream::open(node.url(), node.token()).await {
        Ok(stream) => stream,
        Err(error) => return Some(error),
    };
    loop {
        match tokio::time::timeout(SILENCE, stream.next()).await {
            Ok(Ok(frame)) => {
                if std::mem::take(attempt) > 0 && !tell(channel, r#"{"status":"online"}"#) {
                    return None;
                }
                if !pass_on(&frame, channel) {
                    return None;
                }
            }
            Ok(Err(error)) => return Some(error),
            Err(_) => {
                return Some(ApiError::new(
                    ErrorCode::Unavailable,
                    "the server fell silent",
                ));
            }
        }
    }
}

/// Says whether somebody is there to read it.
fn pass_on(frame: &LiveFrame, channel: &Channel<InvokeResponseBody>) -> bool {
    match serde_json::to_string(frame) {
        Ok(text) => tell(channel, &text),
        Err(error) => {
            tracing::error!(%error, "a live frame cannot be written as JSON");
            true
        }
    }
}

fn tell(channel: &Channel<InvokeResponseBody>, text: &str) -> bool {
    let body = InvokeResponseBody::Json(text.to_owned());
    channel.send(body).is_ok()
}
