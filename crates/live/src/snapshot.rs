//! Whole graphs as text, written once per version and shared by everybody who asks for them.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use graphy_model::checksum::{edge_text, node_text};
use graphy_model::{Checksum, Edge, EntityHash, Epoch, GraphId, Node, Viewport};
use graphy_protocol::Landed;
use graphy_store::{Head, Replicas, StoreError};
use moka::future::Cache;

use crate::encode::{CONTENT_BYTES_MAX, landed_text};

/// How many bytes of text are kept.
const CACHE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long a text is kept that nobody asks for.
const CACHE_IDLE: Duration = Duration::from_secs(60);

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

    /// Returns the frames of `sync full` for one reader; all but the last are shared.
    pub(crate) fn frames(&self, viewport: Option<Viewport>, landed: &[Landed]) -> Vec<Bytes> {
        let mut frames = self.chunks.get_or_init(|| self.write_chunks()).clone();
        if let Some(last) = frames.pop() {
            let mut text = String::from_utf8_lossy(&last).into_owned();
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
        let mut parts: Vec<(String, String)> = vec![(String::new(), String::new())];
        for (is_edge, (text, hash)) in self
            .nodes
            .iter()
            .map(|node| (false, node))
            .chain(self.edges.iter().map(|edge| (true, edge)))
        {
            let filled = parts
                .last()
                .map_or(0, |(nodes, edges)| nodes.len() + edges.len());
            if filled > 0 && filled + text.len() + 40 > CONTENT_BYTES_MAX {
                parts.push((String::new(), String::new()));
            }
            let Some((nodes, edges)) = parts.last_mut() else {
                continue;
            };
            let (list, name) = if is_edge {
                (edges, "edge")
            } else {
                (nodes, "node")
            };
            let comma = if list.is_empty() { "" } else { "," };
            let _ = write!(list, r#"{comma}{{"{name}":{text},"hash":"{hash}"}}"#);
        }
        let chunks = parts.len();
        let (epoch, version) = (&self.epoch, self.version);
        let write = |(chunk, (nodes, edges)): (usize, (String, String))| {
            let mut text = format!(
                r#"{{"type":"sync","mode":"full","epoch":"{epoch}","version":{version},"chunk":{chunk},"chunks":{chunks},"nodes":[{nodes}],"edges":[{edges}]"#
            );
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
        u32::try_from(texts + 512).unwrap_or(u32::MAX)
    }
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
        Snapshot {
            epoch: self.epoch,
            version: self.version,
            checksum: self.checksum,
            nodes: nodes.collect(),
            edges: edges.collect(),
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
}

impl Snapshots {
    /// Makes an empty set over the graphs in memory.
    #[must_use]
    pub fn new(replicas: Replicas) -> Self {
        let cache = Cache::builder()
            .weigher(|_, snapshot: &Arc<Snapshot>| snapshot.weight())
            .max_capacity(CACHE_BYTES_MAX)
            .time_to_idle(CACHE_IDLE)
            .build();
        Self { replicas, cache }
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
        if let Some(snapshot) = self.cache.get(&key).await {
            return Ok(Some(snapshot));
        }
        let made = self.cache.try_get_with(key, self.read(id)).await;
        match made {
            Ok(snapshot) => Ok(Some(snapshot)),
            Err(error) => match &*error {
                ReadError::Gone => Ok(None),
                ReadError::Store(error) => Err(Arc::clone(error)),
            },
        }
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
    use graphy_model::{EdgeId, NodeId};
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
        }
    }

    #[test]
    fn a_state_is_said_in_chunks_that_fit() {
        let snapshot = copied(400, 1000).into_snapshot();
        let viewport = Viewport {
            x: 1.0,
            y: 2.0,
            zoom: 0.5,
        };
        let frames = snapshot.frames(Some(viewport), &[]);
        assert!(frames.len() > 3);
        let (mut nodes_seen, mut edges_seen) = (Vec::new(), 0);
        for (index, text) in frames.iter().enumerate() {
            assert!(
                text.len() <= crate::encode::FRAME_BYTES_MAX,
                "{}",
                text.len()
            );
            let frame: ServerFrame = serde_json::from_slice(text).unwrap();
            assert_eq!(frame.to_text().as_bytes(), &text[..]);
            let ServerFrame::Sync(Sync::Full {
                chunk,
                chunks,
                nodes,
                edges,
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
            nodes_seen.extend(nodes.into_iter().map(|node| node.node.id));
            edges_seen += edges.len();
        }
        assert!(nodes_seen.is_sorted());
        assert_eq!((nodes_seen.len(), edges_seen), (400, 200));
    }

    #[test]
    fn an_empty_graph_is_one_chunk() {
        let frames = copied(0, 0).into_snapshot().frames(None, &[]);
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
