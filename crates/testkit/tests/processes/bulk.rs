//! Bulk actions whose node is killed in the middle: no job is lost, none is done twice.
//!
//! The node is a real process. A proxy holds one command of it back at the moment that matters, or
//! the answer to it; the node is killed there. Another node then says what became of the run, takes
//! it back, and finishes what is left.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use graphy_client::NodeUrl;
use graphy_model::{Envelope, GraphId, Role};
use graphy_store::{FsyncPolicy, History};
use graphy_testkit::cluster::{Cluster, NodeKind, PATIENCE};
use graphy_testkit::http::HttpCaller;
use graphy_testkit::proxy::{Command, Fault, Harm, Proxy};
use serde_json::{Value, json};
use uuid::Uuid;

/// Jobs of each queue of another program.
const JOBS: usize = 2000;
/// The dead letters of ours: a replay takes longer than a move between lists.
const DEAD_LETTERS: usize = 200;
/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// What a node is doing to a job when it is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// Nobody has a copy of the job yet.
    Copying,
    /// Redis has not heard of the change yet.
    Changing,
    /// Redis has changed the job, and the node does not know.
    Changed,
}

/// A queue with failed jobs, and the one that its run dies at.
#[derive(Debug, Clone)]
struct Doomed {
    prefix: &'static str,
    queue: String,
    jobs: Vec<String>,
    moment: Moment,
}

impl Doomed {
    /// A queue of another program.
    fn foreign(moment: Moment) -> Self {
        Self {
            prefix: "shop",
            queue: format!("{moment:?}").to_lowercase(),
            jobs: (0..JOBS).map(|number| format!("f{number}")).collect(),
            moment,
        }
    }

    fn key(&self, part: &str) -> String {
        format!("{}:{}:{part}", self.prefix, self.queue)
    }

    fn reference(&self) -> Value {
        json!({ "prefix": self.prefix, "queue": self.queue })
    }

    /// Makes the queue and its failed jobs.
    async fn fill(&self, cluster: &Cluster, data: impl Fn(usize) -> Value) {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let meta = self.key("meta");
        let mut commands: Vec<Vec<String>> = vec![words(&[
            "HSET",
            &meta,
            "version",
            "bullmq:6.7.0",
            "opts.maxLenEvents",
            "10000",
        ])];
        for (number, id) in self.jobs.iter().enumerate() {
            let (data, at) = (
                data(number).to_string(),
                (1_764_000_000_000 + number).to_string(),
            );
            commands.push(words(&[
                "HSET",
                &self.key(id),
                "name",
                "COMMANDS",
                "data",
                &data,
                "opts",
                "{\"attempts\":3}",
                "timestamp",
                &at,
                "delay",
                "0",
                "priority",
                "0",
                "failedReason",
                "boom",
                "atm",
                "3",
                "ats",
                "3",
                "finishedOn",
                &at,
                "processedOn",
                &at,
                "stacktrace",
                "[]",
            ]));
            commands.push(words(&["ZADD", &self.key("failed"), &at, id]));
        }
        cluster.redis().send(commands).await;
    }

    /// The fault that holds a node at the moment, in the middle of the jobs.
    fn fault(&self) -> Fault {
        let id = self.jobs[self.jobs.len() / 2].clone();
        let (job, copies) = (self.key(&id), format!("queue-bulk:kept:{}", self.key("")));
        // What removes a job looks at schedulers, what retries it tells events; nothing else does.
        let besides = [self.key("repeat"), self.key("events")];
        let has = |command: &Command<'_>, wanted: &dyn Fn(&[u8]) -> bool| {
            command.is_script() && command.arguments().any(wanted)
        };
        let changes = move |command: &Command<'_>| {
            has(command, &|one| one == job.as_bytes())
                && has(command, &|one| {
                    besides.iter().any(|key| one == key.as_bytes())
                })
        };
        let keeps = move |command: &Command<'_>| {
            has(command, &|one| one.starts_with(copies.as_bytes()))
                && has(command, &|one| one == id.as_bytes())
        };
        match self.moment {
            Moment::Copying => Fault::once(Harm::DelayRequest(FOR_EVER), keeps),
            Moment::Changing => Fault::once(Harm::DelayRequest(FOR_EVER), changes),
            Moment::Changed => Fault::once(Harm::DelayReply(FOR_EVER), changes),
        }
    }

    async fn list(&self, cluster: &Cluster, list: &str) -> Vec<String> {
        let key = self.key(list);
        match list {
            "failed" => {
                cluster
                    .redis()
                    .ask(&["ZRANGE", &key, "0", "-1", "WITHSCORES"])
                    .await
            }
            _ => cluster.redis().ask(&["LRANGE", &key, "0", "-1"]).await,
        }
    }

    async fn failed(&self, cluster: &Cluster) -> BTreeSet<String> {
        self.list(cluster, "failed")
            .await
            .into_iter()
            .step_by(2)
            .collect()
    }

    fn all(&self) -> BTreeSet<String> {
        self.jobs.iter().cloned().collect()
    }
}

