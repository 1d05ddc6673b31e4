//! A command that makes a worker panic harms only itself.
//!
//! The API processes are real ones. The poisoned worker is of this test: it is the same library,
//! told to panic when it decides a node of a certain title. A real worker process then finds what
//! it left.

use graphy_engine::{CommandQueue, EngineConfig, Queues, WorkerParts, Workers};
use graphy_model::{Command, Envelope, GraphId, Outcome, RejectCode};
use graphy_store::Replicas;
use graphy_store::testing::until;
use graphy_telemetry::TaskRegistry;
use graphy_telemetry::board::StatusBoard;
use graphy_telemetry::clock::SystemClock;
use graphy_testkit::checker::Rules;
use graphy_testkit::cluster::{Cluster, NodeKind, PATIENCE};
use graphy_testkit::http::HttpCaller;
use graphy_testkit::recording::{Demand, Event, Recorder, Sending};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::judge;

const POISON: &str = "poison";

fn is_poison(command: &Command) -> bool {
    matches!(command, Command::CreateNode(node) if node.title == POISON)
}

/// One caller of two API processes.
struct Sender {
    caller: HttpCaller,
    cluster: Cluster,
    recorder: Recorder,
    sent: u64,
}

impl Sender {
    /// Sends a batch as one client to one of the API processes.
    async fn send(&mut self, graph: &GraphId, titles: &[&str]) -> Vec<Envelope> {
        let mut commands = Vec::new();
        for title in titles {
            self.sent += 1;
            let id = format!("node-{}", self.sent);
            let envelope = envelope(&json!({ "id": id, "title": title }));
            self.recorder.sent(Sending {
                client: "sender".parse().unwrap(),
                graph: graph.clone(),
                user: "ada".parse().unwrap(),
                envelope: envelope.clone(),
                demand: if *title == POISON {
                    Demand::Outcome
                } else {
                    Demand::Effect
                },
            });
            commands.push(envelope);
        }
        let node = self
            .cluster
            .node(usize::from(self.sent.is_multiple_of(2)))
            .url();
        self.caller.send(&node, graph, &commands).await.unwrap();
        for command in &commands {
            self.recorder.note(Event::Accepted(command.operation_id));
        }
        commands
    }

    /// Waits for the end of commands and returns how they ended.
    async fn ends(&self, commands: &[Envelope]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for command in commands {
            let node = self.cluster.node(0).url();
            let id = command.operation_id;
            let progress = self.caller.progress(&node, id, PATIENCE / 2).await.unwrap();
            let outcome = progress.outcome.expect("every command has an end");
            self.recorder.told(id, outcome.clone());
            outcomes.push(outcome);
        }
        outcomes
    }
}

fn envelope(payload: &Value) -> Envelope {
    let command = json!({
        "operationId": Uuid::now_v7(), "type": "CREATE_NODE", "payload": payload,
    });
    Envelope::from_value(command).unwrap()
}

async fn poisoned_worker(cluster: &Cluster, tasks: &TaskRegistry) -> Workers {
    let config = EngineConfig {
        poison: Some(is_poison),
        ..EngineConfig::default()
    };
    let replicas = Replicas::new(cluster.store(), 16);
    let token = CancellationToken::new();
    let queues = Queues::open(cluster.link(), &config).await.unwrap();
    let parts = WorkerParts {
        queues,
        replicas,
        host: "test".to_owned(),
        clock: SystemClock::shared(),
        tasks: tasks.clone(),
        token,
        board: StatusBoard::default(),
    };
    Workers::start(parts).await.unwrap()
}

fn statuses(outcomes: &[Outcome]) -> Vec<&'static str> {
    outcomes.iter().map(Outcome::metric_status).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_command_harms_only_itself() {
    let mut cluster = Cluster::start().await;
    cluster.add(NodeKind::Api, 2).await;
    let user = "ada".parse().unwrap();
    let caller = HttpCaller::new(cluster.token(&user, graphy_model::Role::Admin).await);
    let tasks = TaskRegistry::default();
    let workers = poisoned_worker(&cluster, &tasks).await;
    let graphs: [GraphId; 2] = ["sick", "well"].map(|name| name.parse().unwrap());
    for graph in &graphs {
        caller
            .create_graph(&cluster.node(0).url(), graph)
            .await
            .unwrap();
    }
    let mut sender = Sender {
        caller,
        cluster,
        recorder: Recorder::default(),
        sent: 0,
    };

    let sick = sender
        .send(&graphs[0], &["a", POISON, "b", POISON, "c"])
        .await;
    let well = sender.send(&graphs[1], &["a", "b"]).await;
    let ended = sender.ends(&sick).await;
    assert_eq!(
        statuses(&ended),
        ["success", "failed", "success", "failed", "success"]
    );
    assert_eq!(statuses(&sender.ends(&well).await), ["success", "success"]);

    // The dead letters are kept, and no worker takes them up again.
    let queue = CommandQueue::open(sender.cluster.link(), &EngineConfig::default())
        .await
        .unwrap();
    until("both poisons become dead letters", async || {
        queue.counts().await.unwrap().failed >= 2
    })
    .await;
    workers.stop(PATIENCE).await.unwrap();
    sender.cluster.add(NodeKind::Worker, 1).await;
    let later = sender.send(&graphs[0], &["d"]).await;
    assert_eq!(statuses(&sender.ends(&later).await), ["success"]);

    let events = sender.recorder.events();
    let mut rules = Rules::default();
    rules.refusals.push(RejectCode::Internal);
    let (summary, _) = judge(&sender.cluster, &events, &rules).await;
    assert_eq!((summary.effects, summary.refused, summary.told), (6, 2, 8));
    assert_eq!(queue.counts().await.unwrap().failed, 2);
    queue.close().await;
}
