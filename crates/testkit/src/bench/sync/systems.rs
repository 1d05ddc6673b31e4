//! The measured systems, and who speaks their protocols.

use std::net::SocketAddr;

use graphy_store::FsyncPolicy;
use graphy_store::testing::TestRedis;
use serde::{Deserialize, Serialize};
use tokio::process::Child;

use super::client;
use super::dialect::{Dialect, Shared};
use super::driver::Seat;
use super::gauge::Watched;
use super::graphy::{self, Graphy};
use super::hocuspocus::{Common, Hocuspocus};
use super::sharedb::{self, ShareDb};
use super::start;
use super::yjs::Places;
use crate::cluster::Cluster;

/// The name of the graph.
pub(super) const GRAPH: &str = "bench";
/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum System {
    /// Ours.
    Graphy,
    /// ShareDB with its documents in Redis.
    Sharedb,
    /// ShareDB with its documents in its own memory: what it can do without a store.
    SharedbMemory,
    /// Hocuspocus with its Redis extension.
    Hocuspocus,
}

impl System {
    pub(super) const ALL: [Self; 4] = [
        Self::Graphy,
        Self::Sharedb,
        Self::SharedbMemory,
        Self::Hocuspocus,
    ];

    /// Returns the name on the command line and in files.
    pub(super) fn id(self) -> String {
        match self {
            Self::Graphy => "graphy",
            Self::Sharedb => "sharedb",
            Self::SharedbMemory => "sharedb-memory",
            Self::Hocuspocus => "hocuspocus",
        }
        .to_owned()
    }

    /// Returns the name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Graphy => "Graphy",
            Self::Sharedb => "ShareDB",
            Self::SharedbMemory => "ShareDB, memory",
            Self::Hocuspocus => "Hocuspocus",
        }
    }

    /// Says what an acknowledged move survives.
    pub(super) fn durability(self, fsync: FsyncPolicy) -> &'static str {
        match (self, fsync) {
            (Self::Graphy | Self::Sharedb, FsyncPolicy::Always) => "C: on disk",
            (Self::Graphy | Self::Sharedb, _) => "B: in Redis, on disk within 1 s",
            (Self::SharedbMemory, _) => "A: in memory only",
            (Self::Hocuspocus, _) => "A: in memory, stored 2–10 s later",
        }
    }
}

/// Who speaks, and what they need to know.
#[derive(Debug, Clone)]
pub(super) enum Speaker {
    Graphy { token: String, client: String },
    ShareDb,
    Hocuspocus { number: usize },
    HocuspocusFiller,
}

/// What the speakers of one thread share.
pub(super) struct Speakers {
    graphy: Shared<graphy::Broadcast>,
    sharedb: Shared<sharedb::Operation>,
    hocuspocus: Common,
}

impl Speakers {
    pub(super) fn new() -> Self {
        Self {
            graphy: Shared::new(),
            sharedb: Shared::new(),
            hocuspocus: Common {
                updates: Shared::new(),
                places: Places::default(),
            },
        }
    }

    /// Makes a client's side of its protocol.
    pub(super) fn speak(&self, speaker: &Speaker) -> Box<dyn Dialect> {
        match speaker {
            Speaker::Graphy { token, client } => Box::new(Graphy::new(
                self.graphy.clone(),
                GRAPH,
                token.clone(),
                client.clone(),
            )),
            Speaker::ShareDb => Box::new(ShareDb::new(self.sharedb.clone())),
            Speaker::Hocuspocus { number } => {
                Box::new(Hocuspocus::new(self.hocuspocus.clone(), *number))
            }
            Speaker::HocuspocusFiller => Box::new(Hocuspocus::filler(self.hocuspocus.clone())),
        }
    }
}

/// A system that runs.
pub(super) struct Running {
    pub(super) system: System,
    pub(super) servers: Vec<SocketAddr>,
    pub(super) watched: Watched,
    /// A token for each of the first clients; the others share the last one.
    pub(super) tokens: Vec<String>,
    pub(super) _held: Held,
}

#[expect(dead_code, reason = "they are held to be stopped at the end")]
pub(super) enum Held {
    Cluster(Box<Cluster>),
    Peers(Vec<Child>, TestRedis),
}

impl Running {
    /// Starts a system with so many nodes and fills its graph.
    pub(super) async fn start(
        system: System,
        fsync: FsyncPolicy,
        nodes: usize,
        tokens: usize,
    ) -> anyhow::Result<Self> {
        match system {
            System::Graphy => start::graphy(fsync, nodes, tokens).await,
            _ => start::peers(system, fsync, nodes).await,
        }
    }

    pub(super) fn watched(&self) -> Watched {
        self.watched.clone()
    }

    /// Returns a place for a client; clients are spread over the nodes.
    pub(super) fn seat(&self, number: usize, role: client::Role) -> Seat {
        let speaker = match self.system {
            System::Graphy => Speaker::Graphy {
                token: self.tokens[number.min(self.tokens.len() - 1)].clone(),
                client: format!("client-{number}"),
            },
            System::Sharedb | System::SharedbMemory => Speaker::ShareDb,
            System::Hocuspocus => Speaker::Hocuspocus { number },
        };
        Seat {
            role,
            server: self.servers[number % self.servers.len()],
            speaker,
        }
    }

    /// Returns a place for who makes the graph, where the driver has to.
    pub(super) fn filler(&self) -> Option<Seat> {
        (self.system == System::Hocuspocus).then(|| Seat {
            role: client::Role::Newcomer,
            server: self.servers[0],
            speaker: Speaker::HocuspocusFiller,
        })
    }
}
