//! What operators do to schedulers.

use bullmq::job_scheduler::{RepeatOptions, next_cron_millis};
use graphy_store::bullmq::{QueueName, StoredScheduler};

use super::{ActionError, QueueActions};
use crate::error::EngineError;

impl QueueActions {
    /// Removes a scheduler and the job of its next run.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn remove_scheduler(&self, queue: &QueueName, id: &str) -> Result<(), ActionError> {
        let removed = self.open(queue).await?.remove_job_scheduler(id).await;
        if removed.map_err(EngineError::queue("remove a scheduler"))? {
            return Ok(());
        }
        Err(ActionError::NotFound {
            what: "scheduler",
            id: id.to_owned(),
            queue: queue.clone(),
        })
    }

    /// Makes the job of a scheduler's next run anew, from the scheduler's own definition.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn repair_scheduler(
        &self,
        queue: &QueueName,
        stored: &StoredScheduler,
    ) -> Result<(), ActionError> {
        let unrepairable = |reason: String| ActionError::Unrepairable {
            id: stored.id.clone(),
            reason,
        };
        let Some(name) = &stored.name else {
            let reason = "its definition is gone; remove it and make it anew";
            return Err(unrepairable(reason.to_owned()));
        };
        let template = self.reader.scheduler_template(queue, &stored.id).await?;
        let data = template.0.and_then(|text| serde_json::from_str(&text).ok());
        let options = template.1.and_then(|text| serde_json::from_str(&text).ok());
        let repeat = RepeatOptions {
            pattern: stored.pattern.clone(),
            every: stored.every_ms,
            tz: stored.time_zone.clone(),
            limit: stored.limit,
            start_date: stored.start_at,
            end_date: stored.end_at,
            count: stored.runs.map(|runs| runs.saturating_sub(1)),
            ..RepeatOptions::default()
        };
        let made = self
            .open(queue)
            .await?
            .upsert_job_scheduler(&stored.id, repeat, Some(name), data, options)
            .await;
        match made {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(unrepairable("it has run as often as it may".to_owned())),
            Err(
                bullmq::Error::InvalidConfig(reason)
                | bullmq::Error::Script {
                    message: reason, ..
                },
            ) => Err(unrepairable(reason)),
            Err(error) => Err(EngineError::queue("repair a scheduler")(error).into()),
        }
    }
}

/// Returns the first run of a pattern after a moment, as the library counts; none if there is none
/// or the pattern is not one.
#[must_use]
pub fn next_run(pattern: &str, after_ms: u64, time_zone: Option<&str>) -> Option<u64> {
    next_cron_millis(pattern, after_ms, time_zone, None)
        .ok()
        .flatten()
}
