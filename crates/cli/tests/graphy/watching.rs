//! Metric history and alerts on the command line, through a node that is killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;

use crate::support::{PATIENCE, Served, ask, say, until};

/// How many steps of an answer of `metrics history` have a value.
fn measured(answer: &Value) -> usize {
    let mean = answer["series"][0]["mean"].as_array().unwrap();
    mean.iter().filter(|value| value.is_number()).count()
}

fn weight(data: &Path) -> Value {
    let list = ask(data, &["alerts"]);
    let rules = list["rules"].as_array().unwrap().iter();
    let mut found = rules.filter(|status| status["rule"]["ruleId"] == "weight");
    found.next().unwrap().clone()
}

/// What the rule of this test did; a busy machine may well breach others.
fn events(data: &Path) -> Vec<Value> {
    let list = ask(data, &["alerts", "history"]);
    let events = list.as_array().unwrap().iter();
    let ours = events.filter(|event| event["ruleId"] == "weight");
    ours.cloned().collect()
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one story on one server, killed in its middle"
)]
fn history_and_alerts_outlive_a_killed_node() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let served = Served::on(data, &[]);
    let series = ask(data, &["metrics", "series"]);
    let names = series["series"].as_array().unwrap();
    assert!(names.iter().any(|one| one["name"] == "command_p99_ms"));

    // Always breached: a process takes more than a byte.
    let rule = [
        "alerts",
        "set",
        "weight",
        "--series",
        "process_memory_bytes",
        "--above",
        "1",
    ];
    let saved = ask(data, &[&rule[..], &["--severity", "critical"]].concat());
    assert_eq!(saved["builtIn"], false);
    until("the alert to fire", || weight(data)["state"] == "firing");
    let acknowledged = ask(data, &["alerts", "ack", "weight"]);
    assert_eq!(acknowledged["acknowledgedBy"], "local");
    // Rows reach the disk within some seconds.
    let segments = data.join("metrics");
    until("history to be on the disk", || {
        std::fs::read_dir(&segments).is_ok_and(|files| {
            let sizes = files.filter_map(|file| file.ok()?.metadata().ok());
            sizes.map(|one| one.len()).sum::<u64>() > 500
        })
    });
    served.kill();

    let served = Served::on(data, &[]);
    let range = ["--from", "-5m", "--steps", "2000"];
    let words = [&["metrics", "history", "process_memory_bytes"], &range[..]].concat();
    let history = ask(data, &words);
    assert!(measured(&history) >= 3, "{history}");
    // A node reads what fired once it has heard from Redis.
    until("the mark of the alert", || {
        ask(data, &words)["alerts"][0]["ruleId"] == "weight"
    });
    assert_eq!(weight(data)["state"], "firing");
    assert_eq!(weight(data)["acknowledgedBy"], "local");
    let events = events(data);
    assert_eq!(events.len(), 1, "the same firing, not another one");

    let frame = ask(
        data,
        &[
            "metrics",
            "realtime",
            "process_memory_bytes",
            "--frames",
            "3",
        ],
    );
    let points = frame["points"].as_array().unwrap();
    assert!(
        points
            .iter()
            .all(|point| point["name"] == "process_memory_bytes")
    );
    let wrong = say(
        data,
        &[
            "alerts",
            "set",
            "weight",
            "--series",
            "graphy_refusals_total",
        ],
    );
    assert_eq!(wrong.code, 1, "{}", wrong.err);
    assert!(wrong.err.contains("needs rate"), "{}", wrong.err);
    assert_eq!(say(data, &["alerts", "set", "new"]).code, 2);
    assert_eq!(say(data, &["alerts", "ack", "nothing"]).code, 5);
    ask(data, &["alerts", "snooze", "weight", "5"]);
    ask(data, &["alerts", "remove", "weight"]);
    until("it to end with its rule", || {
        self::events(data)[0]["to"].is_number()
    });
    let text = say(data, &["alerts"]).out;
    assert!(
        text.contains("redis-latency") && text.contains("> 5 ms for 30 s"),
        "{text}"
    );
    assert!(served.stop().success());
}

/// Takes requests until the test ends; each is answered with 204 and handed over.
fn receiver() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/in", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while let Some(Ok(line)) = lines.next() {
                if line.is_empty() {
                    break;
                }
                head.push_str(&line);
                head.push('\n');
            }
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
            if tell.send(head).is_err() {
                return;
            }
        }
    });
    (address, told)
}

#[test]
fn a_webhook_is_set_at_the_node_and_gets_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let served = Served::on(data, &[]);
    let (address, told) = receiver();
    let tested = ask(data, &["alerts", "webhook", &address, "--test"]);
    assert!(tested["deliveredAt"].is_number(), "{tested}");
    let head = told.recv_timeout(PATIENCE).unwrap();
    assert!(head.starts_with("POST /in HTTP/1.1"), "{head}");
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
    ask(data, &["alerts", "webhook", "--remove"]);
    let shown = say(data, &["alerts", "webhook"]);
    assert!(
        shown.out.contains("alerts are sent nowhere"),
        "{}",
        shown.out
    );
    // Numbers that JSON cannot carry, and texts that steer a terminal.
    let figure = ["report", "enter", "error_reports", "nan"];
    assert_eq!(say(data, &figure).code, 2);
    let unknown = say(data, &["queues", "show", "bull:\u{1b}[2J"]);
    assert_eq!(unknown.code, 5, "{}", unknown.err);
    assert!(!unknown.err.contains('\u{1b}'), "{}", unknown.err);
    assert!(served.stop().success());
}
