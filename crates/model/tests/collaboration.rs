//! What holds when several people work on one graph: conflicts, undo, restoring, access.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;

use graphy_model::checksum::{edge_text, node_text};
use graphy_model::graph::Settings;
use graphy_model::{
    AppliedOperation, Author, Change, Choice, ClientId, Envelope, Epoch, Executed, Graph, Limits,
    OperationId, Outcome, Recalled, RejectCode, Role, UndoStacks, UserId, execute,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

/// A graph with its history, as a server keeps it.
struct Server {
    graph: Graph,
    past: Vec<AppliedOperation>,
    stacks: BTreeMap<String, UndoStacks>,
    sent: u128,
}

impl Server {
    fn new() -> Self {
        let mut graph = Graph::new(Epoch::new("e").unwrap(), 0);
        graph.load_settings(Settings {
            name: "graph".into(),
            owner: UserId::new("owner").ok(),
            ..Settings::default()
        });
        Self {
            graph,
            past: Vec::new(),
            stacks: BTreeMap::new(),
            sent: 0,
        }
    }

    /// Sends a command as somebody who had seen a version (none: everything).
    fn send(&mut self, user: &str, base: Option<u64>, kind: &str, payload: &Value) -> Executed {
        self.sent += 1;
        let operation_id = OperationId(Uuid::from_u128(self.sent));
        let envelope = Envelope::from_value(json!({
            "operationId": operation_id, "type": kind, "payload": payload,
        }))
        .unwrap();
        let stacks = self.stacks.entry(user.into()).or_default();
        let step = match kind {
            "UNDO" => stacks.to_undo(None),
            "REDO" => stacks.to_redo(None),
            _ => None,
        };
        let recalled = match (kind, step) {
            ("RESTORE_VERSION", _) => {
                let wanted = payload["version"].as_u64().unwrap();
                let since = self.past.iter().rev().filter(|one| one.version > wanted);
                Recalled::Since(since.cloned().collect())
            }
            (_, Some(step)) => Recalled::Target {
                operation: Box::new(self.past[step.version as usize - 1].clone()),
                own: stacks.own().clone(),
            },
            (_, None) => Recalled::Nothing,
        };
        let author = Author {
            client: ClientId::new(&format!("{user}-client")).ok(),
            base_version: base,
            timestamp_ms: 1000 + self.sent as u64,
            user: UserId::new(user).ok(),
            role: Some(Role::Editor),
            operation_id,
            recalled,
        };
        let limits = Limits::default();
        let executed = execute(&mut self.graph, &envelope.command, &author, &limits);
        if let Some(version) = executed.made {
            let operation = AppliedOperation {
                version,
                operation_id,
                client_id: author.client,
                user_id: author.user.unwrap(),
                seq: None,
                command_type: envelope.command.command_type(),
                timestamp: author.timestamp_ms,
                changes: executed.changes.clone(),
                conflicts: executed.conflicts.clone(),
                target: executed.target.clone(),
                skipped: executed.skipped.clone(),
                inverse: executed.inverse.clone(),
            };
            stacks.note(&operation);
            self.past.push(operation);
        }
        executed
    }

    fn title(&self, id: &str) -> &str {
        &self.graph.nodes()[id].entity.title
    }

    fn content(&self) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let nodes = self.graph.nodes().values();
        let edges = self.graph.edges().values();
        (
            nodes
                .map(|entry| (entry.entity.id.to_string(), node_text(&entry.entity)))
                .collect(),
            edges
                .map(|entry| (entry.entity.id.to_string(), edge_text(&entry.entity)))
                .collect(),
        )
    }
}

fn rename(id: &str, title: &str, base: &str) -> Value {
    json!({ "id": id, "patch": { "title": title }, "base": { "title": base } })
}

/// A node that `owner` made and that `ada` renamed at version 2; `bea` has seen version 1.
fn contested(policy: Option<&str>) -> Server {
    let mut server = Server::new();
    let node = json!({ "id": "n", "title": "the old plan" });
    server.send("owner", None, "CREATE_NODE", &node);
    if let Some(policy) = policy {
        let payload = json!({ "policy": { "title": policy } });
        server.send("owner", None, "UPDATE_GRAPH", &payload);
    }
    let base = Some(server.graph.version());
    server.send(
        "ada",
        base,
        "UPDATE_NODE",
        &rename("n", "the new plan", "the old plan"),
    );
    server
}

