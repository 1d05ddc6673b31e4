//! What a person at an editor might do, made up from a seed.
//!
//! An author remembers what is its own, so it knows of most of its commands that they cannot be
//! refused: nobody else touches its nodes. Around them it moves and renames nodes that all share,
//! and makes and deletes a few that all fight over; there a refusal is as good as an effect.

use graphy_model::Envelope;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::recording::Demand;

/// How many nodes of a graph all authors share.
pub const SHARED_NODES: usize = 8;
/// How many nodes of a graph all authors fight over.
const CONTESTED_NODES: usize = 3;

/// A command that is not sent yet.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The command; without client, seq and base version.
    pub envelope: Envelope,
    /// What must become of it.
    pub demand: Demand,
}

impl Planned {
    fn new(kind: &str, payload: &Value, demand: Demand) -> Self {
        let command = json!({
            "operationId": Uuid::now_v7(), "type": kind, "payload": payload,
        });
        let envelope = Envelope::from_value(command).expect("the workload makes valid commands");
        Self { envelope, demand }
    }
}

/// The commands that make the nodes which all share.
#[must_use]
pub fn shared_nodes() -> Vec<Planned> {
    let node = |index| json!({ "id": format!("shared-{index}"), "title": "shared" });
    (0..SHARED_NODES)
        .map(|index| Planned::new("CREATE_NODE", &node(index), Demand::Effect))
        .collect()
}

/// Makes up what somebody does who renames what all share, and often takes it back: commands that
/// meet those of others as merges and conflicts. Any of them may be refused.
#[must_use]
pub fn scribbles(author: &str, seed: u64, count: usize) -> Vec<Planned> {
    let mut random = StdRng::seed_from_u64(seed);
    let scribble = |index: usize| {
        let (kind, payload) = match random.random_range(0..10) {
            0..6 => {
                let id = format!("shared-{}", random.random_range(0..SHARED_NODES));
                // Some change the beginning and some the end, so that some can be merged.
                let title = match random.random_range(0..3) {
                    0 => format!("{author} {index}\nshared"),
                    1 => format!("shared\n{author} {index}"),
                    _ => format!("{author} {index}"),
                };
                let patch = json!({ "title": title });
                let base = json!({ "title": "shared" });
                let payload = json!({ "id": id, "patch": patch, "base": base });
                ("UPDATE_NODE", payload)
            }
            6..9 => ("UNDO", json!({})),
            _ => ("REDO", json!({})),
        };
        Planned::new(kind, &payload, Demand::Outcome)
    };
    (0..count).map(scribble).collect()
}

/// Makes up changes of shared nodes that weigh a number of bytes each.
#[must_use]
pub fn heavy(author: &str, count: usize, bytes: usize) -> Vec<Planned> {
    let heavy = |index: usize| {
        let id = format!("shared-{}", index % SHARED_NODES);
        let text = format!("{index} {}", "x".repeat(bytes));
        let patch = json!({ "data": { author: text } });
        let payload = json!({ "id": id, "patch": patch });
        Planned::new("UPDATE_NODE", &payload, Demand::Effect)
    };
    (0..count).map(heavy).collect()
}

/// Somebody who edits one graph.
#[derive(Debug)]
pub struct Author {
    name: String,
    random: StdRng,
    made: usize,
    nodes: Vec<String>,
    /// Own edges with the own node that they start at.
    edges: Vec<(String, String)>,
}

