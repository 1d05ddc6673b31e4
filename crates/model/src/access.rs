//! Who may do what: the roles of tokens and the actions they allow.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a token's bearer is trusted with; each role includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads graphs.
    Viewer,
    /// Changes graphs.
    Editor,
    /// Watches and steers the deployment.
    Operator,
    /// Gives and takes access.
    Admin,
}

impl Role {
    /// Every role, the least trusted first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Editor, Self::Operator, Self::Admin];

    /// Returns the role's name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Says whether the role allows an action.
    #[must_use]
    pub fn allows(self, action: Action) -> bool {
        self >= action.least_role()
    }
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| {
                format!("{text:?} is no role; roles are viewer, editor, operator, admin")
            })
    }
}

/// Something that needs a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read and subscribe to graphs.
    ReadGraph,
    /// Send commands.
    EditGraph,
    /// Make a graph, also by import.
    CreateGraph,
    /// Ask for a graph's deletion; who may is decided in the graph.
    DeleteGraph,
    /// See how the deployment fares.
    ReadSystem,
    /// Change how the deployment runs: its queues, alerts, reports.
    OperateSystem,
    /// Make, list and revoke tokens.
    ManageTokens,
}

impl Action {
    /// Returns the least trusted role that may do it.
    #[must_use]
    pub fn least_role(self) -> Role {
        match self {
            Self::ReadGraph => Role::Viewer,
            Self::EditGraph | Self::CreateGraph | Self::DeleteGraph => Role::Editor,
            Self::ReadSystem | Self::OperateSystem => Role::Operator,
            Self::ManageTokens => Role::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_allows_what_the_lesser_ones_do() {
        for pair in Role::ALL.windows(2) {
            for action in [Action::ReadGraph, Action::EditGraph, Action::ReadSystem] {
                assert!(!pair[0].allows(action) || pair[1].allows(action));
            }
        }
        assert!(!Role::Viewer.allows(Action::EditGraph));
        assert!(!Role::Operator.allows(Action::ManageTokens));
    }
}
