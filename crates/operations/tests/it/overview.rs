//! What people see of the node equals what it measures.

use std::collections::BTreeMap;

use graphy_model::Role;
use graphy_operations::overview::{OVERVIEW_SERIES, SERIES};
use graphy_protocol::console::{ImportState, LiveFrame, OverviewSnapshot};
use graphy_protocol::http::CreateGraph;
use graphy_store::testing::TestRedis;
use graphy_telemetry::MetricsSnapshot;
use graphy_telemetry::names::{self, label};

use crate::support::{DEADLINE, Node, caller, import_of, keys, until};

fn latest(snapshot: &OverviewSnapshot) -> BTreeMap<&str, Option<f64>> {
    let last = |values: &[Option<f64>]| values.last().copied().flatten();
    snapshot
        .series
        .iter()
        .map(|series| (series.name.as_str(), last(&series.values)))
        .collect()
}

/// Reads overview and metrics of the same second.
async fn overview_and_metrics(node: &Node) -> (OverviewSnapshot, MetricsSnapshot) {
    let operator = caller(Role::Operator);
    loop {
        let before = node.operations.overview_get(&operator).await.unwrap();
        let text = node.operations.metrics_get(&operator).await.unwrap().text;
        let after = node.operations.overview_get(&operator).await.unwrap();
        if before.series == after.series {
            return (after, MetricsSnapshot::parse(&text));
        }
    }
}

