//! Imports end to end: complete, stopped, broken off, refused.

use std::time::Duration;

use graphy_model::{GraphId, Limits, Role};
use graphy_protocol::ErrorCode;
use graphy_protocol::console::{
    ExportFormat, ExportRequest, GraphRef, ImportFormat, ImportRef, ImportState,
};
use graphy_store::testing::TestRedis;

use crate::support::{DEADLINE, Node, caller, import_of, keys, long_graph, until};

const LOCK_FILE: &str = include_str!("../../../../Cargo.lock");

/// The keys that a graph has left, besides the queue's own records of finished jobs.
fn traces(redis: &TestRedis, graph: &GraphId) -> Vec<String> {
    let all = keys(redis).into_iter();
    all.filter(|key| key.contains(graph.as_str()) && !key.starts_with("bull:"))
        .collect()
}

async fn listed(node: &Node) -> usize {
    node.operations
        .graphs_list(&caller(Role::Viewer))
        .await
        .unwrap()
        .graphs
        .len()
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_lock_file_becomes_a_graph() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    let editor = caller(Role::Editor);
    let plan =
        graphy_operations::import::parse(ImportFormat::Auto, "Cargo.lock", LOCK_FILE, &node.limits)
            .unwrap();

    let started = node
        .operations
        .graphs_import(&editor, import_of("Cargo.lock", LOCK_FILE))
        .await
        .unwrap();
    let ended = node
        .operations
        .import_ended(&started.import_id)
        .await
        .unwrap();
    assert_eq!((ended.state, ended.error), (ImportState::Done, None));
    assert_eq!(
        (ended.done, ended.total),
        (plan.len() as u64, plan.len() as u64)
    );

    let graphs = node.operations.graphs_list(&editor).await.unwrap().graphs;
    let [graph] = graphs.as_slice() else {
        panic!("{graphs:?}")
    };
    assert_eq!(graph.meta.graph_id, started.graph_id);
    assert_eq!(
        (graph.nodes, graph.edges),
        (plan.nodes.len() as u64, plan.edges.len() as u64)
    );

    let named = GraphRef {
        graph_id: started.graph_id.clone(),
    };
    let report = node.operations.graph_verify(&editor, named).await.unwrap();
    assert!(report.matches, "{report:?}");
    assert_eq!((report.nodes, report.edges), (graph.nodes, graph.edges));

    // What comes out is what went in.
    let wanted = ExportRequest {
        graph_id: started.graph_id,
        format: ExportFormat::Json,
    };
    let file = node
        .operations
        .graphs_export(&editor, wanted)
        .await
        .unwrap();
    let text = file.text.unwrap();
    let mut again = graphy_operations::import::parse(
        ImportFormat::GraphyJson,
        &file.file_name,
        &text,
        &Limits::default(),
    )
    .unwrap();
    let mut plan = plan;
    for plan in [&mut plan, &mut again] {
        plan.nodes.sort_by(|a, b| a.id.cmp(&b.id));
        plan.edges.sort_by(|a, b| a.id.cmp(&b.id));
    }
    assert_eq!(again, plan);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_import_leaves_nothing() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    let editor = caller(Role::Editor);
    let file = import_of("long.graphy.json", long_graph(20_000));
    let started = node.operations.graphs_import(&editor, file).await.unwrap();
    let mut progress = node
        .operations
        .importer()
        .watch(&started.import_id)
        .unwrap();
    progress
        .wait_for(|progress| progress.done > 0)
        .await
        .unwrap();
    assert_eq!(
        listed(&node).await,
        0,
        "nobody sees a graph that is being filled"
    );
    assert!(!traces(&redis, &started.graph_id).is_empty());

    let named = ImportRef {
        import_id: started.import_id.clone(),
    };
    node.operations
        .imports_cancel(&editor, named.clone())
        .await
        .unwrap();
    let ended = node
        .operations
        .import_ended(&started.import_id)
        .await
        .unwrap();
    assert_eq!((ended.state, ended.error), (ImportState::Cancelled, None));
    until("the queue to be empty", || async {
        node.intake.queue().counts().await.unwrap().unfinished() == 0
    })
    .await;
    assert_eq!(traces(&redis, &started.graph_id), Vec::<String>::new());
    assert_eq!(listed(&node).await, 0);

    let again = node
        .operations
        .imports_cancel(&editor, named)
        .await
        .unwrap_err();
    assert_eq!(again.code, ErrorCode::NotFound);
}

