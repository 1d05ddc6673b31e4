//! The reading half of a socket: checks each frame and passes on what it asks for.

use std::sync::Arc;

use axum::extract::ws::Message;
use futures_util::StreamExt;
use graphy_engine::{Content, Origin, RefusedCommand, Submission, begin_trace};
use graphy_live::{Departure, SessionHandle};
use graphy_model::json::check_text;
use graphy_model::{ClientId, Envelope, GraphId, OperationId, RejectCode, Rejection};
use graphy_protocol::presence::{PresenceState, SELECTION_MAX};
use graphy_protocol::{ApiError, BadFrame, ClientFrame, ServerFrame, close};
use graphy_store::tokens::Principal;
use graphy_telemetry::traces::Moment;
use tokio::sync::{mpsc, watch};

use super::revocation::WatchedToken;
use super::submit::{Traced, refuse};
use super::token;
use super::{PING_INTERVAL, PONG_WAIT, Stream};
use crate::http::body::BODY_DEPTH_MAX;
use crate::http::failure::new_trace_id;
use crate::http::rates::SocketLimiters;
use crate::routes::commands::check_command;
use crate::state::App;

/// How many faults a socket may have before it is closed.
const FAULTS_MAX: u32 = 64;
/// What going over the rate counts, against what a malformed frame counts: a client in a hurry is
/// told many times before it is closed.
const MALFORMED_WEIGHT: u32 = 4;

/// The close codes with which a client says that it does not come back: it is done, or its page
/// is left.
const GOODBYES: [u16; 2] = [1000, 1001];
/// The most that a frame of presence may weigh, in bytes.
const PRESENCE_BYTES_MAX: usize = 10 * 1024;

/// What comes of a frame.
enum Verdict {
    Fine,
    /// The frame broke a rule.
    Fault(u32),
    Close(u16, &'static str),
}

/// The reading half.
pub(crate) struct Reader {
    pub(crate) app: App,
    pub(crate) graph: GraphId,
    pub(crate) client_id: ClientId,
    pub(crate) principal: Principal,
    /// The token that the socket goes by.
    pub(crate) watched: watch::Sender<Arc<WatchedToken>>,
    pub(crate) handle: SessionHandle,
    pub(crate) limiters: SocketLimiters,
    pub(crate) submissions: mpsc::Sender<Traced>,
    /// Faults so far, less those forgiven.
    pub(crate) faults: u32,
    /// When the frame came that is being looked at.
    pub(crate) heard: Moment,
}

impl Reader {
    /// Reads until the other end closes, falls silent or breaks the protocol.
    pub(crate) async fn run(mut self, mut stream: Stream) {
        loop {
            let message = tokio::time::timeout(PING_INTERVAL + PONG_WAIT, stream.next()).await;
            let verdict = match message {
                Err(_) => Verdict::Close(close::IDLE, "nothing was heard, not even a pong"),
                Ok(Some(Ok(Message::Close(frame)))) => {
                    if frame.is_some_and(|frame| GOODBYES.contains(&frame.code)) {
                        self.handle.depart(Departure::Goodbye);
                    }
                    return;
                }
                Ok(None) => return,
                Ok(Some(Ok(Message::Text(text)))) => {
                    self.heard = Moment::now();
                    self.handle.touch(self.app.store.now_ms());
                    self.take(&text).await
                }
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => Verdict::Fine,
                Ok(Some(Ok(Message::Binary(_)))) => {
                    let (code, reason) = NOT_TEXT;
                    Verdict::Close(code, reason)
                }
                Ok(Some(Err(error))) => {
                    let (code, reason) = fault(&error);
                    Verdict::Close(code, reason)
                }
            };
            match verdict {
                Verdict::Fine => self.faults = self.faults.saturating_sub(1),
                Verdict::Fault(weight) => self.faults = self.faults.saturating_add(weight),
                Verdict::Close(code, reason) => return self.leave(stream, code, reason).await,
            }
            if self.faults > FAULTS_MAX * MALFORMED_WEIGHT {
                return self
                    .leave(stream, close::PROTOCOL, "too many frames broke the rules")
                    .await;
            }
        }
    }

