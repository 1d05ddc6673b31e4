//! What the overview computes equals what a reader of `/metrics` computes.

use graphy_engine::{Origin, Submission};
use graphy_model::{Envelope, GraphId, Outcome, Role, UserId};
use graphy_operations::overview::{OVERVIEW_SERIES, SERIES};
use graphy_protocol::console::OverviewSnapshot;
use graphy_protocol::http::CreateGraph;
use graphy_store::testing::TestRedis;
use graphy_telemetry::MetricsSnapshot;
use graphy_telemetry::names;
use serde_json::{Value, json};

use crate::support::{DEADLINE, Node, caller, until};

/// How far back the page looks.
const WINDOW_MS: u64 = 10_000;

/// What `/metrics` said right after a sample.
struct Reading {
    at: u64,
    commands: f64,
    conflicts: f64,
    /// Upper bounds of the durations and how many commands were not slower.
    durations: Vec<(f64, u64)>,
}

impl Reading {
    fn of(at: u64, text: &str) -> Self {
        let metrics = MetricsSnapshot::parse(text);
        let durations = metrics.histogram(names::COMMAND_DURATION, &[]);
        Self {
            at,
            commands: metrics.value(names::COMMANDS_PROCESSED, &[]).unwrap(),
            conflicts: metrics.value(names::CONFLICTS, &[]).unwrap(),
            durations: durations.map(|read| read.buckets).unwrap_or_default(),
        }
    }
}

fn series_end(overview: &OverviewSnapshot, name: &str) -> Option<f64> {
    let series = overview.series.iter().find(|series| series.name == name);
    series.unwrap().values.last().copied().flatten()
}

/// Reads the overview and the metrics right after the next sample.
async fn next_sample(node: &Node, after: u64) -> (OverviewSnapshot, Reading) {
    let operator = caller(Role::Operator);
    let mut found = None;
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while found.is_none() {
        assert!(tokio::time::Instant::now() < deadline, "no sample comes");
        let overview = node.operations.overview_get(&operator).await.unwrap();
        let text = node.operations.metrics_get(&operator).await.unwrap().text;
        let again = node.operations.overview_get(&operator).await.unwrap();
        let at = overview.series[0].at.last().copied().unwrap_or(0);
        if at > after && overview.series == again.series {
            found = Some((overview, Reading::of(at, &text)));
        }
        tokio::task::yield_now().await;
    }
    found.unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "a test runs few commands")]
fn p95_ms(first: &Reading, now: &Reading) -> Option<f64> {
    let earlier = |bound: f64| {
        let found = first.durations.iter().find(|(known, _)| *known == bound);
        found.map_or(0, |(_, count)| *count)
    };
    let counts = now.durations.iter();
    let counts: Vec<(f64, f64)> = counts
        .map(|(bound, count)| (*bound, (count - earlier(*bound)) as f64))
        .collect();
    let rank = 0.95 * counts.last()?.1;
    let (mut lower, mut below) = (0.0, 0.0);
    for (bound, count) in counts {
        if count >= rank && count > 0.0 {
            let seconds = if bound.is_infinite() {
                lower
            } else {
                lower + (bound - lower) * (rank - below) / (count - below)
            };
            return Some(seconds * 1000.0);
        }
        (lower, below) = (bound, count);
    }
    None
}

fn conflict_share(first: &Reading, now: &Reading) -> Option<f64> {
    let commands = now.commands - first.commands;
    (commands > 0.0).then(|| (now.conflicts - first.conflicts) / commands)
}

async fn run(node: &Node, graph: &GraphId, envelope: Value) -> Outcome {
    let envelope = Envelope::from_value(envelope).unwrap();
    let id = envelope.operation_id;
    let submission = Submission {
        origin: Origin::Request,
        content: envelope.into(),
        user_id: UserId::new("ada").unwrap(),
        role: Role::Editor,
    };
    node.intake.submit(graph, vec![submission]).await.unwrap();
    let outcome = node.intake.outcome(graph, id, DEADLINE).await.unwrap();
    outcome.expect("it ends")
}

/// Makes a node and has two clients write its title without knowing of each other.
async fn contest(node: &Node, graph: &GraphId, round: usize) {
    let id = format!("n{round}");
    let create = json!({
        "operationId": uuid::Uuid::now_v7(), "type": "CREATE_NODE", "payload": {"id": id},
    });
    let Outcome::Applied { version } = run(node, graph, create).await else {
        panic!("a node is made");
    };
    for client in ["ann", "bob"] {
        let update = json!({
            "operationId": uuid::Uuid::now_v7(), "type": "UPDATE_NODE", "baseVersion": version,
            "clientId": format!("{client}-{round}"), "seq": 1,
            "payload": {"id": id, "patch": {"title": client}},
        });
        run(node, graph, update).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_and_conflicts_follow_from_the_metrics() {
    let redis = TestRedis::start().await;
    let node = Node::start(&redis.url()).await;
    // Before anything has happened, zeros stand for it.
    let operator = caller(Role::Operator);
    let text = node.operations.metrics_get(&operator).await.unwrap().text;
    for name in [
        names::COMMANDS_PROCESSED,
        names::CONFLICTS,
        names::QUEUE_SIZE,
        names::WEBSOCKET_CONNECTIONS,
    ] {
        let value = MetricsSnapshot::parse(&text).value(name, &[]);
        assert_eq!(value, Some(0.0), "{name}");
    }
    let (_, first) = next_sample(&node, 0).await;
    let mut readings = vec![first];
    let _workers = node.workers().await;
    let request = CreateGraph {
        name: "Plan".to_owned(),
        graph_id: None,
    };
    let editor = caller(Role::Editor);
    let made = node.operations.graphs_create(&editor, request).await;
    let graph = made.unwrap().graph_id;

    // A command of the node's own probe may fall between a sample and its reading, so the values
    // need not agree in the first round.
    let deadline = tokio::time::Instant::now() + DEADLINE;
    for round in 0.. {
        contest(&node, &graph, round).await;
        let newest = readings.last().unwrap().at;
        let (overview, now) = next_sample(&node, newest).await;
        let start = now.at.saturating_sub(WINDOW_MS);
        let first = readings.iter().rfind(|reading| reading.at <= start);
        let first = first.unwrap_or(&readings[0]);
        let shown = ["command_p95_ms", "conflict_rate"].map(|name| series_end(&overview, name));
        let computed = [p95_ms(first, &now), conflict_share(first, &now)];
        let agree = |(shown, computed): (&Option<f64>, &Option<f64>)| match (shown, computed) {
            (Some(shown), Some(computed)) => *shown > 0.0 && (shown - computed).abs() < 1e-6,
            _ => false,
        };
        if shown.iter().zip(&computed).all(agree) {
            break;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "shown {shown:?}, computed {computed:?}"
        );
        readings.push(now);
    }

    // Once sampled, every series that the page shows is in the metrics.
    until("all series to be measured", || async {
        let text = node.operations.metrics_get(&operator).await.unwrap().text;
        let metrics = MetricsSnapshot::parse(&text);
        SERIES[..OVERVIEW_SERIES].iter().all(|series| {
            let word = |c: char| !(c.is_ascii_lowercase() || c == '_');
            series.metric.split(word).any(|name| {
                let is_there = metrics.value(name, &[]).is_some();
                is_there || metrics.histogram(name, &[]).is_some()
            })
        })
    })
    .await;
}
