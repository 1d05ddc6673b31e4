//! Which jobs of a state are wanted.

use graphy_protocol::queues::JobFilter;
use graphy_store::bullmq::{DataWanted, JobHash};

use super::fingerprint::fingerprint;

/// How much of a job's data is searched.
pub(crate) const SEARCHED_BYTES: usize = 64 * 1024;

/// A filter, made ready.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sieve {
    text: Option<String>,
    name: Option<String>,
    fingerprint: Option<String>,
}

impl Sieve {
    pub(crate) fn new(filter: &JobFilter) -> Self {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Self {
            text: given(&filter.text).map(|text| text.to_lowercase()),
            name: given(&filter.name),
            fingerprint: given(&filter.fingerprint),
        }
    }

    /// Says whether it lets everything through.
    pub(crate) fn is_open(&self) -> bool {
        self.text.is_none() && self.name.is_none() && self.fingerprint.is_none()
    }

    /// Says what it takes of the data of jobs; `graph` tells whether they may name one.
    pub(crate) fn wanted(&self, graph: bool) -> DataWanted {
        match (graph, self.text.is_some()) {
            (false, false) => DataWanted::Size,
            (true, false) => DataWanted::Graph,
            (false, true) => DataWanted::Text(SEARCHED_BYTES),
            (true, true) => DataWanted::GraphAndText(SEARCHED_BYTES),
        }
    }

    /// Says whether a job is wanted.
    pub(crate) fn lets_through(&self, id: &str, hash: Option<&JobHash>) -> bool {
        let field = |name: &str| {
            hash.and_then(|hash| hash.fields.get(name))
                .map(String::as_str)
        };
        if self
            .name
            .as_deref()
            .is_some_and(|name| field("name") != Some(name))
        {
            return false;
        }
        if let Some(wanted) = &self.fingerprint
            && field("failedReason").map(fingerprint).as_ref() != Some(wanted)
        {
            return false;
        }
        let Some(text) = &self.text else {
            return true;
        };
        let data = hash.and_then(|hash| hash.data.as_deref());
        [Some(id), field("name"), data]
            .into_iter()
            .flatten()
            .any(|place| place.to_lowercase().contains(text))
    }
}