#[test]
fn each_strategy_settles_a_conflict_in_its_way() {
    for (policy, mine, title, merged) in [
        (None, "the old plan B", "the new plan B", true),
        (Some("LAST_WRITE_WINS"), "another", "another", false),
        (Some("CLIENT_WINS"), "another", "another", false),
        (Some("SERVER_WINS"), "another", "the new plan", true),
    ] {
        let mut server = contested(policy);
        let base = Some(server.graph.version() - 1);
        let executed = server.send(
            "bea",
            base,
            "UPDATE_NODE",
            &rename("n", mine, "the old plan"),
        );
        assert_eq!(server.title("n"), title, "{policy:?}");
        assert_eq!(
            matches!(executed.outcome, Outcome::Merged { .. }),
            merged,
            "{policy:?}"
        );
        assert_eq!(executed.conflicts.len(), 1);
    }
}

#[test]
fn what_cannot_be_merged_waits_for_a_person() {
    for (choice, value, title) in [
        ("mine", None, "the best plan"),
        ("theirs", None, "the new plan"),
        ("edited", Some("the newest plan"), "the newest plan"),
    ] {
        let mut server = contested(None);
        let mine = rename("n", "the best plan", "the old plan");
        let executed = server.send("bea", Some(1), "UPDATE_NODE", &mine);
        let Outcome::Conflict {
            conflict_id,
            version,
            ..
        } = executed.outcome
        else {
            panic!("{:?}", executed.outcome);
        };
        assert_eq!((version, server.title("n")), (3, "the new plan"));
        let record = &server.graph.settings().conflicts[&conflict_id];
        assert_eq!(
            (&record.base, &record.theirs),
            (&json!("the old plan"), &json!("the new plan"))
        );
        let mut payload = json!({ "conflictId": conflict_id, "choice": choice });
        if let Some(value) = value {
            payload["value"] = json!(value);
        }
        let executed = server.send("ada", None, "RESOLVE_CONFLICT", &payload);
        assert_eq!(executed.outcome, Outcome::Applied { version: 4 });
        assert_eq!(server.title("n"), title);
        assert!(server.graph.settings().conflicts.is_empty());
        assert!(executed.closed[0].resolution.is_some());
        let again = server.send("ada", None, "RESOLVE_CONFLICT", &payload);
        assert!(matches!(again.outcome, Outcome::Rejected(no) if no.code == RejectCode::NotFound));
    }
}

#[test]
fn one_more_conflict_of_the_same_author_replaces_the_one_that_waits() {
    let mut server = contested(Some("MANUAL"));
    for title in ["b", "c"] {
        server.send(
            "bea",
            Some(1),
            "UPDATE_NODE",
            &rename("n", title, "the old plan"),
        );
    }
    let conflicts = &server.graph.settings().conflicts;
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts.values().next().unwrap().mine, json!("c"));
}

#[test]
fn a_deleted_node_takes_its_conflicts_along() {
    let mut server = contested(Some("MANUAL"));
    server.send(
        "bea",
        Some(1),
        "UPDATE_NODE",
        &rename("n", "b", "the old plan"),
    );
    let executed = server.send("ada", None, "DELETE_NODE", &json!({ "id": "n" }));
    assert!(server.graph.settings().conflicts.is_empty());
    let closed = executed.changes.iter().any(|change| {
        matches!(change, Change::CloseConflict { resolution, .. } if resolution.choice == Choice::Obsolete)
    });
    assert!(closed, "{:?}", executed.changes);
}

#[test]
fn undo_leaves_what_others_changed_since() {
    let mut server = Server::new();
    server.send(
        "owner",
        None,
        "CREATE_NODE",
        &json!({ "id": "n", "title": "a" }),
    );
    let both = json!({ "id": "n", "patch": { "title": "b", "kind": "k" } });
    server.send("ada", None, "UPDATE_NODE", &both);
    server.send(
        "bea",
        None,
        "UPDATE_NODE",
        &json!({ "id": "n", "patch": { "title": "c" } }),
    );
    let executed = server.send("ada", None, "UNDO", &json!({}));
    assert!(
        matches!(executed.outcome, Outcome::Merged { .. }),
        "{:?}",
        executed.outcome
    );
    assert_eq!(executed.skipped.len(), 1);
    assert_eq!(server.title("n"), "c");
    assert_eq!(server.graph.nodes()["n"].entity.kind, "default");
    let executed = server.send("ada", None, "REDO", &json!({}));
    assert!(
        matches!(executed.outcome, Outcome::Applied { .. }),
        "{:?}",
        executed.outcome
    );
    assert_eq!(server.graph.nodes()["n"].entity.kind, "k");
    let nothing = server.send("owner", None, "REDO", &json!({}));
    assert!(matches!(nothing.outcome, Outcome::Rejected(no) if no.code == RejectCode::NotFound));
}

