//! One `graphy serve` process.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use graphy_client::NodeUrl;
use graphy_store::RedisUrl;
use tokio::time::{Instant, sleep};

use super::{PATIENCE, binary};

/// How often a node that starts is asked whether it serves.
const PROBE_INTERVAL: Duration = Duration::from_millis(20);
/// How much of a log a failure shows, in lines.
const LOG_LINES_SHOWN: usize = 40;

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// It serves the API and sockets.
    Api,
    /// It applies commands.
    Worker,
    /// Both.
    All,
}

impl NodeKind {
    /// Returns the word of `--role`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Worker => "worker",
            Self::All => "all",
        }
    }
}

/// A process; killed when dropped.
pub struct Node {
    kind: NodeKind,
    redis: String,
    port: u16,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    child: Child,
}

impl Node {
    /// Starts a process on a free port. It does not serve yet.
    pub(super) fn spawn(
        kind: NodeKind,
        redis: &RedisUrl,
        folder: &Path,
        variables: &[(String, String)],
    ) -> Self {
        fs::create_dir_all(folder).expect("a folder of the node can be made");
        let redis = redis.expose().to_owned();
        let port = free_port();
        let child = launch(kind, &redis, port, folder, variables);
        Self {
            kind,
            redis,
            port,
            folder: folder.to_owned(),
            variables: variables.to_vec(),
            child,
        }
    }

    /// Waits until the node serves.
    ///
    /// # Panics
    /// When it ends or does not serve in time; the message holds its log.
    pub async fn ready(&mut self) {
        let client = reqwest::Client::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!(
                    "a node of role {} ended ({status}):\n{}",
                    self.kind.as_str(),
                    self.log()
                );
            }
            let answer = client.get(self.url().http("/health/live")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let late = Instant::now() >= deadline;
            assert!(
                !late,
                "a node of role {} is not ready:\n{}",
                self.kind.as_str(),
                self.log()
            );
            sleep(PROBE_INTERVAL).await;
        }
    }

    /// Returns the node's address, the same after a restart.
    #[must_use]
    pub fn url(&self) -> NodeUrl {
        format!("http://127.0.0.1:{}", self.port)
            .parse()
            .expect("a loopback address and a port")
    }

    /// Returns the node's socket, the same after a restart.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns the process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once, as a crash would: it runs not one more instruction.
    ///
    /// # Panics
    /// When it had ended before, which a test should know.
    pub fn kill(&mut self) {
        let before = self
            .child
            .try_wait()
            .expect("a child can be asked for its status");
        assert!(
            before.is_none(),
            "the node had ended by itself ({before:?}):\n{}",
            self.log()
        );
        self.child.kill().expect("a child that runs can be killed");
        self.child.wait().expect("a killed child can be waited for");
    }

    /// Starts the process again on the same port, with the same folder. It does not serve yet.
    pub fn start_again(&mut self) {
        self.child = launch(
            self.kind,
            &self.redis,
            self.port,
            &self.folder,
            &self.variables,
        );
    }

    /// Asks the process to stop, as a service manager does, and waits until it has.
    ///
    /// # Panics
    /// When it does not stop in time; the message holds its log.
    pub async fn stop(&mut self) {
        self.signal("TERM");
        let deadline = Instant::now() + PATIENCE;
        while self
            .child
            .try_wait()
            .expect("a child can be asked for its status")
            .is_none()
        {
            let late = Instant::now() >= deadline;
            assert!(!late, "the node does not stop:\n{}", self.log());
            sleep(PROBE_INTERVAL).await;
        }
    }

    /// Freezes the process.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets a frozen process go on.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([format!("-{signal}"), self.pid().to_string()])
            .status()
            .expect("kill can be run");
        assert!(
            sent.success(),
            "cannot send {signal} to process {}",
            self.pid()
        );
    }

    /// Returns the end of what the node has logged, over all its lives.
    #[must_use]
    pub fn log(&self) -> String {
        let text = fs::read_to_string(log_path(&self.folder)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended before; then there is nothing to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn launch(
    kind: NodeKind,
    redis: &str,
    port: u16,
    folder: &Path,
    variables: &[(String, String)],
) -> Child {
    let mut log: OpenOptions = File::options();
    let log = log.create(true).append(true).open(log_path(folder));
    let log = log.expect("a log can be opened in the node's folder");
    // Nothing that a test starts may outlive it, not even one that is killed.
    Command::new("setpriv")
        .args(["--pdeathsig", "SIGKILL"])
        .arg(binary::path())
        .args(["serve", "--role", kind.as_str(), "--redis", redis])
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .arg("--data-dir")
        .arg(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GRAPHY_ENVIRONMENT", "test")
        .env("GRAPHY_RATES_COMMANDS_PER_SECOND", "1000000")
        .env("GRAPHY_RATES_REQUESTS_PER_SECOND", "1000000")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file handle can be doubled"))
        .stderr(log)
        .spawn()
        .expect("setpriv (util-linux) can be run")
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("node.log")
}

fn free_port() -> u16 {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports");
    probe
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}
