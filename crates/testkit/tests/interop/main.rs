//! The command queue shared with Node's BullMQ, the vendor's own library.
//!
//! `tests/interop` holds the Node side; its packages are installed from the lock file when they
//! are not there.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod board;
mod node_queue;
mod recovery;
mod rust_end;
mod sharing;

use std::time::Duration;

use graphy_engine::{CommandQueue, EngineConfig, QueueCounts};
use graphy_model::{Envelope, GraphId, OperationId, Outcome, Role, UserId};
use graphy_testkit::cluster::{Cluster, NodeKind, PATIENCE};
use graphy_testkit::http::HttpCaller;
use node_queue::NodeQueue;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// How often a level is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A cluster with one API process, a graph, and the same queue as Node sees it.
struct Fixture {
    cluster: Cluster,
    caller: HttpCaller,
    graph: GraphId,
    node: NodeQueue,
}

impl Fixture {
    async fn start() -> Self {
        let mut cluster = Cluster::start().await;
        cluster.add(NodeKind::Api, 1).await;
        let user = UserId::new("ada").unwrap();
        let caller = HttpCaller::new(cluster.token(&user, Role::Admin).await);
        let graph = GraphId::new("shared").unwrap();
        caller
            .create_graph(&cluster.node(0).url(), &graph)
            .await
            .unwrap();
        let node = NodeQueue::new(&cluster.redis().tcp_url());
        Self {
            cluster,
            caller,
            graph,
            node,
        }
    }

    async fn send(&self, commands: &[Envelope]) {
        self.caller
            .send(&self.cluster.node(0).url(), &self.graph, commands)
            .await
            .unwrap();
    }

    async fn version(&self) -> u64 {
        self.cluster
            .store()
            .head(&self.graph)
            .await
            .unwrap()
            .unwrap()
            .version
    }

    /// Waits until workers have laid a number of jobs aside as done; outcomes are told before that.
    async fn completed(&self, count: u64) -> QueueCounts {
        let config = EngineConfig::default();
        let queue = CommandQueue::open(self.cluster.link(), &config)
            .await
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counts = queue.counts().await.unwrap();
            if counts.completed >= count {
                queue.close().await;
                return counts;
            }
            assert!(Instant::now() < deadline, "{counts:?}");
            sleep(LOOK_INTERVAL).await;
        }
    }

    async fn outcome(&self, operation: OperationId) -> Outcome {
        let node = self.cluster.node(0).url();
        self.caller
            .progress(&node, operation, PATIENCE / 2)
            .await
            .unwrap()
            .outcome
            .unwrap()
    }
}

fn create(id: &str) -> Envelope {
    let command = json!({
        "operationId": Uuid::now_v7(), "type": "CREATE_NODE", "payload": { "id": id, "title": id },
    });
    Envelope::from_value(command).unwrap()
}

