//! The commands of people who share a graph.

use crate::support::{Served, ask, say};

#[test]
fn work_is_listed_taken_back_and_shared() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _served = Served::on(data, &[]);
    ask(data, &["graphs", "create", "Plan", "--id", "plan"]);
    ask(data, &["policy", "plan", "title=MANUAL", "data.*=MERGE"]);
    ask(data, &["share", "plan", "bea", "comment"]);
    let view = ask(data, &["share", "plan"]);
    assert_eq!(view["settings"]["grants"]["bea"], "comment");
    assert_eq!(view["settings"]["policy"]["title"], "MANUAL");
    ask(data, &["share", "plan", "bea", "remove"]);
    let history = ask(data, &["history", "plan", "-n", "2"]);
    let kinds = history["entries"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|entry| entry["type"].clone()).collect();
    assert_eq!(kinds, ["UPDATE_PERMISSIONS", "UPDATE_PERMISSIONS"]);
    let conflicts = ask(data, &["conflicts", "list", "--status", "all"]);
    assert_eq!(conflicts["open"], 0);
    let added = ask(data, &["graphs", "resync", "plan"]);
    assert!(added["jobId"].is_string(), "{added}");
    for (arguments, code, says) in [
        (
            &["graphs", "resync", "plan", "--client", "gone"][..],
            5,
            "does not have graph plan open",
        ),
        (&["undo", "plan"], 5, "nothing of yours"),
        (&["redo", "plan"], 5, "nothing of yours"),
        (&["restore", "plan", "99"], 1, "not an earlier one"),
        (&["restore", "none", "0"], 5, "none"),
        (
            &["conflicts", "resolve", "plan", "gone", "--mine"],
            5,
            "gone",
        ),
        (&["conflicts", "resolve", "plan", "gone"], 2, "--mine"),
        (&["share", "plan", "a b", "edit"], 1, "payload.userId"),
        (&["policy", "plan", "nonsense=MERGE"], 1, "nonsense"),
        (&["policy", "plan", "title"], 2, "FIELD=STRATEGY"),
    ] {
        let said = say(data, arguments);
        assert_eq!(said.code, code, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(says), "{arguments:?}: {}", said.err);
    }
}
