//! Decides whether the author may do it in this graph.

use super::Draft;
use crate::access::Role;
use crate::command::Command;
use crate::outcome::{RejectCode, Rejection};
use crate::patch::Field;
use crate::sharing::GraphRole;

impl Draft<'_> {
    pub(super) fn check_right(&self, command: &Command) -> Result<(), Rejection> {
        let Some(user) = &self.author.user else {
            return Ok(());
        };
        let role = self.author.role.unwrap_or(Role::Editor);
        let has = self.graph.settings().access(user, role);
        let needs = least_role(command);
        if has >= needs {
            return Ok(());
        }
        let (has, needs) = (has.as_str(), needs.as_str());
        let message = format!("this needs the role {needs} in the graph, {user} has {has}");
        Err(Rejection::new(RejectCode::Forbidden, message))
    }
}

/// Returns the least trusted role in a graph that may send a command.
#[must_use]
pub fn least_role(command: &Command) -> GraphRole {
    match command {
        Command::UpdateViewport(_) => GraphRole::View,
        Command::UpdateNode(update) if comments(&update.patch.fields()) => GraphRole::Comment,
        Command::UpdateEdge(update) if comments(&update.patch.fields()) => GraphRole::Comment,
        Command::DeleteGraph(_) | Command::UpdatePermissions(_) | Command::UpdateGraph(_) => {
            GraphRole::Admin
        }
        Command::BatchUpdate(batch) => batch
            .operations
            .iter()
            .map(least_role)
            .max()
            .unwrap_or(GraphRole::Edit),
        Command::CreateNode(_)
        | Command::UpdateNode(_)
        | Command::DeleteNode(_)
        | Command::CreateEdge(_)
        | Command::UpdateEdge(_)
        | Command::DeleteEdge(_)
        | Command::ResolveConflict(_)
        | Command::Undo(_)
        | Command::Redo(_)
        | Command::RestoreVersion(_) => GraphRole::Edit,
    }
}

/// Says whether a patch writes comments and nothing else.
fn comments(fields: &[Field]) -> bool {
    fields
        .iter()
        .all(|field| matches!(field, Field::Data(key) if key == "comment" || key == "comments"))
}
