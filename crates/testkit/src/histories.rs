//! Histories that `model` wrote and that every other replica must reproduce to the bit.
//!
//! Made from seeds by a generator of our own, so that the files change only when the model does.

use std::fs;
use std::path::Path;

use anyhow::Context;
use graphy_model::{
    AppliedOperation, Author, ClientId, Command, Envelope, Epoch, Graph, Limits, OperationId,
    UserId, execute,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// How many commands each history tries.
const COMMANDS: u64 = 120;
/// One history for each of these.
const SEEDS: [u64; 8] = [1, 2, 3, 5, 8, 13, 21, 34];

/// Writes the histories into a folder.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for seed in SEEDS {
        let path = folder.join(format!("seed-{seed:02}.json"));
        let mut text = serde_json::to_string(&history(seed))?;
        text.push('\n');
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Makes the history of a seed.
#[must_use]
pub fn history(seed: u64) -> Value {
    let mut dice = Dice(seed);
    let epoch = Epoch::new("history").expect("a fixed text of the form of an id");
    let mut graph = Graph::new(epoch, 0);
    // The first third is the initial state, so that replicas also start from one.
    let mut initial = content(&graph);
    let mut operations = Vec::new();
    for step in 0..COMMANDS {
        if step == COMMANDS / 3 {
            initial = content(&graph);
            operations.clear();
        }
        let command = dice.command();
        let author = Author {
            client: ClientId::new(&format!("client-{}", dice.below(3))).ok(),
            base_version: Some(graph.version().saturating_sub(dice.below(4))),
            timestamp_ms: 1_700_000_000_000 + step * 10 - dice.below(30),
        };
        let executed = execute(&mut graph, &command, &author, &Limits::default());
        if executed.changes.is_empty() {
            continue;
        }
        operations.push(AppliedOperation {
            version: graph.version(),
            operation_id: OperationId(Uuid::from_u128(u128::from(seed) << 64 | u128::from(step))),
            client_id: author.client,
            user_id: UserId::new("user").expect("a fixed text of the form of an id"),
            seq: None,
            command_type: command.command_type(),
            timestamp: author.timestamp_ms,
            changes: executed.changes,
            inverse: Vec::new(),
        });
    }
    let mut last = content(&graph);
    last["checksum"] = json!(graph.checksum());
    json!({ "initial": initial, "operations": operations, "final": last })
}

fn content(graph: &Graph) -> Value {
    let mut nodes: Vec<_> = graph.nodes().values().collect();
    nodes.sort_by(|a, b| a.entity.id.cmp(&b.entity.id));
    let mut edges: Vec<_> = graph.edges().values().collect();
    edges.sort_by(|a, b| a.entity.id.cmp(&b.entity.id));
    let nodes: Vec<_> = nodes
        .iter()
        .map(|entry| json!({ "node": entry.entity, "hash": entry.hash }))
        .collect();
    let edges: Vec<_> = edges
        .iter()
        .map(|entry| json!({ "edge": entry.entity, "hash": entry.hash }))
        .collect();
    json!({ "nodes": nodes, "edges": edges })
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same for ever.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn node(&mut self) -> String {
        format!("n{}", self.below(12))
    }

    fn edge(&mut self) -> String {
        format!("e{}", self.below(16))
    }

    fn position(&mut self) -> Value {
        let (x, y) = (self.below(4000), self.below(4000));
        json!({ "x": i64::try_from(x).unwrap_or_default() - 2000, "y": y })
    }

    fn title(&mut self) -> String {
        const WORDS: [&str; 6] = ["Größe", "plan", "δ", "a \"b\" \\ c", "👩‍🚀 crew", ""];
        let word = WORDS[usize::try_from(self.below(6)).unwrap_or_default()];
        format!("{word}{}", self.below(100))
    }

    fn data(&mut self) -> Value {
        let n = self.below(1000);
        match self.below(4) {
            0 => json!({}),
            1 => json!({ "a": n, "deep": { "list": [1, null, { "x": true }], "empty": [] } }),
            2 => json!({ "b.c": self.title(), "zero": null }),
            _ => json!({ "a": 9_007_199_254_740_991_u64, "é": [] }),
        }
    }

    fn single(&mut self) -> (&'static str, Value) {
        match self.below(20) {
            0..6 => {
                let mut node = json!({
                    "id": self.node(), "title": self.title(), "position": self.position(),
                    "data": self.data(), "kind": "task",
                });
                if self.below(3) == 0 {
                    node["parent"] = json!(self.node());
                }
                if self.below(4) == 0 {
                    node["size"] = json!({ "width": 200, "height": 80 });
                }
                ("CREATE_NODE", node)
            }
            6..11 => {
                let patch = match self.below(6) {
                    0 => json!({ "position": self.position() }),
                    1 => json!({ "title": self.title() }),
                    2 => json!({ "data": self.data(), "kind": "note" }),
                    3 => json!({ "unset": ["size", "data.a"] }),
                    4 => json!({ "parent": self.node() }),
                    _ => json!({ "progress": 0.25, "unset": ["parent"] }),
                };
                ("UPDATE_NODE", json!({ "id": self.node(), "patch": patch }))
            }
            11 => ("DELETE_NODE", json!({ "id": self.node() })),
            12..17 => {
                let mut edge =
                    json!({ "id": self.edge(), "source": self.node(), "target": self.node() });
                if self.below(2) == 0 {
                    edge["label"] = json!(self.title());
                    edge["weight"] = json!(self.below(10));
                }
                ("CREATE_EDGE", edge)
            }
            17..19 => {
                let patch = match self.below(3) {
                    0 => json!({ "label": self.title(), "kind": "uses" }),
                    1 => json!({ "weight": 0.5, "data": self.data() }),
                    _ => json!({ "unset": ["label", "weight"] }),
                };
                ("UPDATE_EDGE", json!({ "id": self.edge(), "patch": patch }))
            }
            _ => ("DELETE_EDGE", json!({ "id": self.edge() })),
        }
    }

    fn command(&mut self) -> Command {
        let (kind, payload) = if self.below(8) == 0 {
            let count = 1 + self.below(5);
            let operations: Vec<Value> = (0..count)
                .map(|_| self.single())
                .map(|(kind, payload)| json!({ "type": kind, "payload": payload }))
                .collect();
            (
                "BATCH_UPDATE",
                json!({ "operations": operations, "atomic": self.below(2) == 0 }),
            )
        } else {
            self.single()
        };
        let envelope = json!({ "operationId": Uuid::nil(), "type": kind, "payload": payload });
        Envelope::from_value(envelope)
            .expect("the generator makes well-formed commands")
            .command
    }
}
