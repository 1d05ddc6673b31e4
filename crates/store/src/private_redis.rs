//! A Redis server of our own: found, started, watched, restarted and stopped by us.
//!
//! The server is a child of a thread of this process and dies with it, however it dies: the kernel
//! kills it (`setpriv --pdeathsig`) as soon as that thread is gone. It listens on a unix socket,
//! which we and the queue library use, and on a free loopback port for other tools; both want a
//! random password, which never appears on a command line. A second process on the same data folder
//! attaches through the runtime file.
//!
//! **Invariant:** at most one server runs on a data folder: the lock is held for as long as the
//! supervisor lives, and a server that outlived its supervisor is shut down before a new one starts.

mod binary;
mod data_dir;
mod process;
mod settings;
mod supervisor;

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::config::{PrivateRedisConfig, RedisConfig, RedisUrl};
use crate::error::StoreError;
use data_dir::{DataDir, RuntimeFile};
use supervisor::Supervisor;

/// How often a process that found the data folder locked looks for the server again.
const ATTACH_WAIT: Duration = Duration::from_millis(50);

/// Where the supervisor of a private Redis is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum PrivateRedisState {
    /// Starting for the first time, or loading its data.
    Starting,
    /// Serving.
    Ready,
    /// It died and is being started again.
    Restarting {
        /// Starts in a row that did not last.
        attempt: u32,
    },
    /// It will not be started again.
    Failed {
        /// What it said last.
        reason: String,
    },
    /// It was stopped by us.
    Stopped,
}

impl PrivateRedisState {
    /// Says whether the supervisor has ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Stopped)
    }
}

/// How to reach a private Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateEndpoint {
    /// Over the unix socket: for ourselves and the queue library.
    pub socket_url: RedisUrl,
    /// Over the loopback port: for `redis-cli` and other tools. The port may change when the server
    /// is restarted.
    pub tcp_url: RedisUrl,
    /// The server's process id.
    pub pid: u32,
}

/// A private Redis that this process owns. Dropping it kills the server.
#[derive(Debug)]
pub struct PrivateRedis {
    data_dir: PathBuf,
    states: watch::Receiver<PrivateRedisState>,
    endpoints: watch::Receiver<Option<PrivateEndpoint>>,
    stop: CancellationToken,
    kill: CancellationToken,
    #[cfg_attr(
        not(any(test, feature = "testing")),
        expect(
            dead_code,
            reason = "only tests wait for the thread; it ends by itself"
        )
    )]
    thread: Option<JoinHandle<()>>,
}

impl PrivateRedis {
    /// Starts a server on the data folder and returns when it serves.
    ///
    /// # Errors
    /// [`StoreError::ServerNotFound`], [`StoreError::DataDirLocked`] when another process runs one
    /// there, [`StoreError::ServerStart`] with what the server said, [`StoreError::File`].
    pub async fn start(config: &PrivateRedisConfig) -> Result<Self, StoreError> {
        let server = binary::find_server(config.server_binary.as_deref(), binary::search_path())?;
        let data_dir = DataDir::lock(&config.data_dir)?;
        let (states_sender, states) = watch::channel(PrivateRedisState::Starting);
        let (endpoints_sender, endpoints) = watch::channel(None);
        let (first_start, first_started) = oneshot::channel();
        let (stop, kill) = (CancellationToken::new(), CancellationToken::new());
        let supervisor = Supervisor {
            server,
            config: config.clone(),
            data_dir,
            states: states_sender,
            endpoints: endpoints_sender,
            stop: stop.clone(),
            kill: kill.clone(),
        };
        // The server's life is tied to the thread that starts it, so that must be a thread that
        // lives as long as the server should: neither a worker of a runtime nor a borrowed one.
        let thread = std::thread::Builder::new()
            .name("private-redis".to_owned())
            .spawn(move || supervisor.run_to_end(first_start))
            .map_err(StoreError::file("start a thread for", &config.data_dir))?;
        let private = Self {
            data_dir: config.data_dir.clone(),
            states,
            endpoints,
            stop,
            kill,
            thread: Some(thread),
        };
        first_started.await.unwrap_or_else(|_| {
            Err(StoreError::ServerStart {
                reason: "its supervisor ended".to_owned(),
            })
        })?;
        Ok(private)
    }

