//! Whole graphs as text, written once per version and shared by everybody who asks for them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use graphy_model::checksum::{edge_text, node_text};
use graphy_model::graph::Settings;
use graphy_model::{Checksum, Edge, EntityHash, Epoch, GraphId, Node, Viewport};
use graphy_protocol::Landed;
use graphy_protocol::collaboration::GraphSettings;
use graphy_store::{Head, Replicas, StoreError};
use graphy_telemetry::board::CacheStatus;
use moka::future::Cache;

use crate::encode::{ARRIVAL_BYTES_MAX, landed_text};
use crate::resume::Point;

/// How many bytes of text are kept: enough for the largest graph, so that its transfer can be
/// resumed.
const CACHE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How long a text is kept that nobody asks for, unless configured otherwise.
pub(crate) const CACHE_IDLE: Duration = Duration::from_secs(60);

/// One entity as text, with its hash.
type Entity = (Box<str>, EntityHash);

/// A whole graph as text.
#[derive(Debug)]
pub struct Snapshot {
    /// The life of the graph.
    pub epoch: Epoch,
    /// Its version.
    pub version: u64,
    /// Its checksum.
    pub checksum: Checksum,
    nodes: Vec<Entity>,
    edges: Vec<Entity>,
    /// The conflicts that wait for a person.
    conflicts: Vec<Box<str>>,
    settings: Box<str>,
    body: OnceLock<Bytes>,
    chunks: OnceLock<Vec<Bytes>>,
}

