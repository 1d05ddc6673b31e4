//! Single cases of conflicts, undo and access.

use graphy_model::{Change, Choice, Outcome, RejectCode};
use serde_json::{Value, json};

use crate::server::Server;

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

#[test]
fn what_an_author_saw_is_bounded_like_what_they_write() {
    let mut server = contested(None);
    let seen = "x".repeat(20_000);
    let executed = server.send("bea", Some(1), "UPDATE_NODE", &rename("n", "b", &seen));
    let Outcome::Rejected(rejection) = executed.outcome else {
        panic!("{:?}", executed.outcome);
    };
    assert_eq!(rejection.code, RejectCode::TooLarge);
    assert_eq!(rejection.field.as_deref(), Some("base.title"));
}
