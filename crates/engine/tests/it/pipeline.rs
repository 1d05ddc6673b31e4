//! From submission to stored effect and back.

use graphy_model::{Outcome, RejectCode, Role, UserId};
use graphy_store::History;
use serde_json::json;

use crate::fixture::{Fixture, applied, command, create, from, rejected};

#[tokio::test(flavor = "multi_thread")]
async fn commands_become_versions_history_and_checksum() {
    let fixture = Fixture::start().await;
    assert_eq!(fixture.run(create("a")).await, applied(1));
    assert_eq!(fixture.run(create("b")).await, applied(2));
    let edge = json!({"id": "e", "source": "a", "target": "b"});
    assert_eq!(fixture.run(command("CREATE_EDGE", edge)).await, applied(3));
    let dangling = json!({"id": "f", "source": "a", "target": "nope"});
    let refused = fixture.run(command("CREATE_EDGE", dangling)).await;
    assert_eq!(rejected(&refused), "dangling_edge");
    assert_eq!(
        fixture
            .run(command("DELETE_NODE", json!({"id": "a"})))
            .await,
        applied(4)
    );
    let History::Operations(history) = fixture
        .store
        .operations_since(&fixture.graph, 0, 100)
        .await
        .unwrap()
    else {
        panic!("the history is whole");
    };
    let versions: Vec<u64> = history.iter().map(|operation| operation.version).collect();
    assert_eq!(versions, [1, 2, 3, 4]);
    assert!(
        history
            .iter()
            .all(|operation| !operation.inverse.is_empty())
    );
    let head = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    assert_eq!((head.version, head.nodes, head.edges), (4, 1, 0));
    fixture.check_graph().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_everything_again_changes_nothing_and_tells_the_first_outcomes() {
    let fixture = Fixture::start().await;
    let commands: Vec<_> = (1..=50)
        .map(|n| from("c", n, create(&format!("n{n}"))))
        .collect();
    fixture.submit(commands.clone()).await.unwrap();
    let last = commands[49].operation_id;
    assert_eq!(fixture.outcome(last).await, applied(50));
    let before = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    fixture.submit(commands.clone()).await.unwrap();
    // A command behind the resent ones proves that they have been through.
    assert_eq!(fixture.run(from("c", 51, create("end"))).await, applied(51));
    for (index, command) in commands.iter().enumerate() {
        assert_eq!(
            fixture.outcome(command.operation_id).await,
            applied(index as u64 + 1)
        );
    }
    let after = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    assert_eq!(after.version, before.version + 1);
    fixture.check_graph().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_moves_of_a_drag_become_one_version() {
    let mut fixture = Fixture::without_workers(Default::default()).await;
    let first = from("c", 1, create("a"));
    let moves: Vec<_> = (2..=21)
        .map(|n| {
            let payload = json!({"id": "a", "patch": {"position": {"x": n, "y": 0}}});
            from("c", n, command("UPDATE_NODE", payload))
        })
        .collect();
    let mut all = vec![first];
    all.extend(moves.clone());
    fixture.submit(all).await.unwrap();
    fixture.start_workers().await;
    assert_eq!(fixture.outcome(moves[19].operation_id).await, applied(2));
    let superseded = fixture.outcome(moves[0].operation_id).await;
    assert_eq!(
        superseded,
        Outcome::Merged {
            version: 2,
            effect: vec![]
        }
    );
    let node = fixture
        .replicas
        .read(&fixture.graph, |graph| graph.nodes()["a"].entity.clone())
        .await
        .unwrap()
        .unwrap();
    assert!((node.position.x - 21.0).abs() < f64::EPSILON);
    fixture.check_graph().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_means_that_the_job_is_in_redis() {
    let fixture = Fixture::without_workers(Default::default()).await;
    let create = create("a");
    fixture.submit(vec![create.clone()]).await.unwrap();
    let counts = fixture.intake.queue().counts().await.unwrap();
    assert_eq!(counts.waiting, 1);
    let head = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    assert_eq!(head.version, 0, "nothing is applied without a worker");
    let view = fixture
        .store
        .operation(create.operation_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.outcome, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_graph_is_gone_and_says_so() {
    let fixture = Fixture::start().await;
    fixture.run(create("a")).await;
    let delete = command("DELETE_GRAPH", json!({}));
    assert_eq!(fixture.run(delete.clone()).await, applied(2));
    assert!(fixture.store.head(&fixture.graph).await.unwrap().is_none());
    assert_eq!(fixture.outcome(delete.operation_id).await, applied(2));
    assert!(
        fixture
            .replicas
            .read(&fixture.graph, |_| ())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(fixture.store.list().await.unwrap(), []);
    // The job may be run again by another worker; its commands keep their outcomes.
    fixture.submit(vec![delete.clone()]).await.unwrap();
    let late = create("late");
    assert_eq!(rejected(&fixture.run_on_deleted(late).await), "not_found");
    assert_eq!(fixture.outcome(delete.operation_id).await, applied(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_checked_before_anything_is_accepted() {
    let fixture = Fixture::without_workers(Default::default()).await;
    for (role, kind, payload) in [
        (Role::Viewer, "CREATE_NODE", json!({"id": "a"})),
        (Role::Viewer, "DELETE_GRAPH", json!({})),
    ] {
        let submission = graphy_engine::Submission {
            origin: graphy_engine::Origin::Request,
            content: command(kind, payload).into(),
            user_id: UserId::new("eve").unwrap(),
            role,
        };
        let refused = fixture
            .intake
            .submit(&fixture.graph, vec![submission])
            .await
            .unwrap_err();
        assert_eq!(refused.code, RejectCode::Forbidden);
    }
    assert_eq!(
        fixture.intake.queue().counts().await.unwrap().unfinished(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_later_write_of_two_wins_a_field_and_the_loser_is_told() {
    let fixture = Fixture::start().await;
    fixture.run(create("a")).await;
    let rename = |client: &str, timestamp: u64| {
        let mut envelope = command(
            "UPDATE_NODE",
            json!({"id": "a", "patch": {"kind": client, "data": {"by": client}}}),
        );
        envelope = from(client, 1, envelope);
        envelope.base_version = Some(1);
        envelope.timestamp = Some(timestamp);
        envelope
    };
    let now = fixture.store.now_ms();
    assert_eq!(fixture.run(rename("late", now)).await, applied(2));
    let lost = fixture.run(rename("early", now - 1000)).await;
    assert_eq!(
        lost,
        Outcome::Merged {
            version: 2,
            effect: vec![]
        }
    );
    fixture.check_graph().await;
}
