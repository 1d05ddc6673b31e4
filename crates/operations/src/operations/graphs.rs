//! Operations on whole graphs.

use std::time::Duration;

use graphy_engine::Submission;
use graphy_model::command::NoPayload;
use graphy_model::{
    Action, Command, Envelope, GraphId, GraphMeta, GraphRole, OperationId, Outcome,
};
use graphy_protocol::console::{ExportRequest, ExportedFile, GraphRef, OperationRef, VerifyReport};
use graphy_protocol::http::{CreateGraph, GraphList, GraphSummary};
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::graph::{GraphRow, Visibility};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::Operations;
use crate::caller::Caller;
use crate::export::{GraphContent, export};
use crate::fault::store_fault;
use crate::import::NAME_CHARS_MAX;

/// How long a deletion is waited for. If it takes longer, it still happens.
const DELETE_WAIT: Duration = Duration::from_secs(3);

impl Operations {
    /// `graphs.list`: all graphs, last changed first.
    ///
    /// # Errors
    /// `forbidden`, or that of the store.
    pub async fn graphs_list(&self, caller: &Caller) -> Result<GraphList, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let rows = self
            .inner
            .parts
            .store
            .list_for(&caller.user_id, caller.role)
            .await
            .map_err(|error| store_fault(&error))?;
        let mut graphs: Vec<GraphSummary> = rows.into_iter().map(summary).collect();
        graphs.sort_by(|a, b| {
            let (a, b) = (&a.meta, &b.meta);
            b.updated_at
                .cmp(&a.updated_at)
                .then_with(|| a.graph_id.cmp(&b.graph_id))
        });
        Ok(GraphList { graphs })
    }

    /// `graphs.create`: makes an empty graph.
    ///
    /// # Errors
    /// `forbidden`, `invalid`, `already_exists`, or that of the store.
    pub async fn graphs_create(
        &self,
        caller: &Caller,
        request: CreateGraph,
    ) -> Result<GraphMeta, ApiError> {
        caller.authorize(Action::CreateGraph)?;
        let name = checked_name(&request.name)?;
        let id = request.graph_id.unwrap_or_else(new_graph_id);
        let store = &self.inner.parts.store;
        let meta = store
            .create(
                &id,
                name,
                &caller.user_id,
                store.now_ms(),
                Visibility::Listed,
            )
            .await
            .map_err(|error| store_fault(&error))?;
        self.inner.overview.look_at_graphs();
        Ok(meta)
    }

    /// `graphs.delete`: deletes a graph by an ordinary command, and waits a moment for it.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, or why the command was refused.
    pub async fn graphs_delete(
        &self,
        caller: &Caller,
        request: GraphRef,
    ) -> Result<OperationRef, ApiError> {
        caller.authorize(Action::DeleteGraph)?;
        let GraphRef { graph_id } = request;
        self.require_graph(&graph_id).await?;
        let operation_id = OperationId(Uuid::now_v7());
        let envelope = Envelope {
            operation_id,
            graph_id: Some(graph_id.clone()),
            client_id: None,
            seq: None,
            command: Command::DeleteGraph(NoPayload {}),
            base_version: None,
            epoch: None,
            timestamp: None,
            replay_of: None,
        };
        let submission = Submission {
            origin: graphy_engine::Origin::Request,
            content: envelope.into(),
            user_id: caller.user_id.clone(),
            role: caller.role,
        };
        let intake = &self.inner.parts.intake;
        intake.submit(&graph_id, vec![submission]).await?;
        let outcome = intake.outcome(&graph_id, operation_id, DELETE_WAIT).await;
        self.inner.overview.look_at_graphs();
        match outcome {
            Ok(Some(Outcome::Rejected(rejection))) => Err(rejection.into()),
            // It is durable in the queue; whether it has happened yet shows in the list.
            Ok(_) | Err(_) => Ok(OperationRef { operation_id }),
        }
    }

    /// `graphs.export`: makes a file of a graph.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `too_large` for pictures, or that of the store.
    pub async fn graphs_export(
        &self,
        caller: &Caller,
        request: ExportRequest,
    ) -> Result<ExportedFile, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let graph = &request.graph_id;
        let meta = self.permitted(caller, graph, GraphRole::View).await?.meta;
        let content = self
            .inner
            .parts
            .replicas
            .read(&request.graph_id, GraphContent::of)
            .await
            .map_err(|error| store_fault(&error))?
            .ok_or_else(|| no_graph(&request.graph_id))?;
        let drawn = spawn_blocking(move || export(&meta.name, &content, request.format)).await;
        match drawn {
            Ok(file) => Ok(file?),
            Err(_) => Err(ApiError::new(ErrorCode::Internal, "the export failed")),
        }
    }

    /// `graph.verify`: recomputes a graph's checksum from what Redis holds.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, or that of the store.
    pub async fn graph_verify(
        &self,
        caller: &Caller,
        request: GraphRef,
    ) -> Result<VerifyReport, ApiError> {
        caller.authorize(Action::ReadGraph)?;
        let GraphRef { graph_id } = request;
        self.permitted(caller, &graph_id, GraphRole::View).await?;
        let found = self
            .inner
            .parts
            .store
            .verify(&graph_id)
            .await
            .map_err(|error| store_fault(&error))?;
        let Some(found) = found else {
            return Err(no_graph(&graph_id));
        };
        Ok(VerifyReport {
            graph_id,
            epoch: found.epoch,
            version: found.version,
            nodes: found.nodes,
            edges: found.edges,
            stored_checksum: found.stored,
            computed_checksum: found.computed,
            matches: found.stored == found.computed,
        })
    }

    pub(super) async fn require_graph(&self, id: &GraphId) -> Result<GraphMeta, ApiError> {
        let head = self
            .inner
            .parts
            .store
            .head(id)
            .await
            .map_err(|error| store_fault(&error))?;
        head.map(|head| head.meta).ok_or_else(|| no_graph(id))
    }
}

/// Checks what somebody wants to call a graph.
pub(super) fn checked_name(name: &str) -> Result<&str, ApiError> {
    let name = name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    let message = format!("a name has 1 to {NAME_CHARS_MAX} printable characters");
    Err(ApiError::new(ErrorCode::Invalid, message).on("name"))
}

fn new_graph_id() -> GraphId {
    GraphId::new(&Uuid::now_v7().simple().to_string()).expect("the digits of a UUID are an id")
}

pub(super) fn no_graph(id: &GraphId) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("there is no graph {id}")).on("graphId")
}

fn summary(row: GraphRow) -> GraphSummary {
    GraphSummary {
        meta: row.meta,
        version: row.version,
        nodes: row.nodes,
        edges: row.edges,
    }
}
