//! The latest of everybody in one graph. Pure: time comes as an argument.
//!
//! **Invariant:** a client is shown once, with its newest session; at most [`SHOWN_MAX`] sessions
//! are shown.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use graphy_protocol::presence::{Peer, PresenceState};
use tokio::time::Instant;

use super::wire::{self, NodeMessage, PIECE_BYTES_MAX};
use crate::encode::ARRIVAL_BYTES_MAX;

/// How many sessions of a graph are shown; more are not, until others leave.
pub(crate) const SHOWN_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Home {
    /// Connected to this node.
    Here,
    /// Connected to another one.
    Node(String),
}

#[derive(Debug)]
struct Shown {
    peer: Peer,
    text: Arc<str>,
    home: Home,
    /// When a lost session is given up.
    until: Option<Instant>,
}

/// What is told to the members.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) frame: Bytes,
    /// The session that alone it is about.
    pub(crate) sole: Option<String>,
}

/// The latest of everybody in one graph.
#[derive(Debug)]
pub(crate) struct Board {
    node: String,
    shown: BTreeMap<String, Shown>,
    changed: BTreeSet<String>,
    left: BTreeSet<String>,
    unpublished: BTreeSet<String>,
    unpublished_left: BTreeSet<String>,
    /// When other nodes were heard last.
    nodes: HashMap<String, Instant>,
    full: Option<Arc<[Bytes]>>,
}

impl Board {
    pub(crate) fn new(node: &str) -> Self {
        Self {
            node: node.to_owned(),
            shown: BTreeMap::new(),
            changed: BTreeSet::new(),
            left: BTreeSet::new(),
            unpublished: BTreeSet::new(),
            unpublished_left: BTreeSet::new(),
            nodes: HashMap::new(),
            full: None,
        }
    }

    /// Takes in a session of this node; older ones of the same client go.
    pub(crate) fn join(&mut self, peer: Peer) {
        let older: Vec<String> = self
            .shown
            .values()
            .filter(|shown| shown.peer.client_id == peer.client_id)
            .map(|shown| shown.peer.session_id.clone())
            .collect();
        for session in older {
            self.leave(&session);
        }
        self.put(peer, Home::Here, None);
    }

    /// Takes in what a session of this node told of itself.
    pub(crate) fn update(&mut self, session: &str, state: PresenceState) {
        let Some(shown) = self.shown.get(session) else {
            return;
        };
        if shown.peer.state != state {
            let peer = Peer {
                state,
                ..shown.peer.clone()
            };
            self.put(peer, Home::Here, None);
        }
    }

    /// Shows a session of this node as lost, until it is given up.
    pub(crate) fn lose(&mut self, session: &str, until: Instant) {
        let Some(shown) = self.shown.get(session) else {
            return;
        };
        let mut peer = shown.peer.clone();
        peer.away = true;
        peer.state.cursor = None;
        self.put(peer, Home::Here, Some(until));
    }

    /// Takes a session off.
    pub(crate) fn leave(&mut self, session: &str) {
        let Some(shown) = self.shown.remove(session) else {
            return;
        };
        self.full = None;
        self.changed.remove(session);
        self.left.insert(session.to_owned());
        if shown.home == Home::Here {
            self.unpublished.remove(session);
            self.unpublished_left.insert(session.to_owned());
        }
    }

