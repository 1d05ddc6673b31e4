//! The queues that are known, and how the search for more goes.

use std::collections::BTreeMap;

use graphy_protocol::queues::QueueSearch;
use graphy_store::bullmq::{Glance, QueueClient, QueueName};

use super::own::OwnQueues;
use super::tally::Tally;

/// How many queues are kept in sight.
pub(crate) const QUEUES_MAX: usize = 200;
/// How long nothing must have been fetched for a worker to count as deaf.
const DEAF_MS: u64 = 10_000;
/// For how long a peer of an old version is remembered after it was last seen.
const OLD_PEER_MS: u64 = 3_600_000;

/// All that is known of the queues.
#[derive(Default)]
pub(crate) struct Sight {
    pub(crate) own: OwnQueues,
    pub(crate) queues: BTreeMap<QueueName, Watched>,
    pub(crate) search: Search,
    /// The workers of all queues; none if the server does not tell, or was not asked yet.
    pub(crate) clients: Option<Vec<QueueClient>>,
    /// When somebody last looked.
    pub(crate) looked_at: u64,
    /// Since when somebody has been looking.
    pub(crate) since: u64,
}

/// How the search for queues goes.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub(crate) cursor: u64,
    pub(crate) keys_seen: u64,
    pub(crate) keys_total: u64,
    pub(crate) completed_at: Option<u64>,
    pub(crate) cut: bool,
}

/// What is known of one queue.
#[derive(Default)]
pub(crate) struct Watched {
    pub(crate) glance: Glance,
    pub(crate) tally: Tally,
    /// When the job at the front was added.
    pub(crate) oldest_at: Option<u64>,
    /// Since when jobs wait and none is at a worker.
    pub(crate) idle_since: Option<u64>,
    /// When a peer of an old version was last seen.
    pub(crate) old_peer_at: Option<u64>,
    /// Whether a scheduler was found broken.
    pub(crate) broken_scheduler: bool,
    /// When it was last counted.
    pub(crate) counted_at: u64,
}

impl Sight {
    /// Looks at nothing yet.
    pub(crate) fn new(own: OwnQueues) -> Self {
        Self {
            own,
            ..Self::default()
        }
    }

    /// Takes queues in, as long as there is room.
    pub(crate) fn add(&mut self, names: impl IntoIterator<Item = QueueName>) {
        for name in names {
            if self.queues.contains_key(&name) {
                continue;
            }
            if self.queues.len() >= QUEUES_MAX && !self.own.has(&name) {
                self.search.cut = true;
                continue;
            }
            self.queues.insert(name, Watched::default());
        }
    }

    /// Names the queues.
    pub(crate) fn names(&self) -> Vec<QueueName> {
        self.queues.keys().cloned().collect()
    }

    /// Names the queues that the watch is to count. Ours are counted every second for the overview
    /// ([`super::Queues::count_own`]), but when they come into sight this may lie in the future.
    pub(crate) fn uncounted(&self) -> Vec<QueueName> {
        let counted_elsewhere =
            |name: &QueueName, watched: &Watched| watched.counted_at > 0 && self.own.has(name);
        self.queues
            .iter()
            .filter(|(name, watched)| !counted_elsewhere(name, watched))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Notes how queues stand.
    pub(crate) fn note(&mut self, at: u64, glances: impl IntoIterator<Item = (QueueName, Glance)>) {
        for (name, glance) in glances {
            if let Some(watched) = self.queues.get_mut(&name) {
                watched.note(at, glance);
            }
        }
    }

    /// Returns the workers of a queue; none if it is not known which there are.
    pub(crate) fn workers(&self, queue: &QueueName) -> Option<Vec<&QueueClient>> {
        let clients = self.clients.as_ref()?;
        Some(clients.iter().filter(|one| one.queue == *queue).collect())
    }

    /// Returns how the search goes, as the wire has it.
    pub(crate) fn search_state(&self) -> QueueSearch {
        QueueSearch {
            completed_at: self.search.completed_at,
            keys_seen: self.search.keys_seen,
            keys_total: self.search.keys_total,
            cut: self.search.cut,
        }
    }
}

impl Watched {
    fn note(&mut self, at: u64, glance: Glance) {
        if is_old(&glance) {
            self.old_peer_at = Some(at);
        }
        let full = glance.concurrency.is_some_and(|most| glance.active >= most);
        let limited = glance.limit_max.is_some() && glance.limiter_ms.is_some();
        let could_start = !glance.paused && !full && !limited;
        if ready(&glance) > 0 && glance.active == 0 && could_start {
            self.idle_since.get_or_insert(at);
        } else {
            self.idle_since = None;
        }
        if glance.next_waiting.is_none() && glance.next_prioritized.is_none() {
            self.oldest_at = None;
        }
        self.tally.note_depth(at, unfinished(&glance));
        self.counted_at = at;
        self.glance = glance;
    }

