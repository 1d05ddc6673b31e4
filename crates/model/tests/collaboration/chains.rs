//! Operations that write one thing several times, taken back; and what goes wrong with odd values.

use graphy_model::{Outcome, RejectCode};
use serde_json::{Value, json};

use crate::server::Server;

fn batch(operations: &[(&str, Value)]) -> Value {
    let operations: Vec<Value> = operations
        .iter()
        .map(|(kind, payload)| json!({ "type": kind, "payload": payload }))
        .collect();
    json!({ "operations": operations })
}

fn update(id: &str, patch: &Value) -> (&'static str, Value) {
    ("UPDATE_NODE", json!({ "id": id, "patch": patch }))
}

/// Two nodes of the owner's.
fn two_nodes() -> Server {
    let mut server = Server::new();
    for id in ["a", "b"] {
        let node = json!({ "id": id, "title": "first" });
        server.send("owner", None, "CREATE_NODE", &node);
    }
    server
}

/// Takes the last operation of `ada` back and brings it back again; both must be whole.
fn undone_and_redone(server: &mut Server, before: &impl PartialEq<Content>) -> Vec<String> {
    let after = server.content();
    let undo = server.send("ada", None, "UNDO", &json!({}));
    let mut wrong: Vec<String> = undo.skipped.iter().map(|one| format!("{one:?}")).collect();
    if *before != server.content() {
        wrong.push(format!("after the undo: {:?}", server.content()));
    }
    server.send("ada", None, "REDO", &json!({}));
    if after != server.content() {
        wrong.push(format!("after the redo: {:?}", server.content()));
    }
    wrong
}

type Content = (
    std::collections::BTreeMap<String, String>,
    std::collections::BTreeMap<String, String>,
);

#[test]
fn a_batch_that_writes_a_field_twice_is_taken_back_whole() {
    let mut server = two_nodes();
    let before = server.content();
    let twice = batch(&[
        update("a", &json!({ "title": "second" })),
        update("a", &json!({ "title": "third" })),
    ]);
    server.send("ada", None, "BATCH_UPDATE", &twice);
    assert_eq!(
        undone_and_redone(&mut server, &before),
        Vec::<String>::new()
    );
}

#[test]
fn a_batch_that_makes_and_fills_a_node_is_taken_back_whole() {
    let mut server = two_nodes();
    let before = server.content();
    let made = batch(&[
        ("CREATE_NODE", json!({ "id": "c" })),
        update("c", &json!({ "title": "new", "parent": "a" })),
        (
            "CREATE_EDGE",
            json!({ "id": "e", "source": "c", "target": "a" }),
        ),
        (
            "UPDATE_EDGE",
            json!({ "id": "e", "patch": { "label": "l" } }),
        ),
    ]);
    server.send("ada", None, "BATCH_UPDATE", &made);
    assert_eq!(
        undone_and_redone(&mut server, &before),
        Vec::<String>::new()
    );
}

#[test]
fn a_restored_version_with_other_parents_is_taken_back_whole() {
    let mut server = two_nodes();
    let child = json!({ "id": "c", "parent": "a" });
    server.send("owner", None, "CREATE_NODE", &child);
    let then = server.graph.version();
    let (_, payload) = update("c", &json!({ "parent": "b" }));
    server.send("owner", None, "UPDATE_NODE", &payload);
    server.send("owner", None, "DELETE_NODE", &json!({ "id": "a" }));
    let before = server.content();
    let restore = json!({ "version": then });
    server.send("ada", None, "RESTORE_VERSION", &restore);
    assert_eq!(
        undone_and_redone(&mut server, &before),
        Vec::<String>::new()
    );
}

#[test]
fn what_others_wrote_in_between_is_skipped_once() {
    let mut server = two_nodes();
    let twice = batch(&[
        update("a", &json!({ "title": "second" })),
        update("a", &json!({ "title": "third" })),
    ]);
    server.send("ada", None, "BATCH_UPDATE", &twice);
    let (_, payload) = update("a", &json!({ "title": "mine" }));
    server.send("bea", None, "UPDATE_NODE", &payload);
    let undo = server.send("ada", None, "UNDO", &json!({}));
    assert_eq!(undo.skipped.len(), 1, "{:?}", undo.skipped);
    assert_eq!(server.title("a"), "mine");
}

#[test]
fn a_conflict_that_the_same_batch_settles_is_not_its_outcome() {
    let mut server = two_nodes();
    let seen = Some(server.graph.version());
    let (_, payload) = update("a", &json!({ "title": "theirs" }));
    server.send("ada", seen, "UPDATE_NODE", &payload);
    let both = batch(&[
        update("a", &json!({ "title": "mine" })),
        ("DELETE_NODE", json!({ "id": "a" })),
    ]);
    let executed = server.send("bea", seen, "BATCH_UPDATE", &both);
    assert!(server.graph.settings().conflicts.is_empty());
    assert!(
        matches!(executed.outcome, Outcome::Merged { .. }),
        "{:?}",
        executed.outcome
    );
}

