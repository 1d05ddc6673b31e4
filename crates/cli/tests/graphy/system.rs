//! What operators look at, from the command line.

use std::io::Read as _;

use serde_json::Value;

use crate::support::{Served, ask, graphy, say, until};

#[test]
fn nodes_redis_memory_circuits_and_logs_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _served = Served::on(data, &[]);
    until("the node to have described itself", || {
        let nodes = ask(data, &["system", "nodes"]);
        nodes["nodes"][0]["reportedAt"].is_u64()
    });
    let summary = say(data, &["system"]);
    assert!(
        summary.code == 0 && summary.out.contains("NODE"),
        "{}{}",
        summary.out,
        summary.err
    );
    let redis = say(data, &["system", "redis"]);
    assert!(
        redis.out.contains("INFO used_memory") && redis.out.contains("COMMAND"),
        "{}",
        redis.out
    );
    until("a pass over the keys", || {
        ask(data, &["system", "memory"])["completedAt"].is_u64()
    });
    let memory = say(data, &["system", "memory"]);
    assert!(memory.out.contains("node:{id}:status"), "{}", memory.out);
    let circuits = ask(data, &["circuits", "status"]);
    assert_eq!(circuits["circuits"][0]["state"], "closed", "{circuits}");
    assert!(ask(data, &["health", "check"])["ready"].as_bool().unwrap());
    let logs = ask(data, &["logs", "--level", "info", "--text", "durability"]);
    assert!(!logs["lines"].as_array().unwrap().is_empty(), "{logs}");
    let bad = say(data, &["logs", "--level", "loud"]);
    assert!(bad.code == 1 && bad.err.contains("level"), "{}", bad.err);
}

#[test]
fn actions_are_listed_and_a_read_only_node_takes_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let served = Served::on(data, &[]);
    ask(data, &["token", "create", "lobby", "--role", "viewer"]);
    let audit = ask(data, &["audit", "list", "--operation", "tokens."]);
    assert_eq!(audit["entries"][0]["outcome"], "done", "{audit}");
    assert!(
        say(data, &["audit", "list"])
            .out
            .contains("role viewer, named lobby")
    );
    served.stop();

    let served = Served::on(data, &["--read-only"]);
    assert_eq!(served.started["readOnly"], true);
    for arguments in [
        &["graphs", "create", "Plan"][..],
        &["token", "create", "lobby"],
    ] {
        let refused = say(data, arguments);
        assert!(
            refused.code == 4 && refused.err.contains("read-only"),
            "{}",
            refused.err
        );
    }
    assert_eq!(
        ask(data, &["audit", "list"])["entries"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(ask(data, &["health"])["ready"].as_bool().unwrap());
}

#[test]
fn the_archive_is_written_once_agreed_to_and_holds_nothing_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let canaries = ["canary-environment-1", "canary-environment-2"];
    let mut command = graphy(data, &["--json", "serve", "--environment", "canary-badge"]);
    command
        .env("SOME_API_KEY", canaries[0])
        .env("AWS_SECRET_ACCESS_KEY", canaries[1]);
    let _served = Served::start(command);
    let node: Value = std::fs::read_dir(data)
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path()).ok())
        .find_map(|text| {
            serde_json::from_str::<Value>(&text)
                .ok()
                .filter(|file| file["token"].is_string())
        })
        .expect("the node's file");
    let token = node["token"]
        .as_str()
        .unwrap()
        .splitn(3, '_')
        .last()
        .unwrap()
        .to_owned();
    let redis = node["redisUrl"].as_str().unwrap().to_owned();

    let unsure = say(data, &["dump", "diagnostic", "-o", "d.tar.gz"]);
    assert_eq!(unsure.code, 2, "{}", unsure.err);
    assert!(
        unsure.err.contains("redis.json") && unsure.err.contains("Never part of it"),
        "{}",
        unsure.err
    );
    assert!(!data.join("d.tar.gz").exists());
    let shown = say(data, &["dump", "diagnostic", "--show", "about.json"]);
    assert!(shown.out.contains("\"version\""), "{}", shown.out);

    let written = ask(data, &["dump", "diagnostic", "-o", "d.tar.gz", "--yes"]);
    assert_eq!(written["file"], "d.tar.gz");
    let again = say(data, &["dump", "diagnostic", "-o", "d.tar.gz", "--yes"]);
    assert_eq!(again.code, 1, "a file is not overwritten");
    let mut text = String::new();
    let file = std::fs::File::open(data.join("d.tar.gz")).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("worker.concurrency") && text.contains("used_memory"));
    let folder_name = data.display().to_string();
    let secrets = [
        canaries[0],
        canaries[1],
        "canary-badge",
        &token,
        &redis,
        &folder_name,
    ];
    for secret in secrets {
        assert!(!secret.is_empty() && !text.contains(secret), "{secret}");
    }
}
