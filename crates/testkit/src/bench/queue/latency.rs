//! How long after their time jobs begin, at parts of what a queue can take.

use std::time::Duration;

use graphy_store::FsyncPolicy;
use serde_json::json;

use super::results::{Latency, Record, Run};
use super::{Bench, CONCURRENCY, Part, QUEUE, QueueOptions, System, job_data, node, ours};

/// How long a load is kept up, and how much of that does not count.
const SECONDS: f64 = 12.0;
const WARM_UP: Duration = Duration::from_secs(2);
/// How many jobs are being added at the same time to find out what the queue can take.
const IN_FLIGHT: usize = 100;
/// The loads.
const LOADS: [f64; 3] = [0.1, 0.5, 0.9];

/// Measures both systems at the same parts of their own saturation.
pub(super) async fn measure(options: &QueueOptions) -> anyhow::Result<Vec<Record>> {
    let seconds = (SECONDS * options.scale).max(4.0);
    let mut records = Vec::new();
    for system in System::ALL {
        let saturation = saturation(system, seconds).await?;
        saturation.print();
        for load in LOADS {
            let rate = saturation.per_second * load;
            let record = at(system, rate, load, seconds).await?;
            record.print();
            records.push(record);
        }
        records.push(saturation);
    }
    Ok(records)
}

/// Finds out how many jobs go through while they are being added and processed.
async fn saturation(system: System, seconds: f64) -> anyhow::Result<Record> {
    let mut bench = Bench::start(FsyncPolicy::EverySecond).await?;
    let url = bench.url();
    let before = bench.cpu().await?;
    let time = Duration::from_secs_f64(seconds);
    let began = std::time::Instant::now();
    let (jobs, latency) = match system {
        System::Ours => {
            let serving = ours::Serving::start(&url, CONCURRENCY, u64::MAX, WARM_UP).await?;
            ours::flood(&url, IN_FLIGHT, time).await?;
            serving.stop().await?
        }
        System::Node => {
            let options = json!({
                "queue": QUEUE, "concurrency": CONCURRENCY, "warmUpSeconds": WARM_UP.as_secs(),
                "seconds": seconds, "inFlight": IN_FLIGHT, "data": job_data(),
            });
            let mut serving = node::Running::start(&url, "serve", &options)?;
            serving.ready().await?;
            let feeding = node::Running::start(&url, "flood", &options)?;
            feeding.told::<serde_json::Value>().await?;
            let served = serving.stop().await?;
            (served.jobs, served.latency)
        }
    };
    let run = Run {
        jobs,
        seconds: began.elapsed().as_secs_f64(),
        client_cpu_s: 0.0,
    };
    let redis_cpu_s = bench.cpu().await? - before;
    let row = format!("add and process, {IN_FLIGHT} being added");
    let mut record = Record::of(Part::Latency, row, system, &run, redis_cpu_s);
    record.latency = Some(latency);
    Ok(record)
}

async fn at(system: System, rate: f64, load: f64, seconds: f64) -> anyhow::Result<Record> {
    let mut bench = Bench::start(FsyncPolicy::EverySecond).await?;
    let url = bench.url();
    let before = bench.cpu().await?;
    let (jobs, latency): (u64, Latency) = match system {
        System::Ours => {
            let serving = ours::Serving::start(&url, CONCURRENCY, u64::MAX, WARM_UP).await?;
            ours::feed(&url, rate, seconds).await?;
            serving.stop().await?
        }
        System::Node => {
            let options = json!({
                "queue": QUEUE, "concurrency": CONCURRENCY, "warmUpSeconds": WARM_UP.as_secs(),
                "rate": rate, "seconds": seconds, "data": job_data(),
            });
            let mut serving = node::Running::start(&url, "serve", &options)?;
            serving.ready().await?;
            node::Running::start(&url, "feed", &options)?.run().await?;
            let served = serving.stop().await?;
            (served.jobs, served.latency)
        }
    };
    let run = Run {
        jobs,
        seconds,
        client_cpu_s: 0.0,
    };
    let redis_cpu_s = bench.cpu().await? - before;
    let row = format!("{:.0} % of that", load * 100.0);
    let mut record = Record::of(Part::Latency, row, system, &run, redis_cpu_s);
    record.latency = Some(latency);
    Ok(record)
}
