//! Does what a preview said.

use std::time::{Duration, Instant};

use graphy_protocol::queues::{BulkAction, BulkRun, BulkState};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::bullmq::QueueName;
use graphy_store::bullmq::bulk::{Beat, RECORD_MS};
use graphy_store::bullmq::keep::Kept;
use graphy_telemetry::{RestartPolicy, TaskContext};
use uuid::Uuid;

use super::{Pledge, UNDO_MS, busy, fault, kept_as, write};
use crate::caller::Caller;
use crate::queues::one::JobFault;
use crate::queues::row::list_of;
use crate::queues::{Queues, reference};

/// How many jobs are changed before the run looks up; a replay of commands takes longer than a
/// move between lists.
const SLICE: usize = 50;
const REPLAY_SLICE: usize = 5;
/// One part in this many of the selected jobs may have moved since they were shown.
const MOVED_SHARE: usize = 10;
/// How long the run rests between slices at most; it rests as long as it works.
const REST_MAX: Duration = Duration::from_millis(250);

impl Queues {
    /// Begins what a preview said, on its confirmation.
    pub(crate) async fn confirm(
        &self,
        caller: &Caller,
        confirmation: &str,
    ) -> Result<BulkRun, ApiError> {
        let reader = self.reader();
        let name = kept_as(confirmation);
        let spent = || {
            let message = "the confirmation is not known, used up or expired; preview again";
            ApiError::new(ErrorCode::Expired, message).on("confirmation")
        };
        let text = reader
            .confirmation(&name)
            .await
            .map_err(fault)?
            .ok_or_else(spent)?;
        let pledge: Pledge = serde_json::from_str(&text).map_err(|_| spent())?;
        if pledge.user_id != caller.user_id {
            let message = "the confirmation was given to somebody else";
            return Err(ApiError::new(ErrorCode::Forbidden, message).on("confirmation"));
        }
        let queue = pledge.queue_name();
        let run_id = Uuid::now_v7().to_string();
        if !reader.reserve(&queue, &run_id).await.map_err(fault)? {
            return Err(busy(&queue));
        }
        let begun = self.begin(&pledge, &queue, &name, &run_id, spent).await;
        match begun {
            Ok(run) => {
                self.spawn_run(pledge, queue, run.clone());
                Ok(run)
            }
            Err(error) => {
                reader.release(&queue, &run_id).await.map_err(fault)?;
                Err(error)
            }
        }
    }

    async fn begin(
        &self,
        pledge: &Pledge,
        queue: &QueueName,
        name: &str,
        run_id: &str,
        spent: impl Fn() -> ApiError,
    ) -> Result<BulkRun, ApiError> {
        let reader = self.reader();
        if !reader.use_confirmation(name).await.map_err(fault)? {
            return Err(spent());
        }
        let list = list_of(pledge.state);
        let mut moved = 0;
        for ids in pledge.ids.chunks(500) {
            let there = reader.are_in(queue, list, ids).await.map_err(fault)?;
            moved += there.iter().filter(|there| !**there).count();
        }
        let all = pledge.ids.len();
        if moved * MOVED_SHARE > all {
            let state = list.part();
            let message = format!(
                "the selection has changed: {moved} of {all} jobs are not {state} any more; preview again"
            );
            return Err(ApiError::new(ErrorCode::Expired, message).on("confirmation"));
        }
        let run = BulkRun {
            run_id: run_id.to_owned(),
            queue: reference(queue),
            action: pledge.action,
            state: BulkState::Running,
            jobs: all as u64,
            done: 0,
            skipped: 0,
            error: None,
            undo_until: None,
        };
        // First, so that none is under way that is not listed.
        reader.list_run(run_id).await.map_err(fault)?;
        reader
            .beat(queue, run_id, &write(&run))
            .await
            .map_err(fault)?;
        Ok(run)
    }

    fn spawn_run(&self, pledge: Pledge, queue: QueueName, run: BulkRun) {
        let name = format!("queue-bulk {}", run.run_id);
        let mut work = Some((self.clone(), pledge, queue, run));
        let (tasks, token) = (&self.inner.tasks, self.inner.token.clone());
        tasks.spawn(name, RestartPolicy::Never, token, move |context| {
            let work = work.take();
            async move {
                if let Some((queues, pledge, queue, run)) = work {
                    queues.carry_out(pledge, &queue, run, &context).await;
                }
                Ok(())
            }
        });
    }

