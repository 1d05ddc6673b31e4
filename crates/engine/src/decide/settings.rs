//! What the commands of a batch change besides entities.

use std::collections::BTreeMap;

use graphy_model::{ConflictId, ConflictRecord, GraphRole};
use graphy_store::graph::SettingsWrite;

use super::text;

/// What the commands of a batch have changed besides entities.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) name: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) grants: BTreeMap<String, Option<GraphRole>>,
    pub(super) conflicts: BTreeMap<ConflictId, ConflictRecord>,
}

impl Settings {
    pub(super) fn write(self) -> SettingsWrite {
        let (mut opened, mut closed) = (Vec::new(), Vec::new());
        for (id, record) in self.conflicts {
            let list = match record.resolution {
                None => &mut opened,
                Some(_) => &mut closed,
            };
            list.push((id, text(&record)));
        }
        SettingsWrite {
            name: self.name,
            policy: self.policy,
            grants: self.grants.into_iter().collect(),
            opened,
            closed,
        }
    }
}
