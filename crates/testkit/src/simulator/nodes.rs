//! What happens at server nodes.

use std::rc::Rc;

use graphy_model::{OperationId, Outcome};
use graphy_protocol::ServerFrame;

use super::Bug;
use super::clients::first;
use super::node::Node;
use super::session::{BACKLOG_MAX, update};
use super::wire::{Batch, Event, Say};
use super::world::{AUDIT_MS, LOCK_MS, World};

impl World {
    pub(super) fn hear(&mut self, id: u64, say: Say) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        let node = link.node;
        match say {
            Say::Hello { at, pending } => {
                if !self.nodes[node].connected {
                    return self.cut(id);
                }
                for operation in pending {
                    if let Some(session) = self.nodes[node].sessions.get_mut(&id) {
                        session.awaited.insert(operation);
                    }
                }
                self.synchronise(id, at);
            }
            Say::Sync(at) => {
                if !self.nodes[node].connected {
                    return self.cut(id);
                }
                self.synchronise(id, at);
            }
            Say::Command(sent) => {
                if let Some(session) = self.nodes[node].sessions.get_mut(&id) {
                    session.awaited.insert(sent.operation_id);
                }
                if self.bug == Bug::AckBeforeApply {
                    let version = self.store.graph.version() + 1;
                    let frame = ServerFrame::CommandResult {
                        operation_id: sent.operation_id,
                        outcome: Outcome::Applied { version },
                    };
                    self.tell(id, frame);
                }
                self.nodes[node].waiting.push(*sent);
                self.after(1, Event::Enqueue(node));
            }
        }
    }

    pub(super) fn synchronise(&mut self, id: u64, from: Option<(graphy_model::Epoch, u64)>) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        let Some(session) = self.nodes[link.node].sessions.get_mut(&id) else {
            return;
        };
        for frame in session.sync(from, &self.store) {
            self.tell(id, frame);
        }
    }

    pub(super) fn tell(&mut self, id: u64, frame: ServerFrame) {
        let wait = self.dice.between(1, 12);
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let slow = self.clients[link.client].slow_ms;
        link.to_client_ms = (link.to_client_ms + slow).max(self.now + wait);
        let at = link.to_client_ms;
        if let Some(session) = self.nodes[link.node].sessions.get_mut(&id) {
            session.backlog += 1;
        }
        self.at(at, Event::ToClient(id, Rc::new(frame)));
    }

    pub(super) fn enqueue(&mut self, node: usize) {
        if !self.nodes[node].alive || self.nodes[node].waiting.is_empty() {
            return;
        }
        if !self.nodes[node].connected {
            return self.after(20, Event::Enqueue(node));
        }
        self.ties += 1;
        let id = self.ties;
        if let Some(job) = self.nodes[node].next_job(id) {
            self.store.queue.push_back(job);
            self.wake_workers();
        }
    }

    pub(super) fn wake_workers(&mut self) {
        for node in 0..self.nodes.len() {
            let wait = self.dice.between(1, 6);
            self.after(wait, Event::Fetch(node));
        }
    }

    pub(super) fn fetch(&mut self, node: usize) {
        if !self.nodes[node].alive || !self.nodes[node].connected {
            return;
        }
        let now = self.now;
        let job = self
            .store
            .queue
            .iter_mut()
            .find(|job| job.not_before_ms <= now);
        match job {
            Some(job) => {
                job.not_before_ms = now + LOCK_MS;
                let id = job.id;
                let wait = self.dice.between(1, 5);
                let generation = self.nodes[node].generation;
                self.after(wait, Event::Write(node, generation, id));
            }
            None => {
                if !self.store.queue.is_empty() {
                    self.after(40, Event::Fetch(node));
                }
            }
        }
    }

    pub(super) fn write(&mut self, node: usize, generation: u64, id: u64) -> Result<(), String> {
        let Some(at) = self.store.queue.iter().position(|job| job.id == id) else {
            return Ok(());
        };
        let here = &mut self.nodes[node];
        if !here.alive || here.generation != generation || !here.connected {
            // The lock runs out, and another worker takes the job.
            self.wake_workers();
            self.after(LOCK_MS, Event::Fetch(node));
            return Ok(());
        }
        let job = self.store.queue[at].clone();
        let decided = here.carry_out(&job, &mut self.store, self.bug)?;
        let turned = |kind: &str| kind == "UNDO" || kind == "REDO";
        let undone = decided.operations.iter();
        self.tally.undone += undone
            .filter(|operation| turned(operation.command_type.as_str()))
            .count() as u64;
        self.tally.duplicates += decided.duplicates;
        let batch = Rc::new(Batch {
            job: id,
            epoch: self.store.graph.epoch().clone(),
            from_version: decided.from_version,
            to_version: self.store.graph.version(),
            checksum: self.store.graph.checksum(),
            operations: decided.operations,
            outcomes: decided.outcomes,
        });
        self.publish(&batch);
        if !self.healing && self.dice.once_in(12) {
            // The worker does not learn that it was written: the job is done a second time.
            self.tally.lost_replies += 1;
            self.after(LOCK_MS, Event::Fetch(node));
            return Ok(());
        }
        self.store.queue.retain(|job| job.id != id);
        if !decided.held.is_empty() {
            self.ties += 1;
            self.store.queue.push_back(super::store::Job {
                id: self.ties,
                commands: decided.held,
                not_before_ms: self.now + 30,
            });
        }
        if !self.store.queue.is_empty() {
            self.after(31, Event::Fetch(node));
        }
        Ok(())
    }

    pub(super) fn publish(&mut self, batch: &Rc<Batch>) {
        for node in 0..self.nodes.len() {
            if !self.nodes[node].alive {
                continue;
            }
            if !self.nodes[node].connected || (!self.healing && self.dice.once_in(15)) {
                self.tally.lost_news += 1;
                continue;
            }
            let wait = self.dice.between(1, 4);
            let at = self.nodes[node].news_at_ms.max(self.now + wait);
            self.nodes[node].news_at_ms = at;
            let generation = self.nodes[node].generation;
            self.at(at, Event::News(node, generation, Rc::clone(batch)));
            if self.dice.once_in(40) {
                self.at(at + 1, Event::News(node, generation, Rc::clone(batch)));
            }
        }
    }

    pub(super) fn news(&mut self, node: usize, generation: u64, batch: &Batch) {
        let here = &mut self.nodes[node];
        if !here.alive || here.generation != generation {
            return;
        }
        if here.unfinished == Some(batch.job) {
            here.unfinished = None;
            self.after(1, Event::Enqueue(node));
        }
        let here = &mut self.nodes[node];
        let follows = here.room == (batch.epoch.clone(), batch.from_version);
        let blind = self.bug == Bug::NoGapCheck && here.room.0 == batch.epoch;
        if follows || blind {
            here.room = (batch.epoch.clone(), batch.to_version);
            self.relay(node, &batch.operations, batch.checksum);
        } else {
            self.catch_up(node);
        }
        for (operation, client, outcome) in &batch.outcomes {
            self.tell_outcome(node, *operation, *client, outcome);
        }
    }

    /// Reads what the room has missed, if the store can be reached.
    pub(super) fn catch_up(&mut self, node: usize) {
        if !self.nodes[node].connected {
            return;
        }
        let (epoch, version) = (self.store.graph.epoch().clone(), self.store.graph.version());
        let room = self.nodes[node].room.clone();
        self.nodes[node].room = (epoch.clone(), version);
        let missed = (room.0 == epoch)
            .then(|| self.store.since(room.1))
            .flatten();
        match missed {
            Some(operations) => self.relay(node, &operations, self.store.graph.checksum()),
            None => {
                let links: Vec<u64> = self.nodes[node].sessions.keys().copied().collect();
                for link in links {
                    if self.nodes[node].sessions[&link].at.is_some() {
                        self.synchronise(link, None);
                    }
                }
            }
        }
    }

    /// Tells the sockets of a node what they have not been told.
    pub(super) fn relay(
        &mut self,
        node: usize,
        operations: &[graphy_model::AppliedOperation],
        checksum: graphy_model::Checksum,
    ) {
        let epoch = self.nodes[node].room.0.clone();
        let links: Vec<u64> = self.nodes[node].sessions.keys().copied().collect();
        for link in links {
            let Some(session) = self.nodes[node].sessions.get_mut(&link) else {
                continue;
            };
            let Some((of, version)) = session.at.clone().filter(|(of, _)| *of == epoch) else {
                continue;
            };
            let new: Vec<_> = operations
                .iter()
                .filter(|operation| operation.version > version)
                .cloned()
                .collect();
            let Some(last) = new.last() else { continue };
            if session.backlog >= BACKLOG_MAX {
                session.owed = true;
            }
            if session.owed {
                continue;
            }
            session.at = Some((of, last.version));
            let frame = update(&epoch, version, &new, checksum);
            self.tell(link, frame);
        }
    }

    pub(super) fn tell_outcome(
        &mut self,
        node: usize,
        operation: OperationId,
        client: usize,
        outcome: &Outcome,
    ) {
        let links: Vec<u64> = self.nodes[node].sessions.keys().copied().collect();
        for link in links {
            let Some(session) = self.nodes[node].sessions.get_mut(&link) else {
                continue;
            };
            // What is owed as a sync says how commands ended, too.
            if session.client != client || session.owed || !session.awaited.remove(&operation) {
                continue;
            }
            let frame = match first(outcome.clone()) {
                Outcome::Rejected(rejection) => ServerFrame::Revert {
                    operation_id: operation,
                    code: rejection.code,
                    message: rejection.message,
                    field: rejection.field,
                },
                outcome => ServerFrame::CommandResult {
                    operation_id: operation,
                    outcome,
                },
            };
            self.tell(link, frame);
        }
    }

    pub(super) fn audit(&mut self, node: usize, generation: u64) {
        let here = &mut self.nodes[node];
        if !here.alive || here.generation != generation {
            return;
        }
        self.after(AUDIT_MS, Event::Audit(node, generation));
        if !self.nodes[node].connected {
            return;
        }
        self.catch_up(node);
        let owed = self.nodes[node].sessions.iter();
        let owed = owed.filter(|(_, session)| session.owed && session.backlog <= 1);
        let owed: Vec<_> = owed
            .map(|(link, session)| (*link, session.at.clone()))
            .collect();
        for (link, at) in owed {
            self.synchronise(link, at);
        }
        let over = |job: u64| self.store.queue.iter().all(|waits| waits.id != job);
        if self.nodes[node].unfinished.is_some_and(over) {
            self.nodes[node].unfinished = None;
        }
        self.after(1, Event::Enqueue(node));
        self.after(2, Event::Fetch(node));
        let sessions = self.nodes[node].sessions.iter();
        let awaited: Vec<(OperationId, usize)> = sessions
            .flat_map(|(_, session)| session.awaited.iter().map(|id| (*id, session.client)))
            .collect();
        for (operation, client) in awaited {
            if let Some(outcome) = self.store.applied.get(&operation).cloned() {
                self.tell_outcome(node, operation, client, &outcome);
            }
        }
    }

    pub(super) fn start(&mut self, node: usize) {
        if self.nodes[node].alive {
            return;
        }
        let generation = self.nodes[node].generation;
        self.nodes[node] = Node::new(&self.store);
        self.nodes[node].generation = generation;
        self.after(AUDIT_MS, Event::Audit(node, generation));
        self.after(1, Event::Fetch(node));
    }
}
