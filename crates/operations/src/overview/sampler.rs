//! Measures once a second.

use std::sync::Arc;
use std::time::Duration;

use graphy_store::RedisProbe;
use graphy_store::bullmq::QueueName;
use graphy_telemetry::names::{self, label};
use graphy_telemetry::process::ProcessSampler;
use graphy_telemetry::{RestartPolicy, TaskContext, TaskState};
use tokio::time::{MissedTickBehavior, timeout};

use super::meter::{Meter, Moment};
use super::{OVERVIEW_SERIES, Overview, SERIES, Sample};
use crate::journal::EventKind;

const STEP: Duration = Duration::from_secs(1);
/// How long a measurement may take before it counts as missing.
const MEASURE_WAIT: Duration = Duration::from_millis(800);

/// What is unknown while Redis does not answer.
const OF_REDIS: [&str; 7] = [
    names::REDIS_MEMORY,
    names::REDIS_LATENCY,
    names::REDIS_OPERATIONS,
    names::REDIS_CLIENTS,
    names::REDIS_MEMORY_SHARE,
    names::REDIS_AOF_OK,
    names::REDIS_AOF_SIZE,
];

pub(super) fn spawn(overview: &Overview) {
    let parts = &overview.inner.parts;
    let shared = overview.clone();
    parts.tasks.spawn(
        "overview-sampler",
        RestartPolicy::ALWAYS,
        parts.token.clone(),
        move |context| {
            let sampler = Sampler::new(shared.clone());
            async move {
                sampler.run(&context).await;
                Ok(())
            }
        },
    );
}

struct Sampler {
    overview: Overview,
    meter: Meter,
    process: Option<ProcessSampler>,
    /// The process of the Redis server, to see when it was started anew.
    redis_process: Option<u32>,
}

impl Sampler {
    fn new(overview: Overview) -> Self {
        Self {
            overview,
            meter: Meter::default(),
            process: ProcessSampler::new(),
            redis_process: None,
        }
    }

    async fn run(mut self, context: &TaskContext) {
        // What rates are counted from.
        self.sample().await;
        // In the middle of the history's steps, so that a tick that comes a little early or late
        // still falls into its own step instead of its neighbour's.
        let step_ms = u64::try_from(STEP.as_millis()).unwrap_or(u64::MAX);
        let now_ms = self.overview.inner.parts.clock.now_ms();
        let to_middle_ms = (step_ms + step_ms / 2 - now_ms % step_ms) % step_ms;
        let first = tokio::time::Instant::now() + Duration::from_millis(to_middle_ms);
        let mut ticks = tokio::time::interval_at(first, STEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while let Some(due) = context.token.run_until_cancelled(ticks.tick()).await {
            metrics::gauge!(names::EVENT_LOOP_LAG).set(due.elapsed().as_secs_f64());
            self.sample().await;
            context.tick();
        }
    }

    async fn sample(&mut self) {
        let at_ms = self.overview.inner.parts.clock.now_ms();
        let unmeasured = self.measure().await;
        let inner = &self.overview.inner;
        let snapshot = inner.parts.metrics.snapshot();
        let mut turn = self.meter.turn(Moment {
            at_ms,
            snapshot: &snapshot,
            unmeasured: &unmeasured,
        });
        let measured = inner.book.measured(at_ms).into_iter();
        let values: Vec<_> = measured
            .map(|series| {
                let value = turn.value(&series.expression);
                (series.name, value)
            })
            .collect();
        let shown = SERIES[..OVERVIEW_SERIES].iter().zip(&values);
        let shown: Vec<(&'static str, f64)> = shown
            .filter_map(|(series, (_, value))| Some((series.name, (*value)?)))
            .collect();
        inner.history.record(at_ms, &shown);
        let kept = values.iter();
        let kept = kept.filter_map(|(name, value)| Some((Arc::clone(name), (*value)?)));
        inner.parts.recorder.record(at_ms, kept);
        inner.latest.send_modify(|sample| {
            *sample = Sample {
                count: sample.count + 1,
                values,
            }
        });
        inner.parts.pulse.beat();
    }

    /// Sets the gauges whose figures nobody else reports; returns those that could not be measured.
    async fn measure(&mut self) -> Vec<&'static str> {
        let parts = &self.overview.inner.parts;
        let mut unmeasured = Vec::new();
        let (probe, sizes) = tokio::join!(
            timeout(MEASURE_WAIT, parts.store.link().probe()),
            timeout(MEASURE_WAIT, parts.queues.count_own())
        );
        match probe {
            Ok(Ok(probe)) => self.note_redis(&probe),
            Ok(Err(_)) | Err(_) => unmeasured.extend(OF_REDIS),
        }
        match sizes {
            Ok(Ok(sizes)) => note_queues(&sizes),
            Ok(Err(_)) | Err(_) => unmeasured.push(names::QUEUE_SIZE),
        }
        let usage = self.process.as_mut().and_then(ProcessSampler::sample);
        if usage.is_none() {
            unmeasured.extend([names::PROCESS_CPU, names::PROCESS_MEMORY]);
        }
        self.note_tasks();
        unmeasured
    }

    fn note_tasks(&self) {
        let tasks = self.overview.inner.parts.tasks.list();
        let failed = tasks
            .iter()
            .filter(|task| matches!(task.state, TaskState::Failed { .. }));
        #[expect(
            clippy::cast_precision_loss,
            reason = "a node has some dozens of tasks"
        )]
        metrics::gauge!(names::TASKS_FAILED).set(failed.count() as f64);
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "figures of Redis stay far below 2^52"
    )]
    fn note_redis(&mut self, probe: &RedisProbe) {
        let info = &probe.info;
        metrics::gauge!(names::REDIS_OPERATIONS).set(info.operations_per_second as f64);
        metrics::gauge!(names::REDIS_CLIENTS).set(info.connected_clients as f64);
        if info.maxmemory_bytes > 0 {
            let share = info.used_memory_bytes as f64 / info.maxmemory_bytes as f64;
            metrics::gauge!(names::REDIS_MEMORY_SHARE).set(share);
        }
        if info.append_only_file.enabled {
            let ok = info.append_only_file.last_write_ok;
            metrics::gauge!(names::REDIS_AOF_OK).set(f64::from(u8::from(ok)));
            metrics::gauge!(names::REDIS_AOF_SIZE).set(info.append_only_file.size_bytes as f64);
        }
        let inner = &self.overview.inner;
        inner.redis_version.send_if_modified(|version| {
            let differs = *version != probe.info.version;
            version.clone_from(&probe.info.version);
            differs
        });
        let process = probe.info.process_id;
        if self.redis_process.is_some_and(|before| before != process) {
            let text = format!("redis was restarted, it is process {process} now");
            inner.parts.journal.note(EventKind::Redis, &text, None);
        }
        self.redis_process = Some(process);
    }
}

fn note_queues(sizes: &[(QueueName, u64)]) {
    for (queue, jobs) in sizes {
        #[expect(
            clippy::cast_precision_loss,
            reason = "queues stay far below 2^52 jobs"
        )]
        metrics::gauge!(names::QUEUE_SIZE, label::QUEUE_NAME => queue.queue.clone())
            .set(*jobs as f64);
    }
}
