//! Readiness by self-probe: a command goes through queue, worker and Redis and its outcome comes
//! back. "The process is up" would prove nothing.
//!
//! The probe runs when somebody asks and no result is fresh, so an idle node that nobody watches
//! does no work. It writes a viewport to a hidden graph that it makes and removes; should it die in
//! between, the graph's lease ends.

use std::time::Duration;

use graphy_engine::{Intake, Submission};
use graphy_model::{Command, Envelope, GraphId, OperationId, Outcome, Role, UserId, Viewport};
use graphy_protocol::console::{HealthCheck, HealthReport};
use graphy_store::graph::Visibility;
use graphy_store::{GraphStore, StoreError};
use graphy_telemetry::{TaskRegistry, TaskState};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::operations::Parts;

/// How long a result is used.
pub const FRESH: Duration = Duration::from_secs(5);
/// How long the probe's command may take.
const COMMAND_WAIT: Duration = Duration::from_secs(3);
/// How long an answer of Redis or of the queue may take.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// The probe of one node.
pub(crate) struct HealthProbe {
    store: GraphStore,
    intake: Intake,
    tasks: TaskRegistry,
    graph: GraphId,
    last: Mutex<Option<(Instant, Vec<Finding>)>>,
}

/// What one check found.
#[derive(Debug, Clone)]
struct Finding {
    name: &'static str,
    result: Result<String, String>,
}

impl HealthProbe {
    pub(crate) fn new(parts: &Parts) -> Self {
        let graph = format!("probe-{}", Uuid::now_v7().simple());
        Self {
            store: parts.store.clone(),
            intake: parts.intake.clone(),
            tasks: parts.tasks.clone(),
            graph: GraphId::new(&graph).expect("letters and the digits of a UUID are an id"),
            last: Mutex::default(),
        }
    }

    /// Returns the last result if it is fresh, else probes. Callers at the same time share a probe.
    pub(crate) async fn report(&self) -> HealthReport {
        let mut last = self.last.lock().await;
        if last.as_ref().is_none_or(|(at, _)| at.elapsed() >= FRESH) {
            let findings = self.probe().await;
            *last = Some((Instant::now(), findings));
        }
        let (at, findings) = last.as_ref().expect("set above");
        let age_ms = u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX);
        let checks: Vec<HealthCheck> = findings
            .iter()
            .map(|finding| HealthCheck {
                name: finding.name.to_owned(),
                ok: finding.result.is_ok(),
                detail: finding.result.clone().unwrap_or_else(|fault| fault),
                age_ms,
            })
            .collect();
        HealthReport {
            ready: checks.iter().all(|check| check.ok),
            checks,
        }
    }

    async fn probe(&self) -> Vec<Finding> {
        let (redis, queue, command) =
            tokio::join!(self.check_redis(), self.check_queue(), self.check_command());
        vec![
            Finding {
                name: "redis",
                result: redis,
            },
            Finding {
                name: "queue",
                result: queue,
            },
            Finding {
                name: "command",
                result: command,
            },
            Finding {
                name: "tasks",
                result: self.check_tasks(),
            },
        ]
    }

    async fn check_redis(&self) -> Result<String, String> {
        match timeout(ANSWER_WAIT, self.store.link().probe()).await {
            Ok(Ok(probe)) => {
                let millis = probe.latency.as_secs_f64() * 1000.0;
                Ok(format!(
                    "redis {} answers in {millis:.1} ms",
                    probe.info.version
                ))
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", ANSWER_WAIT.as_secs())),
        }
    }

    async fn check_queue(&self) -> Result<String, String> {
        match timeout(ANSWER_WAIT, self.intake.queue().counts()).await {
            Ok(Ok(counts)) => Ok(format!("{} jobs wait or run", counts.unfinished())),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", ANSWER_WAIT.as_secs())),
        }
    }

    async fn check_command(&self) -> Result<String, String> {
        let started = Instant::now();
        let sent = timeout(COMMAND_WAIT, self.send_command()).await;
        let millis = started.elapsed().as_secs_f64() * 1000.0;
        if let Err(error) = self.store.discard(&self.graph).await {
            tracing::debug!(%error, "the probe's graph is left to its lease");
        }
        match sent {
            Ok(Ok(())) => Ok(format!(
                "a command took {millis:.1} ms from intake to outcome"
            )),
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(format!(
                "no worker answered within {} s",
                COMMAND_WAIT.as_secs()
            )),
        }
    }

    async fn send_command(&self) -> Result<(), String> {
        self.make_graph().await.map_err(|error| error.to_string())?;
        let operation_id = OperationId(Uuid::now_v7());
        let envelope = Envelope {
            operation_id,
            graph_id: Some(self.graph.clone()),
            client_id: None,
            seq: None,
            command: Command::UpdateViewport(Viewport {
                x: 0.0,
                y: 0.0,
                zoom: 1.0,
            }),
            base_version: None,
            epoch: None,
            timestamp: None,
            replay_of: None,
        };
        let submission = Submission {
            origin: graphy_engine::Origin::Listener,
            content: envelope.into(),
            user_id: probe_user(),
            role: Role::Viewer,
        };
        let submitted = self.intake.submit(&self.graph, vec![submission]).await;
        submitted.map_err(|rejection| rejection.message)?;
        let outcome = self
            .intake
            .outcome(&self.graph, operation_id, COMMAND_WAIT)
            .await;
        match outcome.map_err(|error| error.to_string())? {
            Some(Outcome::Applied { .. }) => Ok(()),
            Some(Outcome::Rejected(rejection)) => Err(rejection.message),
            Some(_) => Err("the command had an outcome that it cannot have".to_owned()),
            None => Err(format!(
                "no worker answered within {} s",
                COMMAND_WAIT.as_secs()
            )),
        }
    }

    async fn make_graph(&self) -> Result<(), StoreError> {
        let (user, now_ms) = (probe_user(), self.store.now_ms());
        let made = self
            .store
            .create(&self.graph, "self-probe", &user, now_ms, Visibility::Hidden)
            .await;
        match made {
            // Left over from a probe that could not clean up.
            Err(StoreError::AlreadyExists { .. }) => self.store.renew_lease(&self.graph).await,
            other => other.map(drop),
        }
    }

    fn check_tasks(&self) -> Result<String, String> {
        let tasks = self.tasks.list();
        let failed: Vec<String> = tasks
            .iter()
            .filter(|task| matches!(task.state, TaskState::Failed { .. }))
            .map(|task| task.name.to_string())
            .collect();
        if failed.is_empty() {
            Ok(format!("{} background tasks, none failed", tasks.len()))
        } else {
            Err(format!("failed: {}", failed.join(", ")))
        }
    }
}

fn probe_user() -> UserId {
    UserId::new("self-probe").expect("a fixed text of the form of an id")
}
