//! Queues as foreign programs leave them, written with raw commands.

use graphy_model::Role;
use graphy_protocol::ApiError;
use graphy_store::testing::TestRedis;
use serde_json::{Value, json};

use crate::support::{Node, until};

/// A queue of another program.
pub(crate) struct Foreign {
    pub(crate) prefix: &'static str,
    pub(crate) queue: &'static str,
}

pub(crate) const ODD: Foreign = Foreign {
    prefix: "my:{app}",
    queue: "{odd}",
};

pub(crate) const MAIL: Foreign = Foreign {
    prefix: "shop",
    queue: "mail",
};

impl Foreign {
    pub(crate) fn key(&self, part: &str) -> String {
        format!("{}:{}:{part}", self.prefix, self.queue)
    }

    pub(crate) fn reference(&self) -> Value {
        json!({"prefix": self.prefix, "queue": self.queue})
    }

    /// Names one of its jobs.
    pub(crate) fn job(&self, id: &str) -> Value {
        json!({"queue": self.reference(), "jobId": id})
    }

    /// Makes the queue's `meta`.
    pub(crate) fn opened(&self, version: &str) -> Vec<String> {
        words(&[
            "HSET",
            &self.key("meta"),
            "version",
            version,
            "opts.maxLenEvents",
            "10000",
        ])
    }

    /// Makes the hash of a job.
    pub(crate) fn hash(&self, id: &str, name: &str, data: &str, more: &[&str]) -> Vec<String> {
        let key = self.key(id);
        let mut command = words(&["HSET", &key, "name", name, "data", data]);
        command.extend(words(&[
            "opts",
            "{\"attempts\":3}",
            "timestamp",
            "1764000000000",
        ]));
        command.extend(words(&["delay", "0", "priority", "0"]));
        command.extend(words(more));
        command
    }

    /// Makes a failed job; `at` is when it failed.
    pub(crate) fn failed(&self, id: &str, data: &str, reason: &str, at: u64) -> [Vec<String>; 2] {
        let at = at.to_string();
        let more = [
            "failedReason",
            reason,
            "atm",
            "3",
            "ats",
            "3",
            "stc",
            "2",
            "finishedOn",
            &at,
            "processedOn",
            "1764000000500",
            "stacktrace",
            "[\"first\",\"second\"]",
        ];
        [
            self.hash(id, "send", data, &more),
            words(&["ZADD", &self.key("failed"), &at, id]),
        ]
    }

    /// Makes a waiting job behind all others.
    pub(crate) fn waiting(&self, id: &str, data: &str) -> [Vec<String>; 2] {
        [
            self.hash(id, "send", data, &[]),
            words(&["LPUSH", &self.key("wait"), id]),
        ]
    }
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Calls an operation as an operator.
pub(crate) async fn call(node: &Node, name: &str, payload: Value) -> Result<Value, ApiError> {
    node.call(Role::Operator, name, payload).await
}

/// Calls an operation that works.
pub(crate) async fn ask(node: &Node, name: &str, payload: Value) -> Value {
    match call(node, name, payload.clone()).await {
        Ok(answer) => answer,
        Err(error) => panic!("{name} {payload}: {error:?}"),
    }
}

/// Lists the ids of jobs in a state.
pub(crate) async fn ids(node: &Node, queue: &Foreign, state: &str) -> Vec<String> {
    let request = json!({"queue": queue.reference(), "state": state, "limit": 200});
    let page = ask(node, "queues.jobs", request).await;
    let jobs = page["jobs"].as_array().unwrap().iter();
    jobs.map(|job| job["jobId"].as_str().unwrap().to_owned())
        .collect()
}

/// Does what a preview said.
pub(crate) async fn confirm(node: &Node, preview: &Value) -> Result<Value, ApiError> {
    let confirmation = json!({"confirmation": preview["confirmation"]});
    call(node, "queues.run", confirmation).await
}

/// Waits until a bulk action has ended.
pub(crate) async fn ended(node: &Node, run: &Value) -> Value {
    let run_id = run["runId"].clone();
    let mut last = Value::Null;
    until("the run to end", async || {
        last = ask(node, "queues.run_status", json!({"runId": run_id})).await;
        last["state"] != "running"
    })
    .await;
    last
}

/// Previews and confirms a bulk action, and waits for its end.
pub(crate) async fn bulk(node: &Node, request: Value) -> (Value, Value) {
    let preview = ask(node, "queues.preview", request).await;
    let run = confirm(node, &preview).await.unwrap();
    (preview, ended(node, &run).await)
}

/// Starts a Redis with the queue `mail` in it.
pub(crate) async fn with_mail() -> TestRedis {
    let redis = TestRedis::start().await;
    redis.send([MAIL.opened("bullmq:6.7.0")]).await;
    redis
}