#[test]
fn a_node_on_which_others_built_is_not_undone() {
    let mut server = Server::new();
    server.send("owner", None, "CREATE_NODE", &json!({ "id": "a" }));
    server.send("ada", None, "CREATE_NODE", &json!({ "id": "b" }));
    let edge = json!({ "id": "e", "source": "a", "target": "b" });
    server.send("bea", None, "CREATE_EDGE", &edge);
    let executed = server.send("ada", None, "UNDO", &json!({}));
    assert_eq!(executed.skipped.len(), 1);
    assert!(server.graph.nodes().contains_key("b"));
    assert!(server.graph.edges().contains_key("e"));
    // It is done with: the next undo does not try again.
    let executed = server.send("ada", None, "UNDO", &json!({}));
    assert!(matches!(executed.outcome, Outcome::Rejected(_)));
}

#[test]
fn an_undone_deletion_brings_edges_and_children_back() {
    let mut server = Server::new();
    for node in [json!({ "id": "a" }), json!({ "id": "b", "parent": "a" })] {
        server.send("ada", None, "CREATE_NODE", &node);
    }
    let edge = json!({ "id": "e", "source": "a", "target": "b" });
    server.send("bea", None, "CREATE_EDGE", &edge);
    let before = server.content();
    server.send("ada", None, "DELETE_NODE", &json!({ "id": "a" }));
    let executed = server.send("ada", None, "UNDO", &json!({}));
    assert!(executed.skipped.is_empty(), "{:?}", executed.skipped);
    assert_eq!(server.content(), before);
}

#[test]
fn roles_in_the_graph_are_kept() {
    let mut server = Server::new();
    server.send("owner", None, "CREATE_NODE", &json!({ "id": "n" }));
    let grant = |who: &str, role: Value| json!({ "userId": who, "role": role });
    server.send(
        "owner",
        None,
        "UPDATE_PERMISSIONS",
        &grant("*", json!("view")),
    );
    server.send(
        "owner",
        None,
        "UPDATE_PERMISSIONS",
        &grant("ada", json!("comment")),
    );
    server.send(
        "owner",
        None,
        "UPDATE_PERMISSIONS",
        &grant("bea", json!("edit")),
    );
    let move_it = json!({ "id": "n", "patch": { "position": { "x": 1, "y": 1 } } });
    let comment = json!({ "id": "n", "patch": { "data": { "comment": "hm" } } });
    for (user, kind, payload, allowed) in [
        ("cid", "UPDATE_NODE", &move_it, false),
        ("cid", "UPDATE_NODE", &comment, false),
        (
            "cid",
            "UPDATE_VIEWPORT",
            &json!({ "x": 0, "y": 0, "zoom": 1 }),
            true,
        ),
        ("ada", "UPDATE_NODE", &move_it, false),
        ("ada", "UPDATE_NODE", &comment, true),
        ("bea", "UPDATE_NODE", &move_it, true),
        (
            "bea",
            "UPDATE_PERMISSIONS",
            &grant("cid", json!("edit")),
            false,
        ),
        ("bea", "DELETE_GRAPH", &json!({}), false),
        (
            "owner",
            "UPDATE_PERMISSIONS",
            &grant("bea", Value::Null),
            true,
        ),
        ("bea", "UPDATE_NODE", &move_it, false),
        (
            "owner",
            "UPDATE_PERMISSIONS",
            &grant("owner", json!("none")),
            false,
        ),
        ("owner", "DELETE_GRAPH", &json!({}), true),
    ] {
        let refused = matches!(
            server.send(user, None, kind, payload).outcome,
            Outcome::Rejected(_)
        );
        assert_eq!(!refused, allowed, "{user} {kind} {payload}");
    }
}

/// One step of a story: who, which command, how far behind they are.
fn step() -> BoxedStrategy<(u8, u8, u8, u8, u8)> {
    (0..3_u8, 0..14_u8, 0..5_u8, 0..5_u8, 0..4_u8).boxed()
}

