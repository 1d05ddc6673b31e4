//! "Accepted" is a promise: the command is in the queue, whatever happens to the node that said so.

use graphy_model::{Envelope, GraphId, Outcome, Role};
use graphy_testkit::cluster::{Cluster, NodeKind, PATIENCE};
use graphy_testkit::http::{HttpCaller, HttpFailure};
use serde_json::json;
use uuid::Uuid;

use crate::support::{hold_writes, resume_writes, scripts_are_held};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_accepted_before_it_is_in_the_queue() {
    let mut cluster = Cluster::start().await;
    cluster.add(NodeKind::Api, 1).await;
    let api = cluster.node(0).url();
    let caller = HttpCaller::new(cluster.token(&"ada".parse().unwrap(), Role::Admin).await);
    let graph: GraphId = "g".parse().unwrap();
    caller.create_graph(&api, &graph).await.unwrap();
    let command = json!({
        "operationId": Uuid::now_v7(), "type": "CREATE_NODE", "payload": { "id": "a" },
    });
    let command = Envelope::from_value(command).unwrap();

    // The node dies while the job is on its way into the queue.
    hold_writes(&cluster).await;
    let request = tokio::spawn({
        let (caller, api, graph) = (caller.clone(), api.clone(), graph.clone());
        let commands = [command.clone()];
        async move { caller.send(&api, &graph, &commands).await }
    });
    scripts_are_held(&cluster, 1).await;
    cluster.node_mut(0).kill();
    let answer = request.await.unwrap();
    assert!(
        matches!(answer, Err(HttpFailure::Lost(_))),
        "the node died before the command was in the queue, and said {answer:?}"
    );
    resume_writes(&cluster).await;

    // Nobody promised anything, so the author sends it again.
    cluster.node_mut(0).start_again();
    cluster.node_mut(0).ready().await;
    caller
        .send(&api, &graph, std::slice::from_ref(&command))
        .await
        .unwrap();
    cluster.add(NodeKind::Worker, 1).await;
    let ended = caller
        .progress(&api, command.operation_id, PATIENCE / 2)
        .await
        .unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Applied { version: 1 }));
}
