//! How long after their time jobs begin, at parts of what a queue can take.

use std::time::Duration;

use anyhow::ensure;
use graphy_store::FsyncPolicy;
use serde_json::json;

use super::results::{Latency, Record, Run};
use super::{Bench, CONCURRENCY, Part, QUEUE, QueueOptions, System, job_data, node, ours};

/// How long a load is kept up, and how much of that does not count.
const SECONDS: f64 = 12.0;
const SECONDS_MIN: f64 = 6.0;
const WARM_UP: Duration = Duration::from_secs(2);
/// How many jobs are being added at the same time to find out what the queue can take.
const IN_FLIGHT: usize = 100;
/// The loads.
const LOADS: [f64; 3] = [0.1, 0.5, 0.9];

/// Measures both systems at the same parts of their own saturation.
pub(super) async fn measure(options: &QueueOptions) -> anyhow::Result<Vec<Record>> {
    let seconds = (SECONDS * options.scale).clamp(SECONDS_MIN, SECONDS);
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
    let more = json!({ "seconds": seconds, "inFlight": IN_FLIGHT });
    let serving = Serving::start(system, &url, &more).await?;
    let before = bench.cpu().await?;
    match system {
        System::Ours => ours::flood(&url, IN_FLIGHT, Duration::from_secs_f64(seconds)).await?,
        System::Node => {
            let feeding = node::Running::start(&url, "flood", &options(&more))?;
            feeding.told::<serde_json::Value>().await?;
        }
    }
    let run = Run {
        jobs: bench.processed().await?,
        seconds,
        client_cpu_s: 0.0,
    };
    let redis_cpu_s = bench.cpu().await? - before;
    bench.drained().await?;
    let row = format!("add and process, {IN_FLIGHT} being added");
    let mut record = Record::of(Part::Latency, row, system, &run, redis_cpu_s);
    record.latency = Some(serving.stop().await?);
    Ok(record)
}

async fn at(system: System, rate: f64, load: f64, seconds: f64) -> anyhow::Result<Record> {
    let mut bench = Bench::start(FsyncPolicy::EverySecond).await?;
    let url = bench.url();
    let more = json!({ "rate": rate, "seconds": seconds });
    let serving = Serving::start(system, &url, &more).await?;
    let before = bench.cpu().await?;
    let seconds = match system {
        System::Ours => ours::feed(&url, rate, seconds).await?,
        System::Node => {
            let feeding = node::Running::start(&url, "feed", &options(&more))?;
            feeding.run().await?.seconds
        }
    };
    bench.drained().await?;
    let run = Run {
        jobs: bench.processed().await?,
        seconds,
        client_cpu_s: 0.0,
    };
    let redis_cpu_s = bench.cpu().await? - before;
    let row = format!("{:.0} % of that", load * 100.0);
    let mut record = Record::of(Part::Latency, row, system, &run, redis_cpu_s);
    record.latency = Some(serving.stop().await?);
    Ok(record)
}

/// What both words of the script are told.
fn options(more: &serde_json::Value) -> serde_json::Value {
    let mut all = json!({
        "queue": QUEUE, "concurrency": CONCURRENCY, "warmUpSeconds": WARM_UP.as_secs(),
        "data": job_data(),
    });
    if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    all
}

/// A worker that notes how late jobs begin.
enum Serving {
    Ours(Box<ours::Serving>),
    Node(Box<node::Running>),
}

impl Serving {
    async fn start(system: System, url: &str, more: &serde_json::Value) -> anyhow::Result<Self> {
        Ok(match system {
            System::Ours => {
                let serving = ours::Serving::start(url, CONCURRENCY, u64::MAX, WARM_UP).await?;
                Self::Ours(Box::new(serving))
            }
            System::Node => {
                let mut worker = node::Running::start(url, "serve", &options(more))?;
                worker.ready().await?;
                Self::Node(Box::new(worker))
            }
        })
    }

    async fn stop(self) -> anyhow::Result<Latency> {
        let latency = match self {
            Self::Ours(serving) => serving.stop().await?,
            Self::Node(worker) => worker.stop().await?.latency,
        };
        ensure!(latency.count > 0, "no job counted after the warm-up");
        Ok(latency)
    }
}
