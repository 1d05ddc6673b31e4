//! One bot: a session, a replica, and a will of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use graphy_client::replica::Health;
use graphy_client::{
    GraphSession, Replica, SendError, SessionConfig, SessionEvent, SessionStatus, new_operation_id,
};
use graphy_model::command::{Atomicity, BatchUpdate, NodeRef, UpdateNode};
use graphy_model::{
    Checksum, ClientId, Command, Edge, EdgeId, GraphId, Node, NodeId, NodePatch, OperationId,
    Outcome, Position,
};
use graphy_telemetry::clock::{Clock as _, SystemClock};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::path::drag;
use super::tally::Tally;
use crate::exit::Failure;
use crate::remote::RemoteNode;

/// How long a bot waits at the end for what it has sent.
const FAREWELL: Duration = Duration::from_secs(5);
/// Below this many nodes a bot adds rather than moves.
const NODES_WANTED: usize = 8;
/// How many nodes of its own a bot keeps.
const OWN_NODES_MAX: usize = 12;

pub(super) const NAMES: [&str; 8] = [
    "Ada", "Alan", "Barbara", "Edsger", "Grace", "John", "Leslie", "Tony",
];
const THINGS: [&str; 8] = [
    "idea", "draft", "question", "answer", "proof", "sketch", "plan", "surprise",
];

/// How a bot ended.
pub(super) struct BotEnd {
    pub(super) version: u64,
    pub(super) checksum: Checksum,
}

pub(super) struct Bot {
    name: String,
    prefix: String,
    session: GraphSession,
    events: mpsc::Receiver<SessionEvent>,
    replica: Replica,
    random: StdRng,
    tally: Arc<Tally>,
    sent_at: HashMap<OperationId, Instant>,
    dragging: Option<(NodeId, std::vec::IntoIter<Position>)>,
    own: Vec<NodeId>,
    made: u64,
}

impl Bot {
    pub(super) fn open(
        node: &RemoteNode,
        token: &str,
        graph: &GraphId,
        client_id: ClientId,
        index: usize,
        tally: Arc<Tally>,
    ) -> Self {
        let (session, events) = GraphSession::open(SessionConfig {
            url: node.url.clone(),
            token: token.to_owned(),
            graph_id: graph.clone(),
            client_id: client_id.clone(),
        });
        Self {
            name: NAMES[index % NAMES.len()].to_owned(),
            prefix: client_id.to_string(),
            session,
            events,
            replica: Replica::new(client_id),
            random: StdRng::seed_from_u64(rand::random()),
            tally,
            sent_at: HashMap::new(),
            dragging: None,
            own: Vec::new(),
            made: 0,
        }
    }

