//! What one bad command harms: itself.

use graphy_engine::EngineConfig;
use graphy_store::testing::until;
use serde_json::json;

use crate::fixture::{Fixture, applied, command, create, from, is_poison, rejected};

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_command_harms_only_itself() {
    let config = EngineConfig {
        poison: Some(is_poison),
        ..EngineConfig::default()
    };
    let mut fixture = Fixture::without_workers(config).await;
    let poison = command("CREATE_NODE", json!({"id": "p", "title": "poison"}));
    let batch = vec![
        from("c", 1, create("a")),
        from("c", 2, poison),
        from("c", 3, create("b")),
    ];
    let ids: Vec<_> = batch.iter().map(|envelope| envelope.operation_id).collect();
    fixture.submit(batch).await.unwrap();
    fixture.start_workers().await;
    assert_eq!(fixture.outcome(ids[0]).await, applied(1));
    assert_eq!(rejected(&fixture.outcome(ids[1]).await), "internal");
    assert_eq!(fixture.outcome(ids[2]).await, applied(2));
    until("the bad command is kept as a failed job", async || {
        fixture.intake.queue().counts().await.unwrap().failed == 1
    })
    .await;
    fixture.check_graph().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_nonsense_fails_and_stops_nobody() {
    let fixture = Fixture::start().await;
    let queue = bullmq::Queue::with_options(
        graphy_engine::GRAPH_COMMANDS,
        bullmq::QueueOptions::new().connection(
            bullmq::options::RedisConnectionOptions::new().url(fixture.redis.url().expose()),
        ),
    )
    .await
    .unwrap();
    queue
        .add("COMMANDS", json!({"nonsense": true}))
        .await
        .unwrap();
    let unreadable = uuid::Uuid::now_v7();
    let data = json!({"graphId": "g", "commands": [
        {"operationId": unreadable, "type": "NOPE", "payload": {}},
        {"operationId": uuid::Uuid::now_v7(), "type": "CREATE_NODE", "payload": {"id": "f"}},
    ]});
    queue.add("COMMANDS", data).await.unwrap();
    let outcome = fixture.outcome(graphy_model::OperationId(unreadable)).await;
    assert_eq!(rejected(&outcome), "invalid");
    assert_eq!(fixture.run(create("after")).await, applied(2));
    fixture.check_graph().await;
}
