//! Conflicts, undo, restoring and sharing, through the queue and Redis.

use graphy_model::{Envelope, GraphRole, Outcome, UserId};
use serde_json::{Value, json};

use graphy_store::graph::ConflictIndex;

use crate::fixture::{Fixture, applied, command, create, rejected};

fn rename(title: &str, base_version: u64) -> Envelope {
    let payload = json!({ "id": "n", "patch": { "title": title }, "base": { "title": "n" } });
    let mut envelope = command("UPDATE_NODE", payload);
    envelope.base_version = Some(base_version);
    envelope
}

fn grant(who: &str, role: &Value) -> Envelope {
    command("UPDATE_PERMISSIONS", json!({ "userId": who, "role": role }))
}

async fn title(fixture: &Fixture) -> String {
    fixture.check_graph().await;
    let read = |graph: &graphy_model::Graph| graph.nodes()["n"].entity.title.clone();
    fixture
        .replicas
        .read(&fixture.graph, read)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_stored_counted_logged_and_settled() {
    let fixture = Fixture::start().await;
    fixture.run(create("n")).await;
    assert_eq!(fixture.run_as("bea", rename("mine", 1)).await, applied(2));
    let outcome = fixture.run_as("cid", rename("theirs", 1)).await;
    let Outcome::Conflict {
        conflict_id,
        version: 3,
        ..
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(title(&fixture).await, "mine");
    let head = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    assert_eq!(head.open_conflicts, 1);
    let open = fixture.store.open_conflicts(&fixture.graph).await.unwrap();
    assert_eq!(open[0].conflict_id, conflict_id);
    let logged = fixture.store.logged_conflicts(0, None, 10).await.unwrap();
    assert_eq!(logged.entries.len(), 1);
    assert_eq!(logged.entries[0].user_id.as_str(), "cid");
    let payload = json!({ "conflictId": conflict_id, "choice": "mine" });
    assert_eq!(
        fixture.run(command("RESOLVE_CONFLICT", payload)).await,
        applied(4)
    );
    assert_eq!(title(&fixture).await, "theirs");
    let head = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    assert_eq!(head.open_conflicts, 0);
    let graphs = [fixture.graph.clone()];
    let places = fixture
        .store
        .indexed_conflicts(ConflictIndex::Settled, &graphs, None, 10)
        .await
        .unwrap();
    let settled = fixture.store.conflicts_at(&places).await.unwrap();
    assert_eq!(settled.len(), 1);
    assert!(settled[0].as_ref().unwrap().resolution.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_takes_back_their_own_work_only() {
    let fixture = Fixture::start().await;
    fixture.run(create("n")).await;
    for name in ["one", "two", "three"] {
        let node = command("CREATE_NODE", json!({ "id": name }));
        fixture.run_as("bea", node).await;
    }
    fixture
        .run_as("cid", command("CREATE_NODE", json!({ "id": "other" })))
        .await;
    // Both undos stand in one job, and each takes back another operation.
    let undos = vec![command("UNDO", json!({})), command("UNDO", json!({}))];
    let ids: Vec<_> = undos.iter().map(|undo| undo.operation_id).collect();
    fixture
        .submit_as("bea", graphy_model::Role::Editor, undos)
        .await
        .unwrap();
    assert_eq!(fixture.outcome(ids[1]).await, applied(7));
    let names = |graph: &graphy_model::Graph| {
        let mut names: Vec<String> = graph.nodes().keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    let now = fixture
        .replicas
        .read(&fixture.graph, names)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(now, ["n", "one", "other"]);
    assert_eq!(
        fixture.run_as("bea", command("REDO", json!({}))).await,
        applied(8)
    );
    let now = fixture
        .replicas
        .read(&fixture.graph, names)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(now, ["n", "one", "other", "two"]);
    let nothing = fixture.run_as("dan", command("UNDO", json!({}))).await;
    assert_eq!(rejected(&nothing), "not_found");
    fixture.check_graph().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_restored_as_a_new_one() {
    let fixture = Fixture::start().await;
    fixture.run(create("n")).await;
    let before = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    for title in ["a", "b"] {
        let patch = json!({ "id": "n", "patch": { "title": title } });
        fixture.run(command("UPDATE_NODE", patch)).await;
    }
    fixture.run(create("m")).await;
    let restored = fixture
        .run(command("RESTORE_VERSION", json!({ "version": 1 })))
        .await;
    assert_eq!(restored, applied(5));
    let after = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    assert_eq!(after.checksum, before.checksum);
    let wrong = fixture
        .run(command("RESTORE_VERSION", json!({ "version": 9 })))
        .await;
    assert_eq!(rejected(&wrong), "invalid");
    assert_eq!(fixture.run(command("UNDO", json!({}))).await, applied(6));
    assert_eq!(title(&fixture).await, "b");
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_and_policy_are_stored_with_the_graph() {
    let fixture = Fixture::start().await;
    fixture.run(grant("*", &json!("view"))).await;
    fixture.run(grant("bea", &json!("edit"))).await;
    assert_eq!(
        rejected(&fixture.run_as("cid", create("c")).await),
        "forbidden"
    );
    assert_eq!(fixture.run_as("bea", create("n")).await, applied(3));
    fixture.run(grant("bea", &Value::Null)).await;
    assert_eq!(
        rejected(&fixture.run_as("bea", create("d")).await),
        "forbidden"
    );
    let policy = json!({ "name": "New", "policy": { "data.*": "MANUAL" } });
    fixture.run(command("UPDATE_GRAPH", policy)).await;
    fixture.check_graph().await;
    let head = fixture.store.head(&fixture.graph).await.unwrap().unwrap();
    assert_eq!((head.meta.name.as_str(), head.policy.0.len()), ("New", 1));
    let bea = UserId::new("bea").unwrap();
    let grants = fixture.store.grants(&fixture.graph).await.unwrap();
    assert_eq!(grants.of(&bea), GraphRole::View);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_last_commands_are_listed() {
    let fixture = Fixture::start().await;
    for n in 0..3 {
        fixture.run_as("bea", create(&format!("n{n}"))).await;
    }
    let bea = UserId::new("bea").unwrap();
    // The list is a projection: it follows the outcome that was waited for.
    let deadline = tokio::time::Instant::now() + crate::fixture::PATIENCE;
    let list = loop {
        let list = fixture.store.user_commands(&bea).await.unwrap();
        if list.len() >= 3 || tokio::time::Instant::now() > deadline {
            break list;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(list.len(), 3);
    assert!(list[0].contains("\"version\":3"), "{}", list[0]);
}