    /// Edits until it is told to stop, then waits for the rest of its answers.
    pub(super) async fn live(
        mut self,
        rate: f64,
        stop: CancellationToken,
    ) -> Result<BotEnd, Failure> {
        let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.events.recv() => self.take(event)?,
                _ = ticks.tick() => self.edit()?,
                () = stop.cancelled() => break,
            }
        }
        let rest = async {
            while self.session.pending() > 0 {
                let event = self.events.recv().await;
                self.take(event)?;
            }
            // Others' last edits may still be on their way.
            while let Ok(event) = timeout(Duration::from_millis(500), self.events.recv()).await {
                self.take(event)?;
            }
            Ok::<(), Failure>(())
        };
        if let Ok(ended) = timeout(FAREWELL, rest).await {
            ended?;
        }
        let version = self.replica.confirmed().map_or(0, |(_, version)| version);
        let checksum = self.replica.checksum();
        self.session.close().await;
        Ok(BotEnd { version, checksum })
    }

    fn take(&mut self, event: Option<SessionEvent>) -> Result<(), Failure> {
        match event {
            Some(SessionEvent::Frame(received)) => {
                let reaction = self.replica.receive(&received.frame);
                if reaction.health != Health::InStep {
                    self.tally.resynced();
                    self.session.request_full_sync();
                }
                for settled in reaction.settled {
                    let after = self
                        .sent_at
                        .remove(&settled.operation_id)
                        .map(|at| at.elapsed());
                    match settled.outcome {
                        Outcome::Rejected(_) => self.tally.refused(),
                        _ => self.tally.applied(after),
                    }
                }
                Ok(())
            }
            Some(SessionEvent::Status(SessionStatus::Offline { .. })) => {
                self.tally.offline();
                Ok(())
            }
            Some(SessionEvent::Status(SessionStatus::Closed { code, reason })) => {
                let message = format!("the node ended a bot's session (code {code}): {reason}");
                Err(Failure::Unreachable(message))
            }
            Some(SessionEvent::Status(_) | SessionEvent::Durable(_)) => Ok(()),
            None => Err(Failure::Unreachable("a bot's session ended".to_owned())),
        }
    }

    fn edit(&mut self) -> Result<(), Failure> {
        let Some(command) = self.next_command() else {
            return Ok(());
        };
        let operation_id = new_operation_id();
        // What would be refused now is not asked for.
        let now_ms = SystemClock.now_ms();
        if self
            .replica
            .propose(operation_id, command.clone(), now_ms)
            .is_err()
        {
            return Ok(());
        }
        match self.session.send_as(operation_id, command) {
            Ok(()) => {
                self.sent_at.insert(operation_id, Instant::now());
                self.tally.sent();
                Ok(())
            }
            // The node does not keep up, or is away: a bot can wait.
            Err(SendError::QueueFull | SendError::JournalFull(_)) => Ok(()),
            Err(SendError::Rejected(rejection)) => {
                Err(Failure::Other(anyhow::Error::from(rejection)))
            }
            Err(SendError::Closed) => Err(Failure::Unreachable("a bot's session ended".to_owned())),
        }
    }

    fn next_command(&mut self) -> Option<Command> {
        let graph = self.replica.graph()?;
        if let Some((node, path)) = &mut self.dragging {
            match path.next() {
                Some(position) if graph.nodes().contains_key(node) => {
                    return Some(moved(node, position));
                }
                Some(_) | None => self.dragging = None,
            }
        }
        if graph.nodes().len() < NODES_WANTED {
            return Some(self.add());
        }
        match self.random.random_range(0..100) {
            0..70 => {
                let (node, from) = self.any_node()?;
                let mut path = drag(from, &mut self.random).into_iter();
                let first = path.next()?;
                self.dragging = Some((node.clone(), path));
                Some(moved(&node, first))
            }
            70..85 => {
                let (id, _) = self.any_node()?;
                let title = self.title();
                let patch = NodePatch {
                    title: Some(title),
                    ..NodePatch::default()
                };
                Some(Command::UpdateNode(UpdateNode {
                    id,
                    patch,
                    base: None,
                }))
            }
            85..93 if self.own.len() < OWN_NODES_MAX => Some(self.add()),
            _ => {
                let index = self.random.random_range(0..self.own.len().max(1));
                (index < self.own.len()).then(|| {
                    Command::DeleteNode(NodeRef {
                        id: self.own.swap_remove(index),
                    })
                })
            }
        }
    }

    /// A new node, tied to one that is there.
    fn add(&mut self) -> Command {
        self.made += 1;
        let id = NodeId::new(&format!("{}-n{}", self.prefix, self.made));
        let id = id.expect("a client's name with a number is an id");
        let near = self.any_node();
        let around = near
            .as_ref()
            .map_or(Position::default(), |(_, position)| *position);
        let node = Node {
            data: Default::default(),
            id: id.clone(),
            kind: graphy_model::entity::default_kind(),
            parent: None,
            position: Position {
                x: (around.x + self.random.random_range(-200.0..200.0_f64)).round(),
                y: (around.y + self.random.random_range(-160.0..160.0_f64)).round(),
            },
            progress: None,
            size: None,
            title: self.title(),
        };
        self.own.push(id.clone());
        let Some((neighbour, _)) = near else {
            return Command::CreateNode(node);
        };
        let edge = Edge {
            data: Default::default(),
            id: EdgeId::new(&format!("{}-e{}", self.prefix, self.made))
                .expect("a client's name with a number is an id"),
            kind: None,
            label: None,
            source: neighbour,
            target: id,
            weight: None,
        };
        Command::BatchUpdate(BatchUpdate {
            operations: vec![Command::CreateNode(node), Command::CreateEdge(edge)],
            atomic: Atomicity::AllOrNothing,
        })
    }

    fn any_node(&mut self) -> Option<(NodeId, Position)> {
        let nodes = self.replica.graph()?.nodes();
        let index = self.random.random_range(0..nodes.len().max(1));
        let (id, entry) = nodes.iter().nth(index)?;
        Some((id.clone(), entry.entity.position))
    }

    fn title(&mut self) -> String {
        let thing = THINGS[self.random.random_range(0..THINGS.len())];
        format!(
            "{}'s {thing} {}",
            self.name,
            self.random.random_range(1..100)
        )
    }
}

fn moved(id: &NodeId, position: Position) -> Command {
    let patch = NodePatch {
        position: Some(position),
        ..NodePatch::default()
    };
    Command::UpdateNode(UpdateNode {
        id: id.clone(),
        patch,
        base: None,
    })
}
