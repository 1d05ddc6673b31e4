//! The node's side of a socket, and the frames it makes.

use std::collections::BTreeSet;

use graphy_model::{Change, Checksum, Epoch, Field, Graph, OperationId};
use graphy_protocol::frame::{HashedEdge, HashedNode};
use graphy_protocol::{Landed, ServerFrame, Sync};

use super::store::Store;

/// How many frames may be on their way to a client before it gets a sync in their place.
pub(super) const BACKLOG_MAX: usize = 4;

#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) client: usize,
    /// Up to where this client was told; none before its first sync.
    pub(super) at: Option<(Epoch, u64)>,
    /// Frames that have not arrived yet.
    pub(super) backlog: usize,
    /// Whether updates were left out, so that a sync is owed.
    pub(super) owed: bool,
    /// Operations whose end this client has not been told.
    pub(super) awaited: BTreeSet<OperationId>,
}

impl Session {
    pub(super) fn new(client: usize) -> Self {
        Self {
            client,
            at: None,
            backlog: 0,
            owed: false,
            awaited: BTreeSet::new(),
        }
    }

    /// Brings the client to the present, and says which awaited commands have ended.
    pub(super) fn sync(&mut self, from: Option<(Epoch, u64)>, store: &Store) -> Vec<ServerFrame> {
        let (epoch, version) = (store.graph.epoch().clone(), store.graph.version());
        let mut landed = Vec::new();
        self.awaited.retain(|id| match store.applied.get(id) {
            Some(outcome) => {
                landed.push(Landed {
                    operation_id: *id,
                    outcome: outcome.clone(),
                });
                false
            }
            None => true,
        });
        self.at = Some((epoch.clone(), version));
        self.owed = false;
        let checksum = store.graph.checksum();
        let since = from
            .filter(|(of, _)| *of == epoch)
            .and_then(|(_, version)| Some((version, store.since(version)?)));
        let sync = match since {
            Some((from, operations)) if operations.is_empty() && from == version => Sync::InSync {
                epoch,
                version,
                checksum,
                landed,
            },
            Some((from_version, operations)) => Sync::Behind {
                epoch,
                from_version,
                to_version: version,
                operations,
                checksum: Some(checksum),
                landed,
                last: true,
            },
            None => full(&store.graph, landed),
        };
        vec![ServerFrame::Sync(sync)]
    }
}

fn full(graph: &Graph, landed: Vec<Landed>) -> Sync {
    let nodes = graph.nodes().values().map(|entry| HashedNode {
        node: entry.entity.clone(),
        hash: entry.hash,
    });
    let edges = graph.edges().values().map(|entry| HashedEdge {
        edge: entry.entity.clone(),
        hash: entry.hash,
    });
    Sync::Full {
        epoch: graph.epoch().clone(),
        version: graph.version(),
        chunk: 0,
        chunks: 1,
        nodes: nodes.collect(),
        edges: edges.collect(),
        conflicts: graph.settings().conflicts.values().cloned().collect(),
        settings: None,
        viewport: None,
        checksum: Some(graph.checksum()),
        landed,
    }
}

/// Makes the frame of an update.
pub(super) fn update(
    epoch: &Epoch,
    from_version: u64,
    operations: &[graphy_model::AppliedOperation],
    checksum: Checksum,
) -> ServerFrame {
    let to_version = operations.last().map_or(from_version, |last| last.version);
    let mut operations = operations.to_vec();
    for operation in &mut operations {
        operation.inverse.clear();
    }
    ServerFrame::StateUpdate {
        epoch: epoch.clone(),
        from_version,
        to_version,
        operations,
        checksum,
    }
}

/// Checks that an undo wrote nothing that somebody else had written last.
///
/// # Errors
/// What it wrote.
pub(super) fn check_undo(
    changes: &[Change],
    before: &Graph,
    own: &BTreeSet<u64>,
) -> Result<(), String> {
    for change in changes {
        match change {
            Change::PatchNode { id, patch, .. } => {
                let Some(entry) = before.nodes().get(id) else {
                    continue;
                };
                for field in patch.fields() {
                    let mark = entry
                        .marks
                        .get(&field)
                        .or_else(|| entry.marks.get(&Field::All));
                    if mark.is_some_and(|mark| !own.contains(&mark.0)) {
                        return Err(format!("an undo took {field} of node {id} from its writer"));
                    }
                }
            }
            Change::DeleteNode { id } => {
                let entry = before.nodes().get(id);
                let foreign = entry
                    .is_some_and(|entry| entry.marks.values().any(|mark| !own.contains(&mark.0)));
                if foreign {
                    return Err(format!(
                        "an undo deleted node {id} that others had worked on"
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
