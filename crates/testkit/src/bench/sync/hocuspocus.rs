//! Hocuspocus' binary messages around Yjs updates.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use anyhow::{Context, bail, ensure};

use super::dialect::{Dialect, Effects, Shared};
use super::lib0::{Cursor, write_bytes, write_number};
use super::load::{Move, NODES, y_of};
use super::yjs::{self, Item, OwnMove, Place, Places};

const DOCUMENT: &str = "bench";
const SYNC: u64 = 0;
const AUTH: u64 = 2;
const SYNC_REPLY: u64 = 4;
const CLOSE: u64 = 7;
const SYNC_STATUS: u64 = 8;
/// Client ids of Yjs are random 32-bit numbers; these are as long as most of them.
const FIRST_CLIENT: u64 = 3_000_000_000;

/// What all clients of a run share.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) updates: Shared<Vec<Item>>,
    pub(super) places: Places,
}

/// One client of Hocuspocus.
pub(super) struct Hocuspocus {
    common: Common,
    client: u64,
    /// Makes the document instead of moving nodes.
    fills: bool,
    seen: HashMap<u64, u64>,
    early: Vec<Rc<Vec<Item>>>,
    /// The newest `x` of each node, whose `y` may not be read yet.
    x: Vec<u32>,
    clock: u64,
    newest: Vec<[yjs::Id; 2]>,
    /// Moves that the server has not confirmed.
    pending: VecDeque<OwnMove>,
    /// For each message that will be confirmed: up to which clock it went.
    unconfirmed: VecDeque<u64>,
    /// The server knows what this client holds, so moves may follow.
    answered: bool,
    /// This client holds what the server holds.
    caught_up: bool,
}

impl Hocuspocus {
    pub(super) fn new(common: Common, number: usize) -> Self {
        Self {
            common,
            client: FIRST_CLIENT + number as u64,
            fills: false,
            seen: HashMap::new(),
            early: Vec::new(),
            x: vec![0; NODES],
            clock: 0,
            newest: (0..NODES).map(yjs::first_items).collect(),
            pending: VecDeque::new(),
            unconfirmed: VecDeque::new(),
            answered: false,
            caught_up: false,
        }
    }

    /// A client that makes the document.
    pub(super) fn filler(common: Common) -> Self {
        Self {
            client: yjs::FILLER,
            fills: true,
            ..Self::new(common, 0)
        }
    }

    fn message(kind: u64, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        write_bytes(&mut bytes, DOCUMENT.as_bytes());
        write_number(&mut bytes, kind);
        write(&mut bytes);
        bytes
    }

    fn sync(step: u64, content: &[u8]) -> Vec<u8> {
        Self::message(SYNC, |bytes| {
            write_number(bytes, step);
            write_bytes(bytes, content);
        })
    }

    /// Answers the server's state vector with what it lacks.
    fn answer(&mut self, vector: &[u8], effects: &mut Effects) -> anyhow::Result<()> {
        let held = yjs::held_of(self.client, vector)?;
        let update = if self.fills {
            yjs::filling(&self.common.places)
        } else {
            let lacking: Vec<OwnMove> = self
                .pending
                .iter()
                .filter(|own| own.clock >= held)
                .copied()
                .collect();
            yjs::moving(self.client, &lacking)
        };
        self.unconfirmed.push_back(self.clock);
        effects.send.push(Self::sync(1, &update));
        if !self.answered && !self.fills {
            self.answered = true;
            effects.ready = self.caught_up;
        }
        Ok(())
    }

    fn confirmed(&mut self, effects: &mut Effects) -> anyhow::Result<()> {
        let up_to = self.unconfirmed.pop_front();
        let up_to = up_to.context("a confirmation of nothing")?;
        if self.fills {
            effects.ready = true;
        }
        while let Some(own) = self.pending.front().copied()
            && own.clock < up_to
        {
            self.pending.pop_front();
            effects.acked.push(own.it.x);
            effects.moves.push(own.it);
        }
        Ok(())
    }

