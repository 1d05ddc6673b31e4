//! Series over a time: from memory and disk, through restarts.

use graphy_model::Role;
use graphy_operations::overview::SERIES;
use graphy_protocol::ErrorCode;
use graphy_protocol::series::{SeriesRange, SeriesRequest};
use graphy_store::testing::TestRedis;
use graphy_telemetry::{Clock as _, Place, SystemClock};

use crate::support::{Node, caller, until};

async fn range(node: &Node, names: &[&str], from: u64) -> SeriesRange {
    let request = SeriesRequest {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        from: from - 1,
        to: None,
        steps_max: Some(2000),
    };
    let operator = caller(Role::Operator);
    node.operations
        .series_range(&operator, request)
        .await
        .unwrap()
}

/// Waits until a node has measured some values of a series.
async fn measured(node: &Node, name: &str, from: u64, least: usize) -> SeriesRange {
    until("values of a series", || async {
        let range = range(node, &[name], from).await;
        range.series[0].mean.iter().flatten().count() >= least
    })
    .await;
    range(node, &[name], from).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_is_there_after_a_restart() {
    let redis = TestRedis::start().await;
    let folder = tempfile::tempdir().unwrap();
    let from = SystemClock.now_ms();
    let node = Node::start_keeping(&redis.url(), folder.path()).await;
    let before = measured(&node, "redis_memory_bytes", from, 2).await;
    assert_eq!(before.step_ms, 1000);
    assert!(before.since >= from / 1000 * 1000);
    node.stop().await;
    let ended = SystemClock.now_ms();

    let node = Node::start_keeping(&redis.url(), folder.path()).await;
    let again = range(&node, &["redis_memory_bytes"], from).await;
    assert!(matches!(
        node.operations.history_place(),
        Some(Place::Folder(_))
    ));
    assert_eq!(again.since, before.since);
    // The newest second may have got a further value after it was read.
    let means = &before.series[0].mean;
    let newest = means.iter().rposition(Option::is_some).unwrap();
    for (at, value) in before.at.iter().zip(means).take(newest) {
        if value.is_some() {
            let place = again.at.iter().position(|one| one == at).unwrap();
            assert_eq!(again.series[0].mean[place], *value);
        }
    }
    measured(&node, "redis_memory_bytes", ended, 1).await;

    // A second node on the folder works, but keeps its history to itself.
    let other = Node::start_keeping(&redis.url(), folder.path()).await;
    let own = measured(&other, "redis_memory_bytes", from, 1).await;
    assert!(own.since >= ended / 1000 * 1000, "{} {ended}", own.since);
    assert!(matches!(
        other.operations.history_place(),
        Some(Place::Memory(_))
    ));
    until("it to be said", || async {
        let events = other.operations.journal().newest(50);
        events
            .iter()
            .any(|event| event.text.contains("will not outlive this process"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expression_is_measured_once_somebody_asks() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let from = SystemClock.now_ms();
    let asked = "2 * bullmq_queue_size{queue_name=\"graph-commands\"} + 1";
    let name = "(2 * bullmq_queue_size{queue_name=\"graph-commands\"}) + 1";
    let answer = measured(&node, asked, from, 2).await;
    assert_eq!(answer.series[0].name, name);
    assert_eq!(answer.series[0].min.iter().flatten().next(), Some(&1.0));
    let listed = node
        .operations
        .series_list(&caller(Role::Operator))
        .await
        .unwrap();
    assert!(listed.series.iter().any(|series| series.name == name));
    let groups: Vec<&str> = listed
        .series
        .iter()
        .map(|series| series.group.as_str())
        .collect();
    assert!(groups.contains(&"redis") && groups.contains(&"commands"));
    for series in &listed.series {
        let defined = SERIES.iter().find(|one| one.name == series.name);
        assert!(defined.is_some() || series.name == name, "{series:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_names_its_field_and_limit() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    let ask = |names: Vec<String>, from: u64, to: Option<u64>, steps_max: Option<u32>| {
        let request = SeriesRequest {
            names,
            from,
            to,
            steps_max,
        };
        let operations = &node.operations;
        async move {
            let operator = caller(Role::Operator);
            operations
                .series_range(&operator, request)
                .await
                .unwrap_err()
        }
    };
    let one = || vec!["queue_depth".to_owned()];
    for (error, field, said) in [
        (ask(Vec::new(), 0, Some(1), None).await, "names", "1 to 40"),
        (
            ask(vec!["x".to_owned(); 41], 0, Some(1), None).await,
            "names",
            "not 41",
        ),
        (ask(one(), 5, Some(5), None).await, "from", "before to"),
        (ask(one(), 0, None, None).await, "from", "366 days"),
        (
            ask(one(), 0, Some(1), Some(9)).await,
            "stepsMax",
            "10 to 2000",
        ),
        (
            ask(
                vec!["queue_depth".to_owned(), "graphy_refusals_total".to_owned()],
                0,
                Some(1),
                None,
            )
            .await,
            "names[1]",
            "counter",
        ),
        (
            ask(vec!["no_such".to_owned()], 0, Some(1), None).await,
            "names[0]",
            "no metric",
        ),
    ] {
        assert_eq!(error.code, ErrorCode::Invalid, "{error:?}");
        assert_eq!(error.field.as_deref(), Some(field), "{error:?}");
        assert!(error.message.contains(said), "{error:?}");
    }
    let request = SeriesRequest {
        names: one(),
        from: 0,
        to: Some(1000),
        steps_max: None,
    };
    let refused = node
        .operations
        .series_range(&caller(Role::Editor), request)
        .await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Forbidden);
}
