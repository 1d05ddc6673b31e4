//! A graph in memory: what the store holds, with the indexes that decisions need.
//!
//! A graph changes only through [`Graph::apply`] (replay of a history entry) and through
//! [`execute`](crate::execute()), which use the same primitives, so a replica that replays the
//! history holds exactly what the deciding one held, marks included. Every change can be taken
//! back with the [`Undo`] that it returned.

mod settings;

use std::collections::{BTreeSet, HashMap};

pub use settings::Settings;

use crate::change::{AppliedOperation, Change};
use crate::checksum::{Checksum, EntityHash, edge_text, node_text};
use crate::conflict::ConflictRecord;
use crate::entity::{Edge, Node};
use crate::ids::{ConflictId, EdgeId, Epoch, NodeId};
use crate::patch::{EdgePatch, Field, NodePatch};
use crate::policy::Policy;
use crate::record::{Mark, Marks};
use crate::sharing::{Grantee, GraphRole};

/// An entity with what the store keeps beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<E> {
    /// The version that last touched it.
    pub version: u64,
    /// Who wrote which field last.
    pub marks: Marks,
    /// The entity.
    pub entity: E,
    /// Its hash.
    pub hash: EntityHash,
}

/// Whether a graph is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// It is.
    #[default]
    Present,
    /// It was deleted; nothing can be done to it any more.
    Deleted,
}

/// Nodes and edges of one graph at one version.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    epoch: Epoch,
    version: u64,
    checksum: Checksum,
    presence: Presence,
    settings: Settings,
    nodes: HashMap<NodeId, Entry<Node>>,
    edges: HashMap<EdgeId, Entry<Edge>>,
    incident: HashMap<NodeId, BTreeSet<EdgeId>>,
    children: HashMap<NodeId, BTreeSet<NodeId>>,
}

#[derive(Debug)]
enum Prior {
    Node(NodeId, Option<Entry<Node>>),
    Edge(EdgeId, Option<Entry<Edge>>),
    Whole(Box<Graph>),
    Name(String),
    Policy(Policy),
    Grant(Grantee, Option<GraphRole>),
    Conflict(ConflictId, Option<Box<ConflictRecord>>),
}

/// What takes one change of a graph back.
#[derive(Debug)]
#[must_use = "a change can only be taken back with its undo"]
pub struct Undo {
    version: u64,
    priors: Vec<Prior>,
}

impl Graph {
    /// Makes an empty graph at the given point of its history.
    #[must_use]
    pub fn new(epoch: Epoch, version: u64) -> Self {
        Self {
            epoch,
            version,
            checksum: Checksum::default(),
            presence: Presence::Present,
            settings: Settings::default(),
            nodes: HashMap::new(),
            edges: HashMap::new(),
            incident: HashMap::new(),
            children: HashMap::new(),
        }
    }

    /// Returns the life of the stored state that this is a copy of.
    #[must_use]
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Returns the number of commands applied so far.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns the sum of all entity hashes.
    #[must_use]
    pub fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// Says whether the graph is there.
    #[must_use]
    pub fn presence(&self) -> Presence {
        self.presence
    }

    /// Returns the nodes by id.
    #[must_use]
    pub fn nodes(&self) -> &HashMap<NodeId, Entry<Node>> {
        &self.nodes
    }

    /// Returns the edges by id.
    #[must_use]
    pub fn edges(&self) -> &HashMap<EdgeId, Entry<Edge>> {
        &self.edges
    }

    /// Returns the edges that start or end at a node.
    pub fn edges_at(&self, node: &NodeId) -> impl Iterator<Item = &EdgeId> {
        self.incident.get(node).into_iter().flatten()
    }

    /// Returns the nodes that a node contains.
    pub fn children_of(&self, node: &NodeId) -> impl Iterator<Item = &NodeId> {
        self.children.get(node).into_iter().flatten()
    }

    /// Takes in a stored node while a replica is loaded.
    pub fn load_node(&mut self, version: u64, marks: Marks, node: Node, hash: EntityHash) {
        let id = node.id.clone();
        self.set_node(
            &id,
            Some(Entry {
                version,
                marks,
                entity: node,
                hash,
            }),
        );
    }

    /// Takes in a stored edge while a replica is loaded.
    pub fn load_edge(&mut self, version: u64, marks: Marks, edge: Edge, hash: EntityHash) {
        let id = edge.id.clone();
        self.set_edge(
            &id,
            Some(Entry {
                version,
                marks,
                entity: edge,
                hash,
            }),
        );
    }

    /// Sets the version once a loaded replica has caught up.
    pub fn finish_load(&mut self, version: u64) {
        self.version = version;
    }

