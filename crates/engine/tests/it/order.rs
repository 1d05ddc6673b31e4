//! The order of each client's commands.

use std::time::Duration;

use graphy_engine::EngineConfig;

use graphy_store::{BusEvent, EventBus};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, PATIENCE, applied, command, create, from, rejected};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_waits_for_the_one_before_it() {
    let fixture = Fixture::start().await;
    let second = from("c", 2, create("second"));
    fixture.submit(vec![second.clone()]).await.unwrap();
    // Another client is not held up, and its outcome proves that the early one was looked at.
    assert_eq!(fixture.run(from("d", 1, create("other"))).await, applied(1));
    let view = fixture
        .store
        .operation(second.operation_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.outcome, None);
    assert_eq!(fixture.run(from("c", 1, create("first"))).await, applied(2));
    assert_eq!(fixture.outcome(second.operation_id).await, applied(3));
    fixture.check_graph().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_predecessor_never_comes_is_refused_in_the_end() {
    let config = EngineConfig {
        hold_max: Duration::from_millis(300),
        ..EngineConfig::default()
    };
    let mut fixture = Fixture::without_workers(config).await;
    fixture.start_workers().await;
    assert_eq!(
        rejected(&fixture.run(from("c", 2, create("x"))).await),
        "out_of_order"
    );
    // Its place counts as passed, so the client can go on.
    assert_eq!(fixture.run(from("c", 3, create("y"))).await, applied(1));
    // What should have come first is refused too, and the client is told.
    assert_eq!(
        rejected(&fixture.run(from("c", 1, create("z"))).await),
        "out_of_order"
    );
    fixture.check_graph().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_refused_at_the_door_takes_its_place_in_the_order() {
    let fixture = Fixture::start().await;
    let huge = "x".repeat(20_000);
    let too_large = command("CREATE_NODE", json!({"id": "b", "title": huge}));
    let commands = vec![
        from("c", 1, create("a")),
        from("c", 2, too_large),
        from("c", 3, create("c")),
    ];
    let ids: Vec<_> = commands
        .iter()
        .map(|envelope| envelope.operation_id)
        .collect();
    let submissions = commands
        .into_iter()
        .map(|envelope| graphy_engine::Submission {
            content: envelope.into(),
            user_id: graphy_model::UserId::new("ada").unwrap(),
            role: graphy_model::Role::Editor,
            origin: graphy_engine::Origin::Listener,
        })
        .collect();
    fixture
        .intake
        .submit(&fixture.graph, submissions)
        .await
        .unwrap();
    assert_eq!(fixture.outcome(ids[0]).await, applied(1));
    assert_eq!(rejected(&fixture.outcome(ids[1]).await), "too_large");
    assert_eq!(fixture.outcome(ids[2]).await, applied(2));
    fixture.check_graph().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_begins_its_count_anew_is_told_that_nothing_happened() {
    let fixture = Fixture::start().await;
    let timeless = |seq, id: &str| {
        let mut envelope = from("c", seq, create(id));
        envelope.operation_id = graphy_model::OperationId(uuid::Uuid::new_v4());
        envelope
    };
    assert_eq!(fixture.run(timeless(1, "a")).await, applied(1));
    // Not a duplicate: nothing of it was ever carried out, and its id does not say how old it is.
    assert_eq!(
        rejected(&fixture.run(timeless(1, "b")).await),
        "out_of_order"
    );
    assert_eq!(fixture.run(timeless(2, "c")).await, applied(2));
    fixture.check_graph().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_which_everything_waits_is_told_so_that_nobody_waits_for_it() {
    let fixture = Fixture::start().await;
    let bus = EventBus::start(
        fixture.link.clone(),
        &fixture.tasks,
        CancellationToken::new(),
    );
    let mut events = bus.subscribe(&fixture.graph).await.unwrap();
    fixture
        .submit(vec![from("c", 2, create("second"))])
        .await
        .unwrap();
    let told = async {
        loop {
            if let BusEvent::Batch(batch) = events.next().await {
                return batch;
            }
        }
    };
    let batch = tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert!(batch.operations.is_empty() && batch.outcomes.is_empty());
}