/// Checks the values that are gauges of `/metrics` as they stand.
fn assert_gauges(shown: &BTreeMap<&str, Option<f64>>, metrics: &MetricsSnapshot) {
    let gauge = |name: &str| metrics.value(name, &[]);
    assert_eq!(shown["redis_memory_bytes"], gauge(names::REDIS_MEMORY));
    assert_eq!(
        shown["redis_latency_ms"],
        gauge(names::REDIS_LATENCY).map(|seconds| seconds * 1000.0)
    );
    assert_eq!(shown["process_cpu_percent"], gauge(names::PROCESS_CPU));
    assert_eq!(shown["process_memory_bytes"], gauge(names::PROCESS_MEMORY));
    assert_eq!(
        shown["queue_depth"],
        metrics.value(names::QUEUE_SIZE, &[(label::QUEUE_NAME, "graph-commands")])
    );
    assert_eq!(
        shown["connections"],
        Some(gauge(names::WEBSOCKET_CONNECTIONS).unwrap_or(0.0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_shows_what_metrics_and_info_say() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    let file = import_of("Cargo.lock", include_str!("../../../../Cargo.lock"));
    let started = node
        .operations
        .graphs_import(&caller(Role::Editor), file)
        .await
        .unwrap();
    let ended = node
        .operations
        .import_ended(&started.import_id)
        .await
        .unwrap();
    assert_eq!(ended.state, ImportState::Done);
    let commands = |metrics: &MetricsSnapshot| metrics.value(names::COMMANDS_PROCESSED, &[]);
    until("three samples with the import in them", || async {
        let (overview, metrics) = overview_and_metrics(&node).await;
        let rates = &overview.series[0].values;
        rates.len() >= 3
            && commands(&metrics).is_some_and(|count| count > 0.0)
            && rates.iter().flatten().any(|rate| *rate > 0.0)
    })
    .await;

    let (overview, metrics) = overview_and_metrics(&node).await;
    let names_shown: Vec<&str> = overview
        .series
        .iter()
        .map(|series| series.name.as_str())
        .collect();
    let names_defined: Vec<&str> = SERIES[..OVERVIEW_SERIES]
        .iter()
        .map(|series| series.name)
        .collect();
    assert_eq!(names_shown, names_defined);
    let shown = latest(&overview);
    assert_gauges(&shown, &metrics);
    for name in [
        "redis_memory_bytes",
        "redis_latency_ms",
        "process_memory_bytes",
    ] {
        assert!(
            shown[name].is_some_and(|value| value > 0.0),
            "{name} {shown:?}"
        );
    }
    // Redis itself says the same of its memory, as far as it stands still.
    let info = node.store.link().probe().await.unwrap().info;
    let told = shown["redis_memory_bytes"].unwrap();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
    let asked = info.used_memory_bytes as f64;
    assert!((told / asked - 1.0).abs() < 0.5, "{told} {asked}");
    assert!(
        overview
            .series
            .iter()
            .all(|series| series.at.len() == series.values.len())
    );
    let p95 = overview
        .series
        .iter()
        .find(|series| series.name == "command_p95_ms")
        .unwrap();
    assert!(p95.values.iter().flatten().any(|value| *value > 0.0));
}

/// Reads frames until one of them has what is asked for.
async fn frame_with(
    frames: &mut graphy_operations::LiveFrames,
    wanted: impl Fn(&LiveFrame) -> bool,
) -> LiveFrame {
    let search = async {
        loop {
            let frame = frames.next().await;
            if wanted(&frame) {
                return frame;
            }
        }
    };
    tokio::time::timeout(DEADLINE, search)
        .await
        .expect("such a frame comes")
}

#[tokio::test(flavor = "multi_thread")]
async fn live_frames_tell_what_changes() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let _workers = node.workers().await;
    let mut frames = node
        .operations
        .live_frames(&caller(Role::Operator))
        .unwrap();
    let mut narrow = node.operations.live_frames(&caller(Role::Viewer)).unwrap();
    let first = frames.next().await;
    assert!(first.graphs_changed && first.events.is_empty());
    assert_eq!(first.environment, "test");
    let points = frame_with(&mut frames, |frame| !frame.points.is_empty())
        .await
        .points;
    assert_eq!(points.len(), SERIES.len(), "frames carry all series");

    let request = CreateGraph {
        name: "Plan".to_owned(),
        graph_id: None,
    };
    let made = node
        .operations
        .graphs_create(&caller(Role::Editor), request)
        .await
        .unwrap();
    let told = frame_with(&mut frames, |frame| frame.graphs_changed).await;
    let event = told
        .events
        .iter()
        .find(|event| event.kind == "graph")
        .expect("it is told");
    assert_eq!(event.graph_id.as_ref(), Some(&made.graph_id));

    let file = import_of("Cargo.lock", include_str!("../../../../Cargo.lock"));
    let started = node
        .operations
        .graphs_import(&caller(Role::Editor), file)
        .await
        .unwrap();
    let is_done = |frame: &LiveFrame| {
        frame.imports.iter().any(|import| {
            import.import_id == started.import_id && import.state == ImportState::Done
        })
    };
    frame_with(&mut frames, is_done).await;
    let mut seen = Vec::new();
    loop {
        let frame = narrow.next().await;
        assert!(
            frame.points.is_empty() && frame.events.is_empty(),
            "{frame:?}"
        );
        seen.extend(frame.imports.iter().map(|import| import.state));
        if is_done(&frame) || seen.is_empty() {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sizes_of_queues_are_a_gap_while_redis_is_away() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let mut frames = node
        .operations
        .live_frames(&caller(Role::Operator))
        .unwrap();
    let depths = |frame: &LiveFrame| -> Vec<Option<f64>> {
        let points = frame.points.iter();
        let depths = points.filter(|point| point.name.ends_with("queue_depth"));
        depths.map(|point| point.value).collect()
    };
    let shows = |depth: Option<f64>| move |frame: &LiveFrame| depths(frame) == [depth; 3];
    frame_with(&mut frames, shows(Some(0.0))).await;
    redis.signal("STOP");
    frame_with(&mut frames, shows(None)).await;
    redis.signal("CONT");
    frame_with(&mut frames, shows(Some(0.0))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_needs_a_worker() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let report = node
        .operations
        .health_check(&caller(Role::Operator))
        .await
        .unwrap();
    let command = report
        .checks
        .iter()
        .find(|check| check.name == "command")
        .unwrap();
    assert!(!report.ready && !command.ok, "{report:?}");
    assert!(
        report
            .checks
            .iter()
            .filter(
                |check| !["command", "queue sync-operations", "queue analytics"]
                    .contains(&check.name.as_str())
            )
            .all(|check| check.ok)
    );

    let _workers = node.workers().await;
    until("the node to be ready", || async {
        node.operations.readiness().await.ready
    })
    .await;
    // The next probe finds workers that remember the graph of the one before.
    let mut age_ms = 0;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    loop {
        let report = node.operations.readiness().await;
        assert!(report.ready, "{report:?}");
        if report.checks[0].age_ms < age_ms {
            break;
        }
        age_ms = report.checks[0].age_ms;
        ticks.tick().await;
    }
    let listed = node
        .operations
        .graphs_list(&caller(Role::Viewer))
        .await
        .unwrap();
    assert!(listed.graphs.is_empty(), "the probe's graph is hidden");
    until("the probe's graph to be gone", || async {
        !keys(&redis)
            .iter()
            .any(|key| key.contains("probe-") && !key.starts_with("bull:"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_learns_no_addresses() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let seen = node
        .operations
        .system_info(&caller(Role::Viewer))
        .await
        .unwrap();
    assert_eq!((seen.redis_url.as_str(), seen.data_dir), ("hidden", None));
    assert_eq!(seen.role, Some(Role::Viewer));
    let seen = node
        .operations
        .system_info(&caller(Role::Operator))
        .await
        .unwrap();
    assert_eq!(seen.redis_url, redis.url().to_string());
    assert_eq!(seen.ack_level, "applied");
    assert_eq!(seen.role, Some(Role::Operator));
}
