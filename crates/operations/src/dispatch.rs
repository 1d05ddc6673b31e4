//! The one table of operations: name, what it takes to call it, and what it calls.

use std::future::Future;
use std::pin::Pin;

use graphy_model::envelope::{clip, decode};
use graphy_model::{Action, Role};
use graphy_protocol::{ApiError, ErrorCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::audit;
use crate::caller::Caller;
use crate::operations::Operations;

type Answer = Pin<Box<dyn Future<Output = Result<Value, ApiError>> + Send>>;

/// One line of the table of operations.
pub struct OperationEntry {
    /// `area.verb`.
    pub name: &'static str,
    /// The least trusted role that may call it.
    pub least_role: Role,
    /// What it does to the deployment.
    pub effect: Effect,
    action: Action,
    handler: fn(Operations, Caller, Value) -> Answer,
}

/// What an operation does to the deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing that outlives the answer.
    Reads,
    /// It changes graphs or access, which have histories of their own.
    Changes,
    /// It changes how the deployment runs; it is written into the audit log.
    Operates,
}

/// What operations without parameters take.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

macro_rules! table {
    ($($name:literal, $action:ident, $effect:ident, $function:ident $(($payload:tt))?;)*) => {
        &[$(OperationEntry {
            name: $name,
            least_role: least_role(Action::$action),
            effect: Effect::$effect,
            action: Action::$action,
            handler: |operations, caller, payload| Box::pin(async move {
                table!(@call operations, caller, payload, $function $(($payload))?)
            }),
        }),*]
    };
    (@call $operations:ident, $caller:ident, $payload:ident, $function:ident (payload)) => {
        answer($operations.$function(&$caller, read($payload)?).await?)
    };
    (@call $operations:ident, $caller:ident, $payload:ident, $function:ident) => {{
        let Nothing {} = read($payload)?;
        answer($operations.$function(&$caller).await?)
    }};
}