/// Checks the one job that waits against what was sent.
fn check_waiting(waiting: &Value, fixture: &Fixture, sent: &[Envelope]) -> String {
    let jobs = waiting["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 1, "{waiting}");
    assert_eq!(waiting["counts"]["waiting"], 1, "{waiting}");
    let job = &jobs[0];
    assert_eq!(
        job["name"],
        if sent.len() == 1 {
            "CREATE_NODE"
        } else {
            "COMMANDS"
        }
    );
    assert_eq!(job["data"]["graphId"], fixture.graph.as_str());
    let commands = job["data"]["commands"].as_array().unwrap();
    assert_eq!(commands.len(), sent.len());
    for (command, sent) in commands.iter().zip(sent) {
        assert_eq!(command["operationId"], sent.operation_id.to_string());
        assert_eq!(command["type"], "CREATE_NODE");
        let Some(id) = command["payload"]["id"].as_str() else {
            panic!("no id in {command}")
        };
        assert_eq!(command["payload"]["title"], id);
        assert_eq!(command["userId"], "ada");
        assert!(command["acceptedAt"].is_u64(), "{command}");
    }
    job["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_wait_in_plain_sight_until_a_worker_comes() {
    let mut fixture = Fixture::start().await;
    let commands = [create("a"), create("b")];
    fixture.send(&commands).await;
    let waiting = fixture.node.ask("waiting", None).await;
    let id = check_waiting(&waiting, &fixture, &commands);
    assert_eq!(
        fixture.version().await,
        0,
        "nothing is applied without a worker"
    );

    let finish = fixture.node.listen("finish", &json!([id])).await;
    fixture.cluster.add(NodeKind::Worker, 1).await;
    let returned = finish.answer().await;
    assert_eq!(
        returned,
        json!([{ "settled": 2, "held": 0, "poisoned": 0 }])
    );
    assert_eq!(fixture.version().await, 2);
    for (command, version) in commands.iter().zip(1..) {
        assert_eq!(
            fixture.outcome(command.operation_id).await,
            Outcome::Applied { version }
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_wait_while_the_workers_are_frozen() {
    let mut fixture = Fixture::start().await;
    let worker = fixture.cluster.add(NodeKind::Worker, 1).await;
    let before = create("before");
    fixture.send(std::slice::from_ref(&before)).await;
    assert_eq!(
        fixture.outcome(before.operation_id).await,
        Outcome::Applied { version: 1 }
    );

    fixture.completed(1).await;
    fixture.cluster.node(worker).freeze();
    let command = create("while-frozen");
    fixture.send(std::slice::from_ref(&command)).await;
    let waiting = fixture.node.ask("waiting", None).await;
    let id = check_waiting(&waiting, &fixture, std::slice::from_ref(&command));
    assert_eq!(
        fixture.version().await,
        1,
        "nothing is applied by a frozen worker"
    );

    let finish = fixture.node.listen("finish", &json!([id])).await;
    fixture.cluster.node(worker).thaw();
    assert_eq!(finish.answer().await[0]["settled"], 1);
    assert_eq!(
        fixture.outcome(command.operation_id).await,
        Outcome::Applied { version: 2 }
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_producer_is_served() {
    let mut fixture = Fixture::start().await;
    fixture.cluster.add(NodeKind::Worker, 1).await;
    let ids = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let data = json!({ "graphId": fixture.graph, "commands": [
        { "operationId": ids[0], "type": "CREATE_NODE", "payload": { "id": "from-node" } },
        { "operationId": ids[1], "type": "NO_SUCH_TYPE", "payload": {} },
        { "operationId": ids[2], "type": "UPDATE_NODE_TITLE", "userId": "grace",
          "payload": { "nodeId": "from-node", "title": "named" } },
    ]});
    let produced = fixture.node.ask("produce", Some(&data)).await;
    assert_eq!(produced["returned"]["settled"], 3, "{produced}");

    let store = fixture.cluster.store();
    let graph = store.load(&fixture.graph).await.unwrap().unwrap();
    assert_eq!(graph.nodes()["from-node"].entity.title, "named");
    let ids = ids.map(OperationId);
    let outcomes = store.outcomes_of(&fixture.graph, &ids).await.unwrap();
    assert_eq!(outcomes[0], Some(Outcome::Applied { version: 1 }));
    let Some(Outcome::Rejected(rejection)) = &outcomes[1] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(rejection.field.as_deref(), Some("type"));
    assert_eq!(outcomes[2], Some(Outcome::Applied { version: 2 }));
    let graphy_store::History::Operations(history) =
        store.operations_since(&fixture.graph, 0, 10).await.unwrap()
    else {
        panic!("the history has its beginning")
    };
    let users: Vec<&str> = history.iter().map(|one| one.user_id.as_str()).collect();
    assert_eq!(users, ["queue", "grace"]);

    // A job that is no job of ours fails for itself and is kept with its reason.
    let failed = fixture
        .node
        .ask_failing("produce", &json!({ "nonsense": true }))
        .await;
    assert!(
        failed.contains("the job is not {graphId, commands}"),
        "{failed}"
    );
    let failed = fixture.node.ask("failed", None).await;
    assert_eq!(failed.as_array().unwrap().len(), 1, "{failed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_libraries_count_the_same() {
    let mut fixture = Fixture::start().await;
    let worker = fixture.cluster.add(NodeKind::Worker, 2).await;
    for index in 0..3 {
        let command = create(&format!("node-{index}"));
        fixture.send(std::slice::from_ref(&command)).await;
        fixture.outcome(command.operation_id).await;
    }
    fixture.completed(3).await;
    for place in [worker, worker + 1] {
        fixture.cluster.node(place).freeze();
    }
    fixture.send(&[create("waits")]).await;
    let ours = fixture.completed(3).await;
    let seen = fixture.node.ask("counts", None).await;
    let counts = &seen["counts"];
    assert_eq!(counts["waiting"], ours.waiting);
    assert_eq!(counts["active"], ours.active);
    assert_eq!(counts["delayed"], ours.delayed);
    assert_eq!(counts["prioritized"], ours.prioritized);
    assert_eq!(counts["completed"], ours.completed);
    assert_eq!(counts["failed"], ours.failed);
    assert_eq!((ours.waiting, ours.completed), (1, 3));
    assert_eq!(seen["workers"].as_array().unwrap().len(), 2, "{seen}");
    for place in [worker, worker + 1] {
        fixture.cluster.node(place).thaw();
    }
}
