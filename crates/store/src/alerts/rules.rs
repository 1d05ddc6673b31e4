//! What people write: rules, acknowledgements and snoozes.

use super::{ACKNOWLEDGED, AlertStore, REVISION, RULES, SNOOZES, scripts};
use crate::error::StoreError;

impl AlertStore {
    /// Keeps a rule, unless there are `rules_max` others; says whether it was kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn save_rule(
        &self,
        rule: &str,
        text: &str,
        rules_max: usize,
    ) -> Result<bool, StoreError> {
        let mut call = scripts::SAVE_RULE.key(RULES);
        call.key(REVISION).arg(rule).arg(text).arg(rules_max);
        let kept: Result<u8, _> = call.invoke_async(&mut self.link.write()).await;
        kept.map(|kept| kept == 1)
            .map_err(StoreError::redis("keep an alert rule"))
    }

    /// Removes a rule and its snooze; says whether it was there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_rule(&self, rule: &str) -> Result<bool, StoreError> {
        let removed: Result<(u8, u8, u64), _> = redis::pipe()
            .atomic()
            .hdel(RULES, rule)
            .hdel(SNOOZES, rule)
            .incr(REVISION, 1)
            .query_async(&mut self.link.write())
            .await;
        removed
            .map(|(rules, _, _)| rules == 1)
            .map_err(StoreError::redis("remove an alert rule"))
    }

    /// Notes who looks after an event. The events of 1000 rules ago are forgotten with it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn acknowledge(&self, event: u64, user: &str) -> Result<(), StoreError> {
        redis::pipe()
            .atomic()
            .hset(ACKNOWLEDGED, event, user)
            .ignore()
            .incr(REVISION, 1)
            .ignore()
            .exec_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("acknowledge an alert"))
    }

    /// Snoozes a rule until a moment, or ends its snooze.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn snooze(&self, rule: &str, until_ms: Option<u64>) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        match until_ms {
            Some(until) => pipeline.hset(SNOOZES, rule, until).ignore(),
            None => pipeline.hdel(SNOOZES, rule).ignore(),
        };
        pipeline
            .incr(REVISION, 1)
            .ignore()
            .exec_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("snooze an alert"))
    }
}
