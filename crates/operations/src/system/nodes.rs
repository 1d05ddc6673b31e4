//! What each node says of itself, and the list of all of them.
//!
//! A node publishes its report every few seconds for as long as it lives, whatever its role; any
//! node reads all. The report is bounded in number and length of everything in it.

use std::time::Duration;

use graphy_protocol::system::{
    CacheReport, CircuitReport, NodeList, NodeReport, ProbeReport, ProcessReport, TaskReport,
    WorkerReport,
};
use graphy_store::{NodeStatuses, ServerNode, StoreError};
use graphy_telemetry::board::{CircuitState, PartStatus, WorkerState};
use graphy_telemetry::logging::redact::redact;
use graphy_telemetry::names::{self, label};
use graphy_telemetry::process::{ProcessSampler, ProcessUsage};
use graphy_telemetry::{RestartPolicy, TaskState, TaskStatus};
use tokio::time::MissedTickBehavior;

use crate::fault::store_fault;
use crate::operations::Parts;

/// How often a node describes itself.
const REPORT_INTERVAL: Duration = Duration::from_secs(3);
/// How many tasks a report tells of; those in trouble first.
const TASKS_MAX: usize = 200;
/// How many workers, circuits, caches and probes each.
const PARTS_MAX: usize = 64;
/// How long a reason may be, in characters.
const REASON_CHARS_MAX: usize = 300;

/// Starts the task `node-report`.
pub(crate) fn start(parts: &Parts) {
    let shared = parts.clone();
    parts.tasks.spawn(
        "node-report",
        RestartPolicy::ALWAYS,
        parts.token.clone(),
        move |context| {
            let parts = shared.clone();
            async move {
                let statuses = NodeStatuses::new(parts.store.link().clone());
                let mut sampler = ProcessSampler::new();
                let mut ticks = tokio::time::interval(REPORT_INTERVAL);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
                while context
                    .token
                    .run_until_cancelled(ticks.tick())
                    .await
                    .is_some()
                {
                    let usage = sampler.as_mut().and_then(ProcessSampler::sample);
                    let report = report(&parts, usage);
                    let text = serde_json::to_string(&report)?;
                    // While Redis is away nobody could read it; the next one tells all again.
                    match statuses.publish(&parts.node.id, &text).await {
                        Ok(()) => context.tick(),
                        Err(error) => tracing::debug!(%error, "the node's report is not published"),
                    }
                }
                statuses.withdraw(&parts.node.id).await?;
                Ok(())
            }
        },
    );
}

/// Lists all nodes; while Redis does not answer, what this one knows of itself.
pub(crate) async fn list(parts: &Parts) -> NodeList {
    let at = parts.clock.now_ms();
    let here = parts.node.id.to_string();
    match read_all(parts).await {
        Ok(nodes) => NodeList {
            at,
            here,
            nodes,
            others_unknown: None,
        },
        Err(error) => NodeList {
            at,
            here,
            nodes: vec![report(parts, None)],
            others_unknown: Some(store_fault(&error).message),
        },
    }
}

async fn read_all(parts: &Parts) -> Result<Vec<NodeReport>, StoreError> {
    let nodes = parts.nodes.list().await?;
    let ids: Vec<_> = nodes.iter().map(|node| node.id.clone()).collect();
    let statuses = NodeStatuses::new(parts.store.link().clone());
    let statuses = statuses.read(&ids).await?;
    let reports = nodes.into_iter().zip(statuses).map(|(node, status)| {
        // Of another version, or from the moment before: then only who it is is known.
        let told = status.and_then(|text| serde_json::from_str::<NodeReport>(&text).ok());
        told.unwrap_or_else(|| silent(&node))
    });
    Ok(reports.collect())
}

/// What is known of a node that has not described itself yet.
fn silent(node: &ServerNode) -> NodeReport {
    NodeReport {
        node_id: node.id.to_string(),
        role: node.role.clone(),
        host: node.host.clone(),
        pid: node.pid,
        version: node.version.clone(),
        started_at: node.started_at,
        reported_at: None,
        process: None,
        tasks: Vec::new(),
        workers: Vec::new(),
        circuits: Vec::new(),
        caches: Vec::new(),
        probes: Vec::new(),
    }
}