/// An operator at one node.
struct Operator {
    client: reqwest::Client,
    token: String,
    node: NodeUrl,
}

impl Operator {
    async fn at(cluster: &Cluster, place: usize) -> Self {
        Self {
            client: reqwest::Client::new(),
            token: cluster.token(&"ada".parse().unwrap(), Role::Admin).await,
            node: cluster.node(place).url(),
        }
    }

    async fn ask(&self, operation: &str, payload: &Value) -> Value {
        let url = self.node.http(&format!("/api/v2/console/{operation}"));
        let request = self.client.post(url).bearer_auth(&self.token).json(payload);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(
            status.is_success(),
            "{operation} {payload}: {status} {text}"
        );
        serde_json::from_str(&text).unwrap()
    }

    /// Begins an action on all failed jobs; returns its run.
    async fn begin(&self, queue: &Doomed, action: &str) -> Value {
        let request = json!({ "queue": queue.reference(), "action": action, "state": "failed" });
        let preview = self.ask("queues.preview", &request).await;
        let confirmation = json!({ "confirmation": preview["confirmation"] });
        self.ask("queues.run", &confirmation).await
    }

    /// Waits until a run goes on no more.
    async fn ended(&self, run: &Value) -> Value {
        let run_id = json!({ "runId": run["runId"] });
        let ended = async {
            loop {
                let run = self.ask("queues.run_status", &run_id).await;
                if run["state"] != "running" {
                    return run;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended)
            .await
            .expect("the run ends")
    }
}

/// Begins a run on each queue, each on a node of its own, and kills the nodes at their moments.
/// Returns what another node says of the runs, and the place of that node.
async fn die_in_the_middle(
    cluster: &mut Cluster,
    queues: &[Doomed],
    action: &str,
) -> (Vec<Value>, Operator) {
    let mut dying = Vec::new();
    for queue in queues {
        let proxy = Proxy::start(&cluster.redis().tcp_url(), 1).await;
        let place = cluster.add_through(NodeKind::Api, proxy.url()).await;
        dying.push((queue, proxy, place));
    }
    let other = cluster.add(NodeKind::Api, 1).await;
    let other = Operator::at(cluster, other).await;
    let mut runs = Vec::new();
    for (queue, proxy, place) in dying {
        let operator = Operator::at(cluster, place).await;
        proxy.inflict(queue.fault());
        let run = operator.begin(queue, action).await;
        let held = async {
            while proxy.counts().delayed == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let held = tokio::time::timeout(PATIENCE, held).await;
        assert!(held.is_ok(), "{queue:?} is not held");
        cluster.node_mut(place).kill();
        let run_id = json!({ "runId": run["runId"] });
        let told = other.ask("queues.run_status", &run_id).await;
        assert_eq!(told["state"], "running", "nobody knows yet of its death");
        runs.push(run);
    }
    let ended = join_all(runs.iter().map(|run| other.ended(run))).await;
    for run in &ended {
        assert_eq!(run["state"], "failed", "{run}");
        assert!(run["error"].as_str().unwrap().contains("no sign"), "{run}");
        assert!(
            run["done"].as_u64().unwrap() > 0,
            "it was in the middle: {run}"
        );
        assert!(run["done"].as_u64() < run["jobs"].as_u64(), "{run}");
    }
    (ended, other)
}

/// The ids of the jobs of which a run has kept copies.
async fn copied(cluster: &Cluster, queue: &Doomed, run: &Value) -> BTreeSet<String> {
    let key = format!(
        "queue-bulk:kept:{}{}",
        queue.key(""),
        run["runId"].as_str().unwrap()
    );
    let script = "local ids = {}
        for _, copy in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
            ids[#ids + 1] = cmsgpack.unpack(copy)[1]
        end
        return ids";
    let ids = cluster.redis().ask(&["EVAL", script, "1", &key]).await;
    ids.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_that_died_has_lost_no_job_and_is_taken_back() {
    let mut cluster = Cluster::start_with(FsyncPolicy::EverySecond).await;
    let queues = [Moment::Copying, Moment::Changing, Moment::Changed].map(Doomed::foreign);
    let mut before = Vec::new();
    for queue in &queues {
        queue
            .fill(&cluster, |number| json!({ "number": number }))
            .await;
        before.push(queue.list(&cluster, "failed").await);
    }
    let (runs, operator) = die_in_the_middle(&mut cluster, &queues, "remove").await;
    for ((queue, run), before) in queues.iter().zip(&runs).zip(before) {
        let (left, copied) = (
            queue.failed(&cluster).await,
            copied(&cluster, queue, run).await,
        );
        assert!(!left.is_empty() && !copied.is_empty(), "{queue:?}");
        assert_eq!(
            &left | &copied,
            queue.all(),
            "a job is lost: {:?}",
            queue.moment
        );
        let undone = operator
            .ask("queues.run_undo", &json!({ "runId": run["runId"] }))
            .await;
        assert_eq!(undone["state"], "undone", "{undone}");
        assert_eq!(
            queue.list(&cluster, "failed").await,
            before,
            "{:?}",
            queue.moment
        );
        for id in [0, JOBS / 2, JOBS - 1].map(|place| &queue.jobs[place]) {
            let data = cluster.redis().ask(&["HGET", &queue.key(id), "data"]).await;
            assert_eq!(
                data,
                [json!({ "number": id[1..].parse::<u64>().unwrap() }).to_string()]
            );
        }
        // The queue is free for the next one.
        let again = operator.begin(queue, "remove").await;
        let again = operator.ended(&again).await;
        assert_eq!(
            (&again["state"], &again["done"]),
            (&json!("done"), &json!(JOBS))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_died_is_finished_by_another_one_and_no_job_runs_twice() {
    let mut cluster = Cluster::start_with(FsyncPolicy::EverySecond).await;
    let queues = [Moment::Changing, Moment::Changed].map(Doomed::foreign);
    for queue in &queues {
        queue
            .fill(&cluster, |number| json!({ "number": number }))
            .await;
    }
    let (_, operator) = die_in_the_middle(&mut cluster, &queues, "retry").await;
    for queue in &queues {
        let (left, waiting) = (
            queue.failed(&cluster).await,
            queue.list(&cluster, "wait").await,
        );
        let retried: BTreeSet<String> = waiting.iter().cloned().collect();
        assert_eq!(
            (&left | &retried, &left & &retried),
            (queue.all(), BTreeSet::new())
        );
        let again = operator.begin(queue, "retry").await;
        let again = operator.ended(&again).await;
        assert_eq!(again["done"], left.len(), "{again}");
        let mut waiting = queue.list(&cluster, "wait").await;
        waiting.sort();
        assert_eq!(waiting, Vec::from_iter(queue.all()), "each waits once");
        let events = cluster
            .redis()
            .ask(&["XRANGE", &queue.key("events"), "-", "+"])
            .await;
        let woken = events.iter().filter(|text| *text == "waiting").count();
        assert_eq!(woken, JOBS, "each was told to wait once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_whose_replay_died_have_one_effect_each() {
    let mut cluster = Cluster::start_with(FsyncPolicy::EverySecond).await;
    let graph: GraphId = "g".parse().unwrap();
    let worker = cluster.add(NodeKind::All, 1).await;
    let caller = HttpCaller::new(cluster.token(&"ada".parse().unwrap(), Role::Admin).await);
    let node = cluster.node(worker).url();
    caller.create_graph(&node, &graph).await.unwrap();
    let create = json!({ "operationId": Uuid::now_v7(), "type": "CREATE_NODE",
        "payload": { "id": "n", "title": "n" } });
    let create = Envelope::from_value(create).unwrap();
    caller.send(&node, &graph, &[create]).await.unwrap();

    // The commands of the job were replayed, and its removal did not happen: it is still there.
    let queue = Doomed {
        prefix: "bull",
        queue: "graph-commands".to_owned(),
        jobs: (0..DEAD_LETTERS)
            .map(|number| format!("dead-{number}"))
            .collect(),
        moment: Moment::Changing,
    };
    let ids: Vec<String> = (0..DEAD_LETTERS)
        .map(|_| Uuid::now_v7().to_string())
        .collect();
    let dead_letter = |number: usize| {
        json!({ "graphId": "g", "commands": [{
            "operationId": ids[number], "type": "UPDATE_NODE", "userId": "ada",
            "payload": { "id": "n", "patch": { "title": format!("title {number}") } },
        }] })
    };
    queue.fill(&cluster, dead_letter).await;
    let (_, operator) =
        die_in_the_middle(&mut cluster, std::slice::from_ref(&queue), "retry").await;
    assert!(
        queue
            .failed(&cluster)
            .await
            .contains(&queue.jobs[DEAD_LETTERS / 2])
    );
    let again = operator.begin(&queue, "retry").await;
    let again = operator.ended(&again).await;
    assert_eq!(
        (&again["state"], &again["skipped"]),
        (&json!("done"), &json!(0))
    );
    assert_eq!(queue.failed(&cluster).await, BTreeSet::new());

    let titles = async || {
        let history = cluster
            .store()
            .operations_since(&graph, 1, 2 * DEAD_LETTERS)
            .await
            .unwrap();
        let History::Operations(history) = history else {
            panic!("the history is there")
        };
        history.len()
    };
    let all = async {
        while titles().await < DEAD_LETTERS {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, all).await.is_ok(),
        "all are replayed"
    );
    crate::support::idle(&cluster).await;
    assert_eq!(titles().await, DEAD_LETTERS, "each has one effect");
    let state = caller.state(&node, &graph).await.unwrap();
    assert_eq!(state.version, 1 + DEAD_LETTERS as u64);
}
