//! One graph on its way to one window: what the client session says, as messages of a channel.
//!
//! Frames pass through as the very text that came over the socket.

use std::borrow::Cow;

use graphy_client::{Received, SessionEvent, SessionStatus};
use graphy_model::GraphRole;
use graphy_protocol::{ErrorCode, ServerFrame};
use serde_json::json;
use tauri::ipc::{Channel, InvokeResponseBody};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What a window is shown of a graph.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Through {
    /// What the server says.
    Everything,
    /// What the server says, but as to somebody who may only look.
    ReadOnly,
}

/// Passes events on until the session or the window ends, or nobody looks any more.
pub(crate) async fn forward(
    mut events: mpsc::Receiver<SessionEvent>,
    channel: Channel<InvokeResponseBody>,
    through: Through,
    hidden: CancellationToken,
) {
    let mut attempt = 0;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = hidden.cancelled() => return,
        };
        let Some(event) = event else {
            return;
        };
        let message = match event {
            SessionEvent::Frame(received) if through == Through::ReadOnly => {
                frame_message(&as_to_a_viewer(&received))
            }
            SessionEvent::Frame(received) => frame_message(&received.text),
            SessionEvent::Durable(durable) => {
                json!({ "kind": "durable", "durable": durable }).to_string()
            }
            SessionEvent::Status(status) => {
                if let SessionStatus::Connecting { attempt: current } = &status {
                    attempt = *current;
                }
                status_message(&status, attempt)
            }
        };
        if channel.send(InvokeResponseBody::Json(message)).is_err() {
            return;
        }
    }
}

/// The frame as it would be if the bearer might only look.
fn as_to_a_viewer(received: &Received) -> Cow<'_, str> {
    let mut frame = received.frame.clone();
    match &mut frame {
        ServerFrame::Welcome { access, .. } | ServerFrame::Access { access } => {
            *access = (*access).min(GraphRole::View);
        }
        _ => return Cow::Borrowed(&received.text),
    }
    Cow::Owned(frame.to_text())
}

fn frame_message(text: &str) -> String {
    format!(r#"{{"kind":"frame","frame":{text}}}"#)
}

fn status_message(status: &SessionStatus, attempt: u32) -> String {
    let message = match status {
        SessionStatus::Connecting { .. } => json!({ "kind": "status", "status": "connecting" }),
        SessionStatus::Online => json!({ "kind": "status", "status": "online" }),
        SessionStatus::Offline {
            retry_in_ms,
            reason,
        } => json!({
            "kind": "status",
            "status": "offline",
            "attempt": attempt.max(1),
            "retryInMs": retry_in_ms,
            "message": reason,
        }),
        SessionStatus::Closed { code, reason } => json!({
            "kind": "status",
            "status": "closed",
            "code": error_code(*code),
            "message": reason,
        }),
    };
    message.to_string()
}

/// What a socket's closing code means to the interface.
fn error_code(close: u16) -> ErrorCode {
    use graphy_protocol::close;
    match close {
        close::UNAUTHORIZED => ErrorCode::Unauthorized,
        close::FORBIDDEN => ErrorCode::Forbidden,
        close::NOT_FOUND => ErrorCode::NotFound,
        _ => ErrorCode::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn parsed(status: &SessionStatus) -> Value {
        serde_json::from_str(&status_message(status, 3)).unwrap()
    }

    #[test]
    fn frames_are_wrapped_and_not_touched() {
        let text = r#"{"type":"heartbeat","epoch":"e","version":18446744073709551615}"#;
        let message = frame_message(text);
        assert!(message.contains(text));
        let parsed: Value = serde_json::from_str(&message).unwrap();
        assert_eq!(parsed["kind"], "frame");
        assert_eq!(parsed["frame"]["type"], "heartbeat");
    }

    #[test]
    fn a_read_only_window_is_told_that_it_may_only_look() {
        let seen = |frame: ServerFrame| {
            let text = frame.to_text().into();
            let seen: Value =
                serde_json::from_str(&as_to_a_viewer(&Received { text, frame })).unwrap();
            seen["access"].as_str().unwrap().to_owned()
        };
        let access = |access| ServerFrame::Access { access };
        assert_eq!(seen(access(GraphRole::Admin)), "view");
        assert_eq!(seen(access(GraphRole::None)), "none");
        let frame = ServerFrame::GoingAway { retry_after_ms: 5 };
        let text: std::sync::Arc<str> = "as it came".into();
        let received = Received { text, frame };
        assert_eq!(as_to_a_viewer(&received), "as it came");
    }

    #[test]
    fn an_offline_status_says_when_it_tries_again() {
        let status = SessionStatus::Offline {
            retry_in_ms: 250,
            reason: "gone".to_owned(),
        };
        let message = parsed(&status);
        assert_eq!(message["status"], "offline");
        assert_eq!(message["attempt"], 3);
        assert_eq!(message["retryInMs"], 250);
    }

    #[test]
    fn a_closed_status_has_a_code_of_the_closed_set() {
        let closed = |code| {
            parsed(&SessionStatus::Closed {
                code,
                reason: String::new(),
            })
        };
        assert_eq!(closed(4504)["code"], "not_found");
        assert_eq!(closed(4501)["code"], "unauthorized");
        assert_eq!(closed(1000)["code"], "unavailable");
    }
}
