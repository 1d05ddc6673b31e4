//! Who is connected, and bringing them to the present.

use graphy_engine::{OfClient, OfGraph, SyncJob};
use graphy_model::{Action, ClientId, GraphId, GraphRole};
use graphy_protocol::presence::{ResyncGraph, SessionList, SessionRow, SessionsRequest};
use graphy_protocol::queues::AddedJob;
use graphy_protocol::{ApiError, ErrorCode};
use graphy_store::SessionRecord;
use graphy_store::sessions::{LISTED_SESSIONS_MAX, SessionScope};

use super::Operations;
use crate::caller::Caller;
use crate::fault::store_fault;

impl Operations {
    /// `sessions.list`: who is connected to a graph, or to all of them, on whichever node.
    ///
    /// # Errors
    /// `forbidden`: those of one graph are for who may see the graph, those of all for operators;
    /// `not_found`; or that of the store.
    pub async fn sessions_list(
        &self,
        caller: &Caller,
        request: SessionsRequest,
    ) -> Result<SessionList, ApiError> {
        let scope = if let Some(graph) = request.graph_id {
            caller.authorize(Action::ReadGraph)?;
            self.permitted(caller, &graph, GraphRole::View).await?;
            SessionScope::Graph(graph)
        } else {
            caller.authorize(Action::ReadSystem)?;
            SessionScope::All
        };
        let listed = self.inner.parts.sessions.list(&scope).await;
        let sessions = listed.map_err(|error| store_fault(&error))?;
        Ok(SessionList {
            sessions: sessions.into_iter().map(row).collect(),
        })
    }

    /// `graphs.resync`: has one client of a graph sent what it lacks and the checksum, or all nodes
    /// compare themselves with the graph's history, by a job that survives this node.
    ///
    /// # Errors
    /// `forbidden`; `not_found` for the graph, or for a client that does not have it open;
    /// `unavailable` when the queue cannot be reached; or that of the store.
    pub async fn graphs_resync(
        &self,
        caller: &Caller,
        request: ResyncGraph,
    ) -> Result<AddedJob, ApiError> {
        caller.authorize(Action::OperateSystem)?;
        let ResyncGraph {
            graph_id,
            client_id,
        } = request;
        self.require_graph(&graph_id).await?;
        let job = match client_id {
            Some(client_id) => {
                self.require_client(&graph_id, &client_id).await?;
                SyncJob::SyncClient(OfClient {
                    graph_id,
                    client_id,
                })
            }
            None => SyncJob::BroadcastUpdate(OfGraph { graph_id }),
        };
        let added = self.inner.parts.intake.queues().sync(&job).await;
        let job_id = added.map_err(|error| {
            tracing::warn!(%error, "a graph was not asked to be brought to the present");
            let message = "the queue sync-operations cannot be reached";
            ApiError::new(ErrorCode::Unavailable, message).with_detail(error.to_string())
        })?;
        Ok(AddedJob { job_id })
    }

    /// Checks that a client has a graph open, as far as that can be seen.
    async fn require_client(&self, graph: &GraphId, client: &ClientId) -> Result<(), ApiError> {
        let scope = SessionScope::Graph(graph.clone());
        let listed = self.inner.parts.sessions.list(&scope).await;
        let sessions = listed.map_err(|error| store_fault(&error))?;
        let is_there = sessions.iter().any(|session| session.client_id == *client);
        // Of a crowd only a part is listed; there the job finds the client or not.
        if is_there || sessions.len() >= LISTED_SESSIONS_MAX {
            return Ok(());
        }
        let message = format!("client {client} does not have graph {graph} open");
        Err(ApiError::new(ErrorCode::NotFound, message).on("clientId"))
    }
}

fn row(record: SessionRecord) -> SessionRow {
    SessionRow {
        session_id: record.session_id,
        graph_id: record.graph_id,
        client_id: record.client_id,
        user_id: record.user_id,
        name: record.name,
        node: record.node,
        joined_at: record.joined_at,
        last_activity: record.last_activity,
        client_version: record.client_version,
    }
}
