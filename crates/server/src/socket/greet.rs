//! The first frame of a socket: who is there, with what right, and what they hold.

use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt;
use graphy_live::{OpenError, OpenRequest, Session};
use graphy_model::{Action, GraphId};
use graphy_protocol::{ApiError, BadFrame, ClientFrame, Hello, ServerFrame, close};
use graphy_store::tokens::{Principal, TokenError};
use graphy_telemetry::traces::Moment;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::reader::{self, Reader};
use super::revocation::WatchedToken;
use super::{CLOSE_WAIT, HELLO_WAIT, WRITE_WAIT, say_close, submit, writer};
use crate::http::failure::{Failure, new_trace_id, traced};
use crate::state::App;

/// The most that a hello may weigh besides its pending ids, in bytes.
const HELLO_BYTES_MAX: usize = 4 * 1024;
/// What one pending id weighs, in bytes: a UUID, its quotes and a comma.
const PENDING_BYTES: usize = 40;
/// The most pending ids of a hello.
const PENDING_MAX: usize = 1000;

/// Why a socket is closed before it was let in.
struct Refusal {
    code: u16,
    reason: &'static str,
    error: Option<Box<ApiError>>,
}

impl Refusal {
    fn new(code: u16, reason: &'static str) -> Self {
        Self {
            code,
            reason,
            error: None,
        }
    }

    fn with(mut self, error: ApiError) -> Self {
        self.error = Some(Box::new(error));
        self
    }
}

/// Runs a socket from its first frame to its end.
pub(crate) async fn run(app: App, mut socket: WebSocket, graph: Option<GraphId>) {
    let trace_id = new_trace_id();
    let greeted = traced(trace_id.clone(), greet(&app, &mut socket, graph, &trace_id)).await;
    match greeted {
        Ok((session, principal, hello)) => live(app, socket, session, principal, hello).await,
        Err(refusal) => turn_away(socket, refusal).await,
    }
}

async fn turn_away(mut socket: WebSocket, refusal: Refusal) {
    let said = async {
        if let Some(error) = refusal.error {
            let frame = ServerFrame::Error {
                error: *error,
                operation_id: None,
            };
            socket.send(Message::Text(frame.to_text().into())).await?;
        }
        say_close(&mut socket, refusal.code, refusal.reason).await?;
        // Wait for the other end's half, so that the code arrives before the connection is gone.
        while let Some(Ok(_)) = socket.recv().await {}
        Ok::<_, axum::Error>(())
    };
    // If it cannot be said, the other end is gone already.
    let _ = tokio::time::timeout(CLOSE_WAIT, said).await;
}

async fn greet(
    app: &App,
    socket: &mut WebSocket,
    graph: Option<GraphId>,
    trace_id: &str,
) -> Result<(Session, Principal, Hello), Refusal> {
    let hello = tokio::select! {
        read = tokio::time::timeout(HELLO_WAIT, read_hello(app, socket)) => {
            read.map_err(|_| Refusal::new(close::IDLE, "no hello came in time"))??
        }
        () = app.stopping.cancelled() => {
            return Err(Refusal::new(close::GOING_AWAY, "the node stops"));
        }
    };
    let principal = authenticate(app, &hello.token).await?;
    let graph_id = match (graph, &hello.graph_id) {
        (Some(path), Some(named)) if path != *named => {
            return Err(Refusal::new(
                close::PROTOCOL,
                "path and hello name different graphs",
            ));
        }
        (Some(graph), _) => graph,
        (None, Some(graph)) => graph.clone(),
        (None, None) => return Err(Refusal::new(close::PROTOCOL, "the hello names no graph")),
    };
    let request = OpenRequest {
        graph_id,
        session_id: trace_id.to_owned(),
        client_id: hello.client_id.clone(),
        user_id: principal.user_id.clone(),
        role: principal.role,
        name: hello.name.clone(),
        from: hello.epoch.clone().zip(hello.version),
        partial: hello.partial.clone(),
        pending: hello.pending.clone(),
    };
    match app.hub.open(request).await {
        Ok(session) => Ok((session, principal, hello)),
        Err(OpenError::NotFound(_)) => {
            Err(Refusal::new(close::NOT_FOUND, "there is no such graph"))
        }
        Err(OpenError::Forbidden { .. }) => Err(Refusal::new(
            close::FORBIDDEN,
            "there is no access to this graph",
        )),
        Err(OpenError::GoingAway) => Err(Refusal::new(close::GOING_AWAY, "the node stops")),
        Err(error @ OpenError::Unavailable { .. }) => {
            tracing::warn!(trace_id, %error, "a socket cannot be let in");
            Err(Refusal::new(
                close::GOING_AWAY,
                "the graph cannot be read now",
            ))
        }
    }
}

