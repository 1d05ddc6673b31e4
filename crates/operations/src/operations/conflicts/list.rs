//! The list of conflicts, put together from the graphs' indexes and the log, newest first.
//!
//! It is read in pieces that end between two moments. Each source gives a few of its newest
//! entries; what they give together is complete down to the latest moment at which one of them
//! may have more.

use std::collections::HashMap;

use graphy_model::execute::Winner;
use graphy_model::{ConflictNote, ConflictRecord, GraphId, ResolutionType, UserId};
use graphy_protocol::collaboration::{ConflictStatus, ConflictsRequest, ListedConflict};
use graphy_store::graph::{ConflictIndex, GraphRow};
use graphy_store::{GraphStore, StoreError};

/// How many entries of each source are read at once if only some are asked for.
const PIECE: usize = 200;
/// How many pieces one call looks through for what is asked for.
const PIECES_MAX: usize = 10;

/// Lists about `limit` conflicts, and says before which moment there are more.
pub(super) async fn list(
    store: &GraphStore,
    graphs: &[GraphRow],
    request: &ConflictsRequest,
    limit: usize,
) -> Result<(Vec<ListedConflict>, Option<u64>), StoreError> {
    let rows = graphs.iter().map(|row| (&row.meta.graph_id, row));
    let sources = Sources {
        store,
        graphs: rows.collect(),
        status: request.status.unwrap_or_default(),
    };
    let picky = request.field.is_some()
        || request.user_id.is_some()
        || request.resolution.is_some()
        || request.search.is_some();
    // The log is that of all graphs; of one there may be little in much of it.
    let count = if picky || sources.status != ConflictStatus::Open {
        PIECE.max(limit + 1)
    } else {
        limit + 1
    };
    let mut found = Vec::new();
    let mut before = request.before;
    for _ in 0..PIECES_MAX {
        let piece = sources.piece(before, count).await?;
        found.extend(
            piece
                .conflicts
                .into_iter()
                .filter(|one| is_asked_for(one, request)),
        );
        before = piece.from;
        if before.is_none() || found.len() > limit {
            break;
        }
    }
    // A page ends between two moments, so that the next one begins after all of the last.
    if found.len() > limit {
        let last = found[limit - 1].at;
        let whole = found.iter().take_while(|one| one.at >= last).count();
        if whole < found.len() {
            before = Some(last);
            found.truncate(whole);
        }
    }
    Ok((found, before))
}

struct Sources<'a> {
    store: &'a GraphStore,
    graphs: HashMap<&'a GraphId, &'a GraphRow>,
    status: ConflictStatus,
}

/// Some conflicts, newest first.
struct Piece {
    conflicts: Vec<ListedConflict>,
    /// From which moment on they are all; none if there are no older ones.
    from: Option<u64>,
}

impl Piece {
    fn join(&mut self, other: Self) {
        self.conflicts.extend(other.conflicts);
        self.from = self.from.max(other.from);
    }
}

impl Sources<'_> {
    /// Reads the newest conflicts before a moment.
    async fn piece(&self, before: Option<u64>, count: usize) -> Result<Piece, StoreError> {
        let mut piece = Piece {
            conflicts: Vec::new(),
            from: None,
        };
        if self.status != ConflictStatus::Resolved {
            piece.join(self.records(ConflictIndex::Open, before, count).await?);
        }
        if self.status != ConflictStatus::Open {
            piece.join(self.records(ConflictIndex::Settled, before, count).await?);
            piece.join(self.automatic(before, count).await?);
        }
        let from = piece.from.unwrap_or_default();
        piece.conflicts.retain(|one| one.at >= from);
        piece.conflicts.sort_by(|a, b| {
            b.at.cmp(&a.at)
                .then_with(|| a.operation_id.cmp(&b.operation_id))
        });
        Ok(piece)
    }

    async fn records(
        &self,
        index: ConflictIndex,
        before: Option<u64>,
        count: usize,
    ) -> Result<Piece, StoreError> {
        let rows = self.graphs.values();
        let graphs: Vec<GraphId> = rows
            .filter(|row| index == ConflictIndex::Settled || row.open_conflicts > 0)
            .map(|row| row.meta.graph_id.clone())
            .collect();
        let store = self.store;
        let places = store
            .indexed_conflicts(index, &graphs, before, count)
            .await?;
        let records = store.conflicts_at(&places).await?;
        let from = places.iter().map(|place| place.at).min();
        let listed = places.iter().zip(records).filter_map(|(place, record)| {
            let row = self.graphs.get(&place.graph_id)?;
            Some(listed(row, place.at, record?))
        });
        Ok(Piece {
            conflicts: listed.collect(),
            from: from.filter(|_| places.len() >= count),
        })
    }

    /// Reads what policies settled at once.
    async fn automatic(&self, before: Option<u64>, count: usize) -> Result<Piece, StoreError> {
        let log = self.store.logged_conflicts(0, before, count).await?;
        let from = log.entries.last().map(|entry| entry.at);
        let mut conflicts = Vec::new();
        for entry in log.entries {
            let Some(graph) = self.graphs.get(&entry.graph_id) else {
                continue;
            };
            let notes = entry.notes.into_iter();
            for note in notes.filter(|note| note.resolution != ResolutionType::Manual) {
                conflicts.push(ListedConflict {
                    graph_id: entry.graph_id.clone(),
                    graph_name: graph.meta.name.clone(),
                    at: entry.at,
                    operation_id: entry.operation_id,
                    user_id: entry.user_id.clone(),
                    note,
                    record: None,
                });
            }
        }
        Ok(Piece {
            conflicts,
            from: from.filter(|_| log.more),
        })
    }
}

fn listed(graph: &GraphRow, at: u64, record: ConflictRecord) -> ListedConflict {
    let nobody = || UserId::new("unknown").expect("a fixed text of the form of an id");
    ListedConflict {
        graph_id: graph.meta.graph_id.clone(),
        graph_name: graph.meta.name.clone(),
        at,
        operation_id: record.operation_id,
        user_id: record.author.user_id.clone().unwrap_or_else(nobody),
        note: ConflictNote {
            entity: record.entity,
            entity_id: record.entity_id.clone(),
            field: record.field.clone(),
            resolution: ResolutionType::Manual,
            winner: Winner::Theirs,
            against: record.against.client_id.clone(),
        },
        record: Some(record),
    }
}

fn is_asked_for(conflict: &ListedConflict, request: &ConflictsRequest) -> bool {
    let note = &conflict.note;
    request
        .field
        .as_ref()
        .is_none_or(|field| *field == note.field)
        && request
            .user_id
            .as_ref()
            .is_none_or(|user| *user == conflict.user_id)
        && request
            .resolution
            .is_none_or(|resolution| resolution == note.resolution)
        && request
            .search
            .as_ref()
            .is_none_or(|text| holds(conflict, text))
}

fn holds(conflict: &ListedConflict, text: &str) -> bool {
    let wanted = text.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&wanted);
    let in_values = |record: &ConflictRecord| {
        [&record.base, &record.mine, &record.theirs]
            .into_iter()
            .any(|value| holds(&value.to_string()))
    };
    holds(&conflict.note.entity_id)
        || holds(&conflict.graph_name)
        || conflict.record.as_ref().is_some_and(in_values)
}
