//! The command line against real nodes, as separate processes.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use crate::support::{Served, ask, graphy, say, until};

const CARGO_LOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");

#[test]
fn a_graph_comes_in_goes_out_and_comes_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let served = Served::on(data, &[]);
    assert!(
        served
            .text("ticketUrl")
            .starts_with(&format!("{}/?ticket=", served.text("url")))
    );
    assert!(ask(data, &["health"])["ready"].as_bool().unwrap());

    let imported = ask(data, &["import", CARGO_LOCK, "--name", "Lock"]);
    assert_eq!(imported["state"], "done");
    let graph = imported["graphId"].as_str().unwrap();
    let by_node = ask(data, &["verify", "graph", graph]);
    let by_redis = ask(data, &["verify", "graph", graph, "--redis", "private"]);
    assert_eq!(by_node, by_redis);
    assert_eq!(by_node["matches"], true);
    assert!(by_node["nodes"].as_u64().unwrap() > 100);

    ask(data, &["export", graph, "-o", "graph.json"]);
    let again = ask(data, &["import", "graph.json", "--name", "Again"]);
    let copy = ask(
        data,
        &["verify", "graph", again["graphId"].as_str().unwrap()],
    );
    for field in ["nodes", "edges", "computedChecksum"] {
        assert_eq!(copy[field], by_node[field], "{field}");
    }
    let svg = say(data, &["export", graph, "-f", "svg", "-o", "-"]);
    assert!(
        svg.out.starts_with("<svg") || svg.out.starts_with("<?xml"),
        "{:.80}",
        svg.out
    );
    ask(data, &["export", graph, "-f", "png", "-o", "graph.png"]);
    let png = std::fs::read(data.join("graph.png")).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");

    let list = ask(data, &["graphs"]);
    assert_eq!(list["graphs"].as_array().unwrap().len(), 2);
    let unsure = say(data, &["graphs", "delete", graph]);
    assert_eq!(unsure.code, 2, "{}", unsure.err);
    ask(data, &["graphs", "delete", graph, "--yes"]);
    until("the graph to be gone", || {
        ask(data, &["graphs"])["graphs"].as_array().unwrap().len() == 1
    });
    let gone = say(data, &["--json", "verify", "graph", graph]);
    assert_eq!(gone.code, 5, "{}", gone.err);
    let error: serde_json::Value = serde_json::from_str(&gone.err).unwrap();
    assert_eq!(error["error"]["code"], "not_found");
}

#[test]
fn a_broken_file_leaves_one_clear_error_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _served = Served::on(data, &[]);
    std::fs::write(
        data.join("Cargo.lock"),
        "version = 4\n[[package]]\nname = 1\n",
    )
    .unwrap();
    let said = say(data, &["import", "Cargo.lock"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.err);
    assert!(
        said.err.starts_with("error: ") && said.err.contains("line"),
        "{}",
        said.err
    );
    assert_eq!(
        ask(data, &["graphs"])["graphs"].as_array().unwrap().len(),
        0
    );
    let missing = say(data, &["import", "nowhere.lock"]);
    assert_eq!(missing.code, 1);
    assert!(
        missing.err.contains("cannot read nowhere.lock"),
        "{}",
        missing.err
    );
}

#[test]
fn a_revoked_token_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let served = Served::on(data, &[]);
    let created = ask(data, &["token", "create", "guest", "--role", "viewer"]);
    let (token, id) = (
        created["token"].as_str().unwrap(),
        created["tokenId"].as_str().unwrap(),
    );
    let other = tempfile::tempdir().unwrap();
    let guest = |arguments: &[&str]| {
        let mut command = graphy(other.path(), arguments);
        command
            .env("GRAPHY_URL", served.text("url"))
            .env("GRAPHY_TOKEN", token);
        command.output().unwrap().status.code().unwrap()
    };
    assert_eq!(guest(&["graphs"]), 0);
    assert_eq!(guest(&["graphs", "create", "mine"]), 4);
    assert_eq!(guest(&["token", "list"]), 4);
    assert!(say(data, &["token", "list"]).out.contains("guest"));
    ask(data, &["token", "revoke", id]);
    until("the token to be worthless", || guest(&["graphs"]) == 4);
    assert_eq!(say(data, &["token", "revoke", id]).code, 5);
}

