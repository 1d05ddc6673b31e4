//! What `deploy/` holds, against a real Prometheus that watches a real node.
//!
//! Debian's package `prometheus` has both programs; `cargo xtask setup` installs it.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod dashboard;
mod editor;
mod names;
mod prometheus;

use std::path::PathBuf;
use std::process::Command;

use graphy_model::{Envelope, GraphId, Role, UserId};
use graphy_testkit::cluster::{Cluster, NodeKind, PATIENCE};
use graphy_testkit::http::HttpCaller;
use serde_json::json;
use uuid::Uuid;

use editor::Editor;
use names::check_names;
use prometheus::{Prometheus, Rule};

/// A file of `deploy/`.
fn deploy(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy")
        .join(path)
}

fn promtool(arguments: &[&str]) {
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(deploy("prometheus"))
        .output()
        .expect("promtool can be run; `cargo xtask setup` installs it");
    assert!(
        output.status.success(),
        "promtool {arguments:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn promtool_is_content_with_configuration_and_rules() {
    promtool(&["check", "config", "prometheus.yml"]);
    promtool(&["check", "rules", "graphy.rules.yml"]);
    promtool(&["test", "rules", "graphy.rules.test.yml"]);
}

#[test]
fn the_dashboard_is_whole() {
    dashboard::check(&dashboard::read());
}

/// Every kind of thing that the rules and panels are about happens on the node.
async fn drive(cluster: &Cluster, caller: &HttpCaller, token: &str, graph: &GraphId) {
    let node = cluster.node(0).url();
    let create = |id: String| {
        let command = json!({
            "operationId": Uuid::now_v7(), "type": "CREATE_NODE", "payload": { "id": id },
        });
        Envelope::from_value(command).unwrap()
    };
    let commands: Vec<Envelope> = (0..20)
        .map(|_| create(Uuid::now_v7().to_string()))
        .collect();
    let last = commands[19].operation_id;
    caller.send(&node, graph, &commands).await.unwrap();
    caller.progress(&node, last, PATIENCE / 2).await.unwrap();
    let state = caller.state(&node, graph).await.unwrap();
    let since = state.version.saturating_sub(5);
    caller
        .changes(&node, graph, &state.epoch, since)
        .await
        .unwrap();

    let mut watcher = Editor::open(&node, graph, token, "watcher", None).await;
    let mut author = Editor::open(&node, graph, token, "author", None).await;
    author.edit().await;
    watcher.until("state_update").await;
    // The author's line is cut; they come back where they were.
    let position = author.lose();
    let mut again = Editor::open(&node, graph, token, "author", Some(position)).await;
    // What was deleted meanwhile is refused.
    again.refused().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_prometheus_answers_every_rule_and_every_panel() {
    let mut cluster = Cluster::start().await;
    cluster.add(NodeKind::All, 1).await;
    let user = UserId::new("ada").unwrap();
    let token = cluster.token(&user, Role::Admin).await;
    let caller = HttpCaller::new(token.clone());
    let graph = GraphId::new("watched").unwrap();
    let node = cluster.node(0).url();
    caller.create_graph(&node, &graph).await.unwrap();

    let prometheus = Prometheus::start(cluster.node(0).address()).await;
    // Counters must be seen to grow: once before and once after the load.
    prometheus
        .until_some("optimistic_commands_processed_total")
        .await;
    drive(&cluster, &caller, &token, &graph).await;
    prometheus
        .until_some("sum(rate(graphy_recoveries_total[5m])) > 0")
        .await;
    prometheus
        .until_some("sum(rate(optimistic_commands_processed_total{status=\"success\"}[5m])) > 0")
        .await;
    prometheus.until_some("graphy:uptime:ratio1h").await;

    let rules = prometheus.rules().await;
    assert!(rules.len() > 30, "{} rules", rules.len());
    for rule in &rules {
        check_names(&rule.query);
        check_rule(&prometheus, rule).await;
    }
    for query in dashboard::queries(&dashboard::read()) {
        check_names(&query);
        check_data(&prometheus, &query).await;
    }
    // What Prometheus has read of the node stands in the table of metrics.
    let read = prometheus.names().await;
    assert!(read.len() > 30, "{read:?}");
    for name in read {
        check_names(&name);
    }
}

async fn check_rule(prometheus: &Prometheus, rule: &Rule) {
    assert_eq!(
        (rule.health.as_str(), rule.error.as_deref()),
        ("ok", None),
        "{}",
        rule.name
    );
    // An alert compares something with a limit; that something must be there, or nobody would be
    // told of anything.
    let watched = match rule.is_alert {
        true => names::without_limit(&rule.query),
        false => rule.query.clone(),
    };
    check_data(prometheus, &watched).await;
}

/// Checks that an expression can be evaluated and, unless it is about what seldom happens, that
/// there is something: at once, or after the next scrapes.
async fn check_data(prometheus: &Prometheus, expression: &str) {
    if names::is_seldom(expression) {
        prometheus.query(expression).await;
    } else {
        prometheus.until_some(expression).await;
    }
}