impl Snapshot {
    /// Returns the JSON object of the state but for its end, to which the caller adds
    /// `,"viewport":…}` or `}`.
    pub fn open_body(&self) -> Bytes {
        let write = || {
            let texts = |entities: &[Entity]| -> usize {
                entities.iter().map(|(text, _)| text.len() + 1).sum()
            };
            let mut out = String::with_capacity(texts(&self.nodes) + texts(&self.edges) + 256);
            let (epoch, version, checksum) = (&self.epoch, self.version, self.checksum);
            // Writing to a `String` cannot fail.
            let _ = write!(
                out,
                r#"{{"epoch":"{epoch}","version":{version},"checksum":"{checksum}","nodes":["#
            );
            join(&mut out, self.nodes.iter().map(|(text, _)| &**text));
            out.push_str(r#"],"edges":["#);
            join(&mut out, self.edges.iter().map(|(text, _)| &**text));
            out.push(']');
            out.into()
        };
        self.body.get_or_init(write).clone()
    }

    /// Says how many frames of `sync full` there are.
    pub(crate) fn chunks(&self) -> usize {
        self.chunks.get_or_init(|| self.write_chunks()).len()
    }

    /// Writes the frames where that holds nobody up.
    pub(crate) async fn prepare(self: &Arc<Self>) {
        if self.chunks.get().is_none() {
            let snapshot = Arc::clone(self);
            // If it fails, the frames are written when they are asked for.
            let _ = tokio::task::spawn_blocking(move || snapshot.chunks()).await;
        }
    }

    /// Returns the frames of `sync full` from one on for one reader; all but the last are shared.
    pub(crate) fn frames(
        &self,
        first: usize,
        viewport: Option<Viewport>,
        landed: &[Landed],
    ) -> Vec<Bytes> {
        let chunks = self.chunks.get_or_init(|| self.write_chunks());
        let mut frames: Vec<Bytes> = chunks.iter().skip(first).cloned().collect();
        if let Some(last) = frames.pop() {
            let mut text = String::from_utf8_lossy(&last).into_owned();
            let _ = write!(text, r#","settings":{}"#, self.settings);
            if let Some(Viewport { x, y, zoom }) = viewport {
                let _ = write!(
                    text,
                    r#","viewport":{}"#,
                    serde_json::json!({"x": x, "y": y, "zoom": zoom})
                );
            }
            let (checksum, landed) = (self.checksum, landed_text(landed));
            let _ = write!(text, r#","checksum":"{checksum}","landed":[{landed}]}}"#);
            frames.push(text.into());
        }
        frames
    }

    /// Writes the frames; the last one lacks what is said to one reader only.
    fn write_chunks(&self) -> Vec<Bytes> {
        let hashed = |name: &'static str, (text, hash): &Entity| {
            format!(r#"{{"{name}":{text},"hash":"{hash}"}}"#)
        };
        let nodes = self.nodes.iter().map(|node| (0, hashed("node", node)));
        let edges = self.edges.iter().map(|edge| (1, hashed("edge", edge)));
        let conflicts = self.conflicts.iter().map(|text| (2, text.to_string()));
        let mut parts: Vec<[String; 3]> = vec![Default::default()];
        for (list, text) in nodes.chain(edges).chain(conflicts) {
            let filled = parts
                .last()
                .map_or(0, |lists| lists.iter().map(String::len).sum());
            if filled > 0 && filled + text.len() + 1 > ARRIVAL_BYTES_MAX {
                parts.push(Default::default());
            }
            let Some(list) = parts.last_mut().and_then(|lists| lists.get_mut(list)) else {
                continue;
            };
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(&text);
        }
        let chunks = parts.len();
        let (epoch, version) = (&self.epoch, self.version);
        let write = |(chunk, [nodes, edges, conflicts]): (usize, [String; 3])| {
            let mut text = format!(
                r#"{{"type":"sync","mode":"full","epoch":"{epoch}","version":{version},"chunk":{chunk},"chunks":{chunks},"nodes":[{nodes}],"edges":[{edges}]"#
            );
            if !conflicts.is_empty() {
                let _ = write!(text, r#","conflicts":[{conflicts}]"#);
            }
            if chunk + 1 < chunks {
                text.push_str(r#","landed":[]}"#);
            }
            Bytes::from(text)
        };
        parts.into_iter().enumerate().map(write).collect()
    }

    fn weight(&self) -> u32 {
        // The texts themselves, the body and the chunks made of them.
        let texts: usize = self
            .nodes
            .iter()
            .chain(&self.edges)
            .map(|(text, _)| 3 * text.len() + 96)
            .sum();
        let rest: usize = self.conflicts.iter().map(|text| 2 * text.len()).sum();
        u32::try_from(texts + rest + self.settings.len() + 512).unwrap_or(u32::MAX)
    }
}

fn json(value: &impl serde::Serialize) -> Box<str> {
    let text = serde_json::to_string(value);
    text.expect("settings hold only texts, numbers and JSON values")
        .into()
}

fn join<'a>(out: &mut String, texts: impl Iterator<Item = &'a str>) {
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(text);
    }
}

/// What a snapshot is made of, before it is text.
struct Copied {
    epoch: Epoch,
    version: u64,
    checksum: Checksum,
    nodes: Vec<(Node, EntityHash)>,
    edges: Vec<(Edge, EntityHash)>,
    settings: Settings,
}

impl Copied {
    fn of(graph: &graphy_model::Graph) -> Self {
        let nodes = graph
            .nodes()
            .values()
            .map(|entry| (entry.entity.clone(), entry.hash));
        let edges = graph
            .edges()
            .values()
            .map(|entry| (entry.entity.clone(), entry.hash));
        Self {
            epoch: graph.epoch().clone(),
            version: graph.version(),
            checksum: graph.checksum(),
            nodes: nodes.collect(),
            edges: edges.collect(),
            settings: graph.settings().clone(),
        }
    }

    fn into_snapshot(mut self) -> Snapshot {
        self.nodes
            .sort_unstable_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        self.edges
            .sort_unstable_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        let nodes = self
            .nodes
            .iter()
            .map(|(node, hash)| (node_text(node).into(), *hash));
        let edges = self
            .edges
            .iter()
            .map(|(edge, hash)| (edge_text(edge).into(), *hash));
        let conflicts = self.settings.conflicts.values().map(json);
        let settings = GraphSettings {
            policy: self.settings.policy.clone(),
            grants: self.settings.grants.0.clone(),
        };
        Snapshot {
            epoch: self.epoch,
            version: self.version,
            checksum: self.checksum,
            nodes: nodes.collect(),
            edges: edges.collect(),
            conflicts: conflicts.collect(),
            settings: json(&settings),
            body: OnceLock::new(),
            chunks: OnceLock::new(),
        }
    }
}

/// The snapshots of this process; clones share them.
#[derive(Clone)]
pub struct Snapshots {
    replicas: Replicas,
    cache: Cache<(GraphId, Epoch, u64), Arc<Snapshot>>,
    idle: Duration,
    counts: Arc<Counts>,
}

/// How often a text that was wanted was there.
#[derive(Debug, Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Snapshots {
    /// Makes an empty set over the graphs in memory, that forgets what nobody asks for.
    #[must_use]
    pub fn new(replicas: Replicas, idle: Duration) -> Self {
        let cache = Cache::builder()
            .weigher(|_, snapshot: &Arc<Snapshot>| snapshot.weight())
            .max_capacity(CACHE_BYTES_MAX)
            .time_to_idle(idle)
            .build();
        Self {
            replicas,
            cache,
            idle,
            counts: Arc::default(),
        }
    }

    /// Returns how well the set works. It is bounded by bytes, so it is counted in KiB.
    #[must_use]
    pub fn cache_status(&self) -> CacheStatus {
        CacheStatus {
            name: "graph texts, KiB".to_owned(),
            entries: self.cache.weighted_size() / 1024,
            entries_max: CACHE_BYTES_MAX / 1024,
            ttl_ms: u64::try_from(self.idle.as_millis()).ok(),
            hits: self.counts.hits.load(Ordering::Relaxed),
            misses: self.counts.misses.load(Ordering::Relaxed),
        }
    }

    /// Returns the graph at a head that was just read, or as it is a moment later; none if it is
    /// gone by then. Many who ask at once cause one reading.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn at(
        &self,
        id: &GraphId,
        head: &Head,
    ) -> Result<Option<Arc<Snapshot>>, Arc<StoreError>> {
        let key = (id.clone(), head.epoch.clone(), head.version);
        self.made(key, id).await
    }

    async fn made(
        &self,
        key: (GraphId, Epoch, u64),
        id: &GraphId,
    ) -> Result<Option<Arc<Snapshot>>, Arc<StoreError>> {
        if let Some(snapshot) = self.cache.get(&key).await {
            self.counts.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(Some(snapshot));
        }
        self.counts.misses.fetch_add(1, Ordering::Relaxed);
        let asked = key.2;
        let made = self.cache.try_get_with(key, self.read(id)).await;
        match made {
            Ok(snapshot) => {
                if snapshot.version != asked {
                    // Whoever gets it may come back for the rest of this version.
                    let key = (id.clone(), snapshot.epoch.clone(), snapshot.version);
                    self.cache.insert(key, Arc::clone(&snapshot)).await;
                }
                Ok(Some(snapshot))
            }
            Err(error) => match &*error {
                ReadError::Gone => Ok(None),
                ReadError::Store(error) => Err(Arc::clone(error)),
            },
        }
    }

    /// Returns the graph at a version, if that is kept or is the present one.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub(crate) async fn exactly(
        &self,
        id: &GraphId,
        epoch: &Epoch,
        version: u64,
        now: &Point,
    ) -> Result<Option<Arc<Snapshot>>, Arc<StoreError>> {
        let key = (id.clone(), epoch.clone(), version);
        let snapshot = if version == now.version {
            self.made(key, id).await?
        } else {
            self.cache.get(&key).await
        };
        // What was read anew may be later by now.
        Ok(snapshot.filter(|made| made.epoch == *epoch && made.version == version))
    }