#[test]
fn a_redis_of_no_use_is_the_fault_of_a_setting_and_one_that_is_away_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::on(folder.path(), &[]);
    let node: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("node.json")).unwrap()).unwrap();
    let url = node["redisUrl"].as_str().unwrap();
    let (socket, password) = url
        .strip_prefix("redis+unix://")
        .unwrap()
        .split_once("?pass=")
        .unwrap();
    let mut redis = UnixStream::connect(socket).unwrap();
    let words = format!("AUTH {password}\r\nCONFIG SET maxmemory-policy allkeys-lru\r\nQUIT\r\n");
    redis.write_all(words.as_bytes()).unwrap();
    let mut answer = String::new();
    redis.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "+OK\r\n+OK\r\n+OK\r\n");

    let other = tempfile::tempdir().unwrap();
    let stranger = format!("redis+unix://{socket}?pass=wrong");
    let refused = say(other.path(), &["serve", "--redis", &stranger]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    let refused = say(other.path(), &["serve", "--redis", "rediss://127.0.0.1"]);
    assert!(
        refused.code == 2 && refused.err.contains("redis.url") && refused.err.contains("TLS"),
        "{}",
        refused.err
    );
    let refused = say(other.path(), &["--json", "serve", "--redis", url]);
    let error: serde_json::Value =
        serde_json::from_str(refused.err.lines().last().unwrap()).unwrap();
    assert_eq!(
        (refused.code, &error["error"]["code"]),
        (2, &"invalid".into()),
        "{error}"
    );
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("set it to noeviction"),
        "{error}"
    );
    drop(served);

    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let away = say(
        other.path(),
        &["serve", "--redis", &format!("redis://{free}")],
    );
    assert_eq!(away.code, 3, "{}", away.err);
}

#[test]
fn a_stopped_node_leaves_no_key_behind_and_keeps_its_graphs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let served = Served::on(data, &["--import", CARGO_LOCK]);
    until("the first graph", || {
        ask(data, &["graphs"])["graphs"].as_array().unwrap().len() == 1
    });
    let before = ask(data, &["graphs"]);
    let file = data.join("node.json");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(served.stop().success());
    assert!(!file.exists());
    let nobody = say(data, &["graphs"]);
    assert_eq!(nobody.code, 3);
    assert!(nobody.err.contains("graphy serve"), "{}", nobody.err);

    // Without a node, Redis alone can still be checked.
    let graph = before["graphs"][0]["graphId"].as_str().unwrap();
    assert_eq!(
        ask(data, &["verify", "graph", graph, "--redis", "private"])["matches"],
        true
    );

    let again = Served::on(data, &["--import", CARGO_LOCK]);
    assert_eq!(ask(data, &["graphs"]), before);
    assert_eq!(
        ask(data, &["token", "list"])["tokens"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    again.kill();
    let dead = say(data, &["graphs"]);
    assert_eq!(dead.code, 3);
    assert!(dead.err.contains("has ended"), "{}", dead.err);

    // The key of the node that was killed is taken back by the next one.
    let _third = Served::on(data, &[]);
    assert_eq!(
        ask(data, &["token", "list"])["tokens"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let ticket = ask(data, &["ticket"]);
    assert!(ticket["ticketUrl"].as_str().unwrap().contains("/?ticket="));
}

#[test]
fn a_worker_by_its_old_name_does_the_work_of_an_api_node() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let api = Served::on(data, &["--role", "api"]);
    assert_eq!(api.text("role"), "api");
    let mut command = graphy(data, &["--json", "serve"]);
    command.env("WORKER_TYPE", "commands");
    let worker = Served::start(command);
    assert_eq!(worker.text("role"), "worker");
    assert!(worker.started.get("ticketUrl").is_none());
    let imported = ask(data, &["import", CARGO_LOCK]);
    assert_eq!(imported["state"], "done");
    assert!(worker.stop().success());
    assert!(api.stop().success());
}

#[test]
fn bots_edit_and_their_replicas_agree_with_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _served = Served::on(data, &[]);
    let end = ask(
        data,
        &["demo", "--bots", "4", "--rate", "40", "--seconds", "4"],
    );
    assert_eq!(end["replicasAgree"], true, "{end}");
    assert_eq!(end["checksumMatches"], true);
    assert!(end["applied"].as_u64().unwrap() > 50, "{end}");
    assert_eq!(end["pending"], 0);
    let graph = end["graphId"].as_str().unwrap();
    let history = ask(data, &["history", graph, "-n", "200"]);
    let entries = history["entries"].as_array().unwrap().iter();
    let users: BTreeSet<&str> = entries.filter_map(|one| one["userId"].as_str()).collect();
    let people = ["bot-ada", "bot-alan", "bot-barbara", "bot-edsger"];
    assert_eq!(users, BTreeSet::from(people));
    let tokens = ask(data, &["token", "list"]).to_string();
    assert!(!tokens.contains("demo"), "they were revoked: {tokens}");
    let metrics = say(
        data,
        &["metrics", "--filter", "optimistic_commands_processed_total"],
    );
    assert!(
        metrics.out.contains("status=\"success\""),
        "{}",
        metrics.out
    );
}

#[test]
fn wrong_settings_are_named_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut command = graphy(data, &["serve"]);
    let output = command.env("GRAPHY_LISTN", "127.0.0.1:1").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("did you mean GRAPHY_LISTEN?"), "{text}");

    std::fs::write(
        data.join("graphy.toml"),
        "[redis]\nulr = \"x\"\n\n[worker]\nconcurency = 1\n",
    )
    .unwrap();
    let said = say(data, &["config", "show"]);
    assert_eq!(said.code, 2);
    for expected in [
        "did you mean redis.url?",
        "did you mean worker.concurrency?",
    ] {
        assert!(said.err.contains(expected), "{}", said.err);
    }
    std::fs::write(data.join("graphy.toml"), "environment = \"staging\"\n").unwrap();
    let explained = ask(data, &["config", "explain", "environment"]);
    assert_eq!(explained[0]["value"], "staging");
    assert!(
        explained[0]["source"]
            .as_str()
            .unwrap()
            .ends_with("graphy.toml")
    );
    let role = say(data, &["serve", "--role", "boss"]);
    assert_eq!(role.code, 2);
    assert!(
        role.err.contains("role from the flag --role"),
        "{}",
        role.err
    );
    assert_eq!(say(data, &["serve", "--frobnicate"]).code, 2);
}

