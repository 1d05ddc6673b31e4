//! Commands of editors: Graphy's whole path against a plain worker with one command in a job.

use anyhow::Context as _;
use graphy_store::FsyncPolicy;
use serde_json::json;

use super::results::{Record, Run};
use super::{Bench, CONCURRENCY, Part, QUEUE, QueueOptions, RUNS, System, node, redis_cpu};
use crate::bench::meter::Meter;
use crate::bench::{Target, flood};

/// Over how many graphs the commands go.
const GRAPHS: usize = 64;
/// How many commands the Node side takes; Graphy's flood has a number of its own.
const COMMANDS: u64 = 48_000;
/// How many jobs the Node side adds in one call.
const BATCH: u64 = 100;

/// Measures both systems.
pub(super) async fn measure(options: &QueueOptions) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    for fsync in [FsyncPolicy::EverySecond, FsyncPolicy::Always] {
        let mut runs = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..RUNS {
            runs[0].push(graphy(fsync, flood::Door::WebSocket).await?);
            runs[1].push(graphy(fsync, flood::Door::HttpBatch).await?);
            runs[2].push(plain(fsync, options.scaled(COMMANDS)).await?);
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

/// A producer process and a worker process; each job is one command and one script.
async fn plain(fsync: FsyncPolicy, commands: u64) -> anyhow::Result<Record> {
    let mut bench = Bench::start(fsync).await?;
    let url = bench.url();
    let options = json!({
        "queue": QUEUE, "jobs": commands, "concurrency": CONCURRENCY, "graphs": GRAPHS,
        "batch": BATCH,
    });
    let mut worker = node::Running::start(&url, "commands", &options)?;
    worker.ready().await?;
    let before = bench.cpu().await?;
    let producer = node::Running::start(&url, "edits", &options)?;
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
