//! Commands of editors: Graphy's whole path against a plain worker with one command in a job.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use graphy_engine::GRAPH_COMMANDS;
use graphy_model::{GraphId, UserId};
use graphy_store::FsyncPolicy;
use graphy_store::graph::Visibility;
use redis::AsyncCommands as _;
use serde_json::json;

use super::results::{Record, Run};
use super::{Bench, CONCURRENCY, Part, QUEUE, QueueOptions, RUNS, System, node, redis_cpu};
use crate::bench::meter::Meter;
use crate::bench::{Target, flood};

/// Over how many graphs the commands go.
const GRAPHS: usize = 64;
/// How many commands the Node side takes; Graphy's flood has a number of its own.
const COMMANDS: u64 = 48_000;
/// How many commands the producer of the Node side hands over in one call.
const BATCH: u64 = 100;
/// How many commands a job of ours holds at most.
const COMMANDS_IN_A_JOB: u64 = 100;
/// How long our workers may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures both systems.
pub(super) async fn measure(options: &QueueOptions) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    for fsync in [FsyncPolicy::EverySecond, FsyncPolicy::Always] {
        let mut runs = [const { Vec::new() }; 4];
        for _ in 0..RUNS {
            runs[0].push(graphy(fsync, flood::Door::WebSocket).await?);
            runs[1].push(graphy(fsync, flood::Door::HttpBatch).await?);
            runs[2].push(batched(fsync, options.scaled(COMMANDS)).await?);
            runs[3].push(plain(fsync, options.scaled(COMMANDS)).await?);
        }
        for runs in runs {
            let record = Record::median(runs);
            record.print();
            records.push(record);
        }
    }
    Ok(records)
}

async fn graphy(fsync: FsyncPolicy, door: flood::Door) -> anyhow::Result<Record> {
    let target = Target::start(fsync).await;
    let url = target.cluster.redis().url();
    let mut control = redis::Client::open(url.expose())?
        .get_multiplexed_async_connection()
        .await?;
    let before = redis_cpu(&mut control).await?;
    let meter = Meter::start(target.cluster.node(0).pid(), target.cluster.redis().pid());
    let row = flood::run(&target, door, GRAPHS).await?;
    let reading = meter.read()?;
    #[expect(clippy::cast_precision_loss, reason = "a number of commands")]
    let run = Run {
        jobs: row.operations,
        seconds: row.operations as f64 / row.per_second,
        client_cpu_s: reading.server_cpu_s,
    };
    let redis_cpu_s = redis_cpu(&mut control).await? - before;
    let how = match door {
        flood::Door::WebSocket => "commands by WebSocket",
        flood::Door::HttpBatch => "commands by HTTP batches",
    };
    let name = format!("{how}, {GRAPHS} graphs");
    let mut record = Record::of(Part::Commands, name, System::Ours, &run, redis_cpu_s);
    record.fsync = fsync.as_setting().to_owned();
    Ok(record)
}

/// The same producer as on the Node side, which adds a hundred commands in each job to our queue:
/// what is left of the path without its doors.
async fn batched(fsync: FsyncPolicy, commands: u64) -> anyhow::Result<Record> {
    let target = Target::start(fsync).await;
    let store = target.cluster.store();
    let owner = UserId::new("bench")?;
    for number in 0..GRAPHS {
        let id = GraphId::new(&format!("bench-{number}"))?;
        store
            .create(&id, "Bench", &owner, store.now_ms(), Visibility::Listed)
            .await?;
    }
    let url = target.cluster.redis().url().expose().to_owned();
    let mut control = redis::Client::open(url.as_str())?
        .get_multiplexed_async_connection()
        .await?;
    let options = json!({
        "queue": GRAPH_COMMANDS, "jobs": commands, "graphs": GRAPHS, "batch": BATCH,
        "perJob": COMMANDS_IN_A_JOB,
    });
    let mut producer = node::Running::start(&url, "edits", &options)?;
    producer.ready().await?;
    let before = redis_cpu(&mut control).await?;
    let meter = Meter::start(target.cluster.node(0).pid(), target.cluster.redis().pid());
    let (added, done) = tokio::join!(
        producer.run(),
        done(&mut control, commands / COMMANDS_IN_A_JOB)
    );
    let reading = meter.read()?;
    let (added, settled) = (added.context("the producer")?, done?);
    ensure!(
        settled == commands,
        "{settled} of {commands} commands have an outcome"
    );
    let run = Run {
        jobs: commands,
        seconds: reading.elapsed.as_secs_f64(),
        client_cpu_s: reading.server_cpu_s + added.client_cpu_s,
    };
    let redis_cpu_s = redis_cpu(&mut control).await? - before;
    let name = format!("{COMMANDS_IN_A_JOB} commands in a job, {GRAPHS} graphs");
    let mut record = Record::of(Part::Commands, name, System::Ours, &run, redis_cpu_s);
    record.fsync = fsync.as_setting().to_owned();
    Ok(record)
}

/// A producer process and a worker process; each job is one command and one script.
async fn plain(fsync: FsyncPolicy, commands: u64) -> anyhow::Result<Record> {
    let mut bench = Bench::start(fsync).await?;
    let url = bench.url();
    let options = json!({
        "queue": QUEUE, "jobs": commands, "concurrency": CONCURRENCY, "graphs": GRAPHS,
        "batch": BATCH, "perJob": 1,
    });
    let mut worker = node::Running::start(&url, "commands", &options)?;
    worker.ready().await?;
    let before = bench.cpu().await?;
    let mut producer = node::Running::start(&url, "edits", &options)?;
    producer.ready().await?;
    let (added, done) = tokio::join!(producer.run(), worker.run());
    let (added, done) = (added.context("the producer")?, done.context("the worker")?);
    let run = Run {
        jobs: commands,
        seconds: done.seconds.max(added.seconds),
        client_cpu_s: added.client_cpu_s + done.client_cpu_s,
    };
    let redis_cpu_s = bench.cpu().await? - before;
    let name = format!("one command in a job, {GRAPHS} graphs");
    let mut record = Record::of(Part::Commands, name, System::Node, &run, redis_cpu_s);
    record.fsync = fsync.as_setting().to_owned();
    Ok(record)
}

/// Waits until so many of our jobs are done, and returns how many commands they settled.
async fn done(control: &mut redis::aio::MultiplexedConnection, jobs: u64) -> anyhow::Result<u64> {
    let (completed, failed) = (
        format!("bull:{GRAPH_COMMANDS}:completed"),
        format!("bull:{GRAPH_COMMANDS}:failed"),
    );
    let deadline = Instant::now() + PATIENCE;
    while control.zcard::<_, u64>(&completed).await? < jobs {
        ensure!(Instant::now() < deadline, "the jobs do not come to an end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let failed: u64 = control.zcard(&failed).await?;
    ensure!(failed == 0, "{failed} jobs failed");
    let ids: Vec<String> = control.zrange(&completed, 0, -1).await?;
    let mut settled = 0;
    for id in ids {
        let key = format!("bull:{GRAPH_COMMANDS}:{id}");
        let returned: String = control.hget(key, "returnvalue").await?;
        let returned: serde_json::Value = serde_json::from_str(&returned)?;
        settled += returned["settled"].as_u64().unwrap_or(0);
    }
    Ok(settled)
}
