//! Decisions about a graph's name, conflict policy and grants.

use super::{Draft, Extent};
use crate::change::Change;
use crate::command::{UpdateGraph, UpdatePermissions};
use crate::outcome::{RejectCode, Rejection};
use crate::policy::Policy;
use crate::sharing::{Grantee, Grants};

impl Draft<'_> {
    pub(super) fn update_permissions(
        &mut self,
        wanted: &UpdatePermissions,
    ) -> Result<Extent, Rejection> {
        let settings = self.graph.settings();
        if let (Grantee::User(user), Some(owner)) = (&wanted.user_id, &settings.owner)
            && user == owner
        {
            let message = format!("{user} owns the graph and may do everything in it");
            return Err(Rejection::new(RejectCode::Invalid, message).on("userId"));
        }
        let known = settings.grants.0.contains_key(&wanted.user_id);
        if wanted.role.is_none() && !known {
            let message = format!("{} has no grant of their own", wanted.user_id);
            return Err(Rejection::new(RejectCode::NotFound, message).on("userId"));
        }
        if !known && settings.grants.0.len() >= Grants::COUNT_MAX {
            let limit = Grants::COUNT_MAX;
            let message = format!("a graph has at most {limit} grants");
            return Err(Rejection::new(RejectCode::TooLarge, message).on("userId"));
        }
        self.graph
            .set_grant(&wanted.user_id, wanted.role, &mut self.undo);
        self.changes.push(Change::SetGrant {
            grantee: wanted.user_id.clone(),
            role: wanted.role,
        });
        Ok(Extent::Whole)
    }

    pub(super) fn update_graph(&mut self, wanted: &UpdateGraph) -> Result<Extent, Rejection> {
        if let Some(name) = &wanted.name {
            self.graph.set_name(name.clone(), &mut self.undo);
            self.changes.push(Change::SetName { name: name.clone() });
        }
        if !wanted.policy.is_empty() {
            let mut policy = self.graph.settings().policy.clone();
            for (field, strategy) in &wanted.policy {
                match strategy {
                    Some(strategy) => drop(policy.0.insert(field.clone(), *strategy)),
                    None => drop(policy.0.remove(field)),
                }
            }
            if policy.0.len() > Policy::FIELDS_MAX {
                let limit = Policy::FIELDS_MAX;
                let message = format!("a graph chooses strategies for at most {limit} fields");
                return Err(Rejection::new(RejectCode::TooLarge, message).on("policy"));
            }
            self.graph.set_policy(policy.clone(), &mut self.undo);
            self.changes.push(Change::SetPolicy { policy });
        }
        Ok(Extent::Whole)
    }
}
