//! A real Redis for tests, started in a temporary folder and gone when dropped; and how tests wait.

use std::process::Command;
use std::time::Duration;

use graphy_telemetry::TaskRegistry;
use tempfile::TempDir;

use crate::config::{FsyncPolicy, PrivateRedisConfig, RedisUrl};
use crate::connection::{LinkSettings, RedisLink};
use crate::private_redis::PrivateRedis;

/// How long a test waits for anything, at most.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// How often it looks again.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Waits until something is so, at most for [`DEADLINE`].
///
/// # Panics
/// When it does not become so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    while !so().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "waited too long: {what}"
        );
        looks.tick().await;
    }
}

/// A private Redis of one test.
#[derive(Debug)]
pub struct TestRedis {
    private: PrivateRedis,
    tasks: TaskRegistry,
    _folder: TempDir,
}

impl TestRedis {
    /// Starts a server that flushes to disk once a second: the fast choice.
    ///
    /// # Panics
    /// When no server can be started; the message says why.
    pub async fn start() -> Self {
        Self::start_with(FsyncPolicy::EverySecond).await
    }

    /// Starts a server with the given flush policy.
    ///
    /// # Panics
    /// When no server can be started; the message says why.
    pub async fn start_with(fsync: FsyncPolicy) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("graphy-test-")
            .tempdir()
            .expect("a temporary folder can be made");
        let config = PrivateRedisConfig {
            fsync,
            ..PrivateRedisConfig::new(folder.path())
        };
        match PrivateRedis::start(&config).await {
            Ok(private) => Self {
                private,
                tasks: TaskRegistry::default(),
                _folder: folder,
            },
            Err(error) => panic!("cannot start a redis for the test: {error}"),
        }
    }

    /// Returns the URL of the server's socket.
    #[must_use]
    pub fn url(&self) -> RedisUrl {
        self.private.endpoint().socket_url
    }

    /// Returns the URL of the server's loopback port.
    #[must_use]
    pub fn tcp_url(&self) -> RedisUrl {
        self.private.endpoint().tcp_url
    }

    /// Connects with the usual settings.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn link(&self) -> RedisLink {
        self.link_with(LinkSettings::default()).await
    }

    /// Connects with other settings.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn link_with(&self, settings: LinkSettings) -> RedisLink {
        RedisLink::connect(&self.url(), settings, &self.tasks)
            .await
            .expect("the server has just been started")
    }

    /// Sends raw commands in pipelines, as a foreign program might.
    ///
    /// # Panics
    /// When the server refuses one.
    pub async fn send(&self, commands: impl IntoIterator<Item = Vec<String>>) {
        let link = self.link().await;
        let mut pipeline = redis::pipe();
        let mut waiting = 0;
        for words in commands {
            pipeline.cmd(&words[0]).arg(&words[1..]).ignore();
            waiting += 1;
            if waiting == 5000 {
                self.flush(&link, &pipeline).await;
                pipeline = redis::pipe();
                waiting = 0;
            }
        }
        if waiting > 0 {
            self.flush(&link, &pipeline).await;
        }
    }

    async fn flush(&self, link: &RedisLink, pipeline: &redis::Pipeline) {
        let sent: Result<(), redis::RedisError> = pipeline.query_async(&mut link.write()).await;
        sent.expect("the commands of a test are sound");
    }

    /// Asks one raw command; an array is flattened, and what is nothing is left out.
    ///
    /// # Panics
    /// When the server refuses it.
    pub async fn ask(&self, words: &[&str]) -> Vec<String> {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let answer: Result<redis::Value, redis::RedisError> =
            command.query_async(&mut self.link().await.query()).await;
        let mut texts = Vec::new();
        flatten(answer.expect("the command of a test is sound"), &mut texts);
        texts
    }

    /// Returns the server and its supervisor.
    #[must_use]
    pub fn private(&self) -> &PrivateRedis {
        &self.private
    }

    /// Returns the process id of the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.private.endpoint().pid
    }

    /// Sends a signal to the server, for example `KILL`, `STOP` or `CONT`.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(self.pid().to_string())
            .status()
            .expect("kill can be run");
        assert!(
            sent.success(),
            "cannot send {signal} to process {}",
            self.pid()
        );
    }
}

fn flatten(value: redis::Value, texts: &mut Vec<String>) {
    match value {
        redis::Value::Nil => {}
        redis::Value::Int(number) => texts.push(number.to_string()),
        redis::Value::BulkString(bytes) => {
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        redis::Value::SimpleString(text) => texts.push(text),
        redis::Value::Array(values) => {
            for value in values {
                flatten(value, texts);
            }
        }
        other => texts.push(format!("{other:?}")),
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        // The folder is removed after this, so the server must be gone.
        self.private.kill_and_wait();
    }
}
