//! A graph's settings, and single commands that are waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use graphy_engine::{Origin, Submission};
use graphy_model::{Action, Envelope, Field, GraphId, GraphRole, OperationId, Outcome, Strategy};
use graphy_protocol::collaboration::{GraphSettings, GraphSettingsView, SendCommand, SentCommand};
use graphy_protocol::console::GraphRef;
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::Head;
use serde_json::json;
use uuid::Uuid;

use super::Operations;
use super::graphs::no_graph;
use crate::caller::Caller;
use crate::fault::store_fault;

/// How long a command's outcome is waited for. If it takes longer, it still happens.
const OUTCOME_WAIT: Duration = Duration::from_secs(10);

/// The fields whose default strategy the settings page shows.
const FIELDS: [&str; 9] = [
    "title", "position", "size", "parent", "progress", "kind", "data.*", "label", "weight",
];

impl Operations {
    /// `graph.settings`: who may do what in a graph, and how its conflicts are settled.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, or that of the store.
    pub async fn graph_settings(
        &self,
        caller: &Caller,
        request: GraphRef,
    ) -> Result<GraphSettingsView, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let GraphRef { graph_id } = request;
        let (head, access) = self.head_and_access(caller, &graph_id).await?;
        allow(&head, access, GraphRole::View)?;
        let grants = self.inner.parts.store.grants(&graph_id).await;
        let grants = grants.map_err(|error| store_fault(&error))?;
        let fields = FIELDS.iter().filter_map(|name| Field::parse(name));
        let defaults: BTreeMap<String, Strategy> = fields
            .map(|field| (field.to_string(), Strategy::default_of(&field)))
            .collect();
        Ok(GraphSettingsView {
            graph: head.meta,
            access,
            settings: GraphSettings {
                policy: head.policy,
                grants: grants.0,
            },
            defaults,
        })
    }

    /// `commands.send`: sends one command and waits for its outcome.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `not_found`, `timeout` if the outcome is not known within ten
    /// seconds, or that of the queue. A command that was decided and refused is an answer, not an
    /// error.
    pub async fn commands_send(
        &self,
        caller: &Caller,
        request: SendCommand,
    ) -> Result<SentCommand, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let (head, access) = self.head_and_access(caller, &request.graph_id).await?;
        allow(&head, access, GraphRole::View)?;
        let envelope = Envelope::from_value(json!({
            "operationId": Uuid::now_v7(),
            "type": request.command_type,
            "payload": request.payload,
        }))?;
        let operation_id = envelope.operation_id;
        let outcome = self.carry_out(caller, &request.graph_id, envelope).await?;
        Ok(SentCommand {
            operation_id,
            outcome,
        })
    }

    /// Hands a command in and waits for its outcome.
    pub(super) async fn carry_out(
        &self,
        caller: &Caller,
        graph: &GraphId,
        envelope: Envelope,
    ) -> Result<Outcome, ApiError> {
        let operation_id = envelope.operation_id;
        let submission = Submission {
            origin: Origin::Request,
            content: envelope.into(),
            user_id: caller.user_id.clone(),
            role: caller.role,
        };
        let intake = &self.inner.parts.intake;
        intake.submit(graph, vec![submission]).await?;
        self.outcome_of(graph, operation_id).await
    }

    pub(super) async fn outcome_of(
        &self,
        graph: &GraphId,
        operation_id: OperationId,
    ) -> Result<Outcome, ApiError> {
        let intake = &self.inner.parts.intake;
        let outcome = intake.outcome(graph, operation_id, OUTCOME_WAIT).await;
        outcome
            .map_err(|error| store_fault(&error))?
            .ok_or_else(|| {
                let message =
                    format!("operation {operation_id} is in the queue but has no outcome yet");
                ApiError::new(ErrorCode::Timeout, message)
            })
    }

    /// Returns where a graph stands, if the caller has at least a role in it.
    pub(super) async fn permitted(
        &self,
        caller: &Caller,
        graph: &GraphId,
        least: GraphRole,
    ) -> Result<Head, ApiError> {
        let (head, access) = self.head_and_access(caller, graph).await?;
        allow(&head, access, least)?;
        Ok(head)
    }

    pub(super) async fn head_and_access(
        &self,
        caller: &Caller,
        graph: &GraphId,
    ) -> Result<(Head, GraphRole), ApiError> {
        let store = &self.inner.parts.store;
        let found = store.access(graph, &caller.user_id, caller.role).await;
        found
            .map_err(|error| store_fault(&error))?
            .ok_or_else(|| no_graph(graph))
    }
}

fn allow(head: &Head, has: GraphRole, least: GraphRole) -> Result<(), ApiError> {
    if has >= least {
        return Ok(());
    }
    let (graph, has, least) = (&head.meta.graph_id, has.as_str(), least.as_str());
    let message = format!("this needs the role {least} in graph {graph}, the caller has {has}");
    Err(ApiError::new(ErrorCode::Forbidden, message))
}
