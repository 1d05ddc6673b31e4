//! Progress of nodes, rolled up along the edges.
//!
//! An edge leads from a whole to one of its parts. A node without parts keeps the progress that
//! people gave it; one with parts has
//!
//! ```text
//! progress(n) = Σ weight(e) · progress(target(e)) / Σ weight(e)    over the edges e that leave n
//! ```
//!
//! where the weight is that of the edge, and 1 if it has none. An edge whose weight is 0 or less
//! does not count. A part without progress counts as 0, but a node none of whose parts, however far
//! down, has any progress has none itself: nobody has begun to keep it.
//!
//! Nodes that lead to each other in a cycle are one group: the sum goes over the edges that leave
//! the group, all its nodes have the same progress, and a group that no edge leaves has the mean of
//! what its nodes were given (0 for those that were given nothing).
//!
//! The result depends on nothing but nodes, edges and weights: sums go in the order of ids, so
//! every machine gets the same numbers to the last bit.

mod groups;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::graph::Graph;
use crate::ids::{EdgeId, NodeId};

/// What was rolled up for one node.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RolledUp {
    /// The progress, 0..=1.
    pub progress: f64,
    /// From how many nodes it was taken directly; those of its group count as one.
    pub parts: u32,
}

/// What a node brings to the sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Part<'a> {
    /// Its id.
    pub id: &'a NodeId,
    /// What people gave it.
    pub progress: Option<f64>,
}

/// An edge from a whole to a part.
#[derive(Debug, Clone, PartialEq)]
pub struct Link<'a> {
    /// The whole.
    pub source: &'a NodeId,
    /// The part.
    pub target: &'a NodeId,
    /// How much the part counts; 1 if absent.
    pub weight: Option<f64>,
}

/// What of a graph decides its progress: copied quickly, to be summed elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    nodes: Vec<(NodeId, Option<f64>)>,
    edges: Vec<(EdgeId, NodeId, NodeId, Option<f64>)>,
}

impl Outline {
    /// Copies what decides.
    #[must_use]
    pub fn of(graph: &Graph) -> Self {
        let nodes = graph.nodes().values().map(|one| &one.entity);
        let edges = graph.edges().values().map(|one| &one.entity);
        Self {
            nodes: nodes.map(|node| (node.id.clone(), node.progress)).collect(),
            edges: edges
                .map(|edge| {
                    let (id, source, target) = (&edge.id, &edge.source, &edge.target);
                    (id.clone(), source.clone(), target.clone(), edge.weight)
                })
                .collect(),
        }
    }

    /// Rolls the progress up; holds those nodes that have parts and a progress.
    #[must_use]
    pub fn roll_up(mut self) -> BTreeMap<NodeId, RolledUp> {
        self.nodes.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        self.edges.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let nodes: Vec<Part<'_>> = self
            .nodes
            .iter()
            .map(|(id, progress)| Part {
                id,
                progress: *progress,
            })
            .collect();
        let edges: Vec<Link<'_>> = self
            .edges
            .iter()
            .map(|(_, source, target, weight)| Link {
                source,
                target,
                weight: *weight,
            })
            .collect();
        roll_up(&nodes, &edges)
    }
}

/// Rolls progress up; nodes and edges stand in the order in which they are to be summed.
#[must_use]
pub fn roll_up(nodes: &[Part<'_>], edges: &[Link<'_>]) -> BTreeMap<NodeId, RolledUp> {
    let place: BTreeMap<&NodeId, usize> = nodes
        .iter()
        .enumerate()
        .map(|(place, node)| (node.id, place))
        .collect();
    let mut leaving: Vec<Vec<(usize, f64)>> = vec![Vec::new(); nodes.len()];
    for edge in edges {
        let weight = edge.weight.unwrap_or(1.0);
        if let (Some(&source), Some(&target)) = (place.get(edge.source), place.get(edge.target))
            && weight > 0.0
            && weight.is_finite()
        {
            leaving[source].push((target, weight));
        }
    }
    let mut found = BTreeMap::new();
    // Of each node: its group and, once the group is summed, the group's progress.
    let groups = groups::of(&leaving);
    let mut summed: Vec<Option<f64>> = vec![None; groups.members.len()];
    // A group comes after all groups that its edges lead to.
    for (group, members) in groups.members.iter().enumerate() {
        let sum = sum_of(group, members, nodes, &leaving, &groups.of_node, &summed);
        summed[group] = sum.progress;
        if let (Some(progress), true) = (sum.progress, sum.parts > 0) {
            for &member in members {
                let parts = sum.parts;
                found.insert(nodes[member].id.clone(), RolledUp { progress, parts });
            }
        }
    }
    found
}

struct Sum {
    progress: Option<f64>,
    parts: u32,
}

fn sum_of(
    group: usize,
    members: &[usize],
    nodes: &[Part<'_>],
    leaving: &[Vec<(usize, f64)>],
    group_of: &[usize],
    summed: &[Option<f64>],
) -> Sum {
    let (mut weights, mut total, mut known) = (0.0, 0.0, false);
    let mut parts = BTreeSet::new();
    // The largest weight is taken as 1, so that no sum of weights leaves the range of numbers.
    let outward = |member: usize| {
        let edges = leaving[member].iter();
        edges.filter(|(target, _)| group_of[*target] != group)
    };
    let heaviest = members
        .iter()
        .flat_map(|&member| outward(member))
        .fold(0.0_f64, |most, (_, weight)| most.max(*weight));
    for &member in members {
        for &(target, weight) in outward(member) {
            let progress = summed[group_of[target]];
            known |= progress.is_some();
            let weight = weight / heaviest;
            weights += weight;
            total += weight * progress.unwrap_or(0.0);
            parts.insert(target);
        }
    }
    if parts.is_empty() {
        let own = members.iter().map(|&member| nodes[member].progress);
        known = own.clone().any(|progress| progress.is_some());
        total = own.map(|progress| progress.unwrap_or(0.0)).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a graph has 100 000 nodes at most"
        )]
        let count = members.len() as f64;
        weights = count;
    }
    Sum {
        progress: known.then(|| (total / weights).clamp(0.0, 1.0)),
        parts: u32::try_from(parts.len()).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests;