    /// Replays one entry of the history.
    ///
    /// Entities that are already past the entry's version stay, so that entries may be
    /// replayed onto a state that was read while they were written.
    pub fn apply(&mut self, operation: &AppliedOperation) -> Undo {
        let mut undo = self.start();
        let mark = Mark(
            operation.version,
            operation.client_id.clone(),
            operation.timestamp,
        );
        for change in &operation.changes {
            if !self.is_past(change, operation.version) {
                self.apply_change(change, &mark, &mut undo);
            }
        }
        self.version = self.version.max(operation.version);
        undo
    }

    /// Takes a change back; undos must be given back newest first.
    pub fn revert(&mut self, undo: Undo) {
        for prior in undo.priors.into_iter().rev() {
            match prior {
                Prior::Node(id, entry) => drop(self.set_node(&id, entry)),
                Prior::Edge(id, entry) => drop(self.set_edge(&id, entry)),
                Prior::Whole(graph) => *self = *graph,
                prior => self.revert_settings(prior),
            }
        }
        self.version = undo.version;
    }

    fn is_past(&self, change: &Change, version: u64) -> bool {
        let seen = match change {
            Change::PutNode { node, .. } => self.nodes.get(&node.id).map(|entry| entry.version),
            Change::PatchNode { id, .. } | Change::DeleteNode { id } => {
                self.nodes.get(id).map(|entry| entry.version)
            }
            Change::PutEdge { edge, .. } => self.edges.get(&edge.id).map(|entry| entry.version),
            Change::PatchEdge { id, .. } | Change::DeleteEdge { id } => {
                self.edges.get(id).map(|entry| entry.version)
            }
            Change::DeleteGraph
            | Change::SetName { .. }
            | Change::SetPolicy { .. }
            | Change::SetGrant { .. }
            | Change::OpenConflict { .. }
            | Change::CloseConflict { .. } => None,
        };
        // An operation may touch an entity twice, so the same version is not past.
        seen.is_some_and(|seen| seen > version)
    }

    fn apply_change(&mut self, change: &Change, mark: &Mark, undo: &mut Undo) {
        match change {
            Change::PutNode { node, .. } => drop(self.put_node(node.clone(), mark, undo)),
            Change::PatchNode { id, patch, .. } => drop(self.patch_node(id, patch, mark, undo)),
            Change::DeleteNode { id } => self.remove_node(id, undo),
            Change::PutEdge { edge, .. } => drop(self.put_edge(edge.clone(), mark, undo)),
            Change::PatchEdge { id, patch, .. } => drop(self.patch_edge(id, patch, mark, undo)),
            Change::DeleteEdge { id } => self.remove_edge(id, undo),
            Change::DeleteGraph => self.delete(undo),
            Change::SetName { name } => self.set_name(name.clone(), undo),
            Change::SetPolicy { policy } => self.set_policy(policy.clone(), undo),
            Change::SetGrant { grantee, role } => self.set_grant(grantee, *role, undo),
            Change::OpenConflict { conflict } => {
                self.set_conflict(&conflict.conflict_id, Some((**conflict).clone()), undo);
            }
            Change::CloseConflict { conflict_id, .. } => {
                self.set_conflict(conflict_id, None, undo);
            }
        }
    }

    // The primitives that `apply` and `execute` share.

    pub(crate) fn start(&self) -> Undo {
        Undo {
            version: self.version,
            priors: Vec::new(),
        }
    }

    pub(crate) fn set_version(&mut self, version: u64) {
        self.version = version;
    }

    /// Takes back the newest changes of an undo until it has `keep` of them.
    pub(crate) fn revert_to(&mut self, undo: &mut Undo, keep: usize) {
        let priors = undo.priors.split_off(keep);
        let version = self.version;
        self.revert(Undo { version, priors });
    }

    pub(crate) fn put_node(&mut self, node: Node, mark: &Mark, undo: &mut Undo) -> EntityHash {
        let id = node.id.clone();
        let hash = EntityHash::of_node_text(id.as_str(), &node_text(&node));
        let marks = Marks::from([(Field::All, mark.clone())]);
        let entry = Entry {
            version: mark.0,
            marks,
            entity: node,
            hash,
        };
        let prior = self.set_node(&id, Some(entry));
        undo.priors.push(Prior::Node(id, prior));
        hash
    }

