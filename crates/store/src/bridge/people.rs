//! Who is where, as far as the bridge heard, to tell joins and leaves from moves.

use std::collections::{BTreeMap, HashMap};

use graphy_model::{GraphId, UserId};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::NODE_QUIET;

/// How many sessions are remembered; of more, only moves are told.
const SESSIONS_MAX: usize = 100_000;

/// What a node says, as far as the bridge needs it.
#[derive(Debug, Deserialize)]
pub(super) struct News {
    node: String,
    #[serde(default)]
    all: Option<Vec<String>>,
    #[serde(default)]
    peers: Vec<Peer>,
    #[serde(default)]
    left: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Peer {
    session_id: String,
    user_id: UserId,
    name: String,
    #[serde(default)]
    away: bool,
    #[serde(default)]
    state: Value,
}

/// Somebody in a graph.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Person {
    pub(super) graph: GraphId,
    pub(super) session: String,
    pub(super) user: UserId,
    pub(super) name: String,
    node: String,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Move {
    Came(Person),
    Left(Person),
    /// With what they tell of themselves, and whether their connection is lost.
    Told(Person, Value, bool),
}

/// Everybody that was heard of.
#[derive(Debug, Default)]
pub(super) struct People {
    sessions: BTreeMap<(GraphId, String), Person>,
    nodes: HashMap<String, Instant>,
}

impl People {
    /// Takes in what a node said of a graph.
    pub(super) fn hear(&mut self, graph: &GraphId, news: News, now: Instant) -> Vec<Move> {
        self.nodes.insert(news.node.clone(), now);
        let mut moves = Vec::new();
        if let Some(all) = &news.all {
            let gone = |person: &Person| {
                person.node == news.node && person.graph == *graph && !all.contains(&person.session)
            };
            moves.extend(self.forget(gone));
        }
        for session in &news.left {
            if let Some(person) = self.sessions.remove(&(graph.clone(), session.clone())) {
                moves.push(Move::Left(person));
            }
        }
        for peer in news.peers {
            let person = Person {
                graph: graph.clone(),
                session: peer.session_id.clone(),
                user: peer.user_id,
                name: peer.name,
                node: news.node.clone(),
            };
            let key = (graph.clone(), peer.session_id);
            if !self.sessions.contains_key(&key) && self.sessions.len() < SESSIONS_MAX {
                self.sessions.insert(key, person.clone());
                moves.push(Move::Came(person.clone()));
            }
            moves.push(Move::Told(person, peer.state, peer.away));
        }
        moves
    }

    /// Takes those off whose nodes have been silent for too long.
    pub(super) fn quiet(&mut self, now: Instant) -> Vec<Move> {
        self.nodes.retain(|_, heard| *heard + NODE_QUIET > now);
        let nodes = std::mem::take(&mut self.nodes);
        let gone = self.forget(|person| !nodes.contains_key(&person.node));
        self.nodes = nodes;
        gone
    }

    fn forget(&mut self, which: impl Fn(&Person) -> bool) -> Vec<Move> {
        let keys: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, person)| which(person))
            .map(|(key, _)| key.clone())
            .collect();
        keys.iter()
            .filter_map(|key| self.sessions.remove(key).map(Move::Left))
            .collect()
    }
}
