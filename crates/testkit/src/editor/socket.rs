//! A client that edits over WebSocket sessions, one for each graph.

use std::collections::{HashMap, HashSet};

use graphy_client::replica::Health;
use graphy_client::{
    GraphSession, NodeUrl, Replica, SessionConfig, SessionEvent, SessionStatus, Settled,
};
use graphy_model::{Checksum, ClientId, Epoch, GraphId, OperationId};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{Identity, Portion, Stage, now_ms};
use crate::cluster::PATIENCE;
use crate::recording::{Event, Sending};
use crate::workload::Planned;

/// Where a session's replica stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Converged {
    /// The graph.
    pub graph: GraphId,
    /// The life of the graph.
    pub epoch: Epoch,
    /// The version.
    pub version: u64,
    /// The checksum, summed by the client itself.
    pub checksum: Checksum,
}

/// One session with its replica.
struct Room {
    graph: GraphId,
    client: ClientId,
    session: GraphSession,
    events: mpsc::Receiver<SessionEvent>,
    replica: Replica,
    /// Commands whose end is not known.
    open: HashSet<OperationId>,
    /// How many times a socket was lost.
    losses: usize,
}

/// A client with a session for each of its graphs.
pub struct SocketEditor {
    stage: Stage,
    identity: Identity,
    node: NodeUrl,
    rooms: HashMap<GraphId, Room>,
}

impl SocketEditor {
    /// Makes a client of one node.
    #[must_use]
    pub fn new(stage: Stage, identity: Identity, node: NodeUrl) -> Self {
        Self {
            stage,
            identity,
            node,
            rooms: HashMap::new(),
        }
    }

    /// Opens a session without sending anything through it.
    ///
    /// # Panics
    /// When the node does not serve it in time.
    pub async fn open(&mut self, graph: &GraphId) {
        let room = Room::open(&self.node, &self.identity, graph);
        let room = self.rooms.entry(graph.clone()).or_insert(room);
        let recorder = self.stage.recorder.clone();
        room.turn_until("the first sync", &recorder, |room| {
            room.replica.confirmed().is_some()
        })
        .await;
    }

    /// Sends everything; then waits until the end of everything is known.
    ///
    /// # Panics
    /// When commands are not settled within the patience of tests.
    pub async fn run(&mut self, portions: Vec<Portion>) {
        for portion in portions {
            self.stage.leave(portion.commands.len()).await;
            if !self.rooms.contains_key(&portion.graph) {
                self.open(&portion.graph).await;
            }
            let room = self
                .rooms
                .get_mut(&portion.graph)
                .expect("it was opened above");
            for planned in &portion.commands {
                room.send(&self.stage, &self.identity, planned);
            }
            for room in self.rooms.values_mut() {
                room.catch_up(&self.stage);
            }
        }
        for room in self.rooms.values_mut() {
            let recorder = self.stage.recorder.clone();
            room.turn_until("the end of all commands", &recorder, |room| {
                room.open.is_empty()
            })
            .await;
        }
    }

    /// Waits until each session holds the version that is stored, and returns where they stand.
    ///
    /// # Panics
    /// When a session does not get there in time.
    pub async fn converge(&mut self, versions: &HashMap<GraphId, u64>) -> Vec<Converged> {
        let mut converged = Vec::with_capacity(self.rooms.len());
        for (graph, room) in &mut self.rooms {
            let version = versions[graph];
            let recorder = self.stage.recorder.clone();
            room.turn_until("the last version", &recorder, |room| {
                room.replica
                    .confirmed()
                    .is_some_and(|(_, at)| at >= version)
            })
            .await;
            let (epoch, version) = room.replica.confirmed().expect("waited for above");
            let (graph, epoch) = (graph.clone(), epoch.clone());
            converged.push(Converged {
                graph,
                epoch,
                version,
                checksum: room.replica.checksum(),
            });
        }
        converged
    }

    /// Returns how many sockets were lost on the way.
    #[must_use]
    pub fn losses(&self) -> usize {
        self.rooms.values().map(|room| room.losses).sum()
    }
}

impl Room {
    fn open(node: &NodeUrl, identity: &Identity, graph: &GraphId) -> Self {
        let config = SessionConfig {
            url: node.clone(),
            token: identity.token.clone(),
            graph_id: graph.clone(),
            client_id: identity.client.clone(),
        };
        let (session, events) = GraphSession::open(config);
        Self {
            graph: graph.clone(),
            client: identity.client.clone(),
            session,
            events,
            replica: Replica::new(identity.client.clone()),
            open: HashSet::new(),
            losses: 0,
        }
    }

    fn send(&mut self, stage: &Stage, identity: &Identity, planned: &Planned) {
        let mut envelope = planned.envelope.clone();
        envelope.client_id = Some(self.client.clone());
        envelope.timestamp = Some(now_ms());
        if let Some((epoch, version)) = self.replica.confirmed() {
            envelope.epoch = Some(epoch.clone());
            envelope.base_version = Some(version);
        }
        stage.recorder.sent(Sending {
            client: self.client.clone(),
            graph: self.graph.clone(),
            user: identity.user.clone(),
            envelope: envelope.clone(),
            demand: planned.demand,
        });
        self.open.insert(envelope.operation_id);
        self.session
            .send_envelope(envelope)
            .expect("the session takes what the plan holds");
    }

    /// Takes in what has come, without waiting.
    fn catch_up(&mut self, stage: &Stage) {
        while let Ok(event) = self.events.try_recv() {
            self.take(event, &stage.recorder);
        }
    }

    /// Takes in what comes until something holds.
    async fn turn_until(
        &mut self,
        what: &str,
        recorder: &crate::recording::Recorder,
        holds: impl Fn(&Self) -> bool,
    ) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            let event = timeout_at(deadline, self.events.recv()).await;
            let Ok(Some(event)) = event else {
                let (client, graph) = (&self.client, &self.graph);
                let (open, at) = (self.open.len(), self.replica.confirmed());
                panic!("{client} on {graph} waits for {what}: {open} open, stands at {at:?}");
            };
            self.take(event, recorder);
        }
    }

    fn take(&mut self, event: SessionEvent, recorder: &crate::recording::Recorder) {
        let received = match event {
            SessionEvent::Frame(received) => received,
            SessionEvent::Status(SessionStatus::Offline { .. }) => {
                self.losses += 1;
                return;
            }
            SessionEvent::Status(SessionStatus::Closed { code, reason }) => {
                panic!(
                    "{} on {}: closed with {code}: {reason}",
                    self.client, self.graph
                )
            }
            SessionEvent::Status(SessionStatus::Connecting { .. } | SessionStatus::Online) => {
                return;
            }
        };
        let reaction = self.replica.receive(&received.frame);
        assert!(
            !matches!(reaction.health, Health::Diverged { .. }),
            "{} on {}: {:?} after {}",
            self.client,
            self.graph,
            reaction.health,
            received.text
        );
        for Settled {
            operation_id,
            outcome,
        } in reaction.settled
        {
            if self.open.remove(&operation_id) {
                recorder.note(Event::Accepted(operation_id));
            }
            recorder.told(operation_id, outcome);
        }
    }
}
