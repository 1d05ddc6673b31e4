//! The commands for queues.

use crate::support::{Served, ask, say, until};

#[test]
#[expect(clippy::too_many_lines, reason = "one story on one server")]
fn queues_are_listed_filled_limited_and_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _served = Served::on(data, &[]);
    let list = ask(data, &["queues"]);
    let queue = "graph-commands";
    let listed = list["queues"].as_array().unwrap();
    assert!(listed.iter().any(|one| one["queue"] == queue), "{list}");
    ask(data, &["queues", "pause", queue]);
    let commands = r#"{"graphId":"none","commands":[]}"#;
    for _ in 0..3 {
        ask(data, &["queues", "add", queue, "COMMANDS", commands]);
    }
    let jobs = ask(
        data,
        &["queues", "jobs", &format!("bull:{queue}"), "-n", "2"],
    );
    assert_eq!((&jobs["total"], &jobs["next"]), (&3.into(), &2.into()));
    let id = jobs["jobs"][0]["jobId"].as_str().unwrap();
    let job = say(data, &["queues", "job", queue, id]);
    assert!(job.out.contains("state     waiting"), "{}", job.out);
    until("the queue to be in trouble", || {
        say(data, &["queues"]).out.contains("paused with jobs")
    });
    let state = ["--state", "waiting"];
    let dry = say(
        data,
        &[
            &["queues", "bulk", "remove", queue, "--dry-run"],
            &state[..],
        ]
        .concat(),
    );
    assert!(
        dry.out.starts_with("This would remove 3 jobs"),
        "{}",
        dry.out
    );
    let unsure = say(
        data,
        &[&["queues", "bulk", "remove", queue], &state[..]].concat(),
    );
    assert_eq!(unsure.code, 2, "{}", unsure.err);
    let run = ask(
        data,
        &[&["queues", "bulk", "remove", queue, "--yes"], &state[..]].concat(),
    );
    assert_eq!((&run["state"], &run["done"]), (&"done".into(), &3.into()));
    let run_id = run["runId"].as_str().unwrap();
    let runs = say(data, &["queues", "runs"]);
    let line = format!("bull:{queue} remove: {run_id} done: 3 of 3 jobs");
    assert!(runs.out.starts_with(&line), "{}", runs.out);
    let undone = ask(data, &["queues", "undo", run_id]);
    assert_eq!(undone["state"], "undone");
    let runs = ask(data, &["queues", "runs"]);
    assert!(runs["runs"].as_array().unwrap().is_empty(), "{runs}");
    ask(data, &["queues", "remove", queue, id]);
    ask(
        data,
        &[
            "queues",
            "limit",
            queue,
            "--concurrency",
            "4",
            "--rate",
            "100/1000",
        ],
    );
    ask(data, &["queues", "limit", queue, "--rate", "none"]);
    until("the limits to show", || {
        let shown = ask(data, &["queues", "show", queue]);
        shown["concurrency"] == 4 && shown["rateLimit"].is_null()
    });
    ask(data, &["queues", "limit", queue, "--concurrency", "none"]);
    ask(data, &["queues", "resume", queue]);
    until("the jobs to be done", || {
        ask(data, &["queues", "show", queue])["summary"]["counts"]["completed"] == 2
    });
    let letters = say(data, &["queues", "dead-letters"]);
    assert_eq!(letters.out.trim(), "There are no failed jobs.");
    let schedulers = say(data, &["queues", "schedulers", queue]);
    assert!(
        schedulers.out.contains("no schedulers"),
        "{}",
        schedulers.out
    );
    for (arguments, code, says) in [
        (&["queues", "show", "none"][..], 5, "no queue bull:none"),
        (&["queues", "retry", queue, "none"], 5, "none"),
        (&["queues", "add", queue, "X", "{"], 2, "DATA is not JSON"),
        (&["queues", "limit", queue], 2, "--concurrency"),
        (
            &["queues", "limit", queue, "--concurrency", "0"],
            1,
            "100000",
        ),
        (&["queues", "undo", "none"], 5, "none"),
        (&["queues", "jobs", queue, "-n", "500"], 1, "1 to 200"),
    ] {
        let said = say(data, arguments);
        assert_eq!(said.code, code, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(says), "{arguments:?}: {}", said.err);
    }
}
