//! A client that sends batches over HTTP.

use std::collections::HashMap;
use std::time::Duration;

use graphy_client::NodeUrl;
use graphy_model::{Envelope, GraphId, OperationId, Outcome};
use graphy_protocol::ErrorCode;
use tokio::time::{Instant, sleep};

use super::{Identity, Portion, Stage, now_ms};
use crate::cluster::PATIENCE;
use crate::http::HttpCaller;
use crate::recording::{Event, Sending};

/// How long a client waits before it tries another node.
const RETRY_WAIT: Duration = Duration::from_millis(50);
/// How long one question for an outcome may be held open by the node.
const POLL_WAIT: Duration = Duration::from_secs(5);
/// After every so many batches the client waits for the end of what it sent.
const LOOK_BACK_EVERY: usize = 4;

/// How a client's commands keep their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordering {
    /// It numbers them, and sends on while earlier ones are under way.
    Counted,
    /// It names neither itself nor numbers, and waits for the end of each batch.
    Plain,
}

/// A client that sends each batch to the next node in turn, so that its order depends on its
/// counter and not on one node's memory.
pub struct HttpEditor {
    stage: Stage,
    identity: Identity,
    caller: HttpCaller,
    ordering: Ordering,
    turn: usize,
    seqs: HashMap<GraphId, u64>,
    /// The last version of each graph that this client was told of.
    seen: HashMap<GraphId, u64>,
    /// Commands as sent, whose end is not known.
    open: Vec<(GraphId, Envelope)>,
}

impl HttpEditor {
    /// Makes a client.
    #[must_use]
    pub fn new(stage: Stage, identity: Identity, ordering: Ordering) -> Self {
        let caller = HttpCaller::new(identity.token.clone());
        Self {
            stage,
            identity,
            caller,
            ordering,
            turn: 0,
            seqs: HashMap::new(),
            seen: HashMap::new(),
            open: Vec::new(),
        }
    }

    /// Sends everything, and returns once the end of everything is known.
    ///
    /// # Panics
    /// When the nodes do not take or settle commands within the patience of tests.
    pub async fn run(mut self, portions: Vec<Portion>) {
        for (count, portion) in portions.into_iter().enumerate() {
            self.stage.leave(portion.commands.len()).await;
            let commands = self.prepare(&portion);
            self.send(&portion.graph, &commands).await;
            for command in commands {
                self.stage
                    .recorder
                    .note(Event::Accepted(command.operation_id));
                self.open.push((portion.graph.clone(), command));
            }
            let pause = count % LOOK_BACK_EVERY == LOOK_BACK_EVERY - 1;
            if pause || self.ordering == Ordering::Plain {
                self.look_back().await;
            }
        }
        self.look_back().await;
    }

    /// Sends each batch once and never again; what was not answered stays in doubt.
    ///
    /// The commands must be of those that may be refused: what they build upon may be missing.
    ///
    /// # Panics
    /// When the end of an accepted command is not known within the patience of tests.
    pub async fn run_once(mut self, portions: Vec<Portion>) {
        for portion in portions {
            self.stage.leave(portion.commands.len()).await;
            let commands = self.prepare(&portion);
            let node = self.next_node();
            // Any failure leaves it open whether the commands are in the queue.
            let sent = self.caller.send(&node, &portion.graph, &commands).await;
            if sent.is_err() {
                continue;
            }
            for command in commands {
                self.stage
                    .recorder
                    .note(Event::Accepted(command.operation_id));
                self.open.push((portion.graph.clone(), command));
            }
            self.look_back().await;
        }
    }

    fn next_node(&mut self) -> NodeUrl {
        let apis = &self.stage.apis;
        let node = apis[self.turn % apis.len()].clone();
        self.turn += 1;
        node
    }

    fn prepare(&mut self, portion: &Portion) -> Vec<Envelope> {
        let seq = self.seqs.entry(portion.graph.clone()).or_default();
        let prepare = |planned: &crate::workload::Planned| {
            *seq += 1;
            let mut envelope = planned.envelope.clone();
            if self.ordering == Ordering::Counted {
                envelope.client_id = Some(self.identity.client.clone());
                envelope.seq = Some(*seq);
            }
            envelope.timestamp = Some(now_ms());
            envelope.base_version = self.seen.get(&portion.graph).copied();
            self.stage.recorder.sent(Sending {
                client: self.identity.client.clone(),
                graph: portion.graph.clone(),
                user: self.identity.user.clone(),
                envelope: envelope.clone(),
                demand: planned.demand,
            });
            envelope
        };
        portion.commands.iter().map(prepare).collect()
    }

    /// Sends a batch until some node has said that it is accepted.
    async fn send(&mut self, graph: &GraphId, commands: &[Envelope]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let node = self.next_node();
            match self.caller.send(&node, graph, commands).await {
                Ok(_) => return,
                Err(failure) => {
                    let again = failure.is_retryable() && Instant::now() < deadline;
                    assert!(
                        again,
                        "{}: a batch was not taken: {failure}",
                        self.identity.client
                    );
                }
            }
            sleep(RETRY_WAIT).await;
        }
    }

    /// Waits for the end of everything that was sent.
    async fn look_back(&mut self) {
        for (graph, command) in std::mem::take(&mut self.open) {
            let outcome = self.end_of(&graph, &command).await;
            if let Some(version) = outcome.version() {
                let seen = self.seen.entry(graph).or_default();
                *seen = (*seen).max(version);
            }
            self.stage.recorder.told(command.operation_id, outcome);
        }
    }

    async fn end_of(&mut self, graph: &GraphId, command: &Envelope) -> Outcome {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let id: OperationId = command.operation_id;
            let apis = &self.stage.apis;
            let node = &apis[self.turn % apis.len()];
            let failure = match self.caller.progress(node, id, POLL_WAIT).await {
                Ok(progress) => match progress.outcome {
                    Some(outcome) => return outcome,
                    None => "it has not ended".to_owned(),
                },
                // A node that was killed right after it had queued the command has not noted it.
                Err(failure) if failure.is_retryable() || failure.is(ErrorCode::NotFound) => {
                    self.turn += 1;
                    sleep(RETRY_WAIT).await;
                    failure.to_string()
                }
                Err(failure) => panic!("{}: asking for {id}: {failure}", self.identity.client),
            };
            let late = Instant::now() >= deadline;
            assert!(
                !late,
                "{}: {id} on {graph} has no end: {failure}",
                self.identity.client
            );
        }
    }
}
