//! A cluster with graphs, clients and a plan.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use graphy_engine::{CommandQueue, EngineConfig};
use graphy_model::{ClientId, GraphId, Role, UserId};
use graphy_testkit::checker::{Evidence, Rules, StoredGraph, Summary, check};
use graphy_testkit::cluster::{Cluster, NodeKind, PATIENCE};
use graphy_testkit::editor::{
    Converged, HttpEditor, Identity, Ordering, Portion, SocketEditor, Stage,
};
use graphy_testkit::http::HttpCaller;
use graphy_testkit::recording::{Noted, Recorder};
use graphy_testkit::stored::{read_graphs, read_jobs};
use graphy_testkit::workload::{Author, shared_nodes};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

/// How many violations a failure shows.
const VIOLATIONS_SHOWN: usize = 10;
/// How often a level is looked at.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// The seed of a run: `GRAPHY_TEST_SEED`, or a new one; printed, so that a failure can be repeated.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("GRAPHY_TEST_SEED").ok();
    let seed = given.map_or_else(|| rand::rng().next_u64(), |text| text.parse().unwrap());
    println!("GRAPHY_TEST_SEED={seed}");
    seed
}

/// A deployment with graphs, of which everything that is done to them is recorded.
pub(crate) struct Run {
    pub(crate) cluster: Cluster,
    pub(crate) stage: Stage,
    pub(crate) graphs: Vec<GraphId>,
    pub(crate) first_api: usize,
    pub(crate) first_worker: usize,
    random: StdRng,
}

impl Run {
    /// Starts two API and two worker processes and makes graphs with their shared nodes.
    pub(crate) async fn start(seed: u64, graphs: usize) -> Self {
        let mut cluster = Cluster::start().await;
        let first_worker = cluster.add(NodeKind::Worker, 2).await;
        let first_api = cluster.add(NodeKind::Api, 2).await;
        let apis = [first_api, first_api + 1];
        let run = Self::on(cluster, seed, graphs, &apis).await;
        Self {
            first_worker,
            ..run
        }
    }

    /// Makes graphs on a cluster whose nodes at these places serve the API.
    pub(crate) async fn on(cluster: Cluster, seed: u64, graphs: usize, apis: &[usize]) -> Self {
        let first_api = apis[0];
        let apis = apis
            .iter()
            .map(|place| cluster.node(*place).url())
            .collect();
        let pace = Arc::new(Semaphore::new(graphs * 100));
        let stage = Stage {
            recorder: Recorder::default(),
            apis,
            pace,
        };
        let graphs: Vec<GraphId> = (0..graphs)
            .map(|index| GraphId::new(&format!("graph-{index}")).unwrap())
            .collect();
        let random = StdRng::seed_from_u64(seed);
        let mut run = Self {
            cluster,
            stage,
            graphs,
            first_api,
            first_worker: 0,
            random,
        };
        run.set_up().await;
        // From here on, only who gives leave lets clients send.
        run.stage.pace = Arc::new(Semaphore::new(0));
        run
    }

    async fn set_up(&mut self) {
        let identity = self.identity("set-up").await;
        let caller = HttpCaller::new(identity.token.clone());
        let portion = |graph: &GraphId| Portion {
            graph: graph.clone(),
            commands: shared_nodes(),
        };
        for graph in &self.graphs {
            caller
                .create_graph(&self.stage.apis[0], graph)
                .await
                .unwrap();
        }
        let portions = self.graphs.iter().map(portion).collect();
        HttpEditor::new(self.stage.clone(), identity, Ordering::Plain)
            .run(portions)
            .await;
    }

    pub(crate) async fn identity(&self, name: &str) -> Identity {
        let user = UserId::new(&format!("user-{name}")).unwrap();
        let token = self.cluster.token(&user, Role::Admin).await;
        Identity {
            client: ClientId::new(name).unwrap(),
            user,
            token,
        }
    }

