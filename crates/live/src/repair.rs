//! Digests of buckets, and the buckets themselves: how a replica that differs is mended in parts.
//!
//! Both are said at a place in the session's ordered stream: what the session lacks up to that
//! place comes first, so the client compares like with like.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use graphy_model::checksum::{edge_text, node_text};
use graphy_model::{Checksum, Epoch, Graph, GraphId};
use graphy_protocol::bucket::{BUCKETS, bucket_of};
use graphy_protocol::frame::{HashedEdge, HashedNode};
use graphy_protocol::{ServerFrame, Sync};
use graphy_store::{Replicas, StoreError};

use crate::encode::{CONTENT_BYTES_MAX, behind};
use crate::resume::{Difference, Point, difference};

/// Above this many bytes in one bucket the whole state is sent instead, which can be split.
const BUCKET_BYTES_MAX: usize = 512 * 1024;

/// What a session wants to know of the present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// The digests of all buckets.
    Digests,
    /// The entities of some buckets.
    Buckets(BTreeSet<u16>),
}

/// What comes of a question.
pub(crate) enum Answer {
    /// Frames, and where the session is after them.
    Frames {
        epoch: Epoch,
        version: u64,
        frames: Vec<Bytes>,
    },
    /// Only the whole state helps.
    Everything,
    /// The graph is gone.
    Gone,
}

/// Answers a question for a session that is at a place in the history.
pub(crate) async fn answer(
    replicas: &Replicas,
    graph: &GraphId,
    from: &(Epoch, u64),
    question: &Question,
) -> Result<Answer, StoreError> {
    let Some((now, content)) = replicas.read(graph, |graph| look(graph, question)).await? else {
        return Ok(Answer::Gone);
    };
    let store = replicas.store();
    let mut frames = match difference(store, graph, Some(from), &now).await? {
        Difference::None => Vec::new(),
        Difference::Operations(segment) => behind(&now.epoch, segment, &[]),
        Difference::Everything => return Ok(Answer::Everything),
    };
    match content {
        Content::Digests(buckets) => {
            let frame = ServerFrame::Digests {
                epoch: now.epoch.clone(),
                version: now.version,
                buckets,
            };
            frames.push(frame.to_text().into());
        }
        Content::Buckets(buckets) => {
            let point = now.clone();
            let written = tokio::task::spawn_blocking(move || write(&point, buckets)).await;
            match written {
                Ok(Some(repair)) => frames.extend(repair),
                _ => return Ok(Answer::Everything),
            }
        }
    }
    Ok(Answer::Frames {
        epoch: now.epoch,
        version: now.version,
        frames,
    })
}

#[derive(Default)]
struct Bucket {
    nodes: Vec<HashedNode>,
    edges: Vec<HashedEdge>,
}

enum Content {
    Digests(Vec<Checksum>),
    Buckets(BTreeMap<u16, Bucket>),
}

fn look(graph: &Graph, question: &Question) -> (Point, Content) {
    let now = Point {
        epoch: graph.epoch().clone(),
        version: graph.version(),
        checksum: graph.checksum(),
    };
    let content = match question {
        Question::Digests => Content::Digests(digests(graph)),
        Question::Buckets(asked) => Content::Buckets(buckets(graph, asked)),
    };
    (now, content)
}

fn digests(graph: &Graph) -> Vec<Checksum> {
    let mut digests = vec![Checksum::default(); BUCKETS.into()];
    let nodes = graph
        .nodes()
        .iter()
        .map(|(id, node)| (id.as_str(), node.hash));
    let edges = graph
        .edges()
        .iter()
        .map(|(id, edge)| (id.as_str(), edge.hash));
    for (id, hash) in nodes.chain(edges) {
        if let Some(digest) = digests.get_mut(usize::from(bucket_of(id))) {
            digest.add(hash);
        }
    }
    digests
}

fn buckets(graph: &Graph, asked: &BTreeSet<u16>) -> BTreeMap<u16, Bucket> {
    let mut buckets: BTreeMap<u16, Bucket> = asked
        .iter()
        .map(|bucket| (*bucket, Bucket::default()))
        .collect();
    for (id, entry) in graph.nodes() {
        if let Some(bucket) = buckets.get_mut(&bucket_of(id.as_str())) {
            let (node, hash) = (entry.entity.clone(), entry.hash);
            bucket.nodes.push(HashedNode { node, hash });
        }
    }
    for (id, entry) in graph.edges() {
        if let Some(bucket) = buckets.get_mut(&bucket_of(id.as_str())) {
            let (edge, hash) = (entry.entity.clone(), entry.hash);
            bucket.edges.push(HashedEdge { edge, hash });
        }
    }
    buckets
}

