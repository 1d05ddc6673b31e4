//! What the System page shows, and the read-only mode, on a real Redis.

use graphy_model::Role;
use graphy_operations::READ_ONLY;
use graphy_operations::dispatch::{Effect, OPERATIONS};
use graphy_protocol::ErrorCode;
use graphy_store::RedisUrl;
use graphy_store::testing::TestRedis;
use graphy_telemetry::board::{CacheStatus, PartStatus};
use graphy_telemetry::logging::ring::LogRing;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{Node, caller, say, until};

/// Checks that a node tells of its process and its tasks.
fn assert_described(node: &Value) {
    let process = &node["process"];
    assert!(
        process["residentBytes"].as_u64().unwrap() > 100_000,
        "{node}"
    );
    assert!(process["threads"].as_u64().unwrap() > 1, "{node}");
    let tasks = node["tasks"].as_array().unwrap().iter();
    let tasks: Vec<&str> = tasks.map(|task| task["name"].as_str().unwrap()).collect();
    assert!(
        tasks.contains(&"node-report") && tasks.contains(&"redis-write"),
        "{tasks:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_node_describes_itself_to_all_others() {
    let redis = TestRedis::start().await;
    let (one, two) = (
        Node::start(&redis.url()).await,
        Node::start(&redis.url()).await,
    );
    one.board.add(|| PartStatus {
        caches: vec![CacheStatus {
            name: "planted".to_owned(),
            entries: 1,
            entries_max: 2,
            ttl_ms: Some(3),
            hits: 4,
            misses: 5,
        }],
        ..PartStatus::default()
    });
    let nodes = async || {
        let list = two.call(Role::Operator, "system.nodes", Value::Null).await;
        list.unwrap()
    };
    let caches = |list: &Value| -> Vec<Value> {
        let nodes = list["nodes"].as_array().unwrap();
        nodes
            .iter()
            .flat_map(|node| node["caches"].as_array().unwrap().clone())
            .collect()
    };
    until("both to have told of themselves", async || {
        let list = nodes().await;
        let told = |node: &Value| node["reportedAt"].is_u64();
        list["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|node| told(node))
            .count()
            == 2
            && caches(&list).iter().any(|cache| cache["name"] == "planted")
    })
    .await;
    let list = nodes().await;
    let planted = caches(&list)
        .into_iter()
        .find(|cache| cache["name"] == "planted")
        .unwrap();
    assert_eq!(
        (&planted["hits"], &planted["ttlMs"]),
        (&json!(4), &json!(3))
    );
    for node in list["nodes"].as_array().unwrap() {
        assert_described(node);
    }
    let here = list["here"].as_str().unwrap();
    assert!(
        list["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|node| node["nodeId"] == here)
    );
    // The metrics of the board are those of the process.
    until("the hits to be measured", async || {
        let text = one.call(Role::Operator, "metrics.get", json!({})).await;
        text.unwrap()["text"]
            .as_str()
            .unwrap()
            .contains("graphy_cache_hits_total{cache=\"planted\"} 4")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_told_in_words_and_without_values() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    say(
        &redis,
        &[
            "CONFIG SET slowlog-log-slower-than 0",
            "SET shop:cart:1 hunter2",
            "CONFIG SET slowlog-log-slower-than 10000",
        ],
    );
    let operator = caller(Role::Operator);
    let report = node
        .operations
        .dispatch(&operator, "system.redis", json!({}))
        .await
        .unwrap();
    let titles: Vec<&str> = report["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|section| section["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [
            "server",
            "memory",
            "persistence",
            "clients",
            "traffic",
            "replication"
        ]
    );
    let slow = report["slowLog"].as_array().unwrap();
    assert!(
        slow.iter()
            .any(|slow| slow["command"] == "SET shop:cart:1 … (1 more)"),
        "{report}"
    );
    assert!(!report.to_string().contains("hunter2"), "{report}");
    assert_eq!(report["slowLogThresholdUs"], 10_000);
    assert!(!report["commands"].as_array().unwrap().is_empty());
    assert_eq!(report["concerns"], json!([]), "a private redis is in order");

    // Many who ask at once cost the server one reading.
    say(&redis, &["CONFIG RESETSTAT"]);
    let calls = (0..40).map(|_| {
        node.operations
            .dispatch(&operator, "system.redis", Value::Null)
    });
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    let costs = say(&redis, &["INFO commandstats"]);
    let readings = costs
        .lines()
        .find_map(|line| line.strip_prefix("cmdstat_slowlog|get:calls="))
        .unwrap_or("0");
    let readings: u64 = readings.split(',').next().unwrap().parse().unwrap();
    assert!(readings < 20, "{readings} readings for 40 callers");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_forbids_is_missing_with_the_reason() {
    let redis = TestRedis::start().await;
    say(
        &redis,
        &["ACL SETUSER limited on >secret-of-limited ~* &* +@all -slowlog -info"],
    );
    let url = redis.tcp_url();
    let place = url.expose().rsplit_once('@').unwrap().1.to_owned();
    let url: RedisUrl = format!("redis://limited:secret-of-limited@{place}")
        .parse()
        .unwrap();
    let node = Node::start(&url).await;
    let report = node
        .operations
        .dispatch(&caller(Role::Operator), "system.redis", json!({}))
        .await
        .unwrap();
    let concerns: Vec<&str> = report["concerns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect();
    for part in ["INFO", "INFO commandstats", "SLOWLOG"] {
        let expected = format!("{part} is missing: our user may not call {part} on this server");
        assert!(concerns.contains(&expected.as_str()), "{concerns:?}");
    }
    assert_eq!(
        (&report["sections"], &report["slowLog"]),
        (&json!([]), &json!([]))
    );
    assert!(
        report["slowLogThresholdUs"].is_u64(),
        "that part is there: {report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_told_by_families_of_keys() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let keys: Vec<String> = (0..300)
        .map(|number| format!("SET shop:cart:{number}777 {}", "x".repeat(500)))
        .collect();
    let mut commands: Vec<&str> = keys.iter().map(String::as_str).collect();
    let large = format!("SET shop:cart:4242 {}", "y".repeat(20_000));
    commands.push(&large);
    say(&redis, &commands);
    let operator = caller(Role::Operator);
    until("a whole pass", async || {
        let memory = node
            .operations
            .dispatch(&operator, "system.memory", json!({}))
            .await
            .unwrap();
        memory["completedAt"].is_u64()
    })
    .await;
    let memory = node
        .operations
        .dispatch(&operator, "system.memory", json!({}))
        .await
        .unwrap();
    let families = memory["families"].as_array().unwrap();
    let carts = families
        .iter()
        .find(|family| family["pattern"] == "shop:cart:{id}")
        .unwrap();
    assert!(carts["keys"].as_u64().unwrap() >= 301, "{memory}");
    assert!(carts["bytes"].as_u64().unwrap() > 300 * 500, "{memory}");
    assert!(memory["keysSeen"].as_u64().unwrap() >= 301, "{memory}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_the_log_are_found_by_level_and_text() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let operator = caller(Role::Operator);
    let subscriber = tracing_subscriber::registry().with(LogRing::of_process().layer());
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(place = "Needle", "an ordinary line");
        tracing::error!("a needle that burns");
        tracing::debug!("hay");
    });
    let ask = async |request: Value| {
        node.operations
            .dispatch(&operator, "system.logs", request)
            .await
    };
    let messages = |page: &Value| -> Vec<String> {
        let lines = page["lines"].as_array().unwrap();
        lines
            .iter()
            .map(|line| line["message"].as_str().unwrap().to_owned())
            .collect()
    };
    let both = ask(json!({"text": "NEEDLE"})).await.unwrap();
    assert_eq!(messages(&both), ["an ordinary line", "a needle that burns"]);
    let worse = ask(json!({"text": "needle", "level": "WARN"}))
        .await
        .unwrap();
    assert_eq!(messages(&worse), ["a needle that burns"]);
    let later = ask(json!({"text": "needle", "after": both["lines"][0]["id"]}))
        .await
        .unwrap();
    assert_eq!(messages(&later), ["a needle that burns"]);
    for (request, field) in [
        (json!({"level": "loud"}), "level"),
        (json!({"limit": 0}), "limit"),
        (json!({"text": "x".repeat(201)}), "text"),
    ] {
        let error = ask(request).await.unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            (ErrorCode::Invalid, Some(field))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_node_refuses_all_that_does_not_read_for_every_role() {
    let redis = TestRedis::start().await;
    let node = Node::start_read_only(&redis.url()).await;
    let info = node.call(Role::Viewer, "system.info", Value::Null).await;
    assert_eq!(info.unwrap()["readOnly"], true);
    for entry in OPERATIONS {
        for role in Role::ALL {
            let error = node.knock(role, entry).await;
            let what = format!("{} as {}: {error:?}", entry.name, role.as_str());
            if role < entry.least_role {
                assert_eq!(error.code, ErrorCode::Forbidden, "{what}");
                assert_ne!(error.message, READ_ONLY, "{what}");
            } else if entry.effect == Effect::Reads {
                assert_eq!(error.code, ErrorCode::Invalid, "{what}");
            } else {
                assert_eq!(
                    (error.code, error.message.as_str()),
                    (ErrorCode::Forbidden, READ_ONLY),
                    "{what}"
                );
            }
        }
    }
    let audit = node.call(Role::Operator, "audit.list", Value::Null).await;
    assert_eq!(
        audit.unwrap()["entries"],
        json!([]),
        "what is not tried is not begun"
    );
}
