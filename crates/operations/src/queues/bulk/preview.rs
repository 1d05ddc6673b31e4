//! What a bulk action would do.

use std::time::{Duration, Instant};

use graphy_protocol::ApiError;
use graphy_protocol::queues::{BulkAction, BulkPreview, BulkRequest, JobState};
use graphy_store::bullmq::keep::KEPT_BYTES_MAX;
use graphy_store::bullmq::{QueueName, SLICE_JOBS_MAX};
use uuid::Uuid;

use super::{CONFIRMATION_MS, JOBS_MAX, Pledge, UNDO_MS, fault, kept_as};
use crate::caller::Caller;
use crate::queues::check::invalid;
use crate::queues::filter::Sieve;
use crate::queues::page::{Looked, total};
use crate::queues::row::{list_of, row};
use crate::queues::{Queues, summary};

/// How many jobs a preview looks at.
const LOOKED_AT_MAX: u64 = 50_000;
/// How long a preview looks.
const LOOK_TIME: Duration = Duration::from_secs(5);
/// How many jobs it shows.
const SHOWN: usize = 10;
/// How many ids are listed at once where nothing is filtered.
const LISTED: u32 = 1000;
/// What a job takes beside its data, roughly.
const JOB_BYTES: u64 = 600;

/// What was found.
#[derive(Default)]
struct Found {
    ids: Vec<String>,
    sample: Vec<Looked>,
    /// How many jobs were read, and their data's bytes.
    measured: u64,
    measured_bytes: u64,
    looked_at: u64,
    cut: bool,
}

impl Queues {
    /// Counts the jobs that an action would change, and keeps which they are.
    pub(crate) async fn preview(
        &self,
        caller: &Caller,
        queue: &QueueName,
        request: &BulkRequest,
    ) -> Result<BulkPreview, ApiError> {
        require_state(request.action, request.state)?;
        let sieve = Sieve::new(&request.filter);
        let found = self.select(queue, request.state, &sieve).await?;
        let undo = request.action == BulkAction::Remove && found.fits();
        let list = list_of(request.state);
        let shown = found.sample.iter();
        let sample = shown.map(|one| row(&one.id, one.hash.as_ref(), list, one.score));
        let sample = sample.collect();
        let jobs = found.ids.len() as u64;
        let confirmation = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let pledge = Pledge {
            user_id: caller.user_id.clone(),
            prefix: queue.prefix.clone(),
            queue: queue.queue.clone(),
            action: request.action,
            state: request.state,
            filter: request.filter.clone(),
            ids: found.ids,
            undo,
        };
        let text = serde_json::to_string(&pledge).expect("a pledge holds only texts");
        let name = kept_as(&confirmation);
        let expires_at = self.now_ms() + CONFIRMATION_MS;
        let kept = self
            .reader()
            .put_confirmation(&name, &text, CONFIRMATION_MS);
        kept.await.map_err(fault)?;
        Ok(BulkPreview {
            jobs,
            looked_at: found.looked_at,
            cut: found.cut,
            sample,
            confirmation,
            expires_at,
            undo_ms: undo.then_some(UNDO_MS),
        })
    }

    async fn select(
        &self,
        queue: &QueueName,
        state: JobState,
        sieve: &Sieve,
    ) -> Result<Found, ApiError> {
        let glances = self.reader().glance(std::slice::from_ref(queue)).await;
        let glance = glances.map_err(fault)?.pop().unwrap_or_default();
        let all = total(&summary::counts(&glance), state);
        let started = Instant::now();
        let mut found = Found::default();
        while found.looked_at < all {
            let too_long = found.looked_at >= LOOKED_AT_MAX || started.elapsed() > LOOK_TIME;
            if too_long || found.ids.len() >= JOBS_MAX {
                found.cut = true;
                break;
            }
            let at = found.looked_at;
            // The first ones are read for the sample even if all are wanted.
            let looked = if sieve.is_open() && found.measured > 0 {
                let list = list_of(state);
                let ids = self
                    .reader()
                    .ids(queue, list, at, LISTED)
                    .await
                    .map_err(fault)?;
                let bare = |(id, score)| Looked {
                    id,
                    score,
                    hash: None,
                };
                ids.into_iter().map(bare).collect()
            } else {
                let list = list_of(state);
                let slice = self.slice(queue, list, glance.waiting, sieve, at, SLICE_JOBS_MAX);
                slice.await.map_err(fault)?
            };
            if looked.is_empty() {
                break;
            }
            found.take(looked, sieve);
        }
        Ok(found)
    }
}

impl Found {
    fn take(&mut self, looked: Vec<Looked>, sieve: &Sieve) {
        for one in looked {
            if self.ids.len() >= JOBS_MAX {
                return;
            }
            self.looked_at += 1;
            if !sieve.is_open() && !sieve.lets_through(&one.id, one.hash.as_ref()) {
                continue;
            }
            self.ids.push(one.id.clone());
            if let Some(hash) = &one.hash {
                self.measured += 1;
                self.measured_bytes += hash.data_bytes + JOB_BYTES;
            }
            if self.sample.len() < SHOWN {
                self.sample.push(one);
            }
        }
        // An empty slice of hashes must not be asked for again.
        self.measured = self.measured.max(1);
    }

    /// Says whether copies of all jobs will fit, with room for an error of the estimate.
    fn fits(&self) -> bool {
        let mean = self.measured_bytes / self.measured.max(1);
        mean.saturating_mul(self.ids.len() as u64) <= KEPT_BYTES_MAX / 2
    }
}

/// Checks that an action goes with a state.
fn require_state(action: BulkAction, state: JobState) -> Result<(), ApiError> {
    let (fits, takes) = match action {
        BulkAction::Retry => (state == JobState::Failed, "failed"),
        BulkAction::Promote => (state == JobState::Delayed, "delayed"),
        BulkAction::Remove => (
            !matches!(state, JobState::Active | JobState::WaitingChildren),
            "waiting, delayed, prioritized, completed or failed",
        ),
    };
    if fits {
        return Ok(());
    }
    Err(invalid(
        "state",
        format!("state must be {takes} for this action"),
    ))
}