async fn authenticate(app: &App, token: &str) -> Result<Principal, Refusal> {
    let principal = app
        .tokens
        .verify(token)
        .await
        .map_err(|error| match error {
            TokenError::Store(error) => {
                Refusal::new(close::GOING_AWAY, "the store does not answer now")
                    .with(Failure::from(error).into_error())
            }
            TokenError::Expired => Refusal::new(close::UNAUTHORIZED, "the token has expired"),
            _ => Refusal::new(close::UNAUTHORIZED, "the token is not valid"),
        })?;
    if principal.role.allows(Action::ReadGraph) {
        Ok(principal)
    } else {
        Err(Refusal::new(
            close::FORBIDDEN,
            "the token does not allow to read graphs",
        ))
    }
}

async fn read_hello(app: &App, socket: &mut WebSocket) -> Result<Hello, Refusal> {
    let broken = |reason| Err(Refusal::new(close::PROTOCOL, reason));
    loop {
        let text = match socket.recv().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Binary(_))) => {
                let (code, reason) = reader::NOT_TEXT;
                return Err(Refusal::new(code, reason));
            }
            Some(Ok(Message::Close(_))) | None => return broken("closed before the hello"),
            Some(Err(error)) => {
                let (code, reason) = reader::fault(&error);
                return Err(Refusal::new(code, reason));
            }
        };
        if text.len() > HELLO_BYTES_MAX + PENDING_MAX * PENDING_BYTES {
            return broken("the hello is too large");
        }
        let parsed = graphy_model::json::check_text(&text, app.limits.json_depth_max)
            .map_err(BadFrame::from)
            .and_then(|()| ClientFrame::parse(&text));
        return match parsed {
            Ok(ClientFrame::Hello(hello)) if hello.pending.len() > PENDING_MAX => {
                broken("the hello has too many pending commands")
            }
            Ok(ClientFrame::Hello(hello))
                if text.len() > HELLO_BYTES_MAX + hello.pending.len() * PENDING_BYTES =>
            {
                broken("the hello is too large")
            }
            Ok(ClientFrame::Hello(hello)) => Ok(hello),
            Ok(_) => broken("the first frame is not a hello"),
            Err(BadFrame { rejection, .. }) => {
                let error = Failure::from(rejection).into_error();
                Err(Refusal::new(close::PROTOCOL, "the hello is malformed").with(error))
            }
        };
    }
}

/// Runs a socket that was let in.
async fn live(app: App, socket: WebSocket, session: Session, principal: Principal, hello: Hello) {
    let (watched, current) = watch::channel(Arc::new(app.revocations.watch(&principal)));
    let handle = session.handle();
    let (sink, stream) = socket.split();
    let ended = CancellationToken::new();
    let writing = tokio::spawn(writer::run(sink, session, ended.clone()));
    let graph = handle.graph_id().clone();
    let (submissions, submitting) = submit::start(app.clone(), graph.clone(), handle.clone());
    let reader = Reader {
        limiters: app.limiters.for_socket(),
        app,
        graph,
        client_id: hello.client_id,
        principal,
        watched,
        handle: handle.clone(),
        submissions,
        faults: 0,
        heard: Moment::now(),
    };
    tokio::select! {
        () = reader.run(stream) => {}
        () = token_ended(current) => {
            handle.close(close::UNAUTHORIZED, "the token is not valid any more");
            // The writer says so and ends.
            let _ = tokio::time::timeout(WRITE_WAIT + CLOSE_WAIT, ended.cancelled()).await;
        }
        () = ended.cancelled() => {}
    }
    // Commands that were read are submitted even though their author is gone.
    drop(submitting);
    ended.cancel();
    // A panic of the writer was reported where it happened.
    let _ = writing.await;
}

/// Waits until the token that the socket goes by at that time is not valid any more.
async fn token_ended(mut current: watch::Receiver<Arc<WatchedToken>>) {
    loop {
        let token = Arc::clone(&current.borrow_and_update());
        tokio::select! {
            () = token.ended() => return,
            changed = current.changed() => if changed.is_err() {
                return token.ended().await;
            },
        }
    }
}

/// Sends what is left and closes properly.
pub(crate) async fn say_goodbye(sink: &mut super::Sink, code: u16, reason: &'static str) {
    let said = say_close(sink, code, reason);
    // If it cannot be said, the other end is gone already.
    let _ = tokio::time::timeout(CLOSE_WAIT, said).await;
}
