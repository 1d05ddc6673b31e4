//! Everybody who edits and reads.

use std::future::pending;

use graphy_model::{ClientId, GraphId};
use graphy_testkit::checker::StoredGraph;
use graphy_testkit::editor::{
    HttpEditor, Identity, Ordering, Portion, Reader, Resumes, SocketEditor,
};
use graphy_testkit::proxy::Pipe;
use graphy_testkit::recording::Demand;
use graphy_testkit::workload::scribbles;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Deployment;
use crate::support::check_convergence;

/// What the names of clients with sockets begin with; their numbers follow.
const SOCKET: &str = "socket-";

/// How much one client does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Clients with sockets at each node.
    pub(super) sockets_per_node: usize,
    /// How many of these, at most, rename what all share and take it back.
    pub(super) scribblers: usize,
    /// Clients that send batches over HTTP, to both nodes in turn.
    pub(super) callers: usize,
    /// Clients that send each batch once and do not insist.
    pub(super) doubtful: usize,
    /// Who reads over HTTP.
    pub(super) readers: usize,
    /// How many commands each client sends to each graph.
    pub(super) commands_per_graph: usize,
}

impl Load {
    /// Returns how many commands all clients send together.
    pub(super) fn commands(&self, graphs: usize) -> usize {
        let clients = super::NODES * self.sockets_per_node + self.callers + self.doubtful;
        clients * graphs * self.commands_per_graph
    }
}

/// Who is at work.
pub(super) struct Clients {
    /// Those with sockets, with their nodes; they follow the graphs until all others are done.
    sockets: JoinSet<(usize, SocketEditor)>,
    others: JoinSet<()>,
    readers: JoinSet<()>,
    stop: CancellationToken,
    /// Tells that a socket's client has the end of all its commands.
    ends: tokio::sync::mpsc::Receiver<()>,
    busy_sockets: usize,
}

/// Those with sockets after the run, with their nodes.
pub(super) type Editors = Vec<(usize, SocketEditor)>;

impl Clients {
    /// Lets everybody begin.
    pub(super) async fn start(deployment: &mut Deployment, load: Load) -> Self {
        let (done, ends) = tokio::sync::mpsc::channel(64);
        let mut clients = Self {
            sockets: JoinSet::new(),
            others: JoinSet::new(),
            readers: JoinSet::new(),
            stop: CancellationToken::new(),
            ends,
            busy_sockets: super::NODES * load.sockets_per_node,
        };
        let run = &mut deployment.run;
        let graphs = run.graphs.clone();
        let shares: Vec<(GraphId, usize)> = graphs
            .iter()
            .map(|graph| (graph.clone(), load.commands_per_graph))
            .collect();
        for index in 0..super::NODES * load.sockets_per_node {
            let (node, name) = (index % super::NODES, format!("{SOCKET}{index}"));
            let identity = run.identity(&name).await;
            let portions = if index < load.scribblers {
                scribbled(&name, index as u64, &shares)
            } else {
                run.plan(&name, &shares, 3)
            };
            let url = deployment.pipes[node].url();
            let mut editor = SocketEditor::new(run.stage.clone(), identity, url);
            for graph in &graphs {
                editor.open(graph).await;
            }
            let (done, stop) = (done.clone(), clients.stop.clone());
            clients.sockets.spawn(async move {
                editor.run(portions).await;
                // The receiver may be gone when another client has failed.
                let _ = done.send(()).await;
                editor.live_until(stop.cancelled()).await;
                (node, editor)
            });
        }
        for index in 0..load.callers {
            let name = format!("caller-{index}");
            let identity = run.identity(&name).await;
            let (ordering, portion_max) = match index % 2 {
                0 => (Ordering::Plain, 10),
                _ => (Ordering::Counted, 6),
            };
            let portions = run.plan(&name, &shares, portion_max);
            let editor = HttpEditor::new(run.stage.clone(), identity, ordering);
            clients.others.spawn(editor.run(portions));
        }
        for index in 0..load.doubtful {
            let name = format!("doubtful-{index}");
            let identity = run.identity(&name).await;
            let mut portions = run.plan(&name, &shares, 5);
            portions.iter_mut().for_each(may_be_refused);
            let editor = HttpEditor::new(run.stage.clone(), identity, Ordering::Plain);
            clients.others.spawn(editor.run_once(portions));
        }
        for index in 0..load.readers {
            let identity = run.identity(&format!("reader-{index}")).await;
            let reader = Reader::new(run.stage.clone(), identity, index as u64);
            let work = reader.run(graphs.clone(), clients.stop.clone());
            clients.readers.spawn(work);
        }
        clients
    }

    /// Lets somebody in who has a narrow way and only follows a graph.
    pub(super) async fn follow(
        &mut self,
        deployment: &Deployment,
        identity: Identity,
        pipe: &Pipe,
    ) {
        let stage = deployment.run.stage.clone();
        let mut editor = SocketEditor::new(stage, identity, pipe.url());
        editor.open(&deployment.run.graphs[0]).await;
        let stop = self.stop.clone();
        self.sockets.spawn(async move {
            editor.live_until(stop.cancelled()).await;
            (0, editor)
        });
    }

    /// Waits until everybody knows the end of all commands. Cancel-safe.
    ///
    /// # Panics
    /// When a client failed.
    pub(super) async fn done(&mut self) {
        while self.busy_sockets > 0 || !self.others.is_empty() {
            tokio::select! {
                Some(()) = self.ends.recv(), if self.busy_sockets > 0 => self.busy_sockets -= 1,
                Some(ended) = self.others.join_next() => ended.unwrap(),
                Some(failed) = self.sockets.join_next() => {
                    failed.unwrap();
                }
                Some(failed) = self.readers.join_next() => failed.unwrap(),
                else => pending().await,
            }
        }
    }

    /// Ends those that only follow and read, and returns those with sockets.
    pub(super) async fn stop(mut self) -> Editors {
        self.stop.cancel();
        while let Some(ended) = self.readers.join_next().await {
            ended.unwrap();
        }
        let mut editors = Vec::new();
        while let Some(ended) = self.sockets.join_next().await {
            editors.push(ended.unwrap());
        }
        editors
    }
}

/// Returns the node to which a client with a socket went first.
pub(super) fn home_of(client: &ClientId) -> usize {
    let number = client.as_str().trim_start_matches(SOCKET);
    number.parse::<usize>().unwrap() % super::NODES
}

/// Makes up what a scribbler does, the graphs in turn.
fn scribbled(name: &str, seed: u64, shares: &[(GraphId, usize)]) -> Vec<Portion> {
    let mut portions = Vec::new();
    for (graph, count) in shares {
        for command in scribbles(name, seed, *count) {
            portions.push(Portion {
                graph: graph.clone(),
                commands: vec![command],
            });
        }
    }
    let half = portions.len() / 2;
    let other = portions.split_off(half);
    let turns = portions.into_iter().zip(other);
    turns.flat_map(|(one, other)| [one, other]).collect()
}

fn may_be_refused(portion: &mut Portion) {
    for planned in &mut portion.commands {
        planned.demand = Demand::Outcome;
    }
}

/// Checks that all copies are what is stored; returns how many there are and how their sessions
/// came back.
pub(super) async fn check_copies(
    editors: &mut Editors,
    graphs: &[StoredGraph],
) -> (usize, Resumes) {
    let (mut copies, mut resumes) = (0, Resumes::default());
    for (_, editor) in editors {
        copies += check_convergence(editor, graphs).await;
        resumes = resumes + editor.resumes();
    }
    (copies, resumes)
}
