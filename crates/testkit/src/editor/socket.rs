//! A client that edits over WebSocket sessions, one for each graph.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use futures_util::future::{FutureExt as _, pending, select_all};
use graphy_client::replica::Health;
use graphy_client::{
    GraphSession, NodeUrl, Replica, SessionConfig, SessionEvent, SessionStatus, Settled,
};
use graphy_model::{AppliedOperation, Checksum, ClientId, Epoch, GraphId, OperationId};
use graphy_protocol::{ServerFrame, Sync};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{Identity, Portion, Stage, now_ms};
use crate::cluster::PATIENCE;
use crate::recording::{Delivered, Delivery, Event, Recorder, Sending};
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

/// How sessions came back after their sockets were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resumes {
    /// Sockets that were lost, those that never opened included.
    pub losses: usize,
    /// Came back and had everything.
    pub in_sync: usize,
    /// Came back and were given the difference.
    pub behind: usize,
    /// Came back and were given the whole state although they held an earlier one.
    pub full: usize,
    /// Were brought to the present anew while the socket stayed.
    pub resyncs: usize,
}

impl std::ops::Add for Resumes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            losses: self.losses + other.losses,
            in_sync: self.in_sync + other.in_sync,
            behind: self.behind + other.behind,
            full: self.full + other.full,
            resyncs: self.resyncs + other.resyncs,
        }
    }
}

/// Whether a session that had a state waits for its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It has not been given a state yet.
    First,
    /// It has a socket.
    Along,
    /// It lost its socket and will come back.
    Back,
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
    way: Way,
    resumes: Resumes,
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
            let stage = self.stage.clone();
            self.live_until(stage.leave(portion.commands.len())).await;
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

    /// Takes in what comes until something has happened.
    ///
    /// # Panics
    /// When a session ends.
    pub async fn live_until<T>(&mut self, happened: impl Future<Output = T>) -> T {
        let mut happened = pin!(happened);
        loop {
            let heard = async {
                let events = self.rooms.iter_mut().map(|(graph, room)| {
                    let next = async { (graph.clone(), room.events.recv().await) };
                    next.boxed()
                });
                let events: Vec<_> = events.collect();
                match events.is_empty() {
                    true => pending().await,
                    false => select_all(events).await.0,
                }
            };
            let (graph, event) = tokio::select! {
                happened = &mut happened => return happened,
                heard = heard => heard,
            };
            let room = self.rooms.get_mut(&graph).expect("a room that was heard");
            let event = event.expect("a session tells its end before it ends");
            room.take(event, &self.stage.recorder);
        }
    }

    /// Returns how many sockets were lost on the way.
    #[must_use]
    pub fn losses(&self) -> usize {
        self.resumes().losses
    }

    /// Returns how all sessions together came back.
    #[must_use]
    pub fn resumes(&self) -> Resumes {
        let all = self.rooms.values().map(|room| room.resumes);
        all.fold(Resumes::default(), std::ops::Add::add)
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
            way: Way::First,
            resumes: Resumes::default(),
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

    /// Takes in what comes until something holds.
    async fn turn_until(&mut self, what: &str, recorder: &Recorder, holds: impl Fn(&Self) -> bool) {
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

    fn take(&mut self, event: SessionEvent, recorder: &Recorder) {
        let received = match event {
            SessionEvent::Frame(received) => received,
            SessionEvent::Status(SessionStatus::Offline { .. }) => {
                self.resumes.losses += 1;
                if self.way == Way::Along {
                    self.way = Way::Back;
                }
                return;
            }
            SessionEvent::Status(SessionStatus::Closed { code, reason }) => {
                panic!(
                    "{} on {}: closed with {code}: {reason}",
                    self.client, self.graph
                )
            }
            SessionEvent::Status(SessionStatus::Connecting { .. } | SessionStatus::Online)
            | SessionEvent::Durable(_) => return,
        };
        if let ServerFrame::Sync(sync) = &received.frame {
            self.count(sync);
        }
        let reaction = self.replica.receive(&received.frame);
        self.note_delivery(&received.frame, recorder);
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

    /// Counts how the session was brought to the present; a sync in several parts counts once.
    fn count(&mut self, sync: &Sync) {
        let last = match sync {
            Sync::InSync { .. } => true,
            Sync::Behind { last, .. } => *last,
            Sync::Full { chunk, chunks, .. } => chunk + 1 == *chunks,
            // It mends what is there and moves nobody.
            Sync::Repair { .. } => return,
        };
        if !last {
            return;
        }
        match (self.way, sync) {
            (Way::First, _) => {}
            (Way::Along, _) => self.resumes.resyncs += 1,
            (Way::Back, Sync::InSync { .. }) => self.resumes.in_sync += 1,
            (Way::Back, Sync::Behind { .. }) => self.resumes.behind += 1,
            (Way::Back, Sync::Full { .. } | Sync::Repair { .. }) => self.resumes.full += 1,
        }
        self.way = Way::Along;
    }

    /// Notes what the frame said, not what the replica made of it; but the checksum is that of the
    /// replica.
    fn note_delivery(&self, frame: &ServerFrame, recorder: &Recorder) {
        let (epoch, delivery) = match frame {
            ServerFrame::StateUpdate {
                epoch,
                from_version,
                operations,
                ..
            }
            | ServerFrame::Sync(Sync::Behind {
                epoch,
                from_version,
                operations,
                ..
            }) => (epoch, listed(*from_version, operations)),
            ServerFrame::Sync(Sync::InSync { epoch, version, .. }) => {
                (epoch, listed(*version, &[]))
            }
            ServerFrame::Sync(Sync::Full {
                epoch,
                version,
                chunk,
                chunks,
                ..
            }) if chunk + 1 == *chunks => (epoch, Delivery::Whole { version: *version }),
            ServerFrame::Sync(Sync::Repair {
                epoch,
                version,
                last: true,
                ..
            }) => (epoch, listed(*version, &[])),
            _ => return,
        };
        recorder.note(Event::Delivered(Box::new(Delivered {
            subscriber: self.client.clone(),
            graph: self.graph.clone(),
            epoch: epoch.clone(),
            delivery,
            checksum: self.replica.checksum(),
        })));
    }
}

fn listed(from_version: u64, operations: &[AppliedOperation]) -> Delivery {
    let operations = operations.iter().map(|one| (one.version, one.operation_id));
    Delivery::Operations {
        from_version,
        operations: operations.collect(),
    }
}
