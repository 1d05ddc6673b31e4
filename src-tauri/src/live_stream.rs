//! The live figures on their way to one window.
//!
//! Frames are made by the operations, at most some ten a second and merged there; this passes them
//! on until the view is closed.

use std::sync::Arc;

use tauri::ipc::{Channel, InvokeResponseBody};
use tokio_util::sync::CancellationToken;

use crate::node::RunningNode;

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
        let text = match serde_json::to_string(&frame) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, "a live frame cannot be written as JSON");
                continue;
            }
        };
        if channel.send(InvokeResponseBody::Json(text)).is_err() {
            return;
        }
    }
}