    /// Finds the server that another process runs on the data folder.
    ///
    /// # Errors
    /// [`StoreError::NotRunning`] when there is none that answers.
    pub async fn attach(data_dir: &Path) -> Result<PrivateEndpoint, StoreError> {
        let runtime = RuntimeFile::read(data_dir)?;
        let endpoint = runtime.endpoint()?;
        if process::answers(&endpoint.socket_url).await {
            return Ok(endpoint);
        }
        Err(StoreError::NotRunning {
            path: data_dir.to_owned(),
        })
    }

    /// Watches the supervisor's state.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<PrivateRedisState> {
        self.states.clone()
    }

    /// Returns how to reach the server. After a restart the process id and the port may differ, the
    /// socket stays the same.
    #[must_use]
    pub fn endpoint(&self) -> PrivateEndpoint {
        self.endpoints
            .borrow()
            .clone()
            .expect("start() returned only after the server was ready")
    }

    /// Returns the folder of the server's data.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Stops the server in order: it writes what it still has to and ends. Waits for that.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let _ = self.states.wait_for(PrivateRedisState::is_ended).await;
    }

    /// Kills the server and waits, blocking the thread for some milliseconds, until it is gone.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn kill_and_wait(&mut self) {
        self.kill.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        // Without effect after `stop`. The thread ends by itself and takes the server with it.
        self.kill.cancel();
    }
}

/// The Redis server that a process works with, whoever runs it.
#[derive(Debug)]
pub enum RedisServer {
    /// A private server of this process.
    Owned(PrivateRedis),
    /// A private server that another process runs on the same data folder.
    Attached(Box<PrivateEndpoint>),
    /// A server that others run.
    Remote(RedisUrl),
}

impl RedisServer {
    /// Starts the private server, or attaches to it when another process runs it already; for a URL
    /// there is nothing to start.
    ///
    /// # Errors
    /// See [`PrivateRedis::start`] and [`PrivateRedis::attach`].
    pub async fn open(config: &RedisConfig) -> Result<Self, StoreError> {
        let private = match config {
            RedisConfig::Url(url) => return Ok(Self::Remote(url.clone())),
            RedisConfig::Private(private) => private,
        };
        let deadline = Instant::now() + private.load_wait;
        loop {
            match PrivateRedis::start(private).await {
                Err(StoreError::DataDirLocked { .. }) => {}
                started => return started.map(Self::Owned),
            }
            // The other process may still be starting its server, or just be stopping it.
            match PrivateRedis::attach(&private.data_dir).await {
                Err(StoreError::NotRunning { .. }) if Instant::now() < deadline => {
                    sleep(ATTACH_WAIT).await;
                }
                attached => return attached.map(|endpoint| Self::Attached(Box::new(endpoint))),
            }
        }
    }

    /// Returns the URL for ourselves and the queue library.
    #[must_use]
    pub fn url(&self) -> RedisUrl {
        match self {
            Self::Owned(private) => private.endpoint().socket_url,
            Self::Attached(endpoint) => endpoint.socket_url.clone(),
            Self::Remote(url) => url.clone(),
        }
    }

    /// Returns the URL for other tools, which the console shows.
    #[must_use]
    pub fn tools_url(&self) -> RedisUrl {
        match self {
            Self::Owned(private) => private.endpoint().tcp_url,
            Self::Attached(endpoint) => endpoint.tcp_url.clone(),
            Self::Remote(url) => url.clone(),
        }
    }

    /// Stops the server if it is ours.
    pub async fn stop(self) {
        if let Self::Owned(private) = self {
            private.stop().await;
        }
    }
}
