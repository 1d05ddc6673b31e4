//! The model of a client around the real replica: what it has asked for and not heard of, kept as
//! on a disk.

use graphy_client::Replica;
use graphy_model::{ClientId, Command, Envelope, Outcome, UserId};
use graphy_protocol::{ServerFrame, Sync};
use serde_json::{Value, json};
use uuid::Uuid;

use super::dice::Dice;
use super::wire::Sent;

pub(super) struct Client {
    pub(super) client_id: ClientId,
    pub(super) user_id: UserId,
    pub(super) replica: Replica,
    /// Kept on disk: what was asked and not answered, in order.
    pub(super) pending: Vec<Sent>,
    /// Kept on disk.
    pub(super) seq: u64,
    pub(super) link: Option<u64>,
    /// Whether this connection has brought the present; nothing is sent before.
    pub(super) synced: bool,
    /// How many of the pending commands this connection has carried.
    pub(super) sent: usize,
    pub(super) offline: bool,
    /// How long a frame waits before it is read.
    pub(super) slow_ms: u64,
    pub(super) actions_left: u64,
}

impl Client {
    pub(super) fn new(index: usize, users: usize, actions: u64) -> Self {
        let client_id = ClientId::new(&format!("client-{index}")).expect("a text of id form");
        let user = index % users.max(1);
        Self {
            replica: Replica::new(client_id.clone()),
            client_id,
            user_id: UserId::new(&format!("user-{user}")).expect("a text of id form"),
            pending: Vec::new(),
            seq: 0,
            link: None,
            synced: false,
            sent: 0,
            offline: false,
            slow_ms: 0,
            actions_left: actions,
        }
    }

    /// Starts again with what is on disk.
    pub(super) fn restart(&mut self) {
        self.replica = Replica::new(self.client_id.clone());
        self.link = None;
        self.synced = false;
        self.sent = 0;
    }

    /// Puts what is kept on top of a state that has just been read.
    pub(super) fn propose_again(&mut self) {
        if self.replica.pending() > 0 {
            return;
        }
        for sent in &self.pending {
            // What cannot happen any more is not shown; the server says what becomes of it.
            let _ = self
                .replica
                .propose(sent.operation_id, sent.command.clone(), sent.made_at_ms);
        }
    }

    /// Makes a command, shows it, and keeps it; none if it makes no sense to this client.
    pub(super) fn edit(
        &mut self,
        index: usize,
        id: u128,
        dice: &mut Dice,
        now_ms: u64,
    ) -> Option<()> {
        let (_, base_version) = self.replica.confirmed()?;
        let (kind, payload) = self.think(dice);
        let operation_id = Uuid::from_u128(id);
        let value = json!({ "operationId": operation_id, "type": kind, "payload": payload });
        let envelope = Envelope::from_value(value).expect("the simulator makes sound commands");
        let operation_id = envelope.operation_id;
        let turns_round = matches!(envelope.command, Command::Undo(_) | Command::Redo(_));
        if !turns_round {
            // Once in a while, one is sent that this client already knows to be refused.
            let shown = self
                .replica
                .propose(operation_id, envelope.command.clone(), now_ms);
            if shown.is_err() && !dice.once_in(4) {
                return None;
            }
        }
        self.seq += 1;
        self.pending.push(Sent {
            operation_id,
            client: index,
            client_id: self.client_id.clone(),
            user_id: self.user_id.clone(),
            seq: self.seq,
            command: envelope.command,
            base_version,
            made_at_ms: now_ms,
        });
        Some(())
    }

    fn think(&self, dice: &mut Dice) -> (&'static str, Value) {
        let mut node = || format!("n{}", dice.below(8));
        let (one, other) = (node(), node());
        let words = ["a", "b", "a b", "b c", "c"];
        let word = words[dice.index(words.len())];
        let edge = format!("e{}", dice.below(6));
        match dice.below(18) {
            0..=2 => ("CREATE_NODE", json!({ "id": one, "title": word })),
            3 => ("CREATE_NODE", json!({ "id": one, "parent": other })),
            4..=6 => {
                let seen = self.replica.graph();
                let seen = seen.and_then(|graph| graph.nodes().get(one.as_str()));
                let base = seen.map_or("", |entry| entry.entity.title.as_str());
                let patch = json!({ "title": word });
                (
                    "UPDATE_NODE",
                    json!({ "id": one, "patch": patch, "base": { "title": base } }),
                )
            }
            7 | 8 => {
                let (x, y) = (dice.below(9), dice.below(9));
                let patch = json!({ "position": { "x": x, "y": y } });
                ("UPDATE_NODE", json!({ "id": one, "patch": patch }))
            }
            9 => {
                let patch = json!({ "data": { "k": word } });
                ("UPDATE_NODE", json!({ "id": one, "patch": patch }))
            }
            10 => ("DELETE_NODE", json!({ "id": one })),
            11 | 12 => (
                "CREATE_EDGE",
                json!({ "id": edge, "source": one, "target": other }),
            ),
            13 => ("DELETE_EDGE", json!({ "id": edge })),
            14 => ("UNDO", json!({})),
            15 => self.settle_a_conflict(dice),
            16 => {
                let strategies = ["MANUAL", "MERGE", "SERVER_WINS", "LAST_WRITE_WINS"];
                let policy = json!({ "title": strategies[dice.index(strategies.len())] });
                ("UPDATE_GRAPH", json!({ "policy": policy }))
            }
            _ => ("REDO", json!({})),
        }
    }

    fn settle_a_conflict(&self, dice: &mut Dice) -> (&'static str, Value) {
        let graph = self.replica.graph();
        let open = graph.and_then(|graph| graph.settings().conflicts.keys().next());
        let Some(id) = open else {
            return ("UNDO", json!({}));
        };
        let choice = ["mine", "theirs"][dice.index(2)];
        (
            "RESOLVE_CONFLICT",
            json!({ "conflictId": id, "choice": choice }),
        )
    }

    /// Takes what a frame says of this client's commands off the list; returns those that ended.
    pub(super) fn settle(&mut self, frame: &ServerFrame) -> Vec<(Sent, Outcome)> {
        let ended: Vec<(graphy_model::OperationId, Outcome)> = match frame {
            ServerFrame::CommandResult {
                operation_id,
                outcome,
            } => vec![(*operation_id, outcome.clone())],
            ServerFrame::Revert {
                operation_id,
                code,
                message,
                ..
            } => {
                let rejection = graphy_model::Rejection::new(*code, message.clone());
                vec![(*operation_id, rejection.into())]
            }
            ServerFrame::Sync(
                Sync::InSync { landed, .. }
                | Sync::Behind { landed, .. }
                | Sync::Full { landed, .. },
            ) => landed
                .iter()
                .map(|one| (one.operation_id, one.outcome.clone()))
                .collect(),
            _ => Vec::new(),
        };
        let mut settled = Vec::new();
        for (id, outcome) in ended {
            if let Some(at) = self.pending.iter().position(|sent| sent.operation_id == id) {
                settled.push((self.pending.remove(at), outcome));
                if at < self.sent {
                    self.sent -= 1;
                }
            }
        }
        settled
    }
}
