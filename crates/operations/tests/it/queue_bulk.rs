//! One thing done to many jobs: preview, confirmation, run, stop and undo.

use graphy_model::{Role, UserId};
use graphy_protocol::ErrorCode;
use graphy_store::bullmq::{JobList, QueueName, QueueReader};
use graphy_store::testing::TestRedis;
use serde_json::{Value, json};

use crate::queue_support::{MAIL, ask, bulk, call, confirm, ended, ids, with_mail, words};
use crate::support::{Node, caller};

/// Makes failed jobs `f0`…; every second one carries the word `even`.
async fn with_failed(count: u64) -> TestRedis {
    let redis = with_mail().await;
    let jobs = (0..count).flat_map(|number| {
        let data = if number % 2 == 0 {
            "{\"kind\":\"even\"}"
        } else {
            "{\"kind\":\"odd\"}"
        };
        MAIL.failed(&format!("f{number}"), data, "boom", 1000 + number)
    });
    redis.send(jobs).await;
    redis
}

fn request(action: &str, state: &str, text: Option<&str>) -> Value {
    let mut request = json!({"queue": MAIL.reference(), "action": action, "state": state});
    if let Some(text) = text {
        request["filter"] = json!({"text": text});
    }
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_counts_and_changes_nothing() {
    let redis = with_failed(250).await;
    let node = Node::start(&redis.url()).await;
    let before = redis.ask(&["ZRANGE", &MAIL.key("failed"), "0", "-1"]).await;
    let preview = ask(
        &node,
        "queues.preview",
        request("retry", "failed", Some("EVEN")),
    )
    .await;
    assert_eq!(
        (&preview["jobs"], &preview["lookedAt"]),
        (&json!(125), &json!(250))
    );
    assert_eq!(
        (&preview["cut"], &preview["undoMs"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(preview["sample"].as_array().unwrap().len(), 10);
    let removal = ask(&node, "queues.preview", request("remove", "failed", None)).await;
    assert_eq!(
        (&removal["jobs"], &removal["undoMs"]),
        (&json!(250), &json!(60_000))
    );
    assert_eq!(
        redis.ask(&["ZRANGE", &MAIL.key("failed"), "0", "-1"]).await,
        before
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_shown_is_done() {
    let redis = with_failed(120).await;
    let node = Node::start(&redis.url()).await;
    let preview = ask(
        &node,
        "queues.preview",
        request("retry", "failed", Some("even")),
    )
    .await;
    // A job that fails alike after the preview was not shown.
    redis
        .send(MAIL.failed("new", "{\"kind\":\"even\"}", "boom", 9000))
        .await;
    let run = confirm(&node, &preview).await.unwrap();
    let run = ended(&node, &run).await;
    assert_eq!(
        (&run["state"], &run["done"], &run["skipped"]),
        (&json!("done"), &json!(60), &json!(0))
    );
    assert_eq!(ids(&node, &MAIL, "waiting").await.len(), 60);
    let failed = ids(&node, &MAIL, "failed").await;
    assert!(failed.len() == 61 && failed.contains(&"new".to_owned()));
    let again = confirm(&node, &preview).await.unwrap_err();
    assert!(again.message.contains("used up"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_is_its_caller_s() {
    let redis = with_failed(3).await;
    let node = Node::start(&redis.url()).await;
    let preview = ask(&node, "queues.preview", request("remove", "failed", None)).await;
    let confirmation = json!({"confirmation": preview["confirmation"]});
    let mut other = caller(Role::Operator);
    other.user_id = UserId::new("eve").unwrap();
    let refused = node
        .operations
        .dispatch(&other, "queues.run", confirmation)
        .await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Forbidden);
    // It was not used up by that.
    let run = confirm(&node, &preview).await.unwrap();
    assert_eq!(ended(&node, &run).await["done"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_selection_is_refused_and_single_jobs_are_left_alone() {
    let redis = with_failed(20).await;
    let node = Node::start(&redis.url()).await;
    let preview = ask(&node, "queues.preview", request("retry", "failed", None)).await;
    for id in ["f0", "f1", "f2"] {
        ask(&node, "queues.retry_job", MAIL.job(id)).await;
    }
    let refused = confirm(&node, &preview).await.unwrap_err();
    assert!(
        refused
            .message
            .contains("3 of 20 jobs are not failed any more"),
        "{refused:?}"
    );
    assert_eq!(ids(&node, &MAIL, "failed").await.len(), 17);
    let preview = ask(&node, "queues.preview", request("retry", "failed", None)).await;
    ask(&node, "queues.retry_job", MAIL.job("f3")).await;
    let run = confirm(&node, &preview).await.unwrap();
    let run = ended(&node, &run).await;
    assert_eq!((&run["done"], &run["skipped"]), (&json!(16), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_jobs_come_back_whole_and_in_their_place() {
    let redis = with_failed(120).await;
    redis
        .send([words(&["RPUSH", &MAIL.key("f7:logs"), "one", "two"])])
        .await;
    let node = Node::start(&redis.url()).await;
    let place = ["ZRANGE", &MAIL.key("failed"), "0", "-1", "WITHSCORES"].map(str::to_owned);
    let place: Vec<&str> = place.iter().map(String::as_str).collect();
    let before = redis.ask(&place).await;
    let mut hash = redis.ask(&["HGETALL", &MAIL.key("f7")]).await;
    let (_, run) = bulk(&node, request("remove", "failed", None)).await;
    assert_eq!((&run["state"], &run["done"]), (&json!("done"), &json!(120)));
    assert!(run["undoUntil"].is_number(), "{run}");
    assert!(redis.ask(&place).await.is_empty());
    assert_eq!(
        redis
            .ask(&["EXISTS", &MAIL.key("f7"), &MAIL.key("f7:logs")])
            .await,
        ["0"]
    );
    let undone = ask(&node, "queues.run_undo", json!({"runId": run["runId"]})).await;
    assert_eq!(
        (&undone["state"], &undone["undoUntil"]),
        (&json!("undone"), &Value::Null)
    );
    assert_eq!(redis.ask(&place).await, before);
    let mut back = redis.ask(&["HGETALL", &MAIL.key("f7")]).await;
    hash.sort();
    back.sort();
    assert_eq!(back, hash);
    assert_eq!(
        redis
            .ask(&["LRANGE", &MAIL.key("f7:logs"), "0", "-1"])
            .await,
        ["one", "two"]
    );
    let again = call(&node, "queues.run_undo", json!({"runId": run["runId"]})).await;
    assert_eq!(again.unwrap_err().code, ErrorCode::Expired);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_and_delayed_jobs_come_back_and_wake_workers() {
    let redis = with_mail().await;
    let mut commands = Vec::new();
    for number in 0..60 {
        commands.extend(MAIL.waiting(&format!("w{number}"), "{}"));
    }
    let due = |at: u64| (at * 4096).to_string();
    for (id, at) in [("d1", 1_900_000_001_000), ("d2", 1_900_000_002_000)] {
        commands.push(MAIL.hash(id, "later", "{}", &["delay", "5000"]));
        commands.push(words(&["ZADD", &MAIL.key("delayed"), &due(at), id]));
    }
    redis.send(commands).await;
    let node = Node::start(&redis.url()).await;
    for state in ["waiting", "delayed"] {
        let before = ids(&node, &MAIL, state).await;
        let (_, run) = bulk(&node, request("remove", state, None)).await;
        assert_eq!(run["done"], before.len());
        assert!(ids(&node, &MAIL, state).await.is_empty());
        redis.send([words(&["DEL", &MAIL.key("marker")])]).await;
        ask(&node, "queues.run_undo", json!({"runId": run["runId"]})).await;
        assert_eq!(ids(&node, &MAIL, state).await, before);
        let marker = redis
            .ask(&["ZRANGE", &MAIL.key("marker"), "0", "-1", "WITHSCORES"])
            .await;
        let expected = if state == "waiting" {
            ["0", "0"]
        } else {
            ["1", "1900000001000"]
        };
        assert_eq!(marker, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_schedulers_and_jobs_at_workers_are_left_alone() {
    let redis = with_mail().await;
    let mut commands = Vec::new();
    for id in ["plain", "child", "parent", "taken"] {
        commands.extend(MAIL.waiting(id, "{}"));
    }
    commands.push(words(&[
        "HSET",
        &MAIL.key("child"),
        "parentKey",
        "shop:mail:p",
    ]));
    commands.push(words(&[
        "SADD",
        &MAIL.key("parent:dependencies"),
        "shop:mail:c",
    ]));
    let next = "repeat:tick:1900000000000";
    commands.push(MAIL.hash(next, "tick", "{}", &["rjk", "tick"]));
    commands.push(words(&["LPUSH", &MAIL.key("wait"), next]));
    commands.push(words(&[
        "ZADD",
        &MAIL.key("repeat"),
        "1900000000000",
        "tick",
    ]));
    for number in 0..20 {
        commands.extend(MAIL.waiting(&format!("w{number}"), "{}"));
    }
    redis.send(commands).await;
    let node = Node::start(&redis.url()).await;
    let preview = ask(&node, "queues.preview", request("remove", "waiting", None)).await;
    // A worker takes one in between.
    redis
        .send([
            words(&["LREM", &MAIL.key("wait"), "1", "taken"]),
            words(&["LPUSH", &MAIL.key("active"), "taken"]),
            words(&["SET", &MAIL.key("taken:lock"), "t"]),
        ])
        .await;
    let run = confirm(&node, &preview).await.unwrap();
    let run = ended(&node, &run).await;
    assert_eq!((&run["done"], &run["skipped"]), (&json!(21), &json!(4)));
    assert_eq!(
        ids(&node, &MAIL, "waiting").await,
        ["child", "parent", next]
    );
    assert_eq!(ids(&node, &MAIL, "active").await, ["taken"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_at_a_time_and_it_can_be_stopped() {
    let redis = with_failed(4000).await;
    let node = Node::start(&redis.url()).await;
    let first = ask(&node, "queues.preview", request("remove", "failed", None)).await;
    let second = ask(&node, "queues.preview", request("retry", "failed", None)).await;
    let run = confirm(&node, &first).await.unwrap();
    let busy = confirm(&node, &second).await;
    assert_eq!(busy.unwrap_err().code, ErrorCode::AlreadyExists);
    ask(&node, "queues.run_stop", json!({"runId": run["runId"]})).await;
    // Another node can be asked, and a page may be loaded again.
    let other = Node::start(&redis.url()).await;
    let run = ended(&other, &run).await;
    assert_eq!(run["state"], "stopped");
    let done = run["done"].as_u64().unwrap();
    assert!(done < 4000, "{run}");
    let left: u64 = redis.ask(&["ZCARD", &MAIL.key("failed")]).await[0]
        .parse()
        .unwrap();
    assert_eq!(left + done, 4000);
    ask(&other, "queues.run_undo", json!({"runId": run["runId"]})).await;
    assert_eq!(redis.ask(&["ZCARD", &MAIL.key("failed")]).await, ["4000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_undo_is_promised_for_what_is_too_large_to_keep() {
    let redis = with_mail().await;
    let heavy = "x".repeat(1024 * 1024 - 10);
    let jobs =
        (0..20).flat_map(|number| MAIL.failed(&format!("h{number}"), &heavy, "boom", number));
    redis.send(jobs).await;
    let node = Node::start(&redis.url()).await;
    let (preview, run) = bulk(&node, request("remove", "failed", None)).await;
    assert_eq!(
        (&preview["undoMs"], &run["undoUntil"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(run["done"], 20);
    let undo = call(&node, "queues.run_undo", json!({"runId": run["runId"]})).await;
    assert_eq!(undo.unwrap_err().code, ErrorCode::Expired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_loses_no_job_that_it_was_removing() {
    let redis = with_failed(10).await;
    let node = Node::start(&redis.url()).await;
    let reader = QueueReader::new(node.store.link().clone());
    let queue = QueueName::new("shop", "mail");
    let failed = JobList::Failed;
    // It died after it had kept a copy of one job, and after it had removed another.
    reader
        .keep("run", &queue, failed, "f1", 60_000)
        .await
        .unwrap();
    ask(&node, "queues.remove_job", MAIL.job("f1")).await;
    reader
        .keep("run", &queue, failed, "f2", 60_000)
        .await
        .unwrap();
    let record = json!({
        "runId": "run", "queue": MAIL.reference(), "action": "remove", "state": "running",
        "jobs": 10, "done": 0, "skipped": 0, "error": null, "undoUntil": null,
    });
    reader
        .beat(&queue, "run", &record.to_string())
        .await
        .unwrap();
    let run = ask(&node, "queues.run_status", json!({"runId": "run"})).await;
    assert_eq!(run["state"], "failed");
    assert!(run["error"].as_str().unwrap().contains("no sign"), "{run}");
    ask(&node, "queues.run_undo", json!({"runId": "run"})).await;
    let mut back = ids(&node, &MAIL, "failed").await;
    back.sort();
    let all: Vec<String> = (0..10).map(|number| format!("f{number}")).collect();
    assert_eq!(back, all);
}
