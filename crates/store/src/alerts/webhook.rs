//! The webhook, and what waits to be told to it.

use redis::AsyncCommands as _;

use super::{AlertStore, DELIVERIES, REVISION, WEBHOOK, scripts};
use crate::error::StoreError;

impl AlertStore {
    /// Sets or removes the webhook; what was waiting for it is given up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_webhook(&self, url: Option<&str>) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        pipeline
            .atomic()
            .del(WEBHOOK)
            .ignore()
            .del(DELIVERIES)
            .ignore();
        if let Some(url) = url {
            pipeline.hset(WEBHOOK, "url", url).ignore();
        }
        pipeline
            .incr(REVISION, 1)
            .ignore()
            .exec_async(&mut self.link.write())
            .await
            .map_err(StoreError::redis("set the webhook of the alerts"))
    }

    /// Notes how the last attempt at the webhook ended, if it is still the same one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn webhook_said(
        &self,
        url: &str,
        delivered_at_ms: Option<u64>,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut call = scripts::WEBHOOK_SAID.key(WEBHOOK);
        call.key(REVISION)
            .arg(url)
            .arg(delivered_at_ms.map(|at| at.to_string()).unwrap_or_default())
            .arg(error.unwrap_or_default());
        let noted: Result<u8, _> = call.invoke_async(&mut self.link.write()).await;
        noted
            .map(drop)
            .map_err(StoreError::redis("note what the webhook said"))
    }

    /// Returns the oldest delivery that waits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn next_delivery(&self) -> Result<Option<String>, StoreError> {
        self.link
            .query()
            .lindex(DELIVERIES, 0)
            .await
            .map_err(StoreError::redis("read what is to be told"))
    }

    /// Takes a delivery off the list, delivered or given up.
    ///
    /// # Errors
    /// [`StoreError`]; then it is delivered once more.
    pub async fn delivery_done(&self, delivery: &str) -> Result<(), StoreError> {
        let mut connection = self.link.write();
        let removed: Result<u64, _> = connection.lrem(DELIVERIES, 1, delivery).await;
        removed
            .map(drop)
            .map_err(StoreError::redis("note what was told"))
    }
}
