//! The owner of one connection: makes it, checks it, replaces it.

use std::sync::Arc;
use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, RedisError, Value};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use graphy_telemetry::names::{self, label};
use graphy_telemetry::{RestartPolicy, TaskContext, TaskFailure, TaskRegistry};

use super::channel::{Live, Shared};
use super::policy::{self, ServerPolicy};
use super::{LinkSettings, is_hopeless};
use crate::reply::{ReplyClass, classify};

/// Commands that may queue up towards the socket; more wait their turn.
const PIPELINE_BUFFER: usize = 1024;
const RECONNECT_WAIT_FIRST: Duration = Duration::from_millis(20);
/// A refused login is not tried again sooner, so that a wrong password is no log flood.
const HOPELESS_WAIT: Duration = Duration::from_secs(5);

/// Whether a connection is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum LinkState {
    /// The first connection is being made.
    Connecting,
    /// Up.
    Connected,
    /// Down; it is being made again.
    Disconnected {
        /// Why the last connection or attempt failed.
        reason: String,
    },
}

impl LinkState {
    /// Says whether commands can be sent.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        *self == Self::Connected
    }
}

pub(super) fn spawn(
    shared: &Arc<Shared>,
    client: &Client,
    settings: LinkSettings,
    tasks: &TaskRegistry,
    token: CancellationToken,
) {
    let (shared, client) = (Arc::clone(shared), client.clone());
    let name = format!("redis-{}", shared.name);
    tasks.spawn(name, RestartPolicy::ALWAYS, token, move |context| {
        let keeper = Keeper {
            shared: Arc::clone(&shared),
            client: client.clone(),
            settings,
        };
        keeper.run(context)
    });
}

struct Keeper {
    shared: Arc<Shared>,
    client: Client,
    settings: LinkSettings,
}

impl Keeper {
    async fn run(self, context: TaskContext) -> Result<(), TaskFailure> {
        let token = context.token.clone();
        token.run_until_cancelled(self.keep(&context)).await;
        // Callers that still hold the connection learn that it is gone.
        self.shared.live.send_replace(None);
        Ok(())
    }

    async fn keep(&self, context: &TaskContext) {
        // A restarted keeper must not reuse a number that was reported broken.
        let mut generation = *self.shared.broken.borrow();
        let mut failures = 0_u32;
        loop {
            context.tick();
            generation += 1;
            self.shared.circuit.trying();
            let reason = match self.open(generation).await {
                Ok(live) => {
                    failures = 0;
                    self.shared.circuit.close();
                    self.shared.forget_timeouts();
                    self.shared.live.send_replace(Some(live.clone()));
                    self.shared.state.send_replace(LinkState::Connected);
                    tracing::debug!(link = self.shared.name, generation, "connected to redis");
                    self.watch(&live, context).await;
                    self.shared.live.send_replace(None);
                    metrics::counter!(names::REDIS_RECONNECTS, label::LINK => self.shared.name)
                        .increment(1);
                    "the connection was lost".to_owned()
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    let reason = error.to_string();
                    self.shared.last_error.send_replace(Some(error));
                    reason
                }
            };
            if failures <= 1 {
                tracing::warn!(link = self.shared.name, %reason, "no connection to redis");
            }
            self.shared.circuit.open(&reason);
            self.shared
                .state
                .send_replace(LinkState::Disconnected { reason });
            tokio::time::sleep(self.wait_after(failures)).await;
        }
    }

    async fn open(&self, generation: u64) -> Result<Live, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.settings.connect_timeout))
            .set_response_timeout(Some(self.settings.response_timeout))
            .set_pipeline_buffer_size(PIPELINE_BUFFER);
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        // A server that is loading its data takes connections already.
        if let Err(error) = redis::cmd("PING")
            .query_async::<Value>(&mut connection)
            .await
            && !matches!(classify(&error), ReplyClass::WritesRefused { .. })
        {
            return Err(error);
        }
        let policy = ServerPolicy::read(&mut connection).await?;
        self.note_policy(policy);
        Ok(Live {
            generation,
            connection,
        })
    }

    /// Returns when the connection is found broken.
    async fn watch(&self, live: &Live, context: &TaskContext) {
        let mut broken = self.shared.broken.subscribe();
        let mut ticks = tokio::time::interval(self.settings.watchdog_interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = broken.wait_for(|newest| *newest >= live.generation) => return,
                _ = ticks.tick() => context.tick(),
            }
            let mut connection = live.connection.clone();
            let ping = redis::cmd("PING");
            let answer = connection.send_packed_command(&ping).await;
            self.shared
                .judge(live.generation, answer.as_ref().map(std::slice::from_ref));
        }
    }

    fn note_policy(&self, policy: ServerPolicy) {
        let evicts = policy
            .maxmemory_policy
            .as_deref()
            .is_some_and(|name| name != policy::NO_EVICTION);
        self.shared.policy.send_if_modified(|known| {
            let news = known.as_ref() != Some(&policy);
            if news {
                let name = self.shared.name;
                tracing::info!(link = name, ?policy, "durability settings of redis");
                if evicts {
                    tracing::error!(
                        link = name,
                        "redis throws data away when its memory is full"
                    );
                }
                *known = Some(policy);
            }
            news
        });
    }

    /// Doubles the wait up to its limit and takes a random part of it away, so that many nodes do
    /// not come back in step.
    fn wait_after(&self, failures: u32) -> Duration {
        if self
            .shared
            .last_error
            .borrow()
            .as_ref()
            .is_some_and(is_hopeless)
            && failures > 0
        {
            return HOPELESS_WAIT;
        }
        let doubled = RECONNECT_WAIT_FIRST.saturating_mul(1 << failures.min(16));
        doubled
            .min(self.settings.reconnect_wait_max)
            .mul_f64(rand::random_range(0.5..=1.0))
    }
}
