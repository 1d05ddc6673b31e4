//! Queues with failed jobs, and nodes that die while they change them.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use graphy_client::NodeUrl;
use graphy_model::Role;
use graphy_store::testing::until;
use graphy_testkit::cluster::{Cluster, NodeKind};
use graphy_testkit::proxy::{Command, Fault, Harm, Proxy};
use serde_json::{Value, json};

/// Jobs of each queue of another program.
pub(super) const JOBS: usize = 2000;
/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// What a node is doing to a job when it is killed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    /// Nobody has a copy of the job yet.
    Copying,
    /// Redis has not heard of the change yet.
    Changing,
    /// Redis has changed the job, and the node does not know.
    Changed,
}

/// A queue with failed jobs, and the one that its run dies at.
#[derive(Debug, Clone)]
pub(super) struct Doomed {
    pub(super) prefix: &'static str,
    pub(super) queue: String,
    pub(super) jobs: Vec<String>,
    pub(super) moment: Moment,
}

impl Doomed {
    /// A queue of another program.
    pub(super) fn foreign(moment: Moment) -> Self {
        Self {
            prefix: "shop",
            queue: format!("{moment:?}").to_lowercase(),
            jobs: (0..JOBS).map(|number| format!("f{number}")).collect(),
            moment,
        }
    }

    pub(super) fn key(&self, part: &str) -> String {
        format!("{}:{}:{part}", self.prefix, self.queue)
    }

    fn reference(&self) -> Value {
        json!({ "prefix": self.prefix, "queue": self.queue })
    }

    /// Makes the queue and its failed jobs.
    pub(super) async fn fill(&self, cluster: &Cluster, data: impl Fn(usize) -> Value) {
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

    pub(super) async fn list(&self, cluster: &Cluster, list: &str) -> Vec<String> {
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

    pub(super) async fn failed(&self, cluster: &Cluster) -> BTreeSet<String> {
        self.list(cluster, "failed")
            .await
            .into_iter()
            .step_by(2)
            .collect()
    }

    pub(super) fn all(&self) -> BTreeSet<String> {
        self.jobs.iter().cloned().collect()
    }
}

/// An operator at one node.
pub(super) struct Operator {
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

    pub(super) async fn ask(&self, operation: &str, payload: &Value) -> Value {
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
    pub(super) async fn begin(&self, queue: &Doomed, action: &str) -> Value {
        let request = json!({ "queue": queue.reference(), "action": action, "state": "failed" });
        let preview = self.ask("queues.preview", &request).await;
        let confirmation = json!({ "confirmation": preview["confirmation"] });
        self.ask("queues.run", &confirmation).await
    }

    /// Waits until a run goes on no more.
    pub(super) async fn ended(&self, run: &Value) -> Value {
        let run_id = json!({ "runId": run["runId"] });
        let mut run = Value::Null;
        until("the run ends", async || {
            run = self.ask("queues.run_status", &run_id).await;
            run["state"] != "running"
        })
        .await;
        run
    }
}

/// Begins a run on each queue, each on a node of its own, and kills the nodes at their moments.
/// Returns what another node says of the runs, and the place of that node.
pub(super) async fn die_in_the_middle(
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
        let held = format!("{queue:?} is held");
        until(&held, async || proxy.counts().delayed > 0).await;
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
pub(super) async fn copied(cluster: &Cluster, queue: &Doomed, run: &Value) -> BTreeSet<String> {
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