#[test]
fn parents_are_not_merged_as_texts() {
    let mut server = two_nodes();
    let policy = json!({ "policy": { "parent": "MERGE" } });
    server.send("owner", None, "UPDATE_GRAPH", &policy);
    for id in ["x-1", "x-2", "y-1", "y-2"] {
        server.send("owner", None, "CREATE_NODE", &json!({ "id": id }));
    }
    let (_, payload) = update("a", &json!({ "parent": "x-1" }));
    server.send("owner", None, "UPDATE_NODE", &payload);
    let seen = Some(server.graph.version());
    let move_to = |parent: &str| {
        let patch = json!({ "parent": parent });
        json!({ "id": "a", "patch": patch, "base": { "parent": "x-1" } })
    };
    server.send("ada", seen, "UPDATE_NODE", &move_to("x-2"));
    let executed = server.send("bea", seen, "UPDATE_NODE", &move_to("y-1"));
    assert!(
        matches!(executed.outcome, Outcome::Conflict { .. }),
        "{:?}",
        executed.outcome
    );
    let parent = server.graph.nodes()["a"].entity.parent.clone();
    assert_eq!(parent.unwrap().as_str(), "x-2");
}

#[test]
fn a_merge_inside_an_object_keeps_the_limit_of_texts() {
    let mut server = two_nodes();
    let policy = json!({ "policy": { "data.*": "MERGE" } });
    server.send("owner", None, "UPDATE_GRAPH", &policy);
    let note = |text: &str| json!({ "data": { "note": { "text": text } } });
    let (_, payload) = update("a", &note("one two three"));
    server.send("owner", None, "UPDATE_NODE", &payload);
    let seen = Some(server.graph.version());
    let long = "x".repeat(12 * 1024);
    for (who, text, conflict) in [
        ("ada", format!("{long} two three"), false),
        ("bea", format!("one two {long}"), true),
    ] {
        let base = json!({ "data.note": { "text": "one two three" } });
        let payload = json!({ "id": "a", "patch": note(&text), "base": base });
        let executed = server.send(who, seen, "UPDATE_NODE", &payload);
        let met = matches!(executed.outcome, Outcome::Conflict { .. });
        assert_eq!(met, conflict, "{who}");
    }
}

#[test]
fn names_and_policies_have_a_form() {
    let mut server = two_nodes();
    for (payload, code) in [
        (json!({ "name": "two\nlines" }), RejectCode::Invalid),
        (json!({ "name": "a \u{9b}31m colour" }), RejectCode::Invalid),
        (
            json!({ "policy": { format!("data.{}", "k".repeat(300)): "MERGE" } }),
            RejectCode::TooLarge,
        ),
    ] {
        let executed = server.send("owner", None, "UPDATE_GRAPH", &payload);
        let Outcome::Rejected(rejection) = executed.outcome else {
            panic!("{payload}: {:?}", executed.outcome);
        };
        assert_eq!(rejection.code, code, "{payload}");
    }
}

/// Deciding costs what the command is large, not the square of that: with a work of keys times
/// keys this test would not end.
#[test]
fn a_patch_of_very_many_keys_is_decided_taken_back_and_brought_back() {
    let data = |value: u64| -> Value {
        (0..20_000)
            .map(|key| (format!("k{key}"), json!(value)))
            .collect()
    };
    let mut server = two_nodes();
    let seen = Some(server.graph.version());
    for value in [1, 2] {
        let (_, payload) = update("a", &json!({ "data": data(value) }));
        server.send("bea", None, "UPDATE_NODE", &payload);
    }
    let before = server.content();
    let (_, payload) = update("a", &json!({ "data": data(3) }));
    let executed = server.send("ada", seen, "UPDATE_NODE", &payload);
    assert_eq!(executed.conflicts.len(), 20_000);
    assert_eq!(
        undone_and_redone(&mut server, &before),
        Vec::<String>::new()
    );
}

#[test]
fn a_version_that_is_a_world_away_is_not_brought_back_at_once() {
    let mut server = two_nodes();
    let then = json!({ "version": server.graph.version() });
    for batch_number in 0..201 {
        let made: Vec<(&str, Value)> = (0..100)
            .map(|n| {
                (
                    "CREATE_NODE",
                    json!({ "id": format!("n{batch_number}-{n}") }),
                )
            })
            .collect();
        server.send("owner", None, "BATCH_UPDATE", &batch(&made));
    }
    let before = server.graph.version();
    let executed = server.send("owner", None, "RESTORE_VERSION", &then);
    let Outcome::Rejected(rejection) = executed.outcome else {
        panic!("{:?}", executed.made);
    };
    assert_eq!(rejection.code, RejectCode::TooLarge);
    assert_eq!(
        (server.graph.version(), server.graph.nodes().len()),
        (before, 20_102)
    );
}
