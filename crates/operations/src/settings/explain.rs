//! What each key is, and who made it so.

use serde::Serialize;

use super::keys::KEYS;
use super::layers::{Resolved, Source};
use super::table::{Key, Kind};

/// One key as `graphy config explain` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// The key.
    pub key: &'static str,
    /// Its value; secrets are starred out, none if there is no value.
    pub value: Option<String>,
    /// Who set it.
    pub source: String,
    /// Whether nobody set it.
    pub is_default: bool,
    /// Who else set it, in vain.
    pub hidden: Vec<String>,
    /// The variables that set it.
    pub variables: &'static [&'static str],
    /// The flag that sets it.
    pub flag: Option<&'static str>,
    /// Its default, for people.
    pub default: String,
    /// What it means.
    pub help: &'static str,
}

/// Explains every key, in the order of the table.
#[must_use]
pub fn explain(resolved: &Resolved) -> Vec<Explained> {
    let explain = |key: &Key| {
        let entry = resolved.get(key.name);
        Explained {
            key: key.name,
            value: (!entry.value.is_empty()).then(|| shown(key, &entry.value)),
            source: entry.source.to_string(),
            is_default: entry.source == Source::Default,
            hidden: entry.hidden.iter().map(ToString::to_string).collect(),
            variables: key.variables,
            flag: key.flag,
            default: default_text(key),
            help: key.help,
        }
    };
    KEYS.iter().map(explain).collect()
}

/// Returns a value as it may be shown.
fn shown(key: &Key, value: &str) -> String {
    match key.kind {
        Kind::Secret => "***".to_owned(),
        // Such an address is refused, but shown here all the same.
        Kind::CollectorUrl if value.contains('@') => "***".to_owned(),
        Kind::Redis if value != "private" => value
            .parse::<graphy_store::RedisUrl>()
            .map_or_else(|_| "***".to_owned(), |url| url.to_string()),
        Kind::Redis
        | Kind::Text
        | Kind::Word(_)
        | Kind::Whole(..)
        | Kind::Path
        | Kind::Address
        | Kind::CollectorUrl
        | Kind::Share
        | Kind::NodeUrl => value.to_owned(),
    }
}

/// Returns what a key is when nobody sets it.
pub(super) fn default_text(key: &Key) -> String {
    match (key.default_note, key.default) {
        (Some(note), _) => note.to_owned(),
        (None, "") => "none".to_owned(),
        (None, value) => value.to_owned(),
    }
}