    /// Notes that a job was fetched.
    pub(crate) fn note_fetch(&mut self) {
        self.idle_since = None;
    }

    /// Says whether jobs have waited for a while and no worker has taken one.
    pub(crate) fn is_unheard(&self, at: u64) -> bool {
        self.idle_since.is_some_and(|since| since + DEAF_MS <= at)
    }

    /// Says whether a peer of an old version has shared the queue lately.
    pub(crate) fn has_old_peer(&self, at: u64) -> bool {
        self.old_peer_at.is_some_and(|seen| seen + OLD_PEER_MS > at)
    }
}

/// Returns how many jobs could run now.
pub(crate) fn ready(glance: &Glance) -> u64 {
    glance.waiting + glance.paused_list + glance.prioritized
}

/// Returns how many jobs are not finished.
pub(crate) fn unfinished(glance: &Glance) -> u64 {
    ready(glance) + glance.active + glance.delayed + glance.waiting_children
}

/// Says whether a queue bears the marks of BullMQ 5 or older: its version, or its list of paused
/// jobs, which version 6 does not write.
fn is_old(glance: &Glance) -> bool {
    let major = glance
        .version
        .as_deref()
        .and_then(|version| version.strip_prefix("bullmq:"))
        .and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major < 6) || glance.paused_list > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(version: &str) -> Glance {
        Glance {
            version: Some(version.to_owned()),
            ..Glance::default()
        }
    }

    #[test]
    fn old_peers_are_told_by_version_or_paused_list() {
        assert!(is_old(&glance("bullmq:5.81.5")));
        assert!(is_old(&glance("bullmq:4.0.0")));
        assert!(!is_old(&glance("bullmq:6.7.0")));
        assert!(!is_old(&glance("bullmq:10.0.0")));
        // Counts its versions otherwise.
        assert!(!is_old(&glance("bullmq-pro:5.0.0")));
        let paused = Glance {
            paused_list: 1,
            ..glance("bullmq:6.7.0")
        };
        assert!(is_old(&paused));
    }

    #[test]
    fn a_peer_is_remembered_when_a_newer_one_has_signed_since() {
        let mut watched = Watched::default();
        watched.note(1000, glance("bullmq:5.81.5"));
        watched.note(2000, glance("bullmq:6.7.0"));
        assert!(watched.has_old_peer(3000));
        assert!(!watched.has_old_peer(1000 + OLD_PEER_MS));
    }

    #[test]
    fn a_queue_that_rests_on_purpose_is_not_unheard() {
        let waiting = Glance {
            waiting: 3,
            ..Glance::default()
        };
        let mut watched = Watched::default();
        watched.note(1000, waiting.clone());
        assert!(!watched.is_unheard(1000 + DEAF_MS - 1));
        assert!(watched.is_unheard(1000 + DEAF_MS));
        let paused = Glance {
            paused: true,
            ..waiting.clone()
        };
        watched.note(20_000, paused);
        assert!(!watched.is_unheard(90_000));
        let full = Glance {
            concurrency: Some(0),
            ..waiting
        };
        watched.note(21_000, full);
        assert!(!watched.is_unheard(90_000));
    }

    #[test]
    fn there_is_an_end_to_the_queues_in_sight() {
        let mut sight = Sight::new(OwnQueues::named("bull", "graph-commands"));
        sight.add((0..300).map(|number| QueueName::new("x", number.to_string())));
        assert_eq!(sight.queues.len(), QUEUES_MAX);
        assert!(sight.search.cut);
        let own: Vec<QueueName> = sight.own.names().collect();
        sight.add(own.clone());
        assert!(own.iter().all(|name| sight.queues.contains_key(name)));
    }

    #[test]
    fn our_queues_are_left_to_the_sampler_once_they_were_counted() {
        let mut sight = Sight::new(OwnQueues::named("bull", "graph-commands"));
        let (own, foreign) = (
            QueueName::new("bull", "graph-commands"),
            QueueName::new("bull", "mail"),
        );
        sight.add([own.clone(), foreign.clone()]);
        assert_eq!(sight.uncounted(), [own.clone(), foreign.clone()]);
        for name in [own, foreign.clone()] {
            sight.note(1000, [(name, Glance::default())]);
        }
        assert_eq!(sight.uncounted(), [foreign]);
    }
}
