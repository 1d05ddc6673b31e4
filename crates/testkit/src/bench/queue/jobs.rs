//! Jobs that do nothing: how fast they are added and processed.

use graphy_store::FsyncPolicy;
use serde_json::json;

use super::results::{Record, Run};
use super::{Bench, CONCURRENCY, Part, QUEUE, QueueOptions, RUNS, System, job_data, node, ours};

/// How many jobs go in one call of the rows that add in bulk.
const BATCH: u64 = 100;
/// How many add at the same time in the row of many callers.
const CALLERS: u64 = 50;
/// By how much smaller the rows are in which each job waits for the disk.
const SYNCED_PART: u64 = 4;

/// What is done with jobs.
#[derive(Debug, Clone, Copy)]
enum Case {
    /// By so many callers, each of which waits for its job before it adds the next.
    Add(u64),
    AddBulk,
    Process(usize),
}

impl Case {
    /// Each case with the number of its jobs.
    const ALL: [(Self, u64); 5] = [
        (Self::Add(1), 20_000),
        (Self::Add(CALLERS), 100_000),
        (Self::AddBulk, 100_000),
        (Self::Process(1), 20_000),
        (Self::Process(CONCURRENCY), 100_000),
    ];

    fn row(self) -> String {
        match self {
            Self::Add(1) => "add, one at a time".to_owned(),
            Self::Add(callers) => format!("add, {callers} callers at once"),
            Self::AddBulk => format!("add, {BATCH} at a time"),
            Self::Process(concurrency) => format!("process, concurrency {concurrency}"),
        }
    }

    async fn run(self, system: System, url: &str, jobs: u64) -> anyhow::Result<Run> {
        let options = |more: serde_json::Value| {
            let mut all = json!({ "queue": QUEUE, "jobs": jobs, "data": job_data() });
            if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
                all.extend(more.clone());
            }
            all
        };
        match (self, system) {
            (Self::Add(callers), System::Ours) => ours::add(url, jobs, callers).await,
            (Self::AddBulk, System::Ours) => ours::bulk(url, QUEUE, jobs, BATCH).await,
            (Self::Process(concurrency), System::Ours) => {
                ours::process(url, jobs, concurrency).await
            }
            (Self::Add(callers), System::Node) => {
                let options = options(json!({ "callers": callers }));
                node::Running::start(url, "add", &options)?.run().await
            }
            (Self::AddBulk, System::Node) => {
                let options = options(json!({ "batch": BATCH }));
                node::Running::start(url, "bulk", &options)?.run().await
            }
            (Self::Process(concurrency), System::Node) => {
                let options = options(json!({ "concurrency": concurrency }));
                node::Running::start(url, "process", &options)?.run().await
            }
        }
    }
}

/// Measures all cases for both systems, taking turns.
pub(super) async fn measure(options: &QueueOptions) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    for fsync in [FsyncPolicy::EverySecond, FsyncPolicy::Always] {
        for (case, jobs) in Case::ALL {
            let alone = matches!(case, Case::Add(1) | Case::Process(1));
            let jobs = match fsync {
                FsyncPolicy::Always if alone => jobs / SYNCED_PART,
                _ => jobs,
            };
            let jobs = options.scaled(jobs);
            let mut runs = [Vec::new(), Vec::new()];
            for _ in 0..RUNS {
                for (system, runs) in System::ALL.into_iter().zip(&mut runs) {
                    runs.push(once(case, system, fsync, jobs).await?);
                }
            }
            for (system, runs) in System::ALL.into_iter().zip(runs) {
                let mut record = Record::median(runs);
                record.system = system;
                record.print();
                records.push(record);
            }
        }
    }
    Ok(records)
}

async fn once(case: Case, system: System, fsync: FsyncPolicy, jobs: u64) -> anyhow::Result<Record> {
    let mut bench = Bench::start(fsync).await?;
    let url = bench.url();
    if let Case::Process(_) = case {
        ours::bulk(&url, QUEUE, jobs, 1000).await?;
    }
    let before = bench.cpu().await?;
    let run = case.run(system, &url, jobs).await?;
    let redis_cpu_s = bench.cpu().await? - before;
    let mut record = Record::of(Part::Jobs, case.row(), system, &run, redis_cpu_s);
    record.fsync = fsync.as_setting().to_owned();
    Ok(record)
}
