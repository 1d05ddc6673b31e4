//! What happens at clients.

use graphy_client::replica::Health;
use graphy_model::Outcome;
use graphy_protocol::{ServerFrame, Sync};

use super::Bug;
use super::session::Session;
use super::wire::{Event, Say, Sent};
use super::world::{Link, World};

impl World {
    pub(super) fn act(&mut self, index: usize) {
        let client = &mut self.clients[index];
        if client.actions_left == 0 {
            return;
        }
        client.actions_left -= 1;
        self.ids += 1;
        if client
            .edit(index, self.ids, &mut self.dice, self.now)
            .is_some()
        {
            self.tally.commands += 1;
            self.send_pending(index);
        }
        let next = self.dice.between(1, 250);
        self.after(next, Event::Act(index));
    }

    pub(super) fn connect(&mut self, index: usize) {
        let client = &self.clients[index];
        if client.offline || client.link.is_some() {
            return;
        }
        let node = self.dice.index(self.nodes.len());
        if !self.nodes[node].alive || !self.nodes[node].connected {
            let later = self.dice.between(10, 60);
            self.after(later, Event::Connect(index));
            return;
        }
        self.ties += 1;
        let id = self.ties;
        let link = Link {
            client: index,
            node,
            to_node_ms: 0,
            to_client_ms: 0,
        };
        self.links.insert(id, link);
        self.nodes[node].sessions.insert(id, Session::new(index));
        let client = &mut self.clients[index];
        client.link = Some(id);
        client.synced = false;
        client.sent = 0;
        let at = client.replica.confirmed();
        let hello = Say::Hello {
            at: at.map(|(epoch, version)| (epoch.clone(), version)),
            pending: client
                .pending
                .iter()
                .map(|sent| sent.operation_id)
                .collect(),
        };
        self.say(id, hello);
    }

    pub(super) fn send_pending(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let Some(link) = client.link.filter(|_| client.synced) else {
            return;
        };
        let unsent: Vec<Sent> = client.pending[client.sent..].to_vec();
        client.sent = client.pending.len();
        for sent in unsent {
            self.say(link, Say::Command(Box::new(sent)));
        }
    }

    pub(super) fn say(&mut self, id: u64, say: Say) {
        let wait = self.dice.between(1, 12);
        if let Some(link) = self.links.get_mut(&id) {
            link.to_node_ms = link.to_node_ms.max(self.now + wait);
            let at = link.to_node_ms;
            self.at(at, Event::ToNode(id, say));
        }
    }

    pub(super) fn read(&mut self, id: u64, frame: &ServerFrame) -> Result<(), String> {
        let Some(link) = self.links.get(&id) else {
            return Ok(());
        };
        let (index, node) = (link.client, link.node);
        if let Some(session) = self.nodes[node].sessions.get_mut(&id) {
            session.backlog = session.backlog.saturating_sub(1);
            if session.owed && session.backlog <= 1 && self.nodes[node].connected {
                self.tally.resyncs += 1;
                self.synchronise(id, self.nodes[node].sessions[&id].at.clone());
            }
        }
        let client = &mut self.clients[index];
        let skip = self.bug == Bug::NoRevert && matches!(frame, ServerFrame::Revert { .. });
        let health = if skip {
            Health::InStep
        } else {
            client.replica.receive(frame).health
        };
        match health {
            Health::InStep => {}
            Health::Gap => {
                client.synced = false;
                let at = client.replica.confirmed();
                let at = at.map(|(epoch, version)| (epoch.clone(), version));
                self.say(id, Say::Sync(at));
                return Ok(());
            }
            Health::Diverged { expected, computed } => {
                let name = &client.client_id;
                return Err(format!("{name} holds {computed} in place of {expected}"));
            }
        }
        for (sent, outcome) in client.settle(frame) {
            self.tally.rejected += u64::from(matches!(outcome, Outcome::Rejected(_)));
            self.told.insert(sent.operation_id, first(outcome));
        }
        let client = &mut self.clients[index];
        if let ServerFrame::Sync(sync) = frame {
            self.tally.full_syncs += u64::from(matches!(sync, Sync::Full { .. }));
            client.synced = true;
            client.propose_again();
            self.send_pending(index);
        }
        self.check_client(index)
    }

    pub(super) fn check_client(&self, index: usize) -> Result<(), String> {
        let client = &self.clients[index];
        let Some((epoch, version)) = client.replica.confirmed() else {
            return Ok(());
        };
        let known = self.store.checksums.get(&(epoch.clone(), version));
        if known != Some(&client.replica.checksum()) {
            let name = &client.client_id;
            return Err(format!(
                "{name} does not hold what was at version {version}"
            ));
        }
        let graph = client.replica.graph().ok_or("a confirmed graph is there")?;
        if client.pending.is_empty() && graph.checksum() != client.replica.checksum() {
            let name = &client.client_id;
            return Err(format!("{name} shows something that nobody holds"));
        }
        Ok(())
    }

    pub(super) fn cut(&mut self, id: u64) {
        let Some(link) = self.links.remove(&id) else {
            return;
        };
        self.nodes[link.node].sessions.remove(&id);
        let client = &mut self.clients[link.client];
        if client.link == Some(id) {
            client.link = None;
            client.synced = false;
            let later = self.dice.between(5, 120);
            self.after(later, Event::Connect(link.client));
        }
    }
}

/// Returns the outcome that an operation had when it was handled for the first time.
pub(super) fn first(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Duplicate { first: Some(first) } => *first,
        outcome => outcome,
    }
}
