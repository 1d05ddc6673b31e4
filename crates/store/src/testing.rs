//! A real Redis for tests: started in a temporary folder, gone when dropped.

use std::process::Command;

use tempfile::TempDir;

use graphy_telemetry::TaskRegistry;

use crate::config::{FsyncPolicy, PrivateRedisConfig, RedisUrl};
use crate::connection::{LinkSettings, RedisLink};
use crate::private_redis::PrivateRedis;

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

impl Drop for TestRedis {
    fn drop(&mut self) {
        // The folder is removed after this, so the server must be gone.
        self.private.kill_and_wait();
    }
}
