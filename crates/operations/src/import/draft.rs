//! A plan in the making: makes ids that are valid and unique, and keeps the limits.

use std::collections::{BTreeMap, HashMap, HashSet};

use graphy_model::envelope::clip;
use graphy_model::ids::ID_CHARS_MAX;
use graphy_model::{Command, Edge, EdgeId, Limits, Node, NodeId, Position, Size};
use serde_json::Value;

use super::{ImportError, ImportPlan, NAME_CHARS_MAX};
use crate::layout;

/// Room for `:` and a counter behind an id that is taken.
const SUFFIX_CHARS: usize = 8;

/// Nodes and edges of a dependency graph, before they have places.
pub(super) struct Draft<'a> {
    limits: &'a Limits,
    nodes: Vec<Node>,
    edges: Vec<(usize, usize, String)>,
    pairs: HashSet<(usize, usize)>,
    ids: HashMap<String, u32>,
}

/// A package as a node to be.
pub(super) struct Package {
    /// What its id should look like.
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) title: String,
    /// Properties; those without a value are left out.
    pub(super) data: Vec<(&'static str, Option<String>)>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            nodes: Vec::new(),
            edges: Vec::new(),
            pairs: HashSet::new(),
            ids: HashMap::new(),
        }
    }

    /// Takes a package in and returns its index. The inner error says what is wrong with it.
    pub(super) fn add_package(&mut self, package: Package) -> Result<usize, DraftError> {
        if self.nodes.len() >= self.limits.nodes_max {
            return Err(DraftError::Full("nodes", self.limits.nodes_max));
        }
        let data: BTreeMap<String, Value> = package
            .data
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), Value::String(value?))))
            .collect();
        let node = Node {
            data,
            id: self.make_id(&package.id),
            kind: package.kind.to_owned(),
            parent: None,
            position: Position::default(),
            progress: None,
            size: Some(Size {
                width: layout::NODE_WIDTH,
                height: layout::NODE_HEIGHT,
            }),
            title: clip(&package.title),
        };
        let command = Command::CreateNode(node);
        self.limits
            .check(&command)
            .map_err(|rejection| DraftError::Refused(rejection.message))?;
        let Command::CreateNode(node) = command else {
            unreachable!("made above")
        };
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    /// Takes a dependency in; a second one between the same two packages is left out.
    pub(super) fn add_dependency(
        &mut self,
        from: usize,
        to: usize,
        kind: &str,
    ) -> Result<(), DraftError> {
        if !self.pairs.insert((from, to)) {
            return Ok(());
        }
        if self.edges.len() >= self.limits.edges_max {
            return Err(DraftError::Full("edges", self.limits.edges_max));
        }
        self.edges.push((from, to, kind.to_owned()));
        Ok(())
    }

    /// Says whether anything depends on a package.
    pub(super) fn dependents(&self) -> Vec<bool> {
        let mut dependents = vec![false; self.nodes.len()];
        for (from, to, _) in &self.edges {
            dependents[*to] |= from != to;
        }
        dependents
    }

    /// Gives every node its place and every edge its id.
    pub(super) fn finish(self, name: &str) -> ImportPlan {
        let pairs: Vec<(usize, usize)> = self.edges.iter().map(|edge| (edge.0, edge.1)).collect();
        let mut nodes = self.nodes;
        let on_top: Vec<bool> = nodes.iter().map(|node| node.kind == "workspace").collect();
        for (node, place) in nodes.iter_mut().zip(layout::arrange(&on_top, &pairs)) {
            node.position = place;
        }
        let edges = self
            .edges
            .into_iter()
            .enumerate()
            .map(|(index, (from, to, kind))| Edge {
                data: BTreeMap::new(),
                id: EdgeId::new(&format!("e{}", index + 1)).expect("a letter and digits are an id"),
                kind: Some(kind),
                label: None,
                source: nodes[from].id.clone(),
                target: nodes[to].id.clone(),
                weight: None,
            });
        let edges = edges.collect();
        ImportPlan {
            name: graph_name(name),
            nodes,
            edges,
        }
    }

    fn make_id(&mut self, wanted: &str) -> NodeId {
        let plain: String = wanted
            .trim_start_matches('@')
            .chars()
            .take(ID_CHARS_MAX - SUFFIX_CHARS)
            .map(|c| {
                if c.is_ascii_alphanumeric() || "_:.-".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        let plain = if plain.is_empty() {
            "node".to_owned()
        } else {
            plain
        };
        let mut id = plain.clone();
        // A made-up suffix may itself be taken by a package of that very name.
        while self.ids.contains_key(&id) {
            let count = self
                .ids
                .get_mut(&plain)
                .expect("the first of this name noted it");
            *count += 1;
            id = format!("{plain}:{count}");
        }
        self.ids.insert(id.clone(), 1);
        NodeId::new(&id).expect("only characters of ids, and not too many of them")
    }
}

/// Cuts a name to what a graph may be called.
pub(super) fn graph_name(name: &str) -> String {
    let name: String = name
        .trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_CHARS_MAX)
        .collect();
    if name.is_empty() {
        "Imported graph".to_owned()
    } else {
        name
    }
}

/// Why a package or dependency cannot be taken in.
#[derive(Debug)]
pub(super) enum DraftError {
    /// There are too many.
    Full(&'static str, usize),
    /// It breaks a limit.
    Refused(String),
}

impl DraftError {
    /// Makes the file's error of it.
    pub(super) fn located(self, locate: impl FnOnce(String) -> ImportError) -> ImportError {
        match self {
            Self::Full(what, limit) => ImportError::TooLarge {
                what,
                count: limit.saturating_add(1),
                limit,
            },
            Self::Refused(message) => locate(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_valid_and_unique_whatever_is_wanted() {
        let limits = Limits::default();
        let mut draft = Draft::new(&limits);
        let wanted = [
            "a",
            "a",
            "a:2",
            "a",
            "@x/y",
            "",
            "ü ü",
            &"z".repeat(300),
            &"z".repeat(301),
        ];
        let ids: Vec<String> = wanted
            .iter()
            .map(|id| draft.make_id(id).to_string())
            .collect();
        assert_eq!(ids[..7], ["a", "a:2", "a:2:2", "a:3", "x-y", "node", "---"]);
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), wanted.len());
    }
}