#[test]
fn what_config_show_prints_is_a_file_that_config_takes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let shown = say(data, &["config", "show"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    std::fs::write(data.join("shown.toml"), &shown.out).unwrap();
    let again = say(data, &["--config", "shown.toml", "config", "show"]);
    assert_eq!((again.code, again.out), (0, shown.out), "{}", again.err);

    let mut command = graphy(data, &["config", "show"]);
    let parts = command
        .env("REDIS_HOST", "redis")
        .env("REDIS_PASSWORD", "s3cret");
    let shown = String::from_utf8(parts.output().unwrap().stdout).unwrap();
    assert!(
        shown.contains("host = \"redis\"") && !shown.contains("private"),
        "{shown}"
    );
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story on one server")]
fn reports_are_written_and_figures_entered() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _served = Served::on(data, &[]);
    let imported = ask(data, &["import", CARGO_LOCK, "--name", "Lock"]);
    assert_eq!(imported["state"], "done");

    let targets = ask(data, &["report", "targets", "--from", "-1h"]);
    let row = |targets: &serde_json::Value, key: &str| {
        let rows = targets["targets"].as_array().unwrap();
        rows.iter().find(|row| row["key"] == key).unwrap().clone()
    };
    let success = row(&targets, "success_rate");
    assert_eq!(
        (&success["actual"], &success["verdict"]),
        (&"100 %".into(), &"met".into())
    );
    assert_eq!(
        row(&targets, "error_reports")["actual"],
        serde_json::Value::Null
    );
    let people = say(data, &["report", "targets"]);
    assert!(people.out.contains("WebSocket uptime"), "{}", people.out);

    ask(
        data,
        &[
            "report",
            "enter",
            "error_reports",
            "12",
            "--note",
            "help desk",
        ],
    );
    let entered = row(&ask(data, &["report", "targets"]), "error_reports");
    assert_eq!(
        (&entered["actual"], &entered["verdict"]),
        (&"12/week".into(), &"missed".into())
    );
    assert!(
        entered["note"]
            .as_str()
            .unwrap()
            .starts_with("help desk (entered by ")
    );
    let wrong = say(data, &["--json", "report", "enter", "success_rate", "1"]);
    assert_ne!(wrong.code, 0);
    assert!(wrong.err.contains("measured"), "{}", wrong.err);
    ask(data, &["report", "enter", "error_reports"]);
    assert_eq!(
        row(&ask(data, &["report", "targets"]), "error_reports")["actual"],
        serde_json::Value::Null
    );

    for (format, start) in [
        ("html", &b"<!doctype html>"[..]),
        ("png", b"\x89PNG"),
        ("svg", b"<svg"),
        ("json", b"{"),
    ] {
        let file = format!("report.{format}");
        ask(
            data,
            &[
                "report",
                "performance",
                "--from",
                "-2h",
                "--format",
                format,
                "-o",
                &file,
            ],
        );
        let content = std::fs::read(data.join(&file)).unwrap();
        assert!(content.starts_with(start), "{format}");
    }
    let backwards = say(
        data,
        &["report", "performance", "--from", "now", "--to", "-1h"],
    );
    assert!(
        backwards.err.contains("begins before it ends"),
        "{}",
        backwards.err
    );
}