/// All operations that can be called by name.
pub const OPERATIONS: &[OperationEntry] = table! {
    "graphs.list", ReadGraph, Reads, graphs_list;
    "graphs.create", CreateGraph, Changes, graphs_create (payload);
    "graphs.delete", DeleteGraph, Changes, graphs_delete (payload);
    "graphs.import", CreateGraph, Changes, graphs_import (payload);
    "imports.cancel", CreateGraph, Changes, imports_cancel (payload);
    "graphs.export", ReadGraph, Reads, graphs_export (payload);
    "graphs.resync", OperateSystem, Operates, graphs_resync (payload);
    "graph.verify", ReadGraph, Reads, graph_verify (payload);
    "graph.settings", ReadGraph, Reads, graph_settings (payload);
    "graph.progress", ReadGraph, Reads, graph_progress (payload);
    "snapshots.list", ReadGraph, Reads, snapshots_list (payload);
    "snapshots.make", EditGraph, Changes, snapshots_make (payload);
    "snapshots.export", ReadGraph, Reads, snapshots_export (payload);
    "history.list", ReadGraph, Reads, history_list (payload);
    "conflicts.list", ReadGraph, Reads, conflicts_list (payload);
    "conflicts.rate", ReadGraph, Reads, conflicts_rate (payload);
    "conflicts.resolve", EditGraph, Changes, conflicts_resolve (payload);
    "conflicts.settle", EditGraph, Changes, conflicts_settle (payload);
    "commands.send", ReadGraph, Changes, commands_send (payload);
    "sessions.list", ReadGraph, Reads, sessions_list (payload);
    "series.list", ReadSystem, Reads, series_list;
    "series.range", ReadSystem, Reads, series_range (payload);
    "alerts.list", ReadSystem, Reads, alerts_list;
    "alerts.save", OperateSystem, Operates, alerts_save (payload);
    "alerts.remove", OperateSystem, Operates, alerts_remove (payload);
    "alerts.acknowledge", OperateSystem, Operates, alerts_acknowledge (payload);
    "alerts.snooze", OperateSystem, Operates, alerts_snooze (payload);
    "alerts.set_webhook", OperateSystem, Operates, alerts_set_webhook (payload);
    "alerts.test_webhook", OperateSystem, Operates, alerts_test_webhook;
    "overview.get", ReadSystem, Reads, overview_get;
    "health.check", ReadSystem, Reads, health_check;
    "reports.targets", ReadSystem, Reads, reports_targets (payload);
    "reports.performance", ReadSystem, Reads, reports_performance (payload);
    "reports.enter", OperateSystem, Operates, reports_enter (payload);
    "metrics.get", ReadSystem, Reads, metrics_get;
    "system.info", ReadGraph, Reads, system_info;
    "system.redis", ReadSystem, Reads, system_redis;
    "system.memory", ReadSystem, Reads, system_memory;
    "system.nodes", ReadSystem, Reads, system_nodes;
    "system.logs", ReadSystem, Reads, system_logs (payload);
    "system.preview_diagnostics", ReadSystem, Reads, system_preview_diagnostics;
    "system.save_diagnostics", ReadSystem, Reads, system_save_diagnostics (payload);
    "audit.list", ReadSystem, Reads, audit_list (payload);
    "tokens.create", ManageTokens, Changes, tokens_create (payload);
    "tokens.list", ManageTokens, Reads, tokens_list;
    "tokens.revoke", ManageTokens, Changes, tokens_revoke (payload);
    "queues.list", ReadSystem, Reads, queues_list;
    "queues.get", ReadSystem, Reads, queues_get (payload);
    "queues.jobs", ReadSystem, Reads, queues_jobs (payload);
    "queues.job", ReadSystem, Reads, queues_job (payload);
    "queues.job_text", ReadSystem, Reads, queues_job_text (payload);
    "queues.schedulers", ReadSystem, Reads, queues_schedulers (payload);
    "queues.dead_letters", ReadSystem, Reads, queues_dead_letters (payload);
    "queues.retry_job", OperateSystem, Operates, queues_retry_job (payload);
    "queues.promote_job", OperateSystem, Operates, queues_promote_job (payload);
    "queues.remove_job", OperateSystem, Operates, queues_remove_job (payload);
    "queues.edit_job", OperateSystem, Operates, queues_edit_job (payload);
    "queues.add_job", OperateSystem, Operates, queues_add_job (payload);
    "queues.preview", OperateSystem, Reads, queues_preview (payload);
    "queues.run", OperateSystem, Operates, queues_run (payload);
    "queues.runs", ReadSystem, Reads, queues_runs;
    "queues.run_status", ReadSystem, Reads, queues_run_status (payload);
    "queues.run_stop", OperateSystem, Operates, queues_run_stop (payload);
    "queues.run_undo", OperateSystem, Operates, queues_run_undo (payload);
    "queues.pause", OperateSystem, Operates, queues_pause (payload);
    "queues.resume", OperateSystem, Operates, queues_resume (payload);
    "queues.configure", OperateSystem, Operates, queues_configure (payload);
    "queues.repair_scheduler", OperateSystem, Operates, queues_repair_scheduler (payload);
    "queues.remove_scheduler", OperateSystem, Operates, queues_remove_scheduler (payload);
};

/// Changes that are audited too: who may come in, and what cannot be brought back.
const AUDITED_CHANGES: [&str; 3] = ["graphs.delete", "tokens.create", "tokens.revoke"];

/// The same as [`Action::least_role`], which is not `const`; a test holds them together.
const fn least_role(action: Action) -> Role {
    match action {
        Action::ReadGraph => Role::Viewer,
        Action::EditGraph | Action::CreateGraph | Action::DeleteGraph => Role::Editor,
        Action::ReadSystem | Action::OperateSystem => Role::Operator,
        Action::ManageTokens => Role::Admin,
    }
}

