//! Benches: real processes, real sockets, figures with percentiles.
//!
//! The driver runs on the same machine and takes its share of the cores; what a server costs is
//! therefore also given as CPU time of its processes.

mod chart;
mod editors;
mod flood;
mod machine;
mod meter;
mod queries;
mod queue;
mod report;
mod sync;
mod written;

use graphy_store::FsyncPolicy;

use crate::cluster::{Cluster, NodeKind};
use meter::Meter;
pub use queue::{QueueOptions, queue};
use report::{Report, Row};
pub use sync::{SyncOptions, sync};

/// How often each measurement is taken; the table shows the median run.
const RUNS: usize = 3;

/// What a measurement runs against: one node with all roles.
struct Target {
    cluster: Cluster,
    fsync: FsyncPolicy,
}

impl Target {
    async fn start(fsync: FsyncPolicy) -> Self {
        let mut cluster = Cluster::start_with(fsync).await;
        cluster.add(NodeKind::All, 1).await;
        Self { cluster, fsync }
    }

    fn meter(&self) -> Meter {
        Meter::start(self.cluster.node(0).pid(), self.cluster.redis().pid())
    }

    fn fsync_name(&self) -> &'static str {
        self.fsync.as_setting()
    }
}

/// Measures the command pipeline.
///
/// # Errors
/// When a measurement fails or the results cannot be written.
pub async fn commands() -> anyhow::Result<()> {
    let mut report = Report::new("commands");
    for fsync in [FsyncPolicy::Always, FsyncPolicy::EverySecond] {
        for graphs in [1, 64] {
            for door in [flood::Door::HttpBatch, flood::Door::WebSocket] {
                let mut rows = Vec::new();
                for _ in 0..RUNS {
                    let target = Target::start(fsync).await;
                    rows.push(flood::run(&target, door, graphs).await?);
                }
                report.add(Row::median(rows));
            }
        }
        let mut rows = Vec::new();
        for _ in 0..RUNS {
            let target = Target::start(fsync).await;
            rows.push(editors::run(&target).await?);
        }
        report.add(Row::median(rows));
    }
    let target = Target::start(FsyncPolicy::Always).await;
    for row in queries::run(&target).await? {
        report.add(row);
    }
    report.finish()
}
