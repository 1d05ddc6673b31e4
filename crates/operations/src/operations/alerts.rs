//! Operations on alerts.

use graphy_model::Action;
use graphy_protocol::ApiError;
use graphy_protocol::alerts::{
    AlertList, AlertRef, AlertRule, AlertStatus, SetWebhook, SnoozeAlert, Webhook,
};

use super::Operations;
use crate::caller::Caller;

impl Operations {
    /// `alerts.list`: the rules, where they stand, and what fired lately.
    ///
    /// # Errors
    /// `forbidden`, or that of the store.
    pub async fn alerts_list(&self, caller: &Caller) -> Result<AlertList, ApiError> {
        caller.authorize(Action::ReadSystem)?;
        self.inner.alerts.list().await
    }

    /// `alerts.save`: makes or changes a rule.
    ///
    /// # Errors
    /// `forbidden`; `invalid` with the field at fault; or that of the store.
    pub async fn alerts_save(
        &self,
        caller: &Caller,
        rule: AlertRule,
    ) -> Result<AlertStatus, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        self.inner.alerts.save(rule).await
    }

    /// `alerts.remove`: removes a rule; one that Graphy brings is as it was brought again.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, or that of the store.
    pub async fn alerts_remove(&self, caller: &Caller, request: AlertRef) -> Result<(), ApiError> {
        caller.authorize(Action::OperateSystem)?;
        self.inner.alerts.remove(&request.rule_id).await
    }

    /// `alerts.acknowledge`: says that the caller looks after a rule that fires; nobody is told of
    /// it until it fires again.
    ///
    /// # Errors
    /// `forbidden`; `not_found`; `invalid` if it does not fire; or that of the store.
    pub async fn alerts_acknowledge(
        &self,
        caller: &Caller,
        request: AlertRef,
    ) -> Result<AlertStatus, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let user = &caller.user_id;
        self.inner.alerts.acknowledge(&request.rule_id, user).await
    }

    /// `alerts.snooze`: has nobody be told of a rule for a while.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid`, or that of the store.
    pub async fn alerts_snooze(
        &self,
        caller: &Caller,
        request: SnoozeAlert,
    ) -> Result<AlertStatus, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let SnoozeAlert { rule_id, minutes } = request;
        self.inner.alerts.snooze(&rule_id, minutes).await
    }

    /// `alerts.set_webhook`: sets or removes where alerts are sent.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, or that of the store.
    pub async fn alerts_set_webhook(
        &self,
        caller: &Caller,
        request: SetWebhook,
    ) -> Result<(), ApiError> {
        caller.authorize(Action::OperateSystem)?;
        self.inner.alerts.set_webhook(request.url.as_deref()).await
    }

    /// `alerts.test_webhook`: sends a test and says how it went.
    ///
    /// # Errors
    /// `forbidden`; `not_found` if there is none; or that of the store.
    pub async fn alerts_test_webhook(&self, caller: &Caller) -> Result<Webhook, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        self.inner.alerts.test_webhook().await
    }
}
