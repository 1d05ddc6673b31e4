//! One run of the server: started, ready, ended.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::binary;
use crate::config::RedisUrl;
use crate::connection::open_client;
use crate::error::StoreError;

const PROBE_TIMEOUT: Duration = Duration::from_millis(500);
const PROBE_WAIT_FIRST: Duration = Duration::from_millis(2);
const PROBE_WAIT_MAX: Duration = Duration::from_millis(50);
/// Lines of the server's log that are kept to explain its end.
const LAST_LINES_MAX: usize = 4;

/// A server process. Dropping it kills the server.
#[derive(Debug)]
pub(super) struct ServerProcess {
    child: Child,
    pid: u32,
    last_lines: LastLines,
}

type LastLines = Arc<Mutex<VecDeque<String>>>;

impl ServerProcess {
    /// Starts the server with a configuration text. It is not ready yet.
    ///
    /// The server is killed when the calling thread ends, see [`super`].
    pub(super) async fn spawn(server: &Path, settings: &str) -> Result<Self, StoreError> {
        let mut command = match binary::find_setpriv() {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "SIGKILL"]).arg(server);
                command
            }
            None => {
                tracing::warn!("there is no setpriv: the private redis may outlive this process");
                Command::new(server)
            }
        };
        let mut child = command
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C in the terminal must reach us first: we stop the server in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(StoreError::file("start", server))?;
        let pid = child
            .id()
            .expect("a child that was not waited for has an id");
        let last_lines = LastLines::default();
        if let Some(output) = child.stdout.take() {
            tokio::spawn(follow_log(output, Arc::clone(&last_lines)));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(follow_log(output, Arc::clone(&last_lines)));
        }
        let mut input = child.stdin.take().expect("standard input is piped");
        // When this fails, the server has ended already and its exit says more.
        let _ = input.write_all(settings.as_bytes()).await;
        drop(input);
        Ok(Self {
            child,
            pid,
            last_lines,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until the server answers, which includes loading its data.
    pub(super) async fn ready(
        &mut self,
        url: &RedisUrl,
        load_wait: Duration,
    ) -> Result<(), String> {
        let deadline = Instant::now() + load_wait;
        let mut wait = PROBE_WAIT_FIRST;
        while !answers(url).await {
            tokio::select! {
                status = self.child.wait() => return Err(self.end_text(status).await),
                () = sleep(wait) => {}
            }
            if Instant::now() >= deadline {
                return Err(format!("it was not ready within {} s", load_wait.as_secs()));
            }
            wait = (wait * 2).min(PROBE_WAIT_MAX);
        }
        Ok(())
    }

    /// Waits until the server has ended and says how.
    pub(super) async fn ended(&mut self) -> String {
        let status = self.child.wait().await;
        self.end_text(status).await
    }

    /// Asks the server to end, and kills it when it does not within the time.
    pub(super) async fn shut_down(mut self, url: &RedisUrl, patience: Duration) {
        request_shutdown(url).await;
        if timeout(patience, self.child.wait()).await.is_err() {
            tracing::warn!(
                pid = self.pid,
                "the private redis does not end, it is killed"
            );
            self.kill().await;
        }
    }

    pub(super) async fn kill(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::error!(pid = self.pid, %error, "cannot kill the private redis");
        }
    }

    async fn end_text(&self, status: std::io::Result<ExitStatus>) -> String {
        // The log is read by a task of its own on this thread: let it see the last lines.
        tokio::task::yield_now().await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let lines = self
            .last_lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let said = lines
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" / ");
        if said.is_empty() {
            status
        } else {
            format!("{status}; it said: {said}")
        }
    }
}

/// Says whether a server answers and has loaded its data.
pub(super) async fn answers(url: &RedisUrl) -> bool {
    ask(url, &redis::cmd("PING")).await.is_some()
}

/// Asks a server to write what it has to and end. It answers by closing the connection.
pub(super) async fn request_shutdown(url: &RedisUrl) {
    let _ = ask(url, redis::cmd("SHUTDOWN").arg("NOSAVE")).await;
}

async fn ask(url: &RedisUrl, command: &redis::Cmd) -> Option<redis::Value> {
    let client = open_client(url).ok()?;
    let asked = timeout(PROBE_TIMEOUT, async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        command.query_async::<redis::Value>(&mut connection).await
    });
    asked.await.ok()?.ok()
}

/// Returns `wanted` if that port is free on loopback, else another free one. Nothing reserves it: a
/// server that finds it taken after all is started again.
pub(super) fn free_port(wanted: Option<u16>) -> std::io::Result<u16> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = match wanted.map(bind) {
        Some(Ok(listener)) => listener,
        _ => bind(0)?,
    };
    Ok(listener.local_addr()?.port())
}

async fn follow_log(output: impl AsyncRead + Unpin, last_lines: LastLines) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::debug!(target: "private_redis", "{line}");
        let mut last = last_lines.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LAST_LINES_MAX {
            last.pop_front();
        }
        last.push_back(line);
    }
}
