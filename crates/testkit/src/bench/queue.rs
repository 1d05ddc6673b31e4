//! The queue beside Node's BullMQ: jobs and commands per second, what they cost Redis, and how
//! long jobs wait.
//!
//! What each figure is stands in `bench/README.md`.

mod commands;
mod console;
mod jobs;
mod latency;
mod node;
mod ours;
mod page;
mod pictures;
mod results;

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use graphy_store::FsyncPolicy;
use graphy_store::testing::TestRedis;
use serde::{Deserialize, Serialize};

use results::{Record, Results};

/// The name of the queue of jobs under measurement.
const QUEUE: &str = "bench";
/// How often each measurement is taken; the median run counts.
const RUNS: usize = 3;
/// How many jobs a worker handles at the same time in the rows that flood.
const CONCURRENCY: usize = 50;
/// How long jobs may take that were left when a load ended.
const DRAIN_TIME: Duration = Duration::from_secs(60);

/// A part of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Part {
    /// Adding and processing jobs that do nothing.
    Jobs,
    /// Commands of editors, from their door to the graph.
    Commands,
    /// How long jobs wait at given loads.
    Latency,
    /// What watching the queues costs.
    Console,
}

impl Part {
    const ALL: [(&str, Self); 4] = [
        ("jobs", Self::Jobs),
        ("commands", Self::Commands),
        ("latency", Self::Latency),
        ("console", Self::Console),
    ];
}

/// Whose library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum System {
    /// The Rust library, as the engine uses it; for commands, Graphy.
    Ours,
    /// Node's BullMQ.
    Node,
}

impl System {
    const ALL: [Self; 2] = [Self::Ours, Self::Node];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "Graphy",
            Self::Node => "Node BullMQ",
        }
    }
}

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct QueueOptions {
    parts: Vec<Part>,
    /// How many jobs a row takes, against the usual number.
    scale: f64,
    write: bool,
    /// What is said about the conditions beside the figures.
    note: Option<String>,
}

impl QueueOptions {
    /// Reads the words of the command line.
    ///
    /// # Errors
    /// When a word is not known.
    pub fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = Self {
            parts: Part::ALL.iter().map(|(_, part)| *part).collect(),
            scale: 1.0,
            write: false,
            note: None,
        };
        while let Some(word) = words.next() {
            if word == "--write" {
                options.write = true;
                continue;
            }
            let value = words
                .next()
                .with_context(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--parts" => {
                    options.parts = value.split(',').map(part).collect::<Result<_, _>>()?;
                }
                "--scale" => options.scale = value.parse().context("--scale")?,
                "--note" => options.note = Some(value),
                other => {
                    bail!("there is no option {other}; options: --parts, --scale, --note, --write")
                }
            }
        }
        Ok(options)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of jobs, far below 2^52"
    )]
    fn scaled(&self, jobs: u64) -> u64 {
        let scaled = jobs as f64 * self.scale;
        (scaled as u64).div_ceil(1000) * 1000
    }
}

fn part(name: &str) -> anyhow::Result<Part> {
    let found = Part::ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, part)| *part).with_context(|| {
        let known: Vec<_> = Part::ALL.iter().map(|(name, _)| *name).collect();
        format!("there is no part {name:?}; parts: {}", known.join(", "))
    })
}

/// Measures, and prints; a whole run, or one with `--write`, is written down.
///
/// # Errors
/// When a system cannot be started or the results cannot be written.
pub async fn queue(options: QueueOptions) -> anyhow::Result<()> {
    let mut records: Vec<Record> = Vec::new();
    Record::print_head();
    for part in &options.parts {
        let found = match part {
            Part::Jobs => jobs::measure(&options).await?,
            Part::Commands => commands::measure(&options).await?,
            Part::Latency => latency::measure(&options).await?,
            Part::Console => console::measure().await?,
        };
        records.extend(found);
    }
    if options.write || (options.scale >= 1.0 && options.parts.len() == Part::ALL.len()) {
        let results = Results::merge(&options, records)?;
        results.write()?;
        pictures::draw(&results)?;
        page::write(&results)?;
    }
    Ok(())
}

/// A Redis of its own, with the CPU time it takes.
struct Bench {
    redis: TestRedis,
    control: redis::aio::MultiplexedConnection,
}

impl Bench {
    async fn start(fsync: FsyncPolicy) -> anyhow::Result<Self> {
        let redis = TestRedis::start_with(fsync).await;
        let control = redis::Client::open(redis.url().expose())?
            .get_multiplexed_async_connection()
            .await?;
        Ok(Self { redis, control })
    }

    fn url(&self) -> String {
        self.redis.url().expose().to_owned()
    }

    /// Returns the CPU seconds that the server has taken, threads in the background included.
    async fn cpu(&mut self) -> anyhow::Result<f64> {
        redis_cpu(&mut self.control).await
    }

    /// Returns how many jobs were added and are neither waiting nor running.
    async fn processed(&mut self) -> anyhow::Result<u64> {
        let added: Option<u64> = self.read("GET", "id").await?;
        Ok(added.unwrap_or(0) - self.left().await?)
    }

    /// Waits until every job has run.
    async fn drained(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + DRAIN_TIME;
        while self.left().await? > 0 {
            ensure!(Instant::now() < deadline, "the jobs do not come to an end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn left(&mut self) -> anyhow::Result<u64> {
        let waiting: u64 = self.read("LLEN", "wait").await?;
        let running: u64 = self.read("LLEN", "active").await?;
        Ok(waiting + running)
    }

    async fn read<T: redis::FromRedisValue>(
        &mut self,
        command: &str,
        key: &str,
    ) -> anyhow::Result<T> {
        let key = format!("bull:{QUEUE}:{key}");
        Ok(redis::cmd(command)
            .arg(key)
            .query_async(&mut self.control)
            .await?)
    }
}

/// Reads `used_cpu_user` and `used_cpu_sys` of INFO.
async fn redis_cpu(control: &mut redis::aio::MultiplexedConnection) -> anyhow::Result<f64> {
    let text: String = redis::cmd("INFO").arg("cpu").query_async(control).await?;
    let read = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|rest| rest.strip_prefix(':')?.trim().parse::<f64>().ok());
        value.with_context(|| format!("INFO has no {name}"))
    };
    Ok(read("used_cpu_user")? + read("used_cpu_sys")?)
}

/// The content of a job: one command, of the size of an editor's.
fn job_data() -> serde_json::Value {
    serde_json::json!({
        "graphId": "bench",
        "commands": [{
            "operationId": "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a", "type": "UPDATE_NODE",
            "clientId": "caller-1", "seq": 1234, "userId": "caller", "acceptedAt": 1_764_000_000_000_u64,
            "payload": { "id": "n1-17", "patch": { "position": { "x": 123.5, "y": 456.25 } } },
        }],
    })
}