    /// Takes in what it can of an update; false if something before it is missing.
    fn apply(&mut self, items: &[Item], effects: &mut Effects) -> anyhow::Result<bool> {
        let mut whole = true;
        for item in items {
            let (client, clock) = item.id;
            let seen = self.seen.entry(client).or_default();
            if clock + item.length <= *seen {
                continue;
            }
            if clock > *seen {
                whole = false;
                continue;
            }
            *seen = clock + item.length;
            match item.set {
                Some((Place::X(node), x)) => self.x[node] = x,
                Some((Place::Y(node), y)) if y > 0 => {
                    let x = self.x[node];
                    ensure!(y == y_of(x), "node {node} is torn: x {x}, y {y}");
                    effects.moves.push(Move { node, x });
                }
                _ => {}
            }
        }
        Ok(whole)
    }

    fn update(&mut self, update: &[u8], effects: &mut Effects) -> anyhow::Result<()> {
        let places = self.common.places.clone();
        let items = self
            .common
            .updates
            .parse(update, |update| yjs::read(update, &places))?;
        if !self.apply(&items, effects)? {
            self.early.push(items);
            return Ok(());
        }
        for early in std::mem::take(&mut self.early) {
            if !self.apply(&early, effects)? {
                self.early.push(early);
            }
        }
        Ok(())
    }

    fn synced(&mut self, cursor: &mut Cursor<'_>, effects: &mut Effects) -> anyhow::Result<()> {
        match cursor.number()? {
            0 => self.answer(cursor.bytes()?, effects),
            1 => {
                self.update(cursor.bytes()?, effects)?;
                if !self.caught_up && !self.fills {
                    self.caught_up = true;
                    effects.ready = self.answered;
                }
                Ok(())
            }
            2 => self.update(cursor.bytes()?, effects),
            other => bail!("there is no sync message {other}"),
        }
    }
}

impl Dialect for Hocuspocus {
    fn path(&self) -> String {
        "/".to_owned()
    }

    fn binary(&self) -> bool {
        true
    }

    fn opened(&mut self, effects: &mut Effects) {
        effects.send.push(Self::message(AUTH, |bytes| {
            write_number(bytes, 0);
            write_bytes(bytes, b"bench");
            write_bytes(bytes, b"4.8.0");
        }));
        effects
            .send
            .push(Self::sync(0, &yjs::state_vector(&self.seen)));
    }

    fn received(&mut self, payload: &[u8], effects: &mut Effects) -> anyhow::Result<()> {
        let mut cursor = Cursor::new(payload);
        cursor.text()?;
        match cursor.number()? {
            SYNC | SYNC_REPLY => self.synced(&mut cursor, effects),
            SYNC_STATUS => {
                ensure!(cursor.number()? == 1, "an update was not taken");
                self.confirmed(effects)
            }
            AUTH => {
                ensure!(cursor.number()? == 2, "Hocuspocus refuses the token");
                Ok(())
            }
            CLOSE => bail!("Hocuspocus closes the document"),
            _ => Ok(()),
        }
    }

    fn submit(&mut self, it: Move, effects: &mut Effects) {
        let own = OwnMove {
            it,
            clock: self.clock,
            replaces: self.newest[it.node],
        };
        let ids = [(self.client, self.clock), (self.client, self.clock + 1)];
        self.common.places.note(ids[0], Place::X(it.node));
        self.common.places.note(ids[1], Place::Y(it.node));
        self.newest[it.node] = ids;
        self.clock += 2;
        self.seen.insert(self.client, self.clock);
        self.pending.push_back(own);
        if self.answered {
            self.unconfirmed.push_back(self.clock);
            effects
                .send
                .push(Self::sync(2, &yjs::moving(self.client, &[own])));
        }
    }

    fn closed(&mut self) {
        self.answered = false;
        self.caught_up = false;
        self.unconfirmed.clear();
    }
}
