//! What holds for every graph and every command.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};

use graphy_model::checksum::{edge_text, node_text};
use graphy_model::command::{
    Atomicity, BatchUpdate, EdgeRef, NoPayload, NodeRef, UpdateEdge, UpdateNode,
};
use graphy_model::graph::Presence;
use graphy_model::{
    AppliedOperation, Author, Checksum, ClientId, Command, Edge, EdgeId, EdgePatch, EntityHash,
    Epoch, Field, Graph, Limits, Node, NodeId, NodePatch, OperationId, Outcome, Position, Size,
    UserId, Viewport, execute,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value, json};
use uuid::Uuid;

// Strategies are boxed: their values would overflow a test thread's stack in debug builds.

/// Few ids, so that commands meet each other.
fn node_id() -> impl Strategy<Value = NodeId> {
    (0..6_u8).prop_map(|n| NodeId::new(&format!("n{n}")).unwrap())
}

fn edge_id() -> impl Strategy<Value = EdgeId> {
    (0..6_u8).prop_map(|n| EdgeId::new(&format!("e{n}")).unwrap())
}

/// Numbers of every sort, also ones that a limit must catch.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -1000.0..1000.0_f64,
        1 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => Just(-0.0),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[a-zà-ÿ \"\\\\]{0,8}", 1 => any::<String>(), 1 => Just("x".repeat(20_000))]
}

fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
        Just(json!(0.1)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-c]", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
    .boxed()
}

fn data() -> impl Strategy<Value = BTreeMap<String, Value>> {
    btree_map("[a-d]", value(), 0..3)
}

fn position() -> impl Strategy<Value = Position> {
    (number(), number()).prop_map(|(x, y)| Position { x, y })
}

fn size() -> impl Strategy<Value = Size> {
    (number(), number()).prop_map(|(width, height)| Size { height, width })
}

fn node() -> BoxedStrategy<Node> {
    (
        data(),
        node_id(),
        text(),
        option::of(node_id()),
        position(),
        option::of(0.0..=1.0_f64),
        option::of(size()),
        text(),
    )
        .prop_map(
            |(data, id, kind, parent, position, progress, size, title)| Node {
                data,
                id,
                kind,
                parent,
                position,
                progress,
                size,
                title,
            },
        )
        .boxed()
}

fn edge() -> BoxedStrategy<Edge> {
    (
        data(),
        edge_id(),
        option::of(text()),
        option::of(text()),
        node_id(),
        node_id(),
        option::of(number()),
    )
        .prop_map(|(data, id, kind, label, source, target, weight)| Edge {
            data,
            id,
            kind,
            label,
            source,
            target,
            weight,
        })
        .boxed()
}

fn field() -> impl Strategy<Value = Field> {
    prop_oneof![
        "[a-d]".prop_map(Field::Data),
        Just(Field::Kind),
        Just(Field::Label),
        Just(Field::Parent),
        Just(Field::Progress),
        Just(Field::Size),
        Just(Field::Title),
        Just(Field::Weight),
    ]
}

fn node_patch() -> BoxedStrategy<NodePatch> {
    (node(), btree_set(field(), 0..3), any::<[bool; 7]>())
        .prop_map(|(node, unset, take)| {
            let mut patch = NodePatch {
                unset,
                ..NodePatch::default()
            };
            if take[0] {
                patch.data = node.data;
            }
            patch.kind = take[1].then_some(node.kind);
            patch.parent = node.parent.filter(|_| take[2]);
            patch.position = take[3].then_some(node.position);
            patch.progress = node.progress.filter(|_| take[4]);
            patch.size = node.size.filter(|_| take[5]);
            patch.title = take[6].then_some(node.title);
            patch
        })
        .boxed()
}

fn edge_patch() -> BoxedStrategy<EdgePatch> {
    (edge(), btree_set(field(), 0..3))
        .prop_map(|(edge, unset)| EdgePatch {
            data: edge.data,
            kind: edge.kind,
            label: edge.label,
            weight: edge.weight,
            unset,
        })
        .boxed()
}

