//! One multiplexed connection that many callers share and that is replaced under their hands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, ConnectionInfo, Pipeline, RedisError, RedisFuture, RedisResult, Value};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::DropGuard;

use graphy_telemetry::board::CircuitStatus;

use super::circuit::Circuit;
use super::keeper::LinkState;
use super::{LinkSettings, ServerPolicy, is_hopeless};
use crate::reply::{NotSent, ReplyClass, classify_code};

/// Answers that may fail to come in a row before the connection counts as dead.
const TIMEOUTS_MAX: u32 = 2;

/// A handle to a shared connection: use it wherever redis-rs takes a connection. Cloning is cheap.
///
/// Dropping the future of a command does not take the command back once it was sent.
#[derive(Debug, Clone)]
pub struct LinkConnection {
    shared: Arc<Shared>,
    _keeper_guard: Arc<DropGuard>,
}

/// The state between the callers and the keeper of one connection.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: &'static str,
    pub(super) live: watch::Sender<Option<Live>>,
    pub(super) state: watch::Sender<LinkState>,
    pub(super) policy: watch::Sender<Option<ServerPolicy>>,
    pub(super) last_error: watch::Sender<Option<RedisError>>,
    pub(super) circuit: Circuit,
    /// The newest generation that was found broken.
    pub(super) broken: watch::Sender<u64>,
    timeouts: AtomicU32,
    permits: Semaphore,
    acquire_wait: Duration,
    db: i64,
}

/// A connection and its number: reports about an earlier one must not harm its successor.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) generation: u64,
    pub(super) connection: MultiplexedConnection,
}

impl LinkConnection {
    pub(super) fn new(shared: Arc<Shared>, keeper_guard: Arc<DropGuard>) -> Self {
        Self {
            shared,
            _keeper_guard: keeper_guard,
        }
    }

    /// Waits until there is a connection; fails with the last error at the deadline, or at once when
    /// the login is refused.
    pub(super) async fn connected_by(&self, deadline: Instant) -> RedisResult<()> {
        let mut live = self.shared.live.subscribe();
        let mut errors = self.shared.last_error.subscribe();
        let hopeless = errors.wait_for(|error| error.as_ref().is_some_and(is_hopeless));
        let connected = tokio::select! {
            connected = timeout_at(deadline, live.wait_for(Option::is_some)) => connected.is_ok(),
            _ = hopeless => false,
        };
        if connected {
            return Ok(());
        }
        let error = self.shared.last_error.borrow().clone();
        Err(error.unwrap_or_else(|| std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }

    pub(super) fn state(&self) -> watch::Receiver<LinkState> {
        self.shared.state.subscribe()
    }

    pub(super) fn circuit(&self) -> CircuitStatus {
        self.shared.circuit.status(self.shared.name)
    }

    pub(super) fn policy(&self) -> Option<ServerPolicy> {
        self.shared.policy.borrow().clone()
    }

    async fn begin(&self) -> RedisResult<(SemaphorePermit<'_>, Live)> {
        let shared = &self.shared;
        let permit = timeout(shared.acquire_wait, shared.permits.acquire())
            .await
            .map_err(|_| NotSent::Overloaded)?
            .expect("the semaphore is never closed");
        let ready = shared.live.borrow().clone();
        if let Some(live) = ready {
            return Ok((permit, live));
        }
        let mut live = shared.live.subscribe();
        let waited = timeout(shared.acquire_wait, live.wait_for(Option::is_some)).await;
        let found = waited
            .ok()
            .and_then(Result::ok)
            .and_then(|live| live.clone());
        Ok((permit, found.ok_or(NotSent::Disconnected)?))
    }
}

impl ConnectionLike for LinkConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let (_permit, mut live) = self.begin().await?;
            let answer = live.connection.send_packed_command(command).await;
            self.shared
                .judge(live.generation, answer.as_ref().map(std::slice::from_ref));
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let (_permit, mut live) = self.begin().await?;
            let answer = live
                .connection
                .send_packed_commands(pipeline, offset, count)
                .await;
            self.shared.judge(live.generation, answer.as_deref());
            answer
        })
    }

    fn get_db(&self) -> i64 {
        self.shared.db
    }
}

impl Shared {
    pub(super) fn new(
        name: &'static str,
        info: &ConnectionInfo,
        settings: LinkSettings,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            live: watch::Sender::new(None),
            state: watch::Sender::new(LinkState::Connecting),
            policy: watch::Sender::new(None),
            last_error: watch::Sender::new(None),
            circuit: Circuit::default(),
            broken: watch::Sender::new(0),
            timeouts: AtomicU32::new(0),
            permits: Semaphore::new(settings.in_flight_max),
            acquire_wait: settings.acquire_wait,
            db: info.redis_settings().db(),
        })
    }

    /// Draws conclusions about the connection from an answer that came over it.
    pub(super) fn judge(&self, generation: u64, answer: Result<&[Value], &RedisError>) {
        let broken = match answer {
            Ok(values) => {
                self.timeouts.store(0, Ordering::Relaxed);
                values.iter().any(is_from_wrong_place)
            }
            Err(error) if error.is_timeout() => {
                self.timeouts.fetch_add(1, Ordering::Relaxed) + 1 >= TIMEOUTS_MAX
            }
            Err(error) => error.is_unrecoverable_error(),
        };
        if broken {
            self.report_broken(generation);
        }
    }

    pub(super) fn forget_timeouts(&self) {
        self.timeouts.store(0, Ordering::Relaxed);
    }

    fn report_broken(&self, generation: u64) {
        self.broken.send_if_modified(|newest| {
            let news = *newest < generation;
            *newest = (*newest).max(generation);
            news
        });
    }
}

/// Says whether a reply means that this server no longer takes our writes.
fn is_from_wrong_place(value: &Value) -> bool {
    match value {
        Value::ServerError(error) => {
            let class = classify_code(error.code(), error.details().unwrap_or_default());
            class == ReplyClass::Reconnect
        }
        _ => false,
    }
}
