//! The attack on the API: Schemathesis reads the description that a real node gives of itself and
//! sends thousands of valid and broken requests, whose answers must be as described.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::console::{self, Profile};
use crate::report::{Report, Runner};
use crate::setup;
use crate::shell::Shell;
use crate::ui;
use crate::workspace::Workspace;

/// How long a node may take to start, and to stop in order.
const NODE_DEADLINE: Duration = Duration::from_secs(60);

/// Seconds that the whole attack may take.
const ATTACK_SECONDS: &str = "240";

/// Random cases per operation and phase, besides those that follow from the description.
const EXAMPLES: &str = "30";

/// The same requests every time.
const SEED: &str = "20261121";

/// Checks that take the description for complete. It does not say, for instance, that both ends of
/// an edge must exist, so some requests that fit it are refused, and rightly.
const EXCLUDED_CHECKS: &str = "positive_data_acceptance,negative_data_rejection";

/// Builds a node, attacks it, and reports how Schemathesis summed up.
pub(crate) fn attack(workspace: &Workspace, report: &mut Report) {
    let mut prepared = None;
    report.step("node and attacker", || {
        let program = attacker(workspace)?;
        ui::build(workspace)?;
        let graphy = console::build_headless(workspace, Profile::Development)?;
        let folder = folder(workspace);
        fs::create_dir_all(&folder).context("could not make a folder for the attack")?;
        let node = Node::start(&graphy, &folder.join("node.log"))?;
        let token = node.token(&graphy)?;
        prepared = Some((program, node, token));
        Ok(())
    });
    let Some((program, node, token)) = prepared else {
        return;
    };
    let program = program.to_string_lossy();
    let description = format!("{}/api/v2/openapi.json", node.url);
    let words = [
        "timeout",
        "--kill-after=5",
        ATTACK_SECONDS,
        program.as_ref(),
        "run",
        description.as_str(),
        "--exclude-checks",
        EXCLUDED_CHECKS,
        "--max-examples",
        EXAMPLES,
        "--seed",
        SEED,
        "--generation-database",
        "none",
        "--no-color",
        "--header",
    ];
    // What the tool leaves behind lands in the build folder.
    let mut shell =
        Shell::new(&folder(workspace), &words).secret(&format!("Authorization: Bearer {token}"));
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        shell = shell.env_remove(name).env_remove(&name.to_uppercase());
    }
    report.runner("API described and attacked", Runner::Schemathesis, shell);
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.scratch().join("schemathesis")
}

/// Where Schemathesis is, in a Python environment of its own.
fn attacker(workspace: &Workspace) -> Result<PathBuf> {
    let list = "xtask/schemathesis-requirements.txt";
    let environment = setup::python_environment(workspace, "schemathesis", list)?;
    Ok(environment.join("bin/schemathesis"))
}

/// A real node on a free port with data of its own, which ends with this value.
struct Node {
    child: Child,
    /// What it writes; it is disconnected when the node has ended.
    lines: Receiver<String>,
    url: String,
    data: TempDir,
}

impl Node {
    fn start(graphy: &Path, log: &Path) -> Result<Self> {
        let data = tempfile::Builder::new()
            .prefix("graphy-api-")
            .tempdir()
            .context("could not make a data folder")?;
        let log = File::create(log).context("could not make a log for the node")?;
        // It stops in order even if this tool is killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "SIGTERM"]).arg(graphy).args([
            "serve",
            "--json",
            "--listen",
            "127.0.0.1:0",
        ]);
        isolate(&mut command, data.path());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("could not start a node")?;
        let output = child.stdout.take().expect("standard output is piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        let mut node = Self {
            child,
            lines,
            url: String::new(),
            data,
        };
        let line = node
            .lines
            .recv_timeout(NODE_DEADLINE)
            .context("the node did not start")?;
        let started: Value = serde_json::from_str(&line).context("the node wrote broken JSON")?;
        let url = started["apiUrl"].as_str();
        url.context("the node does not say where it is")?
            .clone_into(&mut node.url);
        Ok(node)
    }

    /// A new token that allows everything.
    fn token(&self, graphy: &Path) -> Result<String> {
        let mut command = Command::new(graphy);
        command.args(["token", "create", "--role", "admin", "ci"]);
        isolate(&mut command, self.data.path());
        let output = command.output().context("could not ask for a token")?;
        anyhow::ensure!(
            output.status.success(),
            "could not make a token: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let token = String::from_utf8(output.stdout).context("the token is no text")?;
        Ok(token.trim().to_owned())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        drop(Command::new("kill").args(["-TERM", &id]).status());
        let deadline = Instant::now() + NODE_DEADLINE;
        let left = || deadline.saturating_duration_since(Instant::now());
        while self.lines.recv_timeout(left()).is_ok() {}
        // Only a node that did not end by itself is still there.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Nothing of the caller's settings and data takes part, and nothing is throttled.
fn isolate(command: &mut Command, data: &Path) {
    command
        .arg("--data-dir")
        .arg(data)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", data)
        .env("GRAPHY_ENVIRONMENT", "test")
        .env("GRAPHY_RATES_COMMANDS_PER_SECOND", "1000000")
        .env("GRAPHY_RATES_REQUESTS_PER_SECOND", "1000000")
        .stdin(Stdio::null());
}
