//! Runs the Node program of `tests/interop`.

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

    fn command(&self, word: &str, argument: Option<&Value>) -> Command {
        let mut command = Command::new("node");
        command
            .arg("queue.mjs")
            .arg(word)
            .current_dir(&*FOLDER)
            .env("REDIS_URL", &self.redis);
        command
            .args(argument.map(Value::to_string))
            .kill_on_drop(true);
        command
    }

    async fn run(&self, word: &str, argument: Option<&Value>) -> Output {
        let output = self.command(word, argument).output();
        timeout(PATIENCE, output)
            .await
            .expect("node answers in time")
            .expect("node can be run")
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
        let mut command = self.command(word, Some(argument));
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be run");
        let output = child.stdout.take().expect("the output is piped");
        let mut asked = Asked {
            lines: BufReader::new(output).lines(),
            child,
        };
        assert_eq!(asked.line().await, Value::from("listening"));
        asked
    }
}

impl Asked {
    async fn line(&mut self) -> Value {
        let line = timeout(PATIENCE, self.lines.next_line())
            .await
            .expect("node speaks in time");
        let line = line.unwrap().expect("node says something before it ends");
        serde_json::from_str(&line).expect("node answers in JSON")
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
