//! Yjs updates (encoding version 1) for one shape of document: a root map `nodes` of maps with the
//! keys `x`, `y` and `title`.
//!
//! This is no CRDT. It writes what Yjs would write for the driver's moves, and reads which values
//! an update sets; that no key has two writers is the load's doing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use anyhow::{Context, bail};

use super::lib0::{Any, Cursor, write_any, write_bytes, write_number};
use super::load::{Move, NODES};

/// The client that made the document.
pub(super) const FILLER: u64 = 1;
/// Items of each node in the filler's work: the map, `x`, `y` and `title`.
const ITEMS_PER_NODE: u64 = 4;

const REF_DELETED: u8 = 1;
const REF_TYPE: u8 = 7;
const REF_ANY: u8 = 8;
const REF_SKIP: u8 = 10;
const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;
const HAS_KEY: u8 = 0x20;

/// An item's name: who made it, and that client's count.
pub(super) type Id = (u64, u64);

/// One of a node's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Node(usize),
    X(usize),
    Y(usize),
    Other,
}

/// Where each item belongs; items name only the one they replace.
#[derive(Clone, Default)]
pub(super) struct Places(Rc<RefCell<HashMap<Id, Place>>>);

impl Places {
    pub(super) fn note(&self, id: Id, place: Place) {
        self.0.borrow_mut().insert(id, place);
    }

    fn of(&self, id: Id) -> anyhow::Result<Place> {
        let known = self.0.borrow().get(&id).copied();
        known.with_context(|| format!("nobody knows item {id:?}"))
    }
}

/// A run of an update: items that one client made one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) id: Id,
    pub(super) length: u64,
    /// What it sets, if it is a coordinate.
    pub(super) set: Option<(Place, u32)>,
}

/// A move with what it replaces.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnMove {
    pub(super) it: Move,
    /// The clock of its first item; the second one follows.
    pub(super) clock: u64,
    /// The items of `x` and `y` that it replaces.
    pub(super) replaces: [Id; 2],
}

/// Returns the items that the filler made for a node's coordinates.
pub(super) fn first_items(node: usize) -> [Id; 2] {
    let map = node as u64 * ITEMS_PER_NODE;
    [(FILLER, map + 1), (FILLER, map + 2)]
}

/// Writes the update that makes the document.
pub(super) fn filling(places: &Places) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_number(&mut bytes, 1);
    write_number(&mut bytes, NODES as u64 * ITEMS_PER_NODE);
    write_number(&mut bytes, FILLER);
    write_number(&mut bytes, 0);
    for node in 0..NODES {
        let map = node as u64 * ITEMS_PER_NODE;
        bytes.push(REF_TYPE | HAS_KEY);
        write_number(&mut bytes, 1);
        write_bytes(&mut bytes, b"nodes");
        write_bytes(&mut bytes, format!("n{node}").as_bytes());
        write_number(&mut bytes, 1);
        places.note((FILLER, map), Place::Node(node));
        for (key, place) in [
            ("x", Place::X(node)),
            ("y", Place::Y(node)),
            ("title", Place::Other),
        ] {
            bytes.push(REF_ANY | HAS_KEY);
            write_number(&mut bytes, 0);
            write_number(&mut bytes, FILLER);
            write_number(&mut bytes, map);
            write_bytes(&mut bytes, key.as_bytes());
            write_number(&mut bytes, 1);
            if place == Place::Other {
                bytes.push(119);
                write_bytes(&mut bytes, format!("Node {node}").as_bytes());
            } else {
                write_any(&mut bytes, 0);
            }
        }
        let [x, y] = first_items(node);
        places.note(x, Place::X(node));
        places.note(y, Place::Y(node));
        places.note((FILLER, map + 3), Place::Other);
    }
    write_number(&mut bytes, 0);
    bytes
}

/// Writes the update of moves that one client made one after the other.
pub(super) fn moving(client: u64, moves: &[OwnMove]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(moves.len() * 48);
    let Some(first) = moves.first() else {
        return vec![0, 0];
    };
    write_number(&mut bytes, 1);
    write_number(&mut bytes, 2 * moves.len() as u64);
    write_number(&mut bytes, client);
    write_number(&mut bytes, first.clock);
    for own in moves {
        for (replaced, value) in own.replaces.iter().zip([own.it.x, own.it.y()]) {
            bytes.push(REF_ANY | HAS_ORIGIN | HAS_KEY);
            write_number(&mut bytes, replaced.0);
            write_number(&mut bytes, replaced.1);
            write_number(&mut bytes, 1);
            write_any(&mut bytes, value);
        }
    }
    let mut deleted: Vec<Id> = moves.iter().flat_map(|own| own.replaces).collect();
    deleted.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let clients: Vec<&[Id]> = deleted.chunk_by(|a, b| a.0 == b.0).collect();
    write_number(&mut bytes, clients.len() as u64);
    for ids in clients {
        let runs: Vec<&[Id]> = ids.chunk_by(|a, b| a.1 + 1 == b.1).collect();
        write_number(&mut bytes, ids[0].0);
        write_number(&mut bytes, runs.len() as u64);
        for run in runs {
            write_number(&mut bytes, run[0].1);
            write_number(&mut bytes, run.len() as u64);
        }
    }
    bytes
}

