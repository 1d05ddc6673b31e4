//! Who may do what in one graph: its owner, grants to people, and a grant to everyone.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

use crate::access::Role;
use crate::ids::UserId;

/// What somebody may do in a graph; each role includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum GraphRole {
    /// Not even know its content.
    None,
    /// Read it, and be seen in it.
    View,
    /// Write the `data` keys `comment` and `comments` of its entities.
    Comment,
    /// Change it.
    Edit,
    /// Share it, name it, choose its conflict policy, delete it.
    Admin,
}

impl GraphRole {
    /// Every role, the least trusted first.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::View,
        Self::Comment,
        Self::Edit,
        Self::Admin,
    ];

    /// Returns the role's name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::View => "view",
            Self::Comment => "comment",
            Self::Edit => "edit",
            Self::Admin => "admin",
        }
    }

    /// Reads a role's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// Whom a grant is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub enum Grantee {
    /// Everyone who has no grant of their own; written `*`.
    Everyone,
    /// One user.
    User(UserId),
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("*"),
            Self::User(user) => f.write_str(user.as_str()),
        }
    }
}

impl Serialize for Grantee {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grantee {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        if text == "*" {
            return Ok(Self::Everyone);
        }
        UserId::new(&text)
            .map(Self::User)
            .map_err(serde::de::Error::custom)
    }
}

/// The grants of a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(as = "BTreeMap<String, GraphRole>")]
pub struct Grants(pub BTreeMap<Grantee, GraphRole>);

impl Grants {
    /// The most grants of a graph.
    pub const COUNT_MAX: usize = 1000;
    /// What everyone may do in a graph that says nothing.
    pub const DEFAULT: GraphRole = GraphRole::Edit;

    /// Returns what a user may do, owners and operators aside.
    #[must_use]
    pub fn of(&self, user: &UserId) -> GraphRole {
        self.0
            .get(&Grantee::User(user.clone()))
            .or_else(|| self.0.get(&Grantee::Everyone))
            .copied()
            .unwrap_or(Self::DEFAULT)
    }
}

/// Says what a bearer of a token may do in a graph.
///
/// The owner, operators and admins may do everything; a viewer's token never more than look.
#[must_use]
pub fn access(owner: &UserId, grants: &Grants, user: &UserId, role: Role) -> GraphRole {
    let granted = if role >= Role::Operator || user == owner {
        GraphRole::Admin
    } else {
        grants.of(user)
    };
    match role {
        Role::Viewer => granted.min(GraphRole::View),
        Role::Editor | Role::Operator | Role::Admin => granted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_of_ones_own_beats_that_of_everyone() {
        let user = |name: &str| UserId::new(name).unwrap();
        let grants: Grants =
            serde_json::from_str(r#"{"*":"none","bea":"comment","cid":"edit"}"#).unwrap();
        let of = |name: &str, role| access(&user("ada"), &grants, &user(name), role);
        assert_eq!(of("ada", Role::Editor), GraphRole::Admin);
        assert_eq!(of("ada", Role::Viewer), GraphRole::View);
        assert_eq!(of("bea", Role::Editor), GraphRole::Comment);
        assert_eq!(of("cid", Role::Viewer), GraphRole::View);
        assert_eq!(of("dan", Role::Editor), GraphRole::None);
        assert_eq!(of("dan", Role::Operator), GraphRole::Admin);
        let open = access(&user("ada"), &Grants::default(), &user("dan"), Role::Editor);
        assert_eq!(open, GraphRole::Edit);
    }
}
