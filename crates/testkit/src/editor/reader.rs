//! Somebody who only reads over HTTP, now from one node and now from another.

use std::collections::HashMap;
use std::time::Duration;

use graphy_model::checksum::{edge_text, node_text};
use graphy_model::{EntityHash, Graph, GraphId};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::{Identity, Stage};
use crate::cluster::PATIENCE;
use crate::http::{Changes, HttpCaller, State};
use crate::recording::{Event, Reading};

/// How often the reader asks.
const READ_INTERVAL: Duration = Duration::from_millis(50);
/// How long it waits before it asks another node.
const RETRY_WAIT: Duration = Duration::from_millis(50);

/// A reader with a copy of each graph, kept up by whole states and by changes in turn.
pub struct Reader {
    stage: Stage,
    identity: Identity,
    caller: HttpCaller,
    copies: HashMap<GraphId, Graph>,
    random: StdRng,
}

impl Reader {
    /// Makes a reader that has nothing yet.
    #[must_use]
    pub fn new(stage: Stage, identity: Identity, seed: u64) -> Self {
        let caller = HttpCaller::new(identity.token.clone());
        Self {
            stage,
            identity,
            caller,
            copies: HashMap::new(),
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// Reads graphs again and again until told to stop.
    ///
    /// # Panics
    /// When no node answers within the patience of tests.
    pub async fn run(mut self, graphs: Vec<GraphId>, stop: CancellationToken) {
        let mut ticks = interval(READ_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let graph = graphs[self.random.random_range(0..graphs.len())].clone();
            self.read(&graph).await;
        }
    }

    async fn read(&mut self, graph: &GraphId) {
        let read = self.stage.recorder.read_began(graph);
        let deadline = Instant::now() + PATIENCE;
        while let Err(failure) = self.ask(graph).await {
            let late = Instant::now() >= deadline;
            assert!(!late, "{} on {graph}: {failure}", self.identity.client);
            sleep(RETRY_WAIT).await;
        }
        let copy = &self.copies[graph];
        self.stage.recorder.note(Event::Read(Box::new(Reading {
            read,
            reader: self.identity.client.clone(),
            epoch: copy.epoch().clone(),
            version: copy.version(),
            checksum: copy.checksum(),
        })));
    }

    /// Asks some node once, for the changes or for everything.
    async fn ask(&mut self, graph: &GraphId) -> Result<(), String> {
        let index = self.random.random_range(0..self.stage.apis.len());
        let node = self.stage.apis[index].clone();
        let changes = self.random.random_bool(0.7);
        match self.copies.get_mut(graph) {
            Some(copy) if changes => {
                let found = self
                    .caller
                    .changes(&node, graph, copy.epoch(), copy.version())
                    .await
                    .map_err(|failure| failure.to_string())?;
                advance(copy, &found)
            }
            _ => {
                let found = self.caller.state(&node, graph).await;
                let found = found.map_err(|failure| failure.to_string())?;
                self.copies.insert(graph.clone(), filled(&found));
                Ok(())
            }
        }
    }
}

fn advance(copy: &mut Graph, found: &Changes) -> Result<(), String> {
    let at = (copy.epoch(), copy.version());
    if at != (&found.epoch, found.from_version) {
        return Err(format!("asked for what follows {at:?}, got {found:?}"));
    }
    for operation in &found.changes {
        // Whether it was right shows in the checksum.
        drop(copy.apply(operation));
    }
    Ok(())
}

fn filled(found: &State) -> Graph {
    let mut graph = Graph::new(found.epoch.clone(), 0);
    let version = found.version;
    for node in &found.nodes {
        let hash = EntityHash::of_node_text(node.id.as_str(), &node_text(node));
        graph.load_node(version, Default::default(), node.clone(), hash);
    }
    for edge in &found.edges {
        let hash = EntityHash::of_edge_text(edge.id.as_str(), &edge_text(edge));
        graph.load_edge(version, Default::default(), edge.clone(), hash);
    }
    graph.finish_load(version);
    graph
}