/// Writes which items a client holds.
pub(super) fn state_vector(seen: &HashMap<u64, u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_number(&mut bytes, seen.len() as u64);
    for (client, clock) in seen {
        write_number(&mut bytes, *client);
        write_number(&mut bytes, *clock);
    }
    bytes
}

/// Reads how many items of a client the writer of a state vector holds.
pub(super) fn held_of(client: u64, vector: &[u8]) -> anyhow::Result<u64> {
    let mut cursor = Cursor::new(vector);
    for _ in 0..cursor.number()? {
        let (of, clock) = (cursor.number()?, cursor.number()?);
        if of == client {
            return Ok(clock);
        }
    }
    Ok(0)
}

/// Reads what an update sets.
pub(super) fn read(update: &[u8], places: &Places) -> anyhow::Result<Vec<Item>> {
    let mut cursor = Cursor::new(update);
    let mut runs = Vec::new();
    for _ in 0..cursor.number()? {
        let count = cursor.number()?;
        let client = cursor.number()?;
        let mut clock = cursor.number()?;
        let mut run = Vec::new();
        for _ in 0..count {
            let raw = Raw::read(&mut cursor, (client, clock))?;
            clock += raw.length;
            run.push(raw);
        }
        runs.push((client, run));
    }
    // What an item replaces is its own client's or the filler's, and the filler has the lowest id.
    runs.sort_by_key(|(client, _)| *client);
    let raws = runs.into_iter().flat_map(|(_, run)| run);
    let items = raws.filter_map(|raw| raw.resolve(places).transpose());
    items.collect()
}

/// Where an item says that it belongs.
enum Link {
    Replaces(Id),
    Inside(Id, String),
    Root(String),
    Nowhere,
}

struct Raw {
    id: Id,
    length: u64,
    link: Link,
    value: Option<u32>,
    skipped: bool,
}

impl Raw {
    fn read(cursor: &mut Cursor<'_>, id: Id) -> anyhow::Result<Self> {
        let info = cursor.byte()?;
        let kind = info & 0x1f;
        if kind == 0 || kind == REF_SKIP {
            return Ok(Self {
                id,
                length: cursor.number()?,
                link: Link::Nowhere,
                value: None,
                skipped: kind == REF_SKIP,
            });
        }
        let mut link = Link::Nowhere;
        if info & HAS_ORIGIN != 0 {
            link = Link::Replaces((cursor.number()?, cursor.number()?));
        }
        if info & HAS_RIGHT_ORIGIN != 0 {
            cursor.number()?;
            cursor.number()?;
        }
        if info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN) == 0 {
            let root = cursor.number()? == 1;
            let inside = if root {
                cursor.text()?;
                None
            } else {
                Some((cursor.number()?, cursor.number()?))
            };
            let key = if info & HAS_KEY != 0 {
                cursor.text()?.to_owned()
            } else {
                String::new()
            };
            link = inside.map_or(Link::Root(key.clone()), |map| Link::Inside(map, key));
        }
        let (length, value) = match kind {
            REF_DELETED => (cursor.number()?, None),
            REF_TYPE => {
                cursor.number()?;
                (1, None)
            }
            REF_ANY => {
                let count = cursor.number()?;
                let mut value = None;
                for _ in 0..count {
                    value = match cursor.any()? {
                        Any::Number(number) => Some(number),
                        Any::Other => None,
                    };
                }
                (count, value)
            }
            other => bail!("an item of kind {other} was never written"),
        };
        Ok(Self {
            id,
            length,
            link,
            value,
            skipped: false,
        })
    }

    fn resolve(self, places: &Places) -> anyhow::Result<Option<Item>> {
        if self.skipped {
            return Ok(None);
        }
        let place = match &self.link {
            Link::Replaces(id) => places.of(*id)?,
            Link::Inside(map, key) => match (places.of(*map)?, key.as_str()) {
                (Place::Node(node), "x") => Place::X(node),
                (Place::Node(node), "y") => Place::Y(node),
                _ => Place::Other,
            },
            Link::Root(key) => key
                .strip_prefix('n')
                .and_then(|number| number.parse().ok())
                .map_or(Place::Other, Place::Node),
            Link::Nowhere => Place::Other,
        };
        places.note(self.id, place);
        Ok(Some(Item {
            id: self.id,
            length: self.length,
            set: self.value.map(|value| (place, value)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let places = Places::default();
        let items = read(&filling(&places), &places).unwrap();
        assert_eq!(items.len(), NODES * 4);
        assert_eq!(items[5].set, Some((Place::X(1), 0)));
        let own = |clock, node, x, replaces| OwnMove {
            it: Move { node, x },
            clock,
            replaces,
        };
        let moves = [
            own(0, 7, 1, first_items(7)),
            own(2, 7, 4, [(3_000_000_000, 0), (3_000_000_000, 1)]),
        ];
        let items = read(&moving(3_000_000_000, &moves), &places).unwrap();
        let sets: Vec<_> = items.iter().map(|item| item.set.unwrap()).collect();
        let (x, y) = (Place::X(7), Place::Y(7));
        assert_eq!(sets, [(x, 1), (y, 3), (x, 4), (y, 9)]);
    }
}
