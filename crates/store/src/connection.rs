//! Connections to Redis that heal themselves.
//!
//! A [`RedisLink`] keeps two multiplexed connections: one for queries, one for writes, so that a
//! long read never delays a write. Each has an owner task that replaces it when it is dropped, when
//! two answers in a row do not come in time, or when the server became a read-only replica.
//! A command that fails is never sent again here: only its sender knows whether that is safe, and
//! [`crate::reply::classify`] tells it what is known about the outcome.
//!
//! **Invariant:** no blocking command ever runs on a shared connection; use [`RedisLink::blocking`].

mod channel;
mod circuit;
mod keeper;
mod policy;

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::io::tcp::{TcpSettings, socket2};
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, RedisError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use graphy_telemetry::TaskRegistry;
use graphy_telemetry::board::CircuitStatus;
use graphy_telemetry::names;

pub use channel::LinkConnection;
pub use keeper::LinkState;
pub use policy::{AckLevel, ServerPolicy};

use crate::config::RedisUrl;
use crate::error::StoreError;
use crate::redis_info::RedisInfo;
use crate::reply::{ReplyClass, classify};

/// Limits of a link. The defaults suit a server in the same data centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkSettings {
    /// How long [`RedisLink::connect`] tries before it gives up.
    pub start_wait: Duration,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// How long an answer may take; then its command's outcome is unknown.
    pub response_timeout: Duration,
    /// How long a command waits for a connection or for its turn; then it is not sent.
    pub acquire_wait: Duration,
    /// Commands that may be under way at once on one connection; a pipeline counts as one.
    pub in_flight_max: usize,
    /// How often an idle connection is checked with PING.
    pub watchdog_interval: Duration,
    /// The longest wait between two attempts to connect.
    pub reconnect_wait_max: Duration,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            start_wait: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(2),
            acquire_wait: Duration::from_secs(1),
            in_flight_max: 4096,
            watchdog_interval: Duration::from_secs(1),
            reconnect_wait_max: Duration::from_secs(2),
        }
    }
}

/// A server's round-trip time and its own figures, read at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RedisProbe {
    /// Round trip of a PING.
    pub latency: Duration,
    /// What INFO says.
    pub info: RedisInfo,
}

/// The way to one Redis server. Clones share the connections; the last one to go closes them.
#[derive(Debug, Clone)]
pub struct RedisLink {
    inner: Arc<LinkInner>,
}

#[derive(Debug)]
struct LinkInner {
    url: RedisUrl,
    client: Client,
    settings: LinkSettings,
    query: LinkConnection,
    write: LinkConnection,
    token: CancellationToken,
}

impl RedisLink {
    /// Connects to the server and keeps the connections alive in tasks `redis-query` and
    /// `redis-write` of `tasks`.
    ///
    /// # Errors
    /// [`StoreError::Connect`] when there is no connection within `settings.start_wait`, or at once
    /// when the login is refused; [`StoreError::EvictionPolicy`] when the server may throw data away.
    pub async fn connect(
        url: &RedisUrl,
        settings: LinkSettings,
        tasks: &TaskRegistry,
    ) -> Result<Self, StoreError> {
        let client = open_client(url)?;
        let token = CancellationToken::new();
        // Cancels both keepers when the last holder goes, also when connecting fails below.
        let guard = Arc::new(token.clone().drop_guard());
        let open = |name| {
            let shared = channel::Shared::new(name, url.connection_info(), settings);
            keeper::spawn(&shared, &client, settings, tasks, token.clone());
            LinkConnection::new(shared, Arc::clone(&guard))
        };
        let (query, write) = (open("query"), open("write"));
        let deadline = Instant::now() + settings.start_wait;
        for connection in [&query, &write] {
            connection
                .connected_by(deadline)
                .await
                .map_err(|source| StoreError::Connect {
                    endpoint: url.to_string(),
                    source,
                })?;
        }
        let inner = LinkInner {
            url: url.clone(),
            client,
            settings,
            query,
            write,
            token,
        };
        let link = Self {
            inner: Arc::new(inner),
        };
        link.require_no_eviction()?;
        Ok(link)
    }

    /// Ends the tasks that keep the connections alive, whoever still holds the link; what is asked
    /// of it from then on fails. For a process that stops and may stop its Redis as well.
    pub fn close(&self) {
        self.inner.token.cancel();
    }

    /// Returns the shared connection for reads.
    #[must_use]
    pub fn query(&self) -> LinkConnection {
        self.inner.query.clone()
    }

    /// Returns the shared connection for writes.
    #[must_use]
    pub fn write(&self) -> LinkConnection {
        self.inner.write.clone()
    }