    async fn carry_out(
        &self,
        pledge: Pledge,
        queue: &QueueName,
        mut run: BulkRun,
        context: &TaskContext,
    ) {
        let ended = self.slices(&pledge, queue, &mut run, context).await;
        (run.state, run.error) = match ended {
            Ok(state) => (state, None),
            Err(error) => (BulkState::Failed, Some(told(&error))),
        };
        let reader = self.reader();
        if pledge.undo {
            let kept = reader.keep_for(&run.run_id, queue, UNDO_MS).await;
            if let Err(error) = kept {
                tracing::warn!(%error, run = run.run_id, "copies of jobs live longer than they should");
            }
        }
        let recorded = reader.beat(queue, &run.run_id, &write(&run)).await;
        let released = reader.release(queue, &run.run_id).await;
        if let Err(error) = recorded.map(drop).and(released) {
            tracing::warn!(%error, run = run.run_id, "the end of a bulk action was not recorded");
        }
    }

    async fn slices(
        &self,
        pledge: &Pledge,
        queue: &QueueName,
        run: &mut BulkRun,
        context: &TaskContext,
    ) -> Result<BulkState, ApiError> {
        let slice = if self.own().holds_commands(queue) {
            REPLAY_SLICE
        } else {
            SLICE
        };
        for slice in pledge.ids.chunks(slice) {
            let started = Instant::now();
            for id in slice {
                match self.change(pledge, queue, &run.run_id, id).await {
                    Ok(()) => run.done += 1,
                    Err(JobFault::Moved(error)) => {
                        tracing::debug!(job = id, %error, "a job was left alone");
                        run.skipped += 1;
                    }
                    Err(JobFault::Broken(error)) => return Err(error),
                }
            }
            context.tick();
            match self
                .reader()
                .beat(queue, &run.run_id, &write(run))
                .await
                .map_err(fault)?
            {
                Beat::On => {}
                Beat::Stop => return Ok(BulkState::Stopped),
                Beat::Lost => {
                    let message = "it gave no sign for too long and lost its hold of the queue";
                    return Err(ApiError::new(ErrorCode::Timeout, message));
                }
            }
            let rest = tokio::time::sleep(started.elapsed().min(REST_MAX));
            if context.token.run_until_cancelled(rest).await.is_none() {
                let message = "the node stopped; what was done stays done";
                return Err(ApiError::new(ErrorCode::Unavailable, message));
            }
        }
        Ok(BulkState::Done)
    }

    async fn change(
        &self,
        pledge: &Pledge,
        queue: &QueueName,
        run_id: &str,
        id: &str,
    ) -> Result<(), JobFault> {
        match pledge.action {
            BulkAction::Retry => self.retry_job(queue, id).await,
            BulkAction::Promote => Ok(self.actions().promote(queue, id).await?),
            BulkAction::Remove => self.remove_kept(pledge, queue, run_id, id).await,
        }
    }

    /// Removes a job of which a copy is kept first.
    async fn remove_kept(
        &self,
        pledge: &Pledge,
        queue: &QueueName,
        run_id: &str,
        id: &str,
    ) -> Result<(), JobFault> {
        let list = list_of(pledge.state);
        let life_ms = if pledge.undo { RECORD_MS } else { 0 };
        let broken = |error| JobFault::Broken(fault(error));
        let kept = self
            .reader()
            .keep(run_id, queue, list, id, life_ms)
            .await
            .map_err(broken)?;
        let left_alone = |message: &str| {
            Err(JobFault::Moved(
                ApiError::new(ErrorCode::Invalid, message).on("jobId"),
            ))
        };
        match kept {
            Kept::Kept => {}
            Kept::Moved => return left_alone("it is not where it was"),
            Kept::Flow => return left_alone("it is part of a flow; remove it by itself"),
            Kept::Scheduler => return left_alone("it is a scheduler's next run"),
            Kept::Full => {
                let message =
                    "the jobs are larger than they were: their copies do not fit any more";
                return Err(JobFault::Broken(ApiError::new(
                    ErrorCode::TooLarge,
                    message,
                )));
            }
        }
        let removed = self.actions().remove(queue, id).await;
        if removed.is_err() && pledge.undo {
            // Whether it was removed may be unknown: then the copy stays.
            let there = self.reader().whereabouts(queue, id).await.map_err(broken)?;
            if there.is_some() {
                self.reader()
                    .drop_last_copy(run_id, queue)
                    .await
                    .map_err(broken)?;
            }
        }
        Ok(removed?)
    }
}

fn told(error: &ApiError) -> String {
    match &error.detail {
        Some(detail) if !detail.is_empty() => format!("{}: {detail}", error.message),
        _ => error.message.clone(),
    }
}