impl Author {
    /// Makes an author; the name must be one of a kind in its graph.
    #[must_use]
    pub fn new(name: &str, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            random: StdRng::seed_from_u64(seed),
            made: 0,
            nodes: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// Makes up the next commands.
    #[must_use]
    pub fn plan(&mut self, count: usize) -> Vec<Planned> {
        let mut planned = Vec::with_capacity(count);
        while planned.len() < count {
            self.act(&mut planned);
        }
        planned.truncate(count);
        planned
    }

    fn act(&mut self, planned: &mut Vec<Planned>) {
        let effect = |kind, payload: Value| Planned::new(kind, &payload, Demand::Effect);
        match self.random.random_range(0..100) {
            0..25 => {
                let id = self.new_node();
                planned.push(effect(
                    "CREATE_NODE",
                    json!({ "id": id, "title": self.name }),
                ));
            }
            25..45 => self.drag(planned),
            45..58 => {
                let patch = json!({ "title": self.word(), "data": { "by": self.name } });
                let id = self.own_node().unwrap_or_else(|| "shared-0".to_owned());
                planned.push(effect("UPDATE_NODE", json!({ "id": id, "patch": patch })));
            }
            58..68 => planned.extend(self.connect()),
            68..72 => planned.extend(self.disconnect()),
            72..80 => planned.extend(self.delete()),
            80..92 => planned.push(self.contest()),
            92..97 => {
                let (one, other) = (self.new_node(), self.new_node());
                let edge =
                    json!({ "id": format!("{one}:{other}"), "source": one, "target": other });
                let operations = json!([
                    { "type": "CREATE_NODE", "payload": { "id": one } },
                    { "type": "CREATE_NODE", "payload": { "id": other } },
                    { "type": "CREATE_EDGE", "payload": edge },
                ]);
                planned.push(effect("BATCH_UPDATE", json!({ "operations": operations })));
            }
            _ => planned.push(effect(
                "UPDATE_VIEWPORT",
                json!({ "x": 1.5, "y": 0, "zoom": 2 }),
            )),
        }
    }

    /// A node is dragged: several moves in a row, of which an engine may merge some.
    fn drag(&mut self, planned: &mut Vec<Planned>) {
        let id = self.shared_node();
        for _ in 0..self.random.random_range(1..5) {
            let (x, y) = (
                self.random.random_range(-500..500),
                self.random.random_range(-500..500),
            );
            let patch = json!({ "position": { "x": f64::from(x) / 4.0, "y": y } });
            let payload = json!({ "id": id, "patch": patch });
            planned.push(Planned::new("UPDATE_NODE", &payload, Demand::Effect));
        }
    }

    fn connect(&mut self) -> Option<Planned> {
        let source = self.own_node()?;
        self.made += 1;
        let id = format!("{}.e{}", self.name, self.made);
        self.edges.push((id.clone(), source.clone()));
        let payload = json!({ "id": id, "source": source, "target": self.shared_node() });
        Some(Planned::new("CREATE_EDGE", &payload, Demand::Effect))
    }

    fn disconnect(&mut self) -> Option<Planned> {
        let (id, _) = self.edges.pop()?;
        Some(Planned::new(
            "DELETE_EDGE",
            &json!({ "id": id }),
            Demand::Effect,
        ))
    }

    /// Deletes an own node; its edges go with it.
    fn delete(&mut self) -> Option<Planned> {
        let id = self.own_node()?;
        self.nodes.retain(|node| *node != id);
        self.edges.retain(|(_, source)| *source != id);
        Some(Planned::new(
            "DELETE_NODE",
            &json!({ "id": id }),
            Demand::Effect,
        ))
    }

    /// Does something to a node that others may have made or deleted meanwhile.
    fn contest(&mut self) -> Planned {
        let id = format!("contested-{}", self.random.random_range(0..CONTESTED_NODES));
        match self.random.random_range(0..3) {
            0 => Planned::new("CREATE_NODE", &json!({ "id": id }), Demand::Outcome),
            1 => Planned::new("DELETE_NODE", &json!({ "id": id }), Demand::Outcome),
            _ => {
                let payload = json!({ "id": id, "patch": { "title": self.word() } });
                Planned::new("UPDATE_NODE", &payload, Demand::Outcome)
            }
        }
    }

    fn new_node(&mut self) -> String {
        self.made += 1;
        let id = format!("{}.{}", self.name, self.made);
        self.nodes.push(id.clone());
        id
    }

    fn own_node(&mut self) -> Option<String> {
        let count = self.nodes.len();
        (count > 0).then(|| self.nodes[self.random.random_range(0..count)].clone())
    }

    fn shared_node(&mut self) -> String {
        format!("shared-{}", self.random.random_range(0..SHARED_NODES))
    }

    fn word(&mut self) -> String {
        format!("word {}", self.random.random_range(0..1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_commands() {
        let plan = |seed| {
            let planned = Author::new("ada", seed).plan(200);
            planned
                .into_iter()
                .map(|one| one.envelope.command)
                .collect::<Vec<_>>()
        };
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
        assert_eq!(plan(7).len(), 200);
    }
}