fn single() -> BoxedStrategy<Command> {
    prop_oneof![
        6 => node().prop_map(Command::CreateNode),
        6 => (node_id(), node_patch()).prop_map(|(id, patch)| {
            Command::UpdateNode(UpdateNode { id, patch, base: None })
        }),
        2 => node_id().prop_map(|id| Command::DeleteNode(NodeRef { id })),
        6 => edge().prop_map(Command::CreateEdge),
        3 => (edge_id(), edge_patch()).prop_map(|(id, patch)| {
            Command::UpdateEdge(UpdateEdge { id, patch, base: None })
        }),
        1 => edge_id().prop_map(|id| Command::DeleteEdge(EdgeRef { id })),
    ]
    .boxed()
}

fn command() -> BoxedStrategy<Command> {
    prop_oneof![
        20 => single(),
        4 => (vec(single(), 0..6), any::<bool>()).prop_map(|(operations, atomic)| {
            let atomic = if atomic { Atomicity::AllOrNothing } else { Atomicity::BestEffort };
            Command::BatchUpdate(BatchUpdate { operations, atomic })
        }),
        1 => (number(), number(), number())
            .prop_map(|(x, y, zoom)| Command::UpdateViewport(Viewport { x, y, zoom })),
        1 => Just(Command::DeleteGraph(NoPayload {})),
    ]
    .boxed()
}

fn author() -> BoxedStrategy<Author> {
    (option::of(0..3_u8), option::of(0..20_u64), 0..10_u64)
        .prop_map(|(client, base_version, timestamp_ms)| Author {
            client: client.map(|n| ClientId::new(&format!("c{n}")).unwrap()),
            base_version,
            timestamp_ms,
            ..Author::default()
        })
        .boxed()
}

fn story() -> BoxedStrategy<Vec<(Command, Author)>> {
    vec((command(), author()), 0..40).boxed()
}

fn empty() -> Graph {
    Graph::new(Epoch::new("e").unwrap(), 0)
}

/// Recomputes everything that a graph keeps step by step.
fn check(graph: &Graph) {
    let mut sum = Checksum::default();
    for (id, entry) in graph.nodes() {
        let hash = EntityHash::of_node_text(id.as_str(), &node_text(&entry.entity));
        assert_eq!(hash, entry.hash);
        assert_eq!(id, &entry.entity.id);
        sum.add(hash);
        let (mut at, mut steps) = (entry.entity.parent.as_ref(), 0);
        while let Some(parent) = at {
            steps += 1;
            assert!(steps <= graph.nodes().len(), "no parent cycle");
            at = graph
                .nodes()
                .get(parent)
                .expect("a parent exists")
                .entity
                .parent
                .as_ref();
        }
    }
    for (id, entry) in graph.edges() {
        let hash = EntityHash::of_edge_text(id.as_str(), &edge_text(&entry.entity));
        assert_eq!(hash, entry.hash);
        sum.add(hash);
        for end in [&entry.entity.source, &entry.entity.target] {
            assert!(graph.nodes().contains_key(end), "no dangling edge");
            assert!(graph.edges_at(end).any(|edge| edge == id));
        }
    }
    assert_eq!(sum, graph.checksum());
}

fn content(graph: &Graph) -> (BTreeSet<String>, BTreeSet<String>) {
    (
        graph
            .nodes()
            .values()
            .map(|entry| node_text(&entry.entity))
            .collect(),
        graph
            .edges()
            .values()
            .map(|entry| edge_text(&entry.entity))
            .collect(),
    )
}

