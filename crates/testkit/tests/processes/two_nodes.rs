//! Two whole nodes on one Redis, each behind a network of its own that can fail, and more workers.
//!
//! Every node and worker reaches Redis through a proxy, every client reaches its node through a
//! pipe. Clients of both nodes edit the same graphs, others read, one reads slowly, and the checker
//! judges all that they lived through.

mod blows;
mod chaos;
mod clients;
mod failover;
mod slow_reader;

use std::time::Duration;

use graphy_store::RedisUrl;
use graphy_testkit::cluster::{Cluster, NodeKind};
use graphy_testkit::proxy::{Command, Counts, Fault, Harm, Pipe, Proxy};

use crate::support::Run;

/// How many nodes serve clients.
const NODES: usize = 2;
/// How many more processes only work.
const WORKERS: usize = 2;
/// A delay that is felt and does no harm.
const DELAY: Duration = Duration::from_millis(30);

/// The deployment and everything between its parts.
struct Deployment {
    run: Run,
    /// The ways of nodes and workers to Redis, by their places in the cluster.
    proxies: Vec<Proxy>,
    /// The ways of clients to the nodes.
    pipes: Vec<Pipe>,
}

impl Deployment {
    /// Starts everything and makes graphs with their shared nodes.
    async fn start(seed: u64, graphs: usize) -> Self {
        let mut cluster = Cluster::start().await;
        let redis = cluster.redis().tcp_url();
        let mut proxies = Vec::new();
        for index in 0..NODES + WORKERS {
            let kind = if index < NODES {
                NodeKind::All
            } else {
                NodeKind::Worker
            };
            proxies.push(start_behind_proxy(&mut cluster, kind, &redis, seed + index as u64).await);
        }
        let mut pipes = Vec::new();
        for place in 0..NODES {
            pipes.push(Pipe::to(cluster.node(place).address()).await);
        }
        let places: Vec<usize> = (0..NODES).collect();
        let run = Run::on(cluster, seed, graphs, &places).await;
        Self {
            run,
            proxies,
            pipes,
        }
    }

    /// Returns a node's way for clients.
    fn pipe(&self, node: usize) -> &Pipe {
        &self.pipes[node]
    }

    /// Returns what all proxies have seen and done.
    fn counts(&self) -> Counts {
        let all = self.proxies.iter().map(Proxy::counts);
        all.fold(Counts::default(), std::ops::Add::add)
    }

    /// Makes the ways to Redis bad: what was written is not confirmed, what was asked does not
    /// arrive, news get lost, and some things take long.
    fn worsen(&self) {
        for proxy in &self.proxies {
            proxy.inflict(Fault::sometimes(Harm::LoseReply, 0.10, applies));
            let short = Harm::CutReplyShort { bytes: 3 };
            proxy.inflict(Fault::sometimes(short, 0.02, applies));
            proxy.inflict(Fault::sometimes(Harm::LoseRequest, 0.08, applies));
            proxy.inflict(Fault::sometimes(Harm::LoseReply, 0.01, is_of_queue));
            let short = Harm::CutRequestShort { bytes: 40 };
            proxy.inflict(Fault::sometimes(short, 0.005, is_of_queue));
            proxy.inflict(Fault::sometimes(Harm::DelayReply(DELAY), 0.05, is_script));
            proxy.lose_messages(0.35);
        }
    }

    /// Mends all ways.
    fn heal(&self) {
        self.proxies.iter().for_each(Proxy::heal);
        for (node, pipe) in self.pipes.iter().enumerate() {
            pipe.narrow(None);
            pipe.lead_to(self.run.cluster.node(node).address());
        }
    }
}

async fn start_behind_proxy(
    cluster: &mut Cluster,
    kind: NodeKind,
    redis: &RedisUrl,
    seed: u64,
) -> Proxy {
    let proxy = Proxy::start(redis, seed).await;
    cluster.add_through(kind, proxy.url()).await;
    proxy
}

fn applies(command: &Command<'_>) -> bool {
    command.is_apply()
}

fn is_of_queue(command: &Command<'_>) -> bool {
    command.is_of_queue()
}

fn is_script(command: &Command<'_>) -> bool {
    command.is_script()
}