impl Operations {
    /// Calls an operation by its name. A payload of `null` is as good as an empty object.
    ///
    /// # Errors
    /// `not_found` for an unknown name, `forbidden`, `invalid` with the payload's field at fault,
    /// and those of the operation. All carry the caller's trace id.
    pub async fn dispatch(
        &self,
        caller: &Caller,
        name: &str,
        payload: Value,
    ) -> Result<Value, ApiError> {
        let traced = |error: ApiError| error.traced(caller.trace_id.as_str());
        let Some(entry) = OPERATIONS.iter().find(|entry| entry.name == name) else {
            let message = format!("there is no operation {:?}", clip(name));
            return Err(traced(ApiError::new(ErrorCode::NotFound, message)));
        };
        // Before the payload is looked at, so that who may not call learns nothing about it.
        let allowed = caller.authorize(entry.action).and_then(|()| {
            if entry.effect == Effect::Reads {
                return Ok(());
            }
            self.require_writable().map_err(traced)
        });
        if let Err(error) = allowed {
            // Not in the audit log: nothing was begun.
            let (user, trace_id) = (&caller.user_id, &caller.trace_id);
            tracing::info!(%user, operation = name, trace_id, reason = %error.message, "refused");
            return Err(error);
        }
        let payload = if payload.is_null() {
            Value::Object(Map::new())
        } else {
            payload
        };
        if !entry.is_audited() {
            let answer = (entry.handler)(self.clone(), caller.clone(), payload).await;
            return answer.map_err(traced);
        }
        let told = self.told_to_audit(name, &payload).await;
        let action = (entry.handler)(self.clone(), caller.clone(), payload);
        audit::carried_out(&self.inner.parts.audit, caller, name, &told, action)
            .await
            .map_err(traced)
    }
}

impl Operations {
    /// Returns what the audit log learns of a call: its payload, or what that stands for.
    async fn told_to_audit(&self, name: &str, payload: &Value) -> Value {
        let confirmation = payload.get("confirmation").and_then(Value::as_str);
        let pledged = match confirmation {
            Some(confirmation) if name == "queues.run" => self.queues().pledged(confirmation).await,
            _ => None,
        };
        pledged.unwrap_or_else(|| payload.clone())
    }
}

/// Says whether an operation only looks at how the deployment runs.
#[must_use]
pub fn looks_at_the_system(name: &str) -> bool {
    let found = OPERATIONS.iter().find(|entry| entry.name == name);
    found.is_some_and(|entry| {
        entry.effect == Effect::Reads
            && (entry.action == Action::ReadSystem || entry.name == "system.info")
    })
}

impl OperationEntry {
    /// Says whether each call is written into the audit log.
    #[must_use]
    pub fn is_audited(&self) -> bool {
        self.effect == Effect::Operates || AUDITED_CHANGES.contains(&self.name)
    }
}

fn read<T: DeserializeOwned>(payload: Value) -> Result<T, ApiError> {
    if !payload.is_object() {
        return Err(ApiError::new(
            ErrorCode::Invalid,
            "the payload must be a JSON object",
        ));
    }
    Ok(decode(payload, "")?)
}

fn answer<T: Serialize>(result: T) -> Result<Value, ApiError> {
    match serde_json::to_value(result) {
        // An operation without a result answers with an empty object.
        Ok(Value::Null) => Ok(Value::Object(Map::new())),
        Ok(value) => Ok(value),
        Err(_) => Err(ApiError::new(
            ErrorCode::Internal,
            "the answer cannot be written",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        let mut names: Vec<&str> = OPERATIONS.iter().map(|entry| entry.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATIONS.len());
        for name in AUDITED_CHANGES {
            assert!(names.contains(&name), "{name}");
        }
        for entry in OPERATIONS {
            assert_eq!(
                entry.least_role,
                entry.action.least_role(),
                "{}",
                entry.name
            );
            assert!(entry.name.split_once('.').is_some_and(|(area, verb)| {
                !area.is_empty() && !verb.is_empty() && !verb.contains('.')
            }));
        }
    }
}