    /// Opens a connection of its own for publish/subscribe. It does not reconnect: when its stream
    /// ends, open a new one. Its messages queue up without limit, so read it without delay.
    ///
    /// # Errors
    /// [`StoreError::Connect`].
    pub async fn pubsub(&self) -> Result<PubSub, StoreError> {
        let opened = timeout(
            self.inner.settings.connect_timeout,
            self.inner.client.get_async_pubsub(),
        );
        self.dedicated(opened.await)
    }

    /// Opens a connection of its own for blocking commands. It has no response time-out, does not
    /// reconnect, and must not be shared.
    ///
    /// # Errors
    /// [`StoreError::Connect`].
    pub async fn blocking(&self) -> Result<MultiplexedConnection, StoreError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.inner.settings.connect_timeout))
            .set_response_timeout(None);
        let opened = self
            .inner
            .client
            .get_multiplexed_async_connection_with_config(&config);
        self.dedicated(Ok(opened.await))
    }

    /// Returns the server's URL, for the queue library's own connections.
    #[must_use]
    pub fn url(&self) -> &RedisUrl {
        &self.inner.url
    }

    /// Watches whether the write connection is up.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.inner.write.state()
    }

    /// Returns the two connections as circuit breakers, for the node's board.
    #[must_use]
    pub fn circuits(&self) -> Vec<CircuitStatus> {
        vec![self.inner.query.circuit(), self.inner.write.circuit()]
    }

    /// Returns what a confirmed write is worth on this server, as read at the last connect.
    #[must_use]
    pub fn ack_level(&self) -> AckLevel {
        self.policy()
            .map_or(AckLevel::Applied, |policy| policy.ack_level())
    }

    /// Returns the server's durability settings, as read at the last connect.
    #[must_use]
    pub fn policy(&self) -> Option<ServerPolicy> {
        self.inner.write.policy()
    }

    /// Measures a PING and reads INFO, and sets the gauges [`names::REDIS_LATENCY`] and
    /// [`names::REDIS_MEMORY`].
    ///
    /// # Errors
    /// [`StoreError`] when the server does not answer.
    pub async fn probe(&self) -> Result<RedisProbe, StoreError> {
        let mut connection = self.query();
        let started = std::time::Instant::now();
        let ping = redis::cmd("PING")
            .query_async::<String>(&mut connection)
            .await;
        ping.map_err(StoreError::redis("ping redis"))?;
        let latency = started.elapsed();
        let text: String = redis::cmd("INFO")
            .query_async(&mut connection)
            .await
            .map_err(StoreError::redis("read the figures of redis"))?;
        let info = RedisInfo::parse(&text)?;
        metrics::gauge!(names::REDIS_LATENCY).set(latency.as_secs_f64());
        #[expect(
            clippy::cast_precision_loss,
            reason = "memory stays far below 2^52 bytes"
        )]
        metrics::gauge!(names::REDIS_MEMORY).set(info.used_memory_bytes as f64);
        Ok(RedisProbe { latency, info })
    }

    fn require_no_eviction(&self) -> Result<(), StoreError> {
        let Some(policy) = self.policy().and_then(|policy| policy.maxmemory_policy) else {
            return Ok(());
        };
        if policy == policy::NO_EVICTION {
            return Ok(());
        }
        Err(StoreError::EvictionPolicy {
            endpoint: self.inner.url.to_string(),
            policy,
        })
    }

    fn dedicated<T>(
        &self,
        opened: Result<Result<T, RedisError>, tokio::time::error::Elapsed>,
    ) -> Result<T, StoreError> {
        let opened = opened
            .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()));
        opened.map_err(|source| StoreError::Connect {
            endpoint: self.inner.url.to_string(),
            source,
        })
    }
}

/// Makes a client that notices a silent network within seconds.
pub(crate) fn open_client(url: &RedisUrl) -> Result<Client, StoreError> {
    let mut info = url.connection_info().clone();
    if let ConnectionAddr::Tcp(..) = info.addr() {
        let keepalive = socket2::TcpKeepalive::new()
            .with_time(Duration::from_secs(5))
            .with_interval(Duration::from_secs(2))
            .with_retries(3);
        let tcp = TcpSettings::default()
            .set_nodelay(true)
            .set_keepalive(keepalive);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(Duration::from_secs(5));
        info = info.set_tcp_settings(tcp);
    }
    Client::open(info).map_err(|error| StoreError::InvalidUrl {
        reason: error.to_string(),
    })
}

/// Says whether trying to connect again cannot help.
fn is_hopeless(error: &RedisError) -> bool {
    matches!(classify(error), ReplyClass::Permission)
}
