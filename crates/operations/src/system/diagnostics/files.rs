//! The files of an archive, each made of chosen fields.

use graphy_engine::QueueKind;
use graphy_protocol::system::{
    AuditRequest, CacheReport, CircuitReport, KeyFamily, LogLine, NodeReport, ProbeReport,
    TaskReport, WorkerReport,
};
use graphy_store::RedisDetails;
use graphy_telemetry::logging::redact::redact;
use graphy_telemetry::logging::ring::LogRing;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::pattern::{is_ours, pattern};
use super::super::redis_facts::{concerns, sections};
use super::super::{logs, nodes};
use super::File;
use crate::audit;
use crate::caller::Caller;
use crate::operations::Operations;

/// How many lines of the log are in an archive.
const LOG_LINES: usize = 2000;
/// How many entries of the audit log.
const AUDIT_ENTRIES: u32 = 200;

/// Makes all files. What cannot be read now is in its file as the reason.
pub(super) async fn collect(operations: &Operations, caller: &Caller) -> Vec<File> {
    let parts = &operations.inner.parts;
    let (about, nodes, redis, memory, queues, audit) = tokio::join!(
        about(operations, caller),
        nodes_file(operations),
        redis_file(operations),
        memory_file(operations),
        queues_file(operations),
        audit_file(operations),
    );
    vec![
        file(
            "about.json",
            "Versions, mode and limits of this node",
            &about,
        ),
        file(
            "settings.json",
            "Settings that are numbers or words of a closed set",
            &settings(operations),
        ),
        file(
            "health.json",
            "Whether a command gets through",
            &health(operations).await,
        ),
        file(
            "nodes.json",
            "All nodes with their tasks, workers, circuits, caches and probes",
            &nodes,
        ),
        file(
            "redis.json",
            "What Redis tells about itself; slow commands by kind of key",
            &redis,
        ),
        file("memory.json", "Memory of Redis by kind of key", &memory),
        file("queues.json", "How many jobs are in which state", &queues),
        file(
            "audit.json",
            "Who called which operation, without what was asked",
            &audit,
        ),
        File {
            name: "metrics.txt",
            about: "What this node measures, in the Prometheus format",
            text: redact(&parts.metrics.render()).into_owned(),
        },
        File {
            name: "log.jsonl",
            about: "The newest lines of this node's log, without secrets",
            text: log(),
        },
    ]
}

fn file(name: &'static str, about: &'static str, value: &Value) -> File {
    let text = serde_json::to_string_pretty(value).expect("JSON becomes text");
    File { name, about, text }
}

async fn about(operations: &Operations, caller: &Caller) -> Value {
    let parts = &operations.inner.parts;
    let info = operations.system_info(caller).await.ok();
    json!({
        "version": parts.facts.version,
        "role": parts.node.role,
        "nodeId": parts.node.id.as_str(),
        "startedAt": parts.facts.started_at,
        "at": parts.clock.now_ms(),
        "readOnly": parts.read_only,
        "redisVersion": info.as_ref().map(|info| &info.redis_version),
        "acknowledgement": info.as_ref().map(|info| &info.ack_level),
        "privateRedis": parts.facts.data_dir.is_some(),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "limits": parts.limits,
    })
}

fn settings(operations: &Operations) -> Value {
    let shown = &operations.inner.parts.facts.settings;
    let lines = shown
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)));
    Value::Object(lines.collect())
}

async fn health(operations: &Operations) -> Value {
    let report = operations.readiness().await;
    let checks = report.checks.iter().map(|check| {
        json!({ "name": check.name, "ok": check.ok, "detail": redact(&check.detail), "ageMs": check.age_ms })
    });
    json!({ "ready": report.ready, "checks": checks.collect::<Vec<_>>() })
}

async fn nodes_file(operations: &Operations) -> Value {
    let list = nodes::list(&operations.inner.parts).await;
    json!({
        "at": list.at,
        "here": list.here,
        "nodes": list.nodes.iter().map(node).collect::<Vec<_>>(),
        "othersUnknown": list.others_unknown,
    })
}

fn node(node: &NodeReport) -> Value {
    json!({
        "nodeId": node.node_id,
        "role": node.role,
        "pid": node.pid,
        "version": node.version,
        "startedAt": node.started_at,
        "reportedAt": node.reported_at,
        "process": node.process,
        "tasks": node.tasks.iter().map(task).collect::<Vec<_>>(),
        "workers": node.workers.iter().map(worker).collect::<Vec<_>>(),
        "circuits": node.circuits.iter().map(circuit).collect::<Vec<_>>(),
        "caches": node.caches.iter().map(cache).collect::<Vec<_>>(),
        "probes": node.probes.iter().map(probe).collect::<Vec<_>>(),
    })
}

fn task(task: &TaskReport) -> Value {
    json!({
        "name": redact(&task.name),
        "state": task.state,
        "reason": task.reason.as_deref().map(redact),
        "since": task.since,
        "lastTick": task.last_tick,
        "restarts": task.restarts,
        "panics": task.panics,
    })
}

fn worker(worker: &WorkerReport) -> Value {
    json!({
        "queue": worker.queue,
        "state": worker.state,
        "concurrency": worker.concurrency,
        "active": worker.active,
        "fetched": worker.fetched,
        "lastFetch": worker.last_fetch,
        "rebuilds": worker.rebuilds,
    })
}

