//! What operators do to single jobs and to whole queues.

use graphy_engine::{Origin, Submission, Workers};
use graphy_model::{Envelope, GraphId, Role};
use graphy_protocol::ErrorCode;
use graphy_store::testing::TestRedis;
use serde_json::{Value, json};

use crate::queue_support::{Foreign, MAIL, ask, call, ids, with_mail, words};
use crate::support::{Node, caller, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_job_starts_from_nothing() {
    let redis = with_mail().await;
    redis.send(MAIL.failed("1", "{\"a\":1}", "boom", 1)).await;
    let node = Node::start(&redis.url()).await;
    let job = MAIL.job("1");
    ask(&node, "queues.retry_job", job.clone()).await;
    assert_eq!(ids(&node, &MAIL, "waiting").await, ["1"]);
    // Neither its attempts nor what workers that died under it count against it.
    for field in ["atm", "ats", "stc", "failedReason", "finishedOn"] {
        assert!(
            redis.ask(&["HGET", &MAIL.key("1"), field]).await.is_empty(),
            "{field}"
        );
    }
    let again = call(&node, "queues.retry_job", job.clone())
        .await
        .unwrap_err();
    assert_eq!(
        (again.code, again.field.as_deref()),
        (ErrorCode::Invalid, Some("jobId"))
    );
    let shown = ask(&node, "queues.job", job).await;
    let moments = shown["timeline"].as_array().unwrap().iter();
    assert!(
        moments.clone().any(|one| one["what"] == "retried"),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_job_is_promoted_removed_edited_and_added() {
    let redis = with_mail().await;
    let mut commands = vec![MAIL.hash("late", "send", "{}", &[])];
    let due = (1_900_000_000_000_u64 * 4096).to_string();
    commands.push(words(&["ZADD", &MAIL.key("delayed"), &due, "late"]));
    commands.extend(MAIL.failed("bad", "{\"to\":\"x\"}", "boom", 1));
    commands.extend(MAIL.failed("odd", "no json", "boom", 2));
    commands.extend(MAIL.failed("gone", "{}", "boom", 3));
    commands.push(MAIL.hash("busy", "send", "{}", &[]));
    commands.push(words(&["LPUSH", &MAIL.key("active"), "busy"]));
    commands.push(words(&["SET", &MAIL.key("busy:lock"), "t"]));
    redis.send(commands).await;
    let node = Node::start(&redis.url()).await;
    ask(&node, "queues.promote_job", MAIL.job("late")).await;
    assert_eq!(ids(&node, &MAIL, "waiting").await, ["late"]);
    ask(&node, "queues.remove_job", MAIL.job("gone")).await;
    assert_eq!(ids(&node, &MAIL, "failed").await, ["odd", "bad"]);
    let busy = call(&node, "queues.remove_job", MAIL.job("busy"))
        .await
        .unwrap_err();
    assert!(busy.message.contains("worker"), "{busy:?}");
    // What is no job is not deleted under the name of one.
    let meta = call(&node, "queues.remove_job", MAIL.job("meta"))
        .await
        .unwrap_err();
    assert_eq!(meta.code, ErrorCode::NotFound);
    assert_eq!(redis.ask(&["EXISTS", &MAIL.key("meta")]).await, ["1"]);
    for id in ["bad", "odd"] {
        let edit = json!({"queue": MAIL.reference(), "jobId": id, "data": {"to": "y"}});
        assert_eq!(ask(&node, "queues.edit_job", edit).await["jobId"], id);
        let data = redis.ask(&["HGET", &MAIL.key(id), "data"]).await;
        assert_eq!(data, ["{\"to\":\"y\"}"]);
    }
    assert_eq!(ids(&node, &MAIL, "waiting").await, ["late", "bad", "odd"]);
    let add = json!({"queue": MAIL.reference(), "name": "send", "data": [1], "priority": 5});
    let added = ask(&node, "queues.add_job", add).await;
    let first = json!({"queue": MAIL.reference(), "state": "prioritized"});
    let first = ask(&node, "queues.jobs", first).await;
    assert_eq!(first["jobs"][0]["jobId"], added["jobId"]);
    assert_eq!(first["jobs"][0]["priority"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_paused_limited_and_set_free() {
    let redis = with_mail().await;
    let node = Node::start(&redis.url()).await;
    let get = async || ask(&node, "queues.get", MAIL.reference()).await;
    ask(&node, "queues.pause", MAIL.reference()).await;
    until("the pause to show", async || {
        get().await["summary"]["paused"] == true
    })
    .await;
    ask(&node, "queues.resume", MAIL.reference()).await;
    until("the pause to end", async || {
        get().await["summary"]["paused"] == false
    })
    .await;
    let set = json!({
        "queue": MAIL.reference(), "concurrency": 7, "rateLimit": {"max": 10, "durationMs": 2000},
    });
    ask(&node, "queues.configure", set).await;
    let limits = async || {
        let queue = get().await;
        json!([
            queue["concurrency"],
            queue["rateLimit"]["max"],
            queue["rateLimit"]["durationMs"]
        ])
    };
    until("the limits to show", async || {
        limits().await == json!([7, 10, 2000])
    })
    .await;
    let lift = json!({"queue": MAIL.reference(), "concurrency": null, "rateLimit": null});
    ask(&node, "queues.configure", lift).await;
    until("the limits to go", async || {
        get().await["concurrency"].is_null()
    })
    .await;
    assert!(
        redis
            .ask(&["HMGET", &MAIL.key("meta"), "max", "duration", "paused"])
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_scheduler_is_repaired() {
    let redis = with_mail().await;
    let hash = MAIL.key("repeat:tick");
    redis
        .send([
            words(&["ZADD", &MAIL.key("repeat"), "1764000000000", "tick"]),
            words(&[
                "HSET",
                &hash,
                "name",
                "tick",
                "every",
                "60000",
                "data",
                "{\"n\":1}",
                "ic",
                "4",
            ]),
            words(&["ZADD", &MAIL.key("repeat"), "1764000000000", "hollow"]),
        ])
        .await;
    let node = Node::start(&redis.url()).await;
    let list = ask(&node, "queues.schedulers", MAIL.reference()).await;
    assert!(
        list["schedulers"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["fault"].is_string())
    );
    let name = |id: &str| json!({"queue": MAIL.reference(), "schedulerId": id});
    let list = ask(&node, "queues.repair_scheduler", name("tick")).await;
    let tick = list["schedulers"].as_array().unwrap().iter();
    let tick = tick
        .clone()
        .find(|one| one["schedulerId"] == "tick")
        .unwrap();
    assert_eq!(
        (&tick["fault"], &tick["words"]),
        (&Value::Null, &json!("every minute"))
    );
    let next = tick["nextRuns"][0].as_u64().unwrap();
    let job = MAIL.key(&format!("repeat:tick:{next}"));
    assert_eq!(redis.ask(&["HGET", &job, "data"]).await, ["{\"n\":1}"]);
    let hollow = call(&node, "queues.repair_scheduler", name("hollow"))
        .await
        .unwrap_err();
    assert!(hollow.message.contains("definition is gone"), "{hollow:?}");
    ask(&node, "queues.remove_scheduler", name("tick")).await;
    assert_eq!(redis.ask(&["EXISTS", &job, &hash]).await, ["0"]);
}

/// The queue of our own commands.
const COMMANDS: Foreign = Foreign {
    prefix: "bull",
    queue: "graph-commands",
};

/// Starts a node with workers and makes the graph `plan`.
async fn with_plan() -> (TestRedis, Node, Workers) {
    let redis = with_mail().await;
    let node = Node::start(&redis.url()).await;
    let workers = node.workers().await;
    let plan = json!({"name": "Plan", "graphId": "plan"});
    let made = node.call(Role::Editor, "graphs.create", plan).await;
    made.unwrap();
    (redis, node, workers)
}

/// Lists what was done to the graph `plan`.
async fn history(node: &Node) -> Value {
    let request = json!({"graphId": "plan"});
    let list = node.call(Role::Editor, "history.list", request).await;
    list.unwrap()["entries"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_of_ours_is_replayed_under_a_new_operation_id() {
    let (redis, node, workers) = with_plan().await;
    let old = "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a";
    let command = json!({
        "operationId": old, "type": "CREATE_NODE", "payload": {"id": "a"}, "userId": "ada",
    });
    let data = json!({"graphId": "plan", "commands": [command], "deadLetter": "boom"}).to_string();
    redis
        .send(COMMANDS.failed("dead-1", &data, "boom", 1))
        .await;
    let job = COMMANDS.job("dead-1");
    let shown = ask(&node, "queues.job", job.clone()).await;
    assert_eq!(shown["row"]["graphId"], "plan");
    assert_eq!(shown["commands"][0]["commandType"], "CREATE_NODE");
    let row = json!({"queue": COMMANDS.reference(), "state": "failed"});
    assert_eq!(
        ask(&node, "queues.jobs", row).await["jobs"][0]["graphId"],
        "plan"
    );
    ask(&node, "queues.retry_job", job.clone()).await;
    assert!(ids(&node, &COMMANDS, "failed").await.is_empty());
    let entries = async || history(&node).await;
    until("the replay to be applied", async || {
        entries().await[0]["replayOf"] == old
    })
    .await;
    assert_ne!(entries().await[0]["operationId"], old);
    // A node that died before it removed the dead letter would replay it again: one effect.
    redis
        .send(COMMANDS.failed("dead-1", &data, "boom", 1))
        .await;
    ask(&node, "queues.retry_job", job).await;
    let idle = async || {
        let counts = node.intake.queue().counts().await.unwrap();
        counts.unfinished() == 0
    };
    until("the second replay to end", idle).await;
    let mut operations = Vec::new();
    for id in ids(&node, &COMMANDS, "completed").await {
        let job = COMMANDS.job(&id);
        let job = ask(&node, "queues.job", job).await;
        if job["commands"][0]["replayOf"] == old {
            operations.push(job["commands"][0]["operationId"].clone());
        }
    }
    assert_eq!(operations.len(), 2);
    assert_eq!(operations[0], operations[1]);
    assert_eq!(
        entries().await.as_array().unwrap().len(),
        1,
        "{}",
        entries().await
    );
    workers
        .stop(std::time::Duration::from_secs(5))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_dead_letter_is_the_editor_s() {
    let (redis, node, _workers) = with_plan().await;
    redis
        .send(COMMANDS.failed("odd", "{\"graphId\":1}", "boom", 1))
        .await;
    let job = COMMANDS.job("odd");
    let unreadable = call(&node, "queues.retry_job", job.clone())
        .await
        .unwrap_err();
    assert!(unreadable.message.contains("edit"), "{unreadable:?}");
    let old = "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a";
    let data = json!({"graphId": "plan", "commands": [
        {"operationId": old, "type": "CREATE_NODE", "payload": {"id": "b"}, "userId": "eve"},
    ]});
    let edit = json!({"queue": COMMANDS.reference(), "jobId": "odd", "data": data});
    let new = ask(&node, "queues.edit_job", edit).await["operationId"].clone();
    assert!(new.is_string(), "{new}");
    let entry = async || history(&node).await[0].clone();
    until("the edit to be applied", async || {
        entry().await["operationId"] == new
    })
    .await;
    assert_eq!(entry().await["userId"], "ada");
    assert!(ids(&node, &COMMANDS, "failed").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_its_effect_is_not_replayed() {
    let (redis, node, _workers) = with_plan().await;
    let operation = graphy_model::OperationId(uuid::Uuid::now_v7());
    let command = json!({"operationId": operation, "type": "CREATE_NODE", "payload": {"id": "a"}});
    let submission = Submission {
        origin: Origin::Request,
        content: Envelope::from_value(command.clone()).unwrap().into(),
        user_id: caller(Role::Editor).user_id,
        role: Role::Editor,
    };
    let plan = GraphId::new("plan").unwrap();
    node.intake.submit(&plan, vec![submission]).await.unwrap();
    let wait = crate::support::DEADLINE;
    node.intake
        .outcome(&plan, operation, wait)
        .await
        .unwrap()
        .unwrap();
    let data = json!({"graphId": "plan", "commands": [command]}).to_string();
    redis.send(COMMANDS.failed("late", &data, "boom", 1)).await;
    let job = COMMANDS.job("late");
    let shown = ask(&node, "queues.job", job.clone()).await;
    assert_eq!(shown["commands"][0]["outcome"], "applied");
    let refused = call(&node, "queues.retry_job", job).await.unwrap_err();
    assert!(refused.message.contains("nothing to replay"), "{refused:?}");
    assert_eq!(ids(&node, &COMMANDS, "failed").await, ["late"]);
}
