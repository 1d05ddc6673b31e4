//! The loop of a run: events in the order of their times, invariants after each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use graphy_model::{OperationId, Outcome};

use super::Bug;
use super::client::Client;
use super::dice::Dice;
use super::node::Node;
use super::store::Store;
use super::verdict::{Broken, Tally};
use super::wire::Event;

/// When everything is healed, in virtual milliseconds.
const HEAL_AT_MS: u64 = 4_000;
/// When everything must have come to rest.
const REST_BY_MS: u64 = 120_000;
/// How long a worker may hold a job.
pub(super) const LOCK_MS: u64 = 150;
/// How often a node audits itself.
pub(super) const AUDIT_MS: u64 = 250;

/// A connection; what is said on it arrives in order, or not at all.
pub(super) struct Link {
    pub(super) client: usize,
    pub(super) node: usize,
    pub(super) to_node_ms: u64,
    pub(super) to_client_ms: u64,
}

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) bug: Bug,
    pub(super) now: u64,
    pub(super) step: u64,
    pub(super) ties: u64,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    what: HashMap<u64, Event>,
    pub(super) dice: Dice,
    pub(super) store: Store,
    pub(super) nodes: Vec<Node>,
    pub(super) clients: Vec<Client>,
    pub(super) links: BTreeMap<u64, Link>,
    pub(super) tally: Tally,
    pub(super) healing: bool,
    pub(super) ids: u128,
    /// What clients were told, to be found in the history.
    pub(super) told: HashMap<OperationId, Outcome>,
}

impl World {
    pub(super) fn new(seed: u64, bug: Bug) -> Self {
        let mut dice = Dice(seed);
        let store = Store::new(bug);
        let nodes = (0..dice.between(1, 3)).map(|_| Node::new(&store)).collect();
        let clients = dice.between(2, 5);
        let actions = dice.between(15, 50);
        let users = usize::try_from(dice.between(2, clients)).unwrap_or(2);
        let clients = (0..usize::try_from(clients).unwrap_or(2))
            .map(|index| Client::new(index, users, actions))
            .collect();
        let mut world = Self {
            seed,
            bug,
            now: 0,
            step: 0,
            ties: 0,
            events: BinaryHeap::new(),
            what: HashMap::new(),
            dice,
            store,
            nodes,
            clients,
            links: BTreeMap::new(),
            tally: Tally::default(),
            healing: false,
            ids: u128::from(seed) << 32,
            told: HashMap::new(),
        };
        for client in 0..world.clients.len() {
            world.after(1, Event::Connect(client));
            world.after(5, Event::Act(client));
        }
        for node in 0..world.nodes.len() {
            world.after(AUDIT_MS, Event::Audit(node, 0));
        }
        world.after(50, Event::Chaos);
        world
    }

    pub(super) fn after(&mut self, wait: u64, event: Event) {
        self.at(self.now + wait, event);
    }

    pub(super) fn at(&mut self, time: u64, event: Event) {
        self.ties += 1;
        self.events.push(Reverse((time, self.ties)));
        self.what.insert(self.ties, event);
    }

    pub(super) fn run(mut self) -> Result<Tally, Box<Broken>> {
        let result = self.play();
        self.tally.versions = self.store.made.len() as u64;
        result.map(|()| self.tally).map_err(|what| {
            Box::new(Broken {
                seed: self.seed,
                what,
                step: self.step,
                at_ms: self.now,
            })
        })
    }

    pub(super) fn play(&mut self) -> Result<(), String> {
        while let Some(Reverse((time, tie))) = self.events.pop() {
            self.now = time;
            self.step += 1;
            if self.now >= HEAL_AT_MS && !self.healing {
                self.heal();
            }
            if self.now >= REST_BY_MS {
                return Err("the deployment never came to rest".to_owned());
            }
            if let Some(event) = self.what.remove(&tie) {
                self.happen(event)?;
            }
            if self.healing && self.is_at_rest() {
                return self.check_end();
            }
        }
        Err("nothing happens any more".to_owned())
    }

    pub(super) fn heal(&mut self) {
        self.healing = true;
        for node in 0..self.nodes.len() {
            self.nodes[node].connected = true;
            if !self.nodes[node].alive {
                self.after(1, Event::Start(node));
            }
        }
        for client in 0..self.clients.len() {
            self.clients[client].offline = false;
            self.clients[client].slow_ms = 0;
            self.clients[client].actions_left = 0;
            self.after(1, Event::Connect(client));
        }
    }

    pub(super) fn is_at_rest(&self) -> bool {
        let (epoch, version) = (self.store.graph.epoch(), self.store.graph.version());
        self.store.queue.is_empty()
            && self
                .nodes
                .iter()
                .all(|node| node.alive && node.waiting.is_empty())
            && self.clients.iter().all(|client| {
                client.pending.is_empty()
                    && client.synced
                    && client.replica.confirmed() == Some((epoch, version))
            })
    }

    pub(super) fn check_end(&self) -> Result<(), String> {
        for client in &self.clients {
            let graph = client.replica.graph().ok_or("a client holds nothing")?;
            let same = graph.nodes().len() == self.store.graph.nodes().len()
                && graph.checksum() == self.store.graph.checksum();
            if !same {
                return Err(format!(
                    "{} differs from the store at the end",
                    client.client_id
                ));
            }
        }
        for (id, outcome) in &self.told {
            let made = self.store.made.get(id).map(|(_, version)| *version);
            let right = match outcome {
                Outcome::Rejected(_) => made.is_none(),
                Outcome::Applied { version } | Outcome::Conflict { version, .. } => {
                    made == Some(*version)
                }
                Outcome::Merged { version, .. } => made.is_none_or(|made| made == *version),
                Outcome::Duplicate { .. } => true,
            };
            if !right {
                return Err(format!(
                    "{id:?} was told {outcome:?}, the history has {made:?}"
                ));
            }
        }
        Ok(())
    }

    pub(super) fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Act(client) => self.act(client),
            Event::Connect(client) => self.connect(client),
            Event::ToNode(link, say) => self.hear(link, say),
            Event::ToClient(link, frame) => self.read(link, &frame)?,
            Event::Enqueue(node) => self.enqueue(node),
            Event::Fetch(node) => self.fetch(node),
            Event::Write(node, generation, job) => self.write(node, generation, job)?,
            Event::News(node, generation, batch) => self.news(node, generation, &batch),
            Event::Audit(node, generation) => self.audit(node, generation),
            Event::Start(node) => self.start(node),
            Event::Heal(node) => self.nodes[node].connected = true,
            Event::Chaos => self.chaos(),
        }
        Ok(())
    }
}