    /// Gives up the lost sessions whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) {
        let over = |shown: &Shown| shown.until.is_some_and(|until| until <= now);
        self.leave_all(over);
    }

    /// Takes in what another node says; true if it wants to know who is here.
    pub(crate) fn hear(&mut self, message: NodeMessage, now: Instant) -> bool {
        if message.node == self.node {
            return false;
        }
        let home = Home::Node(message.node.clone());
        if let Some(all) = &message.all {
            self.leave_all(|shown| shown.home == home && !all.contains(&shown.peer.session_id));
        }
        for session in &message.left {
            if self
                .shown
                .get(session)
                .is_some_and(|shown| shown.home == home)
            {
                self.leave(session);
            }
        }
        for peer in message.peers {
            self.hear_of(peer, &home);
        }
        self.nodes.insert(message.node, now);
        message.ask
    }

    fn hear_of(&mut self, peer: Peer, home: &Home) {
        let rivals = self.shown.values().filter(|shown| {
            shown.peer.client_id == peer.client_id && shown.peer.session_id != peer.session_id
        });
        let rivals: Vec<(String, bool)> = rivals
            .map(|shown| {
                let newer =
                    !shown.peer.away && (peer.away || shown.peer.joined_at >= peer.joined_at);
                (shown.peer.session_id.clone(), newer)
            })
            .collect();
        if rivals.iter().any(|(_, newer)| *newer) {
            return;
        }
        for (session, _) in rivals {
            self.leave(&session);
        }
        let known = self.shown.get(&peer.session_id);
        if known.is_none_or(|shown| shown.home == *home && shown.peer != peer) {
            self.put(peer, home.clone(), None);
        }
    }

    /// Returns the other nodes that have sessions here, and when they were heard last.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (&str, Instant)> {
        self.nodes.iter().map(|(node, at)| (node.as_str(), *at))
    }

    /// Takes the sessions of a node off that is gone.
    pub(crate) fn drop_node(&mut self, node: &str) {
        self.nodes.remove(node);
        self.leave_all(|shown| matches!(&shown.home, Home::Node(home) if home == node));
    }

    /// Says whether a session is shown.
    pub(crate) fn shows(&self, session: &str) -> bool {
        self.shown.contains_key(session)
    }

    /// Says whether there is something to tell the members.
    pub(crate) fn has_news(&self) -> bool {
        !self.changed.is_empty() || !self.left.is_empty()
    }

    /// Says whether lost sessions of this node are shown.
    pub(crate) fn waits_for_lost(&self) -> bool {
        self.shown.values().any(|shown| shown.until.is_some())
    }

    /// Says whether sessions of this node are shown.
    pub(crate) fn has_own(&self) -> bool {
        self.shown.values().any(|shown| shown.home == Home::Here)
    }

    /// Hands over what the members are to be told, at most one frame; the rest stays.
    pub(crate) fn take_news(&mut self) -> Option<News> {
        if !self.has_news() {
            return None;
        }
        let left: Vec<String> = std::mem::take(&mut self.left).into_iter().collect();
        let mut peers = String::new();
        let mut told = Vec::new();
        for session in &self.changed {
            let Some(shown) = self.shown.get(session) else {
                continue;
            };
            if !peers.is_empty() && peers.len() + shown.text.len() > PIECE_BYTES_MAX {
                break;
            }
            if !peers.is_empty() {
                peers.push(',');
            }
            peers.push_str(&shown.text);
            told.push(session.clone());
        }
        for session in &told {
            self.changed.remove(session);
        }
        let sole = match (&told[..], left.is_empty()) {
            ([one], true) => Some(one.clone()),
            _ => None,
        };
        let frame = wire::frame(false, &peers, &left);
        Some(News { frame, sole })
    }

    /// Writes what the other nodes are to be told.
    pub(crate) fn take_messages(&mut self) -> Vec<String> {
        if self.unpublished.is_empty() && self.unpublished_left.is_empty() {
            return Vec::new();
        }
        let left: Vec<String> = std::mem::take(&mut self.unpublished_left)
            .into_iter()
            .collect();
        let unpublished = std::mem::take(&mut self.unpublished);
        let texts = unpublished
            .iter()
            .filter_map(|session| Some(&*self.shown.get(session)?.text));
        wire::messages(&self.node, None, &left, texts)
    }

    /// Writes everything that the other nodes are to know.
    pub(crate) fn all_messages(&mut self) -> Vec<String> {
        self.unpublished.clear();
        self.unpublished_left.clear();
        let own = || self.shown.values().filter(|shown| shown.home == Home::Here);
        let all: Vec<&str> = own().map(|shown| shown.peer.session_id.as_str()).collect();
        wire::messages(&self.node, Some(&all), &[], own().map(|shown| &*shown.text))
    }

    /// Returns the frames that tell somebody who knows nothing; written once per change.
    pub(crate) fn full(&mut self) -> Arc<[Bytes]> {
        if let Some(full) = &self.full {
            return Arc::clone(full);
        }
        let texts = self.shown.values().map(|shown| &*shown.text);
        let mut pieces = wire::pieces(ARRIVAL_BYTES_MAX, texts);
        if pieces.is_empty() {
            pieces.push(String::new());
        }
        let frames = pieces
            .iter()
            .enumerate()
            .map(|(index, peers)| wire::frame(index == 0, peers, &[]));
        let full: Arc<[Bytes]> = frames.collect();
        self.full = Some(Arc::clone(&full));
        full
    }

    fn leave_all(&mut self, which: impl Fn(&Shown) -> bool) {
        let gone: Vec<String> = self
            .shown
            .iter()
            .filter(|(_, shown)| which(shown))
            .map(|(session, _)| session.clone())
            .collect();
        for session in gone {
            self.leave(&session);
        }
    }

    /// Makes room for one more, if need be at the cost of somebody who is lost.
    fn make_room(&mut self) -> bool {
        if self.shown.len() < SHOWN_MAX {
            return true;
        }
        let lost = self.shown.values().find(|shown| shown.peer.away);
        let lost = lost.map(|shown| shown.peer.session_id.clone());
        lost.inspect(|session| self.leave(session)).is_some()
    }

    fn put(&mut self, peer: Peer, home: Home, until: Option<Instant>) {
        let session = peer.session_id.clone();
        if !self.shown.contains_key(&session) && !self.make_room() {
            return;
        }
        self.full = None;
        self.left.remove(&session);
        self.changed.insert(session.clone());
        if home == Home::Here {
            self.unpublished_left.remove(&session);
            self.unpublished.insert(session.clone());
        }
        let text = wire::json(&peer).into();
        self.shown.insert(
            session,
            Shown {
                peer,
                text,
                home,
                until,
            },
        );
    }
}

#[cfg(test)]
mod tests;
