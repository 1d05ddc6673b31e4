//! What operators may not ask of queues, and how it is refused.

use graphy_model::Role;
use graphy_operations::dispatch::OPERATIONS;
use graphy_protocol::ErrorCode;
use graphy_store::testing::TestRedis;
use serde_json::{Value, json};

use crate::queue_support::{MAIL, ODD, call, ids, with_mail};
use crate::support::{Node, caller};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "a table of refusals")]
async fn bad_input_names_the_field_and_the_limit() {
    let redis = with_mail().await;
    let node = Node::start(&redis.url()).await;
    let mail = MAIL.reference();
    let long = "x".repeat(201);
    let heavy = "x".repeat(1024 * 1024);
    let job = json!({"queue": mail, "jobId": "1"});
    let with = |base: &Value, field: &str, value: Value| {
        let mut base = base.clone();
        base[field] = value;
        base
    };
    let jobs = json!({"queue": mail, "state": "failed"});
    let add = json!({"queue": mail, "name": "send", "data": {}});
    let limits = json!({"queue": mail, "concurrency": null, "rateLimit": null});
    let bulk = json!({"queue": mail, "action": "retry", "state": "failed"});
    let cases = [
        ("queues.get", json!({"queue": "a:b"}), "queue", "colon"),
        ("queues.get", json!({"queue": ""}), "queue", "1 to 200"),
        (
            "queues.get",
            json!({"queue": "a", "prefix": long}),
            "prefix",
            "200",
        ),
        (
            "queues.jobs",
            with(&jobs, "limit", json!(201)),
            "limit",
            "1 to 200",
        ),
        (
            "queues.jobs",
            with(&jobs, "state", json!("odd")),
            "state",
            "odd",
        ),
        (
            "queues.jobs",
            with(&jobs, "filter", json!({"text": long})),
            "filter.text",
            "200",
        ),
        (
            "queues.job",
            with(&job, "jobId", json!("")),
            "jobId",
            "1 to 1000",
        ),
        (
            "queues.add_job",
            with(&add, "name", json!("")),
            "name",
            "1 to 200",
        ),
        (
            "queues.add_job",
            with(&add, "data", json!(heavy)),
            "data",
            "1048576",
        ),
        (
            "queues.add_job",
            with(&add, "delayMs", json!(2_592_000_001_u64)),
            "delayMs",
            "2592000000",
        ),
        (
            "queues.add_job",
            with(&add, "priority", json!(0)),
            "priority",
            "2097151",
        ),
        (
            "queues.add_job",
            with(&add, "attempts", json!(101)),
            "attempts",
            "100",
        ),
        (
            "queues.configure",
            with(&limits, "concurrency", json!(0)),
            "concurrency",
            "100000",
        ),
        (
            "queues.configure",
            with(&limits, "rateLimit", json!({"max": 0, "durationMs": 1})),
            "rateLimit.max",
            "1000000",
        ),
        (
            "queues.preview",
            with(&bulk, "state", json!("waiting")),
            "state",
            "failed",
        ),
        (
            "queues.preview",
            json!({"queue": mail, "action": "remove", "state": "active"}),
            "state",
            "waiting",
        ),
        ("queues.retry_job", job.clone(), "jobId", "\"1\""),
        ("queues.promote_job", job.clone(), "jobId", "\"1\""),
        ("queues.remove_job", job.clone(), "jobId", "\"1\""),
        (
            "queues.edit_job",
            with(&job, "data", json!({})),
            "jobId",
            "\"1\"",
        ),
        (
            "queues.run",
            json!({"confirmation": "nope"}),
            "confirmation",
            "preview again",
        ),
        (
            "queues.run_status",
            json!({"runId": "nope"}),
            "runId",
            "nope",
        ),
        (
            "queues.repair_scheduler",
            json!({"queue": mail, "schedulerId": "no"}),
            "schedulerId",
            "no",
        ),
        (
            "queues.remove_scheduler",
            json!({"queue": mail, "schedulerId": "no"}),
            "schedulerId",
            "no",
        ),
        (
            "queues.add_job",
            json!({"queue": {"queue": "graph-commands"}, "name": "X", "data": {"a": 1}}),
            "data",
            "graphId, commands",
        ),
    ];
    for (name, payload, field, says) in cases {
        let short: String = payload.to_string().chars().take(120).collect();
        let error = call(&node, name, payload).await.unwrap_err();
        assert_eq!(
            error.field.as_deref(),
            Some(field),
            "{name} {short}: {error:?}"
        );
        assert!(error.message.contains(says), "{name} {short}: {error:?}");
    }
    // Nothing came into being by asking.
    let none = call(&node, "queues.pause", json!({"queue": "none"}))
        .await
        .unwrap_err();
    assert_eq!(none.code, ErrorCode::NotFound);
    assert!(redis.ask(&["EXISTS", "bull:none:meta"]).await == ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_look_changes_nothing() {
    let redis = with_mail().await;
    redis.send(MAIL.failed("1", "{}", "boom", 1)).await;
    let node = Node::start(&redis.url()).await;
    let ours = OPERATIONS
        .iter()
        .filter(|entry| entry.name.starts_with("queues."));
    let mut seen = 0;
    for entry in ours {
        seen += 1;
        for role in [Role::Viewer, Role::Editor] {
            let refused = node
                .operations
                .dispatch(&caller(role), entry.name, json!({}))
                .await;
            assert_eq!(
                refused.unwrap_err().code,
                ErrorCode::Forbidden,
                "{}",
                entry.name
            );
        }
    }
    assert_eq!(seen, 23);
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_with_a_colon_in_their_prefix_are_looked_at_only() {
    let redis = TestRedis::start().await;
    let mut commands = vec![ODD.opened("bullmq:6.7.0")];
    commands.extend(ODD.failed("1", "{}", "boom", 1));
    redis.send(commands).await;
    let node = Node::start(&redis.url()).await;
    assert_eq!(ids(&node, &ODD, "failed").await, ["1"]);
    let job = json!({"queue": ODD.reference(), "jobId": "1"});
    let error = call(&node, "queues.retry_job", job).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("queue.prefix"), "{error:?}");
}
