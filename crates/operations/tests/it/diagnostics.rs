//! The diagnostics archive: exactly what was shown, and no secret from any place.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use flate2::read::GzDecoder;
use graphy_model::Role;
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::testing::TestRedis;
use graphy_telemetry::board::{CircuitState, CircuitStatus, PartStatus, ProbeStatus};
use graphy_telemetry::logging::ring::LogRing;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{Node, say, until};

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
    let call = async |name: &str, payload: Value| node.call(Role::Operator, name, payload).await;
    let preview = call("system.preview_diagnostics", json!({})).await.unwrap();
    // Something changes between the look and the save.
    let token = json!({"name": "later", "role": "viewer"});
    let made = node.call(Role::Admin, "tokens.create", token).await;
    made.unwrap();
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

/// Texts that are never to be seen, with the place of each.
#[derive(Default)]
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn plant(&mut self, place: &'static str) -> String {
        let text = format!("canary{}", uuid::Uuid::new_v4().simple());
        self.0.push((place, text.clone()));
        text
    }

    fn note(&mut self, place: &'static str, text: &str) {
        self.0.push((place, text.to_owned()));
    }

    /// Says which files tell what was in which place.
    fn leaks(&self, files: &BTreeMap<String, String>) -> Vec<String> {
        let leaks = files.iter().flat_map(|(file, text)| {
            let found = self.0.iter().filter(|(_, canary)| text.contains(canary));
            found.map(move |(place, _)| format!("{file} tells the {place}"))
        });
        leaks.collect()
    }
}

async fn call(node: &Node, name: &str, payload: Value) -> Result<Value, ApiError> {
    node.call(Role::Admin, name, payload).await
}

/// Makes a graph in which everything is a secret.
async fn plant_in_a_graph(node: &Node, canaries: &mut Canaries) {
    let mut plant = |place| canaries.plant(place);
    let graph = json!({"name": plant("graph name"), "graphId": "plan"});
    call(node, "graphs.create", graph).await.unwrap();
    let (title, data) = (plant("node title"), plant("node data"));
    let edge = json!({"id": "e", "source": "a", "target": "b", "label": plant("edge label")});
    let commands = [
        (
            "CREATE_NODE",
            json!({"id": "a", "title": title, "data": {"x": data}}),
        ),
        ("CREATE_NODE", json!({"id": "b"})),
        ("CREATE_EDGE", edge),
        (
            "CREATE_NODE",
            json!({"id": plant("id of a node"), "title": "t"}),
        ),
        // One that is refused, with text of the caller in the refusal.
        ("DELETE_NODE", json!({"id": plant("id that is not there")})),
    ];
    for (kind, payload) in commands {
        let command = json!({"graphId": "plan", "type": kind, "payload": payload});
        let sent = call(node, "commands.send", command).await;
        assert!(sent.is_ok() || kind == "DELETE_NODE", "{sent:?}");
    }
}

/// Writes jobs of ours and of others, as they lie in the queue, and makes all commands slow ones.
fn plant_in_redis(redis: &TestRedis, canaries: &mut Canaries) {
    let mut plant = |place| canaries.plant(place);
    let (job, reason) = (plant("job data"), plant("failed reason"));
    let raw = [
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
        "CONFIG SET slowlog-log-slower-than 10000".to_owned(),
    ];
    let raw: Vec<&str> = raw.iter().map(String::as_str).collect();
    say(redis, &raw);
    let url = redis.tcp_url();
    let (login, _) = url.expose().rsplit_once('@').unwrap();
    let (_, password) = login.rsplit_once(':').unwrap();
    canaries.note("password of redis", password);
}

/// Sets a webhook as people do, where nothing listens, and makes a token; returns the token.
async fn plant_by_calls(node: &Node, canaries: &mut Canaries) -> String {
    let login = canaries.plant("login of the webhook");
    let webhook = json!({"url": format!("http://ada:{login}@127.0.0.1:1/in")});
    call(node, "alerts.set_webhook", webhook).await.unwrap();
    let token = json!({"name": canaries.plant("name of a token"), "role": "viewer"});
    let made = call(node, "tokens.create", token).await.unwrap();
    let token = made["token"].as_str().unwrap();
    canaries.note("token", token.splitn(3, '_').last().unwrap());
    // Payloads of audited calls, also of refused ones.
    let revoked = json!({"tokenId": canaries.plant("payload of an audited call")});
    call(node, "tokens.revoke", revoked).await.unwrap_err();
    token.to_owned()
}

/// Logs what others might.
fn plant_in_the_log(token: &str, canaries: &mut Canaries) {
    let mut plant = |place| canaries.plant(place);
    let (bearer, key, login, profile, quoted) = (
        plant("bearer in a log line"),
        plant("key of a webhook in a log line"),
        plant("login in a log line"),
        plant("token of a profile in a log line"),
        plant("password in JSON in a log line"),
    );
    let subscriber = tracing_subscriber::registry().with(LogRing::of_process().layer());
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
        tracing::info!("text {token} and {}", json!({ "password": quoted }));
    });
}

/// Puts on the board what parts might say.
fn plant_on_the_board(node: &Node, canaries: &mut Canaries) {
    let circuit = canaries.plant("reason of a circuit");
    let probe = canaries.plant("finding of a probe");
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
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_from_any_place_is_in_the_archive() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    let mut canaries = Canaries::default();
    plant_in_a_graph(&node, &mut canaries).await;
    let token = plant_by_calls(&node, &mut canaries).await;
    plant_in_redis(&redis, &mut canaries);
    plant_in_the_log(&token, &mut canaries);
    plant_on_the_board(&node, &mut canaries);
    until("the node to have told of its circuits", async || {
        let list = call(&node, "system.nodes", json!({})).await.unwrap();
        list["nodes"][0]["circuits"]
            .as_array()
            .is_some_and(|circuits| circuits.iter().any(|one| one["name"] == "webhook"))
    })
    .await;
    until("a whole pass over the keys", async || {
        let memory = call(&node, "system.memory", json!({})).await.unwrap();
        memory["completedAt"].is_u64()
    })
    .await;

    let saved = call(&node, "system.save_diagnostics", json!({})).await;
    let files = unpacked(&saved.unwrap());
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
        let text = &files[file];
        assert!(text.contains(part), "{file} lacks {part}: {text}");
    }
    assert_eq!(canaries.leaks(&files), Vec::<String>::new());
    assert!(canaries.0.len() > 20);
}
