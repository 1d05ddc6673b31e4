//! How a socket is brought to the present: nothing, the difference, or everything.

use std::sync::Arc;

use bytes::Bytes;
use graphy_model::{Checksum, Epoch, GraphId, OperationId, Outcome, UserId};
use graphy_protocol::{Landed, PartialState, ServerFrame, Sync};
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
    /// The piece of a full state that it holds; this counts before `from`.
    pub(crate) partial: Option<PartialState>,
    /// The commands of which the reader does not know how they ended.
    pub(crate) pending: &'a [OperationId],
}

/// How a reader was brought to the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyncMode {
    /// It was there already.
    InSync,
    /// By the difference.
    Behind,
    /// By the whole state.
    Full,
}

impl SyncMode {
    /// Returns the value of the metrics' label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::Behind => "behind",
            Self::Full => "full",
        }
    }
}

/// A reader at the present.
pub(crate) struct Synced {
    pub(crate) mode: SyncMode,
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
    let contested = landed
        .iter()
        .filter(|one| matches!(one.outcome, Outcome::Conflict { .. }))
        .count() as u64;
    let now = Point::of(&head);
    let resumed = match &reader.partial {
        Some(partial) => rest_of(store, snapshots, &reader, partial, &now, &landed).await?,
        None => None,
    };
    let (mode, epoch, version, frames) = if let Some(frames) = resumed {
        (SyncMode::Full, now.epoch, now.version, frames)
    } else {
        match difference(store, reader.graph, reader.from.as_ref(), &now).await? {
            Difference::None => {
                let frame = ServerFrame::Sync(Sync::InSync {
                    epoch: now.epoch.clone(),
                    version: now.version,
                    checksum: now.checksum,
                    landed,
                });
                let frames = vec![frame.to_text().into()];
                (SyncMode::InSync, now.epoch, now.version, frames)
            }
            Difference::Operations(segment) => {
                let frames = behind(&now.epoch, segment, &landed);
                (SyncMode::Behind, now.epoch, now.version, frames)
            }
            Difference::Everything => {
                let Some(snapshot) = snapshots.at(reader.graph, &head).await? else {
                    return Ok(None);
                };
                snapshot.prepare().await;
                let viewport = store.viewport(reader.graph, reader.user).await?;
                let frames = snapshot.frames(0, viewport, &landed);
                (
                    SyncMode::Full,
                    snapshot.epoch.clone(),
                    snapshot.version,
                    frames,
                )
            }
        }
    };
    metrics::counter!(names::RESUMES, label::MODE => mode.as_str()).increment(1);
    metrics::counter!(names::VISIBLE_CONFLICTS).increment(contested);
    Ok(Some(Synced {
        mode,
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

/// A place in a graph's history.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) epoch: Epoch,
    pub(crate) version: u64,
    pub(crate) checksum: Checksum,
}

impl Point {
    fn of(head: &Head) -> Self {
        Self {
            epoch: head.epoch.clone(),
            version: head.version,
            checksum: head.checksum,
        }
    }
}

/// Writes the rest of a full state, and what happened since, for a reader who holds its first
/// chunks; none if that state is not kept any more.
async fn rest_of(
    store: &GraphStore,
    snapshots: &Snapshots,
    reader: &Reader<'_>,
    partial: &PartialState,
    now: &Point,
    landed: &[Landed],
) -> Result<Option<Vec<Bytes>>, Arc<StoreError>> {
    let (epoch, version) = (&partial.epoch, partial.version);
    if *epoch != now.epoch || version > now.version {
        return Ok(None);
    }
    let Some(snapshot) = snapshots.exactly(reader.graph, epoch, version, now).await? else {
        return Ok(None);
    };
    snapshot.prepare().await;
    let held = usize::try_from(partial.chunks).unwrap_or(usize::MAX);
    if held >= snapshot.chunks() {
        return Ok(None);
    }
    let from = (epoch.clone(), version);
    let since = difference(store, reader.graph, Some(&from), now).await?;
    let viewport = store.viewport(reader.graph, reader.user).await?;
    Ok(match since {
        Difference::None => Some(snapshot.frames(held, viewport, landed)),
        Difference::Operations(segment) => {
            // What landed may be in the operations, so it is said with them.
            let mut frames = snapshot.frames(held, viewport, &[]);
            frames.extend(behind(epoch, segment, landed));
            Some(frames)
        }
        Difference::Everything => None,
    })
}

pub(crate) enum Difference {
    None,
    Operations(Segment),
    Everything,
}

/// Finds what a reader lacks.
pub(crate) async fn difference(
    store: &GraphStore,
    graph: &GraphId,
    from: Option<&(Epoch, u64)>,
    now: &Point,
) -> Result<Difference, StoreError> {
    let Some((epoch, from)) = from else {
        return Ok(Difference::Everything);
    };
    let (from, to) = (*from, now.version);
    if *epoch != now.epoch || from > to || to - from > BEHIND_OPERATIONS_MAX {
        return Ok(Difference::Everything);
    }
    if from == to {
        return Ok(Difference::None);
    }
    let count = usize::try_from(to - from).unwrap_or(usize::MAX);
    let history = store.operations_since(graph, from, count).await?;
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
        checksum: now.checksum,
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
