//! A graph of which Redis holds nonsense harms only itself.

use graphy_model::{Envelope, GraphId, Outcome, RejectCode, Role};
use graphy_testkit::cluster::{Cluster, NodeKind, PATIENCE};
use graphy_testkit::http::HttpCaller;
use serde_json::json;
use uuid::Uuid;

fn create(id: &str) -> Envelope {
    let command = json!({
        "operationId": Uuid::now_v7(), "type": "CREATE_NODE", "payload": { "id": id },
    });
    Envelope::from_value(command).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_ever_for_a_graph_that_cannot_be_read() {
    let mut cluster = Cluster::start().await;
    cluster.add(NodeKind::Worker, 1).await;
    cluster.add(NodeKind::Api, 1).await;
    let api = cluster.node(1).url();
    let caller = HttpCaller::new(cluster.token(&"ada".parse().unwrap(), Role::Admin).await);
    let graphs: [GraphId; 2] = ["broken", "whole"].map(|name| name.parse().unwrap());
    for graph in &graphs {
        caller.create_graph(&api, graph).await.unwrap();
    }
    let () = redis::cmd("HSET")
        .arg(&["graph:{broken}:nodes", "a", "this is no record"])
        .query_async(&mut cluster.link().write())
        .await
        .unwrap();

    let broken = create("b");
    caller
        .send(&api, &graphs[0], std::slice::from_ref(&broken))
        .await
        .unwrap();
    let whole = create("b");
    caller
        .send(&api, &graphs[1], std::slice::from_ref(&whole))
        .await
        .unwrap();
    let ended = caller
        .progress(&api, whole.operation_id, PATIENCE / 2)
        .await
        .unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Applied { version: 1 }));
    let ended = caller
        .progress(&api, broken.operation_id, PATIENCE / 2)
        .await
        .unwrap();
    let Some(Outcome::Rejected(rejection)) = ended.outcome else {
        panic!("{ended:?}")
    };
    assert_eq!(rejection.code, RejectCode::Internal);
}
