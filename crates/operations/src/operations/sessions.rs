//! Who is connected.

use graphy_model::{Action, GraphRole};
use graphy_protocol::ApiError;
use graphy_protocol::presence::{SessionList, SessionRow, SessionsRequest};
use graphy_store::SessionRecord;
use graphy_store::sessions::SessionScope;

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