#[test]
fn an_import_whose_node_dies_leaves_nothing_after_its_lease() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let (survivor, victim) = (runtime(), runtime());
    let redis = survivor.block_on(TestRedis::start());
    let url = redis.url();
    let started = victim.block_on(async {
        let node = Node::start(&url).await;
        let _workers = node.workers().await;
        let file = import_of("long.graphy.json", long_graph(20_000));
        let started = node
            .operations
            .graphs_import(&caller(Role::Editor), file)
            .await
            .unwrap();
        let mut progress = node
            .operations
            .importer()
            .watch(&started.import_id)
            .unwrap();
        progress
            .wait_for(|progress| progress.done > 0)
            .await
            .unwrap();
        // As if the process were killed: nothing is told to stop.
        std::mem::forget(node);
        started
    });
    victim.shutdown_background();

    survivor.block_on(async {
        let worker_node = Node::start(&url).await;
        let _workers = worker_node.workers().await;
        until("the queue to be empty", || async {
            worker_node
                .intake
                .queue()
                .counts()
                .await
                .unwrap()
                .unfinished()
                == 0
        })
        .await;
        assert_eq!(listed(&worker_node).await, 0);
        assert!(
            !traces(&redis, &started.graph_id).is_empty(),
            "it died in the middle"
        );

        let _janitor = Node::start_ahead(&url, Duration::from_secs(120)).await;
        until("the rest to be removed", || async {
            traces(&redis, &started.graph_id).is_empty()
        })
        .await;
        assert_eq!(listed(&worker_node).await, 0);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_file_is_refused_before_anything_is_made() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let before = keys(&redis);
    let editor = caller(Role::Editor);
    for (name, text, expected) in [
        ("Cargo.lock", "[[package]]\nname = \n", "line 2: "),
        (
            "package-lock.json",
            "{\"packages\": 7}",
            "packages (line 1): ",
        ),
        ("a.graphy.json", "{", "line 1: "),
        (
            "graph.json",
            "{\n  \"nodes\": [",
            "not valid JSON at line 2 column ",
        ),
        ("notes.txt", "hello", "cannot tell what \"notes.txt\" is"),
    ] {
        let error = node
            .operations
            .graphs_import(&editor, import_of(name, text))
            .await
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::Invalid);
        assert!(error.message.starts_with(expected), "{}", error.message);
    }
    assert_eq!(keys(&redis), before);
    assert!(node.operations.importer().progress().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_waits_for_workers_and_only_so_many_wait() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let editor = caller(Role::Editor);
    let mut started = Vec::new();
    for _ in 0..graphy_operations::importer::RUNNING_MAX {
        let file = import_of("long.graphy.json", long_graph(300));
        started.push(node.operations.graphs_import(&editor, file).await.unwrap());
    }
    let one_more = import_of("long.graphy.json", long_graph(3));
    let error = node
        .operations
        .graphs_import(&editor, one_more)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.retryable),
        (ErrorCode::RateLimited, true)
    );

    let _workers = node.workers().await;
    for import in &started {
        let ended = tokio::time::timeout(DEADLINE, node.operations.import_ended(&import.import_id));
        let ended = ended.await.expect("the workers are there").unwrap();
        assert_eq!(ended.state, ImportState::Done, "{ended:?}");
    }
    assert_eq!(listed(&node).await, started.len());
}
