//! Frames of Graphy that many clients get, as far as the driver needs them.

use anyhow::{Context, ensure};
use serde::Deserialize;
use uuid::Uuid;

use crate::bench::sync::load::{Move, y_of};

/// A frame that many clients get.
pub(in crate::bench::sync) enum Broadcast {
    /// Operations that follow `from`.
    Update {
        from: u64,
        to: u64,
        epoch: String,
        moves: Vec<(u64, Move)>,
        /// The end of a sync, and which commands it says to have landed.
        last: bool,
        landed: Vec<Uuid>,
    },
    /// A piece of the whole state.
    Full {
        version: u64,
        epoch: String,
        moves: Vec<Move>,
        last: bool,
        landed: Vec<Uuid>,
    },
    /// Nothing to do.
    Nothing,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operations {
    epoch: String,
    from_version: u64,
    to_version: u64,
    operations: Vec<Operation>,
    #[serde(default)]
    landed: Vec<Landed>,
    #[serde(default)]
    last: bool,
}

#[derive(Deserialize)]
struct Operation {
    version: u64,
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    id: Option<String>,
    patch: Option<Patch>,
}

#[derive(Deserialize)]
struct Patch {
    position: Option<Position>,
}

#[derive(Deserialize)]
struct Position {
    x: f64,
    y: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Landed {
    pub(super) operation_id: Uuid,
}

#[derive(Deserialize)]
struct Whole {
    epoch: String,
    version: u64,
    chunk: u32,
    chunks: u32,
    nodes: Vec<Hashed>,
    #[serde(default)]
    landed: Vec<Landed>,
}

#[derive(Deserialize)]
struct Hashed {
    node: Node,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    position: Position,
}

/// Reads a frame that many clients get.
pub(super) fn parse(payload: &[u8]) -> anyhow::Result<Broadcast> {
    let ids = |landed: &[Landed]| landed.iter().map(|one| one.operation_id).collect();
    if payload.starts_with(br#"{"type":"sync","mode":"full""#) {
        let whole: Whole = serde_json::from_slice(payload).context("a full state")?;
        let mut moves = Vec::new();
        for Hashed { node } in &whole.nodes {
            moves.extend(moved(&node.id, &node.position)?);
        }
        return Ok(Broadcast::Full {
            version: whole.version,
            epoch: whole.epoch,
            moves,
            last: whole.chunk + 1 == whole.chunks,
            landed: ids(&whole.landed),
        });
    }
    let update: Operations = serde_json::from_slice(payload).context("an update")?;
    let mut moves = Vec::new();
    for operation in &update.operations {
        for change in &operation.changes {
            let position = change
                .patch
                .as_ref()
                .and_then(|patch| patch.position.as_ref());
            if let (Some(id), Some(position)) = (&change.id, position) {
                moves.extend(moved(id, position)?.map(|it| (operation.version, it)));
            }
        }
    }
    if update.operations.is_empty() && update.from_version == update.to_version && !update.last {
        return Ok(Broadcast::Nothing);
    }
    Ok(Broadcast::Update {
        from: update.from_version,
        to: update.to_version,
        epoch: update.epoch,
        moves,
        last: update.last,
        landed: ids(&update.landed),
    })
}

/// Reads where a node is; none if it was never moved.
fn moved(id: &str, position: &Position) -> anyhow::Result<Option<Move>> {
    let node = id
        .strip_prefix('n')
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("{id} is none of the nodes"))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what the driver wrote"
    )]
    let (x, y) = (position.x as u32, position.y as u32);
    ensure!(y == y_of(x), "node {id} is torn: x {x}, y {y}");
    Ok((x > 0).then_some(Move { node, x }))
}
