//! Mending a copy that differs from the server's: first the digests of all buckets, then the
//! content of those that differ, and the whole state only if that does not help.

use graphy_model::checksum::{edge_text, node_text};
use graphy_model::{Checksum, EntityHash, Epoch, Graph};
use graphy_protocol::bucket::{BUCKETS, bucket_of};
use graphy_protocol::frame::{HashedEdge, HashedNode};

use super::{Health, Reaction, Replica};

/// What a replica needs next to be what the server holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The digests of all buckets.
    Digests,
    /// Everything in these buckets.
    Buckets(Vec<u16>),
    /// The whole state.
    All,
}

/// How far a repair has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mending {
    /// Nothing is known to be wrong.
    #[default]
    No,
    /// The digests were asked for.
    Comparing,
    /// The content of buckets was asked for.
    Filling,
    /// The whole state was asked for.
    Replacing,
}

impl Replica {
    /// Says what to ask for after a look at the checksums.
    pub(super) fn ask_for(&mut self, health: Health) -> Option<Ask> {
        match (health, self.mending) {
            (Health::InStep, _) => {
                self.mending = Mending::No;
                None
            }
            (Health::Diverged { .. }, Mending::No) => {
                self.mending = Mending::Comparing;
                Some(Ask::Digests)
            }
            // What was asked for is on its way, and updates go on meanwhile.
            (Health::Diverged { .. } | Health::Gap, _) => None,
        }
    }

    /// Compares the digests of the bare state with the server's.
    pub(super) fn compare(
        &mut self,
        epoch: &Epoch,
        version: u64,
        buckets: &[Checksum],
    ) -> Reaction {
        let mut reaction = Reaction::nothing();
        if self.mending != Mending::Comparing {
            return reaction;
        }
        let Some(own) = self.digests_at(epoch, version) else {
            return self.ask_for_all();
        };
        let numbers = 0..BUCKETS;
        let differing: Vec<u16> = numbers
            .zip(own.iter().zip(buckets))
            .filter(|(_, (own, other))| own != other)
            .map(|(number, _)| number)
            .collect();
        if buckets.len() != own.len() || differing.is_empty() {
            return self.ask_for_all();
        }
        self.mending = Mending::Filling;
        reaction.ask = Some(Ask::Buckets(differing));
        reaction
    }

    /// Puts the server's entities of some buckets in the place of the replica's.
    pub(super) fn repair(
        &mut self,
        (epoch, version): (&Epoch, u64),
        buckets: &[u16],
        (nodes, edges): (&[HashedNode], &[HashedEdge]),
        expected: Option<Checksum>,
    ) -> Reaction {
        if self.mending != Mending::Filling {
            return Reaction::nothing();
        }
        if self.confirmed() != Some((epoch, version)) {
            return self.ask_for_all();
        }
        self.take_layers_off();
        let Some(graph) = &mut self.graph else {
            return self.ask_for_all();
        };
        *graph = mended(graph, buckets, nodes, edges);
        let mut reaction = self.conclude(expected, &[], &[]);
        if expected.is_some() && matches!(reaction.health, Health::Diverged { .. }) {
            reaction.ask = self.ask_for_all().ask;
        }
        reaction
    }

    fn ask_for_all(&mut self) -> Reaction {
        self.mending = Mending::Replacing;
        Reaction {
            ask: Some(Ask::All),
            ..Reaction::nothing()
        }
    }

    /// The digests of the bare state, if it stands at that version.
    fn digests_at(&mut self, epoch: &Epoch, version: u64) -> Option<Vec<Checksum>> {
        if self.confirmed() != Some((epoch, version)) {
            return None;
        }
        self.take_layers_off();
        let graph = self.graph.as_ref()?;
        let mut digests = vec![Checksum::default(); usize::from(BUCKETS)];
        let nodes = graph
            .nodes()
            .iter()
            .map(|(id, one)| (id.as_str(), one.hash));
        let edges = graph
            .edges()
            .iter()
            .map(|(id, one)| (id.as_str(), one.hash));
        for (id, hash) in nodes.chain(edges) {
            digests[usize::from(bucket_of(id))].add(hash);
        }
        self.put_layers_on();
        Some(digests)
    }
}

/// The graph with other content in some of its buckets.
fn mended(graph: &Graph, buckets: &[u16], nodes: &[HashedNode], edges: &[HashedEdge]) -> Graph {
    let stays = |id: &str| !buckets.contains(&bucket_of(id));
    let mut fresh = Graph::new(graph.epoch().clone(), 0);
    fresh.load_settings(graph.settings().clone());
    for (id, entry) in graph.nodes() {
        if stays(id.as_str()) {
            let (marks, node) = (entry.marks.clone(), entry.entity.clone());
            fresh.load_node(entry.version, marks, node, entry.hash);
        }
    }
    for (id, entry) in graph.edges() {
        if stays(id.as_str()) {
            let (marks, edge) = (entry.marks.clone(), entry.entity.clone());
            fresh.load_edge(entry.version, marks, edge, entry.hash);
        }
    }
    fill(&mut fresh, graph.version(), nodes, edges);
    fresh.finish_load(graph.version());
    fresh
}

/// Takes entities of the server in, with hashes computed here.
pub(super) fn fill(graph: &mut Graph, version: u64, nodes: &[HashedNode], edges: &[HashedEdge]) {
    for HashedNode { node, .. } in nodes {
        let hash = EntityHash::of_node_text(node.id.as_str(), &node_text(node));
        graph.load_node(version, Default::default(), node.clone(), hash);
    }
    for HashedEdge { edge, .. } in edges {
        let hash = EntityHash::of_edge_text(edge.id.as_str(), &edge_text(edge));
        graph.load_edge(version, Default::default(), edge.clone(), hash);
    }
}
