//! Histories that `model` wrote and that every other replica must reproduce to the bit.
//!
//! Made from seeds by a generator of our own, so that the files change only when the model does.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use graphy_model::{
    AppliedOperation, Author, ClientId, Command, Envelope, Epoch, Graph, Limits, OperationId,
    Recalled, UndoStacks, UserId, execute,
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
    let mut operations: Vec<AppliedOperation> = Vec::new();
    let mut past: Vec<AppliedOperation> = Vec::new();
    let mut stacks: BTreeMap<UserId, UndoStacks> = BTreeMap::new();
    for step in 0..COMMANDS {
        if step == COMMANDS / 3 {
            initial = content(&graph);
            operations.clear();
        }
        let person = dice.below(3);
        let user = UserId::new(&format!("user-{person}")).expect("a text of the form of an id");
        let command = dice.next_command(&graph);
        let stacks = stacks.entry(user.clone()).or_default();
        let author = Author {
            client: ClientId::new(&format!("client-{person}")).ok(),
            base_version: Some(graph.version().saturating_sub(dice.below(4))),
            timestamp_ms: 1_700_000_000_000 + step * 10 - dice.below(30),
            user: Some(user.clone()),
            role: None,
            operation_id: OperationId(Uuid::from_u128(u128::from(seed) << 64 | u128::from(step))),
            recalled: recalled(&command, stacks, &past),
        };
        let executed = execute(&mut graph, &command, &author, &Limits::default());
        let Some(version) = executed.made else {
            continue;
        };
        let mut operation = AppliedOperation {
            version,
            operation_id: author.operation_id,
            replay_of: None,
            client_id: author.client,
            user_id: user,
            seq: None,
            command_type: command.command_type(),
            timestamp: author.timestamp_ms,
            changes: executed.changes,
            conflicts: executed.conflicts,
            target: executed.target,
            skipped: executed.skipped,
            inverse: executed.inverse,
        };
        stacks.note(&operation);
        past.push(operation.clone());
        operation.inverse = Vec::new();
        operations.push(operation);
    }
    let mut last = content(&graph);
    last["checksum"] = json!(graph.checksum());
    json!({ "initial": initial, "operations": operations, "final": last })
}

fn recalled(command: &Command, stacks: &UndoStacks, past: &[AppliedOperation]) -> Recalled {
    let step = match command {
        Command::Undo(_) => stacks.to_undo(None),
        Command::Redo(_) => stacks.to_redo(None),
        Command::RestoreVersion(wanted) => {
            let since = past.iter().rev();
            let since = since.take_while(|one| one.version > wanted.version);
            return Recalled::Since(since.cloned().collect());
        }
        _ => None,
    };
    let found = step.and_then(|step| past.iter().find(|one| one.version == step.version));
    found.map_or(Recalled::Nothing, |operation| Recalled::Target {
        operation: Box::new(operation.clone()),
        own: stacks.own().clone(),
    })
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
    let settings = graph.settings();
    let conflicts: Vec<_> = settings.conflicts.values().collect();
    json!({
        "nodes": nodes, "edges": edges, "conflicts": conflicts,
        "settings": { "policy": settings.policy, "grants": settings.grants },
        "name": settings.name,
    })
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

    /// A command of any sort; most of them change entities.
    fn next_command(&mut self, graph: &Graph) -> Command {
        let (kind, payload) = match self.below(24) {
            0 | 1 => ("UNDO", json!({})),
            2 => ("REDO", json!({})),
            3 if graph.version() > 0 && self.below(4) == 0 => {
                let back = 1 + self.below(graph.version().min(12));
                let version = graph.version() - back;
                ("RESTORE_VERSION", json!({ "version": version }))
            }
            4 => {
                let ids: Vec<_> = graph.settings().conflicts.keys().collect();
                let Some(id) = ids.first() else {
                    return self.command();
                };
                let (choice, value) = match self.below(3) {
                    0 => ("mine", None),
                    1 => ("theirs", None),
                    _ => ("edited", Some(json!("settled"))),
                };
                let mut payload = json!({ "conflictId": id, "choice": choice });
                if let Some(value) = value {
                    payload["value"] = value;
                }
                ("RESOLVE_CONFLICT", payload)
            }
            5 => match self.below(3) {
                0 => ("UPDATE_GRAPH", json!({ "name": self.title() + "x" })),
                1 => {
                    let strategies = ["MANUAL", "MERGE", "SERVER_WINS", "CLIENT_WINS"];
                    let at = usize::try_from(self.below(4)).unwrap_or_default();
                    let fields = ["title", "data.*", "position", "label"];
                    let field = usize::try_from(self.below(4)).unwrap_or_default();
                    let policy = json!({ fields[field]: strategies[at] });
                    ("UPDATE_GRAPH", json!({ "policy": policy }))
                }
                _ => (
                    "UPDATE_PERMISSIONS",
                    json!({ "userId": "bea", "role": "comment" }),
                ),
            },
            _ => return self.command(),
        };
        let value = json!({ "operationId": Uuid::nil(), "type": kind, "payload": payload });
        Envelope::from_value(value)
            .expect("the commands of a history are well-formed")
            .command
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
