//! Queues as operators see them, on queues that foreign programs left.

use graphy_protocol::ErrorCode;
use serde_json::{Value, json};

use crate::queue_support::{Foreign, MAIL, ODD, ask, call, ids, with_mail, words};
use crate::support::{Node, until};

#[tokio::test(flavor = "multi_thread")]
async fn foreign_queues_are_found_under_any_prefix() {
    let redis = with_mail().await;
    redis.send([ODD.opened("bullmq:6.2.0")]).await;
    // Made by a producer that never opened the queue; and two that only look like queues.
    redis
        .send([
            words(&["INCR", "bare:jobs:id"]),
            words(&[
                "XADD",
                "bare:jobs:events",
                "*",
                "event",
                "added",
                "jobId",
                "1",
            ]),
            words(&["SET", "doc:users:id", "7"]),
            words(&["HSET", "shop:cart:meta", "total", "3"]),
        ])
        .await;
    let node = Node::start(&redis.url()).await;
    let list = ask(&node, "queues.list", json!({})).await;
    let queues: Vec<(&str, &str, bool)> = list["queues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |field: &str| one[field].as_str().unwrap();
            (text("prefix"), text("queue"), one["own"].as_bool().unwrap())
        })
        .collect();
    let expected = [
        ("bull", "graph-commands", true),
        ("bare", "jobs", false),
        ("shop", "mail", false),
        ("my:{app}", "{odd}", false),
    ];
    for one in expected {
        assert!(queues.contains(&one), "{one:?} is not in {queues:?}");
    }
    assert!(
        !queues
            .iter()
            .any(|(_, name, _)| ["users", "cart"].contains(name)),
        "{queues:?}"
    );
    assert_eq!(list["search"]["cut"], false);
    assert!(list["search"]["completedAt"].is_number());
    let get = ask(&node, "queues.get", MAIL.reference()).await;
    assert_eq!(get["summary"]["version"], "bullmq:6.7.0");
    assert_eq!(get["workerConcurrency"], Value::Null);
    let own = ask(&node, "queues.get", json!({"queue": "graph-commands"})).await;
    assert_eq!(own["workerConcurrency"], 16);
    let none = call(&node, "queues.get", json!({"queue": "none"}))
        .await
        .unwrap_err();
    assert_eq!(none.code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_is_listed_in_its_order() {
    let redis = with_mail().await;
    let due = |at: u64| (at * 4096).to_string();
    let mut commands = Vec::new();
    for id in ["1", "2", "3"] {
        commands.extend(MAIL.waiting(id, "{}"));
    }
    commands.extend(MAIL.failed("4", "{}", "boom", 1_764_000_001_000));
    commands.extend(MAIL.failed("5", "{}", "boom", 1_764_000_002_000));
    for (id, at) in [("6", 1_900_000_002_000), ("7", 1_900_000_001_000)] {
        commands.push(MAIL.hash(id, "later", "{}", &[]));
        commands.push(words(&["ZADD", &MAIL.key("delayed"), &due(at), id]));
    }
    commands.push(MAIL.hash(
        "8",
        "now",
        "{}",
        &["processedOn", "1764000000900", "pb", "w1"],
    ));
    commands.push(words(&["LPUSH", &MAIL.key("active"), "8"]));
    commands.push(words(&["SET", &MAIL.key("8:lock"), "token", "PX", "30000"]));
    redis.send(commands).await;
    let node = Node::start(&redis.url()).await;
    assert_eq!(ids(&node, &MAIL, "waiting").await, ["1", "2", "3"]);
    assert_eq!(ids(&node, &MAIL, "failed").await, ["5", "4"]);
    assert_eq!(ids(&node, &MAIL, "delayed").await, ["7", "6"]);
    assert_eq!(ids(&node, &MAIL, "active").await, ["8"]);
    let delayed = json!({"queue": MAIL.reference(), "state": "delayed", "limit": 1});
    let delayed = ask(&node, "queues.jobs", delayed).await;
    assert_eq!(delayed["jobs"][0]["dueAt"], 1_900_000_001_000_u64);
    assert_eq!(
        (&delayed["total"], &delayed["next"]),
        (&json!(2), &json!(1))
    );
    let active = ask(
        &node,
        "queues.job",
        json!({"queue": MAIL.reference(), "jobId": "8"}),
    )
    .await;
    assert_eq!(
        (&active["state"], &active["row"]["worker"]),
        (&json!("active"), &json!("w1"))
    );
    assert!(active["lockLeftMs"].as_u64().unwrap() <= 30_000);
    let failed = ask(
        &node,
        "queues.job",
        json!({"queue": MAIL.reference(), "jobId": "5"}),
    )
    .await;
    assert_eq!(failed["attempts"][1]["error"], "second");
    assert_eq!(
        (&failed["stalled"], &failed["row"]["attemptsMax"]),
        (&json!(2), &json!(3))
    );
    let moments = failed["timeline"].as_array().unwrap().iter();
    let moments: Vec<_> = moments.map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(moments, ["added", "started", "failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_foreign_programs_wrote_may_be_anything() {
    let redis = with_mail().await;
    let huge = "x".repeat(3 * 1024 * 1024);
    let mut commands = Vec::new();
    commands.extend(MAIL.failed("plain", "no json {{", "boom", 1));
    commands.extend(MAIL.failed("huge", &huge, "boom", 2));
    commands.extend(MAIL.failed("a:b:{c} d", "{}", "boom", 3));
    commands.push(words(&["ZADD", &MAIL.key("failed"), "4", "orphan"]));
    commands.push(words(&["ZADD", &MAIL.key("failed"), "5", "text"]));
    commands.push(words(&["SET", &MAIL.key("text"), "not a hash"]));
    commands.push(MAIL.hash("lost", "lost", "{}", &[]));
    commands.push(words(&["SET", &MAIL.key("wait"), "not a list"]));
    commands.push(words(&["SET", &MAIL.key("events"), "not a stream"]));
    redis.send(commands).await;
    let node = Node::start(&redis.url()).await;
    let expected = ["text", "orphan", "a:b:{c} d", "huge", "plain"];
    assert_eq!(ids(&node, &MAIL, "failed").await, expected);
    assert!(ids(&node, &MAIL, "waiting").await.is_empty());
    let job = async |id: &str| {
        call(
            &node,
            "queues.job",
            json!({"queue": MAIL.reference(), "jobId": id}),
        )
        .await
    };
    assert_eq!(job("plain").await.unwrap()["data"]["text"], "no json {{");
    let large = job("huge").await.unwrap();
    assert_eq!(large["data"]["bytes"], huge.len());
    assert_eq!(large["data"]["text"].as_str().unwrap().len(), 64 * 1024);
    assert_eq!(large["data"]["cut"], true);
    assert!(serde_json::to_string(&large).unwrap().len() < 80 * 1024);
    let piece = json!({
        "queue": MAIL.reference(), "jobId": "huge", "part": "data", "offset": huge.len() - 10,
    });
    assert_eq!(
        ask(&node, "queues.job_text", piece).await["text"],
        "xxxxxxxxxx"
    );
    assert_eq!(job("lost").await.unwrap()["state"], Value::Null);
    for id in ["orphan", "text", "meta", "none"] {
        let error = job(id).await.unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            (ErrorCode::NotFound, Some("jobId"))
        );
    }
    ask(&node, "queues.get", MAIL.reference()).await;
    ask(
        &node,
        "queues.dead_letters",
        json!({"queue": MAIL.reference()}),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_jobs_are_paged_and_searched_in_bounds() {
    let redis = with_mail().await;
    let data = |number: usize| format!("{{\"to\":\"user{number}@example.org\"}}");
    let jobs = (0..100_000).flat_map(|number| MAIL.waiting(&format!("j{number}"), &data(number)));
    redis.send(jobs).await;
    let node = Node::start(&redis.url()).await;
    let page = async |filter: Value, offset: usize| {
        let request = json!({
            "queue": MAIL.reference(), "state": "waiting", "filter": filter, "offset": offset,
        });
        ask(&node, "queues.jobs", request).await
    };
    for offset in [0, 49_975, 99_950] {
        let found = page(json!({}), offset).await;
        assert_eq!(found["total"], 100_000);
        assert_eq!(found["jobs"].as_array().unwrap().len(), 50);
        assert_eq!(found["jobs"][0]["jobId"], format!("j{offset}"));
        assert_eq!(found["lookedAt"], 50);
    }
    assert_eq!(page(json!({}), 99_950).await["next"], Value::Null);
    let found = page(json!({"text": "USER1234@"}), 0).await;
    assert_eq!(found["jobs"][0]["jobId"], "j1234");
    let none = page(json!({"text": "nobody"}), 0).await;
    assert_eq!(
        (&none["lookedAt"], &none["next"]),
        (&json!(2000), &json!(2000))
    );
    assert_eq!(
        page(json!({"name": "send"}), 10).await["jobs"]
            .as_array()
            .unwrap()
            .len(),
        50
    );
    let mut offset = json!(0);
    let mut looked = 0;
    while let Some(at) = offset.as_u64() {
        let found = page(json!({"text": "user99999@"}), usize::try_from(at).unwrap()).await;
        looked += found["lookedAt"].as_u64().unwrap();
        offset = found["next"].clone();
        if offset.is_null() {
            assert_eq!(found["jobs"][0]["jobId"], "j99999");
        }
    }
    assert_eq!(looked, 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_that_failed_alike_are_one_group() {
    let redis = with_mail().await;
    let mut commands = Vec::new();
    for number in 0..30_u64 {
        let reason = format!("timeout after {} ms for 'user{number}'", 1000 + number);
        commands.extend(MAIL.failed(&format!("t{number}"), "{}", &reason, 1000 + number));
    }
    commands.extend(MAIL.failed("other", "{}", "no such address", 5000));
    redis.send(commands).await;
    let node = Node::start(&redis.url()).await;
    let letters = ask(
        &node,
        "queues.dead_letters",
        json!({"queue": MAIL.reference()}),
    )
    .await;
    let groups = letters["groups"].as_array().unwrap();
    assert_eq!((groups.len(), &letters["jobs"]), (2, &json!(31)));
    assert_eq!(
        (&groups[0]["jobs"], &groups[0]["newestJobId"]),
        (&json!(30), &json!("t29"))
    );
    assert_eq!(
        (&groups[0]["firstAt"], &groups[0]["lastAt"]),
        (&json!(1000), &json!(1029))
    );
    let request = json!({
        "queue": MAIL.reference(), "state": "failed",
        "filter": {"fingerprint": groups[1]["fingerprint"]},
    });
    let page = ask(&node, "queues.jobs", request).await;
    assert_eq!(page["jobs"][0]["jobId"], "other");
    assert_eq!(page["jobs"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_seen_and_comes_first() {
    let redis = with_mail().await;
    let old = Foreign {
        prefix: "shop",
        queue: "zz-old",
    };
    let paused = Foreign {
        prefix: "shop",
        queue: "paused",
    };
    let mut commands = vec![old.opened("bullmq:5.81.5"), paused.opened("bullmq:6.7.0")];
    commands.extend(MAIL.waiting("1", "{}"));
    commands.extend(paused.waiting("1", "{}"));
    commands.push(words(&["HSET", &paused.key("meta"), "paused", "1"]));
    // A scheduler whose next job is missing.
    commands.push(words(&[
        "ZADD",
        &MAIL.key("repeat"),
        "1900000000000",
        "nightly",
    ]));
    let hash = MAIL.key("repeat:nightly");
    commands.push(words(&[
        "HSET",
        &hash,
        "name",
        "night",
        "pattern",
        "0 2 * * *",
    ]));
    redis.send(commands).await;
    let node = Node::start(&redis.url()).await;
    let troubles = async |queue: &str| {
        let list = ask(&node, "queues.list", json!({})).await;
        let queues = list["queues"].as_array().unwrap();
        let found = queues.iter().find(|one| one["queue"] == queue).unwrap();
        found["troubles"].clone()
    };
    assert_eq!(troubles("zz-old").await, json!(["old_peer"]));
    assert_eq!(troubles("paused").await, json!(["paused_with_jobs"]));
    until("the broken scheduler to be seen", async || {
        troubles("mail").await == json!(["no_worker", "broken_scheduler"])
    })
    .await;
    let list = ask(&node, "queues.list", json!({})).await;
    let queues = list["queues"].as_array().unwrap().iter();
    let order: Vec<_> = queues.map(|one| one["queue"].as_str().unwrap()).collect();
    let ours = ["analytics", "graph-commands", "sync-operations"];
    assert_eq!(order[..3], ["zz-old", "mail", "paused"]);
    assert_eq!(order[3..], ours);
    let schedulers = ask(&node, "queues.schedulers", MAIL.reference()).await;
    let nightly = &schedulers["schedulers"][0];
    assert_eq!(nightly["words"], "at 02:00, every day (UTC)");
    assert!(nightly["fault"].as_str().unwrap().contains("missing"));
}
