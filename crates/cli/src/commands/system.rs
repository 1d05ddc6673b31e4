//! `graphy system`: the nodes, Redis, and memory by kinds of keys.

use clap::{Args, Subcommand};
use graphy_protocol::console::SystemInfo;
use graphy_protocol::system::{KeyMemory, NodeList, NodeReport, RedisReport};
use serde::Serialize;

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, now_ms, quantity, span, table};

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct SystemArguments {
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// What Redis tells about itself, what deserves a look, slow and expensive commands
    Redis,
    /// Memory of Redis by kinds of keys, from a sample
    Memory,
    /// Each node with its tasks, workers and caches
    Nodes,
}

#[derive(Serialize)]
struct Summary {
    info: SystemInfo,
    nodes: NodeList,
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: &SystemArguments,
    output: Output,
) -> Result<(), Failure> {
    match arguments.part {
        None => {
            let summary = Summary {
                info: node.ask("system.info").await?,
                nodes: node.ask("system.nodes").await?,
            };
            output.result(&summary, summary_text)
        }
        Some(Part::Redis) => {
            let report: RedisReport = node.ask("system.redis").await?;
            output.result(&report, redis_text)
        }
        Some(Part::Memory) => {
            let memory: KeyMemory = node.ask("system.memory").await?;
            output.result(&memory, memory_text)
        }
        Some(Part::Nodes) => {
            let nodes: NodeList = node.ask("system.nodes").await?;
            output.result(&nodes, nodes_text)
        }
    }
}

fn summary_text(summary: &Summary) -> String {
    let info = &summary.info;
    let mode = if info.read_only { " · READ-ONLY" } else { "" };
    format!(
        "Graphy {} · {}{mode}\n  API    {}\n  Redis  {} ({})\n  Done means {}\n\n{}",
        info.version,
        info.environment,
        info.api_url,
        info.redis_version,
        info.redis_url,
        info.ack_level,
        node_table(&summary.nodes),
    )
}

fn node_table(list: &NodeList) -> String {
    let rows: Vec<Vec<String>> = list.nodes.iter().map(|node| node_row(list, node)).collect();
    let head = [
        "NODE", "ROLE", "HOST", "VERSION", "UP", "CPU", "MEMORY", "TASKS", "TOLD",
    ];
    let table = table(&head, &[5, 6, 7], &rows);
    match &list.others_unknown {
        Some(reason) => format!("{table}\nOther nodes are not known now: {reason}"),
        None => table,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "memory stays far below 2^52 bytes"
)]
fn node_row(list: &NodeList, node: &NodeReport) -> Vec<String> {
    let here = if node.node_id == list.here { "*" } else { "" };
    let none = || "–".to_owned();
    let process = node.process.as_ref();
    let troubled = node
        .tasks
        .iter()
        .filter(|task| matches!(task.state.as_str(), "failed" | "restarting"))
        .count();
    // What has ended as it should is no news.
    let going = node.tasks.iter().filter(|task| task.state != "stopped");
    let going = going.count();
    let tasks = match troubled {
        0 => going.to_string(),
        troubled => format!("{going} ({troubled} IN TROUBLE)"),
    };
    vec![
        format!("{}{here}", node.node_id),
        node.role.clone(),
        format!("{} ({})", node.host, node.pid),
        node.version.clone(),
        span(list.at.saturating_sub(node.started_at)),
        process.map_or_else(none, |process| format!("{:.0} %", process.cpu_percent)),
        process.map_or_else(none, |process| {
            quantity(process.resident_bytes as f64, "bytes")
        }),
        tasks,
        node.reported_at.map_or_else(none, |at| ago(list.at, at)),
    ]
}