fn circuit(circuit: &CircuitReport) -> Value {
    json!({
        "name": circuit.name,
        "state": circuit.state,
        "since": circuit.since,
        "trips": circuit.trips,
        "reason": circuit.reason.as_deref().map(redact),
    })
}

fn cache(cache: &CacheReport) -> Value {
    json!({
        "name": cache.name,
        "entries": cache.entries,
        "entriesMax": cache.entries_max,
        "ttlMs": cache.ttl_ms,
        "hits": cache.hits,
        "misses": cache.misses,
    })
}

fn probe(probe: &ProbeReport) -> Value {
    json!({
        "name": probe.name,
        "ok": probe.ok,
        "detail": redact(&probe.detail),
        "at": probe.at,
        "tookMs": probe.took_ms,
    })
}

async fn redis_file(operations: &Operations) -> Value {
    let details = match RedisDetails::read(operations.inner.parts.store.link()).await {
        Ok(details) => details,
        Err(error) => return fault(&error.to_string()),
    };
    // A client may call itself anything and a foreign key may hold anything: neither is here.
    let slow = details.slow_log.iter().map(|entry| {
        json!({
            "id": entry.id,
            "at": entry.at_ms,
            "durationUs": entry.duration_us,
            "command": entry.command,
            "keys": entry.keys.iter().map(|key| kind_of(key)).collect::<Vec<_>>(),
        })
    });
    let commands = details.commands.iter().take(50).map(|command| {
        json!({ "command": command.command, "calls": command.calls, "totalUs": command.total_us })
    });
    json!({
        "sections": sections(&details),
        "concerns": concerns(&details),
        "slowLog": slow.collect::<Vec<_>>(),
        "slowLogThresholdUs": details.slow_log_threshold_us,
        "commands": commands.collect::<Vec<_>>(),
    })
}

/// Our keys by their pattern; of a single foreign key any part may be a name.
fn kind_of(key: &str) -> String {
    if is_ours(key) {
        pattern(key)
    } else {
        "foreign key".to_owned()
    }
}

/// Returns the families that may be named, and what all others are together: the pattern of a
/// single foreign key may be its name.
fn named(families: Vec<KeyFamily>) -> (Vec<KeyFamily>, (u64, u64)) {
    let (named, others): (Vec<_>, Vec<_>) = families
        .into_iter()
        .partition(|family| family.keys > 1 || is_ours(&family.largest_key));
    let sum = |count: fn(&KeyFamily) -> u64| others.iter().map(count).sum();
    (
        named,
        (sum(|family| family.keys), sum(|family| family.bytes)),
    )
}

async fn memory_file(operations: &Operations) -> Value {
    let family = |family: &KeyFamily| {
        json!({
            "pattern": family.pattern,
            "keys": family.keys,
            "bytes": family.bytes,
            "largestBytes": family.largest_bytes,
        })
    };
    match operations.inner.memory_walk.answer().await {
        Ok(memory) => {
            let (families, (other_keys, other_bytes)) = named(memory.families);
            json!({
                "completedAt": memory.completed_at,
                "keysSeen": memory.keys_seen,
                "keysTotal": memory.keys_total,
                "families": families.iter().map(family).collect::<Vec<_>>(),
                "singleForeignKeys": { "keys": other_keys, "bytes": other_bytes },
            })
        }
        Err(error) => fault(&error.message),
    }
}

async fn queues_file(operations: &Operations) -> Value {
    let queues = operations.inner.parts.intake.queues();
    let mut all = Map::new();
    for kind in QueueKind::ALL {
        let counts = match queues.counts(kind).await {
            Ok(counts) => json!({
                "waiting": counts.waiting,
                "active": counts.active,
                "delayed": counts.delayed,
                "prioritized": counts.prioritized,
                "completed": counts.completed,
                "failed": counts.failed,
            }),
            Err(error) => fault(&error.to_string()),
        };
        all.insert(kind.name().to_owned(), counts);
    }
    Value::Object(all)
}

async fn audit_file(operations: &Operations) -> Value {
    let request = AuditRequest {
        limit: Some(AUDIT_ENTRIES),
        ..AuditRequest::default()
    };
    match audit::page(&operations.inner.parts.audit, request).await {
        Ok(page) => page
            .entries
            .iter()
            .map(|entry| {
                json!({
                    "entryId": entry.entry_id,
                    "at": entry.at,
                    "userId": entry.user_id,
                    "operation": entry.operation,
                    "outcome": entry.outcome,
                    "traceId": entry.trace_id,
                })
            })
            .collect(),
        Err(error) => fault(&error.message),
    }
}

fn log() -> String {
    #[derive(Serialize)]
    #[serde(transparent)]
    struct Line(LogLine);
    let page = LogRing::of_process().newest(0, LOG_LINES, |_| true);
    let mut text = String::new();
    for line in page.lines.into_iter().map(logs::line) {
        let line = serde_json::to_string(&Line(line)).expect("plain data becomes JSON");
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn fault(message: &str) -> Value {
    json!({ "missing": redact(message) })
}
