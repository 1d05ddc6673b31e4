//! Snapshots and rolled-up progress, as people call for them.

use std::time::Duration;

use graphy_engine::Submission;
use graphy_model::{Envelope, GraphId, Role};
use graphy_operations::Caller;
use graphy_protocol::ErrorCode;
use graphy_protocol::console::{ExportFormat, ExportRequest, GraphRef, ImportState};
use graphy_protocol::http::CreateGraph;
use graphy_protocol::reports::{GraphProgress, SnapshotRef};
use graphy_store::testing::TestRedis;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Node, caller, import_of, until};

async fn send(node: &Node, graph: &GraphId, kind: &str, payload: Value) {
    let envelope = Envelope::from_value(json!({
        "operationId": Uuid::now_v7(), "type": kind, "payload": payload,
    }))
    .unwrap();
    let id = envelope.operation_id;
    let submission = Submission {
        origin: graphy_engine::Origin::Request,
        content: envelope.into(),
        user_id: "ada".parse().unwrap(),
        role: Role::Admin,
    };
    node.intake.submit(graph, vec![submission]).await.unwrap();
    let wait = Duration::from_secs(20);
    let outcome = node.intake.outcome(graph, id, wait).await.unwrap();
    assert_eq!(outcome.unwrap().metric_status(), "success");
}

async fn graph(node: &Node, editor: &Caller) -> GraphId {
    let request: CreateGraph = serde_json::from_value(json!({ "name": "Plan" })).unwrap();
    let made = node.operations.graphs_create(editor, request).await;
    let graph = made.unwrap().graph_id;
    for id in ["whole", "part"] {
        let payload = json!({ "id": id, "title": id, "data": { "n": 1.50 } });
        send(node, &graph, "CREATE_NODE", payload).await;
    }
    let payload = json!({ "id": "e", "source": "whole", "target": "part" });
    send(node, &graph, "CREATE_EDGE", payload).await;
    let payload = json!({ "id": "part", "patch": { "progress": 0.25 } });
    send(node, &graph, "UPDATE_NODE", payload).await;
    graph
}

async fn exported(node: &Node, graph_id: &GraphId) -> String {
    let request = ExportRequest {
        graph_id: graph_id.clone(),
        format: ExportFormat::Json,
    };
    let viewer = caller(Role::Viewer);
    let file = node.operations.graphs_export(&viewer, request).await;
    file.unwrap().text.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_is_exported_and_imported_is_the_graph_of_then() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    let editor = caller(Role::Editor);
    let graph_id = graph(&node, &editor).await;
    let of = || GraphRef {
        graph_id: graph_id.clone(),
    };
    let viewer = caller(Role::Viewer);
    let refused = node.operations.snapshots_make(&viewer, of()).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Forbidden);
    let then = exported(&node, &graph_id).await;
    node.operations.snapshots_make(&editor, of()).await.unwrap();
    send(&node, &graph_id, "DELETE_NODE", json!({ "id": "part" })).await;
    let list = node.operations.snapshots_list(&editor, of()).await.unwrap();
    let [row] = list.snapshots.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!((row.version, row.nodes, row.edges), (4, 2, 1));
    assert_eq!(row.user_id.as_ref(), Some(&editor.user_id));
    let snapshot = |snapshot_id: &str| SnapshotRef {
        graph_id: graph_id.clone(),
        snapshot_id: snapshot_id.to_owned(),
    };
    let file = node
        .operations
        .snapshots_export(&editor, snapshot(&row.snapshot_id))
        .await
        .unwrap();
    assert_eq!(file.file_name, "Plan-v4.graphy.json");
    let text = file.text.unwrap();
    assert_eq!(text, then);
    assert_ne!(text, exported(&node, &graph_id).await);
    let started = node
        .operations
        .graphs_import(&editor, import_of("Plan.graphy.json", text.clone()))
        .await
        .unwrap();
    let ended = node.operations.import_ended(&started.import_id).await;
    let ended = ended.unwrap();
    assert_eq!((ended.state, &ended.error), (ImportState::Done, &None));
    assert_eq!(exported(&node, &ended.graph_id).await, text);

    let missing = node.operations.snapshots_export(&editor, snapshot("nope"));
    let missing = missing.await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::NotFound);
    assert_eq!(missing.field.as_deref(), Some("snapshotId"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rolled_up_progress_is_served_with_its_version() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    let graph_id = graph(&node, &caller(Role::Editor)).await;
    let read = || async {
        let payload = json!({ "graphId": graph_id });
        let viewer = caller(Role::Viewer);
        let answer = node.operations.dispatch(&viewer, "graph.progress", payload);
        let progress: GraphProgress = serde_json::from_value(answer.await.unwrap()).unwrap();
        progress
    };
    until("the last edit to be rolled up", || async {
        read().await.version == Some(4)
    })
    .await;
    let progress = read().await;
    let [whole] = progress.nodes.as_slice() else {
        panic!("{progress:?}")
    };
    assert_eq!((whole.id.as_str(), whole.parts), ("whole", 1));
    assert!((whole.progress - 0.25).abs() < f64::EPSILON);
    assert!(!progress.cut && progress.at.is_some());
}