    /// Returns the graphs that the texts are of.
    pub(crate) fn replicas(&self) -> &Replicas {
        &self.replicas
    }

    async fn read(&self, id: &GraphId) -> Result<Arc<Snapshot>, ReadError> {
        let copied = self.replicas.read(id, Copied::of).await;
        let copied = copied
            .map_err(|error| ReadError::Store(Arc::new(error)))?
            .ok_or(ReadError::Gone)?;
        let made = tokio::task::spawn_blocking(move || Arc::new(copied.into_snapshot())).await;
        made.map_err(|_| ReadError::Gone)
    }
}

enum ReadError {
    Gone,
    Store(Arc<StoreError>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphy_model::{ConflictRecord, EdgeId, NodeId};
    use graphy_protocol::{ServerFrame, Sync};
    use serde_json::json;

    fn copied(nodes: usize, title_bytes: usize) -> Copied {
        let hash = EntityHash(7);
        let node = |index: usize| -> Node {
            serde_json::from_value(
                json!({"id": format!("n{index:05}"), "title": "t".repeat(title_bytes)}),
            )
            .unwrap()
        };
        let edge = |index: usize| Edge {
            data: Default::default(),
            id: EdgeId::new(&format!("e{index}")).unwrap(),
            kind: None,
            label: None,
            source: NodeId::new("n00000").unwrap(),
            target: NodeId::new("n00001").unwrap(),
            weight: None,
        };
        Copied {
            epoch: Epoch::new("e").unwrap(),
            version: 9,
            checksum: Checksum(5),
            nodes: (0..nodes).rev().map(|index| (node(index), hash)).collect(),
            edges: (0..nodes / 2).map(|index| (edge(index), hash)).collect(),
            settings: Settings {
                conflicts: (0..nodes)
                    .map(|index| {
                        let record = conflict(index, title_bytes);
                        (record.conflict_id.clone(), record)
                    })
                    .collect(),
                ..Settings::default()
            },
        }
    }

    fn conflict(index: usize, title_bytes: usize) -> ConflictRecord {
        serde_json::from_value(json!({
            "conflictId": format!("c{index:05}"),
            "operationId": "01938f7e-3c1a-7c3e-8a3e-1f2e3d4c5b6a",
            "entity": "node",
            "entityId": format!("n{index:05}"),
            "field": "title",
            "base": null,
            "mine": "m".repeat(title_bytes),
            "theirs": "t",
            "author": {"at": 1},
            "against": {"at": 2},
            "baseVersion": 1,
            "version": 2,
        }))
        .unwrap()
    }

    #[test]
    fn a_state_is_said_in_chunks_that_fit() {
        let snapshot = copied(400, 1000).into_snapshot();
        let viewport = Viewport {
            x: 1.0,
            y: 2.0,
            zoom: 0.5,
        };
        let frames = snapshot.frames(0, Some(viewport), &[]);
        assert!(frames.len() > 3);
        assert_eq!(frames.len(), snapshot.chunks());
        assert_eq!(
            snapshot.frames(2, Some(viewport), &[]),
            frames[2..],
            "the rest is the same"
        );
        let (mut nodes_seen, mut edges_seen, mut conflicts_seen) = (Vec::new(), 0, 0);
        for (index, text) in frames.iter().enumerate() {
            assert!(text.len() <= ARRIVAL_BYTES_MAX + 512, "{}", text.len());
            let frame: ServerFrame = serde_json::from_slice(text).unwrap();
            assert_eq!(frame.to_text().as_bytes(), &text[..]);
            let ServerFrame::Sync(Sync::Full {
                chunk,
                chunks,
                nodes,
                edges,
                conflicts,
                settings,
                viewport,
                checksum,
                ..
            }) = frame
            else {
                panic!("full")
            };
            let last = index + 1 == frames.len();
            assert_eq!((chunk as usize, chunks as usize), (index, frames.len()));
            assert_eq!((viewport.is_some(), checksum.is_some()), (last, last));
            assert_eq!(settings.is_some(), last);
            conflicts_seen += conflicts.len();
            nodes_seen.extend(nodes.into_iter().map(|node| node.node.id));
            edges_seen += edges.len();
        }
        assert!(nodes_seen.is_sorted());
        assert_eq!(
            (nodes_seen.len(), edges_seen, conflicts_seen),
            (400, 200, 400)
        );
    }

    #[test]
    fn an_empty_graph_is_one_chunk() {
        let frames = copied(0, 0).into_snapshot().frames(0, None, &[]);
        assert_eq!(frames.len(), 1);
        let frame: ServerFrame = serde_json::from_slice(&frames[0]).unwrap();
        assert_eq!(frame.to_text().as_bytes(), &frames[0][..]);
    }

    #[test]
    fn the_body_is_an_object_but_for_its_end() {
        let body = copied(2, 3).into_snapshot().open_body();
        let text = format!("{}}}", std::str::from_utf8(&body).unwrap());
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["nodes"][1]["id"], "n00001");
        assert_eq!(value["checksum"], "0000000000000005");
    }
}