fn nodes_text(list: &NodeList) -> String {
    let mut text = node_table(list);
    for node in &list.nodes {
        text.push_str(&format!("\n\nNODE {}\n", node.node_id));
        let tasks = node.tasks.iter().map(|task| {
            let reason = task.reason.clone().unwrap_or_default();
            let tick = task
                .last_tick
                .map_or_else(|| "–".to_owned(), |at| ago(list.at, at));
            vec![
                task.state.clone(),
                task.name.clone(),
                tick,
                task.restarts.to_string(),
                reason,
            ]
        });
        let tasks: Vec<_> = tasks.collect();
        text.push_str(&table(
            &["STATE", "TASK", "TICKED", "RESTARTS", "REASON"],
            &[3],
            &tasks,
        ));
        let workers = node.workers.iter().map(|worker| {
            let fetch = worker
                .last_fetch
                .map_or_else(|| "never".to_owned(), |at| ago(list.at, at));
            let busy = format!("{}/{}", worker.active, worker.concurrency);
            vec![
                worker.state.clone(),
                worker.queue.clone(),
                busy,
                worker.fetched.to_string(),
                fetch,
                worker.rebuilds.to_string(),
            ]
        });
        push(
            &mut text,
            &["STATE", "QUEUE", "BUSY", "FETCHED", "LAST", "REBUILT"],
            workers,
        );
        push(
            &mut text,
            &CACHE_HEAD,
            node.caches.iter().map(|cache| {
                let ttl = cache.ttl_ms.map_or_else(|| "–".to_owned(), span);
                vec![
                    cache.name.clone(),
                    format!("{}/{}", cache.entries, cache.entries_max),
                    ttl,
                    share(cache.hits, cache.misses),
                ]
            }),
        );
        push(
            &mut text,
            &["PROBE", "OK", "FOUND"],
            node.probes.iter().map(|probe| {
                let ok = if probe.ok { "ok" } else { "FAILED" };
                vec![probe.name.clone(), ok.to_owned(), probe.detail.clone()]
            }),
        );
    }
    text
}

const CACHE_HEAD: [&str; 4] = ["CACHE", "ENTRIES", "KEPT FOR", "HITS"];

fn push(text: &mut String, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let rows: Vec<Vec<String>> = rows.collect();
    if !rows.is_empty() {
        text.push_str("\n\n");
        text.push_str(&table(head, &[], &rows));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn share(hits: u64, misses: u64) -> String {
    match hits.saturating_add(misses) {
        0 => "–".to_owned(),
        all => quantity(hits as f64 / all as f64, "share"),
    }
}

fn redis_text(report: &RedisReport) -> String {
    let mut text = String::new();
    for concern in &report.concerns {
        text.push_str(&format!("! {concern}\n"));
    }
    for section in &report.sections {
        let rows: Vec<Vec<String>> = section
            .facts
            .iter()
            .map(|fact| {
                let mark = if fact.concern { "!" } else { "" };
                vec![
                    mark.to_owned(),
                    fact.label.clone(),
                    fact.value.clone(),
                    fact.source.clone(),
                ]
            })
            .collect();
        push(
            &mut text,
            &["", section.title.to_uppercase().as_str(), "VALUE", "FROM"],
            rows.into_iter(),
        );
    }
    push_lists(&mut text, report);
    text.trim_start_matches('\n').to_owned()
}

/// Adds the lists of commands and replicas.
fn push_lists(text: &mut String, report: &RedisReport) {
    push(
        text,
        &["COMMAND", "CALLS", "MEAN", "SHARE"],
        report.commands.iter().map(|cost| {
            vec![
                cost.command.clone(),
                cost.calls.to_string(),
                format!("{:.1} µs", cost.mean_us),
                quantity(cost.share, "share"),
            ]
        }),
    );
    push(
        text,
        &["REPLICA", "STATE", "BEHIND"],
        report.replicas.iter().map(|replica| {
            vec![
                replica.address.clone(),
                replica.state.clone(),
                format!("{} bytes", replica.lag_bytes),
            ]
        }),
    );
    push(
        text,
        &["SLOW", "TOOK", "COMMAND", "CLIENT"],
        report.slow_log.iter().take(20).map(|slow| {
            vec![
                ago(report.at, slow.at),
                format!("{} µs", slow.duration_us),
                slow.command.clone(),
                slow.client.clone(),
            ]
        }),
    );
}

#[expect(
    clippy::cast_precision_loss,
    reason = "memory stays far below 2^52 bytes"
)]
fn memory_text(memory: &KeyMemory) -> String {
    let bytes = |bytes: u64| quantity(bytes as f64, "bytes");
    let rows: Vec<Vec<String>> = memory
        .families
        .iter()
        .map(|family| {
            vec![
                family.pattern.clone(),
                family.keys.to_string(),
                bytes(family.bytes),
                family.largest_key.clone(),
                bytes(family.largest_bytes),
            ]
        })
        .collect();
    let state = match memory.completed_at {
        Some(at) => format!(
            "looked at {} of {} keys, {}",
            memory.keys_seen,
            memory.keys_total,
            ago(now_ms(), at)
        ),
        None => format!(
            "looked at {} of {} keys so far; ask again for the rest",
            memory.keys_seen, memory.keys_total
        ),
    };
    format!(
        "{}\n{state}",
        table(
            &["KEYS LIKE", "COUNT", "MEMORY", "LARGEST", "ITS MEMORY"],
            &[1, 2, 4],
            &rows
        )
    )
}
