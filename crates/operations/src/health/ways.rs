//! The ways that a probe goes, each with a deadline.
//!
//! The command writes a viewport to a hidden graph that the probe makes and removes; should it die
//! in between, the graph's lease ends.

use std::time::Duration;

use graphy_engine::{Intake, Probed, QueueKind, Submission};
use graphy_model::{
    Checksum, Command, Envelope, Epoch, GraphId, OperationId, Outcome, Role, UserId, Viewport,
};
use graphy_store::graph::Visibility;
use graphy_store::{BatchEvent, BusEvent, GraphStore, StoreError};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::Finding;
use crate::operations::Parts;

/// How long a probe's command or job may take.
const WORKER_WAIT: Duration = Duration::from_secs(3);
/// How long a publication may take to come back.
const BROADCAST_WAIT: Duration = Duration::from_secs(2);
/// How long an answer of Redis or of the queue may take.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// What the ways go through.
pub(super) struct Ways {
    store: GraphStore,
    intake: Intake,
    graph: GraphId,
}

impl Ways {
    pub(super) fn new(parts: &Parts) -> Self {
        let graph = format!("probe-{}", Uuid::now_v7().simple());
        Self {
            store: parts.store.clone(),
            intake: parts.intake.clone(),
            graph: GraphId::new(&graph).expect("letters and the digits of a UUID are an id"),
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.store.now_ms()
    }

    pub(super) async fn redis(&self) -> Result<String, String> {
        match timeout(ANSWER_WAIT, self.store.link().probe()).await {
            Ok(Ok(probe)) => {
                let millis = probe.latency.as_secs_f64() * 1000.0;
                Ok(format!(
                    "redis {} answers in {millis:.1} ms",
                    probe.info.version
                ))
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(no_answer("redis", ANSWER_WAIT)),
        }
    }

    pub(super) async fn queue_answers(&self) -> Result<String, String> {
        match timeout(ANSWER_WAIT, self.intake.queue().counts()).await {
            Ok(Ok(counts)) => Ok(format!("{} jobs wait or run", counts.unfinished())),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(no_answer("the queue", ANSWER_WAIT)),
        }
    }

    /// A job through a queue and a worker.
    pub(super) async fn queue(&self, kind: QueueKind) -> Finding {
        let way = match kind {
            QueueKind::GraphCommands => "queue graph-commands",
            QueueKind::SyncOperations => "queue sync-operations",
            QueueKind::Analytics => "queue analytics",
        };
        let started = Instant::now();
        let probe = self.intake.queues().probe(kind, WORKER_WAIT);
        // Adding and removing the job take an answer each.
        let probed = timeout(WORKER_WAIT + 3 * ANSWER_WAIT, probe).await;
        let took = started.elapsed();
        let result = match probed {
            Ok(Ok(Probed::Answered(took))) => {
                let millis = took.as_secs_f64() * 1000.0;
                Ok(format!("a job took {millis:.1} ms from queue to end"))
            }
            Ok(Ok(Probed::Busy { active })) => {
                Ok(format!("all workers are busy; {active} jobs are at them"))
            }
            Ok(Ok(Probed::HeldBack)) => {
                Ok("paused or limited by an operator; not probed".to_owned())
            }
            Ok(Ok(Probed::Silent)) | Err(_) => Err(no_worker(kind.name())),
            Ok(Err(error)) => Err(error.to_string()),
        };
        Finding {
            name: way,
            result,
            way: Some((way, took)),
        }
    }

    /// A publication through Redis and back through this node's own subscription.
    pub(super) async fn broadcast(&self) -> Finding {
        let started = Instant::now();
        let result = match timeout(BROADCAST_WAIT, self.hear_myself()).await {
            Ok(Ok(())) => {
                let millis = started.elapsed().as_secs_f64() * 1000.0;
                Ok(format!("a publication came back in {millis:.1} ms"))
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!(
                "a publication did not come back through this node's subscription within {} s",
                BROADCAST_WAIT.as_secs()
            )),
        };
        Finding {
            name: "broadcast",
            result,
            way: Some(("broadcast", started.elapsed())),
        }
    }

    async fn hear_myself(&self) -> Result<(), StoreError> {
        let mut subscription = self.intake.events().subscribe(&self.graph).await?;
        let event = BatchEvent {
            graph_id: self.graph.clone(),
            job_id: format!("probe-{}", Uuid::now_v7().simple()),
            epoch: Epoch::new("probe").expect("a fixed text of the form of an id"),
            from_version: 0,
            to_version: 0,
            checksum: Checksum::default(),
            operations: Vec::new(),
            outcomes: Vec::new(),
            resync: Vec::new(),
        };
        let message =
            serde_json::to_string(&event).expect("events hold only texts, numbers and JSON values");
        self.store.announce(&self.graph, &message).await?;
        loop {
            match subscription.next().await {
                BusEvent::Batch(heard) if heard.job_id == event.job_id => return Ok(()),
                // It may have been lost in the gap; once more.
                BusEvent::Gap => self.store.announce(&self.graph, &message).await?,
                BusEvent::Batch(_) => {}
            }
        }
    }

    /// A command through intake, queue, worker and Redis, and its outcome back.
    pub(super) async fn command(&self) -> Finding {
        let started = Instant::now();
        let sent = timeout(WORKER_WAIT, self.send_command()).await;
        let took = started.elapsed();
        if let Err(error) = self.store.discard(&self.graph).await {
            tracing::debug!(%error, "the probe's graph is left to its lease");
        }
        let result = match sent {
            Ok(Ok(())) => {
                let millis = took.as_secs_f64() * 1000.0;
                Ok(format!(
                    "a command took {millis:.1} ms from intake to outcome"
                ))
            }
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(no_worker(QueueKind::GraphCommands.name())),
        };
        Finding {
            name: "command",
            result,
            way: Some(("queue graph-commands", took)),
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
            .outcome(&self.graph, operation_id, WORKER_WAIT)
            .await;
        match outcome.map_err(|error| error.to_string())? {
            Some(Outcome::Applied { .. }) => Ok(()),
            Some(Outcome::Rejected(rejection)) => Err(rejection.message),
            Some(_) => Err("the command had an outcome that it cannot have".to_owned()),
            None => Err(no_worker(QueueKind::GraphCommands.name())),
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
}

fn no_worker(queue: &str) -> String {
    let seconds = WORKER_WAIT.as_secs();
    format!("no worker of {queue} answered within {seconds} s")
}

fn no_answer(who: &str, wait: Duration) -> String {
    format!("no answer of {who} within {} s", wait.as_secs())
}

fn probe_user() -> UserId {
    UserId::new("self-probe").expect("a fixed text of the form of an id")
}