    /// Asks the writer to close and reads on until it has: what comes now is not looked at.
    async fn leave(self, mut stream: Stream, code: u16, reason: &'static str) {
        self.handle.close(code, reason);
        while let Some(Ok(_)) = stream.next().await {}
        // After a fault the stream ends at once; the caller waits for the writer.
        std::future::pending::<()>().await;
    }

    async fn take(&mut self, text: &str) -> Verdict {
        let parsed = check_text(text, BODY_DEPTH_MAX)
            .map_err(BadFrame::from)
            .and_then(|()| ClientFrame::parse(text));
        match parsed {
            Ok(ClientFrame::Command(envelope)) => self.command(*envelope).await,
            Ok(ClientFrame::Heartbeat) => Verdict::Fine,
            Ok(ClientFrame::Presence(_)) if text.len() > PRESENCE_BYTES_MAX => {
                let message = format!("presence is larger than {PRESENCE_BYTES_MAX} bytes");
                self.say(&Rejection::new(RejectCode::TooLarge, message), None);
                Verdict::Fault(MALFORMED_WEIGHT)
            }
            Ok(ClientFrame::Presence(state)) => self.presence(state),
            Ok(ClientFrame::RequestSync {
                epoch,
                version,
                buckets,
            }) => self.request(|handle| match buckets {
                Some(buckets) => handle.request_repair(&buckets),
                None => handle.request_sync(epoch.zip(version)),
            }),
            Ok(ClientFrame::RequestDigests) => self.request(SessionHandle::request_digests),
            Ok(ClientFrame::Token { token }) => self.renew(&token).await,
            Ok(ClientFrame::Hello(_)) => {
                Verdict::Close(close::PROTOCOL, "a second hello on one socket")
            }
            Err(BadFrame {
                rejection,
                operation_id,
                seq,
            }) => {
                if self.within_rate() {
                    self.turn_away(rejection, operation_id, seq).await;
                } else {
                    self.say(&too_fast("commands come too fast"), operation_id);
                }
                Verdict::Fault(MALFORMED_WEIGHT)
            }
        }
    }

    /// Passes a request on that costs the server a reading.
    fn request(&self, pass: impl FnOnce(&SessionHandle)) -> Verdict {
        if self.limiters.take_sync_request() {
            pass(&self.handle);
            return Verdict::Fine;
        }
        self.say(&too_fast("syncs are asked for too fast"), None);
        Verdict::Fault(1)
    }

    /// Keeps the latest of what the client tells of itself. However often it does, the others are
    /// told once per tick.
    fn presence(&self, state: PresenceState) -> Verdict {
        if state.selection.len() > SELECTION_MAX {
            let message = format!("a selection names at most {SELECTION_MAX} nodes");
            let rejection = Rejection::new(RejectCode::Invalid, message).on("selection");
            self.say(&rejection, None);
            return Verdict::Fault(MALFORMED_WEIGHT);
        }
        self.handle.present(state);
        Verdict::Fine
    }

    /// Goes by another token of the same user from now on; if that one is no good, by the old one.
    async fn renew(&mut self, text: &str) -> Verdict {
        if !self.limiters.take_sync_request() {
            self.say(&too_fast("tokens are replaced too fast"), None);
            return Verdict::Fault(1);
        }
        match token::check(&self.app, text, &self.principal.user_id).await {
            Ok(principal) => {
                let watched = self.app.revocations.watch(&principal);
                self.watched.send_replace(Arc::new(watched));
                let expires_at = principal.expires_at;
                self.handle.send(&ServerFrame::Token { expires_at });
                self.handle.change_role(principal.role);
                self.principal = principal;
                Verdict::Fine
            }
            Err(error) => {
                self.handle.send(&ServerFrame::Error {
                    error: *error,
                    operation_id: None,
                });
                Verdict::Fault(1)
            }
        }
    }

