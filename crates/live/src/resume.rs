//! How a socket is brought to the present: nothing, the difference, or everything.

use std::sync::Arc;

use bytes::Bytes;
use graphy_model::{Epoch, GraphId, OperationId, UserId};
use graphy_protocol::{Landed, ServerFrame, Sync};
use graphy_store::{GraphStore, Head, History, StoreError};
use graphy_telemetry::names::{self, label};

use crate::encode::{EncodedOperation, Segment, behind};
use crate::snapshot::Snapshots;

/// The most operations that are sent as a difference.
pub(crate) const BEHIND_OPERATIONS_MAX: u64 = 10_000;

/// Who is brought to the present, and from where.
pub(crate) struct Reader<'a> {
    pub(crate) graph: &'a GraphId,
    pub(crate) user: &'a UserId,
    /// What the reader holds; none asks for everything.
    pub(crate) from: Option<(Epoch, u64)>,
    /// The commands of which the reader does not know how they ended.
    pub(crate) pending: &'a [OperationId],
}

/// A reader at the present.
pub(crate) struct Synced {
    pub(crate) head: Head,
    pub(crate) epoch: Epoch,
    pub(crate) version: u64,
    pub(crate) landed: Vec<OperationId>,
    pub(crate) frames: Vec<Bytes>,
}

/// Writes the frames that bring a reader to the present; none if the graph is gone.
///
/// Outcomes are read before the state, so the state holds everything that is said to have landed.
pub(crate) async fn synchronise(
    store: &GraphStore,
    snapshots: &Snapshots,
    reader: Reader<'_>,
) -> Result<Option<Synced>, Arc<StoreError>> {
    let landed = landed(store, reader.graph, reader.pending).await?;
    let Some(head) = store.head(reader.graph).await? else {
        return Ok(None);
    };
    let ids = landed.iter().map(|one| one.operation_id).collect();
    let (mode, epoch, version, frames) = match difference(store, &reader, &head).await? {
        Difference::None => {
            let frame = ServerFrame::Sync(Sync::InSync {
                epoch: head.epoch.clone(),
                version: head.version,
                checksum: head.checksum,
                landed,
            });
            (
                "in_sync",
                head.epoch.clone(),
                head.version,
                vec![frame.to_text().into()],
            )
        }
        Difference::Operations(segment) => (
            "behind",
            head.epoch.clone(),
            head.version,
            behind(&head.epoch, segment, &landed),
        ),
        Difference::Everything => {
            let Some(snapshot) = snapshots.at(reader.graph, &head).await? else {
                return Ok(None);
            };
            let viewport = store.viewport(reader.graph, reader.user).await?;
            let frames = snapshot.frames(viewport, &landed);
            ("full", snapshot.epoch.clone(), snapshot.version, frames)
        }
    };
    metrics::counter!(names::RESUMES, label::MODE => mode).increment(1);
    Ok(Some(Synced {
        head,
        epoch,
        version,
        landed: ids,
        frames,
    }))
}

/// A larger operation is not told as such but as part of the whole state: a frame cannot be split
/// within an operation, and clients take frames of 1 MiB.
const OPERATION_BYTES_MAX: usize = 512 * 1024;

enum Difference {
    None,
    Operations(Segment),
    Everything,
}

async fn difference(
    store: &GraphStore,
    reader: &Reader<'_>,
    head: &Head,
) -> Result<Difference, StoreError> {
    let Some((epoch, from)) = &reader.from else {
        return Ok(Difference::Everything);
    };
    let (from, to) = (*from, head.version);
    if *epoch != head.epoch || from > to || to - from > BEHIND_OPERATIONS_MAX {
        return Ok(Difference::Everything);
    }
    if from == to {
        return Ok(Difference::None);
    }
    let count = usize::try_from(to - from).unwrap_or(usize::MAX);
    let history = store.operations_since(reader.graph, from, count).await?;
    let History::Operations(operations) = history else {
        return Ok(Difference::Everything);
    };
    let complete = operations.len() == count
        && operations
            .iter()
            .zip(from + 1..)
            .all(|(operation, version)| operation.version == version);
    if !complete {
        return Ok(Difference::Everything);
    }
    let operations: Vec<_> = operations.iter().map(EncodedOperation::new).collect();
    if operations
        .iter()
        .any(|one| one.text.len() > OPERATION_BYTES_MAX)
    {
        return Ok(Difference::Everything);
    }
    Ok(Difference::Operations(Segment {
        from,
        to,
        checksum: head.checksum,
        operations,
    }))
}

async fn landed(
    store: &GraphStore,
    graph: &GraphId,
    pending: &[OperationId],
) -> Result<Vec<Landed>, StoreError> {
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let outcomes = store.outcomes_of(graph, pending).await?;
    let landed = pending
        .iter()
        .zip(outcomes)
        .filter_map(|(operation_id, outcome)| {
            Some(Landed {
                operation_id: *operation_id,
                outcome: outcome?,
            })
        });
    Ok(landed.collect())
}
