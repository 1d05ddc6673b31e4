//! What the server would refuse at its door, refused before it is counted.

use graphy_model::execute::least_role;
use graphy_model::{Action, Command, Envelope, GraphRole, Limits, RejectCode, Rejection, Role};

/// Room for what the session adds to an envelope: client, seq and an epoch.
const ADDED_BYTES_MAX: usize = 512;

pub(super) fn check_role(command: &Command, role: Option<Role>) -> Result<(), Rejection> {
    let action = match command {
        Command::UpdateViewport(_) => Action::ReadGraph,
        Command::CreateNode(_)
        | Command::UpdateNode(_)
        | Command::DeleteNode(_)
        | Command::CreateEdge(_)
        | Command::UpdateEdge(_)
        | Command::DeleteEdge(_)
        | Command::BatchUpdate(_)
        | Command::DeleteGraph(_)
        | Command::ResolveConflict(_)
        | Command::Undo(_)
        | Command::Redo(_)
        | Command::RestoreVersion(_)
        | Command::UpdatePermissions(_)
        | Command::UpdateGraph(_) => Action::EditGraph,
    };
    match role {
        Some(role) if !role.allows(action) => {
            let (kind, role) = (command.command_type().as_str(), role.as_str());
            let message = format!("the role {role} does not allow {kind}");
            Err(Rejection::new(RejectCode::Forbidden, message))
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn check_weight(envelope: &Envelope, limits: &Limits) -> Result<(), Rejection> {
    let bytes = serde_json::to_string(envelope).map_or(usize::MAX, |text| text.len());
    if bytes.saturating_add(ADDED_BYTES_MAX) > limits.command_bytes_max {
        let message = format!(
            "the command has {bytes} bytes, at most {} fit",
            limits.command_bytes_max
        );
        return Err(Rejection::new(RejectCode::TooLarge, message));
    }
    Ok(())
}

/// Refuses what the bearer may not do in this graph; the server decides again.
pub(super) fn check_access(command: &Command, access: Option<GraphRole>) -> Result<(), Rejection> {
    let needs = least_role(command);
    match access {
        Some(access) if access < needs => {
            let (has, needs) = (access.as_str(), needs.as_str());
            let message = format!("this needs the role {needs} in the graph, you have {has}");
            Err(Rejection::new(RejectCode::Forbidden, message))
        }
        Some(_) | None => Ok(()),
    }
}
