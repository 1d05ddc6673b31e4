//! One thing done to many jobs: first counted and shown, then confirmed, then done in slices.
//!
//! A preview changes nothing. It keeps which jobs were found, under a confirmation that only the
//! caller can use, once and for two minutes; so what is done is what was shown. Confirmations and
//! runs are in Redis: a page may be loaded again, and any node can be asked.
//!
//! **Invariant:** a removed job either has a copy that can be put back, or the preview said that
//! there would be none.

mod list;
mod preview;
mod run;

use graphy_model::UserId;
use graphy_protocol::queues::{BulkAction, BulkRun, BulkState, JobFilter, JobState};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::StoreError;
use graphy_store::bullmq::QueueName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Queues;
use crate::fault::store_fault;

/// For how long a removal can be taken back after it ended.
pub(crate) const UNDO_MS: u64 = 60_000;
/// For how long a confirmation is good.
pub(crate) const CONFIRMATION_MS: u64 = 120_000;
/// How many jobs one run changes.
pub(crate) const JOBS_MAX: usize = 5000;

/// What was shown, and to whom.
#[derive(Debug, Serialize, Deserialize)]
struct Pledge {
    user_id: UserId,
    prefix: String,
    queue: String,
    action: BulkAction,
    state: JobState,
    /// Which jobs of that state.
    filter: JobFilter,
    ids: Vec<String>,
    /// Whether it can be taken back.
    undo: bool,
}

impl Pledge {
    fn queue_name(&self) -> QueueName {
        QueueName::new(&self.prefix, &self.queue)
    }
}

/// The name under which a confirmation is kept; who reads Redis cannot use it.
fn kept_as(confirmation: &str) -> String {
    let hash = Sha256::digest(confirmation.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the form that `map_err` takes"
)]
fn fault(error: StoreError) -> ApiError {
    store_fault(&error)
}

fn no_run(run_id: &str) -> ApiError {
    let message = format!("there is no bulk action {run_id:?}, or it is forgotten");
    ApiError::new(ErrorCode::NotFound, message).on("runId")
}

impl Queues {
    /// Says what a confirmation stands for, for the audit log; none if it is not known.
    pub(crate) async fn pledged(&self, confirmation: &str) -> Option<Value> {
        let text = self.reader().confirmation(&kept_as(confirmation)).await;
        let pledge: Pledge = serde_json::from_str(&text.ok()??).ok()?;
        Some(json!({
            "queue": { "prefix": pledge.prefix, "queue": pledge.queue },
            "action": pledge.action,
            "state": pledge.state,
            "filter": pledge.filter,
            "jobs": pledge.ids.len(),
        }))
    }

    /// Says how far a run is.
    pub(crate) async fn run_status(&self, run_id: &str) -> Result<BulkRun, ApiError> {
        let record = self.reader().run_record(run_id).await.map_err(fault)?;
        let run = record.and_then(|text| serde_json::from_str(&text).ok());
        let mut run: BulkRun = run.ok_or_else(|| no_run(run_id))?;
        let queue = name_of(&run);
        if run.state == BulkState::Running {
            let holder = self.reader().reserved_by(&queue).await.map_err(fault)?;
            if holder.as_deref() == Some(run_id) {
                return Ok(run);
            }
            run.state = BulkState::Failed;
            let reason = "the node that ran it gives no sign; what was done stays done";
            run.error = Some(reason.to_owned());
        }
        let left = self
            .reader()
            .copies_left_ms(run_id, &queue)
            .await
            .map_err(fault)?;
        run.undo_until = left.map(|left| self.now_ms() + left);
        Ok(run)
    }

    /// Asks a run to stop; it does so after the slice that it is at.
    pub(crate) async fn stop_run(&self, run_id: &str) -> Result<BulkRun, ApiError> {
        let run = self.run_status(run_id).await?;
        if run.state == BulkState::Running {
            self.reader().ask_to_stop(run_id).await.map_err(fault)?;
        }
        self.run_status(run_id).await
    }

    /// Puts the jobs back that a run removed.
    pub(crate) async fn undo_run(&self, run_id: &str) -> Result<BulkRun, ApiError> {
        let mut run = self.run_status(run_id).await?;
        let refuse = |message: &str| Err(ApiError::new(ErrorCode::Expired, message).on("runId"));
        if run.state == BulkState::Running {
            return refuse("it is still running; stop it first");
        }
        if run.undo_until.is_none() {
            return refuse("it cannot be taken back, or not any more");
        }
        let queue = name_of(&run);
        if !self.reader().reserve(&queue, run_id).await.map_err(fault)? {
            return Err(busy(&queue));
        }
        let undone = self.put_back(run_id, &queue).await;
        if undone.is_ok() {
            run.state = BulkState::Undone;
            run.undo_until = None;
            let record = write(&run);
            self.reader()
                .beat(&queue, run_id, &record)
                .await
                .map_err(fault)?;
        }
        self.reader().release(&queue, run_id).await.map_err(fault)?;
        undone.map_err(fault)?;
        Ok(run)
    }

    async fn put_back(&self, run_id: &str, queue: &QueueName) -> Result<(), StoreError> {
        let reader = self.reader();
        // It must not run out on the way.
        reader.keep_for(run_id, queue, UNDO_MS).await?;
        loop {
            let put = reader.restore(run_id, queue, 50, self.now_ms()).await?;
            if put.left == 0 {
                return Ok(());
            }
        }
    }
}

fn name_of(run: &BulkRun) -> QueueName {
    let prefix = run.queue.prefix.as_deref().unwrap_or_default();
    QueueName::new(prefix, &run.queue.queue)
}

fn busy(queue: &QueueName) -> ApiError {
    let message = format!("another bulk action runs on the queue {queue}; wait for it or stop it");
    ApiError::new(ErrorCode::AlreadyExists, message).on("queue")
}

fn write(run: &BulkRun) -> String {
    serde_json::to_string(run).expect("a run holds only texts and numbers")
}
