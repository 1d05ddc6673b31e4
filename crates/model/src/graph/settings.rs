//! What a graph holds besides nodes and edges: name, owner, policy, grants, open conflicts.

use std::collections::BTreeMap;

use super::{Graph, Prior, Undo};
use crate::access::Role;
use crate::conflict::{ConflictRecord, EntityKind};
use crate::ids::{ConflictId, UserId};
use crate::policy::Policy;
use crate::sharing::{Grantee, Grants, GraphRole, access};

/// What a graph holds besides nodes and edges; not part of the checksum.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// What people call it.
    pub name: String,
    /// Who made it; none where access is not decided, as in a client.
    pub owner: Option<UserId>,
    /// How conflicts are settled.
    pub policy: Policy,
    /// Who may do what.
    pub grants: Grants,
    /// The conflicts that wait for a person.
    pub conflicts: BTreeMap<ConflictId, ConflictRecord>,
}

impl Settings {
    /// Says what a bearer of a token may do here.
    #[must_use]
    pub fn access(&self, user: &UserId, role: Role) -> GraphRole {
        match &self.owner {
            None => GraphRole::Admin,
            Some(owner) => access(owner, &self.grants, user, role),
        }
    }
}

impl Graph {
    /// Returns what the graph holds besides nodes and edges.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes stored settings in while a replica is loaded.
    pub fn load_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Returns the open conflicts about an entity.
    pub fn conflicts_about(
        &self,
        entity: EntityKind,
        id: &str,
    ) -> impl Iterator<Item = &ConflictRecord> {
        self.settings
            .conflicts
            .values()
            .filter(move |record| record.entity == entity && record.entity_id == id)
    }

    pub(crate) fn set_name(&mut self, name: String, undo: &mut Undo) {
        let prior = std::mem::replace(&mut self.settings.name, name);
        undo.priors.push(Prior::Name(prior));
    }

    pub(crate) fn set_policy(&mut self, policy: Policy, undo: &mut Undo) {
        let prior = std::mem::replace(&mut self.settings.policy, policy);
        undo.priors.push(Prior::Policy(prior));
    }

    pub(crate) fn set_grant(&mut self, who: &Grantee, role: Option<GraphRole>, undo: &mut Undo) {
        let grants = &mut self.settings.grants.0;
        let prior = match role {
            Some(role) => grants.insert(who.clone(), role),
            None => grants.remove(who),
        };
        undo.priors.push(Prior::Grant(who.clone(), prior));
    }

    pub(crate) fn set_conflict(
        &mut self,
        id: &ConflictId,
        record: Option<ConflictRecord>,
        undo: &mut Undo,
    ) {
        let conflicts = &mut self.settings.conflicts;
        let prior = match record {
            Some(record) => conflicts.insert(id.clone(), record),
            None => conflicts.remove(id),
        };
        let prior = prior.map(Box::new);
        undo.priors.push(Prior::Conflict(id.clone(), prior));
    }

    /// Takes one change of the settings back.
    pub(super) fn revert_settings(&mut self, prior: Prior) {
        match prior {
            Prior::Name(name) => self.settings.name = name,
            Prior::Policy(policy) => self.settings.policy = policy,
            Prior::Grant(who, Some(role)) => drop(self.settings.grants.0.insert(who, role)),
            Prior::Grant(who, None) => drop(self.settings.grants.0.remove(&who)),
            Prior::Conflict(id, Some(record)) => {
                self.settings.conflicts.insert(id, *record);
            }
            Prior::Conflict(id, None) => drop(self.settings.conflicts.remove(&id)),
            Prior::Node(..) | Prior::Edge(..) | Prior::Whole(_) => {}
        }
    }
}