    pub(crate) fn patch_node(
        &mut self,
        id: &NodeId,
        patch: &NodePatch,
        mark: &Mark,
        undo: &mut Undo,
    ) -> Option<EntityHash> {
        let mut entry = self.nodes.get(id)?.clone();
        patch.apply(&mut entry.entity);
        entry.hash = EntityHash::of_node_text(id.as_str(), &node_text(&entry.entity));
        entry.version = mark.0;
        for field in patch.fields() {
            entry.marks.insert(field, mark.clone());
        }
        let hash = entry.hash;
        let prior = self.set_node(id, Some(entry));
        undo.priors.push(Prior::Node(id.clone(), prior));
        Some(hash)
    }

    pub(crate) fn remove_node(&mut self, id: &NodeId, undo: &mut Undo) {
        let prior = self.set_node(id, None);
        undo.priors.push(Prior::Node(id.clone(), prior));
    }

    pub(crate) fn put_edge(&mut self, edge: Edge, mark: &Mark, undo: &mut Undo) -> EntityHash {
        let id = edge.id.clone();
        let hash = EntityHash::of_edge_text(id.as_str(), &edge_text(&edge));
        let marks = Marks::from([(Field::All, mark.clone())]);
        let entry = Entry {
            version: mark.0,
            marks,
            entity: edge,
            hash,
        };
        let prior = self.set_edge(&id, Some(entry));
        undo.priors.push(Prior::Edge(id, prior));
        hash
    }

    pub(crate) fn patch_edge(
        &mut self,
        id: &EdgeId,
        patch: &EdgePatch,
        mark: &Mark,
        undo: &mut Undo,
    ) -> Option<EntityHash> {
        let mut entry = self.edges.get(id)?.clone();
        patch.apply(&mut entry.entity);
        entry.hash = EntityHash::of_edge_text(id.as_str(), &edge_text(&entry.entity));
        entry.version = mark.0;
        for field in patch.fields() {
            entry.marks.insert(field, mark.clone());
        }
        let hash = entry.hash;
        let prior = self.set_edge(id, Some(entry));
        undo.priors.push(Prior::Edge(id.clone(), prior));
        Some(hash)
    }

    pub(crate) fn remove_edge(&mut self, id: &EdgeId, undo: &mut Undo) {
        let prior = self.set_edge(id, None);
        undo.priors.push(Prior::Edge(id.clone(), prior));
    }

    pub(crate) fn delete(&mut self, undo: &mut Undo) {
        let mut gone = Self::new(self.epoch.clone(), self.version);
        gone.settings.owner.clone_from(&self.settings.owner);
        gone.presence = Presence::Deleted;
        undo.priors
            .push(Prior::Whole(Box::new(std::mem::replace(self, gone))));
    }

    /// Sets or removes a node and keeps checksum and indexes in step.
    fn set_node(&mut self, id: &NodeId, entry: Option<Entry<Node>>) -> Option<Entry<Node>> {
        if let Some(entry) = &entry {
            self.checksum.add(entry.hash);
        }
        let parent = entry.as_ref().and_then(|entry| entry.entity.parent.clone());
        let prior = match entry {
            Some(entry) => self.nodes.insert(id.clone(), entry),
            None => self.nodes.remove(id),
        };
        if let Some(prior) = &prior {
            self.checksum.subtract(prior.hash);
            if let Some(parent) = &prior.entity.parent {
                unlink(&mut self.children, parent, id);
            }
        }
        if let Some(parent) = parent {
            self.children.entry(parent).or_default().insert(id.clone());
        }
        prior
    }

    /// Sets or removes an edge and keeps checksum and indexes in step.
    fn set_edge(&mut self, id: &EdgeId, entry: Option<Entry<Edge>>) -> Option<Entry<Edge>> {
        let ends = entry.as_ref().map(|entry| {
            self.checksum.add(entry.hash);
            [entry.entity.source.clone(), entry.entity.target.clone()]
        });
        let prior = match entry {
            Some(entry) => self.edges.insert(id.clone(), entry),
            None => self.edges.remove(id),
        };
        if let Some(prior) = &prior {
            self.checksum.subtract(prior.hash);
            unlink(&mut self.incident, &prior.entity.source, id);
            unlink(&mut self.incident, &prior.entity.target, id);
        }
        for end in ends.into_iter().flatten() {
            self.incident.entry(end).or_default().insert(id.clone());
        }
        prior
    }
}

impl Undo {
    pub(crate) fn len(&self) -> usize {
        self.priors.len()
    }
}

fn unlink<T: Ord>(index: &mut HashMap<NodeId, BTreeSet<T>>, at: &NodeId, what: &T) {
    if let Some(set) = index.get_mut(at) {
        set.remove(what);
        if set.is_empty() {
            index.remove(at);
        }
    }
}
