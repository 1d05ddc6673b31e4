//! Stories of people who work on one graph at random.

use graphy_model::{Change, Executed, Outcome, UndoStacks};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use crate::server::Server;

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