fn operation(
    version: u64,
    author: &Author,
    command: &Command,
    changes: Vec<graphy_model::Change>,
) -> AppliedOperation {
    AppliedOperation {
        version,
        operation_id: OperationId(Uuid::nil()),
        replay_of: None,
        client_id: author.client.clone(),
        user_id: UserId::new("u").unwrap(),
        seq: None,
        command_type: command.command_type(),
        timestamp: author.timestamp_ms,
        changes,
        conflicts: Vec::new(),
        target: None,
        skipped: Vec::new(),
        inverse: Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/properties.regressions"),
        ))),
        ..ProptestConfig::default()
    })]

    /// Any command on any graph gets an outcome, and the graph keeps its invariants.
    #[test]
    fn the_reducer_is_total_and_keeps_the_invariants(story in story()) {
        let mut graph = empty();
        for (command, author) in &story {
            let before = graph.version();
            let executed = execute(&mut graph, command, author, &Limits::default());
            let grown = u64::from(executed.made.is_some());
            prop_assert_eq!(graph.version(), before + grown);
            check(&graph);
        }
    }

    /// Who replays the history holds what the deciding one held, marks included.
    #[test]
    fn a_replay_equals_the_decision(story in story()) {
        let (mut graph, mut replica) = (empty(), empty());
        for (command, author) in &story {
            let executed = execute(&mut graph, command, author, &Limits::default());
            if !executed.changes.is_empty() {
                let operation = operation(graph.version(), author, command, executed.changes);
                // What goes over the wire is text.
                let text = serde_json::to_string(&operation).unwrap();
                let operation: AppliedOperation = serde_json::from_str(&text).unwrap();
                let _undo = replica.apply(&operation);
            }
            prop_assert_eq!(&graph, &replica);
        }
    }

    /// An undo restores everything; a refusal had changed nothing.
    #[test]
    fn an_undo_takes_everything_back(story in story()) {
        let mut graph = empty();
        for (command, author) in &story {
            let before = graph.clone();
            let executed = execute(&mut graph, command, author, &Limits::default());
            if matches!(executed.outcome, Outcome::Rejected(_)) {
                prop_assert_eq!(&graph, &before);
            }
            let after = graph.clone();
            graph.revert(executed.undo);
            prop_assert_eq!(&graph, &before);
            graph = after;
        }
    }

    /// The inverse of a command, applied as one more, brings the content back.
    #[test]
    fn the_inverse_brings_the_content_back(story in story()) {
        let mut graph = empty();
        for (command, author) in &story {
            let (before, checksum) = (content(&graph), graph.checksum());
            let executed = execute(&mut graph, command, author, &Limits::default());
            if !executed.changes.is_empty() && graph.presence() == Presence::Present {
                let mut undone = graph.clone();
                let back = operation(graph.version() + 1, author, command, executed.inverse);
                let _undo = undone.apply(&back);
                check(&undone);
                prop_assert_eq!(content(&undone), before);
                prop_assert_eq!(undone.checksum(), checksum);
            }
        }
    }

    /// An atomic batch is applied whole, or leaves no trace.
    #[test]
    fn an_atomic_batch_is_all_or_nothing(
        story in story(),
        operations in vec(single(), 1..6),
        author in author(),
    ) {
        let mut graph = empty();
        for (command, author) in &story {
            execute(&mut graph, command, author, &Limits::default());
        }
        let before = graph.clone();
        let mut one_by_one = graph.clone();
        let alone = Author { base_version: None, ..author.clone() };
        let all_fit = operations.iter().all(|command| {
            let outcome = execute(&mut one_by_one, command, &alone, &Limits::default()).outcome;
            !matches!(outcome, Outcome::Rejected(_))
        });
        let batch = BatchUpdate { operations, atomic: Atomicity::AllOrNothing };
        let executed =
            execute(&mut graph, &Command::BatchUpdate(batch), &alone, &Limits::default());
        if all_fit && before.presence() == Presence::Present {
            prop_assert_eq!(content(&graph), content(&one_by_one));
        } else {
            prop_assert!(matches!(executed.outcome, Outcome::Rejected(_)));
            prop_assert_eq!(graph, before);
        }
    }

    /// A command reads its own text, whatever it holds, unless its numbers are none.
    #[test]
    fn a_command_reads_its_own_text(command in command()) {
        prop_assume!(Limits::default().check(&command).is_ok());
        let text = serde_json::to_string(&command).unwrap();
        prop_assert_eq!(serde_json::from_str::<Command>(&text).unwrap(), command);
    }
}