fn play(server: &mut Server, (who, what, a, b, behind): (u8, u8, u8, u8, u8)) -> Executed {
    let user = format!("user{who}");
    let (kind, payload) = match what {
        0..=2 => (
            "CREATE_NODE",
            json!({ "id": format!("n{a}"), "title": format!("t{b}") }),
        ),
        3 => (
            "CREATE_NODE",
            json!({ "id": format!("n{a}"), "parent": format!("n{b}") }),
        ),
        4 | 5 => {
            let title = format!("t{b} of {who}");
            (
                "UPDATE_NODE",
                json!({ "id": format!("n{a}"), "patch": { "title": title } }),
            )
        }
        6 => (
            "UPDATE_NODE",
            json!({ "id": format!("n{a}"), "patch": { "data": { "k": b } } }),
        ),
        7 => {
            let patch = json!({ "parent": format!("n{b}") });
            (
                "UPDATE_NODE",
                json!({ "id": format!("n{a}"), "patch": patch }),
            )
        }
        8 => ("DELETE_NODE", json!({ "id": format!("n{a}") })),
        9 => {
            let (source, target) = (format!("n{a}"), format!("n{b}"));
            (
                "CREATE_EDGE",
                json!({ "id": format!("e{a}"), "source": source, "target": target }),
            )
        }
        10 => (
            "UPDATE_EDGE",
            json!({ "id": format!("e{a}"), "patch": { "weight": b } }),
        ),
        11 => ("DELETE_EDGE", json!({ "id": format!("e{a}") })),
        12 => ("UNDO", json!({})),
        _ => ("REDO", json!({})),
    };
    let base = server.graph.version().checked_sub(u64::from(behind));
    server.send(&user, base, kind, &payload)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// An undo or redo writes no field, and deletes nothing, that somebody else wrote last.
    #[test]
    fn an_undo_touches_only_its_authors_work(story in vec(step(), 1..60)) {
        let mut server = Server::new();
        for step in story {
            let before = server.graph.clone();
            let user = format!("user{}", step.0);
            let own: Vec<u64> = server.past.iter()
                .filter(|one| one.user_id.as_str() == user)
                .map(|one| one.version)
                .collect();
            let executed = play(&mut server, step);
            if executed.target.is_none() {
                continue;
            }
            for change in &executed.changes {
                match change {
                    Change::PatchNode { id, patch, .. } => if let Some(entry) = before.nodes().get(id) {
                        for field in patch.fields() {
                            let mark = entry.marks.get(&field)
                                .or_else(|| entry.marks.get(&graphy_model::Field::All));
                            prop_assert!(own.contains(&mark.unwrap().0), "{id} {field}");
                        }
                    },
                    Change::DeleteNode { id } => {
                        let entry = &before.nodes()[id];
                        prop_assert!(entry.marks.values().all(|mark| own.contains(&mark.0)));
                    }
                    Change::DeleteEdge { id } => {
                        let entry = &before.edges()[id];
                        prop_assert!(entry.marks.values().all(|mark| own.contains(&mark.0)));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Alone, undoing everything and redoing everything changes nothing.
    #[test]
    fn undo_many_then_redo_all_is_nothing(story in vec(step(), 1..40)) {
        let mut server = Server::new();
        for (_, what, a, b, behind) in story {
            play(&mut server, (0, what % 12, a, b, behind));
        }
        let before = server.content();
        let mut undone = 0;
        while !matches!(server.send("user0", None, "UNDO", &json!({})).outcome, Outcome::Rejected(_)) {
            undone += 1;
        }
        prop_assert!(server.content().0.is_empty() || undone >= UndoStacks::STEPS_MAX);
        for _ in 0..undone {
            server.send("user0", None, "REDO", &json!({}));
        }
        prop_assert_eq!(server.content(), before);
    }

    /// Restoring a version gives exactly what there was, and can be undone.
    #[test]
    fn a_restored_version_is_what_there_was(story in vec(step(), 1..40), back in 1..40_u64) {
        let mut server = Server::new();
        let mut contents = vec![server.content()];
        for step in story {
            if play(&mut server, step).made.is_some() {
                contents.push(server.content());
            }
        }
        let now = server.graph.version();
        let Some(wanted) = now.checked_sub(back) else { return Ok(()) };
        let payload = json!({ "version": wanted });
        let executed = server.send("user0", None, "RESTORE_VERSION", &payload);
        prop_assert!(matches!(executed.outcome, Outcome::Applied { .. }), "{:?}", executed.outcome);
        prop_assert_eq!(server.content(), contents[wanted as usize].clone());
    }
}
