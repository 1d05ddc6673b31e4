//! Who a node is, and the small tasks that it does all the time.

use std::time::Duration;

use graphy_store::{Replicas, ServerId, ServerNode};
use graphy_telemetry::{RestartPolicy, TaskRegistry};
use tokio_util::sync::CancellationToken;

use crate::state::App;

/// How often limiters forget those who have been quiet.
const LIMITERS_UPKEEP: Duration = Duration::from_secs(60);
/// How often samples are moved into the histograms.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Starts the small tasks of the adapters.
pub(super) fn start_tasks(app: &App, tasks: &TaskRegistry, token: &CancellationToken) {
    let (revocations, tokens) = (app.revocations.clone(), app.tokens.clone());
    tasks.spawn(
        "revocations",
        RestartPolicy::ALWAYS,
        token.clone(),
        move |context| revocations.clone().run(tokens.clone(), context),
    );
    let upkeep = app.clone();
    every(
        tasks,
        "limiters-upkeep",
        LIMITERS_UPKEEP,
        token,
        move || {
            upkeep.limiters.forget_quiet();
        },
    );
    let metrics = app.metrics.clone();
    every(tasks, "metrics-upkeep", METRICS_UPKEEP, token, move || {
        metrics.run_upkeep();
    });
}

/// Starts the task that lets go of graphs that nobody uses.
pub(super) fn forget_idle_graphs(
    replicas: &Replicas,
    period: Duration,
    tasks: &TaskRegistry,
    token: &CancellationToken,
) {
    let replicas = replicas.clone();
    every(tasks, "replicas-upkeep", period, token, move || {
        replicas.forget_idle();
    });
}

/// Says who this process is.
pub(super) fn server_node(role: &str, started_at: u64) -> ServerNode {
    ServerNode {
        id: ServerId::random(),
        role: role.to_owned(),
        host: host_name(),
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at,
    }
}

/// Returns the computer's name.
pub(super) fn host_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    if host.is_empty() { "localhost" } else { host }.to_owned()
}

/// Starts a task that does something short again and again.
fn every(
    tasks: &TaskRegistry,
    name: &'static str,
    period: Duration,
    token: &CancellationToken,
    act: impl Fn() + Clone + Send + Sync + 'static,
) {
    tasks.spawn(name, RestartPolicy::ALWAYS, token.clone(), move |context| {
        let act = act.clone();
        async move {
            let mut ticks = tokio::time::interval(period);
            while context
                .token
                .run_until_cancelled(ticks.tick())
                .await
                .is_some()
            {
                context.tick();
                act();
            }
            Ok(())
        }
    });
}
