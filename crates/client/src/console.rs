//! The console's live frames, for programs that watch a node.

use futures_util::{SinkExt as _, StreamExt as _};
use graphy_protocol::console::LiveFrame;
use graphy_protocol::{ApiError, ErrorCode, close};
use tokio_tungstenite::tungstenite::Message;

use crate::session::socket::{Socket, connect};
use crate::url::NodeUrl;

/// A socket that brings live frames until one side ends it.
pub struct ConsoleStream {
    socket: Socket,
}

impl ConsoleStream {
    /// Opens the socket. Whether the token is good shows with the first frame.
    ///
    /// # Errors
    /// `unavailable` when the node cannot be reached.
    pub async fn open(url: &NodeUrl, token: &str) -> Result<Self, ApiError> {
        let unavailable = |error: tokio_tungstenite::tungstenite::Error| {
            ApiError::new(
                ErrorCode::Unavailable,
                format!("cannot watch the node at {url}"),
            )
            .with_detail(error.to_string())
        };
        let mut socket = connect(url.console_live()).await.map_err(unavailable)?;
        let hello = serde_json::json!({ "token": token }).to_string();
        socket
            .send(Message::text(hello))
            .await
            .map_err(unavailable)?;
        Ok(Self { socket })
    }

    /// Returns the next frame. Cancel-safe.
    ///
    /// # Errors
    /// `unauthorized`, `forbidden`, or `unavailable` when the socket ended.
    pub async fn next(&mut self) -> Result<LiveFrame, ApiError> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).map_err(|error| {
                        let message = "the node sent a frame that cannot be read";
                        ApiError::new(ErrorCode::Internal, message).with_detail(error.to_string())
                    });
                }
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame.map_or((1006, String::new()), |frame| {
                        (u16::from(frame.code), frame.reason.to_string())
                    });
                    return Err(closed(code, &reason));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(closed(1006, &error.to_string())),
                None => return Err(closed(1006, "the socket ended")),
            }
        }
    }
}

fn closed(code: u16, reason: &str) -> ApiError {
    let error_code = match code {
        close::UNAUTHORIZED => ErrorCode::Unauthorized,
        close::FORBIDDEN => ErrorCode::Forbidden,
        _ => ErrorCode::Unavailable,
    };
    ApiError::new(error_code, "the node ended the live frames")
        .with_detail(format!("code {code}: {reason}"))
}
