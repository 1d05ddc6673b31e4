//! The real binary, in an environment of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// `graphy` with nothing of this machine's environment but what every program needs.
pub(crate) fn graphy(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphy"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", data_dir)
        .current_dir(data_dir)
        .arg("--data-dir")
        .arg(data_dir)
        .args(arguments);
    command
}

/// What a finished command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let line = self.out.lines().last().unwrap_or_default();
        serde_json::from_str(line)
            .unwrap_or_else(|_| panic!("not JSON: {:?}; {}", self.out, self.err))
    }
}

/// Runs a command to its end.
pub(crate) fn say(data_dir: &Path, arguments: &[&str]) -> Said {
    Said::of(graphy(data_dir, arguments).output().unwrap())
}

/// Runs a command that must succeed, and returns its JSON.
pub(crate) fn ask(data_dir: &Path, arguments: &[&str]) -> Value {
    let said = say(data_dir, &[&["--json"], arguments].concat());
    assert_eq!(said.code, 0, "{arguments:?}: {}", said.err);
    said.json()
}

/// A running `graphy serve`.
pub(crate) struct Served {
    child: Child,
    /// What it printed when it was ready.
    pub(crate) started: Value,
}

impl Served {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let started = serde_json::from_str(&line).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("the node did not start: {line:?}")
        });
        Self { child, started }
    }

    pub(crate) fn on(data_dir: &Path, arguments: &[&str]) -> Self {
        Self::start(graphy(
            data_dir,
            &[&["--json", "serve"], arguments].concat(),
        ))
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.started[field].as_str().unwrap()
    }

    /// Kills it without warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.child.wait().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // A test that failed must not leave a process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until a level is reached.
pub(crate) fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < end, "waited too long for {what}");
        std::thread::yield_now();
    }
}
