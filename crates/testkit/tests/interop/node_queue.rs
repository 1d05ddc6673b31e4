//! Runs the Node programs of `tests/interop`.

use std::path::{Path, PathBuf};
use std::process::{Command as BlockingCommand, Output, Stdio};
use std::sync::LazyLock;

use graphy_store::RedisUrl;
use graphy_testkit::cluster::PATIENCE;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// The folder of the Node program, with its packages installed.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop");
    if !folder.join("node_modules/bullmq").is_dir() {
        let installed = BlockingCommand::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .output()
            .expect("npm can be run");
        assert!(
            installed.status.success(),
            "the packages of tests/interop cannot be installed:\n{}",
            String::from_utf8_lossy(&installed.stderr)
        );
    }
    folder
});

/// The queue as Node sees it.
#[derive(Clone)]
pub(crate) struct NodeQueue {
    redis: String,
}

/// A question that Node has begun to work on.
pub(crate) struct Asked {
    lines: Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl NodeQueue {
    pub(crate) fn new(redis: &RedisUrl) -> Self {
        Self {
            redis: redis.expose().to_owned(),
        }
    }

    fn program(&self, file: &str) -> Command {
        let mut command = Command::new("node");
        command
            .arg(file)
            .current_dir(&*FOLDER)
            .env("REDIS_URL", &self.redis)
            .kill_on_drop(true);
        command
    }

    fn command(&self, word: &str, argument: Option<&Value>) -> Command {
        let mut command = self.program("queue.mjs");
        command.arg(word).args(argument.map(Value::to_string));
        command
    }

    async fn run(&self, word: &str, argument: Option<&Value>) -> Output {
        output(self.command(word, argument)).await
    }

    /// Does something as one end of a queue and returns the answer.
    pub(crate) async fn peer(&self, word: &str, argument: &Value) -> Value {
        let mut command = self.program("peer.mjs");
        command.arg(word).arg(argument.to_string());
        let output = output(command).await;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "node fails at {word}: {errors}");
        serde_json::from_slice(&output.stdout).expect("node answers in JSON")
    }

    /// Starts one end of a queue that goes on until it is dropped; returns once it listens.
    pub(crate) async fn start_peer(&self, word: &str, argument: &Value) -> Asked {
        let mut command = self.program("peer.mjs");
        command.arg(word).arg(argument.to_string());
        Asked::start(command).await
    }

    /// Opens bull-board in a browser; it tells what it shows and then "retried".
    pub(crate) fn open_board(&self, argument: &Value) -> Asked {
        let mut command = self.program("board.mjs");
        command.arg(argument.to_string());
        Asked::spawn(command)
    }

    /// Asks something and returns the answer.
    pub(crate) async fn ask(&self, word: &str, argument: Option<&Value>) -> Value {
        let output = self.run(word, argument).await;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "node fails at {word}: {errors}");
        serde_json::from_slice(&output.stdout).expect("node answers in JSON")
    }

    /// Asks something that fails and returns what Node says.
    pub(crate) async fn ask_failing(&self, word: &str, argument: &Value) -> String {
        let output = self.run(word, Some(argument)).await;
        assert!(!output.status.success(), "{word} was to fail");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Asks something that takes until something else has happened; returns once Node listens.
    pub(crate) async fn listen(&self, word: &str, argument: &Value) -> Asked {
        Asked::start(self.command(word, Some(argument))).await
    }
}

async fn output(mut command: Command) -> Output {
    timeout(PATIENCE, command.output())
        .await
        .expect("node answers in time")
        .expect("node can be run")
}

impl Asked {
    fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be run");
        let output = child.stdout.take().expect("the output is piped");
        Self {
            lines: BufReader::new(output).lines(),
            child,
        }
    }

    async fn start(command: Command) -> Self {
        let mut asked = Self::spawn(command);
        assert_eq!(asked.line().await, Value::from("listening"));
        asked
    }

    /// Waits for the next thing that it says.
    pub(crate) async fn line(&mut self) -> Value {
        let line = timeout(PATIENCE, self.lines.next_line())
            .await
            .expect("node speaks in time");
        let line = line.unwrap().expect("node says something before it ends");
        serde_json::from_str(&line).expect("node answers in JSON")
    }

    /// Passes over what it says until something is said of it that is true.
    pub(crate) async fn until(&mut self, true_of: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.line().await;
            assert_eq!(line["fault"], Value::Null, "{line}");
            if true_of(&line) {
                return line;
            }
        }
    }

    /// Ends the process at once, as a crash would.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("a child can be killed");
    }

    /// Waits for the answer.
    pub(crate) async fn answer(mut self) -> Value {
        let answer = self.line().await;
        let ended = timeout(PATIENCE, self.child.wait())
            .await
            .expect("node ends in time");
        assert!(ended.unwrap().success());
        answer
    }
}
