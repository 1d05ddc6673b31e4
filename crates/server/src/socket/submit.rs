//! Puts a socket's commands into the queue in the order in which they came.
//!
//! Commands that are there together are handed in together, and the next ones do not wait for the
//! answer: handing in takes a command's place in the line at once, the answer comes when it is
//! durable. Only so many may be without an answer; then the socket is not read on.

use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use graphy_engine::Submission;
use graphy_live::SessionHandle;
use graphy_model::{GraphId, OperationId, Rejection};
use graphy_protocol::ApiError;
use graphy_telemetry::traces::{OpenSpan, TraceParent};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::http::failure::new_trace_id;
use crate::state::App;

/// How many commands of one socket may wait to be handed in.
const QUEUE_COMMANDS: usize = 256;
/// How many hand-ins of one socket may be without an answer.
const UNANSWERED_MAX: usize = 64;

type HandIn = Pin<Box<dyn Future<Output = (Vec<OperationId>, Result<(), Rejection>)> + Send>>;

/// A command and the trace that began when its frame came, if it is traced.
pub(crate) type Traced = (Submission, Option<OpenSpan>);

/// Starts the submitter of a socket; it ends after the sender is dropped and all is handed in.
pub(crate) fn start(
    app: App,
    graph: GraphId,
    handle: SessionHandle,
) -> (mpsc::Sender<Traced>, JoinHandle<()>) {
    let (sender, inbox) = mpsc::channel(QUEUE_COMMANDS);
    let tracker = app.sockets.clone();
    (sender, tracker.spawn(run(app, graph, handle, inbox)))
}

async fn run(app: App, graph: GraphId, handle: SessionHandle, mut inbox: mpsc::Receiver<Traced>) {
    let batch_max = app.limits.batch_commands_max;
    let mut unanswered: FuturesUnordered<HandIn> = FuturesUnordered::new();
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            Some((ids, result)) = unanswered.next() => answer(&handle, &ids, result),
            count = inbox.recv_many(&mut batch, batch_max), if unanswered.len() < UNANSWERED_MAX => {
                if count == 0 {
                    break;
                }
                let mut hand_in = hand_in(&app, &graph, std::mem::take(&mut batch));
                // The first poll takes the place in the line, so order holds.
                match futures_util::poll!(&mut hand_in) {
                    std::task::Poll::Ready((ids, result)) => answer(&handle, &ids, result),
                    std::task::Poll::Pending => unanswered.push(hand_in),
                }
            }
        }
    }
    while let Some((ids, result)) = unanswered.next().await {
        answer(&handle, &ids, result);
    }
}

fn hand_in(app: &App, graph: &GraphId, batch: Vec<Traced>) -> HandIn {
    let (intake, graph) = (app.intake.clone(), graph.clone());
    let ids = batch
        .iter()
        .map(|(submission, _)| submission.content.operation_id())
        .collect();
    let (batch, mut spans): (Vec<Submission>, Vec<Option<OpenSpan>>) = batch.into_iter().unzip();
    let parents: Vec<Option<TraceParent>> = spans
        .iter()
        .map(|span| span.as_ref().map(OpenSpan::parent))
        .collect();
    Box::pin(async move {
        let result = intake.submit_traced(&graph, batch, &parents).await;
        if let Err(rejection) = &result {
            for span in spans.iter_mut().flatten() {
                span.fail(rejection.code.as_str());
            }
        }
        (ids, result)
    })
}

fn answer(handle: &SessionHandle, ids: &[OperationId], result: Result<(), Rejection>) {
    if let Err(rejection) = result {
        for id in ids {
            refuse(handle, *id, &rejection);
        }
    }
}

/// Tells a client that a command will not be carried out, at least not now.
pub(crate) fn refuse(handle: &SessionHandle, operation: OperationId, rejection: &Rejection) {
    let code = rejection.code.as_str();
    metrics::counter!(graphy_telemetry::names::REFUSALS, graphy_telemetry::names::label::REASON => code)
        .increment(1);
    let error = ApiError::from(rejection.clone()).traced(&*new_trace_id());
    handle.refuse(operation, error, rejection);
}
