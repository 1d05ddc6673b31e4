//! The diagnostics archive: exactly what was shown, and no secret from any place.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use flate2::read::GzDecoder;
use graphy_model::{OperationId, Role};
use graphy_protocol::ErrorCode;
use graphy_protocol::alerts::SetWebhook;
use graphy_store::testing::TestRedis;
use graphy_telemetry::board::{CircuitState, CircuitStatus, PartStatus, ProbeStatus};
use graphy_telemetry::logging::ring::LogRing;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{Node, caller, say, until};

fn unpacked(file: &Value) -> BTreeMap<String, String> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(file["base64"].as_str().unwrap())
        .unwrap();
    let mut archive = tar::Archive::new(GzDecoder::new(&bytes[..]));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        files.insert(
            path.strip_prefix("graphy-diagnostics/").unwrap().to_owned(),
            text,
        );
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_is_what_was_shown() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let operator = caller(Role::Operator);
    let call =
        async |name: &str, payload: Value| node.operations.dispatch(&operator, name, payload).await;
    let preview = call("system.preview_diagnostics", json!({})).await.unwrap();
    // Something changes between the look and the save.
    node.operations
        .dispatch(
            &caller(Role::Admin),
            "tokens.create",
            json!({"name": "later", "role": "viewer"}),
        )
        .await
        .unwrap();
    let saved = call(
        "system.save_diagnostics",
        json!({"previewId": preview["previewId"]}),
    )
    .await
    .unwrap();
    assert_eq!(saved["fileName"], preview["fileName"]);
    let files = unpacked(&saved);
    assert_eq!(files.len(), preview["files"].as_array().unwrap().len());
    for shown in preview["files"].as_array().unwrap() {
        let saved = &files[shown["name"].as_str().unwrap()];
        assert_eq!(saved.len() as u64, shown["bytes"].as_u64().unwrap());
        assert!(
            saved.starts_with(shown["text"].as_str().unwrap()),
            "{}",
            shown["name"]
        );
    }
    let about: Value = serde_json::from_str(&files["about.json"]).unwrap();
    assert_eq!(
        (&about["version"], &about["readOnly"]),
        (&json!("0.0.0-test"), &json!(false))
    );
    assert!(files["settings.json"].contains("worker.concurrency"));

    let gone = call("system.save_diagnostics", json!({"previewId": "never"}))
        .await
        .unwrap_err();
    assert_eq!(
        (gone.code, gone.field.as_deref()),
        (ErrorCode::NotFound, Some("previewId"))
    );
    // Only so many previews are kept.
    for _ in 0..4 {
        call("system.preview_diagnostics", json!({})).await.unwrap();
    }
    let pushed_out = call(
        "system.save_diagnostics",
        json!({"previewId": preview["previewId"]}),
    )
    .await;
    assert_eq!(pushed_out.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_from_any_place_is_in_the_archive() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    let admin = caller(Role::Admin);
    let call =
        async |name: &str, payload: Value| node.operations.dispatch(&admin, name, payload).await;

    // What is never to be seen: name of the place, and the text.
    let mut canaries: Vec<(&str, String)> = Vec::new();
    let mut plant = |place: &'static str| {
        let text = format!(
            "canary{}",
            OperationId(uuid::Uuid::new_v4())
                .to_string()
                .replace('-', "x")
        );
        canaries.push((place, text.clone()));
        text
    };

    let (name, title, label, data) = (
        plant("graph name"),
        plant("node title"),
        plant("edge label"),
        plant("node data"),
    );
    call("graphs.create", json!({"name": name, "graphId": "plan"}))
        .await
        .unwrap();
    let commands = [
        (
            "CREATE_NODE",
            json!({"id": "a", "title": title, "data": {"x": data}}),
        ),
        ("CREATE_NODE", json!({"id": "b"})),
        (
            "CREATE_EDGE",
            json!({"id": "e", "source": "a", "target": "b", "label": label}),
        ),
        (
            "CREATE_NODE",
            json!({"id": plant("id of a node"), "title": "t"}),
        ),
        // One that is refused, with text of the caller in the refusal.
        ("DELETE_NODE", json!({"id": plant("id that is not there")})),
    ];
    for (kind, payload) in commands {
        let command = json!({"graphId": "plan", "type": kind, "payload": payload});
        let sent = call("commands.send", command).await;
        assert!(sent.is_ok() || kind == "DELETE_NODE", "{sent:?}");
    }
    // Jobs of ours and of others, as they lie in the queue.
    let (job, reason) = (plant("job data"), plant("failed reason"));
    let mut raw = vec![
        "CONFIG SET slowlog-log-slower-than 0".to_owned(),
        format!("CLIENT SETNAME {}", plant("client name")),
        format!(
            "HSET bull:graph-commands:99 name X data \"{{\\\"a\\\":\\\"{job}\\\"}}\" failedReason {reason}"
        ),
        format!("SET shop:secret {}", plant("value of a slow command")),
        format!("SET session:{}1 x", plant("key of somebody else")),
        format!("EVAL return(1) 0 {}", plant("argument of a script")),
        format!(
            "SET alerts:webhook https://hooks.example/T/{}",
            plant("webhook")
        ),
    ];
    // A webhook as people set it; nothing listens there.
    let webhook = SetWebhook {
        url: Some(format!(
            "http://ada:{}@127.0.0.1:1/in",
            plant("login of the webhook")
        )),
    };
    let admin = caller(Role::Admin);
    node.operations
        .alerts_set_webhook(&admin, webhook)
        .await
        .unwrap();
    raw.push("CONFIG SET slowlog-log-slower-than 10000".to_owned());
    let raw: Vec<&str> = raw.iter().map(String::as_str).collect();
    say(&redis, &raw);

    let made = call(
        "tokens.create",
        json!({"name": plant("name of a token"), "role": "viewer"}),
    )
    .await
    .unwrap();
    let text = made["token"].as_str().unwrap().to_owned();
    canaries.push(("token", text.rsplit_once('_').unwrap().1.to_owned()));
    let password = redis
        .tcp_url()
        .expose()
        .rsplit_once('@')
        .unwrap()
        .0
        .rsplit_once(':')
        .unwrap()
        .1
        .to_owned();
    canaries.push(("password of redis", password.clone()));
    let mut plant = |place: &'static str| {
        let text = format!("canary{}", uuid::Uuid::new_v4().simple());
        canaries.push((place, text.clone()));
        text
    };
    // What others wrote into logs and statuses.
    let subscriber = tracing_subscriber::registry().with(LogRing::of_process().layer());
    let (bearer, key, login, profile, quoted) = (
        plant("bearer in a log line"),
        plant("key of a webhook in a log line"),
        plant("login in a log line"),
        plant("token of a profile in a log line"),
        plant("password in JSON in a log line"),
    );
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("Authorization: Bearer {bearer}");
        tracing::warn!(
            url = format!("https://hooks.example/a?key={key}"),
            "webhook failed"
        );
        tracing::error!(
            "cannot reach redis://:{login}@host:1, password was {password:?}",
            password = ""
        );
        tracing::info!("profile uses gk_0123456789abcdef_{profile}");
        tracing::info!("text {text} and {}", json!({ "password": quoted }));
    });
    let (circuit, probe) = (plant("reason of a circuit"), plant("finding of a probe"));
    node.board.add(move || PartStatus {
        circuits: vec![CircuitStatus {
            name: "webhook".to_owned(),
            state: CircuitState::Open,
            since_ms: 0,
            trips: 1,
            reason: Some(format!(
                "POST https://hooks.example/x?token={circuit} failed"
            )),
        }],
        probes: vec![ProbeStatus {
            name: "planted".to_owned(),
            ok: false,
            detail: format!("redis://u:{probe}@host is away"),
            at_ms: 0,
            took_ms: None,
        }],
        ..PartStatus::default()
    });
    // Payloads of audited calls, also of refused ones.
    let payload = plant("payload of an audited call");
    call("tokens.revoke", json!({"tokenId": payload}))
        .await
        .unwrap_err();
    until("the node to have told of its circuits", async || {
        let list = call("system.nodes", json!({})).await.unwrap();
        list["nodes"][0]["circuits"]
            .as_array()
            .is_some_and(|circuits| circuits.iter().any(|one| one["name"] == "webhook"))
    })
    .await;
    until("a whole pass over the keys", async || {
        call("system.memory", json!({})).await.unwrap()["completedAt"].is_u64()
    })
    .await;

    let files = unpacked(&call("system.save_diagnostics", json!({})).await.unwrap());
    // The archive is not empty where the secrets would be.
    for (file, part) in [
        ("log.jsonl", "webhook failed"),
        ("redis.json", "\"EVAL\""),
        ("nodes.json", "hooks.example"),
        ("audit.json", "tokens.create"),
        ("memory.json", "graph:{id}:nodes"),
        ("queues.json", "graph-commands"),
        ("metrics.txt", "optimistic_commands_processed_total"),
    ] {
        assert!(
            files[file].contains(part),
            "{file} lacks {part}: {}",
            files[file]
        );
    }
    let leaks: Vec<String> = files
        .iter()
        .flat_map(|(file, text)| {
            let found = canaries.iter().filter(|(_, canary)| text.contains(canary));
            found.map(move |(place, _)| format!("{file} tells the {place}"))
        })
        .collect();
    assert_eq!(leaks, Vec::<String>::new());
    assert!(canaries.len() > 20);
}
