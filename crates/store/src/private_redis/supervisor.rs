//! The loop that keeps the private server running, on a thread of its own.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use graphy_telemetry::{Clock as _, SystemClock, names};

use super::data_dir::{DataDir, RuntimeFile};
use super::process::{self, ServerProcess};
use super::settings::ServerSettings;
use super::{PrivateEndpoint, PrivateRedisState};
use crate::config::{PrivateRedisConfig, RedisUrl};
use crate::error::StoreError;
use crate::secret::Secret;

/// A server that ran this long counts its failures from one again.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);
/// Starts in a row that do not last, after which the supervisor gives up.
const FAILURES_MAX: u32 = 10;
const RESTART_WAIT_FIRST: Duration = Duration::from_millis(50);
const RESTART_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long a server may take to write what it has and end.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Supervisor {
    pub(super) server: PathBuf,
    pub(super) config: PrivateRedisConfig,
    pub(super) data_dir: DataDir,
    pub(super) states: watch::Sender<PrivateRedisState>,
    pub(super) endpoints: watch::Sender<Option<PrivateEndpoint>>,
    pub(super) stop: CancellationToken,
    pub(super) kill: CancellationToken,
}

/// How one run of the server ended.
enum RunEnd {
    /// We ended it.
    Stopped,
    /// It ended, or never became ready.
    Died { reason: String, lasted: Duration },
}

/// What stays the same from one run of the server to the next.
struct Place {
    server_dir: PathBuf,
    socket: PathBuf,
    password: Secret,
    port: Option<u16>,
}