/// Writes `sync repair`; none if a bucket is too large for a frame.
fn write(now: &Point, buckets: BTreeMap<u16, Bucket>) -> Option<Vec<Bytes>> {
    let mut groups: Vec<(Vec<u16>, Bucket, usize)> = Vec::new();
    for (number, bucket) in buckets {
        let bytes = bytes(&bucket);
        if bytes > BUCKET_BYTES_MAX {
            return None;
        }
        match groups.last_mut() {
            Some((numbers, open, filled)) if *filled + bytes <= CONTENT_BYTES_MAX => {
                numbers.push(number);
                open.nodes.extend(bucket.nodes);
                open.edges.extend(bucket.edges);
                *filled += bytes;
            }
            _ => groups.push((vec![number], bucket, bytes)),
        }
    }
    let count = groups.len();
    let frame = |(index, (buckets, bucket, _)): (usize, (Vec<u16>, Bucket, usize))| {
        let frame = ServerFrame::Sync(Sync::Repair {
            epoch: now.epoch.clone(),
            version: now.version,
            buckets,
            nodes: bucket.nodes,
            edges: bucket.edges,
            checksum: now.checksum,
            last: index + 1 == count,
        });
        Bytes::from(frame.to_text())
    };
    Some(groups.into_iter().enumerate().map(frame).collect())
}

/// What a bucket weighs in a frame; 40 bytes stand for an entity's hash and its frame.
fn bytes(bucket: &Bucket) -> usize {
    let nodes = bucket
        .nodes
        .iter()
        .map(|one| node_text(&one.node).len() + 40);
    let edges = bucket
        .edges
        .iter()
        .map(|one| edge_text(&one.edge).len() + 40);
    nodes.chain(edges).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphy_model::EntityHash;

    fn graph(nodes: u64, title_bytes: usize) -> Graph {
        let mut graph = Graph::new(Epoch::new("e").unwrap(), 7);
        for index in 0..nodes {
            let title = "t".repeat(title_bytes);
            let node = serde_json::json!({"id": format!("n{index}"), "title": title});
            let node = serde_json::from_value(node).unwrap();
            graph.load_node(1, Default::default(), node, EntityHash(index + 1));
        }
        graph
    }

    #[test]
    fn digests_add_up_to_the_checksum() {
        let graph = graph(500, 1);
        let digests = digests(&graph);
        assert_eq!(digests.len(), 64);
        assert!(
            digests.iter().all(|digest| digest.0 > 0),
            "every bucket holds something"
        );
        let sum = digests.iter().map(|digest| digest.0).sum::<u64>();
        assert_eq!(sum, graph.checksum().0);
    }

    #[test]
    fn asked_buckets_come_wholly_in_frames_of_bounded_size() {
        let graph = graph(500, 300);
        let asked: BTreeSet<u16> = (0..40).collect();
        let (now, Content::Buckets(buckets)) = look(&graph, &Question::Buckets(asked.clone()))
        else {
            panic!("buckets")
        };
        let frames = write(&now, buckets).unwrap();
        assert!(frames.len() > 1);
        let (mut seen, mut sum) = (BTreeSet::new(), BTreeMap::new());
        for (index, text) in frames.iter().enumerate() {
            assert!(
                text.len() <= crate::encode::FRAME_BYTES_MAX,
                "{}",
                text.len()
            );
            let ServerFrame::Sync(Sync::Repair {
                version,
                buckets,
                nodes,
                last,
                ..
            }) = serde_json::from_slice(text).unwrap()
            else {
                panic!("repair")
            };
            assert_eq!((version, last), (7, index + 1 == frames.len()));
            for node in nodes {
                let bucket = bucket_of(node.node.id.as_str());
                assert!(buckets.contains(&bucket));
                *sum.entry(bucket).or_insert(0) += node.hash.0;
            }
            seen.extend(buckets);
        }
        assert_eq!(seen, asked);
        let digests = digests(&graph);
        assert!(
            sum.iter()
                .all(|(bucket, sum)| digests[usize::from(*bucket)].0 == *sum)
        );
    }

    #[test]
    fn a_bucket_that_fits_no_frame_asks_for_everything() {
        let mut graph = graph(0, 0);
        let large = "t".repeat(BUCKET_BYTES_MAX);
        let node = serde_json::json!({"id": "n", "title": large});
        let node = serde_json::from_value(node).unwrap();
        graph.load_node(1, Default::default(), node, EntityHash(1));
        let asked = BTreeSet::from([bucket_of("n")]);
        let (now, Content::Buckets(buckets)) = look(&graph, &Question::Buckets(asked)) else {
            panic!("buckets")
        };
        assert!(write(&now, buckets).is_none());
    }
}
