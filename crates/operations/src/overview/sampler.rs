//! Measures once a second.

use std::time::Duration;

use graphy_engine::GRAPH_COMMANDS;
use graphy_store::RedisProbe;
use graphy_telemetry::names::{self, label};
use graphy_telemetry::process::ProcessSampler;
use graphy_telemetry::{RestartPolicy, TaskContext};
use tokio::time::{MissedTickBehavior, timeout};

use super::meter::Meter;
use super::{Overview, Sample, series};
use crate::journal::EventKind;

const STEP: Duration = Duration::from_secs(1);
/// How long a measurement may take before it counts as missing.
const MEASURE_WAIT: Duration = Duration::from_millis(800);

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
        while context
            .token
            .run_until_cancelled(ticks.tick())
            .await
            .is_some()
        {
            self.sample().await;
            context.tick();
        }
    }

    async fn sample(&mut self) {
        let parts = &self.overview.inner.parts;
        let at_ms = parts.clock.now_ms();
        let mut unmeasured = Vec::new();
        let probe = timeout(MEASURE_WAIT, parts.store.link().probe());
        let (probe, counts) = tokio::join!(probe, timeout(MEASURE_WAIT, parts.queue.counts()));
        match probe {
            Ok(Ok(probe)) => self.note_redis(&probe),
            Ok(Err(_)) | Err(_) => {
                unmeasured.extend([series::REDIS_MEMORY, series::REDIS_LATENCY]);
            }
        }
        match counts {
            #[expect(
                clippy::cast_precision_loss,
                reason = "queues stay far below 2^52 jobs"
            )]
            Ok(Ok(counts)) => {
                metrics::gauge!(names::QUEUE_SIZE, label::QUEUE_NAME => GRAPH_COMMANDS)
                    .set(counts.unfinished() as f64);
            }
            Ok(Err(_)) | Err(_) => unmeasured.push(series::QUEUE),
        }
        if self
            .process
            .as_mut()
            .and_then(ProcessSampler::sample)
            .is_none()
        {
            unmeasured.extend([series::CPU, series::MEMORY]);
        }
        let inner = &self.overview.inner;
        let values = self
            .meter
            .take(at_ms, &inner.parts.metrics.snapshot(), &unmeasured);
        let measured: Vec<(&'static str, f64)> = values
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)))
            .collect();
        inner.history.record(at_ms, &measured);
        inner.latest.send_modify(|sample| {
            *sample = Sample {
                count: sample.count + 1,
                values,
            }
        });
        inner.parts.pulse.beat();
    }

    fn note_redis(&mut self, probe: &RedisProbe) {
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
