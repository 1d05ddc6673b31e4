//! What happens when two clients meet on one field: a strategy per field, chosen per graph.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::patch::Field;

/// How a field is settled that somebody else wrote after the author had looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Strategy {
    /// The later write by (server-clamped time, client) stays.
    LastWriteWins,
    /// Both changes are kept where they do not touch each other; where they do, a person decides.
    Merge,
    /// What arrives later replaces what is there.
    ClientWins,
    /// What is there stays.
    ServerWins,
    /// What is there stays until a person has decided.
    Manual,
}

impl Strategy {
    /// Every strategy, for tables and tests.
    pub const ALL: [Self; 5] = [
        Self::LastWriteWins,
        Self::Merge,
        Self::ClientWins,
        Self::ServerWins,
        Self::Manual,
    ];

    /// Returns the strategy's name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LastWriteWins => "LAST_WRITE_WINS",
            Self::Merge => "MERGE",
            Self::ClientWins => "CLIENT_WINS",
            Self::ServerWins => "SERVER_WINS",
            Self::Manual => "MANUAL",
        }
    }

    /// Returns the strategy of a field in a graph that chose none.
    #[must_use]
    pub fn default_of(field: &Field) -> Self {
        match field {
            Field::Position | Field::Size => Self::ClientWins,
            Field::Title => Self::Merge,
            Field::Data(_)
            | Field::Kind
            | Field::Label
            | Field::Parent
            | Field::Progress
            | Field::Weight
            | Field::All => Self::LastWriteWins,
        }
    }
}

/// The strategies that a graph chose; fields that it does not name have their default.
///
/// `data.*` stands for every key of `data` that has no strategy of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(as = "BTreeMap<String, Strategy>")]
pub struct Policy(pub BTreeMap<Field, Strategy>);

impl Policy {
    /// The most fields for which a graph may choose.
    pub const FIELDS_MAX: usize = 100;

    /// Returns the strategy of a field.
    #[must_use]
    pub fn of(&self, field: &Field) -> Strategy {
        let any_data = || match field {
            Field::Data(_) => self.0.get(&Field::Data("*".to_owned())),
            _ => None,
        };
        self.0
            .get(field)
            .or_else(any_data)
            .copied()
            .unwrap_or_else(|| Strategy::default_of(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_choice_counts() {
        let policy: Policy = serde_json::from_str(
            r#"{"data.*":"SERVER_WINS","data.note":"MANUAL","title":"MERGE"}"#,
        )
        .unwrap();
        let of = |name: &str| policy.of(&Field::parse(name).unwrap());
        assert_eq!(of("data.note"), Strategy::Manual);
        assert_eq!(of("data.other"), Strategy::ServerWins);
        assert_eq!(of("position"), Strategy::ClientWins);
        assert_eq!(of("progress"), Strategy::LastWriteWins);
    }
}