/// Describes this node, and shows its caches and circuit breakers as metrics.
fn report(parts: &Parts, usage: Option<ProcessUsage>) -> NodeReport {
    let board = parts.board.read();
    measure(&board);
    NodeReport {
        reported_at: Some(parts.clock.now_ms()),
        process: usage.map(process),
        tasks: tasks(parts.tasks.list()),
        workers: board
            .workers
            .into_iter()
            .take(PARTS_MAX)
            .map(|worker| WorkerReport {
                queue: worker.queue,
                name: worker.name,
                state: match worker.state {
                    WorkerState::Running => "running",
                    WorkerState::Paused => "paused",
                    WorkerState::Rebuilding => "rebuilding",
                    WorkerState::Stopped => "stopped",
                }
                .to_owned(),
                concurrency: number(worker.concurrency),
                active: number(worker.active),
                fetched: worker.fetched,
                last_fetch: worker.last_fetch_ms,
                rebuilds: worker.rebuilds,
            })
            .collect(),
        circuits: board
            .circuits
            .into_iter()
            .take(PARTS_MAX)
            .map(|circuit| CircuitReport {
                name: circuit.name,
                state: circuit_word(circuit.state).to_owned(),
                since: circuit.since_ms,
                trips: circuit.trips,
                reason: circuit.reason.as_deref().map(short),
            })
            .collect(),
        caches: board
            .caches
            .into_iter()
            .take(PARTS_MAX)
            .map(|cache| CacheReport {
                name: cache.name,
                entries: cache.entries,
                entries_max: cache.entries_max,
                ttl_ms: cache.ttl_ms,
                hits: cache.hits,
                misses: cache.misses,
            })
            .collect(),
        probes: board
            .probes
            .into_iter()
            .take(PARTS_MAX)
            .map(|probe| ProbeReport {
                name: probe.name,
                ok: probe.ok,
                detail: short(&probe.detail),
                at: probe.at_ms,
                took_ms: probe.took_ms,
            })
            .collect(),
        ..silent(&parts.node)
    }
}

fn process(usage: ProcessUsage) -> ProcessReport {
    ProcessReport {
        cpu_percent: usage.cpu_percent,
        resident_bytes: usage.resident_bytes,
        open_files: usage.open_files,
        open_files_max: usage.open_files_max,
        threads: usage.threads,
        host_memory_share: usage.host_memory_share,
        host_load: usage.host_load,
    }
}

fn tasks(mut list: Vec<TaskStatus>) -> Vec<TaskReport> {
    // Stable, so that among their like the tasks stay in the order in which they were started.
    list.sort_by_key(|task| match task.state {
        TaskState::Failed { .. } => 0,
        TaskState::Restarting { .. } => 1,
        TaskState::Starting | TaskState::Running => 2,
        TaskState::Stopped => 3,
    });
    let report = |task: TaskStatus| {
        let (state, reason) = match task.state {
            TaskState::Starting => ("starting", None),
            TaskState::Running => ("running", None),
            TaskState::Restarting { reason } => ("restarting", Some(reason)),
            TaskState::Stopped => ("stopped", None),
            TaskState::Failed { reason } => ("failed", Some(reason)),
        };
        TaskReport {
            name: task.name.to_string(),
            state: state.to_owned(),
            reason: reason.as_deref().map(short),
            since: task.since_ms,
            last_tick: task.last_tick_ms,
            restarts: task.restarts,
            panics: task.panics,
        }
    };
    list.into_iter().take(TASKS_MAX).map(report).collect()
}

fn measure(board: &PartStatus) {
    #[expect(clippy::cast_precision_loss, reason = "entries stay far below 2^52")]
    for cache in board.caches.iter().take(PARTS_MAX) {
        let name = || cache.name.clone();
        metrics::counter!(names::CACHE_HITS, label::CACHE => name()).absolute(cache.hits);
        metrics::counter!(names::CACHE_MISSES, label::CACHE => name()).absolute(cache.misses);
        metrics::gauge!(names::CACHE_ENTRIES, label::CACHE => name()).set(cache.entries as f64);
    }
    for circuit in board.circuits.iter().take(PARTS_MAX) {
        let name = || circuit.name.clone();
        let open = match circuit.state {
            CircuitState::Closed => 0.0,
            CircuitState::HalfOpen => 0.5,
            CircuitState::Open => 1.0,
        };
        metrics::gauge!(names::CIRCUIT_OPEN, label::CIRCUIT => name()).set(open);
        metrics::counter!(names::CIRCUIT_TRIPS, label::CIRCUIT => name()).absolute(circuit.trips);
    }
}

fn circuit_word(state: CircuitState) -> &'static str {
    match state {
        CircuitState::Closed => "closed",
        CircuitState::Open => "open",
        CircuitState::HalfOpen => "half-open",
    }
}

fn short(text: &str) -> String {
    redact(text).chars().take(REASON_CHARS_MAX).collect()
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