    async fn command(&mut self, mut envelope: Envelope) -> Verdict {
        let operation = envelope.operation_id;
        if let Err(rejection) = self.check(&mut envelope) {
            let fault = if rejection.code == RejectCode::RateLimited {
                1
            } else {
                0
            };
            self.turn_away(rejection, Some(operation), envelope.seq)
                .await;
            return Verdict::Fault(fault);
        }
        if !self.handle.expect(operation) {
            self.say(
                &too_fast("too many commands wait for their outcome"),
                Some(operation),
            );
            return Verdict::Fault(1);
        }
        self.hand_in(operation, Content::from(envelope)).await;
        Verdict::Fine
    }

    /// Refuses a command.
    ///
    /// One that has a place in its client's order is refused there, through the queue: the
    /// commands behind it would wait for it else.
    async fn turn_away(
        &mut self,
        rejection: Rejection,
        operation: Option<OperationId>,
        seq: Option<u64>,
    ) {
        match (operation, seq) {
            (Some(operation_id), Some(_))
                if !rejection.code.retryable() && self.handle.expect(operation_id) =>
            {
                let refused = Content::Refused(RefusedCommand {
                    operation_id,
                    client_id: Some(self.client_id.clone()),
                    seq,
                    rejection,
                });
                self.hand_in(operation_id, refused).await;
            }
            _ => self.say(&rejection, operation),
        }
    }

    async fn hand_in(&mut self, operation: OperationId, content: Content) {
        let submission = Submission {
            origin: Origin::Listener,
            content,
            user_id: self.principal.user_id.clone(),
            role: self.principal.role,
        };
        let span = begin_trace(&self.graph, &submission, self.heard);
        if self.submissions.send((submission, span)).await.is_err() {
            let rejection = Rejection::new(RejectCode::Unavailable, "the socket is closing");
            self.say(&rejection, Some(operation));
        }
    }

    fn within_rate(&self) -> bool {
        let token = &self.principal.token_id;
        self.limiters.take_command() && self.app.limiters.take_commands(token, 1).is_ok()
    }

    fn check(&self, envelope: &mut Envelope) -> Result<(), Rejection> {
        if !self.within_rate() {
            return Err(too_fast("commands come too fast"));
        }
        match &envelope.client_id {
            None => envelope.client_id = Some(self.client_id.clone()),
            Some(named) if *named != self.client_id => {
                let message = "the command is of another client than the one that said hello";
                return Err(Rejection::new(RejectCode::Invalid, message).on("clientId"));
            }
            Some(_) => {}
        }
        check_command(&self.app, &self.graph, envelope, self.principal.role)
    }

    /// Says what is wrong: to a command its refusal, else an error.
    fn say(&self, rejection: &Rejection, operation: Option<OperationId>) {
        match operation {
            Some(operation) => refuse(&self.handle, operation, rejection),
            None => {
                let error = ApiError::from(rejection.clone()).traced(&*new_trace_id());
                self.handle.send(&ServerFrame::Error {
                    error,
                    operation_id: None,
                });
            }
        }
    }
}

fn too_fast(message: &str) -> Rejection {
    Rejection::new(RejectCode::RateLimited, message)
}

/// How a socket is closed that sent bytes.
pub(crate) const NOT_TEXT: (u16, &str) = (close::NOT_TEXT, "messages are text");

/// Says how to close a socket that broke RFC 6455, and in few words why.
pub(crate) fn fault(error: &axum::Error) -> (u16, &'static str) {
    // What follows the first words may hold what the other end sent.
    let text = error.to_string();
    if text.starts_with("UTF-8 ") {
        (close::NOT_UTF8, "a text is not UTF-8")
    } else if text.starts_with("Space limit ") {
        (close::TOO_LARGE, "a message is too large")
    } else {
        (close::BROKEN, "a frame broke the WebSocket protocol")
    }
}
