//! What watching the queues costs: 20 queues with 100 000 jobs, polled as the Queues page does.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use graphy_model::{Role, UserId};
use graphy_store::FsyncPolicy;
use serde_json::{Value, json};

use super::results::{Record, Run};
use super::{Part, System, ours, redis_cpu};
use crate::bench::Target;
use crate::bench::meter::cpu_seconds;

const QUEUES: usize = 20;
const JOBS: u64 = 100_000;
/// How long each row counts.
const TIME: Duration = Duration::from_secs(15);
/// How often the page asks for the list of queues, and for one queue with a page of its jobs.
/// The page itself waits for three seconds after each answer.
const LIST_INTERVAL: Duration = Duration::from_secs(2);
const QUEUE_INTERVAL: Duration = Duration::from_secs(2);
/// How long Redis and the node are left alone before they are measured.
const SETTLE: Duration = Duration::from_secs(3);

/// A node with many queues on its Redis, and somebody who watches them.
struct Watched {
    target: Target,
    control: redis::aio::MultiplexedConnection,
    token: String,
    client: reqwest::Client,
}

/// Measures a node without these queues, with them, and watched; what is more than without them
/// counts.
pub(super) async fn measure() -> anyhow::Result<Vec<Record>> {
    let mut watched = Watched::start().await?;
    tokio::time::sleep(SETTLE).await;
    let without = watched.cost(None).await?;
    watched.fill().await?;
    // The node has found the queues and read their first counts.
    watched.until_found().await?;
    tokio::time::sleep(SETTLE).await;
    let mut records = Vec::new();
    for (row, look) in [
        ("nobody watches", None),
        ("the list of queues", Some(false)),
        ("the list, one queue and a page of its jobs", Some(true)),
    ] {
        let mut polls = look.map(|queue| Polls { queue, made: 0 });
        let cost = watched.cost(polls.as_mut()).await?;
        let run = Run {
            jobs: polls.map_or(0, |polls| polls.made),
            seconds: TIME.as_secs_f64(),
            client_cpu_s: (cost.1 - without.1).max(0.0),
        };
        let redis_cpu_s = (cost.0 - without.0).max(0.0);
        let row = row.to_owned();
        let record = Record::of(Part::Console, row, System::Ours, &run, redis_cpu_s);
        record.print();
        records.push(record);
    }
    Ok(records)
}

/// What was asked.
struct Polls {
    /// Whether one queue is looked at besides the list.
    queue: bool,
    made: u64,
}

impl Watched {
    async fn start() -> anyhow::Result<Self> {
        let target = Target::start(FsyncPolicy::EverySecond).await;
        let url = target.cluster.redis().url();
        let control = redis::Client::open(url.expose())?
            .get_multiplexed_async_connection()
            .await?;
        let token = target
            .cluster
            .token(&UserId::new("watcher")?, Role::Operator)
            .await;
        Ok(Self {
            target,
            control,
            token,
            client: reqwest::Client::new(),
        })
    }

    /// Adds the queues and their jobs.
    async fn fill(&self) -> anyhow::Result<()> {
        let url = self.target.cluster.redis().url();
        for number in 0..QUEUES {
            let name = format!("watched-{number}");
            ours::bulk(url.expose(), &name, JOBS / QUEUES as u64, 1000).await?;
        }
        Ok(())
    }

    async fn call(&self, operation: &str, payload: &Value) -> anyhow::Result<Value> {
        let node = self.target.cluster.node(0).url();
        let answer = self
            .client
            .post(node.http(&format!("/api/v2/console/{operation}")))
            .bearer_auth(&self.token)
            .json(payload)
            .send()
            .await?;
        ensure!(
            answer.status().is_success(),
            "{operation}: {}",
            answer.text().await?
        );
        Ok(answer.json().await?)
    }

    /// Waits until the node lists all queues.
    async fn until_found(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let list = self.call("queues.list", &json!({})).await?;
            let queues = list["queues"].as_array().context("a list of queues")?;
            let found = queues.iter().filter(|queue| {
                let name = queue["queue"].as_str();
                name.is_some_and(|name| name.starts_with("watched-"))
            });
            if found.count() == QUEUES {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "the queues are not found: {list}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Returns the CPU seconds of Redis and of the node while it is watched, or is not.
    async fn cost(&mut self, polls: Option<&mut Polls>) -> anyhow::Result<(f64, f64)> {
        let node = self.target.cluster.node(0).pid();
        let before = (redis_cpu(&mut self.control).await?, cpu_seconds(node)?);
        let until = tokio::time::Instant::now() + TIME;
        match polls {
            None => tokio::time::sleep_until(until).await,
            Some(polls) => self.watch(polls, until).await?,
        }
        Ok((
            redis_cpu(&mut self.control).await? - before.0,
            cpu_seconds(node)? - before.1,
        ))
    }

    async fn watch(&self, polls: &mut Polls, until: tokio::time::Instant) -> anyhow::Result<()> {
        let mut list = tokio::time::interval(LIST_INTERVAL);
        let mut queue = tokio::time::interval(QUEUE_INTERVAL);
        let one = json!({ "prefix": "bull", "queue": "watched-7" });
        let page = json!({ "queue": one, "state": "waiting", "limit": 100 });
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return Ok(()),
                _ = list.tick() => {
                    self.call("queues.list", &json!({})).await?;
                    polls.made += 1;
                }
                _ = queue.tick(), if polls.queue => {
                    self.call("queues.get", &one).await?;
                    self.call("queues.jobs", &page).await?;
                    polls.made += 2;
                }
            }
        }
    }
}
