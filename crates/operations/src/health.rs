//! Readiness by self-probe: a command goes through queue, worker and Redis and its outcome comes
//! back, a job goes through each other queue, a publication comes back through this node's own
//! subscription. "The process is up" would prove nothing.
//!
//! The probe runs when somebody asks and no result is fresh, and now and then if the settings say
//! so; an idle node that nobody watches does next to no work.

mod ways;

use std::sync::{Arc, Mutex as ShortMutex, PoisonError};
use std::time::Duration;

use graphy_engine::QueueKind;
use graphy_protocol::console::{HealthCheck, HealthReport};
use graphy_telemetry::board::{PartStatus, ProbeStatus, StatusBoard, WorkerState};
use graphy_telemetry::names::{self, label};
use graphy_telemetry::{RestartPolicy, TaskRegistry, TaskState};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::operations::Parts;
use ways::Ways;

/// How long a result is used.
pub const FRESH: Duration = Duration::from_secs(5);

/// The probe of one node; cheap to clone.
#[derive(Clone)]
pub(crate) struct HealthProbe {
    inner: Arc<Inner>,
}

struct Inner {
    ways: Ways,
    tasks: TaskRegistry,
    board: StatusBoard,
    last: Mutex<Option<(Instant, Vec<Finding>)>>,
    /// What the board shows of the last probe.
    shown: Arc<ShortMutex<Vec<ProbeStatus>>>,
}

/// What one check found.
#[derive(Debug, Clone)]
struct Finding {
    name: &'static str,
    result: Result<String, String>,
    /// The way that it went, end to end, and how long that took; none if it only looked.
    way: Option<(&'static str, Duration)>,
}

impl Finding {
    fn look(name: &'static str, result: Result<String, String>) -> Self {
        Self {
            name,
            result,
            way: None,
        }
    }
}

impl HealthProbe {
    /// Makes the probe, puts it on the board, and starts task `self-probe` if it is to run by
    /// itself.
    pub(crate) fn start(parts: &Parts) -> Self {
        let shown: Arc<ShortMutex<Vec<ProbeStatus>>> = Arc::default();
        let source = Arc::clone(&shown);
        parts.board.add(move || PartStatus {
            probes: source
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            ..PartStatus::default()
        });
        let inner = Inner {
            ways: Ways::new(parts),
            tasks: parts.tasks.clone(),
            board: parts.board.clone(),
            last: Mutex::default(),
            shown,
        };
        let probe = Self {
            inner: Arc::new(inner),
        };
        if !parts.probe_interval.is_zero() {
            probe.run_every(parts);
        }
        probe
    }

    fn run_every(&self, parts: &Parts) {
        let (probe, interval) = (self.clone(), parts.probe_interval);
        let run = move |context: graphy_telemetry::TaskContext| {
            let probe = probe.clone();
            async move {
                let mut ticks = tokio::time::interval(interval);
                // A node that has just started is asked by whoever started it.
                ticks.tick().await;
                while context
                    .token
                    .run_until_cancelled(ticks.tick())
                    .await
                    .is_some()
                {
                    probe.report().await;
                    context.tick();
                }
                Ok(())
            }
        };
        parts.tasks.spawn(
            "self-probe",
            RestartPolicy::ALWAYS,
            parts.token.clone(),
            run,
        );
    }

    /// Returns the last result if it is fresh, else probes. Callers at the same time share a probe.
    pub(crate) async fn report(&self) -> HealthReport {
        let mut last = self.inner.last.lock().await;
        if last.as_ref().is_none_or(|(at, _)| at.elapsed() >= FRESH) {
            let findings = self.inner.probe().await;
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
}

impl Inner {
    async fn probe(&self) -> Vec<Finding> {
        let ways = &self.ways;
        let (redis, queue, command, sync, analytics, broadcast) = tokio::join!(
            ways.redis(),
            ways.queue_answers(),
            ways.command(),
            ways.queue(QueueKind::SyncOperations),
            ways.queue(QueueKind::Analytics),
            ways.broadcast(),
        );
        let findings = vec![
            Finding::look("redis", redis),
            Finding::look("queue", queue),
            command,
            sync,
            analytics,
            broadcast,
            Finding::look("workers", self.check_workers()),
            Finding::look("tasks", self.check_tasks()),
        ];
        self.show(&findings);
        findings
    }

    /// Says what was found on the board and in the metrics.
    fn show(&self, findings: &[Finding]) {
        let at_ms = self.ways.now_ms();
        let mut statuses = Vec::new();
        for finding in findings {
            let Some((way, took)) = finding.way else {
                continue;
            };
            let ok = finding.result.is_ok();
            metrics::gauge!(names::PROBE_SUCCESS, label::PROBE => way).set(f64::from(u8::from(ok)));
            if ok {
                metrics::histogram!(names::PROBE_DURATION, label::PROBE => way)
                    .record(took.as_secs_f64());
            }
            statuses.push(ProbeStatus {
                name: way.to_owned(),
                ok,
                detail: finding.result.clone().unwrap_or_else(|fault| fault),
                at_ms,
                took_ms: ok.then_some(took.as_secs_f64() * 1000.0),
            });
        }
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = statuses;
    }

    fn check_workers(&self) -> Result<String, String> {
        let workers = self.board.read().workers;
        let deaf: Vec<&str> = workers
            .iter()
            .filter(|worker| worker.state == WorkerState::Rebuilding)
            .map(|worker| worker.queue.as_str())
            .collect();
        match (deaf.is_empty(), workers.len()) {
            (false, _) => Err(format!(
                "the worker of {} fetches nothing though jobs wait, and is made anew",
                deaf.join(" and of ")
            )),
            (true, 0) => Ok("this node has no workers".to_owned()),
            (true, count) => Ok(format!("{count} workers, none deaf")),
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