    /// Makes up what one client does: commands on some graphs, in portions, the graphs mixed.
    pub(crate) fn plan(
        &mut self,
        client: &str,
        commands: &[(GraphId, usize)],
        portion_max: usize,
    ) -> Vec<Portion> {
        let mut queues: Vec<(GraphId, Vec<_>)> = commands
            .iter()
            .map(|(graph, count)| {
                let mut planned = Author::new(client, self.random.next_u64()).plan(*count);
                planned.reverse();
                (graph.clone(), planned)
            })
            .collect();
        let mut portions = Vec::new();
        while !queues.is_empty() {
            let at = self.random.random_range(0..queues.len());
            let (graph, left) = &mut queues[at];
            let count = self.random.random_range(1..=portion_max).min(left.len());
            let commands = left.drain(left.len() - count..).rev().collect();
            portions.push(Portion {
                graph: graph.clone(),
                commands,
            });
            if left.is_empty() {
                queues.swap_remove(at);
            }
        }
        portions
    }

    /// Judges everything that has happened so far.
    pub(crate) async fn judge(&self, rules: &Rules) -> (Summary, Vec<StoredGraph>) {
        judge(&self.cluster, &self.stage.recorder.events(), rules).await
    }
}

/// Waits until all jobs are done and judges what has happened.
pub(crate) async fn judge(
    cluster: &Cluster,
    events: &[Noted],
    rules: &Rules,
) -> (Summary, Vec<StoredGraph>) {
    idle(cluster).await;
    let graphs = read_graphs(&cluster.store(), events).await.unwrap();
    let jobs = read_jobs(cluster.link()).await.unwrap();
    let evidence = Evidence {
        events,
        graphs: &graphs,
        jobs: &jobs,
    };
    match check(&evidence, rules) {
        Ok(summary) => (summary, graphs),
        Err(violations) => {
            let shown: Vec<String> = violations
                .iter()
                .take(VIOLATIONS_SHOWN)
                .map(ToString::to_string)
                .collect();
            panic!("{} violations:\n{}", violations.len(), shown.join("\n"));
        }
    }
}

/// Waits until no job is left to be done.
pub(crate) async fn idle(cluster: &Cluster) {
    let queue = CommandQueue::open(cluster.link(), &EngineConfig::default())
        .await
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let counts = queue.counts().await.unwrap();
        if counts.unfinished() == 0 {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "jobs are left undone: {counts:?}"
        );
        sleep(LOOK_INTERVAL).await;
    }
    queue.close().await;
}

/// Checks that a client's own copies are what is stored.
pub(crate) async fn check_convergence(editor: &mut SocketEditor, graphs: &[StoredGraph]) -> usize {
    let versions: HashMap<GraphId, u64> = graphs
        .iter()
        .map(|one| (one.graph_id.clone(), one.graph.version()))
        .collect();
    let converged = editor.converge(&versions).await;
    for Converged {
        graph,
        epoch,
        version,
        checksum,
    } in &converged
    {
        let stored = graphs.iter().find(|one| one.graph_id == *graph).unwrap();
        assert_eq!(
            (epoch, *version, *checksum),
            (stored.graph.epoch(), stored.graph.version(), stored.stored),
            "a client's copy of {graph}"
        );
    }
    converged.len()
}

/// Holds every write back until [`resume_writes`]; reads are answered.
pub(crate) async fn hold_writes(cluster: &Cluster) {
    client_command(cluster, &["PAUSE", "60000", "WRITE"]).await;
}

/// Lets the writes go on that were held back, but for those whose sender has died.
pub(crate) async fn resume_writes(cluster: &Cluster) {
    client_command(cluster, &["UNPAUSE"]).await;
}

async fn client_command(cluster: &Cluster, arguments: &[&str]) {
    let mut redis = cluster.link().query();
    let () = redis::cmd("CLIENT")
        .arg(arguments)
        .query_async(&mut redis)
        .await
        .unwrap();
}

/// Waits until a number of connections have a script held back.
pub(crate) async fn scripts_are_held(cluster: &Cluster, count: usize) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut redis = cluster.link().query();
        let list: String = redis::cmd("CLIENT")
            .arg("LIST")
            .query_async(&mut redis)
            .await
            .unwrap();
        let held = |line: &&str| {
            let field = |name: &str| line.split(' ').find_map(|word| word.strip_prefix(name));
            field("flags=").is_some_and(|flags| flags.contains('b'))
                && field("cmd=").is_some_and(|command| command.starts_with("eval"))
        };
        if list.lines().filter(held).count() >= count {
            return;
        }
        assert!(Instant::now() < deadline, "nobody writes:\n{list}");
        sleep(LOOK_INTERVAL).await;
    }
}