impl Supervisor {
    /// Runs until the server is stopped or given up; reports the first start through `first_start`.
    pub(super) fn run_to_end(self, first_start: oneshot::Sender<Result<(), StoreError>>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.run(first_start)),
            Err(source) => {
                let path = self.config.data_dir;
                let error = StoreError::File {
                    action: "make a runtime for",
                    path,
                    source,
                };
                let _ = first_start.send(Err(error));
            }
        }
    }

    async fn run(self, first_start: oneshot::Sender<Result<(), StoreError>>) {
        let mut first_start = Some(first_start);
        let end = self.supervise(&mut first_start).await;
        self.data_dir.clean();
        let state = match &end {
            Ok(()) => PrivateRedisState::Stopped,
            Err(error) => PrivateRedisState::Failed {
                reason: error.to_string(),
            },
        };
        if let Err(error) = &end {
            tracing::error!(%error, "the private redis failed for good");
        }
        let states = self.states.clone();
        // The lock goes before the end is announced, so that who waits for it can lock again.
        drop(self);
        states.send_replace(state);
        if let Some(first_start) = first_start {
            let stopped = || StoreError::ServerStart {
                reason: "it was stopped".to_owned(),
            };
            let _ = first_start.send(end.and_then(|()| Err(stopped())));
        }
    }

    async fn supervise(
        &self,
        first_start: &mut Option<oneshot::Sender<Result<(), StoreError>>>,
    ) -> Result<(), StoreError> {
        self.end_leftover_server().await;
        let mut place = Place {
            server_dir: self.data_dir.server_dir()?,
            socket: self.data_dir.socket_path()?,
            password: Secret::random(),
            port: None,
        };
        let mut failures = 0;
        loop {
            let (reason, lasted) = match self.run_once(&mut place, first_start).await? {
                RunEnd::Stopped => return Ok(()),
                RunEnd::Died { reason, lasted } => (reason, lasted),
            };
            failures = if lasted >= HEALTHY_AFTER {
                1
            } else {
                failures + 1
            };
            let never_ran = first_start.is_some();
            let port_was_taken = reason.contains("Address already in use");
            if (never_ran && !port_was_taken) || failures >= FAILURES_MAX {
                return Err(StoreError::ServerStart { reason });
            }
            tracing::error!(%reason, failures, "the private redis ended, it is started again");
            metrics::counter!(names::PRIVATE_REDIS_RESTARTS).increment(1);
            self.states
                .send_replace(PrivateRedisState::Restarting { attempt: failures });
            let wait = RESTART_WAIT_FIRST.saturating_mul(1 << (failures - 1).min(16));
            tokio::select! {
                () = tokio::time::sleep(wait.min(RESTART_WAIT_MAX)) => {}
                () = self.stop.cancelled() => return Ok(()),
                () = self.kill.cancelled() => return Ok(()),
            }
        }
    }

    async fn run_once(
        &self,
        place: &mut Place,
        first_start: &mut Option<oneshot::Sender<Result<(), StoreError>>>,
    ) -> Result<RunEnd, StoreError> {
        let started = Instant::now();
        let port = process::free_port(place.port).map_err(StoreError::file(
            "find a free port for",
            &self.config.data_dir,
        ))?;
        place.port = Some(port);
        let settings = ServerSettings {
            server_dir: &place.server_dir,
            socket: &place.socket,
            port,
            password: &place.password,
            fsync: self.config.fsync,
        };
        let mut server = ServerProcess::spawn(&self.server, &settings.to_text()).await?;
        let socket = place.socket.to_string_lossy().into_owned();
        let socket_url = RedisUrl::unix(&socket, &place.password)?;
        let ready = tokio::select! {
            ready = server.ready(&socket_url, self.config.load_wait) => ready,
            () = self.stop.cancelled() => return Ok(self.kill(server).await),
            () = self.kill.cancelled() => return Ok(self.kill(server).await),
        };
        if let Err(reason) = ready {
            server.kill().await;
            return Ok(RunEnd::Died {
                reason,
                lasted: Duration::ZERO,
            });
        }
        self.announce(place, &server, socket, port)?;
        if let Some(first_start) = first_start.take() {
            let _ = first_start.send(Ok(()));
        }
        tokio::select! {
            reason = server.ended() => {
                return Ok(RunEnd::Died { reason, lasted: started.elapsed() });
            }
            () = self.stop.cancelled() => {}
            () = self.kill.cancelled() => return Ok(self.kill(server).await),
        }
        server.shut_down(&socket_url, STOP_PATIENCE).await;
        Ok(RunEnd::Stopped)
    }

    fn announce(
        &self,
        place: &Place,
        server: &ServerProcess,
        socket: String,
        port: u16,
    ) -> Result<(), StoreError> {
        let password = place.password.clone();
        let tcp_url = RedisUrl::from_parts("127.0.0.1", port, Some(&password), 0)?;
        let runtime = RuntimeFile {
            pid: server.pid(),
            owner_pid: std::process::id(),
            socket,
            port,
            password,
            url: Secret::new(tcp_url.expose()),
            started_at: SystemClock.now_ms(),
        };
        self.data_dir.write_runtime(&runtime)?;
        self.endpoints.send_replace(Some(runtime.endpoint()?));
        self.states.send_replace(PrivateRedisState::Ready);
        tracing::info!(pid = server.pid(), url = %tcp_url, "the private redis is ready");
        Ok(())
    }

    /// Ends a server that outlived its supervisor. We hold the lock, so nobody watches it any more.
    async fn end_leftover_server(&self) {
        let Some(runtime) = self.data_dir.left_runtime() else {
            return;
        };
        let Ok(endpoint) = runtime.endpoint() else {
            return;
        };
        let deadline = Instant::now() + STOP_PATIENCE;
        while process::answers(&endpoint.socket_url).await && Instant::now() < deadline {
            tracing::warn!(
                pid = endpoint.pid,
                "a private redis outlived its owner, it is stopped"
            );
            process::request_shutdown(&endpoint.socket_url).await;
            tokio::time::sleep(RESTART_WAIT_FIRST).await;
        }
        self.data_dir.clean();
    }

    async fn kill(&self, server: ServerProcess) -> RunEnd {
        server.kill().await;
        RunEnd::Stopped
    }
}
